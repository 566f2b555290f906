"""Scripts and sweeps without disturbance, and jobs that are cancelled, submitted again or half submitted."""

import collections
import os
import shutil

from . import install
from .sweeps import DONE

# Calls the real one and kills its caller before the answer.
LOST_ANSWER = """\
#!/bin/sh
{sbatch} "$@" > /dev/null
kill -KILL $PPID
"""


def dry_run(sweeps, record):
    """The script is right for bash, shellcheck and sbatch, and nothing is submitted."""
    what = "a dry run"
    submitted = sweeps.submit("smoke", "dry run", "--dry-run", "--limit", "3", "--time", "00:05:00")
    record.check(submitted.ended.status == 0, what, f"{submitted.ended.tail}; expected exit code 0")
    record.check(not submitted.jobs, what, f"jobs {submitted.jobs} were submitted")
    written = sorted(submitted.output.glob("cluster/**/submit.sh"))
    text = written[-1].read_text() if written else sweeps.answer[sweeps.answer.find("#!"):]
    script = sweeps.folder / "dry run.sh"
    script.write_text(text)
    checks = [["bash", "-n", script], ["sbatch", "--test-only", script]]
    if install.has_shellcheck():
        checks.append(["shellcheck", script])
    else:
        record.skip("shellcheck is not here")
    for command in checks:
        done = sweeps.slurm.run(command)
        record.check(
            done.returncode == 0, f"{what}, {command[0]}", f"{(done.stdout + done.stderr).strip()[-500:]}; expected 0")
    wanted = ("#SBATCH --array=", "%3", "#SBATCH --requeue", "--open-mode=append", "--signal=", "--time=")
    absent = [part for part in wanted if part not in text]
    record.check(not absent, what, f"the script has no {', '.join(absent)}")
    record.say(f"dry run: a script of {len(text.splitlines())} lines, {len(checks)} checks")


def sweep(sweeps, record, truth):
    """A sweep over three nodes after a refused submission: each run once, at most three tasks at a time."""
    what = "a sweep on three nodes"
    refused = sweeps.submit("smoke", "two words", "--partition", "nowhere")
    wrong = refused.ended.refusal_fault()
    record.check(wrong is None, "a refused submission", wrong)
    submitted = sweeps.submit_each("smoke", "two words", "--limit", "3", "--time", "00:05:00")
    if not submitted.check_accepted(what, 12):
        return
    second = sweeps.submit("smoke", "two words", "--limit", "3")
    record.check(not second.jobs, what, f"a second submission started jobs {second.jobs}, expected none")
    nodes, most = set(), 0

    def has_ended():
        """Looks once at the queue."""
        nonlocal most
        tasks = sweeps.slurm.live(submitted.job)
        running = [task for task in tasks if task.state == "RUNNING"]
        nodes.update(task.node for task in running)
        most = max(most, len(running))
        return not tasks

    truth.compare(submitted, "a sweep begins")
    sweeps.slurm.until(has_ended, 120, "the sweep")
    truth.compare(submitted, "a sweep has ended")
    states = collections.Counter(task.state for task in sweeps.slurm.jobs(submitted.job))
    record.check(states == {"COMPLETED": 12}, what, f"tasks ended as {dict(states)}, expected 12 COMPLETED")
    record.check(most <= 3, what, f"{most} tasks at a time, expected at most 3")
    number = submitted.check_results(what)
    times = collections.Counter(match[0] for match in DONE.findall(submitted.logs()))
    twice = [name for name in sweeps.expected("smoke") if times[name] != 1]
    record.check(not twice, what, f"done not exactly once: {', '.join(twice)}")
    record.say(f"sweep: {number} runs once each, {most} tasks at a time, on {len(nodes)} nodes")


def cancel(sweeps, record, truth):
    """A job is cancelled while it runs: tasks save and stay away; resubmitting does the rest, from what was saved."""
    what = "a cancelled job"
    submitted = sweeps.submit_each("short", "cancelled", "--limit", "3", "--time", "00:05:00")
    if not submitted.check_accepted(what, 8):
        return
    sweeps.slurm.until(lambda: len(submitted.begun()) >= 2, 60, "tasks that do rounds")
    at_work = submitted.begun()
    truth.compare(submitted, "before cancel")
    ended = sweeps.call("cancel", submitted.output)
    record.check(ended.status == 0, what, f"{ended.tail}; expected exit code 0")
    sweeps.slurm.wait(submitted.job, 40)
    # A task that puts itself back into the queue would come back within seconds.
    back = sweeps.slurm.happens(lambda: sweeps.slurm.live(submitted.job), 8)
    record.check(not back, what, f"came back after it was cancelled: {back}")
    saved = [index for index in at_work if not (submitted.output / "cells" / f"{submitted.cell(index)}.h5").exists()]
    found = truth.settle(submitted, "after cancel", 150)
    missing = sorted(name for name, state in found.items() if state != "done")
    again = sweeps.again(submitted)
    record.check(again.ended.status == 0, what, f"{again.ended.tail}; expected exit code 0")
    named = sorted(name for cells in again.tasks for name in cells)
    record.check(named == missing, what, f"submitted again: {named}, expected {missing}")
    if again.job is not None:
        sweeps.slurm.wait(again.job, 120)
        truth.compare(again, "submitted again")
    resumed = again.logs().lower().count("resuming after round")
    record.check(
        resumed >= len(saved), what, f"{resumed} runs resumed, expected {len(saved)}: a checkpoint was not saved")
    number = again.check_results(what)
    record.say(f"cancel: {len(at_work)} tasks at work stopped, {len(named)} of {number} runs again, {resumed} resumed")


def lost_answer(sweeps, record, truth):
    """The program is killed between sbatch and its answer: the job is not submitted twice."""
    what = "a lost answer of sbatch"
    tools = sweeps.folder / "tools"
    tools.mkdir()
    fake = tools / "sbatch"
    fake.write_text(LOST_ANSWER.format(sbatch=shutil.which("sbatch", path=install.PATH)))
    fake.chmod(0o755)
    path = {"PATH": f"{tools}{os.pathsep}{install.PATH}"}
    first = sweeps.submit("smoke", "lost-answer", "--limit", "2", "--time", "00:05:00", environment=path)
    record.check(first.ended.status < 0, what, f"{first.ended.tail}; expected that the program is killed")
    if not record.check(first.job is not None, what, f"found jobs {first.jobs}, expected one"):
        return
    found = truth.compare_states(first, what, {"uncertain", "waiting", "running", "done"})
    second = sweeps.submit("smoke", "lost-answer", "--limit", "2", "--time", "00:05:00")
    if second.ended.status != 0:
        wrong = second.ended.refusal_fault()
        record.check(wrong is None, what, wrong)
    record.check(not second.jobs, what, f"submitted again as {second.jobs}, expected one job for each run")
    for job in (first.job, *second.jobs):
        sweeps.slurm.wait(job, 120)
    times = collections.Counter(match[0] for match in DONE.findall(first.logs()))
    twice = [name for name, number in times.items() if number > 1]
    record.check(not twice, what, f"done twice: {', '.join(twice)}")
    truth.compare_states(first, f"{what}, at the end", {"done"})
    number = first.check_results(what)
    said = dict(collections.Counter(found.values()))
    record.say(f"lost answer: {number} runs once each; status said {said}, a second submission {second.ended.how}")
