"""The bench's inputs, each made once into .bench/data: TPC-H tables by tpchgen-cli, the rest by bench/make_data.c."""
import pathlib
import subprocess

BENCH = pathlib.Path(__file__).resolve().parent
STORE = BENCH.parent / ".bench"
DATA = STORE / "data"
EVENTS, INTEGERS, TEXT, WIDE, PARTITIONS = 1_000_000, 300_000, 400_000, 2_000, 3_000_000  # rows


def compiled(name, *flags):
    """.bench/NAME from the C source of that name here, built again when that is newer. A name that ends in .so is a library."""
    binary, source = STORE / name, BENCH / (pathlib.Path(name).stem + ".c")
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        STORE.mkdir(exist_ok=True)
        subprocess.run(["gcc", "-O2", "-D_GNU_SOURCE", *flags, "-o", binary, source], check=True)
    return str(binary)


def tool():
    return compiled("make_data")


def written(target, command, stdin=None):
    """Runs a command with its output into target, under a temporary name until it is whole."""
    partial = target.with_name(target.name + ".partial")
    with open(partial, "wb") as out:
        subprocess.run(command, check=True, stdin=stdin, stdout=out)
    partial.rename(target)


def filtered(target, verb):
    with open(path("lineitem.csv"), "rb") as source:
        written(target, [tool(), verb], source)


def tpch(target):
    subprocess.run([STORE / "venv/bin/tpchgen-cli", "csv", "-s", "1", "--tables", target.stem, "--output-dir", DATA], check=True)


MAKERS = {
    "lineitem.csv": tpch,
    "lineitem.csv.gz": lambda target: written(target, ["gzip", "-6", "-c", path("lineitem.csv")]),
    "lineitem_shuffled.csv": lambda target: filtered(target, "shuffle"),
    "lineitem_quoted.csv": lambda target: filtered(target, "quote"),
    "lineitem_bad_last.csv": lambda target: filtered(target, "spoil"),
    "events.ndjson": lambda target: written(target, [tool(), "events", str(EVENTS), "7"]),
    "integers.csv": lambda target: written(target, [tool(), "integers", str(INTEGERS), "7"]),
    "text.csv": lambda target: written(target, [tool(), "text", str(TEXT), "7"]),
    "wide.csv": lambda target: written(target, [tool(), "wide", str(WIDE), "7"]),
    "partitions.csv": lambda target: written(target, [tool(), "partitions", str(PARTITIONS), "7"]),
    "tiny.csv": lambda target: target.write_text("id,name,amount\n1,Ann,2.50\n2,Bo,3.75\n", encoding="utf-8"),
}


def path(name):
    """The path of an input, made if it is not there."""
    target = DATA / name
    if not target.exists():
        DATA.mkdir(parents=True, exist_ok=True)
        print(f"making {target.relative_to(BENCH.parent)}", flush=True)
        MAKERS[name](target)
    return target
