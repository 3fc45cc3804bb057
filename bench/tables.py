"""The results as Markdown, as docs/performance.md has them: to be pasted there."""
from contest import NO_SYNC, OURS, ROWS
from memory import BOUND, LIMITS, PIPES, REFUSED
from programs import PEERS

NAMES = {"duckdb": "DuckDB", "polars": "Polars", "pyarrow": "pyarrow", "datafusion": "DataFusion", "chdb": "chDB"}
STAGES = {"scan": "scan: the structural index alone", "decode": "scan, cut, parse all 16 columns",
          "encode": "and encode, no codec", "snappy": "and snappy"}


def table(head, lines):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for cells in lines:
        yield "| " + " | ".join(cells) + " |"
    yield ""


def pair(figures, first, second):
    """Two figures of a contender, or that it failed."""
    if figures is None:
        return "–"
    return "fails" if "failed" in figures else f"{figures[first]:.2f} / {figures[second]:.2f}"


def speed(report, peers):
    if not peers:
        return
    runs = min(report[row]["runs"] for row in contests(report))
    yield f"Medians of {runs} runs. CPU seconds / wall seconds; the ratio is ours to the best peer's (CPU / wall); sizes are ours and the smallest peer's."
    yield ""
    lines = []
    for row in contests(report):
        results, found = report[row]["results"], report[row]["ratios"]
        ours, smallest = results[OURS], results[found["mb"]["peer"]]["mb"]
        lines.append([row, pair(ours, "cpu", "wall"), *(pair(results.get(p), "cpu", "wall") for p in peers),
                      f"**{found['cpu']['ratio']:.2f}** / {found['wall']['ratio']:.2f}", f"{ours['mb']:.1f} / {smallest:.1f}",
                      f"{ours['peak']:.0f} / {results[found['peak']['peer']]['peak']:.0f}"])
    yield from table(["row", OURS, *(NAMES[p] for p in peers), "ratio", "MB, ours / peer's", "peak MiB, ours / least peer's"], lines)


def disk(report, peers):
    if not peers:
        return
    yield ("Wall seconds at exit / when the output is on the disk (`fsync` of it after the exit; ours does that before). "
           "*Not synced*: ours with `fsync` made to do nothing (bench/no_sync.c). The ratio is between the right-hand figures.")
    yield ""
    lines = []
    for row in contests(report):
        results = report[row]["results"]
        lines.append([row, pair(results[OURS], "wall", "durable"), pair(results.get(NO_SYNC), "wall", "durable"),
                      *(pair(results.get(p), "wall", "durable") for p in peers), f"{report[row]['ratios']['durable']['ratio']:.2f}"])
    yield from table(["row", OURS, "not synced", *(NAMES[p] for p in peers), "ratio"], lines)


def pipes(report):
    lines = []
    for row, entry in report.items():
        if not row.startswith("pipe-"):
            continue
        for kind, r in entry.items():
            if "failed" in r:
                lines.append([f"{row[5:]} GiB", kind, f"**FAIL** {r['failed'][:80]}", f"{r['peak']:.0f}", f"{r['cpu']:.1f}", f"{r['wall']:.1f}"])
            else:
                peak = f"{r['peak']:.0f}" if r["peak"] <= BOUND else f"**FAIL** {r['peak']:.0f}"
                lines.append([f"{row[5:]} GiB", kind, f"{r['rows']:,}", peak, f"{r['cpu']:.1f}", f"{r['wall']:.1f}"])
    if lines:
        yield f"CSV from a pipe, default settings; the bound is {BOUND} MiB whatever the size."
        yield ""
        yield from table(["input", "types", "rows", "peak MiB", "CPU s", "wall s"], lines)


