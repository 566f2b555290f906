"""What the parts count and which faults they find."""

import contextlib
import re
import threading
import time
import traceback


class Record:
    """Counts and faults of all parts; threads may share it."""

    def __init__(self):
        self.began = time.monotonic()
        self.faults = {}
        self.skipped = []
        self.counts = dict.fromkeys(("kills", "signals", "failed writes", "lost bytes"), 0)
        self.seconds = {}
        self.lock = threading.Lock()

    @property
    def fault_count(self):
        """Faults of all kinds."""
        return sum(len(texts) for texts in self.faults.values())

    def add(self, name, number=1):
        """Raises a count."""
        with self.lock:
            self.counts[name] += number

    def check(self, condition, what, cause, kind=None):
        """Notes a fault and continues, so that one call shows all; returns the condition.

        - what: which disturbance of what.
        - cause: what was found and expected.
        - kind: faults of one kind are counted together, and the first three printed; by default those whose causes
          differ only in paths and numbers.
        """
        if not condition:
            if kind is None:
                kind = re.sub(r"[\w.-]+\.tmp-[\d-]+", "a temporary file", re.sub(r"\S*/", "", cause))
                kind = re.sub(r"\d+", "0", kind)
            with self.lock:
                texts = self.faults.setdefault(kind, [])
                texts.append(f"{what}: {cause}")
                if len(texts) <= 3:
                    print(f"  FAULT: {texts[-1]}", flush=True)
        return condition

    def say(self, text):
        """A line of progress."""
        with self.lock:
            print(f"  {text}", flush=True)

    def skip(self, text):
        """Something cannot be tried on this machine."""
        self.skipped.append(text)
        self.say(f"SKIPPED: {text}")

    @contextlib.contextmanager
    def part(self, name, summary):
        """One part: its heading, and at its end its seconds, counts and faults."""
        print(f"{name}: {summary} ({time.monotonic() - self.began:.0f} s)", flush=True)
        start, before, faults = time.monotonic(), dict(self.counts), self.fault_count
        try:
            yield
        except Exception:  # pylint: disable=broad-except
            # A mistake of this check must not hide what the other parts find.
            self.check(False, name, f"the check itself failed: {traceback.format_exc()}")
        self.seconds[name] = time.monotonic() - start
        found = [
            f"{self.counts[key] - before[key]} {key}" for key in self.counts
            if self.counts[key] > before[key]]
        self.say(", ".join(
            [f"{self.seconds[name]:.0f} s", *found, f"{self.fault_count - faults} faults"]))

    def same_bytes(self, found, expected, what, name="the result"):
        """A result must be the undisturbed one; the bytes that are missing or differ count as lost."""
        if found == expected:
            return True
        lost = len(expected)
        if found is not None:
            lost = sum(a != b for a, b in zip(found, expected)) + abs(len(expected) - len(found))
        self.add("lost bytes", lost)
        size = "no file" if found is None else f"{len(found)} bytes"
        return self.check(
            False, what,
            f"{name}: found {size}, expected the {len(expected)} of the undisturbed one; {lost} are lost or differ")

    def summary(self):
        """The closing lines: every kind of fault with its first example, and the counts."""
        for texts in self.faults.values():
            more = f" (and {len(texts) - 1} more of this kind)" if len(texts) > 1 else ""
            print(f"FAULT: {texts[0]}{more}")
        print("seconds: " + ", ".join(f"{name} {value:.0f}" for name, value in self.seconds.items()))
        if self.skipped:
            print(f"skipped: {'; '.join(self.skipped)}")
        counts = ", ".join(f"{number} {name}" for name, number in self.counts.items())
        kinds = f" of {len(self.faults)} kinds" if self.faults else ""
        print(f"{counts}, {self.fault_count} faults{kinds}, {time.monotonic() - self.began:.0f} s")
