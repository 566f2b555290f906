"""The tiny sweeps that go to the private Slurm, and what they give in one process."""

import concurrent.futures
import json
import re
import time

from survival.program import Program

from . import processes

# Without checkpoints in between: only what a signal saves can be resumed.
SWEEP = """\
name: cluster-check
title: "A sweep for a cluster"
report: accuracy
base:
  dataset: {name: fashion-mnist}
  partition:
    {scheme: classes-per-client, clients: 3, classes_per_client: 4, samples_per_client: 20, train_fraction: 0.7}
  local_epochs: 1
  checkpoint_every: 100000
  saved_models: none
axes:
  method: [fedavg, pfedla, heurpfedla]
  seed: [0, 1, 2, 3]
profiles:
  smoke:
    summary: a second or two for each run
    synthetic_samples_per_class: 30
    set: {rounds: 150}
  short:
    summary: some seconds for each run
    synthetic_samples_per_class: 30
    axes: {method: [fedavg, pfedla]}
    set: {rounds: 1000}
  single:
    summary: one run
    synthetic_samples_per_class: 30
    axes: {method: [pfedla], seed: [0]}
    set: {rounds: 500}
"""
# The shortest: as many tasks as can be.
TASK_TIME = ("--task-time", "1")
# A run that was begun, and one that was completed.
BEGUN = re.compile(r"^\d+/\d+ (\S+): round \d+/", re.MULTILINE)
DONE = re.compile(r"^\d+/\d+ (\S+): round (\d+)/\2,", re.MULTILINE)
# What a task's script prints first, in every attempt.
STARTS = re.compile(r"^\S+ task \d+: starts on ", re.MULTILINE)
# Without gnuplot, whose pictures take as long as all the runs.
NO_PICTURES = {"PATH": "/nowhere"}


class Sweeps:
    """Submits sweeps, and knows their undisturbed results."""

    def __init__(self, path, record, slurm, folder):
        """Of a program, in a folder."""
        self.record = record
        self.slurm = slurm
        self.folder = folder
        self.program = Program(path, folder / "messages")
        self.file = folder / "cluster-check.yaml"
        self.file.write_text(SWEEP)
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.wanted = {}

    def prepare(self, *profiles):
        """Begins to compute the undisturbed results of profiles, beside everything else."""
        for profile in profiles:
            self.wanted[profile] = self.pool.submit(self._undisturbed, profile)

    def _undisturbed(self, profile):
        """Computes a profile in one process; returns the bytes of every run, by name."""
        output = self.folder / f"undisturbed-{profile}"
        ended = self.program.run(
            ["reproduce", self.file, "--profile", profile, "--output", output, "--workers", "1"], limit=300,
            environment=NO_PICTURES)
        if ended.status != 0:
            raise RuntimeError(f"reproduce in one process: {ended.tail}; expected exit code 0")
        return {path.stem: path.read_bytes() for path in (output / "cells").glob("*.h5")}

    def expected(self, profile):
        """The bytes of every run, by name."""
        return self.wanted[profile].result()

    def call(self, *arguments, environment=None):
        """`pfedla cluster …` on this Slurm."""
        with open(self.folder / "answer.txt", "wb") as output:
            return self.program.run(
                ["cluster", *arguments], limit=180, environment={**self.slurm.environment, **(environment or {})},
                output=output)

    @property
    def answer(self):
        """What the last call printed on its standard output."""
        return (self.folder / "answer.txt").read_text()

    def submit(self, profile, name, *more, environment=None):
        """Submits a sweep to a folder of that name; returns what was submitted."""
        output = self.folder / name
        before = {task.job for task in self.slurm.jobs()}
        ended = self.call(
            "submit", self.file, "--profile", profile, "--output", output, *TASK_TIME, "--cpus", "1", *more,
            environment=environment)
        return Submitted(self, profile, output, ended, before)

    def submit_each(self, profile, name, *more):
        """As `submit`, with a task for every run: a job whose tasks have several is held and cancelled, and its runs
        are submitted again, one by one."""
        submitted = self.submit(profile, name, *more, "--sbatch=--hold")
        if submitted.ended.status != 0:
            return submitted
        if all(len(cells) == 1 for cells in submitted.tasks):
            self.slurm.must(["scontrol", "release", submitted.job])
            return submitted
        self.call("cancel", submitted.output)
        self.slurm.wait(submitted.job, 20)
        return self.again(submitted, *more)

    def again(self, submitted, *more):
        """Submits what failed or was lost once more, a task for every run."""
        before = {task.job for task in self.slurm.jobs()}
        # An option given here takes the place of --hold.
        ended = self.call("resubmit", submitted.output, *more, "--sbatch=--requeue")
        return Submitted(self, submitted.profile, submitted.output, ended, before)

    def end(self):
        """Ends what still runs."""
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.program.end_all()
        self.pool.shutdown()


