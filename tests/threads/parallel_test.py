#!/usr/bin/env python3
"""The parallel path: whatever the number of threads, the same bytes come out, rejects included.

`./dev test` runs this from a ThreadSanitizer build, too; there a race is a failing exit status.
"""
import bz2
import gzip
import lzma
import os
import pathlib
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "program"))
from program import CUPEL, ProgramTest  # noqa: E402

SPLIT = 32 << 20  # bytes of a split; a larger file has several
HEADER = "id,name,price,day,text\n"


def rows(first, n):
    """Rows with every kind of seam: quoted newlines, commas and quotes; some are ragged."""
    lines = []
    for i in range(first, first + n):
        ragged = ",x" if i % 5003 == 77 else ""
        lines.append(f'{i},n{i % 977},{i % 10000}.{i % 100:02d},2024-{1 + i % 12:02d}-{1 + i % 28:02d},"t,{i % 31}\n""{i % 7}"{ragged}\n')
    return "".join(lines)


class ParallelTest(ProgramTest):
    def convert(self, threads, *arguments):
        """The bytes of the file and of its rejects."""
        out = self.top / "out.parquet"
        self.cupel("convert", *arguments, out, "--threads", threads, "--quiet")
        files = [out, pathlib.Path(f"{out}.rejects.parquet")]
        found = tuple(file.read_bytes() if file.exists() else None for file in files)
        for file in files:
            file.unlink(missing_ok=True)  # the same run id would do nothing
        return found

    def assert_same(self, *arguments, rejects=True):
        one = self.convert(1, *arguments, "--run-id", "r")
        self.assertEqual(one[1] is not None, rejects)
        for threads in (2, 4):
            self.assertEqual(self.convert(threads, *arguments, "--run-id", "r"), one, f"{threads} threads")

    def test_many_files(self):
        for i in range(12):
            self.write(f"in/{i:02d}.csv", HEADER + rows(5000 * i, 4000 + 300 * i))
        self.assert_same("in")

    def test_one_large_file(self):
        block = rows(0, 20000)
        self.write("large.csv", HEADER + block * (2 * SPLIT // len(block) + 1))
        self.assert_same("large.csv")

    def test_a_last_file_that_widens(self):
        for i in range(6):
            self.write(f"in/{i}.csv", "a,b\n" + "1,2.5\n" * 20000)
        self.write("in/7.csv", "a,b\n" + "1,2.5\n" * 20000 + "x,1.125\n")
        self.assert_same("in", rejects=False)

    def test_compressed_members(self):
        for i in range(6):
            self.write(f"in/{i}.csv.gz", gzip.compress((HEADER + rows(0, 9000)).encode(), 1))
        self.assert_same("in")

    def test_sections_of_compressed_files(self):
        """A compressed file and a pipe are cut where the plain file is: the same bytes come out."""
        block = rows(0, 20000)
        data = (HEADER + block * (SPLIT * 5 // 4 // len(block))).encode()
        members = [data[at:at + 700000] for at in range(0, len(data), 700000)]
        self.write("plain.csv", data)
        plain = self.convert(1, "plain.csv")[0]
        self.write("one.csv.gz", gzip.compress(data, 1))
        self.write("members.csv.gz", b"".join(gzip.compress(m, 1) for m in members))
        for name, threads in (("one.csv.gz", 1), ("one.csv.gz", 4), ("members.csv.gz", 4)):
            out = self.convert(threads, name, "--memory-limit", "900MB")[0]
            self.assertTrue(out == plain, f"{name}, {threads} threads")

    def test_members_of_all_kinds(self):
        data = (HEADER + rows(0, 60000)).encode()
        self.write("plain.csv", data)
        plain = self.convert(1, "plain.csv")[0]
        self.write("streams.csv.bz2", b"".join(bz2.compress(data[at:at + 300000], 1) for at in range(0, len(data), 300000)))
        self.write("one.csv.xz", lzma.compress(data, preset=0))
        for name in ("streams.csv.bz2", "one.csv.xz"):
            self.assertTrue(self.convert(4, name, "--memory-limit", "900MB")[0] == plain, name)

    def test_sections_that_widen(self):
        """The type that does not hold stands in the last section, behind seams within quotes."""
        lines = "".join(f'{i},"{i}\n{i}"\n' for i in range(100000))
        data = "a,b\n" + lines * (SPLIT // len(lines) + 1) + 'x,"y"\n'
        self.write("plain.csv", data)
        self.write("packed.csv.gz", gzip.compress(data.encode(), 1))
        plain = self.convert(1, "plain.csv")[0]
        self.assertTrue(self.convert(4, "packed.csv.gz")[0] == plain)

    def test_a_row_through_many_sections(self):
        """Who guessed a start within it begins again behind it; what lies there is the same."""
        head, behind = HEADER + rows(0, 3000), rows(3000, 3000)
        for name, giant in (("plain", "1" * (3 * SPLIT + 12345)), ("quoted", '1,"' + "2,x,3.5,2024-01-01,t\n" * (3 * SPLIT // 21) + '"')):
            data = f"{head}{giant}\n{behind}{giant[:SPLIT]}\n".encode()
            self.write(f"{name}.csv", data)
            self.write(f"{name}.csv.gz", gzip.compress(data, 1))
            plain = self.convert(1, f"{name}.csv")[0]
            for threads in (1, 2, 4):
                self.assertTrue(self.convert(threads, f"{name}.csv.gz", "--memory-limit", "900MB")[0] == plain, f"{name}, {threads} threads")

    def test_ndjson(self):
        for i in range(6):
            lines = [f'{{"id": {k}, "tags": ["a", "{k % 7}"], "at": {{"x": {k % 5}.5}}}}\n' for k in range(8000)]
            self.write(f"in/{i}.ndjson", "".join(lines) + '{"id": \n')
        self.assert_same("in")

    def test_long_rows_make_room_for_each_other(self):
        """Two threads meet lists for which there is room once: the later one drops what it has, and begins again."""
        small = "".join(f'{{"id": {k}, "l": [{k}]}}\n' for k in range(2000))
        long = '{"id": 1, "l": [' + ",".join(str(k % 10) for k in range(1250000)) + "]}\n"
        for i in range(5):
            self.write(f"in/{i}.ndjson", small + 2 * long)
        limits = ("--set", "limits.max_row_bytes=2850KiB")
        one = self.convert(1, "in", *limits)
        for memory in ("148MiB", "156MiB"):
            self.assertTrue(self.convert(2, "in", *limits, "--memory-limit", memory) == one, memory)

    def test_partitions(self):
        for i in range(8):
            self.write(f"in/{i}.csv", HEADER + rows(0, 3000))
        counts = [self.result("convert", "in", f"lake{t}/", "--partition-by", "day", "--threads", t, "--run-id", "r") for t in (1, 4)]
        trees = [{p.relative_to(self.top / f"lake{t}"): p.read_bytes() for p in (self.top / f"lake{t}").glob("day=*/*")} for t in (1, 4)]
        self.assertEqual(counts[0]["rows_written"], counts[1]["rows_written"])
        self.assertGreater(len(trees[0]), 10)
        self.assertEqual(trees[0], trees[1])

    def test_a_pipe_in_any_pieces(self):
        data = (HEADER + rows(0, 60000)).encode()
        outs = []
        for size in (len(data), 4093):
            reading, writing = os.pipe()
            feeder = threading.Thread(target=self.feed, args=(writing, data, size))
            feeder.start()
            out = self.top / f"pipe{size}.parquet"
            done = subprocess.run([CUPEL, "convert", "-", str(out), "--from", "csv", "--threads", "4", "--quiet"],
                                  cwd=self.top, stdin=reading, capture_output=True, timeout=200, check=False)
            os.close(reading)
            feeder.join()
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            outs.append(out.read_bytes())
        self.assertEqual(outs[0], outs[1])

    @staticmethod
    def feed(writing, data, size):
        with open(writing, "wb", buffering=0) as pipe:
            try:
                for at in range(0, len(data), size):
                    left = memoryview(data)[at:at + size]
                    while left:
                        left = left[pipe.write(left):]
            except BrokenPipeError:
                pass  # the program ended early; its status says why


if __name__ == "__main__":
    unittest.main()
