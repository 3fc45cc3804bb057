"""Files by pyarrow, DuckDB and Polars, read by us: every type × encoding × codec × null pattern × page version, compared
value by value with what pyarrow reads."""
import os
import random
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
from parquet_tables import NESTED, SIMPLE, canonical_rows, dump, first_difference, need, random_table, random_uuids, verify

need("pyarrow", "duckdb", "polars")
import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 450
compared = {"files": 0, "values": 0}
failures = []


def compare(path, label, *arguments, table=None):
    expected = table if table is not None else pq.read_table(path, use_threads=False)
    try:
        _, got = dump(path, *arguments)
        difference = first_difference(expected.column_names, canonical_rows(expected), got)
        if verify(path)["rows"] != pq.read_metadata(path).num_rows:
            difference = difference or "verify counts other rows than the footer"
    except Exception as error:  # a refusal is a failure here: all of these files are good
        difference = str(error)
    compared["files"] += 1
    compared["values"] += expected.num_rows * expected.num_columns
    if difference:
        failures.append(f"{label}: {difference}")
        print("FAIL", failures[-1])


def encodings(table, choice):
    """The column_encoding argument of pyarrow for one choice; columns that it does not fit stay PLAIN."""
    chosen = {}
    for path, kind in leaves(table.schema):
        if choice == "delta":
            if pa.types.is_integer(kind) or pa.types.is_temporal(kind):
                chosen[path] = "DELTA_BINARY_PACKED"
            elif pa.types.is_string(kind) or pa.types.is_binary(kind):
                chosen[path] = "DELTA_LENGTH_BYTE_ARRAY"
        elif choice == "prefix" and (pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind)):
            chosen[path] = "DELTA_BYTE_ARRAY"
        elif choice == "split" and (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_fixed_size_binary(kind)):
            chosen[path] = "BYTE_STREAM_SPLIT"
        elif choice == "split" and pa.types.is_boolean(kind):
            chosen[path] = "RLE"
    return chosen


def leaves(schema):
    def walk(path, kind):
        if pa.types.is_struct(kind):
            for i in range(kind.num_fields):
                yield from walk(f"{path}.{kind.field(i).name}", kind.field(i).type)
        elif pa.types.is_map(kind):
            yield from walk(f"{path}.key_value.key", kind.key_type)
            yield from walk(f"{path}.key_value.value", kind.item_type)
        elif pa.types.is_list(kind):
            yield from walk(f"{path}.list.element", kind.value_type)
        else:
            yield path, kind
    for field in schema:
        yield from walk(field.name, field.type)


def pyarrow_files(folder):
    rng = random.Random(3)
    for codec in ("none", "snappy", "gzip", "brotli", "zstd", "lz4"):
        for version in ("1.0", "2.0"):
            for choice in ("dictionary", "plain", "delta", "prefix", "split"):
                table = random_table(rng.random(), ROWS, SIMPLE | NESTED)
                label = f"pyarrow {codec} v{version} {choice}"
                path = os.path.join(folder, "p.parquet")
                pq.write_table(table, path, compression=codec, data_page_version=version,
                               use_dictionary=choice == "dictionary", column_encoding=encodings(table, choice) or None,
                               row_group_size=rng.choice([ROWS, 301]), data_page_size=rng.choice([200, 1 << 20]),
                               write_batch_size=rng.choice([17, 1024]), version="2.6", store_schema=False,
                               write_page_checksum=rng.random() < 0.5, write_page_index=rng.random() < 0.5)
                compare(path, label, rng.choice([0, 1, 7, 100, 16384]))


def selections(folder):
    path = os.path.join(folder, "s.parquet")
    table = random_table(9, 1000, {"i32": SIMPLE["i32"], "deep": NESTED["deep"], "text": SIMPLE["text"]}, nulls=(0.3,))
    pq.write_table(table, path, row_group_size=200, store_schema=False)
    compare(path, "row groups 1 to 3", 64, 1, 3, table=table.slice(200, 600).combine_chunks())
    compare(path, "columns 2, 0", 64, 0, 0, 2, 0, table=table.select([2, 0]))
    compare(path, "one nested column of one row group", 64, 4, 1, 1, table=pa.table({"deep": pa.concat_arrays([table.column(1).chunk(0).take(pa.array(range(800, 1000)))])}))


