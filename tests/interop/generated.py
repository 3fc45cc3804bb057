"""Random tables for interop tests: for each type, the text that stands in a CSV and the value every reader must give.

A table is a function of its seed. Null patterns: none, all, scattered, and long runs. Values come from the type's whole
range, its edges, and small sets that call for dictionaries.
"""
import dataclasses
import datetime
import decimal
import random
import struct
import uuid

EPOCH = datetime.date(1970, 1, 1)
NULLS = ("none", "all", "scattered", "runs")
WORDS = ["", "a", "né", "東京", 'say "hi"', "comma, here", "line\nbreak", "x" * 300, "0", "null", " blank "]


@dataclasses.dataclass
class Column:
    name: str
    kind: str       # in the project's notation of types
    texts: list     # CSV text, None = null
    values: list    # plain values as tests/pipeline/tables.py makes them


def integers(bits, signed):
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)

    def make(rng):
        value = rng.choice([low, high, 0, 1, rng.randint(low, high), rng.randint(0, 9)])
        return str(value), value
    return make


def decimals(precision, scale):
    def make(rng):
        limit = 10**precision - 1
        unscaled = rng.choice([limit, -limit, 0, rng.randint(-limit, limit), rng.randint(-500, 500)])
        value = decimal.Decimal(unscaled).scaleb(-scale, decimal.Context(prec=60))
        return f"{value:.{scale}f}", value
    return make


def floats(double):
    def make(rng):
        value = rng.choice([0.0, -0.0, 1.5, rng.uniform(-1, 1), rng.uniform(-1e9, 1e9), 1e-30, 1e30])
        if double:
            value = float(f"{value:.15g}")
            return repr(value), decimal.Decimal(repr(value))
        value = struct.unpack("<f", struct.pack("<f", float(f"{value:.6g}")))[0]
        return f"{value:.6g}", value
    return make


def strings(rng):
    value = rng.choice(WORDS) + rng.choice(["", str(rng.randrange(100000))])
    return '"' + value.replace('"', '""') + '"', value


def booleans(rng):
    value = rng.random() < 0.5
    return str(value).lower(), value


def dates(rng):
    value = EPOCH + datetime.timedelta(days=rng.choice([0, -1, 20000, rng.randint(-141427, 100000)]))
    return value.isoformat(), value.isoformat()


def clock(rng, digits):
    fraction = f".{rng.randrange(10**digits):0{digits}}" if digits and rng.random() < 0.8 else ""
    return f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}{fraction}"


def times(digits):
    def make(rng):
        text = clock(rng, digits)
        return text, text
    return make


def timestamps(digits, zone):
    def make(rng):
        day = EPOCH + datetime.timedelta(days=rng.randint(-100000, 80000))
        text = f"{day.isoformat()}T{clock(rng, digits)}{zone}"
        return text, text
    return make


def uuids(rng):
    value = str(uuid.UUID(int=rng.getrandbits(128)))
    return value, value


MAKERS = {
    "boolean": booleans, "int8": integers(8, True), "int16": integers(16, True), "int32": integers(32, True),
    "int64": integers(64, True), "uint8": integers(8, False), "uint16": integers(16, False),
    "uint32": integers(32, False), "uint64": integers(64, False), "float": floats(False), "double": floats(True),
    "decimal(7,2)": decimals(7, 2), "decimal(18,4)": decimals(18, 4), "decimal(38,10)": decimals(38, 10),
    "string": strings, "date": dates, "time(ms)": times(3), "time(us)": times(6), "timestamp(ms)": timestamps(3, ""),
    "timestamp(us)": timestamps(6, ""), "timestamp(us,utc)": timestamps(6, "Z"), "uuid": uuids,
}


def null_here(rng, pattern, row):
    if pattern == "runs":
        return row // 700 % 2 == 1
    return pattern == "all" or pattern == "scattered" and rng.random() < 0.3


def table(seed, rows):
    """One column a type, each with a null pattern of its own."""
    rng, columns = random.Random(seed), []
    for kind, make in MAKERS.items():
        column = Column(f"c_{kind.translate(str.maketrans('(),', '___')).rstrip('_')}", kind, [], [])
        pattern, few = rng.choice(NULLS), [make(rng) for _ in range(5)] if rng.random() < 0.4 else None
        for row in range(rows):
            text, value = rng.choice(few) if few else make(rng)
            gone = null_here(rng, pattern, row)
            column.texts.append(None if gone else text)
            column.values.append(None if gone else value)
        columns.append(column)
    return columns


def to_csv(columns):
    lines = [",".join(c.name for c in columns)]
    lines += [",".join("" if text is None else text for text in row) for row in zip(*(c.texts for c in columns))]
    return "\n".join(lines) + "\n"


def nested_rows(seed, rows):
    """Objects with structs, lists of structs and lists of lists; every member is always there, many are null."""
    rng = random.Random(seed)

    def maybe(value, chance=0.2):
        return None if rng.random() < chance else value

    def item():
        return {"sku": maybe(rng.choice(WORDS)), "n": rng.randrange(1000), "codes": maybe([rng.randrange(9) for _ in range(rng.randrange(4))])}
    return [{"id": i, "user": maybe({"name": maybe("u%d" % rng.randrange(50)), "place": maybe({"lat": rng.randrange(-900, 900) / 8})}),
             "items": maybe([maybe(item(), 0.1) for _ in range(rng.randrange(4))]),
             "grid": maybe([[rng.randrange(3) for _ in range(rng.randrange(3))] for _ in range(rng.randrange(3))])}
            for i in range(rows)]
