#!/usr/bin/env python3
"""A user's journey: a file is converted, some rows are rejected, the pipeline is repaired, the rows land — once."""
import gzip
import json
import os
import pathlib
import shutil
import sys

from harness import check, main, result, run, said

RAW = "id;day;amount\n1;2026-11-01;10\n2;01.11.2026;20\n3;2026-11-03;30\nx;2026-11-04;40\n"
FIXED = ("source: {path: unused, csv: {}}\n"
         "schema: {columns: {id: string, day: string, amount: int64}}\nsink: {path: lake, on_type_change: warn}\n")


def convert(*words, **options):
    process = run("convert", *words, "--type", "id=int64", "--type", "day=date", "--json", **options)
    value = result(process)
    check(process.returncode == 0 and value["rows_written"] == 2 and value["rows_rejected"] == 2, process)
    return value["rejects"][0]["path"]


def replay_and_check(rejects, *, rows=2):
    process = run("replay", rejects, "--pipeline", "fixed.yaml", "--json")
    value = result(process)
    check(process.returncode == 0 and value["rows_read"] == rows, process)
    check(value["rows_written"] + value["rows_rejected"] == rows and value["rows_rejected"] == 0, value)
    again = run("replay", rejects, "--pipeline", "fixed.yaml")
    check(again.returncode == 15, again)
    verified = result(run("verify", "lake", "--json"))
    check(verified["ok"] and verified["rows"] == rows and verified["outstanding_rejects"] == 0, verified)


def test_rejects_of_a_single_csv_file_land_later():
    pathlib.Path("in.csv").write_text(RAW)
    rejects = convert("in.csv", "out.parquet")
    check(rejects == "out.parquet.rejects.parquet", rejects)
    pathlib.Path("in.csv").unlink()  # the reject file remembers header and dialect
    pathlib.Path("fixed.yaml").write_text(FIXED)
    replay_and_check(rejects)
    rows = run("convert", "lake", "-", "--to", "json").stdout
    if rows:  # where this version reads Parquet
        check(b"01.11.2026" in rows and b'"x"' in rows, rows)


def test_compressed_wide_and_piped_ones_too():
    packed, wide = gzip.compress(RAW.encode()), RAW.encode("utf-16")
    for name, data in (("a.csv.gz", packed), ("b.csv", wide), ("piped", RAW.encode()), ("packed", packed)):
        pathlib.Path(name).write_bytes(data)
        piped = "." not in name
        rejects = convert("-" if piped else name, f"{name}.parquet", stdin=data if piped else b"")
        pathlib.Path(name).unlink()
        pathlib.Path("fixed.yaml").write_text(FIXED.replace("lake", f"lake-{name}"))
        process = run("replay", rejects, "--pipeline", "fixed.yaml", "--json")
        check(process.returncode == 0 and result(process)["rows_written"] == 2, name, process)


def test_into_a_single_file():
    pathlib.Path("in.csv").write_text(RAW)
    rejects = convert("in.csv", "out.parquet")
    pathlib.Path("fixed.yaml").write_text(FIXED.replace("lake", "repaired.parquet"))
    process = run("replay", rejects, "--pipeline", "fixed.yaml", "--json", "--receipt", "receipt.json")
    check(process.returncode == 0 and result(process)["rows_written"] == 2, process)
    check(run("verify", "repaired.parquet", "--receipt", "receipt.json").returncode == 0)


def replay_beside(sink="out.csv"):
    """out.csv with two rows, and the other two in out.replay-*.csv."""
    pathlib.Path("raw.yaml").write_text(f"source: {{path: in.csv}}\nschema: {{columns: {{id: int64}}}}\nsink: {{path: '{sink}'}}\n")
    pathlib.Path("fixed.yaml").write_text("source: {path: in.csv, csv: {ragged: pad}}\n"
                                          f"schema: {{columns: {{id: string}}}}\nsink: {{path: '{sink}'}}\n")
    pathlib.Path("in.csv").write_text("id,v\n1,1\nx,2\n3\n4,4\n")
    check(run("run", "raw.yaml").returncode == 0)
    check((p := run("replay", f"{sink}.rejects.parquet", "--pipeline", "fixed.yaml")).returncode == 0, p)
    beside = [str(path) for path in pathlib.Path(".").glob("*.replay-*.csv") if "0123456789ab" not in path.name]
    check(len(beside) == 1, beside)
    return beside[0]


