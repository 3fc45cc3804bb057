#!/usr/bin/env python3
"""./dev bench — our figures beside the peers', measured in one run.

Every figure is the median over whole processes; contenders take turns (A B C A B C …), inputs are in the page cache,
dirty pages are written out between runs, outside the clock. Our runs fsync what they write; the peers' don't.
Results go to standard output and .bench/results.json.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import data  # noqa: E402
import measure  # noqa: E402

ROOT = data.BENCH.parent
CUPEL = ROOT / "build/cupel"
PYTHON = data.STORE / "venv/bin/python"
OUT = data.STORE / "out"
PEERS = ["duckdb", "polars", "pyarrow", "datafusion", "chdb"]
GIB = 1 << 30

# name: (input, what peers are told it is, compression, may the last row be bad)
AGAINST_PEERS = {
    "lineitem": ("lineitem.csv", "csv", "snappy", False),
    "events": ("events.ndjson", "ndjson", "snappy", False),
    "integers": ("integers.csv", "csv", "snappy", False),
    "text": ("text.csv", "text", "snappy", False),
    "gz": ("lineitem.csv.gz", "gz", "snappy", False),
    "zstd": ("lineitem.csv", "csv", "zstd", False),
    "shuffled": ("lineitem_shuffled.csv", "csv", "snappy", False),
    "quoted": ("lineitem_quoted.csv", "csv", "snappy", False),
    "bad-last": ("lineitem_bad_last.csv", "csv", "snappy", True),
}
OURS_ALONE = ["threads", "memory-limit", "pipe-1", "pipe-10", "pipe-30", "start-up", "binary"]


def fresh(name):
    """A path for an output, with nothing there; dirty pages of runs before are written out."""
    target = OUT / name
    shutil.rmtree(target, ignore_errors=True)
    target.unlink(missing_ok=True)
    os.sync()
    return target


def size_of(target):
    """MB of an output, a file or a tree of files (bookkeeping included)."""
    if target.is_dir():
        return sum(p.stat().st_size for p in target.rglob("*") if p.is_file()) / 1e6
    return target.stat().st_size / 1e6 if target.exists() else 0.0


def cupel_command(source, target, compression="snappy", threads=2, more=()):
    return [CUPEL, "convert", source, target, "--compression", compression, "--threads", str(threads), "--quiet", *more]


def peer_command(peer, kind, source, target, compression, tolerant):
    return [PYTHON, data.BENCH / "peer.py", peer, kind, source, target, compression, *(["tolerant"] if tolerant else [])]


def rows_in(target):
    """Rows of a Parquet file as pyarrow counts them: that no contender wins by leaving rows out."""
    code = "import pyarrow.parquet, sys; print(pyarrow.parquet.ParquetFile(sys.argv[1]).metadata.num_rows)"
    answer = subprocess.run([PYTHON, "-c", code, target], capture_output=True, text=True, check=False)
    return int(answer.stdout) if answer.returncode == 0 else None


def compete(commands, runs):
    """{name: (command, target)} → {name: figures}; whoever fails is left out of later rounds."""
    samples, results = {name: [] for name in commands}, {}
    for _ in range(runs):
        for name, (command, target) in commands.items():
            if results.get(name, {}).get("failed"):
                continue
            fresh(target.name)
            sample = measure.run(command)
            if sample.status != 0:
                results[name] = {"failed": sample.message.splitlines()[-1] if sample.message else f"exit {sample.status}"}
                continue
            if name not in results:
                results[name] = {"mb": size_of(target), "rows": rows_in(target)}
            if results[name]["rows"] is None:
                results[name] = {"failed": "ended well, but left no Parquet file that can be read"}
                continue
            samples[name].append(sample)
    for name, figures in results.items():
        if "failed" not in figures:
            figures.update(measure.median(samples[name]))
    return results


def against_peers(row, arguments):
    """One row of the table: ours, and every peer, on one input."""
    source_name, kind, compression, tolerant = AGAINST_PEERS[row]
    source = data.path(source_name)
    commands = {}
    for name, more in variants():
        target = OUT / f"{name.replace(' ', '-')}.parquet"
        commands[name] = (cupel_command(source, target, compression, more=more), target)
    for peer in arguments.peers:
        target = OUT / f"{peer}.parquet"
        commands[peer] = (peer_command(peer, kind, source, target, compression, tolerant), target)
    warm(source)
    results = compete(commands, arguments.runs)
    print(f"\n{row}: {source_name}, {source.stat().st_size / 1e6:.0f} MB → Parquet {compression}, median of {arguments.runs}")
    show(results)
    return {"input_mb": source.stat().st_size / 1e6, "results": results, "ratios": ratios(results)}


def variants():
    """Ours as users have it and, when the program offers it, without fsync."""
    said = subprocess.run([CUPEL, "convert", "--help"], capture_output=True, text=True, check=False)
    yield "cupel", ()
    if "--no-fsync" in said.stdout + said.stderr:
        yield "cupel no-fsync", ("--no-fsync",)


def warm(source):
    with open(source, "rb") as file:
        while file.read(16 << 20):
            pass


def ratios(results):
    """Ours / the best peer, figure by figure; None when one side has none."""
    ours = results.get("cupel", {"failed": "absent"})
    peers = {n: r for n, r in results.items() if not n.startswith("cupel") and "failed" not in r}
    if "failed" in ours or not peers:
        return None
    best = {key: min(peers, key=lambda n: peers[n][key]) for key in ("cpu", "wall", "mb")}
    return {key: {"ratio": ours[key] / peers[name][key], "peer": name} for key, name in best.items()}


def show(results):
    print(f"  {'':16} {'CPU s':>7} {'wall s':>7} {'peak MiB':>9} {'file MB':>8} {'rows':>10}")
    for name, r in results.items():
        if "failed" in r:
            print(f"  {name:16} failed: {r['failed'][:100]}")
        else:
            print(f"  {name:16} {r['cpu']:7.2f} {r['wall']:7.2f} {r['peak']:9.0f} {r['mb']:8.1f} {r['rows']:10}")
    if len({r["rows"] for r in results.values() if "failed" not in r}) > 1:
        print("  note: the contenders' row counts differ")
    found = ratios(results)
    if found:
        print("  ours / best peer " + ", ".join(f"{k} {v['ratio']:.2f} ({v['peer']})" for k, v in found.items()), flush=True)


# ---- ours alone ----
def threads(arguments):
    source = data.path("lineitem.csv")
    warm(source)
    commands = {f"{n} thread{'s' * (n > 1)}": (cupel_command(source, OUT / f"threads-{n}.parquet", threads=n), OUT / f"threads-{n}.parquet")
                for n in (1, 2)}
    results = compete(commands, arguments.runs)
    print("\nthreads: lineitem.csv")
    show(results)
    one, two = results["1 thread"], results["2 threads"]
    if "failed" in one or "failed" in two:
        return {"results": results}
    print(f"  two threads are {one['wall'] / two['wall']:.2f} times as fast as one")
    return {"results": results, "speedup": one["wall"] / two["wall"]}


def memory_limit(arguments):
    source = data.path("lineitem.csv")
    warm(source)
    print("\nmemory-limit: lineitem.csv, peak MiB against --memory-limit")
    found = {}
    for limit in (64, 96, 128, 224):
        sample = measure.run(cupel_command(source, fresh("limit.parquet"), more=("--memory-limit", f"{limit}MiB")))
        found[limit] = {"status": sample.status, "peak": sample.peak, "wall": sample.wall}
        verdict = f"{sample.peak / limit:.2f} of the limit" if sample.status == 0 else f"failed: {sample.message[-100:]}"
        print(f"  {limit:4} MiB: peak {sample.peak:4.0f} MiB, {sample.wall:.2f} s, {verdict}", flush=True)
    return found


def pipe(gigabytes):
    """The generator feeds our standard input; only our process is measured."""
    target = fresh("pipe.parquet")
    generator = subprocess.Popen([data.tool(), "pipe", str(gigabytes * GIB)], stdout=subprocess.PIPE)
    sample = measure.run(cupel_command("-", target, more=("--from", "csv")), stdin=generator.stdout)
    generator.stdout.close()
    generator.wait()
    outcome = f"{size_of(target):.0f} MB" if sample.status == 0 else f"failed: {sample.message[-200:]}"
    print(f"\npipe-{gigabytes}: {gigabytes} GiB on standard input: peak {sample.peak:.0f} MiB, {sample.cpu:.1f} CPU-s, "
          f"{sample.wall:.1f} s, {outcome}", flush=True)
    target.unlink(missing_ok=True)
    return {"peak": sample.peak, "cpu": sample.cpu, "wall": sample.wall, "status": sample.status}


def start_up(_):
    source, samples = data.path("tiny.csv"), []
    for _ in range(31):
        target = OUT / "tiny.parquet"
        target.unlink(missing_ok=True)
        samples.append(measure.run(cupel_command(source, target)))
    figures = measure.median(samples)
    version = measure.median([measure.run([CUPEL, "--version"]) for _ in range(31)])
    failed = "" if samples[-1].status == 0 else f" (failed: {samples[-1].message})"
    print(f"\nstart-up: a tiny file from start to exit {figures['wall'] * 1e3:.1f} ms; "
          f"`cupel --version` {version['wall'] * 1e3:.1f} ms{failed}")
    return {"tiny": figures, "version": version}


def binary(_):
    stripped = OUT / "cupel.stripped"
    subprocess.run(["strip", "-o", stripped, CUPEL], check=True)
    print(f"\nbinary: {stripped.stat().st_size / (1 << 20):.2f} MiB stripped")
    return {"stripped_bytes": stripped.stat().st_size}


ALONE = {"threads": threads, "memory-limit": memory_limit, "start-up": start_up, "binary": binary,
         **{f"pipe-{n}": (lambda _, n=n: pipe(n)) for n in (1, 10, 30)}}


def summary(report):
    """The table that says it all: ratios, row by row."""
    print(f"\n{'ours / best peer':16} {'CPU':>6} {'wall':>6} {'size':>6}")
    for row, entry in report.items():
        if row in AGAINST_PEERS:
            found = entry["ratios"]
            cells = " ".join(f"{found[k]['ratio']:6.2f}" for k in ("cpu", "wall", "mb")) if found else "  no result"
            print(f"{row:16} {cells}")


def parse(argv):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [*AGAINST_PEERS, *OURS_ALONE]
    parser.add_argument("rows", nargs="*", metavar="ROW", help="of " + " ".join(names) + "; all of them when none is named")
    parser.add_argument("--runs", type=int, default=5, help="processes a figure (default 5)")
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated; '' = none")
    arguments = parser.parse_args(argv)
    unknown = [row for row in arguments.rows if row not in names]
    if unknown:
        parser.error(f"no such row: {' '.join(unknown)}")
    arguments.rows = arguments.rows or names
    arguments.peers = [peer for peer in arguments.peers.split(",") if peer]
    return arguments


def main(argv):
    arguments = parse(argv)
    OUT.mkdir(parents=True, exist_ok=True)
    report = {}
    for row in arguments.rows:
        report[row] = against_peers(row, arguments) if row in AGAINST_PEERS else ALONE[row](arguments)
        (data.STORE / "results.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    if any(row in AGAINST_PEERS for row in report):
        summary(report)
    shutil.rmtree(OUT)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
