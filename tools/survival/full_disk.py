"""Real limits of space: files that cannot grow, a small tmpfs, and a full standard output."""

import contextlib
import re
import resource
import shutil
import signal
import time

from .disks import fill, small_disk
from .work import NO_PICTURES, bytes_of

FULL = "No space left on device"
# Checkpoints and no models, or models and no checkpoints: then the result itself does not fit.
OFTEN = {"rounds": 10, "checkpoint_every": 2}
NEVER = {"rounds": 10, "checkpoint_every": 0, "more": ("saved_models=trained",)}
CELLS = ("--only", "method=fedavg,pfedla")


def limited(byte_count):
    """Files of the child may grow to this many bytes; writing more is an error, as on a full disk."""
    def prepare():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (byte_count, byte_count))
    return prepare


def check_refusal(record, ended, output, reason, what):
    """One line that names a file and the reason; no result and no temporary file."""
    wrong = ended.refusal_fault()
    record.check(wrong is None, what, wrong)
    line = (ended.error_lines or [""])[-1]
    record.check(
        str(output.parent) in line and reason in line, what, f"{line}: expected a file's path and {reason}")
    left = [path.name for path in output.parent.glob("*") if ".tmp-" in path.name]
    record.check(not left, what, f"left over: {', '.join(left)}")
    record.check(not output.exists(), what, "found a result, expected none")
    record.check(not output.with_suffix(".run.json").exists(), what, "found a sidecar without a result")
    return line


def checkpoint_size(work):
    """The bytes of a checkpoint of the run with OFTEN, which are nearly the same after every round."""
    output = work.place("sized") / "a.h5"
    running = work.program.start(work.run(output, **OFTEN))
    size = None
    while size is None and running.is_alive:
        with contextlib.suppress(FileNotFoundError):
            size = output.with_name("a.h5.checkpoint").stat().st_size
        time.sleep(0.001)
    running.wait()
    if size is None:
        raise SystemExit("found no checkpoint of an undisturbed run, expected one")
    return size


