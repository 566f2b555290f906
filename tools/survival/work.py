"""The tiny runs and sweeps that are disturbed, and what they give undisturbed."""

import re
import threading

# A process that dies while it writes leaves these; the next run of that output or cell removes or ignores them.
TEMPORARY = re.compile(r"\.tmp-\d+(-\d+)?$")
LEFTOVER = re.compile(r"\.tmp-|\.lock$|\.checkpoint|\.part$|\.nosync|\.unusable")
SWEEP = """\
name: survival
title: "A sweep to disturb"
report: accuracy
base:
  dataset: {name: fashion-mnist}
  partition:
    {scheme: classes-per-client, clients: 3, classes_per_client: 4, samples_per_client: 20, train_fraction: 0.7}
  local_epochs: 1
  checkpoint_every: 1
  saved_models: none
axes:
  method: [fedavg, pfedla, heurpfedla]
  seed: [0, 1, 2, 3]
profiles:
  smoke:
    summary: a few clients, samples and rounds
    synthetic_samples_per_class: 30
    axes: {seed: [0]}
    set: {rounds: 6}
"""
# Without gnuplot, whose pictures take as long as all the runs.
NO_PICTURES = {"PATH": "/nowhere"}


class Work:
    """Makes the arguments of runs and sweeps; knows their undisturbed results."""

    def __init__(self, program, record, library, folder):
        self.program = program
        self.record = record
        self.library = library
        self.folder = folder
        self.folder.mkdir()
        self.data = folder / "data"
        self.sweep_file = folder / "survival.yaml"
        self.sweep_file.write_text(SWEEP)
        self.known = {}
        self.locks = {}
        self.lock = threading.Lock()
        self.synthesize(self.data, 30)

    def synthesize(self, folder, samples):
        """Draws a dataset."""
        ended = self.program.run(
            ["datasets", "synthesize", "fashion-mnist", "--samples-per-class", samples, "--datasets", folder])
        if ended.status != 0:
            raise SystemExit(f"datasets synthesize: {ended.tail}; expected exit code 0")

    def place(self, name):
        """A new folder."""
        place = self.folder / name
        place.mkdir()
        return place

    def run(self, output, rounds=12, method="pfedla", workers=1, data=None, checkpoint_every=1, more=()):
        """Three clients with 20 images each."""
        return [
            "run", "experiments/quickstart.yaml", "--datasets", data or self.data, "--output", output, "--workers",
            workers, "--set", f"method={method}", f"rounds={rounds}", "partition.clients=3",
            "partition.samples_per_client=20", "local_epochs=1", f"checkpoint_every={checkpoint_every}",
            "saved_models=none", *more]

    def sweep(self, output, *more):
        """Three cells, or three for every one of `--seeds`."""
        return ["reproduce", self.sweep_file, "--output", output, "--workers", "1", *more]

    def once(self, key, make):
        """The value of a key, made by the first thread that asks."""
        with self.lock:
            own = self.locks.setdefault(key, threading.Lock())
        with own:
            if key not in self.known:
                self.known[key] = make()
            return self.known[key]

    def run_bytes(self, **options):
        """The undisturbed result of a run, made twice, on one and on two workers."""
        def make():
            found = []
            for workers in (1, 2):
                output = self.folder / "undisturbed" / f"{threading.get_ident()}-{len(self.known)}-{workers}.h5"
                ended = self.program.run(self.run(output, **{**options, "workers": workers}))
                if ended.status != 0:
                    raise SystemExit(f"an undisturbed run with {options}: {ended.tail}; expected exit code 0")
                found.append(output.read_bytes())
            self.record.same_bytes(found[0], found[1], f"undisturbed runs with {options} on one and two workers")
            return found[0]
        return self.once(("run", *sorted(f"{name}={value}" for name, value in options.items())), make)

    def sweep_files(self, *more):
        """The undisturbed files of a sweep, by their paths."""
        def make():
            output = self.folder / "undisturbed" / f"sweep-{threading.get_ident()}-{len(self.known)}"
            ended = self.program.run(self.sweep(output, *more), environment=NO_PICTURES)
            if ended.status != 0:
                raise SystemExit(f"an undisturbed sweep: {ended.tail}; expected exit code 0")
            found = files(output)
            left = sorted(name for name in found if LEFTOVER.search(name))
            if left:
                raise SystemExit(f"an undisturbed sweep: left over: {', '.join(left)}")
            return found
        return self.once(("sweep", *map(str, more)), make)

    def check_run(self, ended, output, expected, what):
        """A run that has ended well: the undisturbed bytes, a sidecar, and only files that kills may leave."""
        if not self.record.check(ended.status == 0, what, f"{ended.tail}; expected exit code 0"):
            return
        self.record.same_bytes(bytes_of(output), expected, what)
        sidecar = output.with_suffix(".run.json")
        self.record.check(sidecar.is_file(), what, f"found no {sidecar.name}, expected one")
        left = [
            path.name for path in output.parent.glob(f"{output.stem}.*")
            if LEFTOVER.search(path.name) and not TEMPORARY.search(path.name)]
        self.record.check(not left, what, f"left over: {', '.join(sorted(left))}")

    def check_sweep(self, ended, output, more, what):
        """A sweep that has ended well: the undisturbed bytes of all files, each cell's sidecar, and nothing else."""
        if not self.record.check(ended.status == 0, what, f"{ended.tail}; expected exit code 0"):
            return
        expected = self.sweep_files(*more)
        found = files(output)
        missing = sorted(expected.keys() - found.keys())
        self.record.check(not missing, what, f"missing: {', '.join(missing)}")
        for name in sorted(expected.keys() & found.keys()):
            self.record.same_bytes(found[name], expected[name], what, name)
        for name in expected:
            if name.endswith(".h5"):
                sidecar = output / name.replace(".h5", ".run.json")
                self.record.check(sidecar.is_file(), what, f"{name}: found no sidecar, expected one")
        self.record.check((output / "report.html").is_file(), what, "found no report.html, expected one")
        others = sorted(found.keys() - expected.keys())
        self.record.check(not others, what, f"left over: {', '.join(others)}")

    def check_no_wrong_result(self, output, more, what):
        """Whatever has happened: a cell's result that is there is whole."""
        expected = self.sweep_files(*more)
        for path in (output / "cells").glob("*.h5"):
            name = str(path.relative_to(output))
            self.record.same_bytes(bytes_of(path), expected.get(name, b""), what, name)


def files(folder):
    """All files below a folder, except the two that record how long a run took and in how many parts."""
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".run.json") and path.name != "report.html"}


def bytes_of(path):
    """A file's bytes; None if there is no such file."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
