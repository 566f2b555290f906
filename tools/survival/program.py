"""Starts the pfedla program and reads what it says."""

import concurrent.futures
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
# What a crash prints, whichever way the process ends.
TRACE = re.compile(
    r"Fatal error|Backtrac|stack trace|swift-runtime|terminate called|Assertion|stack smashing|malloc\(\)|^#\d+ ",
    re.MULTILINE)
# A line of a stack trace.
FRAME = re.compile(r"^\d+ +\S+ +0x")
# An error of the program, or of the system's loader before it starts.
ERROR = re.compile(r"^(Error: |\S*pfedla\S*: error while loading shared libraries: )")


class Ended:
    """How a process ended: its exit status (negative: the signal that killed it) and its messages."""

    def __init__(self, status, errors, output=b"", hung=False):
        self.status = status
        self.errors = errors
        self.output = output
        self.hung = hung

    @property
    def how(self):
        """The end in words, for a fault."""
        if self.hung:
            return "did not end in time and was killed"
        if self.status < 0:
            with contextlib.suppress(ValueError):
                return f"died of {signal.Signals(-self.status).name}"
        return f"exit code {self.status}"

    @property
    def tail(self):
        """The end in words with its last messages."""
        return f"{self.how}: {self.said}"

    @property
    def said(self):
        """The last messages in one line."""
        lines = [line for line in self.errors.splitlines() if line.strip() and not FRAME.match(line)]
        return " | ".join(lines[-3:])[-500:]

    @property
    def error_lines(self):
        return [line for line in self.errors.splitlines() if ERROR.match(line)]

    def refusal_fault(self):
        """What is wrong with an end that should be an exit code and one short line; None if nothing is."""
        if self.hung or self.status < 0:
            return self.tail
        if self.status == 0:
            return "exit code 0, expected an error"
        # Swift prints what could not be allocated before the program explains it.
        said = self.errors.strip().splitlines()
        if self.status == 1 and said and said[-1].startswith("Error: memory: "):
            return None
        if TRACE.search(self.errors):
            return f"a trace of a crash: {self.tail}"
        lines = self.error_lines
        if len(lines) != 1:
            return f"{len(lines)} error lines, expected one: {self.tail}"
        # Without folders, whose length is the user's choice.
        length = len(re.sub(r"\S*/", "", lines[0]))
        if length > 400:
            return f"a line of {length} characters, expected a short one: {lines[0]}"
        if lines[0] != self.errors.strip().splitlines()[-1]:
            return f"the error is not the last line: {self.tail}"
        return None


class Running:
    """A process that has been started; its messages go to a file."""

    def __init__(self, process, errors):
        self.process = process
        self.pid = process.pid
        self.errors_file = errors

    @property
    def errors(self):
        return self.errors_file.read_text(errors="replace")

    @property
    def is_alive(self):
        return self.process.poll() is None

    def send(self, number):
        """Sends a signal; False if the process has ended before it."""
        if not self.is_alive:
            return False
        self.process.send_signal(number)
        return True

    def kill(self):
        """SIGKILL; False if it came too late: only a process that died of it was hit."""
        return self.send(signal.SIGKILL) and self.wait().status == -signal.SIGKILL

    def wait(self, limit=120):
        """Waits for the end; kills a process that takes longer."""
        try:
            status = self.process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return Ended(self.process.wait(), self.errors, hung=True)
        return Ended(status, self.errors)

    def wait_for(self, text, limit=60):
        """Waits until the messages contain a text; False if the process ends before that."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            alive = self.is_alive
            if text in self.errors:
                return True
            if not alive:
                return False
            time.sleep(0.003)
        return False

    def wait_for_file(self, folder, pattern):
        """Waits until there is such a file; False if the process ends before that."""
        while self.is_alive:
            if next(folder.glob(pattern), None) is not None:
                return True
            time.sleep(0.001)
        return False

    def wait_at_most(self, seconds):
        """Waits that long, or until the end."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=seconds)


class Program:
    """The pfedla program, with a folder for its messages."""

    def __init__(self, path, folder):
        self.path = path
        self.folder = folder
        self.folder.mkdir()
        self.lock = threading.Lock()
        self.count = 0
        self.started = []
        # Without the lengthy search for names after a crash: the signal says enough.
        self.environment = {**os.environ, "SWIFT_BACKTRACE": "enable=no", "TMPDIR": str(folder)}
        self.environment.pop("PFEDLA_DATASETS", None)

    def start(self, arguments, environment=None, shell_limit=None, output=subprocess.DEVNULL):
        """Starts the program; `shell_limit` is a command for the shell that becomes it, such as ulimit."""
        command = [self.path, *map(str, arguments)]
        if shell_limit:
            command = ["sh", "-c", f'{shell_limit}; exec "$@"', "sh", *command]
        with self.lock:
            self.count += 1
            errors = self.folder / f"errors-{self.count}.txt"
        with open(errors, "wb") as stream:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=stream, cwd=REPOSITORY,
                env={**self.environment, **(environment or {})})
        with self.lock:
            self.started = [other for other in self.started if other.is_alive]
            self.started.append(Running(process, errors))
            return self.started[-1]

    def run(self, arguments, limit=120, **options):
        """Starts the program and waits for its end."""
        running = self.start(arguments, **options)
        ended = running.wait(limit)
        running.errors_file.unlink()
        return ended

    def run_limited(self, arguments, prepare):
        """As `run`, after a function in the child; its messages go through a pipe: no file is involved."""
        done = subprocess.run(
            [self.path, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, cwd=REPOSITORY, env=self.environment, timeout=120, check=False,
            preexec_fn=prepare)
        return Ended(done.returncode, done.stderr.decode(errors="replace"))

    def end_all(self):
        """Ends what is still running, when the check ends early."""
        for running in self.started:
            if running.is_alive:
                running.process.kill()
                running.process.wait()


def in_parallel(function, items, workers=2):
    """Calls the function for every item, two at a time; an exception ends the check."""
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, items))