def check_file_limits(work, record, size):
    """Writing a checkpoint fails at many bytes."""
    expected = work.run_bytes(**OFTEN)
    failed = 0
    for limit in (0, 300, 600, 2000, 100_000, size // 2, size - 100_000, size - 3000, size - 100, size - 1, size):
        output = work.place(f"limit-{limit}") / "a.h5"
        what = f"files of at most {limit} bytes"
        arguments = work.run(output, **OFTEN)
        ended = work.program.run_limited(arguments, limited(limit))
        if ended.status != 0:
            failed += 1
            check_refusal(record, ended, output, "File too large", what)
            ended = work.program.run(arguments)
        work.check_run(ended, output, expected, f"{what}, then again")
    record.add("failed writes", failed)
    record.check(failed >= 8, "file size limits", f"{failed} had an effect, expected at least 8")
    record.say(f"{failed} limits of the size of files")


def check_runs(work, record, place, size):
    """Room for no, one or two checkpoints, or for everything except the result."""
    cases = [(share, OFTEN) for share in (0.0, 0.001, 0.5, 0.99, 1.0, 1.02, 1.5, 2.02, 2.5)]
    cases += [(share, NEVER) for share in (0.0, 0.01, 0.3, 0.8)]
    failed = 0
    lines = set()
    for share, options in cases:
        what = f"room for {share} checkpoints" + (", none written" if options is NEVER else "")
        output = place / "run" / "a.h5"
        output.parent.mkdir()
        fill(place, int(share * size) // 4096 * 4096)
        arguments = work.run(output, **options)
        ended = work.program.run(arguments)
        if ended.status != 0:
            failed += 1
            lines.add(re.sub(r"\S*/", "", check_refusal(record, ended, output, FULL, what)))
            checkpoint = output.with_name("a.h5.checkpoint").exists()
            record.check(
                checkpoint == (share >= 1.02 and options is OFTEN), what,
                f"whether there is a checkpoint: {checkpoint}")
            (place / "ballast").unlink()
            ended = work.program.run(arguments)
            record.check(("Resuming after" in ended.errors) == checkpoint, f"{what}, then again", ended.tail)
        work.check_run(ended, output, work.run_bytes(**options), f"{what}, then again")
        shutil.rmtree(output.parent)
        (place / "ballast").unlink(missing_ok=True)
    record.add("failed writes", failed)
    record.check(failed >= 8, "full disks", f"{failed} had an effect, expected at least 8")
    record.say(f"{failed} full disks; the messages were:")
    for line in sorted(lines):
        record.say(f"  {line}")


def check_sweep(work, record, place, size):
    """A sweep with gnuplot, for which the room ends at several places; the last ones are in the report."""
    failed = 0
    for share in (0.0, 0.5, 1.5, 2.1):
        what = f"a sweep with room for {share} checkpoints"
        output = place / "sweep"
        ended = work.program.run(work.sweep(output, *CELLS, "--dry-run"))  # draws the images
        record.check(ended.status == 0, what, ended.tail)
        fill(place, int(share * size) // 4096 * 4096)
        ended = work.program.run(work.sweep(output, *CELLS), environment=NO_PICTURES)
        if ended.status != 0:
            failed += 1
            record.check(ended.status == 1 and FULL in ended.errors, what, f"{ended.tail}; expected {FULL}")
        left = [path.name for path in output.rglob("*") if re.search(r"\.tmp-|\.lock$", path.name)]
        record.check(not left, what, f"left over: {', '.join(left)}")
        work.check_no_wrong_result(output, CELLS, what)
        (place / "ballast").unlink()
        ended = work.program.run(work.sweep(output, *CELLS), environment=NO_PICTURES)
        work.check_sweep(ended, output, CELLS, f"{what}, then again")
        shutil.rmtree(output)
    record.add("failed writes", failed)
    record.check(failed >= 3, "sweeps on full disks", f"{failed} failed, expected at least 3")
    record.say(f"{failed} sweeps on full disks")


def check_pictures(work, record, place):
    """gnuplot has no room: the report of finished cells fails in one line, or is complete."""
    output = place / "pictures"
    ended = work.program.run(work.sweep(output, *CELLS))
    record.check(ended.status == 0, "a sweep with pictures", ended.tail)
    pictures = {path: path.read_bytes() for ending in ("svg", "png") for path in output.rglob(f"*.{ending}")}
    if not pictures:
        record.skip("pictures on a full disk: gnuplot is missing")
        return
    lines = set()
    for left in (0, 8192, 16384, 32768, 65536, 98304):
        what = f"a report with {left} bytes of room"
        for path in pictures:
            path.unlink(missing_ok=True)
        fill(place, left)
        ended = work.program.run(["report", output])
        missing = [path for path in pictures if not path.exists()]
        if ended.status == 0 and missing:
            # The rest of the report had room: a line names each figure that has no picture.
            record.add("failed writes")
            unnamed = [path.name for path in missing if f"{path.stem.removesuffix('-narrow')}: no plot" not in ended.errors]
            record.check(not unnamed, what, f"no line says that there is no {', '.join(unnamed)}")
            lines.add("NAME: no plot …")
            (place / "ballast").unlink()
            ended = work.program.run(["report", output])
        if ended.status != 0:
            record.add("failed writes")
            wrong = ended.refusal_fault()
            record.check(wrong is None, what, wrong)
            lines.add(re.sub(r"\S*/", "", (ended.error_lines or [ended.tail])[-1]))
            for path in pictures:
                found = bytes_of(path)
                record.check(
                    found in (None, pictures[path]), what,
                    f"half-written: {path.name} has {len(found or b'')} bytes, expected {len(pictures[path])} or none")
            (place / "ballast").unlink()
            ended = work.program.run(["report", output])
        record.check(ended.status == 0, f"{what}, then again", ended.tail)
        for path, expected in pictures.items():
            record.same_bytes(bytes_of(path), expected, f"{what}, then again", path.name)
        left_over = [path.name for path in output.rglob("*") if ".tmp-" in path.name]
        record.check(not left_over, what, f"left over: {', '.join(left_over)}")
        (place / "ballast").unlink(missing_ok=True)
    record.check(lines, "reports on full disks", "none of them failed, expected that some do")
    record.say("reports with pictures on full disks; the messages were:")
    for line in sorted(lines):
        record.say(f"  {line}")


def check_standard_output(work, record):
    """What was printed is lost: an error, and nothing else is wrong."""
    for arguments in (["methods"], work.run(work.place("printed") / "a.h5", rounds=2)):
        with open("/dev/full", "wb") as full:
            ended = work.program.run(arguments, output=full)
        wrong = ended.refusal_fault()
        record.check(wrong is None, f"{arguments[0]} with a full standard output", wrong)
        record.add("failed writes")
    record.say("a full standard output")


def check(work, record):
    """All of them."""
    size = checkpoint_size(work)
    check_file_limits(work, record, size)
    check_standard_output(work, record)
    with small_disk(work.folder / "disk", 16 * size) as place:
        if place is None:
            record.skip("a small disk: cannot mount a tmpfs (needs root)")
            return
        check_runs(work, record, place, size)
        check_sweep(work, record, place, size)
        check_pictures(work, record, place)
