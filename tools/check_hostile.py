"""Tries a million changed inputs on every reader of the package, under the address sanitizer.

    tools/check_hostile.py --program .build-asan/release/pfedla-fuzzing

Each reader gets its share of the inputs, in a process that begins anew behind an input which ended it. Prints a line per
reader and exits with 1 if any input crashed it, took over five seconds, allocated more than ten times its size and 64
MiB, or was refused in anything but one short line. `--seed` and the number of an input give it again:

    .build-asan/release/pfedla-fuzzing READER --seed 1 --first NUMBER --inputs 1 --keep input.bin
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys

# Inputs of one process: also bounds what a leak could gather.
PIECE = 20_000
MOST_FAULTS = 20


def run(program, name, first, count, seed):
    """Tries some inputs. Returns how many were tried, the printed lines, and the faults."""
    done = subprocess.run(
        [program, name, "--inputs", str(count), "--first", str(first), "--seed", str(seed)],
        capture_output=True, text=True, errors="replace",
        # Leaks are not looked for: libraries keep what they need once.
        env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=0",
             "SWIFT_BACKTRACE": "enable=no"})
    faults = re.findall(r"^FAULT (.*)$", done.stdout, re.M)
    ended = re.search(r"^(CRASH|HANG) in input (\d+)$", done.stderr, re.M)
    if ended:
        number = int(ended[2])
        reason = re.search(r"(Fatal error.*|ERROR: AddressSanitizer.*)", done.stderr)
        faults.append(f"{name} input {number}: {ended[1]} {reason[1][:200] if reason else ''}".rstrip())
        return number - first + 1, done.stdout, faults
    if done.returncode not in (0, 1) or (done.returncode == 1 and not faults):
        sys.exit(f"{name}: exit code {done.returncode}: {done.stderr.strip()[-500:]}")
    return count, done.stdout, faults


def try_piece(program, name, first, count, seed):
    """Tries some inputs, past those that end the process."""
    start, end = first, first + count
    lines, faults = [], []
    while first < end and len(faults) < MOST_FAULTS:
        tried, text, found = run(program, name, first, end - first, seed)
        lines += re.findall(r"(\d+) inputs, (\d+) refused, longest (\d+) ms, largest allocation (\d+)", text)
        faults += found
        first += tried
    return name, first - start, lines, faults


def main():
    """Shares the inputs among the readers and prints what was found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="readers, separated by commas")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    listed = subprocess.run(
        [arguments.program], capture_output=True, text=True, check=True).stdout.splitlines()
    shares = {line.split()[0]: float(line.split()[1]) for line in listed}
    sealed = {line.split()[0] for line in listed if line.split()[2] == "sealed"}
    if arguments.only:
        shares = {name: shares[name] for name in arguments.only.split(",")}
    whole = sum(shares.values())
    pieces = []
    for name, share in shares.items():
        count = round(arguments.inputs * share / whole)
        pieces += [(name, first, min(PIECE, count - first)) for first in range(0, count, PIECE)]

    totals = {name: [0, 0, 0, 0] for name in shares}
    faults = []
    with concurrent.futures.ThreadPoolExecutor(arguments.workers) as pool:
        jobs = [pool.submit(try_piece, arguments.program, name, first, count, arguments.seed)
                for name, first, count in pieces]
        for job in concurrent.futures.as_completed(jobs):
            name, count, lines, found = job.result()
            total = totals[name]
            total[0] += count
            for _, refused, longest, largest in lines:
                total[1] += int(refused)
                total[2] = max(total[2], int(longest))
                total[3] = max(total[3], int(largest))
            faults += found
    print(f"{'reader':14} {'inputs':>8} {'refused':>8} {'longest':>8} {'largest':>8}")
    for name, (count, refused, longest, largest) in totals.items():
        print(f"{name:14} {count:8} {refused:8} {longest:5} ms {largest:4} MiB")
    # Between crashes nothing is counted as refused, so that only whole pieces say this.
    faults += [f"{name}: refused every input, so that no more than the refusal was tried"
               for name, (count, refused, _, _) in totals.items()
               if name not in sealed and count == refused and count > 100]
    for fault in faults:
        print(f"FAULT {fault}")
    print(f"{sum(t[0] for t in totals.values())} inputs, {len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
