#!/usr/bin/env python3
"""What a run prints: the summary, --json, --log-format json, --quiet; pipes in and out; nothing left behind."""
import base64
import json
import os
import pathlib
import re
import subprocess
import sys

from harness import CUPEL, GOOD, ROOT, check, main, result, run, said

KEYS = {"run_id", "rows_read", "rows_written", "rows_rejected", "rows_filtered", "files", "rejects", "receipt", "seconds"}


def test_json_is_one_object_with_the_books():
    process = run("convert", "bad.csv", "out.parquet", "--json", "--quiet")
    value = result(process)
    check(process.returncode == 0 and KEYS <= value.keys(), process)
    check(value["rows_read"] == 4 == value["rows_written"] + value["rows_rejected"] + value["rows_filtered"], value)
    check(value["files"][0]["path"] == "out.parquet" and value["files"][0]["rows"] == 3, value)
    check(value["files"][0]["bytes"] == os.path.getsize("out.parquet"), value)
    check(value["rejects"][0]["path"] == "out.parquet.rejects.parquet", value)
    check("bad.csv:5" in value["first_reject"], value)
    check(process.stderr == b"", process)


def test_rejects_of_a_single_file_are_named_with_their_directory():
    os.mkdir("d")
    value = result(run("convert", "bad.csv", "d/out.parquet", "--json"))
    check(value["rejects"][0]["path"] == "d/out.parquet.rejects.parquet" and os.path.exists(value["rejects"][0]["path"]), value)


def test_json_of_a_failed_run_has_the_error():
    process = run("convert", "bad.csv", "out.parquet", "--json", "--on-reject", "fail")
    value = result(process)
    check(process.returncode == 10 == value["error"]["exit_status"] and value["rows_written"] == 0, value)
    check(not os.path.exists("out.parquet"), os.listdir())


def test_summary_says_rows_files_and_the_first_reject():
    text = said(run("convert", "bad.csv", "lake/"))
    for part in ("read 4 rows = landed 3 + rejected 1", "lake/part-", "bad.csv:5", "cupel inspect lake/_cupel/rejects/",
                 "receipt lake/_cupel/receipts/"):
        check(part in text, text, part)


def test_the_readme_shows_what_is_printed():
    example = (ROOT / "README.md").read_text(encoding="utf-8").split("## An example")[1].split("Delimiter,")[0]
    blocks = [[line[4:] for line in block.split("\n")] for block in example.split("\n\n") if block.startswith("    ")]
    pathlib.Path("orders.csv").write_text("\n".join(blocks[0]) + "\n", encoding="utf-8")
    process = run(*blocks[1][0].split()[2:])
    steady = [re.sub("run .* took .*", "run … took …", text) for text in ("\n".join(blocks[1][1:]) + "\n", said(process))]
    check(steady[0] == steady[1], steady, process)


def test_null_and_texts_like_it_look_different():
    pathlib.Path("n.csv").write_text('id,s\n1,\n2,NULL\n3,""\n4," x"\n5,plain\n')
    text = run("inspect", "n.csv").stdout.decode()
    for cell in ("1 │ NULL   │", '2 │ "NULL" │', '3 │ ""     │', '4 │ " x"   │', "5 │ plain  │", '│ "NULL", "", " x"'):
        check(cell in text, text, cell)


def test_other_ways_of_writing_are_named():
    pathlib.Path("de.csv").write_text("tag;wert\n31.12.2025;1.234,50\n01.02.2026;12.000,00\n")
    text = run("inspect", "de.csv").stdout.decode()
    check("tag: dates? declare --type 'tag=date', and source.csv.date_format: %d.%m.%Y" in text, text)
    process = run("convert", "de.csv", "de.parquet", "--type", "tag=date")
    check('"31.12.2025" does not fit date; it would with csv.date_format: %d.%m.%Y' in said(process), process)
    right = ["--type", "tag=date", "--type", "wert=decimal(18,2)", "--date-format", "%d.%m.%Y", "--decimal-point", ",",
             "--set", "source.csv.thousands=."]
    check(result(run("convert", "de.csv", "de.ndjson", "--json", *right))["rows_written"] == 2)


