"""Compares what `pfedla cluster status` says with what Slurm, the files and the processes show."""

import collections
import json
import time

from .private_slurm import LIVE

STATES = {"done", "running", "waiting", "failed", "lost", "uncertain"}
# So long the sign of life of a process that was killed may still be believed.
PATIENCE = 130


class Truth:
    """Asks for the status again and again, and counts right, late and wrong answers."""

    def __init__(self, sweeps):
        """Of sweeps on a private Slurm."""
        self.sweeps = sweeps
        self.counts = collections.Counter()
        self.asked = 0
        # When a run's process was last seen or heard.
        self.seen = {}

    def _allowed(self, submitted, is_up, running):
        """The answers that are right for each run, at this moment."""
        tasks = {task.index: task.state for task in self.sweeps.slurm.jobs(submitted.job)} if is_up else {}
        allowed = {}
        for index, names in enumerate(submitted.tasks):
            alive = bool(submitted.programs(index))
            # A process that began and ended between two questions has left its log.
            silent = 0 if alive else submitted.silence(index)
            for name in names:
                self.seen[name] = max(time.monotonic() - silent, self.seen.get(name, -PATIENCE))
                if (submitted.output / "cells" / f"{name}.h5").exists():
                    allowed[name] = {"done"}
                elif name in running and alive:
                    allowed[name] = {"running"}
                elif not is_up:
                    allowed[name] = {"running", "uncertain"} if alive else {"uncertain"}
                else:
                    allowed[name] = answers(tasks.get(str(index)), alive)
        return allowed

    def compare(self, submitted, what, is_up=True, running=()):
        """Asks once; `running` names runs that are certainly at work. Returns the answer, by run."""
        before = self._allowed(submitted, is_up, running)
        ended = self.sweeps.call("status", submitted.output, "--json")
        after = self._allowed(submitted, is_up, running)
        what = f"status: {what}"
        check = self.sweeps.record.check
        self.asked += 1
        if not check(ended.status == 0, what, f"{ended.tail}; expected exit code 0"):
            return {}
        cells = json.loads(self.sweeps.answer)["cells"]
        found = {cell["name"]: cell["state"] for cell in cells}
        unknown = set(found.values()) - STATES
        check(not unknown, what, f"unknown states: {', '.join(sorted(unknown))}")
        for name in sorted(before.keys() - found.keys()):
            check(False, what, f"{name}: missing, expected {' or '.join(sorted(before[name]))}")
        for name, right in before.items():
            state = found.get(name)
            right = right | after[name]
            recent = time.monotonic() - self.seen.get(name, -PATIENCE) < PATIENCE
            if state in right:
                self.counts["right"] += 1
            elif state == "running" and recent and "done" not in right:
                self.counts["late"] += 1
            elif state is not None:
                self.counts["wrong"] += 1
                check(False, what, f"{name}: found {state}, expected {' or '.join(sorted(right))}")
        return found

    def compare_states(self, submitted, what, right):
        """Asks once where the program cannot know which job it is: all runs must be in one of these states."""
        ended = self.sweeps.call("status", submitted.output, "--json")
        self.asked += 1
        check = self.sweeps.record.check
        if not check(ended.status == 0, f"status: {what}", f"{ended.tail}; expected exit code 0"):
            return {}
        found = {cell["name"]: cell["state"] for cell in json.loads(self.sweeps.answer)["cells"]}
        for name, state in found.items():
            self.counts["right" if state in right else "wrong"] += 1
            check(state in right, f"status: {what}", f"{name}: found {state}, expected {' or '.join(sorted(right))}")
        return found

    def settle(self, submitted, what, seconds):
        """Asks until no run is called running or waiting, when no task lives any more."""
        end = time.monotonic() + seconds
        while True:
            found = self.compare(submitted, what)
            if not {"running", "waiting"} & set(found.values()):
                return found
            if time.monotonic() > end:
                self.sweeps.record.check(False, f"status: {what}", f"still {found} after {seconds} s")
                return found
            time.sleep(2)

    def __str__(self):
        """The counts in a line."""
        return (
            f"status asked {self.asked} times: {self.counts['right']} answers right, {self.counts['late']} late, "
            f"{self.counts['wrong']} wrong")


def answers(state, alive):
    """The right answers for a run without a result, from its task's state in Slurm (None: gone) and its process."""
    if state in ("RUNNING", "COMPLETING") and alive:
        return {"running", "waiting"}
    if state in ("RUNNING", "COMPLETING"):
        # It has not begun, or has just ended.
        return {"running", "waiting", "uncertain"}
    if state in LIVE:
        return {"waiting", "running", "uncertain"} if alive else {"waiting"}
    return {"running", "uncertain"} if alive else {"failed", "lost"}
