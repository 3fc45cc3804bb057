"""How each contender is run, and where outputs go."""
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import data  # noqa: E402

ROOT = data.BENCH.parent
CUPEL = ROOT / "build/cupel"
PYTHON = data.STORE / "venv/bin/python"
OUT = data.STORE / "out"
PEERS = ["duckdb", "polars", "pyarrow", "datafusion", "chdb"]


def fresh(name):
    """A path for an output, with nothing there; dirty pages of runs before are written out."""
    target = OUT / name
    if target.is_dir():
        shutil.rmtree(target)
    target.unlink(missing_ok=True)
    os.sync()
    return target


def size_of(target):
    """MB of an output, a file or a tree of files (bookkeeping included)."""
    if target.is_dir():
        return sum(p.stat().st_size for p in target.rglob("*") if p.is_file()) / 1e6
    return target.stat().st_size / 1e6 if target.exists() else 0.0


def rows_in(target):
    """Rows of a Parquet file or of a folder of them, as pyarrow counts them: that no contender wins by leaving rows out."""
    code = "import pyarrow.dataset, sys; print(pyarrow.dataset.dataset(sys.argv[1], format='parquet').count_rows())"
    answer = subprocess.run([PYTHON, "-c", code, target], capture_output=True, text=True, check=False)
    return int(answer.stdout) if answer.returncode == 0 else None


def warm(source):
    """The input into the page cache."""
    with open(source, "rb") as file:
        while file.read(16 << 20):
            pass


def cupel_command(source, target, compression="snappy", threads=2, more=()):
    return [CUPEL, "convert", source, target, "--compression", compression, "--threads", str(threads), "--quiet", *more]


def peer_command(peer, kind, source, target, compression, tolerant):
    return [PYTHON, data.BENCH / "peer.py", peer, kind, source, target, compression, *(["tolerant"] if tolerant else [])]
