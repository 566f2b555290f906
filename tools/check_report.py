#!/usr/bin/env python3
"""Checks the HTML report of pfedla as its readers see it: in a browser, wide and narrow, light and dark, without a
network, with the keyboard alone, and without JavaScript.

    python tools/check_report.py [--screenshots FOLDER] REPORT.html …

Every fault is one line: page, widths and colour schemes, what is wrong, which element. The exit status is 1 if there
are any. `--self-test` checks the checker with faulty pages. report_checks/ has the checks:

- texts, outside pictures (scripts/texts.js): none overlaps another, is cut off, or leaves the page; the page does not
  scroll sideways, though a wide table may within its own box; contrast is at least 4.5 : 1, and 3 : 1 for large text
- pictures (pictures.py, scripts/pictures.js): each is decoded. SVG texts, in the size shown, have at least 9 px and
  that contrast; none overlaps another, leaves the picture, or is crossed by an axis
- keyboard (keyboard.py): Tab reaches every link, button, input, summary and scrollable box in the order of the page,
  each shows its focus, and none keeps it; Enter and Space open a <summary>; arrow keys change radio buttons
- structure (scripts/structure.js): headings, language, names of pictures and inputs, ids, links to anchors and files
- no errors in the console, no requests outside the file system, and the same text without JavaScript

Texts are checked as the page loads, with all <details> open, and with every radio button and check box clicked. Not
checked: texts that CSS generates, list markers, and letters drawn as paths.

Needs Playwright's Python package (`pip install playwright`) and an installed Chromium (`apt-get install chromium`).
Widths of texts depend on the installed fonts.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from report_checks import self_test
from report_checks.browser import chromium, opened
from report_checks.findings import Findings
from report_checks.page import PageCheck
from report_checks.pictures import Pictures

WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("reports", nargs="*", type=Path, help="HTML files")
    parser.add_argument("--screenshots", type=Path, help="write an image of every page, width and scheme there")
    parser.add_argument("--self-test", action="store_true", help="check the checker with faulty pages")
    options = parser.parse_args()
    if options.self_test:
        return self_test.run(check)
    if not options.reports:
        parser.error("expected an HTML file")
    for report in options.reports:
        if not report.is_file():
            sys.exit(f"{report}: no such file")
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    findings = check(options.reports, WIDTHS, SCHEMES, options.screenshots)
    for line in findings.lines():
        print(line, file=sys.stderr)
    for kind, count in findings.counts():
        print(f"{count:5} {kind}")
    fonts = "; ".join(f"{where} {size:.1f} px ({place})" for where, (size, place) in findings.smallest.items())
    print(
        f"check-report: {len(options.reports)} pages, {findings.pictures} pictures and {findings.texts} texts checked, "
        f"smallest font: {fonts or 'none'}, {len(findings.by_key)} faults ({time.monotonic() - started:.0f} s)")
    return 1 if findings.by_key else 0


def check(reports, widths, schemes, screenshots=None):
    """The findings of some pages, each opened in every width and scheme."""
    findings = Findings()
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        ignore = lambda kind, element, detail: None
        with opened(browser, widths[0], schemes[0], ignore) as picture_page:
            checker = PageCheck(browser, findings, Pictures(folder), picture_page, screenshots)
            for report in reports:
                for width in widths:
                    for scheme in schemes:
                        checker.check(str(report), report.resolve(), width, scheme)
    return findings


if __name__ == "__main__":
    sys.exit(main())
