#!/usr/bin/env python3
"""Kills runs and sweeps, lets two of them share a folder, and fills their disk.

    tools/check_survival.py --pfedla .build/release/pfedla

After every failure, the same command must resume and end with the same bytes as an uninterrupted run, and no stray
files may remain. Needs only Python 3. The part with a full disk needs permission to mount a tmpfs; without it, that
part is skipped with a message.
"""

import argparse
import contextlib
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
LEFTOVER = re.compile(r"\.tmp-|\.lock$|\.checkpoint|\.part$|\.nosync")
failures = []


def check(condition, text):
    """Prints what went wrong and continues, so that one run shows all failures."""
    if not condition:
        failures.append(text)
        print(f"  FAILED: {text}", flush=True)


def text_of(path):
    return path.read_text(errors="replace")


class Program:
    """The pfedla program, with a folder for its messages."""

    def __init__(self, path, folder):
        self.path = path
        self.folder = folder
        self.count = 0

    def start(self, arguments):
        self.count += 1
        errors = self.folder / f"errors-{self.count}.txt"
        with open(errors, "wb") as stream:
            process = subprocess.Popen(
                self.command(arguments), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stream,
                cwd=REPOSITORY)
        process.errors = errors
        return process

    def run(self, arguments, **options):
        """Exit status (negative for a signal) and messages, read through a pipe: no file is involved."""
        done = subprocess.run(
            self.command(arguments), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, cwd=REPOSITORY, timeout=300, check=False, **options)
        return done.returncode, done.stderr.decode(errors="replace")

    def command(self, arguments):
        return [self.path, *map(str, arguments)]


def sweep(output, *more):
    """Six cells of Table 1 on synthetic images, a checkpoint after every round."""
    return [
        "reproduce", "table1", "--profile", "smoke", "--only", "dataset=fashion-mnist", "--only",
        "clients=10", "--only", "method=fedavg,pfedla,heurpfedla", "--seeds", "2", "--output", output,
        "--set", "rounds=12", "--set", "local_epochs=1", "--set", "checkpoint_every=1", "--workers", "2",
        *more]


def results(output):
    return {path.name: path.read_bytes() for path in sorted((output / "cells").glob("*.h5"))}


def check_end(output, expected, what):
    """All results, each with its sidecar and the expected bytes, and nothing else."""
    found = results(output)
    check(found.keys() == expected.keys(), f"{what}: {len(found)} results, expected {len(expected)}")
    for name in found.keys() & expected.keys():
        check(found[name] == expected[name], f"{what}: {name} differs from the uninterrupted one")
        sidecar = output / "cells" / name.replace(".h5", ".run.json")
        check(sidecar.is_file(), f"{what}: {name} has no sidecar")
    left = sorted(str(path.relative_to(output)) for path in output.rglob("*") if LEFTOVER.search(path.name))
    check(not left, f"{what}: left over: {', '.join(left)}")


def wait_for_file(process, cells, count):
    """Waits until this many temporary files have come and gone and another one is being written."""
    end = time.monotonic() + 60
    before = set()
    while process.poll() is None and time.monotonic() < end:
        now = {path.name for path in cells.glob("*.tmp-*")} if cells.is_dir() else set()
        count -= bool(now - before)
        if count < 0:
            return
        before = now


def check_kills(program, folder, expected, duration):
    """SIGKILL at twenty random moments, and at six moments when a file is being written."""
    choose = random.Random(20220619)
    seen = {"temporary file": 0, "checkpoint": 0, "lock": 0, "result": 0}
    kills, rounds = 0, 0
    while kills < 26:
        rounds += 1
        output = folder / f"killed-{rounds}"
        cells = output / "cells"
        first_seen = {}
        process = None
        while process is None or process.returncode != 0:
            process = program.start(sweep(output))
            if kills < 20:
                end = time.monotonic() + choose.uniform(0.02, 0.3 * duration)
                while process.poll() is None and time.monotonic() < end:
                    time.sleep(0.002)
            elif kills < 26:
                wait_for_file(process, cells, choose.randrange(6))
            if process.poll() is None and kills < 26:
                process.kill()
                kills += 1
            status = process.wait()
            if status not in (0, -signal.SIGKILL):
                check(False, f"kills: exit status {status}: {text_of(process.errors)[-300:]}")
                return
            names = [path.name for path in cells.glob("*")] if cells.is_dir() else []
            if status != 0:
                seen["temporary file"] += any(".tmp-" in name for name in names)
                seen["checkpoint"] += any(".checkpoint" in name for name in names)
                seen["lock"] += any(name.endswith(".lock") for name in names)
                seen["result"] += any(name.endswith(".h5") for name in names)
            for name in names:
                if name.endswith(".h5"):
                    state = os.stat(cells / name)
                    now = (state.st_ino, state.st_mtime_ns)
                    check(first_seen.setdefault(name, now) == now, f"kills: {name} was done twice")
        check_end(output, expected, f"kills, sweep {rounds}")
    print(f"  {kills} kills in {rounds} sweeps; they left "
          + ", ".join(f"a {name} {count} times" for name, count in seen.items()))


