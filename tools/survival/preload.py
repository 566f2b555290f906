"""Compiles preload.c, and describes to it which calls of the program fail."""

import concurrent.futures
import errno
import pathlib
import shutil
import struct
import subprocess
import threading

SOURCE = pathlib.Path(__file__).with_name("preload.c")


class Fault:
    """Calls that fail in a folder; the counts are those of all processes that had the environment."""

    def __init__(self, environment, counts):
        self.environment = environment
        self.counts = counts

    @property
    def seen(self):
        """How many calls there were."""
        return struct.unpack("qq", self.counts.read_bytes())[0]

    @property
    def failed(self):
        """How many of them failed."""
        return struct.unpack("qq", self.counts.read_bytes())[1]


class Library:
    """The compiled library."""

    def __init__(self, path, folder):
        self.path = path
        self.folder = folder
        self.count = 0
        self.lock = threading.Lock()

    def failing(self, folder, first, how):
        """From the `first` call in a folder on, all fail with an error such as ENOSPC, or the process dies (KILL)."""
        with self.lock:
            self.count += 1
            counts = self.folder / f"counts-{self.count}"
        counts.write_bytes(bytes(16))
        number = 0 if how == "KILL" else getattr(errno, how)
        return Fault({
            "LD_PRELOAD": str(self.path), "SURVIVAL_FOLDER": str(folder), "SURVIVAL_FROM": str(first),
            "SURVIVAL_ERRNO": str(number), "SURVIVAL_COUNTS": str(counts)}, counts)

    @property
    def without_locks(self):
        """The environment in which no file can be locked."""
        return {"LD_PRELOAD": str(self.path), "SURVIVAL_NO_LOCKS": "1"}


def compiled(folder, program, record):
    """The library; None, after a line, if it cannot be compiled or loaded here."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        record.skip("what needs a preloaded library: found no C compiler, expected cc, gcc or clang")
        return None
    folder.mkdir()
    path = folder / "preload.so"
    done = subprocess.run(
        [compiler, "-O1", "-Wall", "-shared", "-fPIC", "-o", path, SOURCE, "-ldl"], stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, check=False, text=True)
    if done.returncode != 0:
        record.skip(f"what needs a preloaded library: {compiler} failed: {done.stderr.strip()[-300:]}")
        return None
    library = Library(path, folder)
    # It must be loaded: a static program, or one that gains rights, ignores it, and every check would pass.
    place = folder / "tried"
    fault = library.failing(place, 1, "ENOSPC")
    program.run(
        ["datasets", "synthesize", "mnist", "--samples-per-class", "6", "--datasets", place],
        environment=fault.environment)
    if fault.failed == 0:
        record.skip("what needs a preloaded library: the program does not load it")
        return None
    return library


def count_up(attempt, workers=2):
    """Calls `attempt` with 1, 2, 3, … until it says that no call was left to fail; returns how many did.

    Two at a time, so it may be called with one number too many.
    """
    number = 1
    hits = 0
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        while True:
            results = list(pool.map(attempt, range(number, number + workers)))
            hits += sum(results)
            if not all(results):
                return hits
            number += workers