def test_a_file_made_anew_takes_with_it_what_replays_landed_beside_it():
    for sink in ("out.csv", "o [1]{a,b}*.csv"):
        beside = replay_beside(sink)
        pathlib.Path("out.replay-0123456789ab.csv").write_text("mine\n")  # a name alone proves nothing
        process = run("run", "fixed.yaml", "--json")
        check(process.returncode == 0 and result(process)["rows_written"] == 4, process)
        check(f"{beside} was removed" in said(process), process)
        left = {path.name for path in pathlib.Path(".").iterdir()}
        check(not any("replayed" in name or "rejects" in name for name in left) and beside not in left, left)
        check(left >= {sink, "out.replay-0123456789ab.csv"}, left)


def test_the_same_rejects_can_be_replayed_after_that():
    beside = replay_beside()
    check(run("run", "raw.yaml").returncode == 0 and not os.path.exists(beside))
    process = run("replay", "out.csv.rejects.parquet", "--pipeline", "fixed.yaml", "--json")
    check(process.returncode == 0 and result(process)["rows_written"] == 2, process)


def test_a_replay_whose_file_has_gone_stops_a_new_one_without_force():
    beside = replay_beside()
    os.unlink("out.csv")
    os.unlink("out.csv.rejects.parquet")
    process = run("convert", "good.csv", "out.csv")
    check(process.returncode == 15 and beside in said(process) and "--force" in said(process), process)
    check(not os.path.exists("out.csv") and os.path.exists(beside))
    check(run("convert", "good.csv", "out.csv", "--force").returncode == 0 and not os.path.exists(beside))


def test_a_replay_that_went_elsewhere_is_pointed_out():
    pathlib.Path("in.csv").write_text(RAW)
    rejects = convert("in.csv", "out.parquet")
    pathlib.Path("fixed.yaml").write_text(FIXED)
    check(run("replay", rejects, "--pipeline", "fixed.yaml").returncode == 0)
    process = run("convert", "in.csv", "out.parquet", "--force")
    check(process.returncode == 0 and "replayed into" in said(process) and "/lake" in said(process), process)
    check(result(run("verify", "lake", "--json"))["rows"] == 2)


OPTIONS = {"delimiter": ";", "quote": "'", "escape": "\\", "comment": "%", "newline": "lf", "header": "yes",
           "skip_lines": 1, "names": ["id", "amount"], "ragged": "pad", "trim": "yes", "nulls": ["n/a", "a, \"b"],
           "empty_is_null": False, "quoted_null": True, "decimal_point": ",", "thousands": ".",
           "date_format": "%d.%m.%Y", "time_format": "%H.%M", "timestamp_format": "%d.%m.%Y %H:%M",
           "true_words": ["ja", "1"], "false_words": ["nein"], "lenient": False, "trailing_delimiter": False}


def settings_of(receipt):
    said_so = json.loads(pathlib.Path(receipt).read_text())["decoder_settings"]
    return {name: entry["value"] for name, entry in said_so.items() if isinstance(entry, dict)}


def test_every_option_of_the_dialect_carries_over():
    schema = {"columns": {"id": "int64", "amount": "int64"}}
    base = {"source": {"path": "in.csv"}, "schema": schema, "sink": {"path": "lake"}}
    pathlib.Path("in.csv").write_text("preamble\nid;amount\n1;10\n2;bad\n3;30\n4;40\n")
    pathlib.Path("first.json").write_text(json.dumps({**base, "source": {"path": "in.csv", "csv": OPTIONS}}))
    pathlib.Path("second.json").write_text(json.dumps(base))
    first = result(run("run", "first.json", "--run-id", "first", "--json"))
    check(first["rows_rejected"] == 1, first)
    process = run("replay", "lake/_cupel/rejects/first-00000.parquet", "-p", "second.json", "--json")
    again = result(process)
    check(process.returncode == 0 and again["rows_read"] == 1, process)
    before, after = settings_of("lake/_cupel/receipts/first.json"), settings_of(again["receipt"])
    check(before == after, before, after)
    check(before == OPTIONS, before)
    third = {**base, "source": {"path": "in.csv", "csv": {"nulls": ["bad"]}}}  # its own words go first
    pathlib.Path("third.json").write_text(json.dumps(third))
    landed = result(run("replay", again["rejects"][0]["path"], "-p", "third.json", "--json"))
    check(landed["rows_written"] == 1 and settings_of(landed["receipt"]) == {**OPTIONS, "nulls": ["bad"]}, landed)