def test_a_preamble_that_is_left_out_is_told():
    pathlib.Path("p.csv").write_text("Report of May\n\nid,n\n1,2\n3,4\n")
    check("warning: 2 lines were left out in front" in said(run("convert", "p.csv", "p.parquet")))
    to_stdout = run("convert", "p.csv", "-", "--to", "json")
    check("warning: 2 lines were left out in front" in to_stdout.stderr.decode(), to_stdout)
    check(to_stdout.stdout == b'{"id":1,"n":2}\n{"id":3,"n":4}\n', to_stdout)
    check("left out" not in said(run("convert", "p.csv", "-", "--to", "json", "--quiet")))
    check("left out" not in said(run("convert", "good.csv", "q.parquet")))
    check("left out" not in said(run("convert", "p.csv", "s.parquet", "--header", "no")))
    pathlib.Path("pp").mkdir()
    pathlib.Path("pp/1.csv").write_text("id,n\n1,2\n3,4\n")
    pathlib.Path("pp/2.csv").write_text("sep=;\nid;n\n5;6\n")
    pathlib.Path("pp/3.csv").write_text("Report of May\n\nid,n\n7,8\n")
    process = run("convert", "pp/", "t.parquet", "--json")
    check("pp/3.csv: 2 lines were left out in front" in said(process) and result(process)["rows_written"] == 4, process)
    check("left out" not in said(run("convert", "p.csv", "r.parquet", "--skip-lines", "2")))


def test_a_file_is_named_once():
    check(run("convert", "good.csv", "lake/", "--run-id", "a").returncode == 0)
    receipt = pathlib.Path("lake/_cupel/receipts/a.json")
    data, log = next(pathlib.Path("lake").glob("*.parquet")), next(pathlib.Path("lake/_cupel/log").glob("*.json"))
    receipt.write_text("x" * 60)
    data.rename("away")
    for line in said(run("verify", "lake")).splitlines():
        check(line.count(str(data)) <= 1 and line.count(str(receipt)) <= 1, line)
    log.write_text("{")
    for words in (["verify", "lake"], ["convert", "good.csv", "lake/"], ["verify", "good.csv", "--receipt", str(receipt)]):
        process = run(*words)
        check(process.returncode != 0 and "lake: lake/" not in said(process), process)
    pathlib.Path("bad.parquet").write_text("PAR1")
    for words in (["verify", "bad.parquet"], ["inspect", "bad.parquet"], ["replay", "bad.parquet", "-p", "none.yaml"],
                  ["inspect", "none.csv"], ["convert", "none.csv", "o.parquet"], ["run", "none.yaml"]):
        for line in said(run(*words)).splitlines():
            check(line.count("none.") <= 1 and line.count("bad.parquet") <= 1, words, line)
    check("--set schema.select: the input has no" in said(run("inspect", "good.csv", "--set", "schema.select=x")))


def test_no_name_steers_a_terminal():
    name, column = "a\x1b[31m\n\u009b1m\u00e9.csv", "c\x1b]0;x\x07\u009b2J\u00e9"
    pathlib.Path(name).write_text(f"{column},b\n1,2\nx\n")
    pathlib.Path("p.json").write_text(json.dumps({"source": {"path": name}, "sink": {
        "path": "lake\x1b", "partition_by": [column], "parquet": {"sorted_by": ["b"]}}}))
    for words in (["inspect", name], ["check", "--plan", "p.json"], ["run", "p.json"], ["verify", "lake\x1b"],
                  ["convert", name, "o\x1b.parquet", "--columns", column], ["inspect", "o\x1b.parquet"],
                  ["convert", name, "q.parquet", "--columns", column + "x"]):
        process = run(*words)
        text = process.stdout.decode() + process.stderr.decode()
        check(process.returncode == (2 if words[2:3] == ["q.parquet"] else 0), words, process)
        check(not any(c < " " and c != "\n" or "\x7f" <= c < "\xa0" for c in text), words, process)
        check("\u00e9" in text or words[0] == "verify" or "o\x1b" in words[1], words, process)


