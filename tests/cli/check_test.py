#!/usr/bin/env python3
"""`check` refuses what a run would refuse, with its place and the nearest right word; the JSON Schema says the same."""
import json
import pathlib
import re
import sys

from harness import GOOD, check, main, result, run, said

# (pipeline file, with --plan only, what must be said)
WRONG = (
    ("sink: {path: o.parquet, parquet: {compression: zsdt}}", False, ("p.yaml:2:35", "`zsdt`", "`zstd`")),
    ("sink: {path: o.parquet, parquet: {compression: 'zstd:99'}}", False, ("p.yaml:2:35", "from -7 to 22")),
    ("sink: {path: o.parquet, parquet: {compression: 'zstd:'}}", False, ("behind the colon stands a level",)),
    ("sink: {path: o.parquet, parquet: {compression: 'zstd:3.5'}}", False, ("a whole number from -7 to 22",)),
    ("sink: {path: o.parquet, parquet: {compression: 'snappy:3'}}", False, ("snappy has no levels",)),
    ("sink: {path: o.parquet, parquet: {sorted_by: nme}}", True, ("p.yaml:2:35", "nme", "`name`")),
    ("sink: {path: o.parquet, parquet: {bloom_filters: [nme]}}", True, ("p.yaml:2:51", "`nme`", "`name`")),
    ("schema: {columns: [id, name]}\nsink: {path: o.parquet, parquet: {sorted_by: [nme desc]}}", False,
     ("p.yaml:3:47", "`name`")),
    ("schema: {only_declared: true, columns: {id: int64, name: string}}\n"
     "sink: {path: o.parquet, parquet: {bloom_filters: nme}}", False, ("p.yaml:3:35", "`name`")),
    ("sink: {path: o, partition_by: [nme]}", True, ("p.yaml:2:32", "nme", "`name`")),
    ("sink: {path: o, partition_by: [id, day(nme)]}", True, ("p.yaml:2:36", "`nme`", "`name`")),
    ("schema: {columns: {id: int64, nme: string}}\nsink: {path: o}", True, ("p.yaml:2:31", "`nme`", "`name`")),
    ("schema: {columns: [id, {name: nme, type: string}]}\nsink: {path: o}", True, ("p.yaml:2:25", "`nme`", "`name`")),
    ("schema: {columns: [id, nme: string]}\nsink: {path: o}", True, ("p.yaml:2:24", "`nme`", "`name`")),
    ("schema: {columns: {id: int64}, select: [id, nme]}\nsink: {path: o}", True, ("p.yaml:2:45", "`nme`", "`name`")),
    ("schema: {select: nme}\nsink: {path: o}", True, ("p.yaml:2:10", "`nme`", "`name`")),
    ("schema: {columns: [id, name]}\nsink: {path: o, partition_by: [name, month(nme)]}", False,
     ("p.yaml:3:38", "month(nme)", "`name`")),
    ("limits: {on_reject: fial}\nsink: {path: o.parquet}", False, ("p.yaml:2:10", "keep, fail")),
    ("sink: {path: o.csv, csv: {delimiter: '\"'}}", False, ("p.yaml:2:27", "same character")),
    ("sink: {path: o.csv, csv: {null_text: 'a,b'}}", False, ("p.yaml:2:27", "null_text")),
)
WRONG_SOURCE = (
    ("charset: utf9", ("p.yaml:1:26", "`?utf9", "UTF-8")),
    ("csv: {date_format: '%Q'}", ("p.yaml:1:32", "%Q")),
    ("csv: {time_format: '%Q'}", ("p.yaml:1:32", "%Q")),
    ("csv: {delimiter: ';', quote: ';'}", ("p.yaml:1:32", "same character")),
    ("csv: {delimiter: '\"'}", ("p.yaml:1:32", "same character")),
    ("csv: {comment: ',', delimiter: ','}", ("p.yaml:1:32", "same character")),
    ("csv: {thousands: ',', decimal_point: ','}", ("p.yaml:1:32", "same character")),
)


