#!/usr/bin/env python3
"""What of the paper-scale runs is finished and what is open: results/paper/times.csv has the time of every finished run
beside the time predicted by a dry run, results/paper/open.csv the open runs with their predicted time and command.

Predictions are those of the machine that this runs on, so let nothing else run on it."""
import argparse
import csv
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAPER = ROOT / "results" / "paper"
UNITS = {"d": 86400, "h": 3600, "min": 60, "s": 1}
RUN = re.compile(r"^(\S+-seed\d+-[0-9a-f]{8})  (.+?)  [\d.]+ [GM]B$")


def seconds(text):
    parts = re.findall(r"(\d+) (d|h|min|s)\b", text)
    if not parts:
        raise SystemExit(f"no time: {text}")
    return sum(int(number) * UNITS[unit] for number, unit in parts)


def predictions(program, command, *arguments):
    """The predicted seconds of all runs of a target, by name."""
    with tempfile.TemporaryDirectory() as output:
        done = subprocess.run(
            [program, *command.split(), "--profile", "paper", *arguments, "--output", output, "--dry-run"],
            capture_output=True, text=True, cwd=ROOT, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise SystemExit(f"pfedla {command}: {done.stderr.strip()}")
    return {match[1]: seconds(match[2]) for match in map(RUN.match, done.stdout.splitlines()) if match}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pfedla", default=".build/release/pfedla")
    options = parser.parse_args()
    program = str(pathlib.Path(options.pfedla).resolve())
    sweeps = [
        (target, f"reproduce {target}", ["--only", "clients=10"] if target in ("table1", "table2") else [])
        for target in ("table1", "table2", "table3", "figure1", "figure5", "figure6", "figure7")
    ] + [("sensitivity", "tune sensitivity", []), ("statistics", "reproduce statistics", []),
         ("dominance", "tune dominance", []), ("table1", "reproduce table1", ["--only", "clients=100"]),
         ("table2", "reproduce table2", ["--only", "clients=100"])]
    known, times, open_runs = set(), [], []
    for target, command, arguments in sweeps:
        for name, predicted in predictions(program, command, *arguments).items():
            if name in known:
                continue
            known.add(name)
            dataset, method, seed = re.match(r"(.+?)-(?:classes-per-client|dominant-classes)-\d+-(.+)-seed(\d+)-", name).groups()
            clients = re.search(r"-(\d+)-" + re.escape(method), name)[1]
            row = [target, dataset, clients, method, seed, name, f"{predicted / 60:.1f}"]
            record = PAPER / "cells" / f"{name}.run.json"
            if record.exists():
                facts = json.loads(record.read_text())
                times.append(row + [f"{facts['seconds'] / 60:.1f}", str(facts["rounds"])])
            else:
                labels = {"seed": seed}
                if target not in ("figure1", "statistics"):
                    labels["dataset"] = "emnist" if dataset == "emnist-byclass" else dataset
                if target in ("table1", "table2"):
                    labels |= {"clients": clients, "method": method}
                only = " ".join(f"--only {axis}={label}" for axis, label in labels.items())
                open_runs.append(row + [f"pfedla {command} --profile paper {only} --output runs/paper"])
    header = ["target", "dataset", "clients", "method", "seed", "run", "predicted_minutes"]
    for file, columns, rows in (
        ("times.csv", ["taken_minutes", "rounds"], times), ("open.csv", ["command"], open_runs)):
        with open(PAPER / file, "w", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(header + columns)
            writer.writerows(rows)
    print(f"{len(times)} runs finished, {len(open_runs)} open: "
          f"{sum(float(row[6]) for row in open_runs) / 60:.0f} hours predicted here")


if __name__ == "__main__":
    sys.exit(main())
