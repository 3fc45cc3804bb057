"""What the tests of the command line share: run the program in an empty directory, look at what it says."""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

CUPEL = os.path.abspath(os.environ.get("CUPEL", "build/cupel"))
ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIP = 77
GOOD = "id,name,price\n1,a,1.5\n2,b,2.25\n3,\"c d\",3\n"
BAD = GOOD + "x,y\n"


def run(*words, stdin=b"", env=None, **options):
    """The finished process, its streams as bytes."""
    base = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm"}
    return subprocess.run([CUPEL, *map(str, words)], input=stdin, capture_output=True, timeout=120, check=False,
                          env={**base, **(env or {})}, **options)


def check(condition, *about):
    if not condition:
        for item in about:
            print(item if not isinstance(item, subprocess.CompletedProcess) else
                  f"exit {item.returncode}\nstdout: {item.stdout!r}\nstderr: {item.stderr!r}")
        raise AssertionError("expectation does not hold")


def said(process):
    return process.stderr.decode("utf-8")


def result(process):
    return json.loads(process.stdout)


@contextlib.contextmanager
def directory():
    """An empty working directory with good.csv and bad.csv (its last row is short)."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        pathlib.Path("good.csv").write_text(GOOD)
        pathlib.Path("bad.csv").write_text(BAD)
        try:
            yield pathlib.Path(name)
        finally:
            os.chdir(before)


def main(module):
    """Run every function test_… of a module, each in a directory of its own."""
    failed = 0
    for name, function in sorted(vars(module).items()):
        if not name.startswith("test_"):
            continue
        with directory():
            try:
                function()
                print(f"ok {name}")
            except Exception as problem:  # pylint: disable=broad-except
                failed += 1
                print(f"FAIL {name}: {problem!r} (line {problem.__traceback__.tb_next.tb_lineno})")
    sys.exit(1 if failed else 0)
