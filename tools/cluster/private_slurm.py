"""A private Slurm of three nodes on one machine, for checks: own ports and folders, ended by its process ids."""

import collections
import getpass
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from . import install, processes

NODES = ("n1", "n2", "n3")
# Where a task can still change.
LIVE = {
    "PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING",
    "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD"}
SETTINGS = {
    "ClusterName": "private",
    # Requeued tasks wait as long as a credential lives, and one second: two minutes by default.
    "AuthType": "auth/munge", "CredType": "cred/munge", "AuthInfo": "socket={folder}/munge/socket,cred_expire=5",
    "StateSaveLocation": "{folder}/state", "SlurmdSpoolDir": "{folder}/spool/%n",
    "SlurmctldPidFile": "{folder}/run/slurmctld.pid", "SlurmdPidFile": "{folder}/run/%n.pid",
    "SlurmctldLogFile": "{folder}/logs/slurmctld.log", "SlurmdLogFile": "{folder}/logs/%n.log",
    "ProctrackType": "proctrack/linuxproc", "TaskPlugin": "task/none", "SwitchType": "switch/none",
    "JobAcctGatherType": "jobacct_gather/none", "AccountingStorageType": "accounting_storage/none",
    "JobCompType": "jobcomp/filetxt", "JobCompLoc": "{folder}/logs/completed.txt",
    "SelectType": "select/cons_tres", "SelectTypeParameters": "CR_CPU_Memory", "MpiDefault": "none",
    "SchedulerType": "sched/backfill",
    "SchedulerParameters": "sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0",
    "PreemptType": "preempt/partition_prio", "PreemptMode": "REQUEUE",
    # More cores and memory than there are are taken as given.
    "SlurmdParameters": "config_overrides",
    "JobRequeue": 1, "ReturnToService": 2,
    # A dead node is noticed after these; at other places they are minutes.
    "SlurmdTimeout": 4, "SlurmctldTimeout": 4, "MessageTimeout": 5, "KillWait": 4, "BatchStartTimeout": 6,
    "CompleteWait": 0, "InactiveLimit": 0, "OverTimeLimit": 0, "MinJobAge": 300,
}
Task = collections.namedtuple("Task", "job index raw state reason node")


class CannotStart(Exception):
    """This machine does not run the daemons."""


