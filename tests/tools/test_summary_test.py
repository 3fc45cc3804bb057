#!/usr/bin/env python3
"""The closing line of `./dev test` counts what failed, what was skipped, and what a passing test left out."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASE = '<testcase name="{}" status="{}">{}<system-out>{}</system-out></testcase>'
CMOCKA = """[ RUN      ] corpus
suite: skipped (not there)
[  SKIPPED ] corpus
[ RUN      ] other
[  SKIPPED ] other
[  PASSED  ] 1 test(s).
[  SKIPPED ] 2 test(s), listed below:
[  SKIPPED ] corpus
[  SKIPPED ] other

 2 SKIPPED TEST(S)"""


class SummaryTest(unittest.TestCase):
    def summary(self, *cases):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, "release.xml")
            path.write_text(f"<testsuite>{''.join(cases)}</testsuite>", encoding="utf-8")
            done = subprocess.run([sys.executable, ROOT / "tools/test_summary", path], capture_output=True, check=False)
        lines = done.stdout.decode().splitlines()
        return done.returncode, lines[-1], "\n".join(lines[:-1])

    def test_counts(self):
        status, last, listed = self.summary(
            CASE.format("a", "run", "", "fine"), CASE.format("b", "fail", "<failure/>", "no"),
            CASE.format("c", "notrun", "<skipped/>", "SKIP c.test: pyarrow is not installed"))
        self.assertEqual((status, last), (1, "1 passed, 1 failed, 1 skipped"))
        self.assertIn("SKIP release c: c.test: pyarrow is not installed", listed)

    def test_parts(self):
        status, last, listed = self.summary(CASE.format("a", "run", "", CMOCKA),
                                            CASE.format("b", "run", "", "SKIP pyarrow is not installed\n...\nOK"))
        self.assertEqual((status, last), (0, "2 passed, 0 failed, 3 skipped"))
        self.assertEqual(listed.splitlines(), ["SKIP release a, in part: corpus: suite: skipped (not there)",
                                               "SKIP release a, in part: other: no reason given",
                                               "SKIP release b, in part: pyarrow is not installed"])

    def test_nothing_ran(self):
        self.assertEqual(self.summary()[:2], (1, "0 passed, 0 failed, 0 skipped"))


if __name__ == "__main__":
    unittest.main()
