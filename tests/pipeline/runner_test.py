#!/usr/bin/env python3
"""The runner of .test files is tested here with a stand-in program: it must pass what holds and fail what does not.

The stand-in copies `in/*` to lake/part-0.ndjson, rejects lines that are no JSON, and prints a result object; LIE=1
makes its books wrong. It exists for this file only.
"""
import contextlib
import io
import os
import pathlib
import stat
import sys
import tempfile
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import runner  # noqa: E402
import tables  # noqa: E402
import testfile  # noqa: E402

STAND_IN = r'''
import json, os, pathlib, sys
if sys.argv[1] == "verify":
    sys.exit(0)
if sys.argv[1] == "fail":
    print("error: in/a.json:2:1: no such thing", file=sys.stderr)
    sys.exit(3)
good, bad = [], []
for path in sorted(pathlib.Path("in").iterdir()):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            json.loads(line)
            good.append(line)
        except ValueError:
            bad.append({"object": "/x/" + path.name, "line": number, "rule": "syntax", "raw": line})
os.makedirs("lake/_cupel/rejects", exist_ok=True)
pathlib.Path("lake/part-0.ndjson").write_text("".join(line + "\n" for line in good))
pathlib.Path("lake/_cupel/rejects/r.ndjson").write_text("".join(json.dumps(row) + "\n" for row in bad))
print(json.dumps({"rows_read": len(good) + len(bad) + int(os.environ.get("LIE", 0)), "rows_written": len(good),
                  "rows_rejected": len(bad), "rows_filtered": 0}))
'''
GOOD = """# A file that holds.
--- input a.json
{"a": 1, "b": 1.50, "t": "2026-01-01T00:00:00.500Z"}
oops
--- rows
{"a": 1, "b": 1.5, "t": "2026-01-01T00:00:00.5Z"}
--- rejects
{"object": "a.json", "line": 2, "rule": "syntax"}
--- books read=2 written=1 rejected=1
--- files
lake/part-*.ndjson
--- absent lake/b
--- command
cupel fail
--- exit 3
--- stderr
in/a.json:2:1
~ no such (thing|word)
"""


class RunnerTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.program = pathlib.Path(self.directory.name, "cupel")
        self.program.write_text(f"#!{sys.executable}\n{STAND_IN}", encoding="utf-8")
        self.program.chmod(self.program.stat().st_mode | stat.S_IXUSR)
        tables.pyarrow, self.pyarrow = None, tables.pyarrow

    def tearDown(self):
        self.directory.cleanup()
        tables.pyarrow = self.pyarrow

    def run_text(self, text):
        path = pathlib.Path(self.directory.name, "case.test")
        path.write_text(text, encoding="utf-8")
        return runner.run_file(str(path), str(self.program))

    def test_passes_what_holds(self):
        self.assertEqual(self.run_text(GOOD), (None, None))

    def test_skips_what_it_cannot_judge(self):
        """Parquet without pyarrow; what else the file expects is checked, and fails it."""
        case = GOOD.replace("--- input", "--- config other.parquet\nPAR1\n--- input", 1)
        case = case.replace("--- books", '--- rows other.parquet\n{"a": 1}\n--- schema other.parquet\na int64\n--- books', 1)
        problem, lacking = self.run_text(case)
        self.assertIsNone(problem)
        self.assertIn("pyarrow is not installed", lacking)
        self.assertEqual(self.main_on(case), (runner.SKIP, "SKIP"))
        wrong = case.replace("written=1", "written=2")
        self.assertIn("books", self.run_text(wrong)[0])
        self.assertEqual(self.main_on(wrong), (1, "FAIL"))
        self.assertEqual(self.main_on(GOOD), (0, "ok"))

    def main_on(self, text):
        """Exit status and first word of the runner as the tests start it."""
        self.run_text(text)
        said = io.StringIO()
        with unittest.mock.patch.dict(os.environ, {"CUPEL": str(self.program)}), contextlib.redirect_stdout(said):
            status = runner.main([str(pathlib.Path(self.directory.name, "case.test"))])
        return status, said.getvalue().split()[0]

    def test_fails_what_does_not(self):
        for old, new, word in [('{"a": 1, "b": 1.5,', '{"a": 2, "b": 1.5,', "rows"),
                               ('"line": 2', '"line": 3', "rejects"),
                               ('{"object": "a.json", "line": 2, "rule": "syntax"}\n', "", "rejects"),
                               ("written=1", "written=2", "books"), ("part-*", "other-*", "files"),
                               ("--- absent lake/b", "--- absent lake", "absent"),
                               ("--- exit 3", "--- exit 4", "ended with 3"), ("--- exit 3\n", "", "ended with 3"),
                               ("a.json:2:1", "a.json:9:9", "stderr"), ("--- books", "--- bookz", "unknown section"),
                               ("# A file that holds.\n", "", "comment")]:
            with self.subTest(new=new):
                changed = GOOD.replace(old, new) if "stderr" != word else GOOD.replace("in/a.json:2:1\n", "in/a.json:9:9\n")
                self.assertIn(word, self.run_text(changed)[0] or "passed")

    def test_books_are_always_checked(self):
        self.assertIn("books", self.run_text(GOOD.replace("--- rows", "--- environment\nLIE=1\n--- rows", 1))[0])

    def test_inputs(self):
        section = testfile.Section("input", ["escaped"], {}, [r"a,b\r\n", r"1,\xff\0"], 1)
        self.assertEqual(testfile.input_bytes(section, ""), b"a,b\r\n1,\xff\0")
        section = testfile.Section("input", ["no-final-newline"], {"newline": "crlf", "charset": "utf-16-le"}, ["é", "b"], 1)
        self.assertEqual(testfile.input_bytes(section, ""), "é\r\nb".encode("utf-16-le"))
        section = testfile.Section("input", [], {"repeat": "2"}, ["n", "{i}"], 1)
        self.assertEqual(testfile.input_bytes(section, ""), b"n\n0\n1\n")

    def test_same(self):
        self.assertFalse(tables.same(True, 1))
        self.assertFalse(tables.same({"a": None}, {}))
        self.assertTrue(tables.same("2026-01-01T00:00:00.100Z", "2026-01-01T00:00:00.1Z"))
        self.assertFalse(tables.same("x.10", "x.1"))


class JudgeTest(unittest.TestCase):
    """How Parquet's values look to a test, when pyarrow is there."""

    def test_values(self):
        if tables.pyarrow is None:
            print("SKIP pyarrow is not installed; ./dev setup makes .venv", flush=True)
            self.skipTest("pyarrow is not installed")
        import datetime
        import decimal
        pa = tables.pyarrow
        for value, kind, shown, name in [
                (decimal.Decimal("1.50"), pa.decimal128(5, 2), decimal.Decimal("1.50"), "decimal(5,2)"),
                (1793491200331, pa.timestamp("ms", "UTC"), "2026-11-01T00:00:00.331Z", "timestamp(ms,utc)"),
                (-1, pa.timestamp("ns"), "1969-12-31T23:59:59.999999999", "timestamp(ns)"),
                (datetime.date(2026, 2, 3), pa.date32(), "2026-02-03", "date"),
                (b"a\xff", pa.binary(), "a\\xff", "binary"),
                ([("k", 1)], pa.map_(pa.string(), pa.int64()), {"k": 1}, "map<string, int64>"),
                ([{"x": [1, None]}], pa.list_(pa.struct([("x", pa.list_(pa.int32()))])), [{"x": [1, None]}],
                 "list<struct<x: list<int32>>>"),
                (True, pa.bool_(), True, "boolean")]:
            with self.subTest(name=name):
                scalar = pa.scalar(value, kind)
                self.assertTrue(tables.same(shown, tables.plain(scalar)), tables.plain(scalar))
                self.assertEqual(tables.type_name(kind), name)


if __name__ == "__main__":
    os.environ.pop("KEEP", None)
    unittest.main()
