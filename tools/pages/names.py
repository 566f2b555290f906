"""Links, paths and code names of the pages: everything that a page names must exist.

- A relative link leads to a file or folder of the repository, and its anchor to a heading.
- Inline code that looks like a path, a command (`make …`, `pfedla …`), an option, or an identifier is looked up:
  paths among the files and the output of the page's blocks, targets in the Makefile, subcommands and options in the
  program's own description, Swift types and members among the declarations, other words in the sources.
- Names that are right but cannot be found are listed in exceptions.txt with the reason.
"""

import difflib
import fnmatch
import json
import os
import re
import shlex
import subprocess
from pathlib import Path

from .markdown import Fault, Page

SOURCES = {".swift", ".c", ".h", ".py", ".sh", ".R", ".m", ".jl", ".md"}
DATA = {
    ".h5", ".csv", ".png", ".svg", ".html", ".tex", ".json", ".bin", ".gz", ".yaml", ".checkpoint", ".previous"}
LISTINGS = [
    ("tools/*", "tools/README.md"), ("examples/*", "examples/README.md"),
    ("Sources/*", "CONTRIBUTING.md"), ("Documentation/*", "README.md"),
]


class Names:
    """Everything that a page may name."""

    def __init__(self, root, files, program=None):
        self.root, self.files = Path(root), set(files)
        self.folders = {str(folder) for path in files for folder in Path(path).parents} - {"."}
        self.basenames = {Path(path).name for path in files}
        self.targets, self.variables = _makefile(self.root / "Makefile")
        self.commands = _commands(program) if program else None
        self.types, self.words, self.literals, self.functions = _declarations(self.root, files)
        self.exceptions_file = "tools/pages/exceptions.txt"
        self.exceptions = _exceptions(self.root / self.exceptions_file)
        self.used = set()

    # The pages

    def check(self, page, copy=None):
        """Looks up the names in a page; `copy` is where its blocks have run."""
        for line, target in page.links():
            self._check_link(page, line, target)
        for line, text in page.code_spans():
            if self._is_exception(text):
                continue
            missing = self._missing(page, text, copy)
            if missing:
                page.fault(line, f"`{text}`", missing)
        for block in page.blocks:
            if block.language in ("", "bash", "sh"):
                for number, command in _lines(block.text):
                    missing = self._missing_command(command)
                    if missing:
                        page.fault(block.line + number, f"`{command}`", missing)

    def check_listings(self, pages):
        """Pages that list a folder list all of it: the faults."""
        faults = []
        for pattern, name in LISTINGS:
            text = next((page.text for page in pages if page.path == name), None)
            entries = {
                "/".join(path.split("/")[:2]) for path in self.files if fnmatch.fnmatchcase(path, pattern)}
            for entry in sorted(entries - {name}) if text is not None else []:
                if not re.search(rf"(?<!\w){re.escape(entry.split('/')[1])}(?!\w)", text):
                    faults.append(
                        Fault(name, 1, f"nothing about {entry}", f"all of {pattern[:-1]} named"))
        return faults

    def check_help(self):
        """The examples in the help texts name subcommands and options that exist: the faults."""
        faults = []
        for path, command in (self.commands or {}).items():
            for example in re.findall(r"^\s*(pfedla .+(?:\\\n.+)*)", command["discussion"], re.MULTILINE):
                text = re.split(r"\s{2,}#?", re.sub(r"\s*\\\n\s*", " ", example))[0]
                missing = self._missing_command(text)
                if missing:
                    faults.append(Fault(f"{' '.join(path)} --help", 1, f"`{text}`", missing))
        return faults

    def unused_exceptions(self):
        """Exceptions that no page has needed: (name, line)."""
        return [(name, line) for name, line in self.exceptions.items() if name not in self.used]

    def _is_exception(self, text):
        if text in self.exceptions:
            self.used.add(text)
        return text in self.exceptions

    # Links

    def _check_link(self, page, line, target):
        if re.match(r"[a-z]+:", target):
            return
        path, _, anchor = target.partition("#")
        resolved = os.path.normpath(os.path.join(os.path.dirname(page.path), path)) if path else page.path
        if resolved not in self.files and resolved not in self.folders:
            page.fault(line, f"a link to {target}", f"a file of the repository{self._like(resolved)}")
        elif anchor:
            other = page if resolved == page.path else Page(
                resolved, (self.root / resolved).read_text(encoding="utf-8"))
            if anchor not in other.anchors():
                page.fault(line, f"a link to {target}", f"a heading of {resolved}")

    def _like(self, path):
        close = difflib.get_close_matches(path, self.files, 1)
        return f" (like {close[0]})" if close else ""

    # Inline code

    def _missing(self, page, text, copy):
        """What was expected instead of an inline code; none if it is right."""
        first = (text.split() or [""])[0]
        if first in ("make", "pfedla", "pfedla-benchmarks") or first.endswith("/pfedla"):
            return self._missing_command(text)
        if first in ("pip", "apt", "brew", "swift", "git") or "://" in text:
            return None
        if re.fullmatch(r"--[\w-]+( .+)?", text):
            return self._missing_option(first)
        if re.fullmatch(r"[\w.<>*…-]*/[\w./<>*…-]*|[\w*-][\w.*-]*\.\w+", text):
            missing = self._missing_path(page, text, copy)
            if not missing or "/" in text or Path(text).suffix in SOURCES | DATA:
                return missing
        if match := re.fullmatch(r"([A-Z]\w*[a-z]\w*)((?:\.\w+)*)(?:\(.*\))?", text):
            return self._missing_declaration(match[1], match[2].split(".")[1:])
        if match := re.fullmatch(r"(\w+)\([\w:, ]*\)", text):
            return None if match[1] in self.functions else "a function of the sources"
        for token in re.findall(r"(?<![\w<…])[A-Za-z_][\w-]*(?![\w>…])", text):
            if not self._is_word(token):
                if Path(token).suffix or self._exists_in(copy, token):
                    continue
                return f"{token} in the sources" if token != text else "a word of the sources"
        return None

    def _is_word(self, token):
        return (
            len(token) < 3 or token in self.words or token in self.types or token in self.targets
            or token.isupper() or all(part in self.words for part in token.split("-")))

    def _missing_path(self, page, text, copy):
        path = re.sub(r"<[^>]+>|…", "*", re.sub(r"^[A-Z]+/", "", text)).rstrip("/")
        if path.startswith("/"):  # in a result file
            return self._missing_words(path)
        beside = os.path.normpath(os.path.join(os.path.dirname(page.path), path))
        everything = self.files | self.folders
        for candidate in (path, beside):
            if candidate in everything or "*" in path and fnmatch.filter(everything, candidate):
                return None
        if self._exists_in(copy, path) or path in self.literals:
            return None
        if "/" in path and path.split("/")[0] in self.folders | {"runs"}:
            if copy is None and path.startswith("runs/"):
                return None
            return f"a path of the repository or one that the page's commands write{self._like(path)}"
        if any(fnmatch.fnmatchcase(known, f"*/{path}") for known in everything):
            return None
        suffix = Path(path).suffix
        if suffix in SOURCES:
            return f"a file of the repository{self._like(path)}"
        if suffix in DATA:
            literal = path.replace("*", "")
            known = any(literal in known or suffix == known for known in self.literals)
            return None if known or copy is None else "a file that the program writes or reads"
        return self._missing_words(path)

    def _missing_words(self, path):
        parts = [part for part in path.split("/") if part and "*" not in part]
        unknown = [part for part in parts if not self._is_word(part) and part not in self.literals]
        return f"{unknown[0]} in the sources" if unknown else None

    def _exists_in(self, copy, path):
        if copy is None or not path.strip("*"):
            return False
        return any(True for _ in copy.glob(path)) or any(
            True for folder in ("runs", "datasets") for _ in (copy / folder).rglob(path.split("/")[-1])
            if fnmatch.fnmatchcase(str(_.relative_to(copy)), f"*{path}"))

    def _missing_declaration(self, name, members):
        if name not in self.types:
            if name in self.literals or name in self.basenames or name in {
                    Path(folder).name for folder in self.folders}:
                return None
            close = difflib.get_close_matches(name, self.types, 1)
            return "a declared type" + (f" (like {close[0]})" if close else "")
        for member in members:
            if member not in self.types[name] and member not in self.types:
                close = difflib.get_close_matches(member, self.types[name], 1)
                return f"a member of {name}" + (f" (like {close[0]})" if close else "")
        return None

    # Commands

    def _missing_option(self, option):
        if self.commands is None or any(option in c["options"] for c in self.commands.values()):
            return None
        return None if option in self.literals else "an option of pfedla or of a tool"

    def _missing_command(self, text):
        try:
            words = shlex.split(re.sub(r"[…]", "...", text), comments=True)
        except ValueError:
            return None
        while words and re.fullmatch(r"\w+=.*", words[0]):
            words = words[1:]
        if not words:
            return None
        program = words[0].rsplit("/", 1)[-1]
        if program == "make":
            for word in words[1:]:
                variable = re.match(r"(\w+)=", word)
                if variable and variable[1] not in self.variables:
                    return f"a variable of the Makefile instead of {variable[1]}"
                if not variable and not word.startswith("-") and word not in self.targets:
                    close = difflib.get_close_matches(word, self.targets, 1)
                    return "a target of the Makefile" + (f" (like {close[0]})" if close else "")
        elif program == "pfedla" and self.commands:
            return self._missing_subcommand(words[1:])
        elif program == "pfedla-benchmarks":
            for word in words[1:]:
                if word.startswith("--") and word not in self.literals:
                    return f"an option of pfedla-benchmarks instead of {word}"
        return None

    def _missing_subcommand(self, words):
        path = ("pfedla",)
        while words and path + (words[0],) in self.commands:
            path, words = path + (words[0],), words[1:]
        command = self.commands[path]
        if words and command["subcommands"] and re.fullmatch(r"[a-z-]+", words[0]):
            if not words[0].startswith("-"):
                return f"a subcommand of {' '.join(path)} instead of {words[0]}"
        for word in words:
            option = re.match(r"--?[A-Za-z][\w-]*", word)
            if option and option[0] not in command["options"]:
                return f"an option of {' '.join(path)} instead of {option[0]}"
        return None


