"""Files by our writer, read by pyarrow, DuckDB and Polars and by ourselves: every type × encoding × codec × null pattern ×
page version. Input is a random table of pyarrow's, sent through our reader and writer (parquet_rewrite)."""
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
from parquet_tables import BUILD, NESTED, SIMPLE, ReadError, canonical_rows, dump, first_difference, need, random_table, random_uuids, verify

need("pyarrow", "duckdb", "polars")
import duckdb
import polars
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

REWRITE = os.path.join(BUILD, "tests", "parquet_rewrite")
ROWS = 400
counts = {"files": 0, "readings": 0}
failures = []


def rewrite(source, target, *options):
    done = subprocess.run([REWRITE, source, target, *options], capture_output=True, timeout=120)
    if done.returncode:
        raise AssertionError(f"parquet_rewrite failed ({done.returncode}): {done.stderr.decode()[-2000:]}")


def by_duckdb(path):
    result = duckdb.sql(f"select * from read_parquet('{path}')").arrow()
    return result.read_all() if hasattr(result, "read_all") else result


def by_polars(path):
    return polars.read_parquet(path).to_arrow()


READERS = {"duckdb": by_duckdb, "polars": by_polars}


def compare(path, label, expected, peers=READERS):
    """Verified, and read by everybody as `expected` says."""
    def judge(name, read):
        counts["readings"] += 1
        try:
            difference = first_difference(expected.column_names, rows, read())
        except BaseException as error:  # Polars panics with something that is no Exception
            if isinstance(error, KeyboardInterrupt):
                raise
            difference = f"{type(error).__name__}: {error}"
        if difference:
            failures.append(f"{label}, {name}: {difference[:600]}")
            print("FAIL", failures[-1])

    def verdict():
        report = verify(path)
        return rows if report["rows"] == len(rows) else [report]

    rows = canonical_rows(expected)
    counts["files"] += 1
    judge("verify", verdict)
    judge("ourselves", lambda: dump(path)[1])
    judge("pyarrow", lambda: canonical_rows(pq.read_table(path, use_threads=False, page_checksum_verification=True)))
    for name, read in peers.items():
        judge(name, lambda: canonical_rows(read(path), expected.schema))


def every_choice(folder):
    source, target = os.path.join(folder, "in.parquet"), os.path.join(folder, "out.parquet")
    rng = random.Random(11)
    for codec in ("none", "snappy", "gzip", "brotli", "zstd:5", "lz4_raw"):
        for version in ("v1", "v2"):
            for dictionary, encodings in (("auto", "auto"), ("always", "auto"), ("never", "auto"), ("never", "compatible")):
                peers = READERS if rng.random() < 0.4 else {}
                table = random_table(rng.random(), ROWS, SIMPLE | NESTED, tame=bool(peers))
                pq.write_table(table, source, store_schema=False, row_group_size=rng.choice([ROWS, 133]))
                options = [f"compression={codec}", f"page_version={version}", f"dictionary={dictionary}", f"encodings={encodings}",
                           f"page_rows={rng.choice([1, 9, 100, 20480])}", f"row_group_rows={rng.choice([50, 200, 262144])}",
                           f"page_bytes={rng.choice([1024, 1 << 20])}"]
                rewrite(source, target, *options)
                compare(target, " ".join(options), pq.read_table(source, use_threads=False), peers)


def switches(folder):
    source, target = os.path.join(folder, "in.parquet"), os.path.join(folder, "out.parquet")
    table = random_table(5, 3000, {k: SIMPLE[k] for k in ("i64", "text", "f64", "d38", "ts_us", "u32", "fixed")}, tame=True)
    pq.write_table(table, source, store_schema=False)
    blooms = "[" + ", ".join(name for name in table.column_names) + "]"
    for options in (["statistics=false"], ["page_index=false"], ["page_crc=false"], [f"bloom_filters={blooms}", "page_rows=100"],
                    ["statistics=false", "page_index=false", "page_crc=false", "compression=none"]):
        rewrite(source, target, *options)
        compare(target, " ".join(options)[:100], table)