class PrivateSlurm:
    """The daemons, while the context lasts; `settings` replace or add lines of slurm.conf."""

    def __init__(self, cpus=2, memory=8000, **settings):
        self.folder = None
        self.cpus = cpus
        self.memory = memory
        self.settings = {**SETTINGS, **settings}
        self.daemons = {}
        self.environment = {}

    def __enter__(self):
        """Starts the daemons, and waits until all nodes are idle. Raises CannotStart."""
        install.require_slurm()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="private-slurm-"))
        # munged refuses a socket that others cannot reach.
        self.folder.chmod(0o755)
        try:
            self._write()
            self._start_munge()
            self.start_controller()
            for node in NODES:
                self._start_daemon(node, "slurmd", "-D", "-N", node)
            for node in NODES:
                self._wait_ready(node)
        except RuntimeError as error:
            self.__exit__()
            raise CannotStart(str(error)) from error
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        """Ends every process of this Slurm, its jobs included, and removes its folder."""
        processes.end(lambda: processes.of_slurm(self.folder))
        for daemon in self.daemons.values():
            daemon.kill()
            daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self):
        """Writes slurm.conf and the key, and makes the folders."""
        for name in ("munge", "state", "run", "logs", *(f"spool/{node}" for node in NODES)):
            (self.folder / name).mkdir(parents=True)
        key = self.folder / "munge" / "key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        host = socket.gethostname().split(".")[0]
        ports = free_ports(1 + len(NODES))
        lines = [f"SlurmctldHost={host}(127.0.0.1)", f"SlurmctldPort={ports[0]}"]
        lines += [f"{name}={getpass.getuser()}" for name in ("SlurmUser", "SlurmdUser")]
        lines += [f"{name}={str(value).format(folder=self.folder)}" for name, value in self.settings.items()]
        lines += [
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={self.cpus} "
            f"RealMemory={self.memory} State=UNKNOWN" for node, port in zip(NODES, ports[1:])]
        # LLN: tasks spread over the nodes.
        nodes = f"Nodes={','.join(NODES)} MaxTime=INFINITE State=UP DefMemPerCPU=100 LLN=YES"
        lines += [f"PartitionName=main {nodes} Default=YES PriorityTier=1",
                  f"PartitionName=urgent {nodes} PriorityTier=10 PreemptMode=OFF"]
        (self.folder / "slurm.conf").write_text("\n".join(lines) + "\n")
        self.environment = {
            name: value for name, value in os.environ.items()
            if not name.startswith(("SLURM", "SBATCH", "SQUEUE", "SINFO", "SCANCEL"))}
        self.environment.update(PATH=install.PATH, SLURM_CONF=str(self.folder / "slurm.conf"))

    def _start_daemon(self, name, *command):
        """Starts one of the daemons in the foreground, so that its process id is known; its messages go to a file."""
        with open(self.folder / "logs" / f"{name}.out", "ab") as log:
            self.daemons[name] = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)

    def _start_munge(self):
        """Starts munged with its own socket and key."""
        place = self.folder / "munge"
        self._start_daemon(
            "munged", "munged", "--foreground", f"--socket={place}/socket", f"--key-file={place}/key",
            f"--pid-file={place}/pid", f"--log-file={place}/log", f"--seed-file={place}/seed", "--num-threads=2")
        self.until((place / "socket").exists, 20, "munged")

    def start_controller(self):
        """Starts slurmctld, and waits until it answers."""
        self._start_daemon("slurmctld", "slurmctld", "-D")
        self.until(lambda: self.run("scontrol ping").returncode == 0, 30, "slurmctld")

    def stop_controller(self, crash=False):
        """Ends slurmctld, which saves what it knows; a crash loses its last seconds, such as a requeue."""
        self.daemons["slurmctld"].send_signal(signal.SIGKILL if crash else signal.SIGTERM)
        self.daemons["slurmctld"].wait(30)

    def restart_controller(self, crash=False):
        """Ends slurmctld and starts it again; jobs go on meanwhile."""
        self.stop_controller(crash)
        self.start_controller()

    def kill_node(self, node, with_jobs=True):
        """Kills slurmd; with its jobs, as if the machine had lost power, or alone, as if the network were cut."""
        self.daemons[node].kill()
        self.daemons[node].wait()
        if with_jobs:
            processes.end(lambda: processes.of_node(self.folder, node))

    def start_node(self, node):
        """Starts slurmd of a killed node, and waits until the controller uses it."""
        self._start_daemon(node, "slurmd", "-D", "-N", node)
        self._wait_ready(node)

    def node_state(self, node):
        """Its state, such as idle, or down* while it does not answer."""
        return self.run(f"sinfo --noheader --Node --nodes={node} --format=%T").stdout.split("\n")[0].strip()

    def _wait_ready(self, node):
        """Waits until a node can take jobs."""
        ready = ("idle", "mixed", "allocated", "completing")
        self.until(lambda: self.node_state(node) in ready, 40, f"slurmd of {node}")

    def run(self, command, limit=60, **options):
        """Runs a command, a list or a line for the shell, that asks this Slurm."""
        return subprocess.run(
            command, shell=isinstance(command, str), env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=limit, check=False, **options)

    def must(self, command, **options):
        """As `run`; returns what it prints. Raises RuntimeError if it fails."""
        done = self.run(command, **options)
        if done.returncode != 0:
            raise RuntimeError(f"{command}: exit code {done.returncode}: {done.stderr.strip()}")
        return done.stdout.strip()

    def requeue(self, job):
        """Puts a task, such as 17_3, back into the queue."""
        self.must(["scontrol", "requeue", job])

    def jobs(self, job=None):
        """All tasks that Slurm still knows, or those of one array, a line each; ended ones too."""
        lines = self.must("squeue --noheader --array --states=all --format='%F|%K|%A|%T|%r|%N'").splitlines()
        tasks = (Task(*line.split("|")) for line in lines)
        return [task for task in tasks if job is None or str(job) in (task.job, f"{task.job}_{task.index}")]

    def live(self, job=None):
        """Those that wait or run."""
        return [task for task in self.jobs(job) if task.state in LIVE]

    def wait(self, job, seconds):
        """Waits until no task of a job, such as 17 or 17_3, waits or runs; returns their states by index."""
        self.until(lambda: not self.live(job), seconds, f"job {job}")
        return {task.index: task.state for task in self.jobs(job)}

    def happens(self, condition, seconds):
        """Waits until a condition has a value and returns it; a false one after so many seconds."""
        end = time.monotonic() + seconds
        while not (value := condition()) and time.monotonic() < end:
            time.sleep(0.1)
        return value

    def until(self, condition, seconds, what):
        """As `happens`. Raises RuntimeError where that gives up."""
        value = self.happens(condition, seconds)
        if value:
            return value
        logs = sorted((self.folder / "logs").glob("*.out"), key=lambda path: path.stat().st_mtime)
        tails = [f"{path.name}: {path.read_text(errors='replace')[-300:]}" for path in logs[-2:]]
        raise RuntimeError(f"{what}: not there after {seconds} s; {' '.join(tails)}")


def free_ports(number):
    """Ports that nobody uses now."""
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
