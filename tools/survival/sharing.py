"""Several processes on one output."""

import re
import time

from .program import in_parallel
from .work import NO_PICTURES

ROUNDS = 80
DONE = re.compile(r"^\d+/\d+ (\S+): round (\d+)/\2,", re.MULTILINE)


def check_second_run(work, record, more):
    """The second run of an output says at once who writes it, and does not disturb the first."""
    what = f"a second run {' '.join(more)}".strip()
    output = work.place(what.replace(" ", "-")) / "a.h5"
    first = work.program.start(work.run(output, rounds=ROUNDS))
    first.wait_for("round 1/")
    began = time.monotonic()
    ended = work.program.run(work.run(output, rounds=ROUNDS, more=more))
    seconds = time.monotonic() - began
    record.check(first.is_alive, what, "the first run ended before it: make it longer")
    wrong = ended.refusal_fault()
    record.check(wrong is None, what, wrong)
    record.check(f"process {first.pid} " in ended.errors, what, f"{ended.tail}; expected the name process {first.pid}")
    record.check(seconds < 5, what, f"took {seconds:.1f} s, expected an answer at once")
    work.check_run(first.wait(), output, work.run_bytes(rounds=ROUNDS), what)


def check_after_kill(work, record):
    """A killed process holds no lock: the next one resumes at once."""
    output = work.place("after-kill") / "a.h5"
    first = work.program.start(work.run(output, rounds=ROUNDS))
    first.wait_for("round 1/")
    record.add("kills", first.kill())
    what = "a run after a killed one"
    record.check(output.with_name("a.h5.lock").exists(), what, "found no lock file of the killed run, expected one")
    work.check_run(work.program.run(work.run(output, rounds=ROUNDS)), output, work.run_bytes(rounds=ROUNDS), what)


def check_race(work, record, number):
    """Four runs of one output start together: one does it, and the others say that it is taken or done."""
    what = f"four runs at once, {number}"
    output = work.place(f"race-{number}") / "a.h5"
    processes = [work.program.start(work.run(output, rounds=2)) for _ in range(4)]
    ended = [running.wait() for running in processes]
    done = [one for one in ended if one.status == 0]
    if record.check(len(done) == 1, what, f"{len(done)} did it, expected one: {[one.tail for one in ended]}"):
        work.check_run(done[0], output, work.run_bytes(rounds=2), what)
    for one in ended:
        if one.status != 0:
            wrong = one.refusal_fault()
            record.check(wrong is None, what, wrong)
            record.check(
                "writes it" in one.errors or "already exists" in one.errors, what,
                f"{one.tail}; expected that the output is written or exists")


def check_sweep(work, record, number, seeds):
    """Processes share a new folder, from its synthetic images to its report: each cell is done once."""
    what = f"{number} processes on one sweep"
    more = ("--seeds", str(seeds))
    expected = work.sweep_files(*more)
    output = work.folder / f"shared-by-{number}"
    processes = [
        work.program.start(work.sweep(output, *more), environment=NO_PICTURES) for _ in range(number)]
    shares = []
    for running in processes:
        ended = running.wait(300)
        record.check(ended.status == 0, what, f"{ended.tail}; expected exit code 0")
        shares.append([match[0] for match in DONE.findall(ended.errors)])
    found = sorted(name for share in shares for name in share)
    names = sorted(name[len("cells/"):-len(".h5")] for name in expected if name.endswith(".h5"))
    record.check(found == names, what, f"done: {found}, expected each once: {names}")
    work.check_sweep(ended, output, more, what)
    record.say(f"{what}: they did {', '.join(str(len(share)) for share in shares)} of {len(names)} cells")


def check(work, record):
    """All of them."""
    in_parallel(lambda more: check_second_run(work, record, more), ([], ["--overwrite"]))
    check_after_kill(work, record)
    for number in range(8):
        check_race(work, record, number)
    record.say("a second run, a run after a killed one, and four runs at once eight times")
    check_sweep(work, record, 2, 2)
    check_sweep(work, record, 6, 4)
