#!/usr/bin/env python3
"""SIGINT, SIGTERM and SIGHUP stop a run cleanly: nothing is left, the message says how to go on, a second run lands everything."""
import os
import signal
import subprocess
import sys

from harness import CUPEL, check, main, result, run


def interrupt(out, number=signal.SIGINT, **options):
    """Start a conversion whose input never ends, interrupt it once rows have been read."""
    with subprocess.Popen([CUPEL, "convert", "-", out, "--log-format", "json"], stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options) as process:
        process.stdin.write(b"a,b\n" + b"1,2\n" * 3000000)
        process.stdin.flush()
        process.send_signal(number)
        try:
            for _ in range(200):
                process.stdin.write(b"1,2\n" * 100000)
        except BrokenPipeError:
            pass
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass
        text = process.stderr.read().decode()
        return process.wait(timeout=60), text


def left(path):
    return sorted(os.path.join(where, name) for where, _, names in os.walk(path) for name in names
                  if not name.endswith(".csv"))


def test_a_single_file():
    status, text = interrupt("out.parquet")
    check(status == 17 and "nothing" in text and "again" in text, status, text)
    check(left(".") == [], left("."))


def test_other_signals():
    for number in (signal.SIGTERM, signal.SIGHUP):
        status, text = interrupt("out.parquet", number)
        check(status == 17 and "again" in text, number, status, text)
        check(left(".") == [], left("."))


def test_a_hangup_that_is_ignored_stays_so():
    def ignore():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    status, text = interrupt("out.parquet", signal.SIGHUP, preexec_fn=ignore)
    check(status == 0, status, text)


def test_a_run_that_lands_nothing_leaves_no_folder():
    os.mkdir("mine")
    for out, stays in (("lake/new/", "lake"), ("mine/", "mine")):
        status, text = interrupt(out)
        check(status == 17 and os.listdir(stays) == [], status, text, os.listdir(stays))
    check(run("convert", "none.csv", "other/").returncode == 5 and not os.path.exists("other/_cupel"))
    check(run("convert", "bad.csv", "other/", "--on-reject", "fail").returncode == 10 and not os.path.exists("other/_cupel"))


def test_a_dataset():
    status, text = interrupt("lake/")
    check(status == 17, status, text)
    check(not [name for name in left(".") if "/_cupel/" not in name], left("."))
    check(run("verify", "lake").returncode in (0, 5))
    check(result(run("convert", "good.csv", "lake/", "--json"))["rows_written"] == 3)
    check(run("verify", "lake").returncode == 0)


if __name__ == "__main__":
    main(sys.modules[__name__])
