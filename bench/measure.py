"""Measures whole processes: CPU seconds (user + system, from wait4), wall time, peak resident memory; and what it takes
afterwards until their output is on the disk."""
import dataclasses
import os
import pathlib
import statistics
import subprocess
import time


@dataclasses.dataclass
class Sample:
    cpu: float       # seconds, all threads, user + system
    wall: float      # seconds, from spawn to exit
    peak: float      # MiB
    status: int      # exit status; negative = signal
    message: str     # the end of what it said on standard error
    durable: float = 0.0  # seconds, from spawn until the output is on the disk

    def reason(self):
        """Why it failed, in one line."""
        return self.message.splitlines()[-1] if self.message else f"exit {self.status}"


def run(command, stdin=None, environment=None):
    """One process from start to exit. `stdin` is a file object or None; `environment` is added to ours."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, env={**os.environ, **(environment or {})})
    said = process.stderr.read()  # until the process closes it: at its exit
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    return Sample(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, process.returncode,
                  said.decode("utf-8", "replace").strip()[-400:], wall)


def sync(target):
    """Seconds until a file, or every file of a tree, and the directories are on the disk."""
    started = time.monotonic()
    paths = [target, *target.rglob("*")] if target.is_dir() else [target]
    for path in map(pathlib.Path, [*paths, target.parent]):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    return time.monotonic() - started


def median(samples):
    """The median of each figure by itself."""
    return {key: statistics.median(getattr(s, key) for s in samples) for key in ("cpu", "wall", "peak", "durable")}
