"""Every type × encoding × codec × null pattern × page version, nested ones too, really occurs in files of ours and is read
alike by ourselves, pyarrow, DuckDB and Polars.

The writer chooses encodings, and leaves codecs out, by what it measures; a random table alone leaves most combinations
unseen. So columns come in shapes that call for each choice, what occurred is counted from the footers, and a combination that
did not occur is a failure, as a wrong value is. Rows go through our reader and writer (parquet_rewrite)."""
import collections
import decimal
import itertools
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
from parquet_tables import BUILD, SIMPLE, canonical_rows, dump, first_difference, integer_of, need, verify

need("pyarrow", "duckdb", "polars")
import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq

REWRITE = os.path.join(BUILD, "tests", "parquet_rewrite")
ROWS = 500
CODECS = ("none", "snappy", "gzip", "brotli", "zstd:3", "lz4_raw")
STORED = {"none": "UNCOMPRESSED", "zstd:3": "ZSTD", "lz4_raw": "LZ4"}
NULLS = {"none": 0, "some": 0.2, "runs": 0.5, "all": 1}
PERIOD = (3, 1, 4, 8, 5, 9, 2)  # repeats, so that what is made of it can be compressed; neighbours differ, as a map's keys must
# shape: (writer's options, the encodings that it calls for)
SHAPES = {
    "periodic": ("dictionary=always", {"RLE_DICTIONARY"}),
    "rising": ("dictionary=never", {"DELTA_BINARY_PACKED", "DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT", "RLE"}),
    "mixed": ("dictionary=never", {"DELTA_LENGTH_BYTE_ARRAY"}),
    "plain": ("dictionary=never encodings=compatible", {"PLAIN"}),
}
NESTED = {
    "list_i32": pa.list_(pa.int32()), "list_text": pa.list_(pa.string()), "list_f64": pa.list_(pa.float64()),
    "struct": pa.struct([("a", pa.int64()), ("b", pa.string()), ("c", pa.list_(pa.float64())), ("f", pa.bool_())]),
    "map": pa.map_(pa.string(), pa.int16()),
    "deep": pa.list_(pa.struct([("k", pa.list_(pa.list_(pa.decimal128(12, 3)))), ("m", pa.map_(pa.int32(), pa.struct([("z", pa.string())])))])),
}
# Required values in a nullable struct: plain pages and dictionaries only, for Polars' sake (src/encode/parquet_column.c).
STRICT = pa.struct([pa.field(name, SIMPLE[name], nullable=False) for name in ("i32", "i64", "f32", "f64", "text", "bytes", "bool", "d9", "d38", "ts_us")])

seen = collections.defaultdict(set)  # (leaf, encoding) → {(codec, page version, nulls)}
counts = collections.Counter()
failures = []


# ---- tables ----

def steps(shape, n):
    """The integers that the i-th values are made of."""
    return [PERIOD[i % 7] + (5 * i if shape == "rising" else 0) for i in range(n)]


def leaf_value(kind, shape, k):
    if pa.types.is_boolean(kind):
        return k % 2 == 0
    if pa.types.is_integer(kind):
        return k % 100 if kind.bit_width == 8 else k
    if pa.types.is_floating(kind):
        return 20 + (k % 400) / 4
    if pa.types.is_decimal(kind):
        return decimal.Decimal(k).scaleb(-kind.scale)
    text = f"https://example.org/item/{k:06}" if shape == "rising" else "αβγδεζηθικλμ"[k % 10:] + str(k) * (k % 4)
    return text if pa.types.is_string(kind) else text.encode()[:kind.byte_width].ljust(kind.byte_width, b".") \
        if pa.types.is_fixed_size_binary(kind) else text.encode()