def test_what_the_environment_gives_is_kept_nowhere():
    pathlib.Path("in.csv").write_text("id;v\n1;hush\n2;x\n")
    schema = "schema: {columns: {id: int64, v: int64}}\nsink: {path: lake}\n"
    pathlib.Path("p.yaml").write_text("source: {path: in.csv, csv: {nulls: ['${WORD}'], ragged: pad}}\n" + schema)
    value = result(run("run", "p.yaml", "--run-id", "a", "--json", env={"WORD": "hush"}))
    check(value["rows_written"] == 1 and value["rows_rejected"] == 1, value)
    for path in pathlib.Path("lake").rglob("*"):
        check("_cupel" not in path.parts or not path.is_file() or b"hush" not in path.read_bytes(), path)
    check(settings_of(value["receipt"])["ragged"] == "pad")
    process = run("replay", value["rejects"][0]["path"], "-p", "p.yaml", "--json", env={"WORD": "x"})
    check(process.returncode == 0 and result(process)["rows_written"] == 1, process)


def test_of_json_too():
    pathlib.Path("in.json").write_text('{"at":{"hush":[{"u":{"id":1}},{"u":{"id":"x"}}]}}\n')
    pathlib.Path("p.yaml").write_text("source: {path: in.json, json: {rows: '/at/${WORD}', flatten: true, separator: "
                                      "'${MARK}', maps: ['${WORD}']}}\nschema: {columns: {u--id: int64}}\nsink: {path: lake}\n")
    secret = {"WORD": "hush", "MARK": "--"}
    value = result(run("run", "p.yaml", "--run-id", "a", "--json", env=secret))
    check(value["rows_written"] == 1 and value["rows_rejected"] == 1, value)
    kept = json.loads(pathlib.Path(value["receipt"]).read_text())["decoder_settings"]
    check(kept["rows"] is None and kept["flatten"] and "separator" not in kept and "maps" not in kept, kept)
    for path in pathlib.Path("lake").rglob("*"):
        check("_cupel" not in path.parts or not path.is_file() or b"hush" not in path.read_bytes(), path)
    text = pathlib.Path("p.yaml").read_text().replace("int64", "string")
    pathlib.Path("fixed.yaml").write_text(text.replace("lake", "new"))
    process = run("replay", value["rejects"][0]["path"], "-p", "fixed.yaml", "--json", env=secret)
    check(process.returncode == 0 and result(process)["rows_written"] == 1, process)


def test_files_of_two_dialects_land_together():
    for name, text in (("a", "id;v\n1;1,5\n2;2,5\nx;3,5\n"), ("b", "id;v\n1;1.5\n2;2.5\nx;3.5\n")):
        pathlib.Path(f"{name}.csv").write_text(text)
        pathlib.Path(f"{name}.yaml").write_text(f"source: {{path: {name}.csv}}\nschema: {{columns: {{id: int64, v: "
                                                "double}}\nsink: {path: lake}\n")
        check(run("run", f"{name}.yaml", "--run-id", name).returncode == 0)
    pathlib.Path("fix.yaml").write_text("source: {path: a.csv}\nschema: {columns: {id: string, v: double}}\nsink: {path: new}\n")
    process = run("replay", "lake/_cupel/rejects", "-p", "fix.yaml", "--run-id", "c", "--json")
    check(process.returncode == 0 and result(process)["rows_written"] == 2, process)
    rows = run("inspect", "new/part-c-00000.parquet", "--json").stdout
    check(rows.count(b"3.5") >= 2 and b'"x"' in rows, rows)


def test_json_of_two_ways_is_not_mixed():
    pathlib.Path("in.json").write_text('{"a": {"b": 1}}\n{"a": {"b": 2}}\n{"a":\n')
    for name in ("true", "false"):
        pathlib.Path(f"{name}.yaml").write_text(f"source: {{path: in.json, json: {{flatten: {name}}}}}\nsink: {{path: lake}}\n")
        check(run("run", f"{name}.yaml", "--run-id", name).returncode == 0)
    process = run("replay", "lake/_cupel/rejects", "-p", "true.yaml", "--json")
    check(process.returncode == 3 and "flatten" in said(process) and "one by one" in said(process), process)


