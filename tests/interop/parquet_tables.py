"""Random Arrow tables, and values in the notation of parquet_dump, for the Parquet interop tests.

`canonical` turns an Arrow array into what parquet_dump prints, so that two readers can be compared value by value
without any rounding: floats by their bits, decimals unscaled, times as the integers they are."""
import decimal
import json
import os
import random
import struct
import subprocess
import sys
import uuid

try:
    import pyarrow as pa
    import pyarrow.compute as pc
except ImportError:
    print("SKIP pyarrow is not installed: ./dev setup makes the tests' Python environment")
    sys.exit(77)

BUILD = os.environ.get("CUPEL_BUILD", "build")
DUMP = os.path.join(BUILD, "tests", "parquet_dump")
decimal.getcontext().prec = 80


def need(*modules):
    """Skip the test, saying why, when a peer is not installed."""
    for module in modules:
        try:
            __import__(module)
        except ImportError:
            print(f"SKIP {module} is not installed: ./dev setup makes the tests' Python environment")
            sys.exit(77)
    if not os.path.exists(DUMP):
        print(f"SKIP {DUMP} is not built")
        sys.exit(77)


# ---- values as parquet_dump prints them ----

def float_bits(value):
    return "nan" if value != value else struct.pack(">d", value).hex()


def unscaled(value, scale):
    return str(int(value.scaleb(scale)))


def canonical_list(array, like):
    lengths = pc.list_value_length(array).to_pylist()
    flat = iter(canonical(array.flatten(), like and (pa.struct(map_fields(like)) if pa.types.is_map(like) else like.value_type)))
    return [None if n is None else [next(flat) for _ in range(n)] for n in lengths]


def map_fields(kind):
    return [("key", kind.key_type), ("value", kind.item_type)]


def canonical_map(array, like):
    offsets = array.offsets.to_pylist()
    keys, items = canonical(array.keys, like and like.key_type), canonical(array.items, like and like.item_type)
    valid = array.is_valid().to_pylist()
    return [[[keys[j], items[j]] for j in range(offsets[i], offsets[i + 1])] if valid[i] else None
            for i in range(len(array))]


def canonical_struct(array, like):
    members = [canonical(array.field(i), like and like.field(i).type) for i in range(array.type.num_fields)]
    valid = array.is_valid().to_pylist()
    return [[member[i] for member in members] if valid[i] else None for i in range(len(array))]


