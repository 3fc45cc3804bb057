"""What the corpus tests share: finding a corpus, running the program on one file, counting.

CUPEL_CORPORA names a directory with public test suites; a test whose suite is absent is skipped, said and counted.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SKIP = 77
SANITIZER_EXIT = 99
CODES = range(0, 20)  # the documented exit codes


def find(name):
    """The directory of a suite; exits with a skip when it is not there."""
    top = os.environ.get("CUPEL_CORPORA")
    if not top or not pathlib.Path(top, name).is_dir():
        print(f"SKIP CUPEL_CORPORA is not set or has no {name}")
        sys.exit(SKIP)
    return pathlib.Path(top, name)


class Conversion:
    """One `cupel convert IN OUT` to NDJSON, and what came of it."""

    def __init__(self, source, arguments=(), timeout=60):
        with tempfile.TemporaryDirectory(prefix="cupel-corpus-") as directory:
            target = pathlib.Path(directory, "out.ndjson")
            limits = f"exitcode={SANITIZER_EXIT}"
            environment = {**os.environ, "ASAN_OPTIONS": limits, "TSAN_OPTIONS": limits, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
            command = [os.environ.get("CUPEL", "build/cupel"), "convert", str(source), str(target), "--json", *arguments]
            outcome = subprocess.run(command, capture_output=True, env=environment, timeout=timeout, check=False)
            self.status = outcome.returncode
            self.said = outcome.stderr.decode("utf-8", "replace").strip()
            self.result = json.loads(outcome.stdout) if self.status == 0 else {}
            self.text = target.read_text(encoding="utf-8") if target.exists() else ""

    @property
    def sound(self):
        """It ended in a documented way, and its books balance."""
        if self.status not in CODES:
            return False
        r = self.result
        return not r or r["rows_read"] == r["rows_written"] + r["rows_rejected"] + r["rows_filtered"]

    @property
    def rows(self):
        return [json.loads(line) for line in self.text.split("\n") if line]

    @property
    def rejected(self):
        return self.result.get("rows_rejected", 0)


def report(name, expected, reached, complaints):
    """Prints the count and the complaints; the process's exit status."""
    print("\n".join(complaints))
    print(f"{name}: {reached} of {expected}")
    return 0 if reached == expected else 1
