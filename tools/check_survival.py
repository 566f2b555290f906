#!/usr/bin/env python3
"""Disturbs runs and sweeps in every way that a shared machine does, and checks that nothing is lost.

After every kill, signal, full disk, missing file or lack of memory the program must end with one short line or go on,
and the same command must then end with the same bytes as an undisturbed run. All moments are drawn from --seed.
"""

import os
import pathlib
import sys
import tempfile

from survival import (
    data_gone, full_disk, kills, memory, no_locks, parts, preload, read_only, record as records, sharing, signals,
    write_cases, writes)
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


def more_options(parser):
    """Options of this check alone."""
    parser.add_argument("--seed", type=int, default=20220619, help="of the moments (default: %(default)s)")
    parser.add_argument("--kills", type=int, default=200, help="at random moments (default: %(default)s)")


def main():
    """Does the parts; exit status 1 if there are faults."""
    chosen = parts.options(__doc__, PARTS, add=more_options)
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
            parts.do(chosen, PARTS, calls, record)
        finally:
            program.end_all()
    record.summary()
    return 1 if record.faults else 0


if __name__ == "__main__":
    sys.exit(main())
