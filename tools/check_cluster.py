#!/usr/bin/env python3
"""Gives sweeps to a private Slurm of three nodes, disturbs them there, and checks that nothing is lost.

Whatever fails, tasks, nodes, the controller, time limits or an answer of sbatch, all runs must be done in the end, with
the bytes of one process, and `pfedla cluster status` must say how they stand. Installs Slurm if that is missing (root).
"""

import os
import pathlib
import sys
import tempfile

from cluster import disturb, scenarios
from cluster.private_slurm import CannotStart, PrivateSlurm
from cluster.sweeps import Sweeps
from cluster.truth import Truth
from survival import parts
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


def main():
    """Does the parts; exit status 1 if there are faults, 3 if Slurm does not run on this machine."""
    chosen = parts.options(__doc__, PARTS)
    try:
        return check(chosen)
    except CannotStart as error:
        print(f"SKIPPED: Slurm does not start here: {error}")
        return 3


def check(chosen):
    """Does the parts on a private Slurm; returns the exit status."""
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
            sweeps.prepare(*(profile for profile, users in PROFILES.items() if users & set(chosen.parts)))
            parts.do(chosen, PARTS, calls, record)
        finally:
            sweeps.end()
    record.say(str(truth))
    record.summary()
    return 1 if record.faults else 0


if __name__ == "__main__":
    sys.exit(main())
