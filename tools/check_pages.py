#!/usr/bin/env python3
"""Checks the Markdown pages against the repository: commands run, links and names exist, and marked numbers match
their CSV files. `make check-pages` runs it; tools/README.md describes the marks.

Needs only Python 3.10; the Python blocks of the pages run in --python.
"""

import argparse
import sys
import time
from pathlib import Path
from subprocess import run

from pages import numbers, self_test
from pages.check import check
from pages.markdown import Page


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("pages", nargs="*", help="pages to check; default: all")
    parser.add_argument("--pfedla", default=".build/release/pfedla", help="the built program")
    parser.add_argument("--python", default=".venv/bin/python", help="runs the Python blocks")
    parser.add_argument("--static", action="store_true", help="run no block")
    parser.add_argument("--update", action="store_true", help="write the CSV files' numbers into the pages")
    parser.add_argument("--self-test", action="store_true", help="check the checker with faulty pages")
    options = parser.parse_args()

    root = Path(__file__).resolve().parent.parent
    if options.self_test:
        return self_test.run(root)
    files = listed(root)
    pages = [
        Page(path, (root / path).read_text(encoding="utf-8")) for path in files if path.endswith(".md")]
    chosen = [page for page in pages if not options.pages or page.path in options.pages]
    unknown = set(options.pages) - {page.path for page in pages}
    if unknown:
        sys.exit(f"{', '.join(sorted(unknown))}: no such page; expected a path relative to the repository's root")
    program = root / options.pfedla
    if not program.exists():
        sys.exit(f"{options.pfedla}: not found; `make build` builds it")
    if options.update:
        return update(root, files, chosen)
    started = time.monotonic()
    faults, looked_up = check(
        root, files, pages, chosen, program, root / options.python, options.static)
    for fault in faults:
        print(fault, file=sys.stderr)
    print(
        f"check-pages: {len(chosen)} pages, {looked_up} numbers, {len(faults)} faults "
        f"({time.monotonic() - started:.0f} s)")
    return 1 if faults else 0


def update(root, files, chosen):
    """Writes the numbers of the CSV files into the pages; returns the exit status."""
    for page in chosen:
        changed = numbers.update(page, numbers.Files(root, files))
        if changed:
            (root / page.path).write_text(page.text, encoding="utf-8")
            print(f"{page.path}: {changed} numbers updated")
        for fault in page.faults:
            print(fault, file=sys.stderr)
    return 1 if any(page.faults for page in chosen) else 0


def listed(root):
    """The paths of the repository's files: those tracked by git, and new ones that it does not ignore."""
    output = run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=root, text=True,
        capture_output=True, check=True).stdout
    return sorted(path for path in set(output.splitlines()) if (root / path).is_file())


if __name__ == "__main__":
    sys.exit(main())
