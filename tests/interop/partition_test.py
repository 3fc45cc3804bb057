#!/usr/bin/env python3
"""Partitioned datasets: what pyarrow's and DuckDB's Hive readers give back is what the unpartitioned run lands, and
the files are the same bytes with 1, 2 and 8 threads.

Rows are random functions of a seed (SEED= tries another). The input spans several splits, and one row behind the samples widens
a column, so that a whole round of put-down rows is dropped.
"""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

try:
    import duckdb
    import pyarrow
    import pyarrow.dataset
except ImportError as missing:
    print(f"SKIP {missing.name} is not installed; ./dev setup makes .venv")
    sys.exit(77)

CUPEL = os.path.abspath(os.environ.get("CUPEL", "build/cupel"))
SEED = int(os.environ.get("SEED", "1"))
ROWS = 150_000
PARTITIONS = 5_000
TOWNS = ["Köln", "a/b", "50%", "x=y", "it's", "#1", "?", "[z]", "{q}", "a b", "c:d", "back\\slash", "*", "^", "tab\there"]


def cupel(directory, config, status=0):
    path = pathlib.Path(directory, "pipeline.json")
    path.write_text(json.dumps(config), encoding="utf-8")
    done = subprocess.run([CUPEL, "run", str(path), "--json"], capture_output=True, check=False)
    if done.returncode != status:
        raise AssertionError(f"cupel run: {done.returncode}\n{done.stderr.decode()}")
    return json.loads(done.stdout) if status == 0 else done.stderr.decode()


def verify(path):
    done = subprocess.run([CUPEL, "verify", str(path)], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def make_input(path):
    """Quoted newlines make guesses of where a split begins go wrong; the padding makes several splits."""
    chance = random.Random(SEED)
    with open(path, "w", encoding="utf-8", newline="") as out:
        out.write("id,shop,town,at,note,code\n")
        for i in range(ROWS):
            town = chance.choice(TOWNS)
            when = f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}T{chance.randint(0, 23):02}:00:00"
            note = '"' + "line\n" * chance.randint(0, 3) + f"{chance.getrandbits(chance.randint(1, 3200)):x}" + '"'
            code = "late" if i == 2 * ROWS // 5 else str(chance.randint(0, 9))
            out.write(f'{i},{"" if i % 997 == 0 else i * 7919 % PARTITIONS},"{town}",{when},{note},{code}\n')


def sink(path, keys, **more):
    return {"path": str(path), "partition_by": keys, **more}


def rows_of(table, columns):
    """By id, as text: a reader may take a directory's name for a number or a text."""
    table = table.select(columns).sort_by("id")
    return [[None if v is None else str(v) for v in table.column(name).to_pylist()] for name in columns]


def check_readers(top, expected, columns):
    arrow = pyarrow.dataset.dataset(str(top), partitioning="hive").to_table()
    assert rows_of(arrow, columns) == expected, f"pyarrow reads {top} otherwise"
    names = ", ".join(columns)
    duck = duckdb.sql(f"SELECT {names} FROM read_parquet('{top}/*=*/**/*.parquet', hive_partitioning=true)")
    assert rows_of(duck.to_arrow_table(), columns) == expected, f"DuckDB reads {top} otherwise"


def contents(top):
    return {str(p.relative_to(top)).replace(p.name, p.name[-13:]): p.read_bytes()
            for p in sorted(pathlib.Path(top).rglob("*.parquet"))}


def main():
    columns = ["id", "shop", "town", "note", "code"]
    with tempfile.TemporaryDirectory() as directory:
        top = pathlib.Path(directory)
        make_input(top / "in.csv")
        source = {"path": str(top / "in.csv")}
        cupel(directory, {"source": source, "sink": {"path": str(top / "plain")}})
        plain = pyarrow.dataset.dataset(str(top / "plain")).to_table()
        assert plain.num_rows == ROWS
        expected = rows_of(plain, columns)
        result = cupel(directory, {"source": source, "sink": sink(top / "shops", ["shop"])})
        assert len(result["files"]) == PARTITIONS + 1 and result["rows_written"] == ROWS
        check_readers(top / "shops", expected, columns)
        verify(top / "shops")
        for threads in (1, 2, 8):
            cupel(directory, {"source": source, "limits": {"threads": threads},
                              "sink": sink(top / f"towns{threads}", ["town", "month(at)"], target_file_size="64KiB")})
        assert contents(top / "towns1") == contents(top / "towns2") == contents(top / "towns8"), "threads show"
        assert any(p.name.endswith("-00001.parquet") for p in (top / "towns1").rglob("*")), "no file was rotated"
        check_readers(top / "towns1", expected, columns)
        verify(top / "towns1")
        cupel(directory, {"source": source, "sink": sink(top / "days", ["month(at)", "day(at)"])})
        days = pyarrow.dataset.dataset(str(top / "days"), partitioning="hive").to_table(["at", "at_month", "at_day"])
        for at, month, day in zip(*(days.column(name).to_pylist() for name in days.column_names)):
            assert str(at)[:7] == month and str(at)[:10] == str(day)
        said = cupel(directory, {"source": source, "sink": sink(top / "many", ["id"])}, status=11)
        assert "more than 10,000 partitions" in said, said
        assert not list(top.glob("many/id*"))
    print(f"{PARTITIONS} partitions, {len(TOWNS)} texts to escape: as the unpartitioned run (seed {SEED})")


if __name__ == "__main__":
    main()
