"""Numbers of a page that come from a CSV file, and tables of them.

A mark directly before a number gives its source:

    <!-- number: FILE where COLUMN=VALUE and COLUMN=VALUE: {EXPRESSION:FORMAT} -->61.28

FILE is a path from the repository's root, possibly with wildcards; there may be several. EXPRESSION is written in the
columns' names: arithmetic, comparisons, `… if … else …`, `round`, `abs`, and over all matching rows `mean`, `median`,
`sum`, `minimum`, `maximum`, `first`, `last`, `count`. Without one of the latter exactly one row must match.
`COLUMN(OTHER="VALUE")` is the number in the row with that value, so that rows can be compared.
`reaches(NUMBER, TARGET)` compares with a text such as `≤ 1.08`. FORMAT is Python's; without one a column is taken as
written. `file` is an extra column: the name of the row's file.

A mark before a table does the same for whole columns; a value of `where` may contain cells of the table's row:

    <!-- table: FILE where COLUMN={header of a column}
    HEADER = {EXPRESSION:FORMAT} ± {EXPRESSION:FORMAT} where COLUMN=VALUE, bold highest COLUMN
    -->

A cell whose rows are missing is empty or a dash. Bold is ignored unless the mark asks for it.

The pages in results/ must have a mark for every table of numbers.
"""

import ast
import csv
import fnmatch
import math
import operator
import re
import statistics
from pathlib import Path


class MarkError(Exception):
    """A mark that cannot be evaluated: what is wrong, and what was expected."""

    def __init__(self, found, expected):
        super().__init__(found, expected)
        self.found, self.expected = found, expected


class Missing(Exception):
    """No row matches."""


class Files:
    """The CSV files of the checkout, each read once."""

    def __init__(self, root, paths):
        self.root, self.paths, self.read = Path(root), sorted(paths), {}

    def rows(self, patterns):
        rows = []
        for pattern in patterns.split():
            names = [path for path in self.paths if fnmatch.fnmatchcase(path, pattern)]
            if not names:
                raise MarkError(f"no file {pattern}", "a CSV file of the repository")
            for name in names:
                if name not in self.read:
                    with open(self.root / name, newline="", encoding="utf-8") as file:
                        lines = [line for line in file if not line.startswith("#")]
                    self.read[name] = [
                        {"file": Path(name).name} | row for row in csv.DictReader(lines)]
                rows += self.read[name]
        return rows


def check(page, files, edits=None):
    """Compares the marked numbers of a page with their files. With `edits`, collects their fixes:
    (start, end, text)."""
    count = 0
    for mark in page.marks:
        try:
            if mark.kind == "number":
                count += _check_number(page, mark, files, edits)
            elif mark.kind == "table":
                count += _check_table(page, mark, files, edits)
        except MarkError as error:
            page.fault(mark.line, error.found, error.expected)
    if fnmatch.fnmatchcase(page.path, "results/*/README.md"):
        _check_marked(page)
    return count


def update(page, files):
    """Writes the files' numbers into a page's text: how many it changed."""
    edits = []
    check(page, files, edits)
    text = page.text
    for start, end, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[end:]
    page.text = text
    return len(edits)


def _check_marked(page):
    """Every table with numbers has a mark before it, or marks inside."""
    for table in re.finditer(r"(?:^\|.*\n?)+", page.text, re.MULTILINE):
        body = table[0].split("\n", 2)[-1]
        is_marked = any(
            mark.kind != "check" and (
                table.start() < mark.end <= table.end() or not page.text[mark.end:table.start()].strip())
            for mark in page.marks)
        if re.search(r"\d", body) and not is_marked:
            page.fault(page.line_at(table.start()), "a table of numbers without a mark", "table: FILE …")


def _check_number(page, mark, files, edits):
    parts = re.fullmatch(r"(\S.*?)(?: where (.+?))?: (\{.+\})", " ".join(mark.text.split()))
    if not parts:
        raise MarkError(
            f"the mark {mark.text!r}", "number: FILE where COLUMN=VALUE: {EXPRESSION:FORMAT}")
    rows = _select(files.rows(parts[1]), _conditions(parts[2]))
    try:
        expected = fill(parts[3], rows)
    except Missing:
        raise MarkError(f"no row with {parts[2]}", f"a row in {parts[1]}") from None
    start = mark.end + len(re.match(r"\**", page.text[mark.end:])[0])
    rest = page.text[start:]
    ends = re.match(r"(?!\d|[.,]\d)", rest[len(expected):])
    if not (_plain(rest).startswith(_plain(expected)) and ends):
        number = re.match(r"[+−-]?\d(?:[\d.,]*\d)?", rest)
        found = number[0] if number else rest[:len(expected)].split("\n")[0]
        _fix(page, edits, mark.line, start, start + len(found), found, expected, parts[1])
    return 1


