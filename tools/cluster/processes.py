"""The processes of a private Slurm and of its jobs, found by what they have open and by their environment."""

import os
import pathlib
import signal
import time


def end(find, seconds=10):
    """Kills what `find` returns, until it returns nothing: a process may start another one meanwhile."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        found = find()
        if not found:
            return
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.02)
    raise RuntimeError(f"processes {found} do not end")


def of_slurm(folder):
    """The daemons, the shepherds of the jobs, and the jobs' processes."""
    return _with_children(
        lambda pid: _environment(pid).get("SLURM_CONF", "").startswith(f"{folder}/") or _is_shepherd(pid, f"{folder}/"))


def of_node(folder, node):
    """The shepherds of a node's jobs, whose title hides their environment, and the jobs' processes."""
    def belongs(pid):
        """Whether it is a shepherd or a process that it started."""
        environment = _environment(pid)
        return (
            _is_shepherd(pid, f"{folder}/logs/{node}.log")
            or environment.get("SLURMD_NODENAME") == node
            and environment.get("SLURM_CONF", "").startswith(f"{folder}/"))
    return _with_children(belongs)


def of_task(folder, job, index):
    """The processes of an array's task."""
    def belongs(pid):
        """Whether it has the task's environment."""
        environment = _environment(pid)
        return (
            environment.get("SLURM_CONF", "").startswith(f"{folder}/")
            and environment.get("SLURM_ARRAY_JOB_ID") == str(job)
            and environment.get("SLURM_ARRAY_TASK_ID") == str(index))
    return _with_children(belongs)


def command(pid):
    """The words of a process's command line; none if it has ended."""
    return _read(pid, "cmdline").decode(errors="replace").rstrip("\0").split("\0")


def _with_children(belongs):
    """All processes for which that holds, and their descendants; never this one, and no dead ones."""
    parents = {}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        # After the name in brackets: the state and the parent.
        fields = _read(path.name, "stat").rpartition(b")")[2].split()
        if len(fields) > 1 and fields[0] != b"Z":
            parents[int(path.name)] = int(fields[1])
    found = {pid for pid in parents if belongs(pid)}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found - {os.getpid()})


def _read(pid, name):
    """A file of /proc; empty if the process has ended."""
    try:
        return pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _environment(pid):
    """A process's environment; empty if it has ended."""
    lines = _read(pid, "environ").decode(errors="replace").split("\0")
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _is_shepherd(pid, prefix):
    """Whether it is a slurmstepd with such a file open: its log is its slurmd's."""
    if not _read(pid, "comm").startswith(b"slurmstepd"):
        return False
    try:
        files = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return False
    for name in files:
        try:
            if os.readlink(f"/proc/{pid}/fd/{name}").startswith(prefix):
                return True
        except OSError:
            continue
    return False