def shapes_of_data(folder):
    """Columns that make the writer choose: sorted, constant, random, long, repeated, growing."""
    source, target = os.path.join(folder, "in.parquet"), os.path.join(folder, "out.parquet")
    rng = random.Random(6)
    n = 70000
    table = pa.table({
        "sorted": pa.array(range(n)), "constant": pa.array([7] * n), "wide": pa.array([rng.getrandbits(63) for _ in range(n)]),
        "few": pa.array([f"word {i % 11}" for i in range(n)]), "unique": pa.array([f"https://example.org/{i:09}/{rng.random()}" for i in range(n)]),
        "late": pa.array([i % 3 if i < 30000 else rng.getrandbits(40) for i in range(n)]),
        "money": pa.array([rng.randint(0, 10 ** 7) for _ in range(n)]).cast(pa.decimal128(22, 2)),
        "reading": pa.array([20 + rng.random() for _ in range(n)]), "flag": pa.array([i % 1000 == 0 for i in range(n)]),
        "gaps": pa.array([None if i // 1000 % 2 else i for i in range(n)]), "id": random_uuids(rng, n),
        "jumps": pa.array([(-1) ** i * (1 << (i % 63)) for i in range(n)]),
    })
    pq.write_table(table, source, store_schema=False)
    for options in (["compression=zstd"], ["compression=snappy", "row_group_rows=20000", "page_version=v2"]):
        rewrite(source, target, *options)
        compare(target, "shapes " + " ".join(options), table)


def oddities(folder):
    source, target = os.path.join(folder, "in.parquet"), os.path.join(folder, "out.parquet")
    empty = random_table(1, 0, SIMPLE | NESTED)
    pq.write_table(empty, source, store_schema=False)
    rewrite(source, target)
    compare(target, "no rows", pq.read_table(source))
    rng = random.Random(2)
    typed = pa.table({"id": pa.ExtensionArray.from_storage(pa.uuid(), random_uuids(rng, 90)),
                      "doc": pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a": [1, 2]}', "null", None] * 30))})
    pq.write_table(typed, source, store_schema=False)
    rewrite(source, target)
    compare(target, "uuid and json", typed, {})
    field_ids = pa.schema([pa.field("a", pa.int32(), metadata={"PARQUET:field_id": "17"}), pa.field("b", pa.list_(pa.string()))])
    pq.write_table(pa.table({"a": [1], "b": [["x"]]}, schema=field_ids), source, store_schema=False)
    rewrite(source, target)
    compare(target, "field ids", pq.read_table(source))
    if pq.read_schema(target).field("a").metadata != {b"PARQUET:field_id": b"17"}:
        failures.append("the field id was lost")
    metadata = pq.read_metadata(target)
    if metadata.metadata.get(b"cupel.test") != b"rewritten":
        failures.append("the key-value metadata was lost")
    strings = pa.table({"s": ["x" * 3_000_000, "", "y" * 2_000_000, None] * 3})
    pq.write_table(strings, source, store_schema=False)
    rewrite(source, target)
    compare(target, "values of megabytes", strings)


def orders(folder):
    """sorted_by: proven while writing, written down, checked by verify; a false claim of others is remarked upon."""
    source, target = os.path.join(folder, "in.parquet"), os.path.join(folder, "out.parquet")
    rng = random.Random(8)
    rows = sorted(((rng.randint(0, 40), rng.choice(["a", "é", "z", None]), i) for i in range(25000)), key=lambda r: (r[0], r[1] is not None, r[1] or ""))
    table = pa.table({"k": [r[0] for r in rows], "who": pa.array([{"name": r[1], "n": r[2]} for r in rows], pa.struct([("name", pa.string()), ("n", pa.int64())]))})
    pq.write_table(table, source, store_schema=False)
    rewrite(source, target, "sorted_by=[k, who.name nulls first]", "row_group_rows=7000")
    compare(target, "sorted", table)
    report, metadata = verify(target), pq.read_metadata(target)
    wanted = (pq.SortingColumn(0, False, False), pq.SortingColumn(1, False, True))
    if report["orders"] != metadata.num_row_groups or any(metadata.row_group(i).sorting_columns != wanted for i in range(metadata.num_row_groups)):
        failures.append(f"sorting columns: {report}, {metadata.row_group(0).sorting_columns}")
    for claim, words in (("[k, who.name]", "does not hold"), ("[who.n]", "does not hold"), ("[name]", "no column"), ("[k, k desc]", "twice")):
        try:
            rewrite(source, target, f"sorted_by={claim}")
            failures.append(f"sorted_by={claim} was believed")
        except AssertionError as error:
            if words not in str(error):
                failures.append(f"sorted_by={claim}: {error}")
    pq.write_table(table, source, sorting_columns=[pq.SortingColumn(2)])
    if verify(source)["remarks"] != 1:
        failures.append("a false order of pyarrow's was not remarked upon")
    with open(source, "rb") as file:
        ours = file.read().replace(b"parquet-cpp-arrow", b"cupel version 0.1")
    with open(target, "wb") as file:
        file.write(ours)
    try:
        failures.append(f"a false order in a file of ours was not found: {verify(target)}")
    except ReadError as error:
        if "is not in the order that the sorting columns claim" not in str(error):
            failures.append(f"a false order in a file of ours: {error}")


def nans(folder):
    """No bounds where a NaN is, in the footer and in the page index: what readers prune by them keeps the rows of NaN."""
    source, target = os.path.join(folder, "in.parquet"), os.path.join(folder, "out.parquet")
    values = [float(i // 10) for i in range(3000)]
    values[5], values[1500] = float("nan"), None
    once = [float("nan") if i == 2999 else 0.0 for i in range(3000)]
    table = pa.table({"d": values, "f": pa.array(once, pa.float32()), "whole": [float(i) for i in range(3000)]})
    pq.write_table(table, source, store_schema=False)
    asked = [("isnan(d)", pc.is_nan(pc.field("d")), polars.col("d").is_nan(), 1), ("d = 0", pc.field("d") == 0, polars.col("d") == 0, 9),
             ("d < 2", pc.field("d") < 2, polars.col("d") < 2, 19), ("isnan(f)", pc.is_nan(pc.field("f")), polars.col("f").is_nan(), 1),
             ("f = 0", pc.field("f") == 0, polars.col("f") == 0, 2999), ("whole = 7", pc.field("whole") == 7, polars.col("whole") == 7, 1)]
    for options in (["dictionary=never"], ["dictionary=always"], ["row_group_rows=1000", "page_version=v2"]):
        rewrite(source, target, "page_rows=100", *options)
        compare(target, "nans " + " ".join(options), table)
        first = pq.read_metadata(target).row_group(0)
        bounds = [[first.column(i).statistics.has_min_max, first.column(i).has_column_index] for i in range(3)]
        apart = "row_group_rows=1000" in options  # the first row group has no NaN of f
        if bounds != [[False] * 2, [apart] * 2, [True] * 2] or not all(first.column(i).has_offset_index for i in range(3)):
            failures.append(f"nans {options}: bounds {bounds}")
        for where, arrow, pole, wanted in asked:
            found = (duckdb.sql(f"select count(*) from read_parquet('{target}') where {where}").fetchall()[0][0],
                     ds.dataset(target).to_table(filter=arrow).num_rows, polars.scan_parquet(target).filter(pole).collect().height)
            if found != (wanted,) * 3:
                failures.append(f"nans {options}, {where}: {found} instead of {wanted}")


def damage(folder):
    """verify finds any flipped bit in the pages of a file of ours, and a cut-off file is refused."""
    source, target = os.path.join(folder, "in.parquet"), os.path.join(folder, "out.parquet")
    table = random_table(3, 200, {k: SIMPLE[k] for k in ("i32", "text", "f64")}, nulls=(0.2,))
    pq.write_table(table, source, store_schema=False)
    rewrite(source, target, "page_rows=50")
    whole = open(target, "rb").read()
    chunks = [pq.read_metadata(target).row_group(0).column(i) for i in range(3)]
    end = max(min(c.data_page_offset, c.dictionary_page_offset or c.data_page_offset) + c.total_compressed_size for c in chunks)
    rng, missed = random.Random(1), 0
    for _ in range(150):
        at, bit = rng.randrange(4, end), 1 << rng.randrange(8)
        with open(target, "wb") as out:
            out.write(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1:])
        try:
            verify(target)
            missed += 1
        except Exception as error:
            if "crashed" in str(error):
                failures.append(f"bit {bit} of byte {at}: {error}")
    if missed:
        failures.append(f"{missed} of 150 flipped bits in pages were not found")
    print(f"150 flipped bits, {150 - missed} found")


with tempfile.TemporaryDirectory() as temporary:
    for part in (every_choice, switches, shapes_of_data, oddities, orders, nans, damage):
        part(temporary)
print(f"{counts['files']} files of ours, {counts['readings']} readings, {len(failures)} failures")
for failure in failures:
    print("FAIL", failure[:600])
sys.exit(1 if failures else 0)
