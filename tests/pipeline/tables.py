"""Reads what a run wrote, as plain JSON values, so that tests compare meaning and not representation.

Parquet is read by pyarrow, an independent judge. Where pyarrow is not installed there is no judge: `NoJudge` is
raised, and the test counts as skipped.
"""
import datetime
import decimal
import json
import pathlib
import re
import uuid

try:
    import pyarrow
    import pyarrow.parquet
except ImportError:
    pyarrow = None


class NoJudge(Exception):
    """What would read the output is not installed."""


UNIT_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
STAMP = re.compile(r"^(\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(\.\d+)?Z?$")


def data_files(path):
    """Data files under a path, in name order; bookkeeping (`_…`) and hidden names are left out."""
    path = pathlib.Path(path)
    if path.is_file():
        return [path]
    found = (p for p in path.rglob("*") if p.is_file())
    return sorted(p for p in found if not any(part[0] in "._" for part in p.relative_to(path).parts))


def load_json(text):
    """JSON in which numbers keep their digits, so that 2^63 and 0.1 compare exactly."""
    return json.loads(text, parse_float=decimal.Decimal)


def clock(value, unit):
    """hh:mm:ss[.fraction] of a count of units since midnight; the fraction without trailing zeros."""
    digits = UNIT_DIGITS[unit]
    seconds, fraction = divmod(value, 10**digits)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    tail = f"{fraction:0{digits}}".rstrip("0") if digits else ""
    return text + ("." + tail if tail else "")


def stamp(value, kind):
    days, rest = divmod(value, 86400 * 10 ** UNIT_DIGITS[kind.unit])
    day = datetime.date(1970, 1, 1) + datetime.timedelta(days=days)
    return f"{day.isoformat()}T{clock(rest, kind.unit)}{'Z' if kind.tz else ''}"


def trim_stamp(text):
    """A time's text with its fraction's trailing zeros off: .500 and .5 are the same instant."""
    if isinstance(text, str) and STAMP.match(text) and "." in text:
        head, tail = text.rstrip("Z").split(".")
        return head + ("." + tail.rstrip("0") if tail.rstrip("0") else "") + ("Z" if text.endswith("Z") else "")
    return text


def show_bytes(data):
    """Bytes as text: UTF-8 where it is, \\xNN elsewhere."""
    return bytes(data).decode("utf-8", "backslashreplace")


def plain(scalar):
    """A pyarrow scalar as JSON values (decimals as Decimal, maps as objects, binary as text)."""
    kind = scalar.type
    if not scalar.is_valid:
        return None
    if isinstance(kind, pyarrow.BaseExtensionType):
        value = scalar.as_py()
        return str(value) if isinstance(value, uuid.UUID) else plain(scalar.value)
    types = pyarrow.types
    if types.is_timestamp(kind):
        return stamp(scalar.value, kind)
    if types.is_time(kind):
        return clock(scalar.value, kind.unit)
    if types.is_date(kind):
        return scalar.as_py().isoformat()
    if types.is_fixed_size_binary(kind) and kind.byte_width == 16:
        return str(uuid.UUID(bytes=scalar.as_py()))
    if types.is_binary(kind) or types.is_large_binary(kind):
        return show_bytes(scalar.as_py())
    if types.is_floating(kind):
        return decimal.Decimal(repr(scalar.as_py())) if types.is_float64(kind) else decimal.Decimal(str(scalar))
    if types.is_map(kind):
        return {plain(entry["key"]): plain(entry["value"]) for entry in scalar.values}
    if types.is_struct(kind):
        return {field.name: plain(scalar[i]) for i, field in enumerate(kind)}
    if types.is_list(kind) or types.is_large_list(kind):
        return [plain(item) for item in scalar.values]
    return scalar.as_py()


def type_name(kind):
    """An Arrow type in the project's notation of types."""
    types = pyarrow.types
    if isinstance(kind, pyarrow.BaseExtensionType):
        return kind.extension_name.removeprefix("arrow.")
    if types.is_timestamp(kind):
        return f"timestamp({kind.unit}{',utc' if kind.tz else ''})"
    if types.is_time(kind):
        return f"time({kind.unit})"
    if types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if types.is_map(kind):
        return f"map<{type_name(kind.key_type)}, {type_name(kind.item_type)}>"
    if types.is_struct(kind):
        return f"struct<{', '.join(f'{f.name}: {type_name(f.type)}' for f in kind)}>"
    if types.is_list(kind) or types.is_large_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    names = {"bool": "boolean", "large_string": "string", "large_binary": "binary", "date32[day]": "date",
             "fixed_size_binary[16]": "uuid"}
    return names.get(str(kind), str(kind))


def parquet_rows(path):
    table = pyarrow.parquet.ParquetFile(path).read()
    names = table.schema.names
    columns = [[plain(value) for value in column] for column in table.columns]
    return [dict(zip(names, row)) for row in zip(*columns)] if names else []


def need_judge():
    if pyarrow is None:
        raise NoJudge("pyarrow is not installed; ./dev setup makes .venv")


def read_rows(path):
    """All rows of the data files under a path, in file and row order."""
    rows = []
    for file in data_files(path):
        if file.suffix == ".parquet":
            need_judge()
            rows += parquet_rows(file)
        elif file.suffix in (".json", ".ndjson"):
            rows += [load_json(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    return rows


def read_schema(path):
    """(name, type) of the first data file's columns."""
    need_judge()
    schema = pyarrow.parquet.ParquetFile(data_files(path)[0]).schema_arrow
    return [(field.name, type_name(field.type)) for field in schema]


def same(expected, actual):
    """Equal as JSON, with true never equal to 1 and times compared as instants of one notation."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(same(expected[k], actual[k]) for k in expected)
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(same(a, b) for a, b in zip(expected, actual))
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    return trim_stamp(expected) == trim_stamp(actual)


def to_text(value):
    """One line of JSON for messages; Decimals as numbers."""
    def default(item):
        return float(item) if isinstance(item, decimal.Decimal) else str(item)
    return json.dumps(value, ensure_ascii=False, default=default)