SINGLE = {"ocs_group_name": "g", "source_type": "fs", "source_config": {"file_format": "csv"}, "dataset_config": [
    {"source": {"name": "d", "path": "o.csv", "features": [{"name": "id", "dtype": "int"},
                                                           {"name": "amt", "dtype": "decimal(12,3)"}]},
     "destination": {"path": "md"}}]}


def test_rows_of_a_single_file_are_never_replaced():
    pathlib.Path("o.csv").write_text("id;amt\n1;1,50\n2;2,75\n3;xx\n4\n")
    pathlib.Path("m.json").write_text(json.dumps(SINGLE))
    fixed = {**SINGLE, "source_config": {"file_format": "csv", "nulls": ["xx"]}}
    pathlib.Path("fixed.json").write_text(json.dumps(fixed))
    check(run("run", "m.json").returncode == 0)
    good, bad = pathlib.Path("md/d.parquet"), pathlib.Path("md/d.parquet.rejects.parquet")
    before = (good.read_bytes(), bad.read_bytes())
    value = result(run("replay", bad, "--pipeline", "fixed.json", "--json"))
    check(value["rows_written"] == 1 and value["rows_rejected"] == 1, value)
    beside = pathlib.Path(value["files"][0]["path"])
    check(beside.name.startswith("d.replay-") and beside.suffix == ".parquet", value)
    check(value["rejects"][0]["path"] == f"{beside}.rejects.parquet", value)
    check((good.read_bytes(), bad.read_bytes()) == before and beside.exists())
    again = run("replay", bad, bad, "--pipeline", "fixed.json")
    check(again.returncode == 15 and str(beside) in said(again), again)
    fixed["source_config"]["ragged"] = "pad"
    pathlib.Path("fixed.json").write_text(json.dumps(fixed))
    value = result(run("replay", value["rejects"][0]["path"], "--pipeline", "fixed.json", "--json"))
    check(value["rows_written"] == 1 and value["rows_rejected"] == 0, value)
    check((good.read_bytes(), bad.read_bytes()) == before and len(list(pathlib.Path("md").glob("d.replay*.parquet"))) == 3)


def test_a_file_that_is_named_twice_is_one():
    pathlib.Path("in.csv").write_text(RAW)
    rejects = convert("in.csv", "out.parquet")
    pathlib.Path("copy.parquet").write_bytes(pathlib.Path(rejects).read_bytes())
    pathlib.Path("fixed.yaml").write_text(FIXED)
    process = run("replay", rejects, "copy.parquet", "--pipeline", "fixed.yaml")
    check(process.returncode == 15 and "hold the same rows" in said(process), process)
    process = run("replay", rejects, f"./{rejects}", "--pipeline", "fixed.yaml", "--json")
    check(process.returncode == 0 and result(process)["rows_written"] == 2, process)


def test_once_whatever_the_sink():
    pathlib.Path("in.csv").write_text(RAW)
    pathlib.Path("bad.yaml").write_text("source: {path: in.csv}\nschema: {columns: {id: int64, day: date}}\n"
                                        "sink: {path: lake}\n")
    check(run("run", "bad.yaml", "--run-id", "a").returncode == 0)
    convert("in.csv", "out.parquet")
    for rejects in ("lake/_cupel/rejects/a-00000.parquet", "out.parquet.rejects.parquet"):
        first = f"other-{len(rejects)}"
        for sink in (first, "lake", f"third-{len(rejects)}.parquet", first):
            expected = 0 if sink == first and not pathlib.Path(first).exists() else 15
            pathlib.Path("fixed.yaml").write_text(FIXED.replace("lake", sink))
            process = run("replay", rejects, "--pipeline", "fixed.yaml", "--json")
            check(process.returncode == expected, sink, process)
            check(result(process)["rows_written"] == (0 if expected else 2), process)
            check(not expected or "was replayed" in said(process), process)
    verified = result(run("verify", "lake", "--json"))
    check(verified["ok"] and verified["outstanding_rejects"] == 0 and verified["rows"] == 2, verified)
    check(not list(pathlib.Path("lake/_cupel/replays").iterdir()))  # the log knows


def make_rejects(lake, *names):
    for name in names:
        pathlib.Path(f"{name}.csv").write_text(RAW.replace(";20\n", f";{20 + len(name)}\n"))
        pathlib.Path("bad.yaml").write_text(f"source: {{path: {name}.csv}}\nschema: {{columns: {{id: int64, day: date}}}}\n"
                                            f"sink: {{path: {lake}}}\n")
        check(run("run", "bad.yaml", "--run-id", name).returncode == 0)