def test_a_wrong_column_is_answered_with_those_there_are():
    text = said(run("convert", "good.csv", "o.parquet", "--columns", "zzz"))
    check("--columns: the input has no column `zzz`. It has: id, name, price" in text, text)
    check("did you mean `name`? It has: id," in said(run("convert", "good.csv", "o.parquet", "--columns", "nmae")))


def test_directories_that_were_made_are_named():
    check("made the directory new\n" in said(run("convert", "good.csv", "new/deep/o.parquet")))
    for out in ("new/deep/p.parquet", "q.parquet", "lake/"):
        check("made the directory" not in said(run("convert", "good.csv", out)))


def test_long_samples_are_marked():
    pathlib.Path("long.csv").write_text("a,b\nabcdefghijklmnopqrstuvwxyz,1\nb," + "x" * 23 + "\u00e9y\n")
    text = run("inspect", "long.csv").stdout.decode()
    check(" abcdefghijklmnopqrstuvwx\u2026, b " in text and " 1, " + "x" * 23 + "\u2026 " in text, text)


def test_a_type_conflict_is_named_with_line_and_column():
    pathlib.Path("w.csv").write_text("a,b\n" + "1,2\n" * 600000 + "3,x\n")
    pathlib.Path("w.ndjson").write_text('{"a":1}\n' * 300000 + '{"a":"x"}\n')
    for name, place in (("w.csv", "w.csv:600002:3: b: "), ("w.ndjson", "w.ndjson:300001:6: a: ")):
        process = run("convert", name, "out.parquet", "--set", "schema.on_type_conflict=fail")
        check(process.returncode == 12 and place in said(process), process)
        check("schema.on_type_conflict" in said(process) and not os.path.exists("out.parquet"), process)


def test_log_lines_are_json_with_the_run_id():
    process = run("convert", "bad.csv", "out.parquet", "--log-format", "json", "--run-id", "r1")
    lines = [json.loads(line) for line in said(process).splitlines()]
    check(lines and all({"time", "level", "run_id", "message"} <= line.keys() for line in lines), lines)
    check({line["run_id"] for line in lines} == {"r1"}, lines)
    check("warning" in {line["level"] for line in lines}, lines)


def test_quiet_is_quiet_and_errors_are_not():
    check(run("convert", "-q", "bad.csv", "out.parquet").stderr == b"")
    check("cupel: error:" in said(run("convert", "-q", "none.csv", "o.parquet")))


def test_no_progress_and_no_colours_outside_terminals():
    process = run("convert", "bad.csv", "out.parquet")
    for stream in (process.stderr, process.stdout, run("help").stdout, run("inspect", "good.csv").stdout):
        check(b"\x1b" not in stream and b"\r" not in stream, stream)


def test_pipes_in_and_out():
    process = run("convert", "-", "-", "--to", "json", stdin=GOOD.encode())
    rows = [json.loads(line) for line in process.stdout.splitlines()]
    check(process.returncode == 0 and [row["id"] for row in rows] == [1, 2, 3], process)
    process = run("convert", "-", "out.parquet", stdin=GOOD.encode())
    check(process.returncode == 0 and os.path.exists("out.parquet"), process)