def _check_table(page, mark, files, edits):
    head, *lines = [line.strip() for line in mark.text.splitlines()]
    parts = re.fullmatch(r"(\S.*?)(?: where (.+))?", head)
    rows = files.rows(parts[1])
    table = page.table_after(mark.end)
    if len(table) < 2:
        raise MarkError("no table after the mark", "a table with a header")
    headers = [_bare(cell.text) for cell in table[0]]
    count = 0
    for line in lines:
        column = re.fullmatch(r"(.+?) = (.+?)(?: where ([^{}]+?))?(?:, bold highest (\w+))?", line)
        if not column:
            raise MarkError(f"{line!r}", "HEADER = {EXPRESSION:FORMAT} where COLUMN=VALUE")
        if column[1] not in headers:
            raise MarkError(f"no column {column[1]!r}", f"one of {', '.join(headers)}")
        place = headers.index(column[1])
        scores = {}
        texts = []
        for cells in table[1:]:
            if len(cells) != len(headers):
                raise MarkError(f"a row of {len(cells)} cells", f"{len(headers)} cells")
            named = {name: _bare(cell.text) for name, cell in zip(headers, cells)}
            conditions = _conditions(parts[2], named) | _conditions(column[3], named)
            cell, matching = cells[place], _select(rows, conditions)
            try:
                expected = fill(column[2], matching)
                if column[4]:
                    scores[cell.line] = (_number(matching[0][column[4]]), cell)
            except Missing:
                expected = "" if _bare(cell.text) in ("", "–") else "–"
                if not expected:
                    continue
            count += 1
            texts.append((cell, expected))
        # One fix a cell: its number and its bold may both be wrong.
        for cell, expected in texts:
            score = scores.get(cell.line)
            bold = (
                score[0] == max(other for other, _ in scores.values()) if score
                else cell.text.startswith("**"))
            is_wrong = _plain(_bare(cell.text)) != _plain(expected)
            if is_wrong or bold != cell.text.startswith("**"):
                text = expected if is_wrong else _bare(cell.text)
                mark = "**" if bold else ""
                _fix(
                    page, edits, cell.line, cell.start, cell.end, cell.text,
                    f"{mark}{text}{mark}" + ("" if cell.text else " "), parts[1])
    return count


def _fix(page, edits, line, start, end, found, expected, source):
    if edits is None:
        page.fault(line, f'"{found}"', f'"{expected}", as in {source}')
    else:
        edits.append((start, end, expected))


def _conditions(text, cells=None):
    conditions = {}
    for part in re.split(r"\s+and\s+(?=\w+=)", text) if text else []:
        name, equals, value = part.partition("=")
        if not equals:
            raise MarkError(f"{part!r}", "COLUMN=VALUE")
        for reference in re.findall(r"\{(.+?)\}", value):
            if reference not in (cells or {}):
                raise MarkError(f"{{{reference}}}", "a column of the table")
            value = value.replace(f"{{{reference}}}", cells[reference])
        conditions[name] = value
    return conditions


def _select(rows, conditions):
    for name in conditions:
        if rows and name not in rows[0]:
            raise MarkError(f"no column {name!r}", f"one of {', '.join(rows[0])}")
    return [
        row for row in rows
        if all(row[name].strip() == value for name, value in conditions.items())]


def fill(template, rows):
    """A template with its expressions' values; raises Missing without a row, MarkError for several."""
    if not rows:
        raise Missing

    def value(match):
        if len(rows) == 1 and match[1] in rows[0] and match[2] is None:
            return rows[0][match[1]].strip()
        result = _evaluate(match[1], rows)
        if isinstance(result, float) and math.isnan(result):
            return ""
        return format(result, match[2] or "").replace("-", "−")

    return re.sub(r"\{([^{}:]+)(?::([^{}]*))?\}", value, template)


_OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.USub: operator.neg, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Eq: operator.eq,
}
_OF_VALUES = {
    "round": round, "abs": abs,
    "reaches": lambda number, target: _COMPARISONS[str(target)[0]](number, float(str(target)[2:])),
}
_COMPARISONS = {"≤": operator.le, "≥": operator.ge}
_OF_ROWS = {
    "mean": statistics.fmean, "median": statistics.median, "sum": math.fsum, "minimum": min,
    "maximum": max, "first": lambda values: values[0], "last": lambda values: values[-1],
}


def _evaluate(text, rows):
    def of(node, rows):
        match node:
            case ast.Constant():
                return node.value
            case ast.Name():
                if node.id not in rows[0]:
                    raise MarkError(f"no column {node.id!r}", f"one of {', '.join(rows[0])}")
                if len(rows) > 1:
                    raise MarkError(f"{len(rows)} rows", "one row, or a mean, median, … over them")
                return _number(rows[0][node.id])
            case ast.BinOp():
                return _OPERATORS[type(node.op)](of(node.left, rows), of(node.right, rows))
            case ast.UnaryOp():
                return _OPERATORS[type(node.op)](of(node.operand, rows))
            case ast.Compare(ops=[comparison], comparators=[right]):
                return _OPERATORS[type(comparison)](of(node.left, rows), of(right, rows))
            case ast.IfExp():
                return of(node.body if of(node.test, rows) else node.orelse, rows)
            case ast.Call(func=ast.Name(id="count"), args=[]):
                return len(rows)
            case ast.Call(func=ast.Name(id=name), args=[argument]) if name in _OF_ROWS:
                return _OF_ROWS[name]([of(argument, [row]) for row in rows])
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in _OF_VALUES:
                return _OF_VALUES[name](*[of(argument, rows) for argument in arguments])
            case ast.Call(func=ast.Name() as column, args=[], keywords=others):
                chosen = _select(rows, {other.arg: str(of(other.value, rows)) for other in others})
                if not chosen:
                    raise Missing
                return of(column, chosen)
        raise KeyError(ast.dump(node))

    try:
        return of(ast.parse(text.strip(), mode="eval").body, rows)
    except (SyntaxError, KeyError, TypeError) as error:
        raise MarkError(f"the expression {text!r} ({error})", "arithmetic of columns") from None


def _number(text):
    if not text.strip():
        return math.nan
    try:
        return float(text)
    except ValueError:
        return text


def _bare(text):
    return text.replace("**", "").strip("` ")


def _plain(text):
    return text.replace("−", "-").replace("\u202f", " ").replace("\u00a0", " ")
