#!/usr/bin/env python3
"""Shares runs among the ranks of mpirun, and checks that every result has the bytes of one process.

The program must have been built with PFEDLA_MPI=1 (`make build-mpi`).
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

from survival import parts
from survival.record import Record

AUDIT = pathlib.Path(__file__).resolve().parent.parent / "experiments/audit.yaml"
PARTS = {
    "methods": "every method on six clients, by 1, 2, 3 and 5 ranks",
    "resume": "stopped within a round and resumed by another number of ranks",
    "errors": "wrong specifications and a program without MPI: one line each",
    "scale": "pFedLA with many clients: time and memory of 1 and 2 ranks",
}
SYNTHETIC = ("datasets", "synthesize", "fashion-mnist", "--samples-per-class", "300")


class Runs:
    """Starts runs, with and without mpirun."""

    def __init__(self, chosen, folder):
        self.mpi = os.path.abspath(chosen.mpi_pfedla)
        self.plain = os.path.abspath(chosen.pfedla)
        self.folder = folder
        data = folder / "data"
        done = subprocess.run([self.plain, *SYNTHETIC, "--datasets", str(data)], capture_output=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"the synthetic images could not be made: {done.stderr.decode()[-300:]}")
        self.environment = {
            **os.environ, "PFEDLA_DATASETS": str(data),
            # As root and with more ranks than cores.
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none", "OMPI_MCA_btl_base_warn_component_unused": "0",
        }

    def command(self, ranks, name, *settings, workers=1, specification=AUDIT, more=()):
        """The command line of a run; `ranks` 0: without mpirun."""
        output = self.folder / f"{name}.h5"
        launcher = ["mpirun", "-n", str(ranks)] if ranks else []
        return output, [
            *launcher, self.mpi, "run", str(specification), "--output", str(output),
            "--workers", str(workers), *more, "--set", *settings]

    def run(self, ranks, name, *settings, program=None, **more):
        """Runs to the end; returns the result's file and how the process ended."""
        output, command = self.command(ranks, name, *settings, **more)
        if program:
            command[command.index(self.mpi)] = program
        return output, subprocess.run(
            command, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=900, text=True,
            check=False)


def said(errors):
    """The program's last words, without mpirun's."""
    lines = [line for line in errors.splitlines() if line.startswith("Error: ")] or errors.splitlines()[-3:]
    return " | ".join(lines)[-300:]


def same(runs, record, what, expected, output, ended):
    """A run must succeed with the bytes of one process."""
    if record.check(ended.returncode == 0, what, f"exit code {ended.returncode}: {said(ended.stderr)}"):
        record.same_bytes(output.read_bytes() if output.exists() else None, expected, what)


def methods(runs, record):
    """Every method gives the same bytes."""
    listed = subprocess.run([runs.plain, "methods"], capture_output=True, text=True, check=True).stdout
    names = re.findall(r"^([a-z][a-z0-9-]*): ", listed, re.MULTILINE)
    record.check(len(names) >= 20, "methods", f"found {len(names)} methods, expected at least 20")
    count = 0
    for name in names:
        settings = (
            f"method={name}", "partition.clients=6", "saved_models=trained", "model.batch_normalisation=true",
            "record_class_confusion=true")
        # By the program without MPI.
        expected, ended = runs.run(0, f"{name}-0", *settings, program=runs.plain)
        if not record.check(ended.returncode == 0, name, f"one process: {said(ended.stderr)}"):
            continue
        for ranks in (1, 2, 3, 5):
            output, ended = runs.run(ranks, f"{name}-{ranks}", *settings, workers=2 if ranks == 2 else 1)
            same(runs, record, f"{name}, {ranks} ranks", expected.read_bytes(), output, ended)
            count += 1
    record.say(f"{len(names)} methods, {count} runs with mpirun compared byte for byte")


