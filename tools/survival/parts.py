"""The command line of a check that has parts, and the loop over them."""

import argparse
import os


def options(document, parts, default=None, add=None):
    """The command line.

    - document: the script's documentation, of which the first paragraph is shown.
    - parts: a summary for each part, in the order in which they are done.
    - default: the parts that are done without --only; all by default.
    - add: called with the parser, for more options.
    """
    width = max(map(len, parts))
    parser = argparse.ArgumentParser(
        description=document.split("\n\n", maxsplit=1)[0], formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="parts:\n" + "\n".join(f"  {name:<{width}} {summary}" for name, summary in parts.items()))
    parser.add_argument("--pfedla", default=".build/release/pfedla", help="the program")
    parser.add_argument(
        "--only", metavar="PART,…",
        help=f"some parts, separated by commas; default: {', '.join(default) if default else 'all'}")
    if add:
        add(parser)
    chosen = parser.parse_args()
    chosen.parts = chosen.only.split(",") if chosen.only else list(default or parts)
    unknown = [name for name in chosen.parts if name not in parts]
    if unknown:
        parser.error(f"--only: found {', '.join(unknown)}, expected some of {', '.join(parts)}")
    if not os.access(chosen.pfedla, os.X_OK):
        parser.error(f"--pfedla: found no program {chosen.pfedla}; `make build` builds it")
    return chosen


def do(chosen, parts, calls, record):
    """Does the chosen parts, each by its call."""
    for name, summary in parts.items():
        if name in chosen.parts:
            with record.part(name, summary):
                calls[name]()