def test_of_a_folder_what_was_replayed_is_left_out():
    make_rejects("lake", "a1", "b22")
    folder, first = "lake/_cupel/rejects", "lake/_cupel/rejects/a1-00000.parquet"
    for sink in ("lake", "other", "one.parquet"):
        if pathlib.Path("before").exists():
            shutil.rmtree("lake")
            shutil.copytree("before", "lake")
        else:
            shutil.copytree("lake", "before")
        pathlib.Path("fixed.yaml").write_text(FIXED.replace("lake", sink))
        rows = [result(run("replay", path, "-p", "fixed.yaml", "--json", "--run-id", name))["rows_written"]
                for path, name in ((first, "r1"), (folder, "r2"))]
        check(all(rows), sink, rows)
        verified = result(run("verify", "lake", "--json"))
        check(verified["ok"] and verified["outstanding_rejects"] == 0, sink, verified)
        process = run("replay", folder, "-p", "fixed.yaml", "--json")
        check(process.returncode == 15 and result(process)["rows_written"] == 0, sink, process)
        check("all 2 reject files were replayed before" in said(process), sink, process)
        if sink != "one.parquet":  # the same run id tells its result again
            process = run("replay", folder, "-p", "fixed.yaml", "--json", "--run-id", "r2")
            check(process.returncode == 0 and result(process)["repeated"], sink, process)


def test_what_is_left_out_is_told_and_counted():
    make_rejects("lake", "a1", "b22", "c333")
    pathlib.Path("fixed.yaml").write_text(FIXED)
    files = sorted(pathlib.Path("lake/_cupel/rejects").iterdir())
    shutil.copy(files[0], "copy.parquet")  # the same rows elsewhere
    check(run("replay", files[0], "-p", "fixed.yaml").returncode == 0)
    process = run("replay", "copy.parquet", files[1], "-p", "fixed.yaml", "--json")
    check(result(process)["rejects_skipped"] == 1 and "copy.parquet was replayed before" in said(process), process)
    process = run("replay", "lake/_cupel/rejects/[abc]*", "-p", "fixed.yaml", "--json")
    check(result(process)["rejects_skipped"] == 2 and "2 of the 3 files were replayed before" in said(process), process)
    check(result(process)["rows_written"] > 0, process)


def test_a_folder_with_a_replay_that_was_cut_off_is_refused():
    """Whose rows they are is not known: the claim says how to go on."""
    make_rejects("lake", "a1", "b22")
    pathlib.Path("fixed.yaml").write_text(FIXED)
    rejects = "lake/_cupel/rejects/a1-00000.parquet"
    shutil.copytree("lake", "before")
    pathlib.Path("other.yaml").write_text(FIXED.replace("lake", "other"))
    check(run("replay", rejects, "-p", "other.yaml", "--run-id", "x").returncode == 0)
    record = json.loads(pathlib.Path("other/_cupel/log/00000000000000000001.json").read_text())
    checksum = next(lane["lane"] for lane in record["lanes"] if "rejects/" in lane["lane"]).split("/")[1]
    for committed in (True, False):
        shutil.rmtree("lake")
        shutil.copytree("before", "lake")
        claim = pathlib.Path(f"lake/_cupel/replays/{checksum.split(':')[1]}.json")
        claim.parent.mkdir()
        claim.write_text(json.dumps({"version": 1, "rejects": checksum, "into": os.path.abspath("other"), "run_id": "x"}))
        if not committed:
            shutil.rmtree("other")
        process = run("replay", "lake/_cupel/rejects", "-p", "fixed.yaml", "--json")
        check(process.returncode == (0 if committed else 15), process)
        check(committed or "by run x" in said(process), process)
    shutil.rmtree("lake")  # committed, and not noted: the next replay into that sink makes the note
    shutil.copytree("before", "lake")
    check(run("replay", rejects, "-p", "other.yaml", "--run-id", "x").returncode == 0)
    shutil.rmtree("lake")
    shutil.copytree("before", "lake")
    claim.parent.mkdir()
    claim.write_text(json.dumps({"version": 1, "rejects": checksum, "into": os.path.abspath("other"), "run_id": "x"}))
    value = result(run("replay", "lake/_cupel/rejects", "-p", "other.yaml", "--json"))
    check(value["rejects_skipped"] == 1 and value["rows_written"] > 0 and not claim.exists(), value)
    verified = result(run("verify", "lake", "--json"))
    check(verified["ok"] and verified["outstanding_rejects"] == 0, verified)


