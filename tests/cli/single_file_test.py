#!/usr/bin/env python3
"""Two runs at once over one file: what stays is one run's file beside the same run's rejects and receipt."""
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import CUPEL, check, main, run

TRIES = 30
CLEAN = "id,v\n" + "".join(f"{i},1\n" for i in range(100))
DIRTY = CLEAN + "bad\nbad,too,many\n"


def write_inputs():
    pathlib.Path("clean.csv").write_text(CLEAN)
    pathlib.Path("dirty.csv").write_text(DIRTY + "".join(f"{i},2\n" for i in range(100)))
    for name in ("clean", "dirty"):
        pathlib.Path(f"{name}.yaml").write_text(
            f"name: {name}\nsource: {{path: {name}.csv}}\nsink: {{path: o.csv, single_file: true, mode: overwrite}}\n")


def at_once(*commands):
    started = [subprocess.Popen([CUPEL, *command], stderr=subprocess.PIPE) for command in commands]
    return [(process.communicate()[1].decode(), process.returncode) for process in started]


def assert_pair():
    """200 rows and rejects, or 100 and none; nothing hidden is left."""
    rows = pathlib.Path("o.csv").read_text().count("\n") - 1
    rejects = os.path.exists("o.csv.rejects.parquet")
    check((rows, rejects) in ((100, False), (200, True)), rows, rejects)
    check(not [name for name in os.listdir() if name.startswith(".")], os.listdir())
    return rejects


def race(*commands):
    ended = []
    for i in range(TRIES):
        ended += at_once(*(commands if i % 2 else commands[::-1]))
        assert_pair()
    return ended


def test_two_conversions_over_one_file():
    write_inputs()
    for said_, status in race(["convert", "-fq", "clean.csv", "o.csv", "-j", "1"],
                              ["convert", "-fq", "dirty.csv", "o.csv", "-j", "1"]):
        check(status == 0, said_)


def test_two_runs_over_one_file_and_one_receipt():
    write_inputs()
    for _ in range(TRIES):
        for said_, status in at_once(["run", "-fq", "clean.yaml", "-j", "1", "--receipt", "r.json"],
                                     ["run", "-fq", "dirty.yaml", "-j", "1", "--receipt", "r.json"]):
            check(status == 0, said_)
        dirty = assert_pair()
        check(json.loads(pathlib.Path("r.json").read_text())["pipeline"] == ("dirty" if dirty else "clean"), dirty)
        p = run("verify", "o.csv", "--receipt", "r.json")
        check(p.returncode == 0, p)


def test_of_two_that_do_not_overwrite_one_is_refused():
    write_inputs()
    for i in range(TRIES):
        ended = at_once(["convert", "-q", "clean.csv", "o.csv", "-j", "1"], ["convert", "-q", "dirty.csv", "o.csv", "-j", "1"])
        check(sorted(status for _, status in ended) == [0, 15], i, ended)
        if assert_pair():
            os.remove("o.csv.rejects.parquet")
        os.remove("o.csv")


if __name__ == "__main__":
    main(sys.modules[__name__])
