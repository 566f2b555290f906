"""Dataset files that are deleted, cut or changed while they are used, and between a kill and resuming."""

import os
import random
import shutil
import time

from .program import in_parallel
from .work import NO_PICTURES

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
ROUNDS = 40
CELLS = ("--only", "method=fedavg,pfedla", "--set", "rounds=40")


def delete(path):
    """The file is gone."""
    path.unlink()


def cut_to(share):
    """The file ends early, as after a copy that was stopped; share 1 cuts one byte."""
    def cut(path):
        size = path.stat().st_size
        os.truncate(path, min(int(size * share), size - 1))
    return cut


def change(path):
    """One byte in the middle is another one."""
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


HARMS = {
    "deleted": delete, "emptied": cut_to(0), "cut in half": cut_to(0.5), "cut by a byte": cut_to(1), "changed": change}


def check_one_line(record, ended, what, name):
    """A refusal in one line that names the file or the folder of the dataset, or the images."""
    wrong = ended.refusal_fault()
    if record.check(wrong is None, what, wrong):
        line = ended.error_lines[0]
        record.check(
            name in line or "fashion-mnist" in line or "images or labels" in line, what, f"{line}: expected {name}")


def during_run(work, record, harm, name):
    """After the first round the data is in memory: nothing changes."""
    what = f"{name} {harm} during a run"
    folder = work.place(what.replace(" ", "-"))
    shutil.copytree(work.data, folder / "data")
    output = folder / "a.h5"
    running = work.program.start(work.run(output, rounds=ROUNDS, data=folder / "data"))
    running.wait_for("round 1/")
    HARMS[harm](folder / "data" / "fashion-mnist" / name)
    record.check(running.is_alive, what, "the file was harmed too late: make the run longer")
    work.check_run(running.wait(), output, work.run_bytes(rounds=ROUNDS), what)


def before_resuming(work, record, harm, name):
    """The killed run refuses to resume on other data, and resumes on the old data."""
    what = f"{name} {harm} before resuming"
    folder = work.place(what.replace(" ", "-"))
    data = folder / "data"
    shutil.copytree(work.data, data)
    output = folder / "a.h5"
    arguments = work.run(output, rounds=ROUNDS, data=data)
    running = work.program.start(arguments)
    running.wait_for_file(folder, "a.h5.checkpoint")
    record.add("kills", running.kill())
    HARMS[harm](data / "fashion-mnist" / name)
    check_one_line(record, work.program.run(arguments), what, name)
    record.check(not output.exists(), what, "found a result, expected none")
    shutil.rmtree(data)
    shutil.copytree(work.data, data)
    ended = work.program.run(arguments)
    record.check("Resuming after" in ended.errors, f"{what}, then put back", f"did not resume: {ended.tail}")
    work.check_run(ended, output, work.run_bytes(rounds=ROUNDS), f"{what}, then put back")


def while_reading(work, record, larger, number, expected, seconds, choose):
    """At a random moment of the start, where the files are read: one line, or nothing changes."""
    harm = choose.choice([name for name in HARMS if name != "changed"])
    name = choose.choice([IMAGES, LABELS])
    what = f"{name} {harm} while reading, {number}"
    folder = work.place(f"reading-{number}")
    data = folder / "data"
    shutil.copytree(larger, data)
    output = folder / "a.h5"
    running = work.program.start(work.run(output, rounds=2, data=data))
    running.wait_at_most(choose.uniform(0, seconds))
    HARMS[harm](data / "fashion-mnist" / name)
    ended = running.wait()
    if ended.status == 0:
        work.check_run(ended, output, expected, what)
    else:
        check_one_line(record, ended, what, name)
        record.check(not output.exists(), what, "found a result, expected none")
    shutil.rmtree(folder)
    return ended.status != 0


def in_sweep(work, record, harm):
    """The synthetic images of a sweep, between a kill and resuming; without their folder they are drawn again."""
    what = f"a sweep's images {harm}"
    output = work.place(f"sweep-images-{harm.replace(' ', '-')}") / "sweep"
    running = work.program.start(work.sweep(output, *CELLS), environment=NO_PICTURES)
    running.wait_for_file(output, "cells/*.checkpoint")
    record.add("kills", running.kill())
    HARMS[harm](output / "synthetic-data" / "fashion-mnist" / IMAGES)
    ended = work.program.run(work.sweep(output, *CELLS), environment=NO_PICTURES)
    if ended.status == 0:
        work.check_sweep(ended, output, CELLS, what)
        return
    record.check(ended.status == 1, what, f"{ended.tail}; expected exit code 1")
    record.check(
        len(ended.tail) < 700 and "fashion-mnist" in ended.tail, what, f"{ended.tail}: expected the images' name")
    work.check_no_wrong_result(output, CELLS, what)
    shutil.rmtree(output / "synthetic-data")
    ended = work.program.run(work.sweep(output, *CELLS), environment=NO_PICTURES)
    work.check_sweep(ended, output, CELLS, f"{what}, then drawn again")


def check(work, record, seed):
    """All of them."""
    harms = [(harm, name) for harm in HARMS for name in (IMAGES, LABELS)]
    in_parallel(lambda case: during_run(work, record, *case), harms)
    record.say(f"{len(harms)} times during a run")
    in_parallel(lambda case: before_resuming(work, record, *case), harms)
    record.say(f"{len(harms)} times between a kill and resuming")
    in_parallel(lambda harm: in_sweep(work, record, harm), HARMS)
    record.say(f"{len(HARMS)} times between the kill of a sweep and resuming")

    # Large files, so that reading them takes a while.
    larger = work.folder / "larger"
    work.synthesize(larger, 3000)
    expected = work.run_bytes(rounds=2, data=larger)
    began = time.monotonic()
    running = work.program.start(work.run(work.place("timed") / "a.h5", rounds=2, data=larger))
    running.wait_for("\n")
    seconds = time.monotonic() - began
    running.wait()
    moments = 24
    hits = sum(in_parallel(
        lambda number: while_reading(
            work, record, larger, number, expected, 2 * seconds, random.Random(f"{seed} reading {number}")),
        range(moments)))
    record.check(
        hits, "files harmed while they are read", f"none of {moments} runs refused: other moments are needed")
    record.say(f"{moments} times at random moments of the start: {hits} runs refused, {moments - hits} were unaffected")
