#!/usr/bin/env python3
"""A secret is never printed, logged or kept: one is put into every option there is, and every byte that comes out
is looked at."""
import json
import pathlib
import sys

from harness import check, main, result, run

SECRET = "hunter2SECRET"
REFERENCE = {"file": "${file:secret.txt}", "exec": "${exec:cat secret.txt}"}
FORMATS = {"csv": "good.csv", "json": "good.ndjson", "parquet": "good.parquet"}
ENDINGS = {"csv": ".csv", "json": ".json", "parquet": ".parquet"}


def prepare():
    pathlib.Path("secret.txt").write_text(SECRET + "\n")
    pathlib.Path("good.ndjson").write_text('{"id": 1, "name": "a"}\n')
    check(run("convert", "good.csv", "good.parquet").returncode == 0)


def put(tree, path, value):
    """The value at `source.csv.delimiter` of a tree of maps and lists, made on the way."""
    *steps, last = path
    for step in steps:
        tree = tree.setdefault(step.removesuffix("[]"), {})
    if isinstance(tree, list):
        tree = tree[0]
    tree[last] = value


def pipelines(reference):
    """(option's path, whether its table marks it secret, document) of every option of pipeline files."""
    for table in result(run("describe", "--json"))["pipeline"]:
        section, _, form = table["path"].partition(".")
        for option in table["options"]:
            document = {"source": {"path": FORMATS.get(form, "good.csv") if section == "source" else "good.csv"},
                        "sink": {"path": "out" + (ENDINGS.get(form, "") if section == "sink" and form else "")}}
            path = ([] if section == "pipeline" else [section] + ([form] if form else [])) + [option["name"]]
            for value in (reference, [reference], {"a": reference}, "x" + reference + "y"):
                put(document, path, value)
                yield ".".join(path), option["secret"], document
    for column in (reference, {"type": reference}, {"type": "date", "format": reference}, {"name": reference}):
        yield "schema.columns", False, {"source": {"path": "good.csv"}, "sink": {"path": "out"},
                                        "schema": {"columns": {"id": column}}}
        yield "schema.columns", False, {"source": {"path": "good.csv"}, "sink": {"path": "out"},
                                        "schema": {"columns": [column]}}


def metadata(reference):
    for table in result(run("describe", "--json"))["metadata"]:
        for option in table["options"]:
            dataset = {"source": {"name": "d", "path": "good.csv", "features": [{"name": "id", "dtype": "int"}]},
                       "destination": {"path": "out"}}
            document = {"ocs_group_name": "g", "source_type": "fs", "source_config": {"file_format": "csv"},
                        "dataset_config": [dataset]}
            level = document
            for step in [] if table["path"] == "metadata" else table["path"].split("."):
                level = level.setdefault(step.removesuffix("[]"), {})
                level = level[0] if isinstance(level, list) else level
            level[option["name"]] = reference
            yield f'{table["path"]}.{option["name"]}', option["secret"], document


def outputs():
    for path in pathlib.Path(".").rglob("*"):
        if path.is_file() and path.name not in ("secret.txt",):
            yield path, path.read_bytes()


def look(name, is_secret, document, kind):
    """Run a document in every way; nowhere may the secret be seen, and only an option marked so may take it."""
    pathlib.Path("p.json").write_text(json.dumps(document))
    for words in (["check", "--plan"], ["run", "--json", "--run-id", "r1"], ["run", "--log-format", "json"]):
        process = run(*words, "--allow-exec", "p.json")
        check(SECRET.encode() not in process.stdout + process.stderr, name, document, words, process)
        if not is_secret:
            check(process.returncode == 3, name, document, words, process)
            shown = REFERENCE[kind].encode()
            check(b"p.json:1:" in process.stdout + process.stderr and shown in process.stdout + process.stderr,
                  name, document, process)


def test_every_option_of_pipelines():
    prepare()
    for kind, reference in REFERENCE.items():
        for name, is_secret, document in pipelines(reference):
            look(name, is_secret, document, kind)
    for path, data in outputs():
        check(SECRET.encode() not in data and SECRET not in str(path), path)
    check(not pathlib.Path("out").exists())


def test_every_option_of_metadata():
    prepare()
    marked = set()
    for kind, reference in REFERENCE.items():
        for name, is_secret, document in metadata(reference):
            look(name, is_secret, document, kind)
            marked |= {name} if is_secret else set()
    check(marked == {"source_config.sec_config.user", "source_config.sec_config.password"}, marked)
    check(pathlib.Path("out/d.parquet").exists())
    for path, data in outputs():
        check(SECRET.encode() not in data and SECRET not in str(path), path)


def test_flags():
    prepare()
    for table in result(run("describe", "--json"))["pipeline"]:
        for option in table["options"] if table["path"] != "pipeline" else []:
            name = f'{table["path"]}.{option["name"]}'
            process = run("convert", "good.csv", "out.parquet", "--set", f'{name}={REFERENCE["file"]}')
            check(process.returncode in (2, 3) and SECRET.encode() not in process.stderr, name, process)
    check(not pathlib.Path("out.parquet").exists())


def test_what_a_program_says():
    """Its standard error is shown nowhere, whether it succeeds or fails."""
    prepare()
    for status in (0, 3):
        program = f"${{exec:sh -c 'cat secret.txt >&2; echo word; exit {status}'}}"
        document = {"ocs_group_name": "g", "source_type": "fs",
                    "source_config": {"file_format": "csv", "sec_config": {"password": program}},
                    "dataset_config": {"source": {"name": "d", "path": "good.csv"}, "destination": {"path": "out"}}}
        pathlib.Path("p.json").write_text(json.dumps(document))
        process = run("run", "--allow-exec", "--json", "p.json")
        check(SECRET.encode() not in process.stdout + process.stderr, process)
        check((process.returncode == 0) == (status == 0), process)
        check(status == 0 or b"it wrote 14 bytes to standard error" in process.stderr, process)


if __name__ == "__main__":
    main(sys.modules[__name__])
