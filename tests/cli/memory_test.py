#!/usr/bin/env python3
"""The memory limit holds whatever the input: what the process takes at most, as the kernel counted it."""
import os
import pathlib
import subprocess
import sys

from harness import CUPEL, SKIP, check, main

MIB = 1 << 20
CONFIG = 3
LIMIT = 11


def convert(parts, *words, source="-"):
    """Exit status, peak MiB and standard error of `convert`; `parts`: of what comes by the pipe, and how often each does. (Few at a
    time: a process that is started has its parent's memory for a moment, and the kernel counts that.)"""
    process = subprocess.Popen([CUPEL, "convert", "-fq", source, "o.parquet", *words], stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        for part, times in parts:
            for _ in range(times):
                process.stdin.write(part)
        process.stdin.close()
    except BrokenPipeError:
        pass
    said = process.stderr.read().decode()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss // 1024, said


def test_a_row_of_any_length_from_a_pipe():
    for head, fill, tail in ((b"a,b\n1,x\n2,", b"1" * MIB, b"\n3,z\n"),
                             (b'{"a":1,"b":"x"}\n{"a":2,"b":"', b"y" * MIB, b'"}\n{"a":3,"b":"z"}\n')):
        code, peak, said = convert([(head, 1), (fill, 120), (tail, 1)], "--memory-limit", "40MiB")
        check(code == 0 and peak <= 44, head, code, peak, said)
        rejects = pathlib.Path("o.parquet.rejects.parquet").stat().st_size
        check(rejects < MIB, rejects)


def test_keys_without_bound():
    """Names are kept up to a bound, and a schema that cannot fit the limit is refused before any work."""
    rows = ((b'{"%05d%s":%d}\n' % (k, b"k" * 20000, k), 1) for k in range(5000))
    code, peak, said = convert(rows)
    check(code == LIMIT and peak <= 130 and "take more than 4 MiB" in said and "--columns" in said, code, peak, said)
    rows = ((b'{"a":1,"%05d%s":%d}\n' % (k, b"k" * 20000, k), 1) for k in range(5000))
    code, peak, said = convert(rows, "--columns", "a")
    check(code == 0, code, peak, said)
    rows = b"".join(b"{%s}\n" % b",".join(b'"k%d":%d' % (k % 5000, k) for k in range(i * 37, i * 37 + 60)) for i in range(8000))
    pathlib.Path("keys.ndjson").write_bytes(rows)
    code, peak, said = convert([(rows, 1)], "--memory-limit", "32MiB")
    check(code == CONFIG and peak <= 35 and "one thread takes about" in said, code, peak, said)
    code, peak, said = convert([], "--memory-limit", "32MiB", source="keys.ndjson")
    check(code == CONFIG and peak <= 35 and "one thread takes about" in said, code, peak, said)


if __name__ == "__main__":
    if os.environ.get("CUPEL_SANITIZE"):
        print("SKIP a sanitizer takes memory of its own")
        sys.exit(SKIP)
    main(sys.modules[__name__])