def _lines(text):
    """The commands of a shell block: (line from 1, command), continued lines joined."""
    number, lines = 1, text.splitlines()
    while lines:
        taken = 1
        while lines[taken - 1].endswith("\\") and taken < len(lines):
            taken += 1
        command = " ".join(line.rstrip("\\").strip() for line in lines[:taken])
        for part in re.split(r"\s(?:;|&&|\|\|)\s|\bdo\s", command):
            if part.strip():
                yield number, part.strip()
        number, lines = number + taken, lines[taken:]


def _makefile(path):
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    targets = set(re.findall(r"^([a-z][\w-]*):(?!=)", text, re.MULTILINE))
    return targets, set(re.findall(r"^([A-Z_]+)\s*[?:]?=", text, re.MULTILINE))


def _commands(program):
    """The program's subcommands by path, each with its options, subcommands and help."""
    output = subprocess.run(
        [program, "--experimental-dump-help"], capture_output=True, text=True, check=True).stdout
    commands = {}

    def add(command, path):
        path += (command["commandName"],)
        options = {"--help", "-h", "--version"}
        for argument in command.get("arguments", []):
            for name in argument.get("names") or []:
                options.add(("--" if name["kind"] == "long" else "-") + name["name"])
        subcommands = command.get("subcommands", [])
        commands[path] = {
            "options": options, "subcommands": [each["commandName"] for each in subcommands],
            "discussion": command.get("discussion", "")}
        for each in subcommands:
            add(each, path)

    add(json.loads(output)["command"], ())
    return commands


