#!/usr/bin/env python3
"""What is read, and what is not: very many inputs, none, the same one twice, names that begin with `_`, and files that are no text."""
import os
import pathlib
import resource
import sys

from harness import check, main, run, said

CONFIG = 3


def put(path, text="a,b\n1,x\n"):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def few_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


def test_more_inputs_than_files_may_be_open():
    for i in range(3000):
        put(f"in/f{i:04}.csv", f"id,name\n{i},x\n")
    check((p := run("convert", "in", "o.csv", preexec_fn=few_files)).returncode == 0, p)
    rows = pathlib.Path("o.csv").read_text().splitlines()
    check(rows == ["id,name"] + [f"{i},x" for i in range(3000)], len(rows))
    check((p := run("convert", "in", "lake/", preexec_fn=few_files)).returncode == 0, p)
    check((p := run("verify", "--inputs", "lake", preexec_fn=few_files)).returncode == 0, p)


def test_no_inputs_at_all():
    p = run("convert", "good.csv", "o.parquet", "--set", "source.path=[]")
    check(p.returncode == CONFIG and "source.path is empty" in said(p), p)


if __name__ == "__main__":
    main(sys.modules[__name__])
