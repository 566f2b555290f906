"""Runs the code blocks of a page, as printed, in a copy of the checkout that holds the built programs.

A block without a language, or of `bash` or `sh`, runs in one bash that stops at the first failing command; a block of
`python` runs in Python. The blocks of a page run one after another in one copy, since a reader types them in this
order; every page has its own copy, since a reader may start at any of them.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

SHELL, PYTHON, TEXT = {"", "bash", "sh"}, {"python"}, {"text", "yaml"}
PROGRAMS = ["pfedla", "pfedla-benchmarks"]

# How pages write the reader's own folder.
FOLDERS = re.compile(r"/path/to/(?:your/)?datasets")


class Runner:
    """Where blocks run.

    - root, files: the checkout and its files' paths
    - python: a Python with the packages that Python blocks import
    - hidden: environment variables that the blocks do not see, such as those of the Makefile that runs the check
    - log: is called with a line about each block
    - limit: the seconds that a block may take
    """

    def __init__(self, root, files, python, hidden, log, limit):
        self.root, self.files, self.python = Path(root), files, Path(python)
        self.hidden, self.log, self.limit, self.datasets = hidden, log, limit, None

    @contextmanager
    def copy(self):
        """A copy of the checkout with the built programs, removed at the end."""
        with tempfile.TemporaryDirectory(prefix="check-pages-") as name:
            folder = Path(name) / self.root.name
            for path in self.files:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.root / path, folder / path)
            built = folder / ".build/release"
            built.mkdir(parents=True)
            for program in PROGRAMS:
                if (self.root / ".build/release" / program).exists():
                    (built / program).symlink_to(self.root / ".build/release" / program)
            if self.python.parent.name == "bin":
                (folder / ".venv").symlink_to(self.python.parent.parent.absolute())
            # The programs are built: `swift build` does nothing here, as in the checkout.
            swift = Path(name) / "bin/swift"
            swift.parent.mkdir()
            swift.write_text('#!/bin/sh\n[ "$1" = build ] || { echo "swift $1: not here" >&2; exit 1; }\n')
            swift.chmod(0o755)
            yield folder

    def run(self, page, folder):
        """Runs a page's blocks in a copy, and reports failures as faults of the page."""
        for block in page.blocks:
            place = f"{page.path}:{block.line}"
            if block.language in TEXT:
                continue
            if block.language not in SHELL | PYTHON:
                page.fault(
                    block.line, f"a code block of language {block.language}",
                    "one that can be run (none, bash, sh, python), or text")
                continue
            plan = self._plan(page, block)
            if plan is None:
                continue
            text, environment, before, notes = plan
            for note in notes:
                self.log(f"{place}: {note}")
            if not text.strip():
                continue
            started = time.monotonic()
            failure = None
            for command in before:
                failure = failure or self._bash(command, folder, environment)
            if failure is None:
                if block.language in PYTHON:
                    failure = self._execute(
                        [folder / ".venv/bin/python", "-c", text], folder, environment)
                else:
                    failure = self._bash(text, folder, environment)
            if failure:
                page.fault(block.line, failure, "a block that runs as printed")
            self.log(f"{place}: {'FAILED' if failure else 'ran'} ({time.monotonic() - started:.0f} s)")

    def _plan(self, page, block):
        """What to run: (text, environment, commands before, notes); none if the block is skipped."""
        text, environment, before, notes = block.text, {}, [], []
        for mark in block.marks:
            content = " ".join(mark.text.split())
            if match := re.fullmatch(r"skip((?: \"[^\"]+\")*), (.+)", content):
                parts = re.findall(r'"([^"]+)"', match[1])
                if not parts:
                    self.log(f"{page.path}:{block.line}: skipped: {match[2]}")
                    return None
                for part in parts:
                    kept = [line for line in text.splitlines(True) if part not in line]
                    if len(kept) == len(text.splitlines()):
                        page.fault(mark.line, f"nothing to skip for {part!r}", "a line of the block")
                    text = "".join(kept)
                    notes.append(f"skipped {part!r}: {match[2]}")
            elif match := re.fullmatch(r'replace "([^"]+)" by "([^"]*)", (.+)', content):
                if match[1] not in text:
                    page.fault(mark.line, f"nothing to replace for {match[1]!r}", "a text of the block")
                text = text.replace(match[1], match[2])
                notes.append(f"shortened, {match[2]!r} for {match[1]!r}: {match[3]}")
            elif match := re.fullmatch(r'with ((?:\w+=(?:"[^"]*"|[^\s",]+) ?)+), (.+)', content):
                values = re.findall(r'(\w+)=(?:"([^"]*)"|([^\s",]+))', match[1])
                environment |= {name: quoted or plain for name, quoted, plain in values}
                notes.append(f"shortened, with {match[1]}: {match[2]}")
            elif match := re.fullmatch(r"after `([^`]+)`, (.+)", content):
                before.append(match[1])
                notes.append(f"after `{match[1]}`: {match[2]}")
            else:
                page.fault(mark.line, f"the mark {content!r}", "skip, replace, with or after, and a reason")
        return text, environment, before, notes

    def _bash(self, text, folder, environment):
        if FOLDERS.search(text):
            text = FOLDERS.sub(str(self._datasets()), text)
        report = folder.parent / "failed"
        report.unlink(missing_ok=True)
        start = f"""trap 'printf "%s" "$BASH_COMMAND" >"{report}"' ERR\n"""
        failure = self._execute(["bash", "-Eeuo", "pipefail", "-c", start + text], folder, environment)
        if failure and report.exists():
            failure = f"the command `{' '.join(report.read_text().split())}`, which {failure}"
        return failure

    def _execute(self, command, folder, environment):
        """Runs a command; what went wrong, or none."""
        hidden = self.hidden | {"MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"}
        variables = {name: value for name, value in os.environ.items() if name not in hidden} | {
            "PATH": f"{folder.parent / 'bin'}:{os.environ['PATH']}",
            # A folder without files, so that nothing is fetched.
            "PFEDLA_DATASETS": str(folder / "datasets"),
            "MPLBACKEND": "Agg",
        } | environment
        try:
            process = subprocess.Popen(
                command, cwd=folder, env=variables, text=True, errors="replace",
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                start_new_session=True)
        except OSError as error:
            return f"cannot start: {error}"
        try:
            output, _ = process.communicate(timeout=self.limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return f"takes more than {self.limit} s"
        if process.returncode == 0:
            return None
        last = [line for line in output.splitlines() if line.strip()][-3:]
        return f"ends with {process.returncode}: {' / '.join(last) or 'no output'}"

    def _datasets(self):
        """A folder of synthetic images instead of the reader's."""
        if self.datasets is None:
            self.datasets = tempfile.TemporaryDirectory(prefix="check-pages-datasets-")
            subprocess.run(
                [self.root / ".build/release/pfedla", "datasets", "synthesize", "cifar10",
                 "--samples-per-class", "700", "--datasets", self.datasets.name],
                check=True, stdout=subprocess.DEVNULL)
            self.log("synthetic images replace /path/to/datasets")
        return self.datasets.name
