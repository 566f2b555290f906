"""Mounts: a small disk, and a folder in which nothing can be written. Both need root."""

import contextlib
import os
import shutil
import subprocess


@contextlib.contextmanager
def small_disk(folder, byte_count):
    """A tmpfs of that size, or None if mounting is forbidden."""
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={byte_count}", "pfedla-survival", str(folder)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False) if shutil.which("mount") else None
    if mount is None or mount.returncode != 0:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(place, left):
    """Fills the disk except for this many bytes."""
    state = os.statvfs(place)
    with open(place / "ballast", "wb") as file:
        file.write(bytes(max(0, state.f_bavail * state.f_frsize - left)))


@contextlib.contextmanager
def read_only_view(folder, place):
    """The folder, mounted once more at another place where nothing can be written; None if that is forbidden."""
    place.mkdir()
    commands = (["mount", "--bind", folder, place], ["mount", "-o", "remount,ro,bind", place])
    mounted = 0
    try:
        for command in commands if shutil.which("mount") else ():
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            if done.returncode != 0:
                break
            mounted += 1
        yield place if mounted == 2 else None
    finally:
        if mounted:
            subprocess.run(["umount", place], check=True)