class Submitted:
    """A call of submit or resubmit: how it ended, the job that is new since then, and its tasks."""

    def __init__(self, sweeps, profile, output, ended, before):
        """After the call has ended; `before` has the jobs that were there before it."""
        self.sweeps = sweeps
        self.profile = profile
        self.output = output
        self.ended = ended
        new = sorted({task.job for task in sweeps.slurm.jobs()} - before)
        self.job = new[0] if len(new) == 1 else None
        self.jobs = new
        lists = sorted(output.glob("cluster/**/tasks.json"), key=lambda path: path.stat().st_mtime_ns)
        content = json.loads(lists[-1].read_text()) if lists else []
        tasks = content["tasks"] if isinstance(content, dict) else content
        # The runs of each task; a task's place is its number in the array.
        self.tasks = [list(task["cells"]) for task in tasks]

    def cell(self, index):
        """The run of a task that has one."""
        return self.tasks[int(index)][0]

    def log(self, index):
        """What a task has printed so far, in all its attempts."""
        return "".join(
            path.read_text(errors="replace")
            for path in self.output.glob(f"cluster/**/logs/{self.job}_{index}.log"))

    def attempt(self, index):
        """What a task has printed in its last attempt."""
        return STARTS.split(self.log(index))[-1]

    def silence(self, index):
        """Seconds since a task last wrote to its log; infinite if it never did."""
        logs = self.output.glob(f"cluster/**/logs/{self.job}_{index}.log")
        return min((time.time() - path.stat().st_mtime for path in logs), default=float("inf"))

    def logs(self):
        """What all tasks of all jobs of the folder have printed."""
        return "\n".join(
            path.read_text(errors="replace") for path in sorted(self.output.glob("cluster/**/logs/*.log")))

    def programs(self, index):
        """The ids of a task's programs; usually one."""
        return [
            pid for pid in processes.of_task(self.sweeps.slurm.folder, self.job, index)
            if "reproduce" in processes.command(pid)]

    def begun(self):
        """The tasks whose program does rounds, by their numbers."""
        return [
            task.index for task in self.sweeps.slurm.jobs(self.job)
            if task.state == "RUNNING" and BEGUN.search(self.attempt(task.index)) and self.programs(task.index)]

    def restarts(self, index):
        """How often Slurm has started a task again."""
        shown = self.sweeps.slurm.run(f"scontrol show job {self.job}_{index}").stdout
        found = re.search(r"JobState=RUNNING.*Restarts=(\d+)", shown, re.DOTALL)
        return int(found[1]) if found else 0

    def check_accepted(self, what, number):
        """One new job with so many tasks, one run each."""
        check = self.sweeps.record.check
        if not check(self.ended.status == 0, what, f"{self.ended.tail}; expected exit code 0"):
            return False
        sizes = sorted(len(cells) for cells in self.tasks)
        check(len(self.jobs) == 1, what, f"found {len(self.jobs)} new jobs, expected 1")
        return check(
            self.job is not None and sizes == [1] * number, what, f"tasks of {sizes} runs, expected {number} of 1 run")

    def check_results(self, what):
        """All runs are there, with the bytes of one process, and nothing else is left in the folder."""
        expected = self.sweeps.expected(self.profile)
        cells = self.output / "cells"
        for name, content in expected.items():
            path = cells / f"{name}.h5"
            self.sweeps.record.same_bytes(path.read_bytes() if path.exists() else None, content, what, name)
        others = [
            path.name for path in cells.glob("*")
            if path.suffix not in (".h5", ".lock") and not path.name.endswith(".run.json")
            or path.suffix == ".h5" and path.stem not in expected]
        self.sweeps.record.check(not others, what, f"left over: {', '.join(sorted(others))}")
        return len(expected)
