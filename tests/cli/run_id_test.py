#!/usr/bin/env python3
"""The same run id lands once, also in a single file: a Parquet file keeps the id in its footer."""
import os
import pathlib
import sys

from harness import check, main, result, run, said

CONFLICT = 15


def test_a_parquet_file_knows_its_run():
    words = ["convert", "bad.csv", "o.parquet", "--run-id", "R1", "--json", "--receipt", "r.json"]
    first = run(*words)
    check(first.returncode == 0 and not result(first)["repeated"], first)
    before = {name: pathlib.Path(name).read_bytes() for name in ("o.parquet", "o.parquet.rejects.parquet", "r.json")}
    again = run(*words)
    check(again.returncode == 0 and result(again)["repeated"] and "nothing was done" in said(again), again)
    for key in ("rows_read", "rows_written", "rows_rejected", "rejected_by_rule", "files", "rejects", "first_reject",
                "receipt", "run_id"):
        check(result(first)[key] == result(again)[key], key, first, again)
    check(before == {name: pathlib.Path(name).read_bytes() for name in before}, again)
    check(run("verify", "o.parquet", "--receipt", "r.json").returncode == 0)


def test_a_pipeline_replaces_its_file_only_for_another_run():
    pathlib.Path("p.yaml").write_text("{name: p, source: {path: good.csv}, sink: {path: o.parquet}}\n")
    check(not result(run("run", "p.yaml", "--run-id", "R1", "--json"))["repeated"])
    inode = os.stat("o.parquet").st_ino
    check(result(run("run", "p.yaml", "--run-id", "R1", "--json"))["repeated"])
    check(os.stat("o.parquet").st_ino == inode)
    check(not result(run("run", "p.yaml", "--run-id", "R2", "--json"))["repeated"])
    check(not result(run("run", "p.yaml", "--json"))["repeated"])
    check(not result(run("run", "p.yaml", "--run-id", "R2", "--json"))["repeated"])


def test_another_configuration_is_refused():
    check(run("convert", "good.csv", "o.parquet", "--run-id", "R1").returncode == 0)
    before = pathlib.Path("o.parquet").read_bytes()
    process = run("convert", "-f", "bad.csv", "o.parquet", "--run-id", "R1")
    check(process.returncode == CONFLICT and "with another configuration" in said(process) and
          "--force" not in said(process), process)
    check(pathlib.Path("o.parquet").read_bytes() == before and not os.path.exists("o.parquet.rejects.parquet"))


def test_what_has_gone_is_told():
    words = ["convert", "bad.csv", "o.parquet", "--run-id", "R1"]
    check(run(*words).returncode == 0)
    os.remove("o.parquet.rejects.parquet")
    check("no longer in o.parquet.rejects.parquet" in said(run(*words)))
    check("no receipt of run R1" in said(run(*words, "--receipt", "r.json")) and not os.path.exists("r.json"))
    os.remove("o.parquet")
    again = run(*words, "--json")
    check(again.returncode == 0 and not result(again)["repeated"] and os.path.exists("o.parquet.rejects.parquet"), again)


def test_a_made_up_id_stays_out_of_the_file():
    check(run("convert", "good.csv", "a.parquet").returncode == 0)
    check(run("convert", "good.csv", "b.parquet").returncode == 0)
    check(pathlib.Path("a.parquet").read_bytes() == pathlib.Path("b.parquet").read_bytes())


def test_a_damaged_or_foreign_file_has_no_run():
    words = ["run", "p.yaml", "--run-id", "R1", "--json"]
    pathlib.Path("p.yaml").write_text("{name: p, source: {path: good.csv}, sink: {path: o.parquet}}\n")
    check(run(*words).returncode == 0)
    data = pathlib.Path("o.parquet").read_bytes()
    at = data.rindex(b'"version":1,"run_id"')
    for damaged in (b"", b"PAR1", data[:-9], data[:at] + b'"version":7,' + data[at + 12:], b"PAR1" + data[4:].replace(b"cupel.run", b"cupel.ruin")):
        pathlib.Path("o.parquet").write_bytes(damaged)
        process = run(*words)
        check(process.returncode == 0 and not result(process)["repeated"], damaged[-40:], process)
        check(pathlib.Path("o.parquet").read_bytes() == data)


def test_csv_cannot_know():
    check("CSV or JSON file cannot keep" in " ".join(run("help", "convert").stdout.decode().split()))
    words = ["convert", "-f", "good.csv", "o.csv", "--run-id", "R1", "--json"]
    check(not result(run(*words))["repeated"] and not result(run(*words))["repeated"])


if __name__ == "__main__":
    main(sys.modules[__name__])