def refused(text, only_plan, parts):
    pathlib.Path("p.yaml").write_text(text)
    for words in (["check"], ["check", "--plan"], ["run"]):
        process = run(*words, "p.yaml")
        if words == ["check"] and only_plan:
            check(process.returncode == 0, text, process)
            continue
        check(process.returncode == 3 and "no mistake" not in said(process), text, words, process)
        for part in parts:
            check(part.lstrip("`?") in said(process), text, part, process)


def test_what_a_run_refuses_is_found():
    for text, only_plan, parts in WRONG:
        refused("source: {path: good.csv}\n" + text + "\n", only_plan, parts)
    for source, parts in WRONG_SOURCE:
        refused("source: {path: good.csv, " + source + "}\nsink: {path: o.parquet}\n", False, parts)


def test_flags_that_name_columns_are_named():
    for words, parts in ((["--columns", "id,nme"], ("--columns: ", "`name`")), (["--type", "nme=string"], ("--type: ", "`name`")),
                         (["--partition-by", "nme"], ("--partition-by: ", "`name`")),
                         (["--set", "sink.parquet.sorted_by=nme"], ("--set sink.parquet.sorted_by: there", "`name`"))):
        process = run("convert", "good.csv", "o/", *words)
        check(process.returncode in (2, 3) and all(part in said(process) for part in parts), words, process)


def test_what_is_right_passes():
    pathlib.Path("p.yaml").write_text("source: {path: good.csv}\nschema: {only_declared: true, columns: {day: date}}\n"
                                      "sink: {path: o, partition_by: [month(day)]}\n")
    check(run("check", "p.yaml").returncode == 0)
    for source, rest in (("charset: latin1", "parquet: {compression: 'zstd:-7', sorted_by: [id desc nulls first]}"),
                         ("csv: {delimiter: ','}", "parquet: {bloom_filters: [id, name]}"),
                         ("csv: {quote: none, delimiter: ','}", "parquet: {compression: 'gzip:12'}")):
        pathlib.Path("p.yaml").write_text(f"source: {{path: good.csv, {source}}}\nsink: {{path: o.parquet, {rest}}}\n")
        process = run("check", "--plan", "p.yaml")
        check(process.returncode == 0 and "no mistake" in said(process), source, rest, process)


def test_reject_limits_in_a_file_as_in_a_flag():
    for limit, status in (("0", 13), ("1", 0), ("10%", 13), ("25%", 0), ("limit(1)", 0), ("1e9x", 3), ("-1", 3)):
        pathlib.Path("p.yaml").write_text(
            f"source: {{path: bad.csv}}\nsink: {{path: o.parquet}}\nlimits: {{on_reject: {limit}}}\n")
        process = run("run", "p.yaml")
        check((process.returncode == 0) == (status == 0), limit, process)
        check((process.returncode == 3) == (status == 3), limit, process)


def test_a_pipeline_from_standard_input_is_read_once():
    text = b"source: {path: good.csv}\nsink: {path: o.parquet}\n"
    process = run("check", "--plan", "-", stdin=text)
    check(process.returncode == 0 and b"reads   csv" in process.stdout, process)
    check("standard input: 1 pipeline, no mistake" in said(process), process)


# ---- the JSON Schema: as much of a validator as these schemas need ----

TYPES = {"string": str, "boolean": bool, "object": dict, "array": list, "null": type(None)}