def oddities(folder):
    path = os.path.join(folder, "o.parquet")
    rng = random.Random(4)
    empty = random_table(1, 0, SIMPLE | NESTED)
    pq.write_table(empty, path, store_schema=False)
    compare(path, "no rows", table=empty)
    table = pa.table({"u": pa.ExtensionArray.from_storage(pa.uuid(), random_uuids(rng, 50)), "nothing": pa.nulls(50)})
    pq.write_table(table, path, store_schema=False)
    compare(path, "uuid and null type")
    small = pa.table({"t": pa.array([rng.randint(-9 * 10 ** 18, 9 * 10 ** 18) for _ in range(300)] + [None]).cast(pa.timestamp("ns"))})
    pq.write_table(small, path, use_deprecated_int96_timestamps=True, store_schema=False)
    compare(path, "INT96", table=small)
    legacy = random_table(5, 300, {k: NESTED[k] for k in ("list_i32", "struct", "deep")}, nulls=(0, 0.4))
    pq.write_table(legacy, path, use_compliant_nested_type=False, store_schema=False)
    compare(path, "old names of list elements", table=legacy)
    wide = pa.table({f"c{i}": pa.array([i, None]) for i in range(3000)})
    pq.write_table(wide, path, store_schema=False)
    compare(path, "3,000 columns")
    big = pa.table({"s": ["x" * 3_000_000, "", "y" * 5_000_000, None] * 3, "n": list(range(12))})
    pq.write_table(big, path, store_schema=False, use_dictionary=False)
    compare(path, "values of megabytes")


DUCKDB_TABLE = """
select (i * 7919) % 1000 - 500 as a, case when i % 5 = 0 then null else i * 1000003 end as b, (i % 100)::tinyint as c,
       (i % 60000)::usmallint as d, case when i % 3 = 0 then null else sqrt(i) end as e, (i / 7)::float as f,
       'word ' || (i % 97) as g, case when i % 11 = 0 then null else repeat(chr(65 + (i % 26)::int), (i % 40)::int) end as h,
       (i * 12345.67)::decimal(18, 2) as j, (i * 1.000001)::decimal(30, 6) as k, date '1990-01-01' + (i % 20000)::int as l,
       timestamp '2001-02-03 04:05:06.789' + interval (i) second as m,
       (timestamp '2001-02-03 04:05:06.789' + interval (i) minute)::timestamptz as n,
       i % 2 = 0 as o, encode('b' || i) as p, [i, null, i + 1][: (i % 4)::int] as q,
       case when i % 13 = 0 then null else {'x': i, 'y': ['s' || i, null]} end as r,
       map([i % 5, i % 5 + 10], ['u', null]) as s, time '00:00:00' + interval (i % 86400) second as t,
       (i % 250)::utinyint as u, (i * 99991)::ubigint as v, uuid() as w
from range(9000) t(i)"""


def duckdb_files(folder):
    path = os.path.join(folder, "d.parquet")
    for codec in ("uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw"):
        for version in ("v1", "v2"):
            duckdb.sql(f"copy ({DUCKDB_TABLE}) to '{path}' (format parquet, codec '{codec}', parquet_version '{version}', row_group_size 4096)")
            compare(path, f"duckdb {codec} {version}", 1500)


def polars_files(folder):
    path = os.path.join(folder, "l.parquet")
    kinds = {k: v for k, v in (SIMPLE | NESTED).items() if k not in ("f16", "fixed", "time_ms", "map", "deep", "d25")}
    rng = random.Random(8)
    for codec in ("uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4"):
        frame = polars.from_arrow(random_table(rng.random(), ROWS, kinds))
        frame.write_parquet(path, compression=codec, row_group_size=rng.choice([None, 200]), data_page_size=rng.choice([None, 300]))
        compare(path, f"polars {codec}", rng.choice([0, 33]))


with tempfile.TemporaryDirectory() as temporary:
    for part in (pyarrow_files, selections, oddities, duckdb_files, polars_files):
        part(temporary)
print(f"{compared['files']} files, {compared['values']} top-level values compared, {len(failures)} files differ")
sys.exit(1 if failures else 0)
