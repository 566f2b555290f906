"""All checks of some pages."""

from . import blocks, methods, numbers
from .markdown import Fault
from .names import Names


def check(root, files, pages, chosen, program, python, is_static=False, limit=300, log=print):
    """Checks pages: (their faults, how many numbers were looked up).

    - root, files: the checkout and its files' paths
    - pages, chosen: all its pages, and those to check; checks across pages run only if all are chosen
    - program, python: the built pfedla, and a Python for the pages' Python blocks
    """
    names, tables = Names(root, files, program), numbers.Files(root, files)
    runner = blocks.Runner(root, files, python, names.variables, log, limit)
    looked_up = 0
    for page in chosen:
        looked_up += numbers.check(page, tables)
        methods.check(page, root, files)
        if is_static or all(block.language in blocks.TEXT for block in page.blocks):
            names.check(page)
        else:
            with runner.copy() as copy:
                runner.run(page, copy)
                names.check(page, copy)
    faults = [fault for page in chosen for fault in page.faults]
    if len(chosen) == len(pages):
        faults += names.check_listings(pages) + names.check_help()
        faults += [
            Fault(names.exceptions_file, line, f"the exception {name}", "none, since no page needs it")
            for name, line in names.unused_exceptions()]
    return sorted(faults), looked_up
