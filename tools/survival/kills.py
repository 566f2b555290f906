"""SIGKILL at random moments, and at every call that writes; after it, the same command resumes."""

import random
import re
import signal
import time

from . import preload
from .program import in_parallel
from .work import NO_PICTURES, TEMPORARY

METHODS = ["local", "fedavg", "scaffold", "pfedme", "fedala", "apfl", "fedamp", "pfedhn", "pfedla", "heurpfedla"]
RUN_ROUNDS = 12
SWEEP = ("--seeds", "2")


class Traces:
    """What the kills left behind: shows which moments they hit. Counts how often work was resumed."""

    def __init__(self):
        self.seen = dict.fromkeys(("temporary files", "checkpoints", "locks", "results"), 0)
        self.resumed = 0

    def look(self, folder):
        """Looks once, after a kill."""
        names = [path.name for path in folder.glob("*")] if folder.is_dir() else []
        self.seen["temporary files"] += any(TEMPORARY.search(name) for name in names)
        self.seen["checkpoints"] += any(name.endswith(".checkpoint") for name in names)
        self.seen["locks"] += any(name.endswith(".lock") for name in names)
        self.seen["results"] += any(name.endswith(".h5") for name in names)

    def __str__(self):
        return ", ".join(f"{name} {number} times" for name, number in self.seen.items())


def wait_for_writing(running, folder, seconds):
    """Waits for the moment when a file is being written."""
    end = time.monotonic() + seconds
    while running.is_alive and time.monotonic() < end:
        if folder.is_dir() and any(TEMPORARY.search(path.name) for path in folder.glob("*.tmp-*")):
            return


def kill_runs(work, record, method, number, choose, traces):
    """Kills runs of a method until `number` kills have hit; every fifth one while a file is written."""
    expected = work.run_bytes(method=method, rounds=RUN_ROUNDS)
    folder = work.place(f"killed-{method}")
    kills = results = 0
    while kills < number:
        results += 1
        output = folder / f"{results}.h5"
        arguments = work.run(output, rounds=RUN_ROUNDS, method=method)
        what = f"killed run {results} of {method}"
        resumed = 0
        ended = None
        while ended is None or ended.status != 0:
            # At least the first round is saved where there is a checkpoint.
            files = (folder / f"{output.name}.checkpoint{end}" for end in ("", ".previous"))
            saved = max(resumed, any(path.exists() for path in files))
            running = work.program.start(arguments)
            if kills < number:
                if choose.random() < 0.2:
                    running.wait_for("round 1/")
                    wait_for_writing(running, folder, choose.uniform(0.01, 0.2))
                else:
                    running.wait_at_most(choose.uniform(0.01, 0.5))
                if running.kill():
                    kills += 1
                    record.add("kills")
                    traces.look(folder)
            ended = running.wait()
            if not record.check(ended.status in (0, -signal.SIGKILL), what, f"{ended.tail}; expected exit code 0"):
                return
            if output.exists():
                record.same_bytes(output.read_bytes(), expected, f"{what}, at once after a kill")
                if ended.status != 0:
                    # The kill came between the result and the end: the same command says that it is there.
                    again = work.program.run(arguments)
                    record.check("exists" in again.errors, f"{what}, killed after its result", again.tail)
                    break
            found = re.search(r"Resuming after round (\d+)", ended.errors)
            now = int(found.group(1)) if found else 0
            # A run that was killed before its first round may not have said yet that it resumes.
            if ": round " in ended.errors:
                record.check(
                    now >= saved, what,
                    f"resumed after round {now}, expected {int(saved)} or later: a checkpoint was lost")
            resumed = max(resumed, now)
        if ended.status == 0:
            work.check_run(ended, output, expected, what)


