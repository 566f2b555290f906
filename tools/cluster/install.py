"""Installs what the check of the cluster needs."""

import os
import shutil
import subprocess

# Where the daemons are, which is not in every user's PATH.
PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "sinfo")
PACKAGES = ("slurm-wlm", "munge")
# Level 1 keeps the packages from starting services of the whole machine.
ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}


def missing(programs=PROGRAMS):
    """The programs that are not here."""
    return [name for name in programs if shutil.which(name, path=PATH) is None]


def install(packages):
    """Installs Debian packages, with newer lists if the present ones do not know them; False if that fails."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return False
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    for before in ([], ["apt-get", "update"]):
        for part in filter(None, (before, command)):
            done = subprocess.run(
                part, env={**os.environ, **ENVIRONMENT}, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode == 0:
            return True
    return False


def require_slurm():
    """Ends with one line if Slurm is not here and cannot be installed."""
    if missing() and not install(PACKAGES) or missing():
        raise SystemExit(f"found no {', '.join(missing())}; as root: apt-get install {' '.join(PACKAGES)}")


def has_shellcheck():
    """Whether shellcheck is here, or could be installed."""
    return not missing(["shellcheck"]) or install(["shellcheck"])
