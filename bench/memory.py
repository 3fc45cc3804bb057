"""Peak resident memory: of input without end from a pipe, and against --memory-limit."""
import subprocess
import time

import data
import measure
from programs import OUT, cupel_command, fresh, rows_in, size_of, warm

GIB, BOUND = 1 << 30, 256  # bytes; MiB that a run of default settings may take, whatever the input's size
PIPES = (1, 10, 30)  # GiB
TYPES = {"id": "int64", "customer": "string", "amount": "decimal(15,2)", "day": "date", "status": "string", "note": "string"}
LIMITS = (48, 64, 96, 128, 224, 512)  # MiB
TOLERANCE = 1.1
REFUSED = 3  # exit status: the limit is too small for these columns, and what would do is said
INPUTS = {  # name: (file, what is asked besides, is the output a folder)
    "lineitem": ("lineitem.csv", (), False),
    "events": ("events.ndjson", (), False),
    "integers, 200 columns": ("integers.csv", (), False),
    "wide text": ("text.csv", (), False),
    "10,000 columns": ("wide.csv", (), False),
    "2,000 partitions": ("partitions.csv", ("--partition-by", "shop"), True),
    "lineitem, gzip": ("lineitem.csv.gz", (), False),
    "1 GiB from a pipe": (None, ("--from", "csv"), False),
}


def generator(gigabytes, out):
    return subprocess.Popen([data.tool(), "pipe", str(gigabytes * GIB)], stdout=out, stderr=subprocess.PIPE)


def generator_speed():
    """GB/s of the generator into `cat > /dev/null`: what feeds us must be faster than we are."""
    started = time.monotonic()
    feeding = generator(4, subprocess.PIPE)
    subprocess.run(["cat"], stdin=feeding.stdout, stdout=subprocess.DEVNULL, check=True)
    feeding.stdout.close()
    feeding.communicate()
    return 4 * GIB / (time.monotonic() - started) / 1e9


def through_pipe(gigabytes, declared):
    """The generator feeds our standard input; only our process is measured."""
    target = fresh("pipe.parquet")
    types = [word for name, kind in TYPES.items() for word in ("--type", f"{name}={kind}")] if declared else []
    feeding = generator(gigabytes, subprocess.PIPE)
    sample = measure.run(cupel_command("-", target, more=("--from", "csv", *types)), stdin=feeding.stdout)
    feeding.stdout.close()
    made = int(feeding.communicate()[1].split()[-1] or 0) if sample.status == 0 else 0
    found = {"cpu": sample.cpu, "wall": sample.wall, "peak": sample.peak, "status": sample.status}
    if sample.status == 0:
        found.update(rows=rows_in(target), mb=size_of(target))
        if found["rows"] != made:
            found["failed"] = f"{made} rows were made, {found['rows']} landed"
    else:
        found["failed"] = sample.reason()
    fresh(target.name)
    return found


def pipe(gigabytes):
    found = {}
    print(f"\npipe-{gigabytes}: {gigabytes} GiB of CSV on standard input (the generator alone: {generator_speed():.1f} GB/s)")
    for kind in ("declared", "inferred"):
        r = found[kind] = through_pipe(gigabytes, kind == "declared")
        if "failed" in r:
            print(f"  {kind} types: FAIL {r['failed']}")
            continue
        verdict = "" if r["peak"] <= BOUND else f" FAIL: above {BOUND} MiB"
        print(f"  {kind} types: {r['rows']} rows, peak {r['peak']:.0f} MiB, {r['cpu']:.1f} CPU-s, {r['wall']:.1f} s, "
              f"{r['mb']:.0f} MB{verdict}", flush=True)
    return found


def under_limit(source, more, folder, limit):
    target = fresh("limit" if folder else "limit.parquet")
    feeding = None if source else generator(1, subprocess.PIPE)
    command = cupel_command(source or "-", f"{target}/" if folder else target, more=("--memory-limit", f"{limit}MiB", *more))
    sample = measure.run(command, stdin=feeding and feeding.stdout)
    if feeding:
        feeding.stdout.close()
        feeding.communicate()
    found = {"status": sample.status, "peak": sample.peak, "wall": sample.wall, "cpu": sample.cpu}
    if sample.status != 0:
        found["failed"] = sample.reason()
    found["obeyed"] = sample.peak <= limit * TOLERANCE
    fresh(target.name)
    return found


def memory_limit(_):
    """Every limit on every kind of input; what is more than a tenth above its limit is a failure, and said."""
    table = {}
    print("\nmemory-limit: peak MiB at --memory-limit; FAIL = more than a tenth above it")
    for name, (file, more, folder) in INPUTS.items():
        source = file and data.path(file)
        if source:
            warm(source)
        table[name] = {}
        for limit in LIMITS:
            r = table[name][str(limit)] = under_limit(source, more, folder, limit)
            verdict = "" if r["obeyed"] else "  FAIL"
            if "failed" in r:
                verdict += f"  ended with: {r['failed'][:120]}"
            print(f"  {name:22} {limit:4} MiB: peak {r['peak']:5.0f} MiB, {r['cpu']:6.2f} CPU-s {r['wall']:6.2f} s{verdict}", flush=True)
    return table
