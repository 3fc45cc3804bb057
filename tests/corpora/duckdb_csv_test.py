#!/usr/bin/env python3
"""DuckDB's CSV files, odd ones and broken ones: each ends in a documented way with balanced books.

How many are read without an error is printed. Files that are no CSV (images, Parquet, archives) are left out.
"""
import concurrent.futures
import sys

import corpus

SUFFIXES = (".csv", ".tsv", ".tbl", ".csv.gz", ".csv.zst", ".txt", ".tbl.zst", ".tbl.gz")


def convert(path):
    return path, corpus.Conversion(path, ("--from", "csv", "--threads", "1"))


def main():
    top = corpus.find("duckdb-csv")
    files = sorted(p for p in top.rglob("*") if p.is_file() and p.name.endswith(SUFFIXES))
    reached, read, complaints = 0, 0, []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, done in pool.map(convert, files):
            reached += done.sound
            read += done.status == 0
            if not done.sound:
                complaints.append(f"{path.relative_to(top)}: status {done.status} {done.result} {done.said[:300]}")
    print(f"read without an error: {read}")
    return corpus.report("duckdb-csv, sound", len(files), reached, complaints)


if __name__ == "__main__":
    sys.exit(main())