def of_type(value, name):
    if name in ("number", "integer"):
        return isinstance(value, int if name == "integer" else (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def valid(value, schema, root):
    if schema is True:
        return True
    if "$ref" in schema and not valid(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root):
        return False
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(of_type(value, name) for name in types):
        return False
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        return False
    if "enum" in schema and value not in schema["enum"] or "const" in schema and value != schema["const"]:
        return False
    if not schema.get("minimum", float("-inf")) <= (value if of_type(value, "number") else 0) and "minimum" in schema:
        return not of_type(value, "number")
    if "anyOf" in schema and not any(valid(value, one, root) for one in schema["anyOf"]):
        return False
    if not all(valid(value, one, root) for one in schema.get("allOf", [])):
        return False
    if isinstance(value, dict) and not all(key in value for key in schema.get("required", [])):
        return False
    if isinstance(value, dict) and "properties" in schema:
        return all(valid(member, schema["properties"].get(key, key.startswith("x-")), root)
                   if key in schema["properties"] else False for key, member in value.items())
    if isinstance(value, dict) and isinstance(schema.get("additionalProperties"), dict):
        return all(valid(member, schema["additionalProperties"], root) for member in value.values())
    if isinstance(value, list) and "items" in schema:
        return all(valid(item, schema["items"], root) for item in value)
    return "maxItems" not in schema or not isinstance(value, list) or len(value) <= schema["maxItems"]


def schema_of(dialect):
    return result(run("describe", f"--json-schema={dialect}"))


def test_the_schema_of_pipelines():
    root = schema_of("pipeline")

    def fine(section, key, value):
        return valid(value, root["$defs"][section]["properties"][key], root)

    for value, right in (("keep", True), ("fail", True), ("foo", False), (5, True), ("5%", True), ("0.5%", True),
                         ("limit(1%)", True), ("limit(", False), ("${X}", True)):
        check(fine("limits", "on_reject", value) == right, value)
    for value, right in (("1MiB", False), ("31MiB", False), ("32MiB", True), ("32768K", True), ("33554431", False),
                         ("33554432", True), ("224MiB", True), ("0.5GiB", True), ("100MB", True), ("9MB", False),
                         (33554432, True), (5, False), ("1TiB", True), ("foo", False), ("${M:-1MiB}", True)):
        check(fine("limits", "memory", value) == right, value)
    for value, right in (("snappy", True), ("zsdt", False), ("zstd:22", True), ("zstd:99", False), ("zstd:", False),
                         ("zstd:-7", True), ("gzip:0", False), ("snappy:3", False), ("none", True), (3, False)):
        check(fine("sink.parquet", "compression", value) == right, value)
        document = {"source": {"path": "good.csv"}, "sink": {"path": "o.parquet", "parquet": {"compression": value}}}
        pathlib.Path("p.json").write_text(json.dumps(document))
        check((run("check", "p.json").returncode == 0) == right, value)
    types = ("int64", "BIGINT", "decimal(15,2)", "decimal(15, 2) not null", "timestamp(us,utc)", "list<int32>",
             "struct<a: int32, b: map<string, double>>", "text", "uint8", "varchar(20)")
    for value in types:
        pathlib.Path("p.json").write_text(json.dumps(
            {"source": {"path": "good.csv"}, "sink": {"path": "o.parquet"}, "schema": {"columns": {"id": value}}}))
        right = run("check", "p.json").returncode == 0
        check(fine("schema", "columns", {"id": value}) or not right, value)
        check(fine("schema", "columns", {"id": {"type": value}}) or not right, value)
    for value in ("foo", "int65", "itn"):
        check(not fine("schema", "columns", {"id": value}) and not fine("schema", "columns", [{"id": value}]), value)
        check(not fine("schema", "columns", {"id": {"type": value}}), value)


def test_the_schema_of_metadata():
    root = schema_of("metadata")
    top = root["$defs"]["metadata"]["properties"]["source_type"]
    for value, right in (("fs", True), ("FS", True), ("rdbms", True), ("foo", False)):
        check(valid(value, top, root) == right, value)
    dtype = root["$defs"]["dataset_config.source.features"]["properties"]["dtype"]
    for value, right in (("int", True), ("DateTime", True), ("decimal(15,2)", True), ("foo", False), ("", True)):
        check(valid(value, dtype, root) == right, value)


if __name__ == "__main__":
    check(GOOD.startswith("id,name,price"))
    main(sys.modules[__name__])
