"""Every call that writes fails, one after another: the disk is full from the first, the second, … call on."""

import re
import shutil

from .preload import count_up
from .program import TRACE, in_parallel
from .work import LEFTOVER, NO_PICTURES

WORDS = {
    "ENOSPC": "No space left on device|enough space", "EIO": "Input/output error",
    "EROFS": "Read-only file system|not writable|read only"}


class Case:
    """A command whose writes fail: how its place is prepared, and what must be true afterwards."""

    name = ""
    environment = NO_PICTURES

    def __init__(self, work, record):
        self.work, self.record = work, record
        self.place = work.place(f"writes-{self.name.replace(' ', '-')}")

    def prepare(self, folder):
        """What is there before; the folder exists afterwards only if there is something."""

    def arguments(self, folder):
        """The command."""
        raise NotImplementedError

    def check_failed(self, folder, what):
        """After the failure: nothing half-written."""

    def check_end(self, ended, folder, what):
        """After the same command with a disk that works."""
        raise NotImplementedError

    def attempt(self, number, how):
        """Fails from a call on; returns whether any call failed."""
        folder = self.place / f"{how}-{number}"
        what = f"{self.name}, {how} from call {number} on"
        self.prepare(folder)
        fault = self.work.library.failing(folder, number, how)
        ended = self.work.program.run(
            self.arguments(folder), environment={**self.environment, **fault.environment}, limit=60)
        failed = fault.failed
        self.record.add("failed writes", failed)
        if ended.status == 0:
            # A call whose failure does not matter, such as writing the holder's name into a lock.
            self.check_end(ended, folder, what)
            shutil.rmtree(folder)
            return failed > 0
        wrong = refusal_fault(ended, WORDS[how])
        self.record.check(wrong is None, what, wrong)
        if folder.exists():
            left = sorted(
                str(path.relative_to(folder)) for path in folder.rglob("*")
                if LEFTOVER.search(path.name) and ".checkpoint" not in path.name or ".tmp-" in path.name)
            self.record.check(not left, what, f"left over: {', '.join(left)}")
            self.check_failed(folder, what)
        self.check_end(
            self.work.program.run(self.arguments(folder), environment=self.environment), folder, f"{what}, then again")
        shutil.rmtree(folder)
        return failed > 0


def refusal_fault(ended, words):
    """As `Ended.refusal_fault`, but a sweep lists each failed cell with its reason, after or instead of the error."""
    failed = re.search(r"^\d+ runs? (of \d+ )?failed:\n((  .*\n)+)\Z", ended.errors, re.MULTILINE)
    lines = failed.group(2).splitlines() if failed else ended.error_lines
    is_listed = failed and ended.status == 1 and not TRACE.search(ended.errors)
    wrong = None if is_listed else ended.refusal_fault()
    if wrong is None and not all(re.search(words, line) for line in lines):
        wrong = f"the reason is not given: {' | '.join(lines)}; expected {words}"
    return wrong


def check(work, record, cases):
    """Every call of every case with a full disk; some with a broken one and one that has become read-only."""
    if work.library is None:
        record.skip("writes that fail")
        return
    for make in cases:
        case = make(work, record)
        calls = count_up(lambda number: case.attempt(number, "ENOSPC"))
        some = sorted({1 + index * (calls - 1) // 6 for index in range(7)})
        attempts = [(number, how) for how in ("EIO", "EROFS") for number in some]
        in_parallel(lambda attempt: case.attempt(*attempt), attempts)
        record.say(f"{case.name}: {calls} calls that write; each with ENOSPC, {len(some)} with EIO and EROFS")
