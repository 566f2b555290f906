#!/usr/bin/env python3
"""Typesets the LaTeX tables that pfedla writes, and fails if one does not fit an ordinary article.

    python3 tools/check_latex.py FOLDER …

Every *.tex file under the folders goes into one document of the class article, with booktabs and graphicx and no other
package, on a page of its own. pdflatex typesets it in a temporary folder. Every fault is one line with the table's
file: errors (unknown commands and characters too), lines over 1 pt too wide, floats too large for a page, and
characters that a font lacks. A table with an error is left out, and the others are typeset again. The exit status is 1
if there is a fault. `--self-test` checks the checker with faulty tables.

Needs only Python's standard library, and pdflatex: on Debian,
`apt-get install texlive-latex-base texlive-latex-recommended`.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WIDEST = 1.0
MARK = "CHECK-LATEX TABLE "
SECONDS = 120

# What the log says about a table that was typeset.
WARNINGS = [
    (re.compile(r"Overfull \\hbox \(([\d.]+)pt too wide\)"),
     lambda match: float(match[1]) > WIDEST and f"{match[1]} pt too wide"),
    (re.compile(r"Float too large for page by ([\d.]+)pt"), lambda match: f"{match[1]} pt too high for a page"),
    (re.compile(r"Missing character: There is no (.+?) (\(U\+\w+\) )?in font"),
     lambda match: f"the font has no {match[1]}"),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folders", nargs="*", type=Path, help="folders with tables, or tables")
    parser.add_argument("--self-test", action="store_true", help="check the checker with faulty tables")
    options = parser.parse_args()
    if not shutil.which("pdflatex"):
        sys.exit("pdflatex: not found; on Debian `apt-get install texlive-latex-base texlive-latex-recommended`")
    if options.self_test:
        return self_test()
    tables = []
    for folder in options.folders:
        found = [folder] if folder.is_file() else sorted(folder.rglob("*.tex"))
        if not found:
            sys.exit(f"{folder}: no *.tex file there")
        tables += found
    if not tables:
        parser.error("expected a folder")
    faults = check(tables)
    for table, fault in faults:
        print(f"{table}: {fault}", file=sys.stderr)
    print(f"check-latex: {len(tables)} tables, {len(faults)} faults in {len({table for table, _ in faults})} of them")
    return 1 if faults else 0


def check(tables):
    """Pairs of a table's path and what is wrong with it. An error ends pdflatex; it starts again without the table."""
    faults, remaining = [], list(tables)
    while remaining:
        log, is_done = typeset(remaining)
        wrong = None if is_done else error(log)
        if is_done or wrong[0] is None:
            found = [(remaining[index], fault) for index, fault in warnings(log)]
            return faults + list(dict.fromkeys(found)) + ([] if is_done else [("the document", wrong[1])])
        index, fault = wrong
        faults.append((remaining.pop(index), fault))
    return faults


def typeset(tables):
    """pdflatex's log, and whether it succeeded."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = ["\\documentclass{article}", "\\usepackage{booktabs,graphicx}", "\\begin{document}"]
        for index, table in enumerate(tables):
            shutil.copyfile(table, folder / f"table-{index}.tex")
            lines += [f"\\typeout{{{MARK}{index}}}", f"\\input{{table-{index}.tex}}", "\\clearpage"]
        lines += ["\\typeout{" + MARK + "none}", "\\end{document}", ""]
        (folder / "check.tex").write_text("\n".join(lines), encoding="utf-8")
        try:
            done = subprocess.run(
                ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "check.tex"],
                cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL, timeout=SECONDS)
            is_done = done.returncode == 0
        except subprocess.TimeoutExpired:
            is_done = False
        log = folder / "check.log"
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else "", is_done


def environment():
    """This process's environment, without limits on the length of the log's lines."""
    return {**os.environ, "max_print_line": "10000", "error_line": "254", "half_error_line": "238"}


def of_tables(log):
    """The log's lines, each with the index of its table; None outside tables."""
    index = None
    for line in log.splitlines():
        if MARK in line:
            name = line.partition(MARK)[2].split()[0]
            index = None if name == "none" else int(name)
        yield index, line


def warnings(log):
    for index, line in of_tables(log):
        for pattern, describe in WARNINGS:
            for match in pattern.finditer(line) if index is not None else ():
                fault = describe(match)
                if fault:
                    yield index, fault


def error(log):
    """The index of the table at which pdflatex stopped, and its message with the line of the table."""
    message, index = "pdflatex stopped without a message", None
    for index_here, line in of_tables(log):
        index = index_here
        if line.startswith("! "):
            message = line[2:]
            break
    place = re.search(r"^l\.(\d+) (.*)$", log.partition(f"! {message}")[2], re.MULTILINE)
    return index, message + (f" (line {place[1]}: {place[2].strip()[-60:]})" if place else "")


def self_test():
    """Checks tables with and without faults; returns the exit status."""
    row = "\\begin{table}\\begin{tabular}{lr}\\toprule %s \\\\ \\bottomrule\\end{tabular}\\end{table}\n"
    cases = [
        ("", row % "method & 61.28 $\\pm$ 0.10 – × 5\\,\\%"),
        ("pt too wide", row % ("wide " * 30 + "& 1")),
        ("pt too high", "\\begin{table}" + "line\\\\\n" * 80 + "\\end{table}"),
        ("Undefined control sequence", row % "\\unknown & 1"),
        ("Unicode character", row % "≻ & 1"),
        ("font has no", "{\\fontencoding{OT1}\\selectfont\\char200}"),
        ("Missing $ inserted", row % "layer_1 & 1"),
        ("Extra alignment tab", row % "1 & 2 & 3"),
        ("Undefined control sequence", "\\begin{tabular}{l}\\SI{1}{m}\\end{tabular}"),
    ]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        tables = [Path(folder, f"{index}.tex") for index in range(len(cases))]
        for table, (_, text) in zip(tables, cases):
            table.write_text(text, encoding="utf-8")
        faults = check(tables)
        for table, (expected, text) in zip(tables, cases):
            found = [fault for faulty, fault in faults if faulty == table]
            if bool(expected) != bool(found) or not all(expected in fault for fault in found):
                failures += 1
                print(f"expected {expected or 'no fault'}, found {found}:\n{text}", file=sys.stderr)
    print(f"check-latex: self-test, {len(cases)} tables, {failures} of them judged wrongly")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
