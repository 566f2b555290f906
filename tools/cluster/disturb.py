"""Sweeps in which tasks, nodes, controller and time limits fail while they run."""

import collections
import os
import signal

# A signal's bit in a process's mask of pending signals.
USR1 = 1 << (signal.SIGUSR1 - 1)


def pending(pid):
    """The signals that wait for a stopped process; none if it has ended."""
    try:
        with open(f"/proc/{pid}/status") as lines:
            return sum(int(line.split()[1], 16) for line in lines if line.startswith(("SigPnd:", "ShdPnd:")))
    except OSError:
        return 0


class Victims:
    """Chooses a task for each disturbance, none of them twice."""

    def __init__(self, sweeps, submitted):
        """Of a sweep that was submitted."""
        self.sweeps = sweeps
        self.submitted = submitted
        self.taken = set()

    def next(self):
        """Waits for a task that does rounds; returns it as Slurm lists it."""
        slurm = self.sweeps.slurm

        def find():
            """Those that are at work now."""
            begun = set(self.submitted.begun()) - self.taken
            return [task for task in slurm.jobs(self.submitted.job) if task.index in begun]
        task = slurm.until(find, 90, "a task that does rounds")[0]
        self.taken.add(task.index)
        return task


def freeze(submitted, task):
    """Stops a task's program: its time goes on. Returns the process id."""
    pid = submitted.programs(task.index)[0]
    os.kill(pid, signal.SIGSTOP)
    return pid


def disturb(sweeps, record, truth):
    """All runs are done in the end, from what was saved, whatever happened."""
    slurm, what = sweeps.slurm, "a disturbed sweep"
    submitted = sweeps.submit_each("short", "disturbed", "--limit", "5", "--time", "00:10:00")
    if not submitted.check_accepted(what, 8):
        return
    victims, done = Victims(sweeps, submitted), collections.Counter()

    killed = victims.next()
    for pid in submitted.programs(killed.index):
        os.kill(pid, signal.SIGKILL)
    done["killed"] += 1
    slurm.until(lambda: not submitted.programs(killed.index), 10, "the end of a killed program")
    truth.compare(submitted, "a killed program")

    preempted = victims.next()
    slurm.must(["sbatch", "--partition=urgent", f"--nodelist={preempted.node}", "--cpus-per-task=2",
                "--output=/dev/null", "--wrap=true"])
    done["preempted"] += 1
    slurm.until(lambda: not submitted.programs(preempted.index), 20, "the end of a preempted program")
    truth.compare(submitted, "a task that an urgent job displaced")

    cancelled = victims.next()
    slurm.must(["scancel", "--signal=KILL", f"{submitted.job}_{cancelled.index}"])
    done["cancelled"] += 1
    truth.compare(submitted, "a task ended by scancel --signal=KILL")

    requeued = victims.next()
    slurm.requeue(f"{submitted.job}_{requeued.index}")
    done["requeued"] += 1
    truth.compare(submitted, "a requeued task")

    node = victims.next().node
    slurm.kill_node(node)
    done["dead nodes"] += 1
    truth.compare(submitted, "a dead node, not yet noticed")
    slurm.until(lambda: slurm.node_state(node).startswith("down"), 60, f"the death of {node}")
    truth.compare(submitted, "a dead node, noticed")

    slurm.stop_controller()
    done["dead controllers"] += 1
    truth.compare(submitted, "no controller", is_up=False)
    slurm.start_controller()
    slurm.start_node(node)
    truth.compare(submitted, "controller and node are back")

    slurm.wait(submitted.job, 150)
    finish(sweeps, record, truth, submitted, done)


def finish(sweeps, record, truth, submitted, done):
    """Submits what failed or was lost again, and checks all results."""
    what = "a disturbed sweep"
    found = truth.settle(submitted, "all tasks have ended", 150)
    missing = sorted(name for name, state in found.items() if state != "done")
    if missing:
        again = sweeps.again(submitted)
        if again.check_accepted(what, len(missing)):
            sweeps.slurm.wait(again.job, 120)
    resumed = submitted.logs().lower().count("resuming after round")
    # These have time to save.
    least = sum(done[name] for name in ("requeued", "preempted", "cancelled"))
    record.check(resumed >= least, what, f"{resumed} runs resumed, expected {least}: a checkpoint was not saved")
    number = submitted.check_results(what)
    told = ", ".join(f"{count} {name}" for name, count in done.items())
    record.say(f"disturbed: {told}; {number} runs in the end, {len(missing)} submitted again, {resumed} resumed")


def time_limit(sweeps, record, truth):
    """A task that reaches its time limit is warned, saves, is queued again and resumes."""
    slurm, what = sweeps.slurm, "a task out of time"
    # Slurm may warn a minute early: of one minute nothing would be left.
    submitted = sweeps.submit_each("single", "time-limit", "--time", "00:02:00")
    if not submitted.check_accepted(what, 1):
        return
    task = Victims(sweeps, submitted).next()
    # It stands still until the warning before the end of its time.
    frozen = freeze(submitted, task)
    truth.compare(submitted, "a task at work", running=[submitted.cell(task.index)])
    slurm.until(lambda: pending(frozen) & USR1, 130, "the warning before the end of the time")
    os.kill(frozen, signal.SIGCONT)
    slurm.until(lambda: frozen not in submitted.programs(task.index), 20, "the end of the warned program")
    truth.compare(submitted, what)
    slurm.until(lambda: submitted.restarts(task.index) > 0 or not slurm.live(submitted.job), 60, "its second start")
    slurm.wait(submitted.job, 120)
    found = truth.settle(submitted, f"{what}, at the end", 60)
    record.check(set(found.values()) == {"done"}, what, f"found {found}, expected that the task resumes by itself")
    resumed = submitted.logs().lower().count("resuming after round")
    record.check(resumed == 1, what, f"{resumed} runs resumed, expected 1")
    number = submitted.check_results(what)
    record.say(f"time limit: {number} run, warned, {resumed} resumed")


def cut_off(sweeps, record, truth):
    """A node without its slurmd: the task goes on there and starts again elsewhere, and the node ends it on return."""
    slurm, what = sweeps.slurm, "a node that is cut off"
    submitted = sweeps.submit_each("single", "cut-off", "--time", "00:05:00")
    if not submitted.check_accepted(what, 1):
        return
    task = Victims(sweeps, submitted).next()
    # It holds its run as long as it stands still.
    frozen = freeze(submitted, task)
    slurm.kill_node(task.node, with_jobs=False)
    slurm.until(lambda: submitted.restarts(task.index) > 0, 90, "a second start of the task")
    truth.compare_states(submitted, what, {"running", "waiting", "uncertain"})
    slurm.happens(lambda: not slurm.live(submitted.job), 5)
    slurm.start_node(task.node)
    slurm.until(lambda: frozen not in submitted.programs(task.index), 30, "the end of the first program")
    slurm.wait(submitted.job, 60)
    found = truth.settle(submitted, f"{what} and comes back", 150)
    left = [name for name, state in found.items() if state != "done"]
    if left:
        again = sweeps.again(submitted)
        if again.check_accepted(what, len(left)):
            slurm.wait(again.job, 60)
    number = submitted.check_results(what)
    record.say(f"cut off: {number} run, {len(left)} submitted again")
