#!/usr/bin/env python3
"""The pattern that `cupel run` prints names the data of a dataset and no more, for DuckDB and Polars, at every depth."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import duckdb
    import polars
    import pyarrow.dataset
except ImportError as missing:
    print(f"SKIP {missing.name} is not installed; ./dev setup makes .venv")
    sys.exit(77)

CUPEL = os.path.abspath(os.environ.get("CUPEL", "build/cupel"))
ROWS = "id,country,at\n1,DE,2026-11-01\n2,FR,2026-11-02\n3,FR,2026-12-02\n4,short\n"
LAYOUTS = (("", "*"), ("partition_by: country", "*=*/*"), ("partition_by: [country, month(at)]", "*=*/*=*/*"),
           ("partition_by: [country, month(at), day(at)]", "*=*/*=*/*=*/*"))


def run(top, sink):
    (top / "p.yaml").write_text(f"source: {{path: in.csv}}\nsink: {{path: lake/, {sink}}}\n", encoding="utf-8")
    done = subprocess.run([CUPEL, "run", "p.yaml"], cwd=top, capture_output=True, check=True, text=True)
    return re.search("^read the table as (.*)$", done.stderr + done.stdout, re.M).group(1)


def check_layout(sink, expected):
    with tempfile.TemporaryDirectory() as directory:
        top = pathlib.Path(directory)
        (top / "in.csv").write_text(ROWS, encoding="utf-8")
        pattern = run(top, sink)
        assert pattern == f"lake/{expected}.parquet", pattern
        assert list(top.glob("lake/_cupel/rejects/*.parquet")), "no rejects that a pattern could take in"
        query = f"SELECT id, country FROM read_parquet('{top / pattern}', hive_partitioning = true) ORDER BY id"
        rows = [(1, "DE"), (2, "FR"), (3, "FR")]
        assert duckdb.sql(query).fetchall() == rows, f"DuckDB: {duckdb.sql(query).fetchall()}"
        frame = polars.read_parquet(str(top / pattern), hive_partitioning=bool(sink)).sort("id")
        assert frame.select("id", "country").rows() == rows, f"Polars: {frame}"
        table = pyarrow.dataset.dataset(str(top / "lake"), partitioning="hive").to_table(["id", "country"])
        assert sorted(map(tuple, (row.values() for row in table.to_pylist()))) == rows, f"pyarrow, by folder: {table}"


def main():
    for sink, expected in LAYOUTS:
        check_layout(sink, expected)
    print(f"{len(LAYOUTS)} layouts: DuckDB and Polars by pattern, pyarrow by folder")


if __name__ == "__main__":
    main()
