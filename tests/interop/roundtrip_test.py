#!/usr/bin/env python3
"""What we write, pyarrow, DuckDB and Polars read as the same values: every type, null pattern and encoder option.

Tables are random functions of a seed (SEED= tries another); a failure prints the seed, the options and the first cell.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "pipeline")]
import generated  # noqa: E402
import tables  # noqa: E402

try:
    import duckdb
    import polars
    import pyarrow
    import pyarrow.parquet
except ImportError as missing:
    print(f"SKIP {missing.name} is not installed; ./dev setup makes .venv")
    sys.exit(77)

CUPEL = os.environ.get("CUPEL", "build/cupel")
SEED = int(os.environ.get("SEED", "1"))
ROWS = 3000
# Each is tried on a table of its own seed. Every combination of them is parquet_coverage_test's; here the whole program runs.
OPTIONS = [
    {}, {"compression": "none"}, {"compression": "gzip"}, {"compression": "brotli"}, {"compression": "zstd:3"},
    {"compression": "lz4_raw"}, {"page_version": "v2"}, {"page_version": "v2", "dictionary": "never", "compression": "zstd:3"},
    {"page_version": "v2", "dictionary": "always", "page_rows": 100, "row_group_rows": 700}, {"encodings": "compatible", "page_rows": 9},
    {"statistics": False, "page_index": False, "page_crc": False},
]
READERS = {
    "pyarrow": lambda path: pyarrow.parquet.ParquetFile(path).read(),
    "duckdb": lambda path: duckdb.sql(f"FROM read_parquet('{path}')").to_arrow_table(),
    "polars": lambda path: polars.read_parquet(path).to_arrow(),
}


def cupel(directory, config):
    path = pathlib.Path(directory, "pipeline.json")
    path.write_text(json.dumps(config), encoding="utf-8")
    done = subprocess.run([CUPEL, "run", str(path), "--json"], capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"cupel run: {done.returncode}\n{done.stderr.decode()}")
    return json.loads(done.stdout)


def comparable(value):
    """Readers differ in how they hold what is equal: UUIDs as bytes or text, floats as numbers."""
    if isinstance(value, bytes) and len(value) == 16:
        return value.hex()
    return value


def check_column(reader, name, expected, column):
    actual = [tables.plain(cell) for cell in column]
    for row, (want, got) in enumerate(zip(expected, actual, strict=True)):
        if isinstance(want, float) and got is not None:  # float32: compare the numbers themselves
            got = float(column[row].as_py())
        if not tables.same(comparable(want), comparable(got)):
            raise AssertionError(f"{reader}: {name}, row {row}: expected {want!r}, got {got!r}")


def uuid_texts(column):
    """Polars reads UUIDs as 16 plain bytes."""
    return column.cast(pyarrow.binary(16)) if pyarrow.types.is_large_binary(column.type) else column


def check_flat(seed, options):
    columns = generated.table(seed, ROWS)
    with tempfile.TemporaryDirectory() as directory:
        source, target = pathlib.Path(directory, "in.csv"), pathlib.Path(directory, "out.parquet")
        source.write_text(generated.to_csv(columns), encoding="utf-8", newline="\n")
        result = cupel(directory, {
            "source": {"path": str(source)}, "schema": {"columns": {c.name: c.kind for c in columns}},
            "sink": {"path": str(target), "parquet": options}})
        if result["rows_written"] != ROWS:
            raise AssertionError(f"{result['rows_written']} of {ROWS} rows landed")
        for reader, read in READERS.items():
            found = read(target)
            for column in columns:
                cells = found.column(column.name)
                check_column(reader, column.name, column.values, uuid_texts(cells) if column.kind == "uuid" else cells)


def check_nested(seed, options):
    rows = generated.nested_rows(seed, ROWS)
    with tempfile.TemporaryDirectory() as directory:
        source, target = pathlib.Path(directory, "in.ndjson"), pathlib.Path(directory, "out.parquet")
        source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        cupel(directory, {"source": {"path": str(source)}, "sink": {"path": str(target), "parquet": options}})
        expected = [tables.load_json(json.dumps(row)) for row in rows]
        for reader, read in READERS.items():
            found = read(target)
            for name in rows[0]:
                check_column(reader, name, [row[name] for row in expected], found.column(name))


def main():
    failed = 0
    for number, options in enumerate(OPTIONS):
        for check in (check_flat, check_nested):
            seed = SEED * 1000 + number
            try:
                check(seed, options)
                print(f"ok   {check.__name__} seed {seed} {options}")
            except AssertionError as failure:
                failed += 1
                print(f"FAIL {check.__name__} seed {seed} {options}: {failure}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
