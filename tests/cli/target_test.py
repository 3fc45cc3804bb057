#!/usr/bin/env python3
"""What a run may write over: nothing but its own output. No source, device, FIFO, link or foreign file is ever replaced."""
import os
import pathlib
import socket
import stat
import subprocess
import sys

from harness import BAD, CUPEL, GOOD, check, main, result, run, said

CONFIG = 3
CONFLICT = 15


def refused(process, status, *words):
    check(process.returncode == status and all(word in said(process) for word in words), words, process)
    check(pathlib.Path("good.csv").read_text() == GOOD and pathlib.Path("bad.csv").read_text() == BAD, process)


def test_a_source_is_never_the_target():
    os.link("good.csv", "hard.csv")
    os.mkdir("sub")
    for target in ("good.csv", "./sub/../good.csv", "hard.csv"):
        refused(run("convert", "-f", "good.csv", target), CONFIG, "is read by this run, and the output")
    refused(run_with("good.csv", "convert", "-f", "-", "hard.csv"), CONFIG, "standard input is read by this run")
    pathlib.Path("s.yaml").write_text("{name: s, source: {path: '*.csv'}, sink: {path: good.csv}}\n")
    refused(run("run", "s.yaml"), CONFIG, "is the same file")
    refused(run("check", "--plan", "s.yaml"), CONFIG, "is the same file")
    os.link("bad.csv", "out.csv.rejects.parquet")
    refused(run("convert", "-f", "bad.csv", "out.csv"), CONFIG, "the file of rejects")
    check(not os.path.exists("out.csv"))


def run_with(path, *words):
    """With a file as standard input."""
    with open(path, "rb") as stream:
        return subprocess.run([CUPEL, *words], stdin=stream, capture_output=True, timeout=120, check=False)


def test_a_dataset_does_not_read_itself():
    os.mkdir("lake")
    pathlib.Path("lake/raw.csv").write_text(GOOD)
    pathlib.Path("s.yaml").write_text("{name: s, source: {path: lake}, sink: {path: lake, format: csv}}\n")
    for words in (["run", "s.yaml"], ["check", "--plan", "s.yaml"]):
        refused(run(*words), CONFIG, "lies in the dataset lake")
    check(pathlib.Path("lake/raw.csv").read_text() == GOOD)


