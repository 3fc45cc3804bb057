"""Measures whole processes: CPU seconds (user + system, from wait4), wall time, peak resident memory."""
import dataclasses
import os
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


def run(command, stdin=None, environment=None):
    """One process from start to exit. `stdin` is a file object or None."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, env=environment)
    said = process.stderr.read()  # until the process closes it: at its exit
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    return Sample(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, process.returncode,
                  said.decode("utf-8", "replace").strip()[-400:])


def median(samples):
    """The median of each figure by itself."""
    return {key: statistics.median(getattr(s, key) for s in samples) for key in ("cpu", "wall", "peak")}
