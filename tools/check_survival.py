#!/usr/bin/env python3
"""Disturbs runs and sweeps in every way that a shared machine does, and checks that nothing is lost.

After every kill, signal, full disk, missing file or lack of memory the program must end with one short line or go on,
and the same command must then end with the same bytes as an undisturbed run. All moments are drawn from --seed.
"""

import argparse
import os
import pathlib
import sys
import tempfile

from survival import (
    data_gone, full_disk, kills, memory, no_locks, preload, read_only, record as records, sharing, signals, write_cases,
    writes)
from survival.program import Program
from survival.work import Work

PARTS = {
    "kills": "SIGKILL at random moments and at every call that writes, then resume",
    "signals": "INT, TERM, HUP, USR1, USR2, KILL after the first round and at random moments; STOP and CONT",
    "writes": "every call that writes fails: full, broken and read-only disks, in runs, sweeps, exports, syntheses",
    "disk": "a small tmpfs (root), limits of the size of files, a full standard output",
    "read-only": "an output folder on a read-only mount (root)",
    "datasets": "dataset files deleted, cut or changed in use, and between a kill and resuming",
    "sharing": "two and four processes on one run, two and six on one sweep",
    "memory": "ulimit -v from 200 MB to 1 GB, for runs and exports; SIGTERM with little memory",
    "no-locks": "a file system without locks",
}


def options():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="parts:\n" + "\n".join(f"  {name:<10} {summary}" for name, summary in PARTS.items()))
    parser.add_argument("--pfedla", default=".build/release/pfedla", help="the program")
    parser.add_argument("--only", metavar="PART,…", help="some parts, separated by commas; default: all")
    parser.add_argument("--seed", type=int, default=20220619, help="of the moments (default: %(default)s)")
    parser.add_argument("--kills", type=int, default=200, help="at random moments (default: %(default)s)")
    chosen = parser.parse_args()
    chosen.parts = chosen.only.split(",") if chosen.only else list(PARTS)
    unknown = [name for name in chosen.parts if name not in PARTS]
    if unknown:
        parser.error(f"--only: found {', '.join(unknown)}, expected some of {', '.join(PARTS)}")
    if not os.access(chosen.pfedla, os.X_OK):
        parser.error(f"--pfedla: found no program {chosen.pfedla}; `make build` builds it")
    return chosen


def main():
    """Does the parts; exit status 1 if there are faults."""
    chosen = options()
    record = records.Record()
    with tempfile.TemporaryDirectory(prefix="pfedla-survival-") as name:
        folder = pathlib.Path(name)
        program = Program(os.path.abspath(chosen.pfedla), folder / "messages")
        try:
            library = preload.compiled(folder / "library", program, record)
            work = Work(program, record, library, folder / "work")
            calls = {
                "kills": lambda: kills.check(work, record, chosen.seed, chosen.kills),
                "signals": lambda: signals.check(work, record, chosen.seed),
                "writes": lambda: writes.check(work, record, write_cases.CASES),
                "disk": lambda: full_disk.check(work, record),
                "read-only": lambda: read_only.check(work, record),
                "datasets": lambda: data_gone.check(work, record, chosen.seed),
                "sharing": lambda: sharing.check(work, record),
                "memory": lambda: memory.check(work, record),
                "no-locks": lambda: no_locks.check(work, record),
            }
            for part in PARTS:
                if part in chosen.parts:
                    with record.part(part, PARTS[part]):
                        calls[part]()
        finally:
            program.end_all()
    record.summary()
    return 1 if record.faults else 0


if __name__ == "__main__":
    sys.exit(main())
