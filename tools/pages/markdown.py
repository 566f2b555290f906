"""A parsed Markdown page: code blocks, inline code, links, headings, tables, and the check's marks.

Marks are HTML comments, which no renderer shows. They begin with one of these words:

    <!-- check: skip, REASON -->                         before a code block: do not run it
    <!-- check: skip "TEXT", REASON -->                  … leave out the lines with this text
    <!-- check: replace "TEXT" by "TEXT", REASON -->     … run it changed
    <!-- check: with VARIABLE=VALUE …, REASON -->        … run it with this environment
    <!-- check: after `COMMAND`, REASON -->              … run this command first
    <!-- number: … -->  <!-- table: … -->                see numbers.py
"""

import re
from dataclasses import dataclass, field


@dataclass(order=True)
class Fault:
    """A false statement of a page."""

    page: str
    line: int
    found: str
    expected: str

    def __str__(self):
        return f"{self.page}:{self.line}: found {self.found}; expected {self.expected}"


@dataclass
class Mark:
    """An HTML comment of the check: its kind (check, number, table), its text, and where it ends."""

    kind: str
    text: str
    line: int
    end: int


@dataclass
class Block:
    """A fenced code block and the `check:` marks directly before it."""

    line: int
    language: str
    text: str
    marks: list


@dataclass
class Cell:
    """A cell of a table: its text and its position in the page."""

    text: str
    start: int
    end: int
    line: int


@dataclass
class Page:
    """A page by its path from the repository's root."""

    path: str
    text: str
    faults: list = field(default_factory=list)

    def __post_init__(self):
        self.blocks, self.marks = [], []
        self.prose = self._without_blocks()
        self.prose = self._without_comments(self.prose)
        for block in self.blocks:
            block.marks = self._marks_before(block.line)

    def fault(self, line, found, expected):
        self.faults.append(Fault(self.path, line, found, expected))

    def line_at(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def _without_blocks(self):
        """The text with the code blocks blanked, offsets and lines kept."""
        kept, inside, block = [], None, []
        for number, line in enumerate(self.text.splitlines(keepends=True), 1):
            fence = re.match(r"(\s*)(```+)\s*([\w-]*)\s*$", line)
            if inside is None and fence:
                inside, block = (number, fence[1], fence[2], fence[3]), []
            elif inside is not None and fence and fence[2] == inside[2] and not fence[3]:
                indent = len(inside[1])
                text = "".join(part[indent:] if not part[:indent].strip() else part for part in block)
                self.blocks.append(Block(inside[0], inside[3], text, []))
                kept.append(_blank(line))
                inside = None
                continue
            elif inside is not None:
                block.append(line)
            kept.append(line if inside is None else _blank(line))
        if inside is not None:
            self.fault(inside[0], "a code block that does not end", f"a line {inside[2]}")
        return "".join(kept)

    def _without_comments(self, prose):
        for comment in re.finditer(r"<!--(.*?)-->", prose, re.DOTALL):
            line = self.line_at(comment.start())
            mark = re.match(r"\s*(check|number|table):\s*(.*?)\s*$", comment[1], re.DOTALL)
            if mark:
                self.marks.append(Mark(mark[1], mark[2], line, comment.end()))
            else:
                self.fault(
                    line, f"the comment {comment[0][:60]!r}", "a mark: check:, number: or table:")
        return re.sub(r"<!--.*?-->", lambda c: _blank(c[0]), prose, flags=re.DOTALL)

    def _marks_before(self, line):
        """The `check:` marks between the block that starts at a line and the text before it."""
        found = []
        for mark in reversed([mark for mark in self.marks if mark.kind == "check"]):
            last = self.line_at(mark.end)
            between = self.text.splitlines()[last:line - 1]
            others = [m for m in found if m.line > last]
            if last < line and all(
                not text.strip() or any(m.line <= n <= self.line_at(m.end) for m in others)
                for n, text in enumerate(between, last + 1)
            ):
                found.append(mark)
        return found[::-1]

    def code_spans(self):
        """Inline code: (line, text), with line breaks as spaces."""
        for paragraph in re.finditer(r"(?:.+\n?)+", self.prose):
            for span in re.finditer(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", paragraph[0], re.DOTALL):
                text = " ".join(span[2].replace("\\|", "|").split())
                yield self.line_at(paragraph.start() + span.start()), text

    def links(self):
        """Targets of links and pictures: (line, target)."""
        without_code = re.sub(
            r"(?<!`)(`+)(?!`)([^\n]+?)(?<!`)\1(?!`)", lambda c: _blank(c[0]), self.prose)
        for link in re.finditer(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)", without_code):
            yield self.line_at(link.start()), link[1]
        for link in re.finditer(r"^\s*\[[^\]]+\]:\s*(\S+)", without_code, re.MULTILINE):
            yield self.line_at(link.start()), link[1]

    def anchors(self):
        """The anchors that GitHub gives the headings."""
        anchors = {}
        for heading in re.finditer(r"^#{1,6}\s+(.+?)\s*$", self.prose, re.MULTILINE):
            text = re.sub(r"[^\w\- ]", "", heading[1].lower()).replace(" ", "-")
            anchors[text] = anchors.get(text, -1) + 1
            yield text if not anchors[text] else f"{text}-{anchors[text]}"

    def table_after(self, offset):
        """The rows of cells of the table that begins after an offset, header first; none if other text comes."""
        rows = []
        position = self.text.find("\n", offset) + 1 or len(self.text)
        for line in self.text[position:].splitlines(keepends=True):
            if line.lstrip().startswith("|"):
                rows.append(self._cells(line, position))
            elif rows or line.strip():
                break
            position += len(line)
        return [row for row in rows if not all(re.fullmatch(r":?-+:?", c.text) for c in row)]

    def _cells(self, line, position):
        bounds = [match.start() for match in re.finditer(r"(?<!\\)\|", line)]
        cells = []
        for start, end in zip(bounds, bounds[1:]):
            raw = line[start + 1:end]
            text = raw.strip()
            first = position + start + 1 + (raw.index(text) if text else 1)
            cells.append(Cell(text, first, first + len(text), self.line_at(position)))
        return cells


def _blank(text):
    return re.sub(r"[^\n]", " ", text)