def test_a_replay_that_was_cut_off_is_finished_by_the_next():
    """Between claim and commit, and between commit and note: the claim is there, and the log of the rejects knows nothing."""
    pathlib.Path("in.csv").write_text(RAW)
    pathlib.Path("bad.yaml").write_text("source: {path: in.csv}\nschema: {columns: {id: int64, day: date}}\n"
                                        "sink: {path: lake}\n")
    check(run("run", "bad.yaml", "--run-id", "a").returncode == 0)
    shutil.copytree("lake", "before")
    rejects = "lake/_cupel/rejects/a-00000.parquet"
    for name in ("other", "third"):
        pathlib.Path(f"{name}.yaml").write_text(FIXED.replace("lake", name))
    check(run("replay", rejects, "--pipeline", "other.yaml", "--run-id", "x").returncode == 0)
    record = json.loads(pathlib.Path("other/_cupel/log/00000000000000000001.json").read_text())
    checksum = next(lane["lane"] for lane in record["lanes"] if "rejects/" in lane["lane"]).split("/")[1]
    claim = pathlib.Path(f"lake/_cupel/replays/{checksum.split(':')[1]}.json")
    for committed, again in ((True, []), (True, ["--run-id", "x"]), (False, [])):
        shutil.rmtree("lake")
        shutil.copytree("before", "lake")
        claim.parent.mkdir()
        claim.write_text(json.dumps({"version": 1, "rejects": checksum, "into": os.path.abspath("other"), "run_id": "x"}))
        if not committed:
            shutil.rmtree("other")
        process = run("replay", rejects, "--pipeline", "third.yaml")
        check(process.returncode == 15 and "by run x" in said(process) and str(claim) in said(process), process)
        process = run("replay", rejects, "--pipeline", "other.yaml", *again)
        check(process.returncode == (15 if committed and not again else 0) and claim.exists() is False, process)
        for dataset in ("lake", "other"):
            verified = result(run("verify", dataset, "--json"))
            check(verified["ok"] and verified["outstanding_rejects"] == 0 and verified["rows"] == 2, verified)
        process = run("replay", rejects, "--pipeline", "third.yaml")
        check(process.returncode == 15 and "was replayed already" in said(process), process)


def test_a_claim_holds_until_its_run_is_finished():
    pathlib.Path("in.csv").write_text(RAW)
    rejects = convert("in.csv", "out.parquet")
    pathlib.Path("fixed.yaml").write_text(FIXED.replace("lake", "first"))
    check(run("replay", rejects, "--pipeline", "fixed.yaml").returncode == 0)
    claims = list(pathlib.Path(".").glob("out.parquet.rejects.parquet.*.replayed"))
    check(len(claims) == 1)
    pathlib.Path("fixed.yaml").write_text(FIXED)
    process = run("replay", rejects, "--pipeline", "fixed.yaml")
    check(process.returncode == 15 and claims[0].name in said(process) and "first" in said(process), process)
    claims[0].unlink()  # as the message says
    check(run("replay", rejects, "--pipeline", "fixed.yaml").returncode == 0)


def test_json_lines():
    pathlib.Path("in.ndjson").write_text('{"id":1}\n{"id":oops}\n{"id":2}\n')
    value = result(run("convert", "in.ndjson", "out.parquet", "--json"))
    check(value["rows_rejected"] == 1, value)
    pathlib.Path("fixed.yaml").write_text("source: {path: unused}\nschema: {columns: {id: int64}}\n"
                                          "sink: {path: lake}\n")
    process = run("replay", value["rejects"][0]["path"], "--pipeline", "fixed.yaml", "--json")
    again = result(process)
    check(process.returncode == 0 and again["rows_rejected"] == 1, process)
    check("in.ndjson:2:" in again["first_reject"], again)  # the first place, not the reject file


def test_other_files_are_refused_with_a_way_out():
    pathlib.Path("in.csv").write_text(RAW)
    convert("in.csv", "out.parquet")
    pathlib.Path("fixed.yaml").write_text(FIXED)
    process = run("replay", "out.parquet", "--pipeline", "fixed.yaml")
    check(process.returncode == 9 and "no file of rejects" in said(process), process)


if __name__ == "__main__":
    main(sys.modules[__name__])