def check_two(program, folder, expected):
    """Two processes at once on one new folder; they also synthesize its images."""
    output = folder / "shared"
    processes = [program.start(sweep(output)) for _ in range(2)]
    done = []
    for process in processes:
        status = process.wait(timeout=300)
        errors = text_of(process.errors)
        check(status == 0, f"two at once: exit status {status}: {errors[-300:]}")
        done.append(re.findall(r"^\d+/\d+ (\S+): round 12/12,", errors, re.MULTILINE))
    everything = sorted(done[0] + done[1])
    check(everything == sorted(name.removesuffix(".h5") for name in expected),
          f"two at once: {everything} were done")
    check_end(output, expected, "two at once")
    print(f"  {len(done[0])} and {len(done[1])} cells done")


def single_run(data, output, rounds, *more):
    return [
        "run", "experiments/quickstart.yaml", "--datasets", data, "--output", output, "--workers", "2",
        "--set", "partition.samples_per_client=48", "--set", "local_epochs=1", "--set", f"rounds={rounds}",
        *more]


def setting(key, value):
    return ["--set", f"{key}={value}"]


# Which models the result keeps, and how often checkpoints are written.
OFTEN = [*setting("saved_models", "none"), *setting("checkpoint_every", 2)]
NEVER = [*setting("saved_models", "trained"), *setting("checkpoint_every", 0)]


def check_refusal(status, errors, output, reason, what):
    """One line that names a file and the reason, and no crash."""
    lines = [line for line in errors.splitlines() if line.startswith("Error: ")]
    check(status == 1, f"{what}: exit status {status}, expected 1: {errors[-300:]}")
    check(len(lines) == 1 and lines[0] == errors.splitlines()[-1],
          f"{what}: not one error line: {errors[-300:]}")
    if lines:
        check(str(output.parent) in lines[0] and reason in lines[0], f"{what}: {lines[0]}")
        check(len(lines[0]) < 400, f"{what}: a long line: {lines[0]}")
    left = [path.name for path in output.parent.glob("*") if ".tmp-" in path.name]
    check(not left, f"{what}: left over: {left}")
    check(not output.exists(), f"{what}: there is a result")
    return lines[0] if lines else ""


def limited(byte_count):
    """Files of the child may grow to this many bytes; writing more is an error, as on a full disk."""
    def prepare():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (byte_count, byte_count))
    return prepare