def resume(runs, record):
    """USR1 to mpirun reaches the leader, which saves; another number of ranks resumes."""
    settings = ("method=pfedla", "partition.clients=6", "rounds=200", "checkpoint_every=0", "keep_state=true")
    expected, ended = runs.run(0, "resume-0", *settings)
    if not record.check(ended.returncode == 0, "resume", f"one process: {said(ended.stderr)}"):
        return
    output, command = runs.command(3, "resume", *settings)
    stops = 0
    for ranks, number in ((3, signal.SIGUSR1), (2, signal.SIGUSR2)):
        _, command = runs.command(ranks, "resume", *settings)
        with open(runs.folder / "resume.log", "w+b") as log:
            process = subprocess.Popen(command, env=runs.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            end = time.monotonic() + 120
            while b"round " not in pathlib.Path(log.name).read_bytes() and time.monotonic() < end:
                time.sleep(0.1)
            process.send_signal(number)
            status = process.wait(120)
            errors = pathlib.Path(log.name).read_text(errors="replace")
        if status == 0:
            continue
        stops += 1
        record.check("the state is saved" in errors, "resume", f"{ranks} ranks: exit code {status}: {said(errors)}")
    record.check(stops > 0, "resume", "no run was stopped in time; raise its rounds")
    output, ended = runs.run(5, "resume", *settings)
    same(runs, record, "resumed by 5 ranks", expected.read_bytes(), output, ended)
    # More rounds start from the kept state.
    more = tuple("rounds=205" if setting.startswith("rounds") else setting for setting in settings)
    expected, _ = runs.run(0, "resume-more", *more)
    output, ended = runs.run(2, "resume", *more, more=("--overwrite",))
    same(runs, record, "more rounds by 2 ranks", expected.read_bytes(), output, ended)
    record.say(f"stopped {stops} times and resumed by 3, 2 and 5 ranks")


def errors(runs, record):
    """Only the leader prints an error in the specification."""
    cases = {
        "an unknown key": (runs.mpi, ("no_such_key=1",), "no_such_key"),
        "too many clients": (runs.mpi, ("partition.clients=100000",), "partition"),
        "a program without MPI": (runs.plain, (), "built without MPI"),
    }
    for what, (program, settings, expected) in cases.items():
        _, ended = runs.run(3, "errors", "method=pfedla", *settings, program=program)
        lines = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
        record.check(ended.returncode != 0, what, "exit code 0, expected an error")
        record.check(bool(lines) and expected in lines[0], what, f"found {lines[:1]}, expected {expected}")
        # Without MPI no process knows the others.
        record.check(len(lines) == 1 or program == runs.plain, what, f"{len(lines)} error lines, expected one")
    record.say(f"{len(cases)} errors")


LARGE = """\
method: pfedla
dataset: {name: fashion-mnist}
partition: {scheme: iid, clients: 10000, samples_per_client: 6, train_fraction: 0.5}
rounds: 3
participation: 0.004
local_epochs: 1
checkpoint_every: 0
evaluate_every: 3
record_weights_every: 0
saved_models: none
"""


# What grows with the clients: the server's sums over all models, and the bank of personal models.
SCALED = {
    "pfedla": ("few participants, all clients evaluated with their own weighted sums", ()),
    "local": ("most clients with a model of their own",
              ("method=local", "participation=0.1", "rounds=20", "evaluate_every=20")),
}


def scale(runs, record):
    """Prints seconds and the largest process's memory; only equal bytes are required of them."""
    runs.environment["PFEDLA_DATASETS"] = str(runs.folder / "large")
    subprocess.run(
        [runs.plain, *SYNTHETIC[:-1], "7000", "--datasets", str(runs.folder / "large")], capture_output=True,
        check=True)
    specification = runs.folder / "large.yaml"
    specification.write_text(LARGE)
    for method, (what, settings) in SCALED.items():
        record.say(f"10,000 clients, {method}: {what}")
        expected = None
        for ranks in (1, 2):
            name = f"scale-{method}-{ranks}"
            output, command = runs.command(ranks, name, "seed=0", *settings, specification=specification)
            status, peak, seconds, errors = measured(command, runs.environment)
            if not record.check(status == 0, name, f"exit code {status}: {said(errors)}"):
                return
            record.say(f"{ranks} ranks with 1 worker each: {seconds:.0f} s, at most {peak / 2**20:.2f} GiB in one process")
            if expected is None:
                expected = output.read_bytes()
            record.same_bytes(output.read_bytes(), expected, name)


def measured(command, environment):
    """Runs a command; its status, its largest process's memory (KiB), seconds and last words."""
    before = time.monotonic()
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    peak = 0
    with process:
        while process.poll() is None:
            peak = max(peak, largest(process.pid))
            time.sleep(0.05)
        errors = process.stderr.read()
    return process.returncode, peak, time.monotonic() - before, errors


def largest(launcher):
    """KiB that the largest descendant of mpirun has in memory."""
    peak = 0
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if fields.get("Name", "").strip().startswith("pfedla") and fields["PPid"].strip() == str(launcher):
            peak = max(peak, int(fields.get("VmHWM", "0 kB").split()[0]))
    return peak


def more_options(parser):
    """Options of this check alone."""
    parser.add_argument("--mpi-pfedla", default=".build-mpi/release/pfedla", help="the program, built with PFEDLA_MPI=1")


def main():
    """Does the parts; exit status 1 if there are faults."""
    chosen = parts.options(__doc__, PARTS, [name for name in PARTS if name != "scale"], more_options)
    record = Record()
    record.counts = dict.fromkeys(("lost bytes",), 0)
    with tempfile.TemporaryDirectory(prefix="pfedla-mpi-") as folder:
        runs = Runs(chosen, pathlib.Path(folder))
        calls = {
            "methods": lambda: methods(runs, record), "resume": lambda: resume(runs, record),
            "errors": lambda: errors(runs, record), "scale": lambda: scale(runs, record)}
        parts.do(chosen, PARTS, calls, record)
    record.summary()
    return 1 if record.faults else 0


if __name__ == "__main__":
    sys.exit(main())
