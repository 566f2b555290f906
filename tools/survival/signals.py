"""Signals that ask a program to end, SIGKILL, and a process that is stopped and continued."""

import random
import signal
import time

from .program import in_parallel
from .work import NO_PICTURES

ASKING = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"]
RUN_ROUNDS = 80
SWEEP = ("--only", "method=fedavg,pfedla", "--set", "rounds=80")


class Case:
    """A command that takes seconds, in a place of its own: a run, or a sweep of two cells."""

    def __init__(self, work, record, kind, name, checkpoint_every):
        self.work, self.record, self.kind = work, record, kind
        self.what = f"{kind} and {name}"
        folder = work.place(f"{kind}-{name}")
        if kind == "run":
            self.folder, self.output = folder, folder / "a.h5"
            self.settings = {"rounds": RUN_ROUNDS, "checkpoint_every": checkpoint_every}
            self.arguments = work.run(self.output, **self.settings)
        else:
            self.folder, self.output = folder / "sweep" / "cells", folder / "sweep"
            self.more = (*SWEEP, f"checkpoint_every={checkpoint_every}")
            self.arguments = work.sweep(self.output, *self.more)

    def start(self):
        """Begins, or resumes."""
        return self.work.program.start(self.arguments, environment=NO_PICTURES)

    def has_checkpoint(self):
        """Whether it can resume."""
        return any(self.folder.glob("*.checkpoint"))

    def has_result(self):
        """Whether a run is finished: the same command would refuse to do it again."""
        return self.kind == "run" and self.output.exists()

    def check_end(self, ended, more=""):
        """It must have ended as if undisturbed."""
        if self.kind == "run":
            self.work.check_run(ended, self.output, self.work.run_bytes(**self.settings), self.what + more)
        else:
            self.work.check_sweep(ended, self.output, self.more, self.what + more)


def after_first_round(work, record, kind, name):
    """A signal in the middle of training: a checkpoint, exit code 130, and the same command resumes."""
    # Without periodic checkpoints, so that the signal must save one; SIGKILL cannot.
    case = Case(work, record, kind, name, checkpoint_every=1 if name == "SIGKILL" else 0)
    running = case.start()
    if not record.check(running.wait_for("round 1/"), case.what, f"no first round: {running.errors[-300:]}"):
        return
    if name == "SIGKILL":
        # Until there is something to resume from.
        running.wait_for_file(case.folder, "*.checkpoint")
    sent = running.send(getattr(signal, name))
    ended = running.wait(60)
    if not record.check(sent, case.what, "the signal came too late: make the run longer"):
        return
    record.add("signals")
    if name == "SIGKILL":
        record.add("kills")
        record.check(ended.status == -signal.SIGKILL, case.what, f"{ended.tail}; expected SIGKILL")
    else:
        record.check(ended.status == 130, case.what, f"{ended.tail}; expected exit code 130")
        record.check("Stopping" in ended.errors, case.what, f"no notice: {ended.tail}")
    record.check(case.has_checkpoint(), case.what, "found no checkpoint, expected one")
    record.check(not case.has_result(), case.what, "found a result of an unfinished run, expected none")
    ended = case.start().wait()
    record.check("esuming after round" in ended.errors, case.what, f"did not resume: {ended.tail}")
    case.check_end(ended, ", resumed")


def twice(work, record, kind):
    """The second signal ends the process at once; nothing is damaged."""
    case = Case(work, record, kind, "two signals", checkpoint_every=0)
    running = case.start()
    running.wait_for("round 1/")
    for _ in range(2):
        record.add("signals", running.send(signal.SIGTERM))
        running.wait_for("Stopping", 5)
    ended = running.wait(60)
    record.check(ended.status == 130, case.what, f"{ended.tail}; expected exit code 130")
    case.check_end(case.start().wait(), ", resumed")


def stopped(work, record, kind, number, choose):
    """SIGSTOP and SIGCONT at a random moment: nothing happens in between, and nothing changes."""
    case = Case(work, record, kind, f"stop {number}", checkpoint_every=1)
    running = case.start()
    running.wait_for("round 1/")
    running.wait_at_most(choose.uniform(0, 0.3))
    if not record.check(running.send(signal.SIGSTOP), case.what, "the signal came too late: make the run longer"):
        return
    record.add("signals", 2)
    end = time.monotonic() + 10
    while state_of(running.pid) != "T" and time.monotonic() < end:
        time.sleep(0.005)
    record.check(state_of(running.pid) == "T", case.what, f"state {state_of(running.pid)}, expected T (stopped)")
    before = {path: path.stat().st_mtime_ns for path in case.output.parent.rglob("*")}
    time.sleep(0.4)
    after = {path: path.stat().st_mtime_ns for path in case.output.parent.rglob("*")}
    record.check(before == after, case.what, "files changed while the process was stopped")
    running.send(signal.SIGCONT)
    ended = running.wait(60)
    case.check_end(ended)


def state_of(pid):
    """R, S, D, T, …, as the kernel tells."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()[0]


def at_random(work, record, kind, number, choose):
    """Signals at random moments, also at the start, where the process may simply die, until the work is done."""
    case = Case(work, record, kind, f"random {number}", checkpoint_every=0)
    for attempt in range(6):
        name = choose.choice(ASKING)
        running = case.start()
        running.wait_at_most(choose.uniform(0, 0.8))
        if running.send(getattr(signal, name)):
            record.add("signals")
        ended = running.wait(60)
        if ended.status == 0:
            case.check_end(ended)
            return
        # Before the first round there is nothing to save; a run handles signals from its first line on.
        has_begun = "round 1" in ended.errors if kind == "sweep" else ended.errors
        expected = (130,) if has_begun else (130, -getattr(signal, name))
        if not record.check(
                ended.status in expected, f"{case.what}, {name} number {attempt + 1}",
                f"{ended.tail}; expected {expected}"):
            return
        if case.has_result():
            break
    if not case.has_result():
        case.check_end(case.start().wait())


def check(work, record, seed):
    """All of them."""
    cases = [(kind, name) for kind in ("run", "sweep") for name in (*ASKING, "SIGKILL")]
    in_parallel(lambda case: after_first_round(work, record, *case), cases)
    record.say(f"{', '.join(ASKING)} and SIGKILL after the first round, to a run and to a sweep")
    in_parallel(lambda kind: twice(work, record, kind), ("run", "sweep"))
    record.say("a second signal before the round ends")
    cases = [(kind, number) for kind in ("run", "sweep") for number in range(2)]
    in_parallel(
        lambda case: stopped(work, record, *case, random.Random(f"{seed} stop {case}")), cases)
    record.say("stopped and continued")
    cases = [(kind, number) for kind in ("run", "sweep") for number in range(4)]
    in_parallel(
        lambda case: at_random(work, record, *case, random.Random(f"{seed} signal {case}")), cases)
    record.say("signals at random moments, until the work is done")
