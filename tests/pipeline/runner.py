#!/usr/bin/env python3
"""Runs .test files: inputs and configuration into an empty directory, commands in it, expectations after each.

usage: runner.py FILE.test…        (CUPEL names the program; default build/cupel)

Besides what a file expects, every run that prints a result object must keep its books: read = written +
rejected + filtered, and `cupel verify` must agree. An expectation that nothing here can judge (Parquet without
pyarrow) makes the file `SKIP`, exit status 77, unless something else in it fails: the rest is checked all the same.
KEEP=1 leaves the directory behind and prints its name.
"""
import fnmatch
import functools
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import tables  # noqa: E402
import testfile  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIP = 77
SANITIZER_EXIT = 99
SHOWN = 12  # lines of a difference that are worth showing


class Failed(Exception):
    """An expectation that does not hold."""


@functools.cache
def has_verify(cupel, directory):
    """Whether the program under test offers `verify`; without it storage is not recomputed."""
    said = subprocess.run([cupel, "--help"], cwd=directory, capture_output=True, check=False).stdout
    return re.search(rb"^ +verify ", said, re.M) is not None


class Run:
    """One case in its own directory; remembers the last command's outcome."""

    def __init__(self, case, directory, cupel):
        self.case, self.directory, self.cupel = case, pathlib.Path(directory), cupel
        self.outcome = self.result = None
        self.not_judged = None

    def write_inputs(self):
        for name, data in self.case.inputs.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (self.directory / "in").mkdir(exist_ok=True)

    def environment(self):
        base = {key: os.environ[key] for key in ("PATH", "HOME", "LLVM_PROFILE_FILE") if key in os.environ}
        sanitizer = f"exitcode={SANITIZER_EXIT}:abort_on_error=0"
        return {**base, "LC_ALL": "C.UTF-8", "TZ": "UTC", "ASAN_OPTIONS": sanitizer, "TSAN_OPTIONS": sanitizer,
                "UBSAN_OPTIONS": "print_stacktrace=1:" + sanitizer, **self.case.environment}

    def execute(self, command):
        """Run one command line (no shell; `< file` and `> file` are understood)."""
        words, stdin, stdout = shlex.split(command), None, None
        if "<" in words:
            at = words.index("<")
            stdin = (self.directory / words[at + 1]).read_bytes()
            del words[at:at + 2]
        if ">" in words:
            at = words.index(">")
            stdout = self.directory / words[at + 1]
            del words[at:at + 2]
        if words[0] == "cupel":
            words[0] = self.cupel
        self.outcome = subprocess.run(words, cwd=self.directory, input=stdin if stdin is not None else b"",
                                      capture_output=True, env=self.environment(), timeout=240, check=False)
        if stdout:
            stdout.write_bytes(self.outcome.stdout)
        self.result = self.result_object()

    def result_object(self):
        """What `--json` printed, if it did."""
        try:
            value = json.loads(self.outcome.stdout)
        except ValueError:
            return None
        return value if isinstance(value, dict) and "rows_read" in value else None

    def output(self):
        return (self.outcome.stdout + self.outcome.stderr).decode("utf-8", "replace")

    # ---- what always holds ----
    def check_books(self):
        result = self.result
        if result is None or self.outcome.returncode != 0:
            return
        total = result["rows_written"] + result["rows_rejected"] + result["rows_filtered"]
        if result["rows_read"] != total:
            raise Failed(f"books: {result['rows_read']} rows read, {total} accounted for")
        if (self.directory / "lake").is_dir() and has_verify(self.cupel, self.directory):
            outcome = subprocess.run([self.cupel, "verify", "lake"], cwd=self.directory, capture_output=True,
                                     env=self.environment(), timeout=240, check=False)
            if outcome.returncode != 0:
                raise Failed("cupel verify lake: " + (outcome.stdout + outcome.stderr).decode("utf-8", "replace"))

    # ---- expectations, one function a section name ----
    def expect_rows(self, section):
        path = self.directory / (section.arguments[0] if section.arguments else "lake")
        expected = [tables.load_json(line) for line in section.lines if line]
        actual = tables.read_rows(path) if path.exists() else []
        if section.options.get("order") == "any":
            expected, actual = (sorted(rows, key=tables.to_text) for rows in (expected, actual))
        self.compare("rows", expected, actual)

    def expect_rejects(self, section):
        path = self.directory / (section.arguments[0] if section.arguments else "lake/_cupel/rejects")
        expected = [tables.load_json(line) for line in section.lines if line]
        actual = tables.read_rows(path) if path.exists() else []
        if len(expected) == len(actual):  # only what the test names is compared
            for want, got in zip(expected, actual):
                for key in list(got):
                    if key not in want:
                        del got[key]
                if "object" in want and str(got.get("object")).endswith("/" + want["object"]):
                    got["object"] = want["object"]
        self.compare("rejects", expected, actual)

    def compare(self, what, expected, actual):
        bad = [i for i, pair in enumerate(zip(expected, actual)) if not tables.same(*pair)]
        if not bad and len(expected) == len(actual):
            return
        first = bad[0] if bad else min(len(expected), len(actual))
        show = [f"{what}: expected {len(expected)}, got {len(actual)}; the first difference is at {first + 1}:"]
        show += ["  - " + tables.to_text(row) for row in expected[first:first + SHOWN // 2]]
        show += ["  + " + tables.to_text(row) for row in actual[first:first + SHOWN // 2]]
        raise Failed("\n".join(show))

    def expect_schema(self, section):
        path = self.directory / (section.arguments[0] if section.arguments else "lake")
        expected = [line.rstrip() for line in section.lines if line]
        actual = [f"{name} {kind}" for name, kind in tables.read_schema(path)]
        self.compare("schema", expected, actual)

    def expect_books(self, section):
        if self.result is None:
            raise Failed("books: the command printed no result object; add --json")
        for key, value in section.options.items():
            if self.result["rows_" + key] != int(value):
                raise Failed(f"books: rows_{key} is {self.result['rows_' + key]}, expected {value}")

    def expect_files(self, section):
        """Each line is a pattern; every file of the tree matches one of them, and every pattern one file or more."""
        top = self.directory / (section.arguments[0] if section.arguments else "lake")
        names = [str(p.relative_to(self.directory)) for p in tables.data_files(top)]
        patterns = [line for line in section.lines if line]
        strays = [name for name in names if not any(fnmatch.fnmatchcase(name, p) for p in patterns)]
        missing = [p for p in patterns if not fnmatch.filter(names, p)]
        if strays or missing:
            raise Failed(f"files: not expected {strays}, not found {missing}")

    def expect_absent(self, section):
        for name in section.arguments:
            if (self.directory / name).exists():
                raise Failed(f"absent: {name} exists")

    def expect_same(self, section):
        """Two trees or files whose data files are the same bytes."""
        first, second = (self.directory / name for name in section.arguments)
        contents = [[(p.relative_to(top) if top.is_dir() else "", p.read_bytes()) for p in tables.data_files(top)]
                    for top in (first, second)]
        if contents[0] != contents[1] or not contents[0]:
            raise Failed(f"same: {section.arguments[0]} and {section.arguments[1]} differ, or are empty")

    def expect_text(self, name, text, section):
        for line in section.lines:
            found = re.search(line[2:], text) if line.startswith("~ ") else line in text
            if not found:
                raise Failed(f"{name}: no '{line}' in:\n{text}")

    def expect_stdout(self, section):
        self.expect_text("stdout", self.outcome.stdout.decode("utf-8", "replace"), section)

    def expect_stderr(self, section):
        self.expect_text("stderr", self.outcome.stderr.decode("utf-8", "replace"), section)

    def expect_exit(self, section):
        """Checked when the command ends; a zero is expected where nothing is said."""

    def step(self, step):
        self.execute(step.command)
        code = self.outcome.returncode
        exits = [int(s.arguments[0]) for s in step.expectations if s.name == "exit"] or [0]
        if code not in exits or code == SANITIZER_EXIT or code < 0:
            raise Failed(f"line {step.line}: '{step.command}' ended with {code}, expected {exits[0]}\n{self.output()}")
        self.check_books()
        for section in step.expectations:
            try:
                getattr(self, "expect_" + section.name)(section)
            except tables.NoJudge as lacking:
                self.not_judged = str(lacking)
            except Failed as failure:
                raise Failed(f"line {section.line}: {failure}\n--- {step.command}\n{self.output()}") from None


def run_file(path, cupel):
    """What is wrong or None, and why something could not be judged or None."""
    directory = tempfile.mkdtemp(prefix="cupel-test-")
    try:
        run = Run(testfile.load(path), directory, cupel)
        run.write_inputs()
        for step in run.case.steps:
            run.step(step)
    except (Failed, testfile.FormatError, subprocess.SubprocessError) as failure:
        return str(failure), None
    finally:
        if os.environ.get("KEEP"):
            print("kept", directory)
        else:
            shutil.rmtree(directory)
    return None, run.not_judged


def main(paths):
    cupel = os.environ.get("CUPEL", str(ROOT / "build/cupel"))
    if not os.access(cupel, os.X_OK):
        print(f"SKIP {cupel} is not built")
        return SKIP
    failed = skipped = 0
    for path in paths:
        problem, lacking = run_file(path, cupel)
        path = os.path.relpath(path, ROOT)
        print(f"FAIL {path}\n{problem}" if problem else f"SKIP {lacking} ({path})" if lacking else f"ok   {path}")
        failed += problem is not None
        skipped += lacking is not None
    return 1 if failed else SKIP if skipped else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