def _declarations(root, files):
    """(types with their members, words, literals, functions) of the source files."""
    types, words, literals, functions = {}, set(), set(), set()
    for path in files:
        is_read = Path(path).suffix in SOURCES - {".md"} | {".yaml", ".csv"} or path in (
            "Makefile", "Package.swift", ".ci/run", "tools/pages/exceptions.txt")
        if not is_read or path.startswith("tools/pages/"):
            continue
        text = (root / path).read_text(encoding="utf-8", errors="replace")
        if path.endswith(".csv"):
            text = "\n".join(line for line in text.splitlines()[:20] if not line.startswith("#"))
            literals.update(field.strip('"') for line in text.splitlines() for field in line.split(","))
        words.update(re.findall(r"[A-Za-z_]\w*", text))
        words.update(re.findall(r"[A-Za-z_][\w-]*\w", text))
        for literal in re.findall(r'"([^"\n]*)"', text):
            literals.update((literal, *re.split(r"[\s,;:()=]+", literal)))
        literals.update(re.findall(r"(?<![\w-])--[a-z][\w-]*", text))
        if path.endswith(".swift"):
            declared = re.findall(
                r"\b(?:struct|class|enum|protocol|actor|typealias|extension)\s+([A-Z][\w.]*)", text)
            members = set(re.findall(r"\b(?:func|var|let)\s+`?(\w+)", text))
            for cases in re.findall(r"\bcase\s+([a-z]\w*(?:\([^)]*\))?(?:,\s*[a-z]\w*(?:\([^)]*\))?)*)", text):
                members.update(re.findall(r"\b[a-z]\w*", cases))
            members.update(["init"] if "init(" in text else [])
            members.update(part for name in declared for part in name.split("."))
            functions.update(re.findall(r"\bfunc\s+(\w+)", text))
            options = re.findall(r"@(?:Option|Flag)\b(?:\((?:[^()]|\([^()]*\))*\))?\s*var (\w+)", text)
            literals.update(f"--{name}" for name in options)
            for name in declared:
                for part in name.split("."):
                    types.setdefault(part, set()).update(members)
        else:
            functions.update(re.findall(r"^\s*(?:def\s+)?[\w* ]*?\b(\w+)\(", text, re.MULTILINE))
    return types, words, literals, functions


def _exceptions(path):
    """Names that are right though they cannot be found: name → line."""
    exceptions = {}
    if path.exists():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                name, separator, reason = line.partition("  # ")
                if not separator or not reason.strip():
                    raise SystemExit(f"{path}:{number}: found no reason, expected NAME  # REASON")
                exceptions[name.strip()] = number
    return exceptions
