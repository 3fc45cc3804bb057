"""Our figures that need no peer: threads, start-up, the binary's size, and the stages' share with the machine's limits."""
import json
import os
import subprocess

import contest
import data
import measure
from programs import CUPEL, OUT, ROOT, cupel_command, warm


def threads(arguments):
    source = data.path("lineitem.csv")
    warm(source)
    targets = {n: OUT / f"threads-{n}.parquet" for n in (1, 2)}
    results = contest.compete({f"{n} thread{'s' * (n > 1)}": (cupel_command(source, target, threads=n), target, None)
                               for n, target in targets.items()}, arguments.runs)
    print("\nthreads: lineitem.csv")
    contest.show(results)
    one, two = results["1 thread"], results["2 threads"]
    if "failed" in one or "failed" in two:
        return {"results": results}
    print(f"  two threads are {one['wall'] / two['wall']:.2f} times as fast as one")
    return {"results": results, "speedup": one["wall"] / two["wall"]}


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


def roofline(_):
    """bench/roofline.c on a piece of lineitem: the fastest of many repeats, so that it may stand beside other work."""
    subprocess.run(["cmake", "--preset", "release", "-DCUPEL_BENCH=ON"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", "build", "--quiet", "roofline"], cwd=ROOT, check=True)
    source = data.path("lineitem.csv")
    said = subprocess.run([ROOT / "build/bench/roofline", source], check=True, capture_output=True, text=True).stdout
    found = json.loads(said)
    found["load"] = os.getloadavg()[0]
    print(f"\nroofline: {found['bytes'] / 1e6:.1f} MB of lineitem from memory, one thread, fastest of {found['repeats']}")
    for stage, seconds in found["stages"].items():
        rate = found["bytes"] / seconds
        print(f"  {stage:20} {seconds * 1e3:6.1f} ms  {rate / 1e9:5.2f} GB/s of CSV  {rate / found['clock']:.2f} bytes a cycle")
    for limit, rate in found["limits"].items():
        print(f"  {limit:20} {'':9}  {rate / 1e9:5.2f} GB/s         {rate / found['clock']:.2f} bytes a cycle")
    print(f"  clock {found['clock'] / 1e9:.2f} GHz, load of the machine {found['load']:.1f}", flush=True)
    return found