def check_file_limit(program, folder, data, reference):
    """Writing a checkpoint fails at many points."""
    size = reference["checkpoint"]
    failed = 0
    for limit in [
            0, 300, 600, 2000, 100_000, size // 2, size - 100_000, size - 3000, size - 100, size - 1, size]:
        output = folder / f"limit-{limit}" / "a.h5"
        arguments = single_run(data, output, 6, *OFTEN)
        status, errors = program.run(arguments, preexec_fn=limited(limit))
        if status == 0:
            continue
        failed += 1
        check_refusal(status, errors, output, "File too large", f"files of {limit} bytes")
        status, errors = program.run(arguments)
        check(status == 0, f"files of {limit} bytes, then more: {errors[-300:]}")
        check(output.read_bytes() == reference["short"], f"files of {limit} bytes: another result")
        shutil.rmtree(output.parent)
    check(failed >= 8, f"only {failed} limits had an effect")
    print(f"  {failed} file size limits had an effect")


@contextlib.contextmanager
def small_disk(folder, byte_count):
    """A tmpfs of that size, or None if mounting is forbidden."""
    place = folder / "disk"
    place.mkdir(exist_ok=True)
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={byte_count}", "pfedla-survival", str(place)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False) if shutil.which("mount") else None
    if mount is None or mount.returncode != 0:
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def fill(place, left):
    """Fills the disk except for this many bytes."""
    state = os.statvfs(place)
    with open(place / "ballast", "wb") as file:
        file.write(bytes(max(0, state.f_bavail * state.f_frsize - left)))


def check_full_disk(program, folder, data, reference, expected):
    """A tmpfs with room for no, one or two checkpoints, or for everything except the result."""
    reason = "No space left on device"
    size = reference["checkpoint"]
    with small_disk(folder, 8 * size) as place:
        if place is None:
            print("  skipped: cannot mount a tmpfs here (needs root)")
            return
        lines = set()
        cases = [(share, OFTEN) for share in (0.0, 0.001, 0.5, 0.99, 1.0, 1.02, 1.5, 2.02, 2.5)]
        # No checkpoints, large models: the result itself does not fit.
        cases += [(share, NEVER) for share in (0.0, 0.01, 0.5, 0.8)]
        failed = 0
        for share, more in cases:
            what = f"room for {share} checkpoints" + (", none written" if more is NEVER else "")
            output = place / "run" / "a.h5"
            output.parent.mkdir()
            fill(place, int(share * size) // 4096 * 4096)
            arguments = single_run(data, output, 10, *more)
            status, errors = program.run(arguments)
            if status != 0:
                failed += 1
                line = check_refusal(status, errors, output, reason, what)
                lines.add(re.sub(r"\S*/", "", line))
                check(not (output.parent / "a.run.json").exists(), f"{what}: a sidecar without a result")
                checkpoint = (output.parent / "a.h5.checkpoint").exists()
                check(checkpoint == (share >= 1.02 and more is OFTEN), f"{what}: checkpoint {checkpoint}")
                (place / "ballast").unlink()
                status, errors = program.run(arguments)
                check(status == 0, f"{what}, then more: exit status {status}: {errors[-300:]}")
                check(("Resuming after" in errors) == checkpoint, f"{what}: {errors[-300:]}")
            whole = reference["long" if more is OFTEN else "models"]
            check(output.read_bytes() == whole, f"{what}: another result")
            shutil.rmtree(output.parent)
            (place / "ballast").unlink(missing_ok=True)
        check(failed >= 8, f"only {failed} full disks had an effect")
        print(f"  {failed} full disks had an effect; the messages were:")
        for line in sorted(lines):
            print(f"    {line}")

        output = place / "sweep"
        status, errors = program.run(sweep(output, "--dry-run"))  # draws the images
        check(status == 0, f"sweep: {errors[-300:]}")
        # Room for the checkpoints of some cells, then for none.
        fill(place, size // 2)
        status, errors = program.run(sweep(output))
        check(status == 1, f"sweep on a full disk: exit status {status}: {errors[-300:]}")
        check("runs failed:" in errors and reason in errors, f"sweep on a full disk: {errors[-300:]}")
        left = [path.name for path in output.rglob("*") if re.search(r"\.tmp-|\.lock$", path.name)]
        check(not left, f"sweep on a full disk: left over: {left}")
        (place / "ballast").unlink()
        status, errors = program.run(sweep(output))
        check(status == 0, f"sweep after a full disk: exit status {status}: {errors[-300:]}")
        check_end(output, expected, "sweep after a full disk")


def make_reference(program, folder, data):
    """Uninterrupted runs, and the size of a checkpoint."""
    status, errors = program.run(
        ["datasets", "synthesize", "fashion-mnist", "--samples-per-class", "120", "--datasets", data])
    check(status == 0, errors)
    reference = {}
    for name, rounds, more in (
            ("short", 6, OFTEN), ("long", 10, OFTEN), ("models", 10, NEVER)):
        output = folder / f"{name}.h5"
        status, errors = program.run(single_run(data, output, rounds, *more))
        check(status == 0, errors)
        reference[name] = output.read_bytes()
    checkpoint = folder / "sized.h5.checkpoint"
    while "checkpoint" not in reference:
        process = program.start(single_run(data, folder / "sized.h5", 10, *OFTEN))
        while process.poll() is None and "checkpoint" not in reference:
            with contextlib.suppress(FileNotFoundError):
                reference["checkpoint"] = checkpoint.stat().st_size
        process.kill()
        process.wait()
        (folder / "sized.h5").unlink(missing_ok=True)
    return reference


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pfedla", default=".build/release/pfedla", help="the program")
    arguments = parser.parse_args()
    began = time.monotonic()

    def part(title):
        print(f"{title} ({time.monotonic() - began:.0f} s)", flush=True)

    with tempfile.TemporaryDirectory(prefix="pfedla-survival-") as name:
        folder = pathlib.Path(name)
        program = Program(os.path.abspath(arguments.pfedla), folder)
        part("An uninterrupted sweep")
        status, errors = program.run(sweep(folder / "whole"))
        start = time.monotonic()
        check(status == 0, f"exit status {status}: {errors[-300:]}")
        expected = results(folder / "whole")
        check(len(expected) == 6, f"{len(expected)} results")
        shutil.rmtree(folder / "whole" / "cells")
        start = time.monotonic()
        program.run(sweep(folder / "whole"))
        duration = time.monotonic() - start
        check_end(folder / "whole", expected, "once more")
        part(f"Killed: the sweep takes {duration:.1f} s")
        check_kills(program, folder, expected, duration)
        part("Two at once")
        check_two(program, folder, expected)
        part("Files that cannot grow")
        data = folder / "data"
        reference = make_reference(program, folder, data)
        check_file_limit(program, folder, data, reference)
        part("A full disk")
        check_full_disk(program, folder, data, reference, expected)
        part("Done")
    if failures:
        print(f"{len(failures)} checks failed.")
        sys.exit(1)
    print("Runs and sweeps survive.")


if __name__ == "__main__":
    main()