def scalar_text(kind):
    """How one value of a simple type is printed; None for types that are handled as arrays."""
    if pa.types.is_floating(kind):
        return float_bits
    if pa.types.is_decimal(kind):
        return lambda value: unscaled(value, kind.scale)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return lambda value: value.hex()
    if pa.types.is_boolean(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return lambda value: value
    return str


def integer_of(kind):
    """The integer type that a temporal type is stored as, or None."""
    if pa.types.is_date32(kind) or pa.types.is_time32(kind):
        return pa.int32()
    if pa.types.is_timestamp(kind) or pa.types.is_time64(kind) or pa.types.is_duration(kind):
        return pa.int64()
    return None


def canonical(array, like=None):
    """`like`: the type to bring simple values to first (units and widths of times differ between engines)."""
    if isinstance(array, pa.ChunkedArray):
        return [value for chunk in array.chunks for value in canonical(chunk, like)]
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return canonical(array.storage, like.storage_type if isinstance(like, pa.BaseExtensionType) else like)
    if pa.types.is_dictionary(kind):
        return canonical(array.dictionary_decode(), like)
    if pa.types.is_string_view(kind):
        return canonical(array.cast(pa.string()), like)
    if pa.types.is_binary_view(kind):
        return canonical(array.cast(pa.binary()), like)
    if pa.types.is_map(kind):
        return canonical_map(array, like)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return canonical_list(array, like)
    if pa.types.is_struct(kind):
        return canonical_struct(array, like)
    if pa.types.is_null(kind):
        return [None] * len(array)
    if like is not None and like != kind and not isinstance(like, pa.BaseExtensionType):
        return canonical(array.cast(like))
    stored = integer_of(kind)
    text = scalar_text(kind)
    values = (array.cast(stored) if stored else array).to_pylist()
    return [None if value is None else text(value) for value in values]


def canonical_rows(table, schema=None):
    columns = [canonical(table.column(i), schema and schema.field(i).type) for i in range(table.num_columns)]
    return [list(row) for row in zip(*columns)] if columns else []


# ---- our reader ----

class ReadError(Exception):
    pass


def dump(path, *arguments):
    """(schema text, rows) as our reader sees the file; ReadError with its message when it refuses."""
    done = subprocess.run([DUMP, path, *map(str, arguments)], capture_output=True, timeout=120)
    if done.returncode < 0 or done.returncode > 1:
        raise AssertionError(f"parquet_dump {path} crashed ({done.returncode}): {done.stderr.decode()[-3000:]}")
    if done.returncode:
        raise ReadError(done.stderr.decode().strip())
    lines = done.stdout.decode().split("\n")[:-1]
    return json.loads(lines[0]), [json.loads(line) for line in lines[1:]]


def verify(path):
    """Our verdict on a file: its report, or ReadError with the contradiction."""
    done = subprocess.run([DUMP, path, "verify"], capture_output=True, timeout=120)
    if done.returncode < 0 or done.returncode > 1:
        raise AssertionError(f"parquet_dump {path} verify crashed ({done.returncode}): {done.stderr.decode()[-3000:]}")
    if done.returncode:
        raise ReadError(done.stderr.decode().strip())
    return json.loads(done.stdout)


def first_difference(names, expected, got):
    """None, or a sentence about the first value that differs."""
    if len(expected) != len(got):
        return f"{len(expected)} rows expected, {len(got)} read"
    for number, (want, have) in enumerate(zip(expected, got)):
        if want != have:
            for name, a, b in zip(names, want, have):
                if a != b:
                    return f"row {number}, column {name}: expected {str(a)[:300]}, read {str(b)[:300]}"
    return None


# ---- random tables ----

WORDS = ["", "a", "Ünïcode", "日本語", "lorem ipsum dolor sit amet", "x" * 300, "line\nbreak", "tab\t\"quote\"\\"]


def random_scalar(rng, kind):
    if pa.types.is_boolean(kind):
        return rng.random() < 0.5
    if pa.types.is_integer(kind):
        low = 0 if pa.types.is_unsigned_integer(kind) else -(1 << (kind.bit_width - 1))
        high = low + (1 << kind.bit_width) - 1
        return rng.choice([low, high, 0, 1, rng.randint(low, high), rng.randint(max(low, -5), 5)])
    if pa.types.is_floating(kind):
        value = rng.choice([0.0, -0.0, 1.5, -1e30, float("inf"), float("-inf"), float("nan"), rng.uniform(-1e3, 1e3)])
        return value if kind.bit_width > 16 else struct.unpack("e", struct.pack("e", max(-6e4, min(6e4, value)) if value == value else value))[0]
    if pa.types.is_decimal(kind):
        top = 10 ** kind.precision - 1
        return decimal.Decimal(rng.choice([0, 1, -1, top, -top, rng.randint(-top, top)])).scaleb(-kind.scale)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return rng.choice(WORDS) + str(rng.randint(0, 50))
    if pa.types.is_fixed_size_binary(kind):
        return rng.randbytes(kind.byte_width)
    return rng.randbytes(rng.choice([0, 1, 3, 40]))


def random_values(rng, kind, n, nulls):
    """`nulls`: share of nulls; they come in runs, as they do in life."""
    out, null = [], False
    for _ in range(n):
        if rng.random() < 0.2 or nulls in (0, 1):
            null = rng.random() < nulls
        out.append(None if null else random_scalar(rng, kind))
    return out


def random_temporal(rng, kind, n, nulls, tame):
    width = integer_of(kind)
    top = {"s": 86400, "ms": 86400000, "us": 86400000000, "ns": 86400000000000}
    if pa.types.is_time(kind):
        low, high = 0, top[kind.unit] - 1
    elif tame:  # what every engine can hold: years 1 to 9999, in nanoseconds 1700 to 2262
        low, high = {"s": (-6 * 10 ** 10, 2 * 10 ** 11), "ms": (-6 * 10 ** 13, 2 * 10 ** 14), "us": (-6 * 10 ** 16, 2 * 10 ** 17),
                     "ns": (-8 * 10 ** 18, 9 * 10 ** 18)}.get(getattr(kind, "unit", ""), (-719162, 2932896))
    else:
        low, high = -(1 << (width.bit_width - 1)), (1 << (width.bit_width - 1)) - 1
    draw = [None if rng.random() < nulls else rng.choice([0, low, high, rng.randint(low, high)]) for _ in range(n)]
    return pa.array(draw, width).cast(kind, safe=False)


def unique_keys(rng, kind, n):
    """Map keys: Polars keeps only the last of equal ones."""
    if pa.types.is_integer(kind):
        return pa.array(rng.sample(range(-10 ** 9, 10 ** 9), n), kind)
    return pa.array([f"{rng.choice(WORDS)}{i}" for i in range(n)], kind)


def random_array(rng, kind, n, nulls, tame=False):
    if integer_of(kind) is not None:
        return random_temporal(rng, kind, n, nulls, tame)
    if pa.types.is_struct(kind):
        members = [random_array(rng, kind.field(i).type, n, nulls if kind.field(i).nullable else 0, tame)
                   for i in range(kind.num_fields)]
        mask = pa.array([rng.random() < nulls for _ in range(n)], pa.bool_())
        return pa.StructArray.from_arrays(members, fields=list(kind), mask=mask)
    if pa.types.is_list(kind) or pa.types.is_map(kind):
        offsets = [0]
        for _ in range(n):
            offsets.append(offsets[-1] + rng.choice([0, 0, 1, 2, 3, 30 if rng.random() < 0.02 else 4]))
        total = offsets[-1]
        marked = [None if i < n and rng.random() < nulls else offset for i, offset in enumerate(offsets)]
        marked[-1] = total
        where = pa.array(marked, pa.int32())
        if pa.types.is_map(kind):
            keys = unique_keys(rng, kind.key_type, total)
            return pa.MapArray.from_arrays(where, keys, random_array(rng, kind.item_type, total, nulls, tame), type=kind)
        return pa.ListArray.from_arrays(where, random_array(rng, kind.value_type, total, nulls, tame), type=kind)
    return pa.array(random_values(rng, kind, n, nulls), kind)


SIMPLE = {
    "bool": pa.bool_(), "i8": pa.int8(), "i16": pa.int16(), "i32": pa.int32(), "i64": pa.int64(),
    "u8": pa.uint8(), "u16": pa.uint16(), "u32": pa.uint32(), "u64": pa.uint64(),
    "f16": pa.float16(), "f32": pa.float32(), "f64": pa.float64(),
    "d9": pa.decimal128(9, 2), "d18": pa.decimal128(18, 0), "d38": pa.decimal128(38, 10), "d25": pa.decimal128(25, 25),
    "text": pa.string(), "bytes": pa.binary(), "fixed": pa.binary(5),
    "date": pa.date32(), "time_ms": pa.time32("ms"), "time_us": pa.time64("us"), "time_ns": pa.time64("ns"),
    "ts_ms": pa.timestamp("ms"), "ts_us": pa.timestamp("us", "UTC"), "ts_ns": pa.timestamp("ns"),
}
NESTED = {
    "list_i32": pa.list_(pa.int32()),
    "list_text": pa.list_(pa.string()),
    "struct": pa.struct([("a", pa.int64()), pa.field("b", pa.string(), nullable=False), ("c", pa.list_(pa.float64()))]),
    "map": pa.map_(pa.string(), pa.int16()),
    "deep": pa.list_(pa.struct([("k", pa.list_(pa.list_(pa.decimal128(12, 3)))), ("m", pa.map_(pa.int32(), pa.struct([("z", pa.bool_())])))])),
}


def random_table(seed, rows, kinds, nulls=(0, 0.3, 0.9, 1), tame=False):
    """Every kind with every share of nulls; a column without nulls is declared so in every second case."""
    rng = random.Random(seed)
    arrays, fields = [], []
    for name, kind in kinds.items():
        for share in nulls:
            arrays.append(random_array(rng, kind, rows, share, tame))
            required = share == 0 and rng.random() < 0.5
            fields.append(pa.field(f"{name}_{int(share * 100)}", kind, nullable=not required))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def random_uuids(rng, n):
    return pa.array([uuid.UUID(int=rng.getrandbits(128)).bytes for _ in range(n)], pa.binary(16))