def limits(report):
    if "memory-limit" not in report:
        return
    yield "Peak MiB at each `--memory-limit`; *Refused*: the run says which limit it needs. **FAIL**: more than a tenth above the limit, or the run failed."
    yield ""
    lines = []
    for name, by_limit in report["memory-limit"].items():
        cells = []
        for limit in LIMITS:
            r = by_limit[str(limit)]
            cells.append("refused" if r["status"] == REFUSED and r["obeyed"] else f"**FAIL** exit {r['status']}" if "failed" in r else
                         f"{r['peak']:.0f}" if r["obeyed"] else f"**FAIL** {r['peak']:.0f}")
        lines.append([name, *cells])
    yield from table(["input", *(f"{limit} MiB" for limit in LIMITS)], lines)


def roofline(report):
    if "roofline" not in report:
        return
    found = report["roofline"]
    clock = found["clock"]
    yield (f"A {found['bytes'] / 1e6:.1f} MB piece of lineitem from memory, the fastest of {found['repeats']} repeats on one thread "
           f"at {clock / 1e9:.2f} GHz; each stage includes those above it.")
    yield ""
    yield from table(["stage", "ms", "GB/s of CSV", "bytes a cycle"],
                     [[STAGES[s], f"{t * 1e3:.1f}", f"{found['bytes'] / t / 1e9:.2f}", f"{found['bytes'] / t / clock:.2f}"]
                      for s, t in found["stages"].items()])
    yield f"The machine's own limits, taken in the same minute ({found['encoded_bytes'] / 1e6:.1f} MB of pages before the codec):"
    yield ""
    yield from table(["limit", "GB/s", "bytes a cycle"],
                     [[name, f"{rate / 1e9:.2f}", f"{rate / clock:.2f}"] for name, rate in found["limits"].items()])


def alone(report):
    said = []
    if "speedup" in report.get("threads", {}):
        results = report["threads"]["results"]
        said.append(f"two threads {report['threads']['speedup']:.2f} times as fast as one "
                    f"({results['2 threads']['wall']:.2f} and {results['1 thread']['wall']:.2f} s)")
    if "start-up" in report:
        said.append(f"a tiny file from start to exit {report['start-up']['tiny']['wall'] * 1e3:.1f} ms, "
                    f"`cupel --version` {report['start-up']['version']['wall'] * 1e3:.1f} ms")
    if "binary" in report:
        said.append(f"stripped binary {report['binary']['stripped_bytes'] / (1 << 20):.2f} MiB")
    if said:
        yield "; ".join(said)[0].upper() + "; ".join(said)[1:] + "."
        yield ""


# ---- the page ----

def contests(report):
    return [row for row in ROWS if row in report and report[row]["ratios"]]


def sections(report):
    """{name: (lines, rows that it is made of)}, for what the report has rows of."""
    present = {name for row in contests(report) for name in report[row]["results"]}
    peers = [p for p in PEERS if p in present]
    parts = {"speed": (speed(report, peers), [*ROWS]), "disk": (disk(report, peers), [*ROWS]),
             "pipes": (pipes(report), [f"pipe-{n}" for n in PIPES]), "limits": (limits(report), ["memory-limit"]),
             "roofline": (roofline(report), ["roofline"]), "alone": (alone(report), ["threads", "start-up", "binary"])}
    return {name: (list(lines), rows) for name, (lines, rows) in parts.items() if any(row in report for row in rows)}


def markdown(report):
    """All the tables that the report has rows for."""
    return "\n".join(line for lines, _ in sections(report).values() for line in lines)


def write_page(page, report):
    """Puts each section between its marks in the page, if all of its rows were run; says what was left alone."""
    text = page.read_text(encoding="utf-8")
    for name, (lines, rows) in sections(report).items():
        missing = [row for row in rows if row not in report]
        if missing:
            print(f"{page.name}: {name} stays, for want of {' '.join(missing)}")
            continue
        first, last = f"<!-- bench:{name} -->\n", f"<!-- bench:{name} end -->"
        before, rest = text.split(first)
        text = before + first + "\n" + "\n".join(lines).strip() + "\n\n" + last + rest.split(last)[1]
    page.write_text(text, encoding="utf-8")
