"""Tests the checker: a small repository with a correct page, and a page with a fault of every kind."""

import json
import sys
import tempfile
from pathlib import Path

from . import methods, numbers
from .check import check
from .markdown import Page

HELP = {"command": {
    "commandName": "pfedla", "subcommands": [
        {"commandName": "run", "discussion": "Examples:\n  pfedla run a.yaml --output b.h5\n  pfedla walk\n",
         "arguments": [{"names": [{"kind": "long", "name": "output"}, {"kind": "short", "name": "o"}]}]},
        {"commandName": "partition", "subcommands": [{"commandName": "make"}]},
    ]}}

FILES = {
    "Makefile": "RUNS ?= runs\nbuild: ## Build\n\t@true\nquick: build\n\tmkdir -p $(RUNS) && echo 1 > $(RUNS)/curve.csv\n",
    "Sources/Engine/Plan.swift": (
        'struct Plan {\n  let batch: Int\n  enum Kind { case wide, narrow }\n  func step(_ x: Int) {}\n}\n'
        'let attribute = "Conventions"\n'),
    "Sources/Other/Other.swift": "protocol Other {}\n",
    "Sources/FederatedLearning/Methods/Mean.swift": (
        '// gone\nprotocol Mean {\n  func absorb() {}\n}\nextension Mean {\n  func shares() { "global_model" }\n}\n'),
    "Sources/FederatedLearning/Methods/Own.swift": (
        'struct Own: Mean {\n  let info = Info(name: "own-method", summary: "a version of it")\n'
        '  func train() { let (first, second) = (1, 2) }\n}\n'),
    "CONTRIBUTING.md": "`Engine` and `FederatedLearning` are all there is.\n",
    "tools/pages/exceptions.txt": "h5dump  # a program of HDF5\nnever  # nobody needs it\n",
    "results/a/table.csv": "# made by hand\nmethod,seed,value\nours,0,1.25\nours,1,-2.75\ntheirs,0,1234.5\n",
}

RIGHT = """# A right page

[This](#a-right-page), [a folder](Sources/Engine), [elsewhere](https://example.org/x). `make quick RUNS=x`,
`pfedla run a.yaml --output b.h5`, `pfedla partition make`, `--output`, `Plan.step`, `Plan.Kind.wide`, `step(_:)`,
`Sources/Engine/Plan.swift`, `Plan.swift`, `Engine`, `batch`, `Conventions`, `h5dump`, `runs/curve.csv`, `curve.csv`.

<!-- check: replace "RUNS=elsewhere" by "", the next line reads its default -->
```
make build \\
  quick RUNS=elsewhere
test -s runs/curve.csv   # a remark
```

<!-- check: skip "exit 1", it would end here -->
<!-- check: with ANSWER="4 2", the reader knows it -->
<!-- check: after `echo 3 >three`, the reader has one -->
```bash
test "$ANSWER" = "4 2" && test -s three
exit 1
```

<!-- check: skip, it is no command -->
```
neither this
```

```python
assert open("runs/curve.csv").read() == "1\\n"
```

```text
nor → this
```

<!-- number: results/a/table.csv where method=ours and seed=1: {value:.2f} -->−2.75 and
<!-- number: results/*/table.csv where method=ours: {mean(value) * 2:.1f} -->−1.5 or
<!-- number: results/a/table.csv where seed=0: {value(method="ours") - value(method="theirs"):+.2f} -->−1233.25,
<!-- number: results/a/table.csv where method=ours and seed=0: {value} of {file} -->1.25 of table.csv

<!-- table: results/a/table.csv where method={method}
seed 0 = {value:,.1f} % where seed=0, bold highest value
both = {count()}: {"up" if reaches(maximum(value), "≥ 1.25") else "down"} where file=table.csv
-->

| method | seed 0 | both |
| --- | --- | --- |
| ours | 1.2 % | 2: up |
| `theirs` | **1,234.5 %** | 1: up |
| nobody's | – | |
"""

# A page of methods: the names of the first section are right, those of the second are not in its file.
METHODS_PAGE = """# Methods

## Right (`own-method`)

| equation | code |
| --- | --- |
| x | `first`, `second[i]` in `Own.train`, `Mean.absorb`; the state tensor `global_model`; `batch` of `Plan.batch` |

`gone` is not looked up in a sentence; `Mean.shares` is.

## Wrong (`own-method`)

| equation | code |
| --- | --- |
| x | `gone` in `Own.train` |
| y | `version` |
| z | `batch` |

## Nobody's (`Plan`)
"""

