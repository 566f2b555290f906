#!/usr/bin/env python3
"""Checks the committed results: the digest of every cell, every table against the cells, and one cell computed anew.

A cell is a result without models, with its digest (numbers_sha256), its specification and, beside it, the time that it
took. Tables are made anew from copies of the cells and must be the committed ones, byte for byte. Without --cell, the
cell that took the least time is computed anew, from the published dataset files, and must have the same digest."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import h5py

RESULTS = pathlib.Path(__file__).resolve().parent.parent / "results"

# The folder of the tables, that of the cells, what `pfedla reproduce` made them with, and where in its output they are.
SWEEPS = [
    ("quick", "quick", "table1 table2 table3 figure1 figure5 figure6 figure7 --profile quick", "."),
    ("quick/cifar10-three-seeds", "quick", "table1 table2 --profile quick --seeds 3 --only dataset=cifar10", "."),
    ("variants", "variants", "variants --profile quick", "variants"),
]
TABLES = {".csv", ".md", ".tex"}

# Folders that are themselves what `pfedla reproduce` writes, with the plans of their sweeps, so that runs that are not
# finished stay open in their tables; and what in them is not a report's.
REPORTS = {"paper": {"README.md", "times.csv", "open.csv"}}


def call(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise SystemExit(f"pfedla {' '.join(map(str, arguments[:3]))} …: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout + done.stderr


def check_digests(program):
    faults = 0
    for folder in sorted(RESULTS.glob("*/cells")):
        cells = sorted(folder.glob("*.h5"))
        done = subprocess.run([program, "verify", *cells], capture_output=True, text=True)
        print(f"{folder.parent.name}: {len(cells)} cells, " + ("digests as recorded" if done.returncode == 0 else "CHANGED"))
        if done.returncode != 0:
            print(done.stdout + done.stderr)
            faults += 1
    return faults


def check_tables(program):
    faults = 0
    for tables, cells, command, place in SWEEPS:
        with tempfile.TemporaryDirectory() as output:
            shutil.copytree(RESULTS / cells / "cells", f"{output}/cells")
            reproduce = ["reproduce", *command.split(), "--output", output]
            plan = call(program, *reproduce, "--dry-run")
            if ", 0 begun, 0 open" not in plan:
                print(f"{tables}: cells are missing, or are not what {command} would make:\n{plan}")
                faults += 1
                continue
            call(program, *reproduce)
            compared = 0
            made = pathlib.Path(output) / place
            for path in sorted(made.rglob("*")):
                committed = RESULTS / tables / path.relative_to(made)
                if path.suffix not in TABLES or not committed.exists():
                    continue
                compared += 1
                if committed.read_bytes() != path.read_bytes():
                    print(f"{committed.relative_to(RESULTS)}: differs from what its cells give")
                    faults += 1
            print(f"{tables}: {compared} tables compared with what the cells give", flush=True)
    return faults


def check_reports(program):
    faults = 0
    for folder, others in REPORTS.items():
        committed = {
            path.relative_to(RESULTS / folder) for path in (RESULTS / folder).rglob("*")
            if path.suffix in TABLES and path.name not in others}
        with tempfile.TemporaryDirectory() as output:
            made = pathlib.Path(output) / folder
            shutil.copytree(RESULTS / folder, made)
            for path in committed:
                (made / path).unlink()
            call(program, "report", made)
            for path in sorted(committed):
                if not (made / path).exists() or (made / path).read_bytes() != (RESULTS / folder / path).read_bytes():
                    print(f"{folder}/{path}: differs from what its cells give")
                    faults += 1
        if not committed:
            print(f"{folder}: no tables")
            faults += 1
        print(f"{folder}: {len(committed)} tables compared with what the cells give", flush=True)
    return faults


def seconds(cell):
    return json.loads(cell.with_name(cell.stem + ".run.json").read_text())["seconds"]


def check_cell(program, cell):
    cells = [path for path in sorted(RESULTS.glob("*/cells/*.h5")) if path.with_name(path.stem + ".run.json").exists()]
    cell = cell or min(cells, key=seconds)
    with h5py.File(cell) as file:
        specification, expected = file["provenance/specification"][()].decode(), file.attrs["numbers_sha256"]
    took = f"took {seconds(cell):.0f} s" if cell in cells else "took an unknown time"
    print(f"computing {cell.parent.parent.name}/{cell.name} anew; it {took} when it was made", flush=True)
    with tempfile.TemporaryDirectory() as output:
        path = pathlib.Path(output) / "cell.yaml"
        path.write_text(specification)
        call(program, "run", path, "--output", f"{output}/cell.h5")
        with h5py.File(f"{output}/cell.h5") as file:
            found = file.attrs["numbers_sha256"]
    print(f"numbers_sha256 {found}: " + ("the same" if found == expected else f"DIFFERS from {expected}"))
    return found != expected


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pfedla", default=".build/release/pfedla")
    parser.add_argument("--cell", type=pathlib.Path, help="compute this cell anew")
    options = parser.parse_args()
    cell = options.cell and options.cell.resolve()
    faults = check_digests(options.pfedla) + check_tables(options.pfedla) + check_reports(options.pfedla)
    if os.environ.get("PFEDLA_DATASETS") or cell:
        faults += check_cell(options.pfedla, cell)
    else:
        print("PFEDLA_DATASETS is not set: no cell is computed anew")
    print(f"{faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
