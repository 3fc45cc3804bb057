#!/usr/bin/env python3
"""The examples, built against the shared library: convert, read as Arrow in C and in Python."""
import os
import subprocess
import sys

from harness import ROOT, SKIP, check, main

BUILD = os.environ.get("CUPEL_BUILD", str(ROOT / "build"))


def example(*words, **options):
    return subprocess.run(words, capture_output=True, timeout=120, check=False, **options)


def test_convert():
    process = example(f"{BUILD}/examples/convert", "bad.csv", "out.parquet")
    check(process.returncode == 0 and b'"rows_written":3' in process.stdout and b"publish" in process.stderr, process)
    process = example(f"{BUILD}/examples/convert", "none.csv", "out.parquet")
    check(process.returncode == 5 and b"NOT_FOUND" in process.stderr, process)


def test_read_arrow():
    process = example(f"{BUILD}/examples/read_arrow", "bad.csv")
    check(process.returncode == 0 and b"3 rows, 1 rejected" in process.stdout and b"bad.csv:5" in process.stderr, process)
    example(f"{BUILD}/examples/convert", "good.csv", "good.parquet")
    check(b"3 rows" in example(f"{BUILD}/examples/read_arrow", "good.parquet").stdout)


def test_read_arrow_in_python():
    if os.environ.get("CUPEL_SANITIZE"):
        print("SKIP Python does not load a sanitizer's library")
        return
    environment = {**os.environ, "CUPEL_LIBRARY": f"{BUILD}/libcupel.so"}
    process = example(sys.executable, str(ROOT / "examples/read_arrow.py"), "good.csv", env=environment)
    if process.returncode == SKIP:
        print(process.stdout.decode().strip())
        return
    check(process.returncode == 0 and b"3 rows" in process.stdout and b"decimal128" in process.stdout, process)
    process = example(sys.executable, str(ROOT / "examples/read_arrow.py"), "bad.csv", env=environment)
    check(process.returncode == 0 and b"3 rows, 1 rejected" in process.stdout and b"bad.csv:5: " in process.stderr, process)


if __name__ == "__main__":
    main(sys.modules[__name__])