def test_what_is_no_file_is_left_alone():
    os.mkfifo("fifo.parquet")
    os.symlink("fifo.parquet", "link.parquet")
    server = socket.socket(socket.AF_UNIX)
    server.bind("socket.parquet")
    os.mkfifo("o.parquet.rejects.parquet")
    for target, word in (("fifo.parquet", "a FIFO"), ("link.parquet", "a symbolic link"), ("socket.parquet", "a socket"),
                         ("o.parquet", "o.parquet.rejects.parquet is a FIFO")):
        for force in ([], ["-f"]):
            refused(run("convert", *force, "bad.csv", target), CONFIG, word)
    refused(run("convert", "good.csv", "r.parquet", "-f", "--receipt", "fifo.parquet"), CONFIG, "a FIFO")
    for name in ("fifo.parquet", "o.parquet.rejects.parquet"):
        check(stat.S_ISFIFO(os.lstat(name).st_mode), name)
    check(os.path.islink("link.parquet") and stat.S_ISSOCK(os.lstat("socket.parquet").st_mode))
    check(not os.path.exists("o.parquet") and not os.path.exists("r.parquet"))
    try:
        os.mknod("null.parquet", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:
        return
    refused(run("convert", "-f", "good.csv", "null.parquet"), CONFIG, "a device", "write to `-`")
    check(stat.S_ISCHR(os.lstat("null.parquet").st_mode))


def test_a_receipt_replaces_nothing_unasked():
    pathlib.Path("notes.txt").write_text("mine")
    refused(run("convert", "good.csv", "o.parquet", "--receipt", "notes.txt"), CONFLICT, "notes.txt is there already")
    check(pathlib.Path("notes.txt").read_text() == "mine" and not os.path.exists("o.parquet"))
    for receipt in ("o.parquet", "./o.parquet", "o.parquet.rejects.parquet"):
        refused(run("convert", "-f", "good.csv", "o.parquet", "--receipt", receipt), CONFIG, "the receipt cannot be")
    refused(run("convert", "-f", "good.csv", "o.parquet", "--receipt", "good.csv"), CONFIG, "the receipt good.csv")
    check(run("convert", "-f", "good.csv", "o.parquet", "--receipt", "notes.txt").returncode == 0)
    check('"run_id"' in pathlib.Path("notes.txt").read_text())
    pathlib.Path("s.yaml").write_text("{name: s, source: {path: good.csv}, sink: {path: o.parquet}}\n")
    refused(run("run", "s.yaml", "--receipt", "notes.txt"), CONFLICT, "--force")
    check(run("run", "s.yaml", "--receipt", "notes.txt", "--force").returncode == 0)
    pathlib.Path("two.yaml").write_text("pipelines:\n- {name: s, source: {path: good.csv}, sink: {path: p.parquet}}\n"
                                        "- {name: t, source: {path: good.csv}, sink: {path: q.parquet}}\n")
    refused(run("run", "two.yaml", "--receipt", "r.json"), 2, "--pipeline")
    check(not os.path.exists("p.parquet"))


def test_the_receipt_of_a_dataset_is_copied():
    pathlib.Path("notes.txt").write_text("mine")
    refused(run("convert", "good.csv", "lake/", "--receipt", "notes.txt"), CONFLICT, "notes.txt is there already")
    refused(run("convert", "good.csv", "lake/", "--receipt", "good.csv", "-f"), CONFIG, "the receipt good.csv")
    for receipt in ("lake/r.json", "lake/_cupel/r.json", "./lake"):
        refused(run("convert", "good.csv", "lake/", "--receipt", receipt), CONFIG, "the receipt cannot be")
    check(pathlib.Path("notes.txt").read_text() == "mine" and not list(pathlib.Path(".").glob("lake/*.parquet")))
    for words in (["r/one.json", "--run-id", "a"], ["notes.txt", "-f", "--run-id", "b"], ["two.json", "--run-id", "a"],
                  ["two.json", "--run-id", "a"]):  # a run that has landed tells of itself again
        process = run("convert", "good.csv", "lake/", "--json", "--receipt", *words)
        value = result(process)
        check(process.returncode == 0 and value["receipt"].startswith("lake/_cupel/receipts/"), process)
        check(pathlib.Path(words[0]).read_bytes() == pathlib.Path(value["receipt"]).read_bytes(), words)
    refused(run("convert", "good.csv", "lake/", "--run-id", "a", "--receipt", "lake/r.json"), CONFIG, "cannot be")
    refused(run("convert", "good.csv", "lake/", "--run-id", "a", "--receipt", "notes.txt"), CONFLICT, "--force")
    check(run("verify", "lake").returncode == 0)


def test_standard_output_has_no_receipt():
    process = run("convert", "good.csv", "-", "--to", "csv", "--receipt", "r.json")
    refused(process, CONFIG, "standard output has no receipt")
    check(not process.stdout and not os.path.exists("r.json"), process)


def test_what_configures_the_run_is_not_replaced():
    pathlib.Path("p.yaml").write_text("name: p\nsource: {path: good.csv}\nsink: {path: '${OUT}', single_file: true}\n")
    pathlib.Path(".env").write_text("OUT=o.parquet\n")
    pathlib.Path("d.yaml").write_text("name: d\nsource: {path: good.csv}\nsink: {path: ds}\n")
    pathlib.Path("e.yaml").write_text("name: e\nsource: {path: good.csv}\n"
                                      "sink: {path: e.yaml, single_file: true, mode: overwrite, format: csv}\n")
    os.link("p.yaml", "same.json")
    before = {name: pathlib.Path(name).read_bytes() for name in (".env", "d.yaml", "e.yaml", "p.yaml", "good.csv")}
    for words in (["p.yaml", "--receipt", "p.yaml"], ["p.yaml", "--receipt", "same.json"], ["p.yaml", "--receipt", "./.env"],
                  ["d.yaml", "--receipt", "d.yaml"], ["e.yaml"]):
        refused(run("run", "-f", *words), CONFIG, "configures this run", "the same file")
    refused(run("run", "-f", "p.yaml", "--receipt", "good.csv"), CONFIG, "is read by this run")
    check(before == {name: pathlib.Path(name).read_bytes() for name in before})
    check(not os.path.exists("o.parquet") and not os.path.exists("ds"), os.listdir())


def test_old_rejects_are_told_of_before_the_work():
    check(run("convert", "bad.csv", "o.parquet").returncode == 0)
    os.rename("o.parquet", "away.parquet")
    old = pathlib.Path("o.parquet.rejects.parquet").read_bytes()
    for source in ("good.csv", "bad.csv"):
        refused(run("convert", source, "o.parquet"), CONFLICT, "o.parquet.rejects.parquet is there, with rows that an "
                "earlier run rejected", "--force")
        check(not os.path.exists("o.parquet") and pathlib.Path("o.parquet.rejects.parquet").read_bytes() == old)
    check(run("convert", "-f", "good.csv", "o.parquet").returncode == 0)
    check(not os.path.exists("o.parquet.rejects.parquet"))


if __name__ == "__main__":
    main(sys.modules[__name__])
