#!/usr/bin/env python3
"""The program in the hand: help, versions, exit codes, errors that say file, line, column and what to do, signals."""
import json
import os
import signal
import subprocess
import time
import unittest

from program import CUPEL, ProgramTest

VERBS = ["run", "convert", "inspect", "check", "verify", "replay", "describe"]


class CommandLineTest(ProgramTest):
    def test_help_and_version(self):
        self.assertRegex(self.cupel("--version").stdout, rb"^cupel \d+\.\d+\.\d+")
        top = self.cupel("--help").stdout.decode()
        for verb in VERBS:
            self.assertIn(verb, top)
            self.assertIn(f"cupel {verb}", self.cupel(verb, "--help").stdout.decode())

    def test_wrong_words_name_the_right_one(self):
        for arguments, right in [(("convrt", "a", "b"), "convert"), (("convert", "a", "b", "--compresion", "zstd"), "--compression")]:
            done = self.cupel(*arguments, status=2)
            self.assertIn(right, done.stderr.decode())

    def test_missing_input_says_which(self):
        done = self.cupel("convert", "nowhere.csv", "out.parquet", status=5)
        self.assertIn("nowhere.csv", done.stderr.decode())
        self.assertEqual(list(self.top.iterdir()), [])

    def test_result_object(self):
        self.write("in.csv", "id,name\n1,Ann\n2\n")
        result = self.result("convert", "in.csv", "out.parquet")
        keys = "run_id rows_read rows_written rows_rejected rows_filtered files rejects receipt seconds".split()
        self.assertLessEqual(set(keys), set(result))
        self.assertEqual([result[f"rows_{k}"] for k in ("read", "written", "rejected", "filtered")], [2, 1, 1, 0])

    def test_quiet_is_quiet(self):
        self.write("in.csv", "id\n1\n")
        done = self.cupel("convert", "in.csv", "out.parquet", "--quiet")
        self.assertEqual((done.stdout, done.stderr), (b"", b""))

    def test_log_lines_are_json_with_the_run_id(self):
        self.write("in.csv", "id\n1\n")
        done = self.cupel("convert", "in.csv", "out.parquet", "--log-format", "json")
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        self.assertTrue(lines)
        self.assertEqual(len({line["run_id"] for line in lines}), 1)

    def test_inspect_prints_every_guess(self):
        self.write("in.csv", "id;name\n1;Ann\n")
        said = self.cupel("inspect", "in.csv").stdout.decode()
        for word in ("delimiter", "quote", "header", "UTF-8", "id", "int64", "Ann"):
            self.assertIn(word, said)

    def test_secrets_are_not_printed(self):
        self.write("in.csv", "id\n1\n")
        self.write("p.yaml", 'source: {path: in.csv, format: "${SECRET}"}\nsink: {path: lake}\n')
        done = self.cupel("run", "p.yaml", status=3, environment={"SECRET": "hunter2-not-a-format"})
        self.assertNotIn(b"hunter2", done.stdout + done.stderr)

    def test_interrupt_leaves_nothing_visible(self):
        reading, writing = os.pipe()
        process = subprocess.Popen([CUPEL, "convert", "-", "out.parquet", "--from", "csv"], cwd=self.top, stdin=reading,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.close(reading)
        os.write(writing, b"id,name\n1,Ann\n")
        time.sleep(0.5)  # it waits for more input
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()
            os.close(writing)
        self.assertIn(process.returncode, (17, 130, -signal.SIGINT))
        self.assertNotEqual(process.returncode, -signal.SIGINT, "killed instead of stopping cleanly")
        self.assertFalse((self.top / "out.parquet").exists())
        self.assertTrue(said)


if __name__ == "__main__":
    unittest.main()