# What a page says, and what is found at its line (counted from the text's first).
WRONG = [
    ("[a](gone.md)", 0, "a link to gone.md"),
    ("[a](../../RIGHT.md#nowhere)", 0, "a link to ../../RIGHT.md#nowhere"),
    ("![a](gone.png)", 0, "a link to gone.png"),
    ("`Sources/Plan.swift`", 0, "`Sources/Plan.swift`"),
    ("`Engine.swift`", 0, "`Engine.swift`"),
    ("`runs/never.csv`", 0, "`runs/never.csv`"),
    ("`make slow`", 0, "`make slow`"),
    ("`make quick RUN=x`", 0, "`make quick RUN=x`"),
    ("`pfedla walk`", 0, "`pfedla walk`"),
    ("`pfedla run\na.yaml --input b.h5`", 0, "`pfedla run a.yaml --input b.h5`"),
    ("`pfedla partition brake`", 0, "`pfedla partition brake`"),
    ("`--input`", 0, "`--input`"),
    ("`Plans`", 0, "`Plans`"),
    ("`Plan.stride`", 0, "`Plan.stride`"),
    ("`stride(_:)`", 0, "`stride(_:)`"),
    ("`batch_length`", 0, "`batch_length`"),
    ("```\nmake slow\n```", 1, "`make slow`"),
    (None, 0, "the command `make slow`, which ends with 2"),
    ("```\npfedla run a.yaml\n```", 0, "the command `pfedla run a.yaml`, which ends with 127"),
    ("```\nsleep 5\n```", 0, "takes more than 1 s"),
    ("```python\nimport nothing_of_this_name\n```", 0, "ends with 1: "),
    ("```cobol\nSTOP RUN.\n```", 0, "a code block of language cobol"),
    ("<!-- check: skip -->\n```\ntrue\n```", 0, "the mark 'skip'"),
    ("<!-- check: skip \"false\", it fails -->\n```\ntrue\n```", 0, "nothing to skip for 'false'"),
    ("<!-- check: replace \"a\" by \"b\", c -->\n```\n:\n```", 0, "nothing to replace for 'a'"),
    ("<!-- chek: skip, a slip -->", 0, "the comment"),
    ("<!-- number: results/a/table.csv where method=theirs: {value:.1f} -->1234.6", 0, '"1234.6"'),
    ("<!-- number: results/a/table.csv where method=ours and seed=1: {value:.1f} -->2.8", 0, '"2.8"'),
    ("<!-- number: results/a/table.csv where method=ours and seed=0: {value:.1f} -->1.25", 0, '"1.25"'),
    ("<!-- number: results/a/none.csv where method=ours: {value:.1f} -->1", 0, "no file results/a/none.csv"),
    ("<!-- number: results/a/table.csv where method=hers: {value} -->1", 0, "no row with method=hers"),
    ("<!-- number: results/a/table.csv where method=ours: {value} -->1", 0, "2 rows"),
    ("<!-- number: results/a/table.csv where way=ours: {value} -->1", 0, "no column 'way'"),
    ("<!-- number: results/a/table.csv where method=theirs: {worth} -->1", 0, "no column 'worth'"),
    ("<!-- number: results/a/table.csv where method=theirs: {open('x')} -->1", 0, "the expression"),
    ("<!-- number: 1 -->1", 0, "the mark '1'"),
    ("<!-- table: results/a/table.csv where method={method}\nvalue = {value:.0f} where seed=0, bold highest value\n-->\n"
     "| method | value |\n| --- | --- |\n| ours | **2** |\n| theirs | 1234 |\n| hers | 5 |", 5, '"**2**"'),
    (None, 6, '"1234"'),
    (None, 7, '"5"'),
    ("<!-- table: results/a/table.csv where method={method}\nworth = {value}\n-->\n"
     "| method | value |\n| --- | --- |\n| ours | 2 |", 0, "no column 'worth'"),
    ("| method | value |\n| --- | --- |\n| ours | 2 |", 0, "a table of numbers without a mark"),
    ("```\ntrue", 0, "a code block that does not end"),
]


def run(root):
    """Prints what the checker missed or wrongly reported; returns the exit status."""
    with tempfile.TemporaryDirectory(prefix="check-pages-test-") as name:
        folder = Path(name) / "repository"
        page, expected = _wrong_page()
        files = FILES | {
            "RIGHT.md": RIGHT,
            "results/a/README.md": page,
            methods.PAGE: METHODS_PAGE,
            ".build/release/pfedla": f"#!/bin/sh\ncat <<'END'\n{json.dumps(HELP)}\nEND\n",
        }
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        program = folder / ".build/release/pfedla"
        program.chmod(0o755)
        python = folder / "venv/bin/python"
        python.parent.mkdir(parents=True)
        python.symlink_to(sys.executable)
        paths = sorted(set(files) - {".build/release/pfedla"})
        pages = [Page(path, files[path]) for path in paths if path.endswith(".md")]
        found, _ = check(
            folder, paths, pages, pages, program, python, limit=1, log=lambda line: None)

        wrong = next(page for page in pages if page.path == "results/a/README.md")
        changed = numbers.update(Page(wrong.path, wrong.text), numbers.Files(folder, paths))

    problems = []
    for fault in found:
        match = next(
            (e for e in expected if (fault.page, fault.line) == e[:2] and e[2] in fault.found), None)
        if match:
            expected.remove(match)
        else:
            problems.append(f"wrongly reported: {fault}")
    problems += [f"missed: {page}:{line}: {text}" for page, line, text in expected]
    if changed != 6:
        problems.append(f"--update changed {changed} numbers, expected 6")
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"check-pages: self test {'failed' if problems else 'passed'}, {len(WRONG)} kinds of faults")
    return 1 if problems else 0


def _wrong_page():
    """The faulty page, and its faults: (page, line, found)."""
    text, line = "# A wrong page\n", 1
    expected = [
        ("CONTRIBUTING.md", 1, "nothing about Sources/Other"),
        (methods.PAGE, 15, "`gone` of own-method"),
        (methods.PAGE, 16, "`version` of own-method"),
        (methods.PAGE, 17, "`batch` of own-method"),
        (methods.PAGE, 19, "the method `Plan`"),
        ("tools/pages/exceptions.txt", 2, "the exception never"),
        ("pfedla run --help", 1, "`pfedla walk`"),
    ]
    for part, offset, found in WRONG:
        if part is not None:
            start = text.count("\n") + 2
            text += f"\n{part}\n"
        expected.append(("results/a/README.md", start + offset, found))
    return text, expected
