"""Ours and the peers on the same input, in turns (A B C A B C …), so that a machine that drifts drifts for all."""
import data
import measure
from programs import OUT, cupel_command, fresh, peer_command, rows_in, size_of, warm

# name: (input, what peers are told it is, compression, may the last row be bad)
ROWS = {
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
OURS, NO_SYNC = "cupel", "cupel no sync"


def one_run(command, target, environment):
    """A sample with its output's size and rows; the output is gone afterwards."""
    fresh(target.name)
    sample = measure.run(command, environment=environment)
    if sample.status != 0:
        return sample, {"failed": sample.reason()}
    sample.durable += measure.sync(target)
    found = {"mb": size_of(target), "rows": rows_in(target)}
    fresh(target.name)
    return sample, found if found["rows"] is not None else {"failed": "ended well, but left no Parquet that can be read"}


def compete(commands, runs):
    """{name: (command, target, environment)} → {name: figures}; whoever fails is left out of later rounds."""
    samples, results = {name: [] for name in commands}, {}
    for _ in range(runs):
        for name, contender in commands.items():
            if "failed" in results.get(name, {}):
                continue
            sample, results[name] = one_run(*contender)
            samples[name].append(sample)
    for name, figures in results.items():
        if "failed" not in figures:
            figures.update(measure.median(samples[name]))
    return results


def contenders(row, peers):
    source_name, kind, compression, tolerant = ROWS[row]
    source = data.path(source_name)
    commands = {}
    for name, environment in ((OURS, None), (NO_SYNC, {"LD_PRELOAD": data.compiled("no_sync.so", "-shared", "-fPIC")})):
        target = OUT / f"{name.replace(' ', '-')}.parquet"
        commands[name] = (cupel_command(source, target, compression), target, environment)
    for peer in peers:
        target = OUT / f"{peer}.parquet"
        commands[peer] = (peer_command(peer, kind, source, target, compression, tolerant), target, None)
    return source, commands


def contest(row, arguments):
    """One row of the table: ours, and every peer, on one input."""
    source, commands = contenders(row, arguments.peers)
    warm(source)
    results = compete(commands, arguments.runs)
    megabytes = source.stat().st_size / 1e6
    print(f"\n{row}: {source.name}, {megabytes:.0f} MB → Parquet {ROWS[row][2]}, median of {arguments.runs}")
    show(results)
    return {"input_mb": megabytes, "runs": arguments.runs, "results": results, "ratios": ratios(results)}


def ratios(results):
    """Ours / the best peer, figure by figure; None when one side has none. `durable`: both until their bytes are on the disk."""
    ours = results.get(OURS, {"failed": "absent"})
    peers = {n: r for n, r in results.items() if not n.startswith(OURS) and "failed" not in r}
    if "failed" in ours or not peers:
        return None
    best = {key: min(peers, key=lambda n: peers[n][key]) for key in ("cpu", "wall", "durable", "mb", "peak")}
    return {key: {"ratio": ours[key] / peers[name][key], "peer": name} for key, name in best.items()}


def show(results):
    print(f"  {'':16} {'CPU s':>7} {'wall s':>7} {'on disk s':>9} {'peak MiB':>9} {'file MB':>8} {'rows':>10}")
    for name, r in results.items():
        if "failed" in r:
            print(f"  {name:16} failed: {r['failed'][:100]}")
        else:
            print(f"  {name:16} {r['cpu']:7.2f} {r['wall']:7.2f} {r['durable']:9.2f} {r['peak']:9.0f} {r['mb']:8.1f} {r['rows']:10}")
    if len({r["rows"] for r in results.values() if "failed" not in r}) > 1:
        print("  note: the contenders' row counts differ")
    found = ratios(results)
    if found:
        print("  ours / best peer: " + ", ".join(f"{k} {v['ratio']:.2f} ({v['peer']})" for k, v in found.items()), flush=True)