def with_nulls(rng, values, nulls):
    if nulls == "runs":
        return [None if i // 60 % 2 else value for i, value in enumerate(values)]
    return [None if rng.random() < NULLS[nulls] else value for value in values]


def column(rng, kind, shape, nulls, n):
    whole = integer_of(kind)
    if whole is not None:
        day = 18000 if pa.types.is_date(kind) else 0
        return pa.array(with_nulls(rng, [day + k for k in steps(shape, n)], nulls), whole).cast(kind, safe=False)
    if pa.types.is_struct(kind):
        members = [column(rng, f.type, shape, nulls if f.nullable and nulls != "all" else "none", n) for f in kind]
        mask = pa.array([value is None for value in with_nulls(rng, [0] * n, nulls)], pa.bool_())
        return pa.StructArray.from_arrays(members, fields=list(kind), mask=mask)
    if pa.types.is_list(kind) or pa.types.is_map(kind):
        return repeated(rng, kind, shape, nulls, n)
    return pa.array(with_nulls(rng, [leaf_value(kind, shape, k) for k in steps(shape, n)], nulls), kind)


def repeated(rng, kind, shape, nulls, n):
    lengths = with_nulls(rng, [i % 4 for i in range(n)], nulls)
    offsets = list(itertools.accumulate((length or 0 for length in lengths), initial=0))
    total = offsets[-1]
    where = pa.array([None if i < n and lengths[i] is None else offset for i, offset in enumerate(offsets)], pa.int32())
    inner = "some" if nulls == "all" else nulls
    if pa.types.is_list(kind):
        return pa.ListArray.from_arrays(where, column(rng, kind.value_type, shape, inner, total), type=kind)
    keys = column(rng, kind.key_type, "rising" if shape == "rising" else "keys", "none", total)
    return pa.MapArray.from_arrays(where, keys, column(rng, kind.item_type, shape, inner, total), type=kind)


def shaped_table(shape, kinds, seed):
    rng, arrays, fields = random.Random(seed), [], []
    for name, kind in kinds.items():
        for nulls in NULLS:
            arrays.append(column(rng, kind, shape, nulls, ROWS))
            fields.append(pa.field(f"{name}-{nulls}", kind, nullable=nulls != "none"))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


# ---- reading ----

def by_duckdb(path):
    result = duckdb.sql(f"select * from read_parquet('{path}')").arrow()
    return result.read_all() if hasattr(result, "read_all") else result


def judge(label, reader, read, rows, names):
    counts["readings"] += 1
    try:
        difference = first_difference(names, rows, read())
    except BaseException as error:  # Polars panics with something that is no Exception
        if isinstance(error, KeyboardInterrupt):
            raise
        difference = f"{type(error).__name__}: {error}"
    if difference:
        failures.append(f"{label}, {reader}: {difference[:600]}")


def read_by_all(path, label, expected):
    rows, names = canonical_rows(expected), expected.column_names
    counts["files"] += 1
    judge(label, "verify", lambda: rows if verify(path)["rows"] == len(rows) else [], rows, names)
    judge(label, "ourselves", lambda: dump(path)[1], rows, names)
    judge(label, "pyarrow", lambda: canonical_rows(pq.read_table(path, use_threads=False, page_checksum_verification=True)), rows, names)
    judge(label, "duckdb", lambda: canonical_rows(by_duckdb(path), expected.schema), rows, names)
    judge(label, "polars", lambda: canonical_rows(polars.read_parquet(path).to_arrow(), expected.schema), rows, names)


# ---- what occurred ----

def note_chunks(path, version):
    metadata = pq.read_metadata(path)
    for group in range(metadata.num_row_groups):
        for i in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(i)
            top, _, rest = chunk.path_in_schema.partition(".")
            name, _, nulls = top.partition("-")
            encodings = set(chunk.encodings) - ({"PLAIN"} if "RLE_DICTIONARY" in chunk.encodings else set())
            if chunk.physical_type != "BOOLEAN":
                encodings.discard("RLE")  # of the levels
            for encoding in encodings:
                seen[f"{name}.{rest}".strip("."), encoding].add((chunk.compression, version, nulls))


def encodings_of(kind):
    """What the writer may choose for a leaf."""
    if pa.types.is_boolean(kind):
        return {"PLAIN", "RLE"}
    if pa.types.is_floating(kind):
        return {"PLAIN", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT"}
    if pa.types.is_decimal(kind) and kind.precision > 18:
        return {"PLAIN", "RLE_DICTIONARY"}
    if pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return {"PLAIN", "RLE_DICTIONARY", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"}
    return {"PLAIN", "RLE_DICTIONARY", "DELTA_BINARY_PACKED"}


def leaves(name, kind):
    if pa.types.is_struct(kind):
        return [leaf for f in kind for leaf in leaves(f"{name}.{f.name}", f.type)]
    if pa.types.is_list(kind):
        return leaves(f"{name}.list.element", kind.value_type)
    if pa.types.is_map(kind):
        return [*leaves(f"{name}.key_value.key", kind.key_type), *leaves(f"{name}.key_value.value", kind.item_type)]
    return [(name, kind)]


def missing_of(leaf, encoding):
    """What did not occur of one encoding of a leaf. Without a codec nothing is gained by splitting streams, so they never are."""
    found, absent = seen[leaf, encoding], []
    for version in ("v1", "v2"):
        for codec in CODECS:
            counts["combinations"] += 1
            never = encoding == "BYTE_STREAM_SPLIT" and codec == "none"
            if not never and not any(c == STORED.get(codec, codec.upper()) and v == version for c, v, _ in found):
                absent.append(f"{leaf} {encoding} {codec} {version}")
        nulls = {n for _, v, n in found if v == version}
        if not {"none", "some", "runs"} <= nulls:
            absent.append(f"{leaf} {encoding} {version}: of null patterns only {sorted(nulls)}")
    return absent


def missing():
    flat = [leaf for name, kind in (SIMPLE | NESTED).items() for leaf in leaves(name, kind)]
    return [line for leaf, kind in flat for encoding in sorted(encodings_of(kind)) for line in missing_of(leaf, encoding)]


def strict_structs(folder):
    """Required members of a nullable struct: pages with and without nulls in one chunk (Polars 2.1 panicked)."""
    source, target = os.path.join(folder, "in.parquet"), os.path.join(folder, "out.parquet")
    for shape, (options, _) in SHAPES.items():
        kinds = {"strict": STRICT, "list": pa.list_(STRICT), "outer": pa.struct([pa.field("in", STRICT, nullable=False)])}
        table = shaped_table(shape, kinds, 5)
        pq.write_table(table, source, store_schema=False)
        for pages in (1, 9, 100):
            subprocess.run([REWRITE, source, target, *options.split(), f"page_rows={pages}"], check=True, timeout=120)
            read_by_all(target, f"strict {shape} page_rows={pages}", pq.read_table(source, use_threads=False))


def every_combination(folder):
    source, target = os.path.join(folder, "in.parquet"), os.path.join(folder, "out.parquet")
    for shape, (options, _) in SHAPES.items():
        table = shaped_table(shape, SIMPLE | NESTED, 3)
        pq.write_table(table, source, store_schema=False)
        expected = pq.read_table(source, use_threads=False)
        for codec in CODECS:
            for version in ("v1", "v2"):
                words = [f"compression={codec}", f"page_version={version}", *options.split()]
                subprocess.run([REWRITE, source, target, *words], check=True, timeout=120)
                note_chunks(target, version)
                read_by_all(target, f"{shape} {' '.join(words)}", expected)
                if verify(target)["histograms"] < len(NESTED):
                    failures.append(f"{' '.join(words)}: level histograms are missing from the column index")


with tempfile.TemporaryDirectory() as temporary:
    every_combination(temporary)
    strict_structs(temporary)
absent = missing()
print(f"{counts['files']} files of ours, {counts['readings']} readings, {counts['combinations'] - len(absent)} of {counts['combinations']} "
      f"combinations of leaf, encoding, codec and page version, {len(failures)} failures")
for line in failures + [f"did not occur: {combination}" for combination in absent]:
    print("FAIL", line[:600])
sys.exit(1 if failures or absent else 0)