def test_a_pipe_beyond_its_spill_runs_on_unless_a_type_must_widen():
    rows = b"id,name\n" + b"".join(b"%d,somebody\n" % i for i in range(400_000))
    pathlib.Path("p.yaml").write_text("source: {path: '-'}\nsink: {path: out, mode: overwrite}\nlimits: {spill: 1MiB}\n", encoding="utf-8")
    process = run("run", "p.yaml", "--json", stdin=rows)
    check(process.returncode == 0 and result(process)["rows_written"] == 400_000, process)
    process = run("run", "p.yaml", "--json", stdin=rows + b"none,of these\n")
    check(process.returncode != 0 and "limits.spill" in said(process), process)
    wide = pathlib.Path("p.yaml").read_text(encoding="utf-8").replace("1MiB", "1GiB")
    pathlib.Path("p.yaml").write_text(wide, encoding="utf-8")
    process = run("run", "p.yaml", "--json", stdin=rows + b"none,of these\n")
    check(process.returncode == 0 and result(process)["rows_written"] == 400_001, process)


def test_a_memory_limit_that_cannot_be_kept_is_refused():
    row = b",".join(b"%d" % i for i in range(1000)) + b"\n"
    pathlib.Path("small.csv").write_bytes(row * 20)
    pathlib.Path("wide.csv").write_bytes(row * 10_000)
    process = run("convert", "small.csv", "small.parquet", "--memory-limit", "32MiB")
    check(process.returncode == 0, process)
    process = run("convert", "wide.csv", "wide.parquet", "--memory-limit", "32MiB")
    check(process.returncode != 0 and "1,000 columns" in said(process) and "--memory-limit" in said(process), process)
    check(not os.path.exists("wide.parquet"), process)


def test_rejects_need_a_place():
    process = run("convert", "bad.csv", "-", "--to", "csv")
    check(process.returncode == 10 and "bad.csv:5" in said(process), process)


