"""An output folder that cannot be written to."""

import shutil

from .disks import read_only_view
from .work import NO_PICTURES, files

CELLS = ("--only", "method=fedavg")
WORDS = ("Read-only file system", "not writable", "read only", "no permission")


def check(work, record):
    """Everything that writes says so in one line; everything that only reads works."""
    folder = work.place("writable")
    finished = folder / "finished.h5"
    finished.write_bytes(work.run_bytes())
    begun = folder / "begun.h5"
    running = work.program.start(work.run(begun, checkpoint_every=1))
    running.wait_for("round 1/")
    running.wait_for_file(folder, "begun.h5.checkpoint")
    running.kill()
    for name in ("begun.h5.lock", "begun.h5"):
        (folder / name).unlink(missing_ok=True)
    ended = work.program.run(work.sweep(folder / "sweep", *CELLS), environment=NO_PICTURES)
    record.check(ended.status == 0, "a sweep", ended.tail)
    before = files(folder)

    with read_only_view(folder, work.folder / "read-only") as place:
        if place is None:
            record.skip("a read-only folder: cannot mount it (needs root); the part writes tries EROFS")
            return
        refused = {
            "a run": work.run(place / "new.h5"),
            "a run in a new folder": work.run(place / "deep" / "er" / "new.h5"),
            "a run that resumes": work.run(place / "begun.h5", checkpoint_every=1),
            "an overwriting run": work.run(place / "finished.h5", more=["--overwrite"]),
            "a new sweep": work.sweep(place / "other", *CELLS),
            "a sweep with open cells": work.sweep(place / "sweep", "--only", "method=pfedla"),
            "a finished sweep": work.sweep(place / "sweep", *CELLS),
            "a report": ["report", place / "sweep"],
            "an export": ["export", place / "finished.h5", "--csv", place / "csv"],
            "a comparison": ["compare", place / "finished.h5", "--output", place],
            "a synthesis": [
                "datasets", "synthesize", "mnist", "--samples-per-class", "6", "--datasets", place / "data"],
        }
        for what, arguments in refused.items():
            ended = work.program.run(arguments, environment=NO_PICTURES)
            what = f"{what} in a read-only folder"
            wrong = ended.refusal_fault()
            if record.check(wrong is None, what, wrong):
                line = ended.error_lines[0]
                record.check(
                    any(word in line for word in WORDS), what, f"{line}: expected one of {', '.join(WORDS)}")
            record.add("failed writes")
        allowed = {
            "verify": ["verify", place / "finished.h5"],
            "export": ["export", place / "finished.h5", "--csv", work.folder / "read-only-csv"],
            "compare": ["compare", place / "finished.h5", "--output", work.folder / "read-only-comparison"],
            "run": work.run(work.place("read-only-data") / "a.h5", data=place / "data"),
        }
        shutil.copytree(work.data, folder / "data")
        for what, arguments in allowed.items():
            ended = work.program.run(arguments, environment=NO_PICTURES)
            record.check(ended.status == 0, f"{what} of read-only files", f"{ended.tail}; expected exit code 0")
        shutil.rmtree(folder / "data")
    record.check(files(folder) == before, "a read-only folder", "its files have changed")
    ended = work.program.run(work.run(begun, checkpoint_every=1))
    record.check("Resuming after" in ended.errors, "a run after it was read-only", ended.tail)
    work.check_run(ended, begun, work.run_bytes(checkpoint_every=1), "a run after it was read-only")
    record.say(f"{len(refused)} commands that write, {len(allowed)} that only read")