def kill_sweeps(work, record, campaign, number, choose, traces):
    """Two processes share a folder; a random one of them is killed, and begins again, until the sweep is done."""
    kills = sweeps = 0
    while kills < number:
        sweeps += 1
        output = work.folder / f"killed-sweep-{campaign}-{sweeps}"
        what = f"killed sweep {campaign}.{sweeps}"
        first_seen = {}
        arguments = work.sweep(output, *SWEEP)
        processes = [work.program.start(arguments, environment=NO_PICTURES) for _ in range(2)]
        while kills < number and all(running.is_alive for running in processes):
            victim = choose.randrange(2)
            if choose.random() < 0.2:
                wait_for_writing(processes[victim], output / "cells", choose.uniform(0.05, 0.5))
            else:
                processes[victim].wait_at_most(choose.uniform(0.02, 0.8))
            if processes[victim].kill():
                kills += 1
                record.add("kills")
                traces.resumed += processes[victim].errors.count("resuming after round")
                traces.look(output / "cells")
                work.check_no_wrong_result(output, SWEEP, f"{what}, at once after a kill")
                processes[victim] = work.program.start(arguments, environment=NO_PICTURES)
            for path in (output / "cells").glob("*.h5"):
                state = path.stat()
                now = (state.st_ino, state.st_mtime_ns)
                record.check(
                    first_seen.setdefault(path.name, now) == now, what, f"{path.name} was done twice")
        for running in processes:
            ended = running.wait()
            record.check(ended.status == 0, what, f"{ended.tail}; expected exit code 0")
            traces.resumed += ended.errors.count("resuming after round")
        # Whatever killed processes left is removed by the next call at the latest.
        ended = work.program.run(arguments, environment=NO_PICTURES)
        work.check_sweep(ended, output, SWEEP, what)


def kill_at_calls(work, record):
    """A kill at every single call that writes, of a run and of a sweep, with half of the bytes written."""
    expected = work.run_bytes(rounds=3)
    folder = work.place("killed-at-calls")

    def run(number):
        output = folder / f"run-{number}" / "a.h5"
        arguments = work.run(output, rounds=3)
        fault = work.library.failing(output.parent, number, "KILL")
        ended = work.program.run(arguments, environment=fault.environment)
        what = f"a run killed at its call {number}"
        if fault.failed == 0:
            work.check_run(ended, output, expected, what)
            return False
        record.check(ended.status == -signal.SIGKILL, what, f"{ended.tail}; expected SIGKILL")
        record.add("kills")
        if output.exists():
            record.same_bytes(output.read_bytes(), expected, what)
            return True
        work.check_run(work.program.run(arguments), output, expected, what)
        return True

    more = ("--only", "method=fedavg", "--set", "rounds=2")

    def sweep(number):
        output = folder / f"sweep-{number}"
        fault = work.library.failing(output, number, "KILL")
        ended = work.program.run(work.sweep(output, *more), environment={**NO_PICTURES, **fault.environment})
        what = f"a sweep killed at its call {number}"
        if fault.failed == 0:
            work.check_sweep(ended, output, more, what)
            return False
        record.check(ended.status == -signal.SIGKILL, what, f"{ended.tail}; expected SIGKILL")
        record.add("kills")
        work.check_no_wrong_result(output, more, what)
        ended = work.program.run(work.sweep(output, *more), environment=NO_PICTURES)
        work.check_sweep(ended, output, more, what)
        return True

    record.say(f"{preload.count_up(run)} kills of a run, one at every call that writes")
    record.say(f"{preload.count_up(sweep)} kills of a sweep, one at every call that writes")


def check(work, record, seed, number):
    """`number` kills at random moments, half of them of runs and half of sweeps, then those at every call."""
    traces = Traces()
    runs = number // 2
    shares = [runs // len(METHODS) + (index < runs % len(METHODS)) for index in range(len(METHODS))]
    in_parallel(
        lambda index: kill_runs(
            work, record, METHODS[index], shares[index], random.Random(f"{seed} run {index}"), traces),
        range(len(METHODS)))
    record.say(f"{runs} kills of runs of {len(METHODS)} methods")
    campaigns = 4
    sweeps = number - runs
    work.sweep_files(*SWEEP)
    for campaign in range(campaigns):
        share = sweeps // campaigns + (campaign < sweeps % campaigns)
        kill_sweeps(work, record, campaign, share, random.Random(f"{seed} sweep {campaign}"), traces)
    record.say(f"{sweeps} kills of sweeps that two processes share; {traces.resumed} times a cell resumed")
    record.check(traces.resumed > 0, "killed sweeps", "no cell ever resumed, expected that some do")
    record.say(f"they left: {traces}")
    if work.library:
        kill_at_calls(work, record)
