#!/usr/bin/env python3
"""Gives sweeps to a private Slurm of three nodes, disturbs them there, and checks that nothing is lost.

Whatever fails, tasks, nodes, the controller, time limits or an answer of sbatch, all runs must be done in the end, with
the bytes of one process, and `pfedla cluster status` must say how they stand. Installs Slurm if that is missing (root).
"""

import argparse
import os
import pathlib
import sys
import tempfile

from cluster import disturb, scenarios
from cluster.private_slurm import PrivateSlurm
from cluster.sweeps import Sweeps
from cluster.truth import Truth
from survival.record import Record

PARTS = {
    "dry-run": "the script: bash -n, shellcheck, sbatch --test-only",
    "sweep": "twelve runs on three nodes, at most three at a time, after a refused submission",
    "disturb": "a killed program, an urgent job, scancel, requeue, a dead node, no controller",
    "time-limit": "a task that reaches its time limit: it saves, and resumes by itself",
    "cut-off": "a node without its slurmd: the task goes on there, and starts again elsewhere",
    "cancel": "cancel while tasks run, then resubmit",
    "lost-answer": "the program is killed between sbatch and its answer",
}
# What the parts compare with, computed beside them.
PROFILES = {"smoke": {"sweep", "lost-answer"}, "short": {"disturb", "cancel"}, "single": {"cut-off", "time-limit"}}


def options():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="parts:\n" + "\n".join(f"  {name:<12} {summary}" for name, summary in PARTS.items()))
    parser.add_argument("--pfedla", default=".build/release/pfedla", help="the program")
    parser.add_argument("--only", metavar="PART,…", help="some parts, separated by commas; default: all")
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
    record = Record()
    record.counts = dict.fromkeys(("lost bytes",), 0)
    with tempfile.TemporaryDirectory(prefix="pfedla-cluster-") as name, PrivateSlurm() as slurm:
        sweeps = Sweeps(os.path.abspath(chosen.pfedla), record, slurm, pathlib.Path(name))
        truth = Truth(sweeps)
        calls = {
            "dry-run": lambda: scenarios.dry_run(sweeps, record),
            "sweep": lambda: scenarios.sweep(sweeps, record, truth),
            "disturb": lambda: disturb.disturb(sweeps, record, truth),
            "time-limit": lambda: disturb.time_limit(sweeps, record, truth),
            "cut-off": lambda: disturb.cut_off(sweeps, record, truth),
            "cancel": lambda: scenarios.cancel(sweeps, record, truth),
            "lost-answer": lambda: scenarios.lost_answer(sweeps, record, truth),
        }
        try:
            sweeps.prepare(*(profile for profile, parts in PROFILES.items() if parts & set(chosen.parts)))
            for part in PARTS:
                if part in chosen.parts:
                    with record.part(part, PARTS[part]):
                        calls[part]()
        finally:
            sweeps.end()
    record.say(str(truth))
    record.summary()
    return 1 if record.faults else 0


if __name__ == "__main__":
    sys.exit(main())
