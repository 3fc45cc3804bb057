#!/usr/bin/env python3
"""./dev bench — our figures beside the peers', measured in one run.

Every figure is the median over whole processes; contenders take turns (A B C A B C …), inputs are in the page cache,
dirty pages are written out between runs, outside the clock. Our runs sync what they write; the peers' don't: both
times are shown. Results go to standard output, .bench/results.json and, as docs/performance.md's tables, .bench/tables.md.
"""
import argparse
import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import alone  # noqa: E402
import contest  # noqa: E402
import data  # noqa: E402
import grading  # noqa: E402
import memory  # noqa: E402
import tables  # noqa: E402
from programs import OUT, PEERS, ROOT  # noqa: E402

ALONE = {"threads": alone.threads, "grading": grading.grading, "start-up": alone.start_up, "binary": alone.binary, "roofline": alone.roofline,
         "memory-limit": memory.memory_limit, **{f"pipe-{n}": (lambda _, n=n: memory.pipe(n)) for n in memory.PIPES}}


def parse(argv):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [*contest.ROWS, *ALONE]
    parser.add_argument("rows", nargs="*", metavar="ROW", help="of " + " ".join(names) + "; all of them when none is named")
    parser.add_argument("--runs", type=int, default=5, help="processes a figure (default 5)")
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated; '' = none")
    parser.add_argument("--write", action="store_true", help="put the tables whose rows were all run into docs/performance.md")
    arguments = parser.parse_args(argv)
    arguments.peers = [peer for peer in arguments.peers.split(",") if peer]
    unknown = [row for row in arguments.rows if row not in names] + [peer for peer in arguments.peers if peer not in PEERS]
    if unknown:
        parser.error(f"no such row or peer: {' '.join(unknown)}")
    arguments.rows = arguments.rows or names
    return arguments


def main(argv):
    arguments = parse(argv)
    OUT.mkdir(parents=True, exist_ok=True)
    report = {}
    try:
        for row in arguments.rows:
            report[row] = contest.contest(row, arguments) if row in contest.ROWS else ALONE[row](arguments)
            (data.STORE / "results.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    finally:
        shutil.rmtree(OUT)
    text = tables.markdown(report)
    (data.STORE / "tables.md").write_text(text, encoding="utf-8")
    print("\n" + text)
    if arguments.write:
        tables.write_page(ROOT / "docs/performance.md", report)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
