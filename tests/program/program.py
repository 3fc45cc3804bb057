"""What the program tests share: running the program in an empty directory, and its result object."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "pipeline"))
CUPEL = os.environ.get("CUPEL", str(pathlib.Path(__file__).resolve().parents[2] / "build/cupel"))
SANITIZER_EXIT = 99


class ProgramTest(unittest.TestCase):
    """Each test has a directory of its own, `self.top`, in which the program is started."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="cupel-program-")
        self.addCleanup(directory.cleanup)
        self.top = pathlib.Path(directory.name)

    def write(self, name, data):
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def cupel(self, *arguments, status=0, stdin=b"", environment=None):
        """Runs the program; its status must be as expected. Gives the finished process."""
        base = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", "ASAN_OPTIONS": f"exitcode={SANITIZER_EXIT}"}
        done = subprocess.run([CUPEL, *map(str, arguments)], cwd=self.top, input=stdin, capture_output=True,
                              env={**base, **(environment or {})}, timeout=240, check=False)
        self.assertEqual(done.returncode, status, f"{arguments}\n{done.stdout[-2000:].decode('utf-8', 'replace')}"
                                                  f"\n{done.stderr[-4000:].decode('utf-8', 'replace')}")
        return done

    def result(self, *arguments, **options):
        return json.loads(self.cupel(*arguments, "--json", **options).stdout)

    def rows(self, name):
        """The rows of an NDJSON file."""
        return [json.loads(line) for line in (self.top / name).read_text(encoding="utf-8").split("\n") if line]
