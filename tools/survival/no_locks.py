"""A file system without locks: everything works, and the program says that it cannot notice others."""

from .work import NO_PICTURES, files

WARNING = "has no locks"
CELLS = ("--only", "method=fedavg,pfedla")
ROUNDS = 40


def check(work, record):
    """Every command that locks something."""
    if work.library is None:
        record.skip("a file system without locks")
        return
    environment = {**NO_PICTURES, **work.library.without_locks}
    folder = work.place("no-locks")
    expected = work.run_bytes(rounds=ROUNDS)

    def tell(ended, what):
        """Of commands that work: they must warn."""
        record.check(
            ended.status != 0 or WARNING in ended.errors, f"{what} without locks",
            f"{ended.tail}; expected the warning “… {WARNING}”")

    output = folder / "run" / "a.h5"
    ended = work.program.run(work.run(output, rounds=ROUNDS), environment=environment)
    tell(ended, "a run")
    work.check_run(ended, output, expected, "a run without locks")

    output = folder / "resumed" / "a.h5"
    arguments = work.run(output, rounds=ROUNDS)
    running = work.program.start(arguments, environment=environment)
    running.wait_for("round 1/")
    running.wait_for_file(output.parent, "a.h5.checkpoint")
    record.add("kills", running.kill())
    ended = work.program.run(arguments, environment=environment)
    tell(ended, "a resumed run")
    record.check("Resuming after" in ended.errors, "a run without locks", f"did not resume: {ended.tail}")
    work.check_run(ended, output, expected, "a resumed run without locks")
    record.say("a run, and one that resumes")

    tables = []
    for name, chosen in (("with", None), ("without", environment)):
        place = folder / f"tables-{name}"
        ended = work.program.run(["export", folder / "run" / "a.h5", "--csv", place], environment=chosen)
        record.check(ended.status == 0, f"an export {name} locks", f"{ended.tail}; expected exit code 0")
        tables.append(files(place))
    record.check(tables[0] == tables[1] != {}, "an export without locks", "other tables than with locks")

    place = folder / "data"
    ended = work.program.run(
        ["datasets", "synthesize", "fashion-mnist", "--samples-per-class", "30", "--datasets", place],
        environment=environment)
    if record.check(ended.status == 0, "datasets synthesize without locks", f"{ended.tail}; expected exit code 0"):
        record.check(
            files(place) == files(work.data), "datasets synthesize without locks", "other files than with locks")
    record.say("an export and a synthesis")

    output = folder / "sweep"
    ended = work.program.run(work.sweep(output, *CELLS), environment=environment)
    tell(ended, "a sweep")
    work.check_sweep(ended, output, CELLS, "a sweep without locks")

    # Images that were drawn where there are locks, so that this does not depend on drawing them.
    output = folder / "drawn"
    work.program.run(work.sweep(output, *CELLS, "--dry-run"))
    ended = work.program.run(work.sweep(output, *CELLS), environment=environment)
    tell(ended, "a sweep with its images")
    work.check_sweep(ended, output, CELLS, "a sweep with its images without locks")
    record.say("a sweep, and one whose images are there")