def test_a_reader_who_goes_away_is_no_crash():
    pathlib.Path("many.csv").write_text("a,b\n" + "1,2\n" * 2000000)
    with subprocess.Popen([CUPEL, "convert", "many.csv", "-", "--to", "csv"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        process.stdout.read(10)
        process.stdout.close()
        text = process.stderr.read()
        status = process.wait(timeout=60)
    check(status > 0 and text == b"", status, text)
    check(os.listdir() and not [name for name in os.listdir() if name.startswith(".")], os.listdir())


def test_overwriting_leaves_no_empty_folder():
    pipeline = "source: {path: in.csv}\nsink: {path: lake, partition_by: [c, d], mode: overwrite}\n"
    pathlib.Path("p.yaml").write_text(pipeline, encoding="utf-8")
    for rows, folders in (("1,DE,x\n2,FR,x\n3,DE,y\n", ["c=DE", "c=DE/d=x", "c=DE/d=y", "c=FR", "c=FR/d=x"]),
                          ("1,DE,x\n", ["c=DE", "c=DE/d=x"])):
        pathlib.Path("in.csv").write_text("a,c,d\n" + rows, encoding="utf-8")
        check(run("run", "p.yaml").returncode == 0)
        there = sorted(str(path.relative_to("lake")) for path in pathlib.Path("lake").rglob("*=*") if path.is_dir())
        check(there == folders, there)
    check(run("verify", "lake").returncode == 0)


def test_bytes_are_shown_one_way():
    """Text stays text, every byte that is none is marked within it: in the head, the bounds and the samples."""
    pathlib.Path("odd.csv").write_bytes(b"a,b\n1,2\n3,\xff\xfe\xf0,4\n5,six,6\n")
    run("convert", "odd.csv", "odd.parquet", "--charset", "UTF-8")
    shown = result(run("inspect", "odd.parquet.rejects.parquet", "--json"))
    text = json.dumps(shown, ensure_ascii=False).replace("\\\\", "\\")
    raw = b"3,\xff\xfe\xf0,4\n"
    check(raw.hex() not in text and base64.b64encode(raw).decode() not in text, text)
    check(b"5,six,6\n".hex() not in text and "5,six,6" in text, text)
    check(text.count(r"3,\xFF\xFE\xF0,4") >= 3, text)


def test_columns_types_and_several_inputs():
    process = run("convert", "--columns", "price,id", "--type", "price=decimal(15,2)", "--type", "id=int32", "good.csv",
                  "good.csv", "out.json", "--compression=snappy")
    check(process.returncode in (2, 3), process)  # compression is Parquet's
    process = run("convert", "--columns", "price,id", "--type", "price=decimal(15,2)", "--type", "id=int32", "good.csv",
                  "out.ndjson")
    lines = pathlib.Path("out.ndjson").read_text().splitlines()
    check(process.returncode == 0 and lines[0] == '{"price":1.50,"id":1}', process, lines)


def test_words_are_taken_as_they_are():
    pathlib.Path("a ${HOME},[b].csv").write_text(GOOD)
    os.mkdir("d")
    process = run("convert", "a ${HOME},[[]b].csv", "d/$x, y.parquet")
    check(process.returncode == 0 and os.path.exists("d/$x, y.parquet"), process)


def test_inspect_tells_dialect_schema_and_values():
    pathlib.Path("semi.csv").write_text("a;b\n1;x\n2;\n")
    value = result(run("inspect", "--json", "semi.csv"))
    check(value["dialect"]["delimiter"]["value"] == ";" and value["format"] == "csv", value)
    columns = {column["name"]: column for column in value["columns"]}
    check(columns["a"]["min"] == "1" and columns["a"]["max"] == "2" and columns["a"]["distinct"] == 2, value)
    check(columns["b"]["nulls"] == 1 and value["head"][1] == ["2", None], value)
    text = run("inspect", "semi.csv").stdout.decode()
    check("delimiter" in text and "│ a " in text, text)
    run("convert", "semi.csv", "semi.parquet")
    value = result(run("inspect", "--json", "semi.parquet"))
    check(value["files"][0]["rows"] == 2 and value["files"][0]["row_groups"][0]["columns"][0]["path"] == "a", value)


def test_inspect_widens_beyond_its_sample_and_says_when_it_estimates():
    rows = "".join(f"{i}\n" for i in range(200000)) + "1.5\n"
    pathlib.Path("n.csv").write_text("n\n" + rows)
    whole = result(run("inspect", "--json", "--full", "n.csv"))["columns"][0]
    check(whole["type"].startswith("decimal") and not whole["distinct_exact"], whole)
    check(abs(whole["distinct"] - 200001) < 0.08 * 200001, whole)
    some = result(run("inspect", "--json", "--rows", "1000", "n.csv"))
    check(some["rows_examined"] == 1000 and not some["complete"] and some["columns"][0]["distinct"] == 1000, some)


def test_more_partitions_than_the_memory_holds_are_refused():
    pathlib.Path("n.csv").write_text("p,v\n" + "".join(f"{i},1\n" for i in range(30_000)))
    words = ("convert", "n.csv", "many/", "--partition-by", "p", "--set", "sink.max_open_partitions=100000",
             "--memory-limit", "32MiB")
    process = run(*words)
    check(process.returncode == 11 and "30000 files so far" in said(process) and "--memory-limit 5" in said(process), process)
    check(not os.path.exists("many") or not any(name.startswith("p=") for name in os.listdir("many")))


def test_inputs_of_a_single_file_are_verified():
    check(run("convert", "good.csv", "o.parquet", "--receipt", "r.json").returncode == 0)
    verify = ("verify", "o.parquet", "--receipt", "r.json", "--inputs", "--json")
    check(result(run(*verify))["inputs"] == 1)
    pathlib.Path("good.csv").write_text(GOOD.replace("1.5", "1.6"))
    changed = run(*verify)
    check(changed.returncode == 14 and result(changed)["findings"][0]["kind"] == "input", changed)
    os.remove("good.csv")
    gone = run(*verify)
    check(gone.returncode == 0 and result(gone)["notes"] == 1 and result(gone)["inputs"] == 0, gone)
    check(run("verify", "o.parquet", "--inputs").returncode == 2)


def test_verify_and_replay():
    pathlib.Path("p.yaml").write_text("source: {path: bad.csv}\nsink: {path: lake}\n")
    pathlib.Path("fixed.yaml").write_text("source: {path: bad.csv, csv: {ragged: pad}, format: csv}\n"
                                          "schema: {columns: {id: string}}\nsink: {path: lake2}\n")
    value = result(run("run", "p.yaml", "--json"))
    check(run("verify", "lake").returncode == 0)
    check(result(run("verify", "lake", "--json"))["outstanding_rejects"] == 1)
    pathlib.Path("fixed.yaml").write_text("source: {path: bad.csv, csv: {ragged: pad}}\nsink: {path: lake}\n")
    again = run("replay", value["rejects"][0]["path"], "--pipeline", "fixed.yaml", "--json")
    check(again.returncode == 12 and "id is int64 in lake" in said(again), again)
    pathlib.Path("fixed.yaml").write_text("source: {path: bad.csv, csv: {ragged: pad}}\n"
                                          "sink: {path: lake, on_type_change: warn}\n")
    again = run("replay", value["rejects"][0]["path"], "--pipeline", "fixed.yaml", "--json")
    check(again.returncode == 0 and result(again)["rows_read"] == 1, again)
    check(run("replay", value["rejects"][0]["path"], "--pipeline", "fixed.yaml").returncode == 15)
    path = value["files"][0]["path"]
    data = bytearray(pathlib.Path(path).read_bytes())
    data[10] ^= 1
    pathlib.Path(path).write_bytes(data)
    check(run("verify", "lake").returncode == 14)


def test_the_same_run_id_lands_once():
    pathlib.Path("p.yaml").write_text("source: {path: good.csv}\nsink: {path: lake}\n")
    first = result(run("run", "p.yaml", "--run-id", "x", "--json"))
    again = result(run("run", "p.yaml", "--run-id", "x", "--json"))
    check(first["repeated"] is False and again["repeated"] is True)
    check(first["files"] and first["files"] == again["files"] and first["rejects"] == again["rejects"], again)
    check(result(run("verify", "lake", "--json"))["rows"] == 3)


def test_a_repeated_run_tells_of_its_rejects_too():
    pathlib.Path("p.yaml").write_text("source: {path: bad.csv}\nsink: {path: lake}\n")
    first = result(run("run", "p.yaml", "--run-id", "x", "--json"))
    again = result(run("run", "p.yaml", "--run-id", "x", "--json"))
    check(first["rejected_by_rule"] == {"ragged": 1} and "bad.csv:5" in first["first_reject"], first)
    for key in ("rejected_by_rule", "first_reject", "rejects", "files", "receipt", "rows_rejected"):
        check(first[key] == again[key], key, first, again)
    pathlib.Path(first["receipt"]).unlink()  # what the log itself knows is told all the same
    again = result(run("run", "p.yaml", "--run-id", "x", "--json"))
    check(again["rejected_by_rule"] == {"ragged": 1} and again["first_reject"] is None, again)


def test_several_pipelines():
    pathlib.Path("p.yaml").write_text("pipelines:\n"
                                      "- {name: a, source: {path: good.csv}, sink: {path: la}}\n"
                                      "- {name: b, source: {path: none.csv}, sink: {path: lb}}\n"
                                      "- {name: c, source: {path: good.csv}, sink: {path: lc}}\n")
    process = run("run", "p.yaml", "--json")
    values = [json.loads(line) for line in process.stdout.splitlines()]
    check(process.returncode == 5 and [v["pipeline"] for v in values] == ["a", "b"], process)
    check("1 pipeline behind it not run" in said(process), process)
    process = run("run", "p.yaml", "--keep-going")
    check(process.returncode == 5 and os.path.exists("lc"), process)
    check(run("run", "p.yaml", "--pipeline", "c").returncode == 0)
    check(run("run", "p.yaml", "--pipeline", "x").returncode == 2)


if __name__ == "__main__":
    main(sys.modules[__name__])
