"""What is written where calls fail: runs, sweeps, exports and syntheses."""

import os
import shutil

from .work import bytes_of, files
from .writes import Case

ROUNDS = 3
CELLS = ("--only", "method=fedavg,pfedla", "--set", "rounds=2")


class Run(Case):
    """A new run."""

    name = "a run"

    def __init__(self, work, record):
        super().__init__(work, record)
        self.expected = work.run_bytes(rounds=ROUNDS)

    def arguments(self, folder):
        return self.work.run(folder / "a.h5", rounds=ROUNDS)

    def check_failed(self, folder, what):
        found = bytes_of(folder / "a.h5")
        if found is not None:
            self.record.same_bytes(found, self.expected, what)

    def check_end(self, ended, folder, what):
        if ended.status == 1 and "already exists" in ended.errors:
            # The last call, which forces the folder to the disk, failed: the result was there already.
            self.check_failed(folder, what)
            return
        self.work.check_run(ended, folder / "a.h5", self.expected, what)


class ResumedRun(Run):
    """A run that resumes: whatever fails, the checkpoint must stay usable."""

    name = "a resumed run"

    def __init__(self, work, record):
        super().__init__(work, record)
        self.begun = self.place / "begun"
        ended = work.program.run(work.run(self.begun / "a.h5", rounds=ROUNDS), environment=self.dying(work))
        if not (self.begun / "a.h5.checkpoint.previous").exists():
            raise SystemExit(f"a run that is killed after its second checkpoint: {ended.tail}")

        (self.begun / "a.h5.lock").unlink()

    def dying(self, work):
        """Dies before it writes the sidecar and the result: found by counting calls from the end."""
        counted = work.library.failing(self.place / "counted", 0, "ENOSPC")
        work.program.run(work.run(self.place / "counted" / "a.h5", rounds=ROUNDS), environment=counted.environment)
        return work.library.failing(self.begun, counted.seen - 9, "KILL").environment

    def prepare(self, folder):
        shutil.copytree(self.begun, folder)

    def check_failed(self, folder, what):
        super().check_failed(folder, what)
        kept = [name for name in os.listdir(folder) if name.startswith("a.h5.checkpoint")]
        self.record.check(kept, what, "found no checkpoint, expected that the old one stays")

    def check_end(self, ended, folder, what):
        super().check_end(ended, folder, what)
        said = "Resuming after round 2" in ended.errors or "already exists" in ended.errors
        self.record.check(said, what, f"did not resume: {ended.tail}")


class Overwriting(Run):
    """A run that replaces a result: the old one stays until the new one is whole."""

    name = "an overwriting run"
    old = b"an older result"

    def prepare(self, folder):
        folder.mkdir()
        (folder / "a.h5").write_bytes(self.old)

    def arguments(self, folder):
        return self.work.run(folder / "a.h5", rounds=ROUNDS, more=["--overwrite"])

    def check_failed(self, folder, what):
        found = bytes_of(folder / "a.h5")
        if found != self.old:
            self.record.same_bytes(found, self.expected, what)


class Sweep(Case):
    """A sweep of two cells with its synthetic images and its report."""

    name = "a sweep"
    more = CELLS

    def __init__(self, work, record):
        super().__init__(work, record)
        work.sweep_files(*self.more)

    def arguments(self, folder):
        return self.work.sweep(folder, *self.more)

    def check_failed(self, folder, what):
        self.work.check_no_wrong_result(folder, self.more, what)

    def check_end(self, ended, folder, what):
        self.work.check_sweep(ended, folder, self.more, what)


class Export(Case):
    """CSV files of a result."""

    name = "an export"

    def __init__(self, work, record):
        super().__init__(work, record)
        self.result = self.place / "a.h5"
        self.result.write_bytes(work.run_bytes(rounds=ROUNDS))
        folder = self.place / "undisturbed"
        ended = work.program.run(self.arguments(folder))
        self.expected = files(folder)
        record.check(ended.status == 0 and self.expected, self.name, ended.tail)

    def arguments(self, folder):
        return ["export", self.result, "--csv", folder]

    def check_failed(self, folder, what):
        for name, found in files(folder).items():
            self.record.same_bytes(found, self.expected.get(name, b""), what, name)

    def check_end(self, ended, folder, what):
        if self.record.check(ended.status == 0, what, f"{ended.tail}; expected exit code 0"):
            found = files(folder)
            self.record.check(
                found.keys() == self.expected.keys(), what, f"found {sorted(found)}, expected {sorted(self.expected)}")
            self.check_failed(folder, what)


class Synthesis(Export):
    """The files of a synthetic dataset."""

    name = "datasets synthesize"

    def arguments(self, folder):
        return ["datasets", "synthesize", "mnist", "--samples-per-class", "6", "--datasets", folder]

    def check_failed(self, folder, what):
        found = {name: found for name, found in files(folder).items() if not name.endswith(".part")}
        for name in found:
            self.record.same_bytes(found[name], self.expected.get(name, b""), what, name)


CASES = [Run, ResumedRun, Overwriting, Sweep, Export, Synthesis]
