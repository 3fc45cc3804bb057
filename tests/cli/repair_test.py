#!/usr/bin/env python3
"""Files that were committed and deleted before they were visible come back, byte for byte, whoever runs next."""
import hashlib
import pathlib
import shutil
import sys

from harness import check, main, result, run, said

JOB = ("name: orders\nsource: {path: in}\nsink: {path: lake, target_file_size: 64KiB}\n"
       "schema: {columns: {id: int64}}\n")
STEPS = ("transform:\n  - filter: id % 7 <> 3\n  - derive: {half: price / 2, at: now()}\n  - mask: [name]\n"
         "quality: {rules: [{check: id > 0, severity: bronze, id: positive}], original: bytes}\n")
OTHER = "name: others\nsource: {path: good.csv}\nsink: {path: lake}\nlimits: {threads: 1}\n"


def files():
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in pathlib.Path("lake").rglob("*") if path.is_file() and path.suffix != ".done"}


def lose():
    """As if the run had been killed between its record and its publication, and staging had been swept."""
    shutil.rmtree("lake/_cupel/rejects")
    shutil.rmtree("lake/_cupel/receipts")
    for path in [*pathlib.Path("lake").glob("*.parquet"), *pathlib.Path("lake/_cupel/log").glob("*.done")]:
        path.unlink()


def prepare(more=""):
    pathlib.Path("in").mkdir()
    pathlib.Path("job.yaml").write_text(JOB + more)
    pathlib.Path("other.yaml").write_text(OTHER)
    rows = "".join(f"{i},name {i * 7919 % 100003},{i / 8}\n" for i in range(60000))
    pathlib.Path("in/a.csv").write_text("id,name,price\n" + rows + "x,bad,1\n")
    pathlib.Path("in/b.csv").write_text("id,name,price\n-1,b,0.5\n")
    check(run("run", "job.yaml", "--run-id", "first").returncode == 0)


def test_the_same_files_come_back():
    prepare()
    before = files()
    check(len([name for name in before if name.endswith(".parquet")]) >= 3, before)
    lose()
    pathlib.Path("in/c.csv").write_text("id,name,price\n9,late,0\n")  # not of that run
    process = run("run", "other.yaml", "--run-id", "second")
    check(process.returncode == 0 and "worked again" in said(process), process)
    after = files()
    check(all(after.get(name) == digest for name, digest in before.items()), before, after)
    verified = result(run("verify", "lake", "--json"))
    check(verified["ok"] and verified["rows"] == 60001 + 3 and verified["outstanding_rejects"] == 1, verified)


def test_transformed_and_graded_rows_come_back():
    prepare(STEPS)
    before = files()
    lose()
    process = run("run", "other.yaml", "--run-id", "second")
    check(process.returncode == 0 and "worked again" in said(process), process)
    after = files()
    check(all(after.get(name) == digest for name, digest in before.items()), before, after)
    check(run("verify", "lake").returncode == 0)


def test_a_salt_is_not_kept():
    steps = "transform:\n  - hash: {columns: [name], salt: pepper}\n"
    hashes = set()
    for salt in ("pepper", "paprika"):
        prepare(steps.replace("pepper", salt))
        plans = [path.read_text() for path in pathlib.Path("lake/_cupel/plans").iterdir()]
        check(plans and not any(salt in plan for plan in plans), plans)
        hashes |= {line for plan in plans for line in plan.splitlines() if "config_hash" in line}
        lose()
        process = run("run", "other.yaml", "--run-id", "second")
        check(process.returncode == 14 and "not kept" in said(process), process)
        for name in ("lake", "in"):
            shutil.rmtree(name)
    check(len(hashes) == 1, hashes)


def test_what_cannot_come_back_is_said_to_be_lost():
    prepare()
    lose()
    pathlib.Path("in/a.csv").unlink()
    process = run("run", "other.yaml", "--run-id", "second")
    check(process.returncode == 14 and "in/a.csv" in said(process), process)
    check("of run first is lost, with" in said(process) and "this run landed" in said(process), process)
    verified = run("verify", "lake", "--json")
    check(verified.returncode == 14, verified)
    kinds = {finding["kind"] for finding in result(verified)["findings"] if finding["problem"]}
    check(kinds == {"lost"} and result(verified)["rows"] == 3, verified)
    check(run("run", "other.yaml", "--run-id", "third").returncode == 0)


if __name__ == "__main__":
    main(sys.modules[__name__])
