"""Limits of memory (ulimit -v): too little of it ends the program with one line, whenever it notices."""

import os
import shutil
import signal
import time

from .program import in_parallel
from .work import files

# In megabytes. Where the program begins to have enough the steps are small.
LIMITS = [*range(200, 360, 5), *range(360, 1001, 40)]
SMALL = {"rounds": 4}
# The models of 300 clients are about 75 MB, and so is a checkpoint; then so is the result.
LARGE = ("partition.clients=300", "rounds=2", "saved_models=trained")
# Asleep for so long with all threads, it waits for something that does not come.
IDLE_SECONDS = 6
TIME_LIMIT = 60


def used_ticks(pid):
    """The processor time of a process; None if a thread is running or waits for the disk."""
    ticks = 0
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/stat", encoding="utf-8") as file:
                fields = file.read().rpartition(")")[2].split()
            if fields[0] in "RD":
                return None
            ticks += int(fields[11]) + int(fields[12])
    except (FileNotFoundError, ProcessLookupError):
        return None
    return ticks


def wait(running):
    """Waits for the end. A process that hangs gets SIGTERM, then SIGKILL; returns the end and how it hung."""
    end = time.monotonic() + TIME_LIMIT
    idle_since, before = time.monotonic(), None
    while running.is_alive and time.monotonic() < end:
        now = used_ticks(running.pid)
        if now is None or now != before:
            idle_since, before = time.monotonic(), now
        elif time.monotonic() - idle_since > IDLE_SECONDS:
            break
        running.wait_at_most(0.02)
    if not running.is_alive:
        return running.wait(), None
    why = "was not done" if time.monotonic() >= end else f"had slept with all threads for {IDLE_SECONDS} s"
    how = f"hung: {why} after {TIME_LIMIT - end + time.monotonic():.0f} s"
    running.send(signal.SIGTERM)
    ended = running.wait(10)
    return ended, how + (", SIGTERM did not end it" if ended.hung else ", SIGTERM ended it")


class Case:
    """A command under all limits."""

    def __init__(self, work, record, name, make, is_right):
        self.work, self.record, self.name = work, record, name
        self.make, self.is_right = make, is_right
        self.place = work.place(f"memory-{name.replace(' ', '-')}")

    def attempt(self, megabytes):
        """One limit: whether it was enough, or what went wrong."""
        folder = self.place / str(megabytes)
        folder.mkdir()
        arguments = self.make(folder)
        what = f"ulimit -v {megabytes * 1000}; pfedla {' '.join(map(str, arguments[:1]))} ({self.name})"
        running = self.work.program.start(arguments, shell_limit=f"ulimit -v {megabytes * 1000}")
        ended, hung = wait(running)
        outcome = "enough"
        if hung:
            outcome = "hung"
            self.record.check(False, what, f"{hung}: {ended.said}", f"{self.name} hung")
        elif ended.status != 0:
            wrong = ended.refusal_fault()
            outcome = "refused" if wrong is None else ended.how
            if self.record.check(wrong is None, what, wrong, f"{self.name} {ended.how}"):
                self.check_half(folder, what)
        else:
            self.record.check(self.is_right(folder), what, "exit code 0 and another result than without a limit")
        shutil.rmtree(folder)
        return outcome

    def check_half(self, folder, what):
        """Nothing half-written."""
        left = [str(path.relative_to(folder)) for path in folder.rglob("*.tmp-*")]
        self.record.check(not left, what, f"left over: {', '.join(left)}")

    def all(self, limits):
        """All limits, two at a time."""
        outcomes = in_parallel(self.attempt, limits)
        parts = []
        for outcome in dict.fromkeys(outcomes):
            found = [limit for limit, other in zip(limits, outcomes) if other == outcome]
            parts.append(f"{outcome} {len(found)} times ({' '.join(map(str, found))})")
        self.record.say(f"{self.name}, limits in MB: {', '.join(parts)}")
        self.record.check("enough" in outcomes, self.name, f"no limit was enough: {outcomes}")
        return [limit for limit, outcome in zip(limits, outcomes) if outcome == "enough"]


def check_term(work, record, megabytes):
    """With little memory SIGTERM still saves a checkpoint and ends the run; returns whether a run was there to end."""
    output = work.place(f"memory-term-{megabytes}") / "a.h5"
    what = f"SIGTERM with ulimit -v {megabytes * 1000}"
    arguments = work.run(output, rounds=80, checkpoint_every=0, workers=2)
    running = work.program.start(arguments, shell_limit=f"ulimit -v {megabytes * 1000}")
    if not running.wait_for("round 1/", 30):
        ended, hung = wait(running)
        wrong = hung or ended.refusal_fault()
        record.check(wrong is None, what, wrong)
        return False
    record.add("signals", running.send(signal.SIGTERM))
    ended = running.wait(20)
    # Saving the checkpoint needs memory too, and may be refused.
    wrong = None if ended.status == 130 else ended.refusal_fault()
    record.check(wrong is None, what, wrong)
    ended = work.program.run(arguments)
    work.check_run(ended, output, work.run_bytes(rounds=80, checkpoint_every=0), f"{what}, resumed without a limit")
    return True


def check(work, record):
    """Runs and exports under all limits."""
    small = work.run_bytes(**SMALL)
    result = work.place("memory-result") / "a.h5"
    result.write_bytes(small)
    tables = work.folder / "memory-tables"
    work.program.run(["export", result, "--csv", tables])
    expected_tables = files(tables)
    data = work.folder / "memory-data"
    work.synthesize(data, 720)
    large = {"data": data, "method": "fedavg", "more": LARGE}
    expected = work.run_bytes(**large)

    enough = Case(
        work, record, "a run", lambda folder: work.run(folder / "a.h5", workers=2, **SMALL),
        lambda folder: (folder / "a.h5").read_bytes() == small).all(LIMITS)
    enough_for_many = Case(
        work, record, "a run of 300 clients", lambda folder: work.run(folder / "a.h5", workers=2, **large),
        lambda folder: (folder / "a.h5").read_bytes() == expected).all(LIMITS[::3])
    record.check(
        len(enough) < len(LIMITS) or len(enough_for_many) < len(LIMITS[::3]), "memory",
        "every limit was enough, expected that some are not: smaller ones are needed")
    Case(
        work, record, "an export", lambda folder: ["export", result, "--csv", folder / "csv"],
        lambda folder: files(folder / "csv") == expected_tables).all(LIMITS)
    sent = [limit for limit in (enough[:1] + enough[4::8]) if check_term(work, record, limit)]
    record.check(sent, "memory", "found no limit in which SIGTERM could be sent, expected some")
    record.say(f"SIGTERM with {', '.join(map(str, sent))} MB")
