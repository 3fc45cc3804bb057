#!/usr/bin/env python3
"""Help, unknown words, exit statuses: what a user meets first."""
import json
import os
import re
import subprocess
import sys

from harness import CUPEL, check, main, run, said

VERBS = "convert run check inspect verify replay describe completion version help".split()


def flags_of(verb):
    return set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", "\n".join(
        line for line in run("help", verb).stdout.decode().splitlines() if re.match(r"\s+(-\w, )?\s*--", line))))


def test_help_lists_every_verb():
    out = run("help").stdout.decode()
    for verb in VERBS:
        check(re.search(rf"^  {verb} +\S", out, re.M), out, verb)
        page = run("help", verb)
        check(page.returncode == 0 and f"usage: cupel {verb}" in page.stdout.decode(), page)
        check(run(verb, "--help").stdout == page.stdout, verb)


def test_no_word_is_a_usage_error_with_help():
    process = run()
    check(process.returncode == 2 and b"usage:" in process.stdout, process)


def test_letters_may_stand_together():
    check(run("convert", "good.csv", "o.parquet").returncode == 0)
    for words in (["-fq"], ["-qf"], ["-q", "-f"]):
        process = run("convert", *words, "good.csv", "o.parquet")
        check(process.returncode == 0 and process.stderr == b"", process)
    check("no flag `-fqz`" in said(run("convert", "-fqz", "good.csv", "o.parquet")))
    check(b"2 \xe2\x94\x82 b " in run("inspect", "-n2", "good.csv").stdout)


def test_unknown_words_get_the_nearest():
    for words, nearest in ((["convet"], "`convert`"), (["help", "verfy"], "`verify`"),
                           (["convert", "--treads", "2", "a", "b"], "`--threads`"),
                           (["convert", "--on-type-conflict", "wide", "a", "b"], "widen|reject|fail"),
                           (["describe", "csvv"], "`csv`"),
                           (["convert", "good.csv", "o.parquet", "--set", "limits.treads=2"], "threads"),
                           (["convert", "good.csv", "o.parquet", "--type", "id=decimel"], "decimal"),
                           (["convert", "good.csv", "o.parquet", "--columns", "nmae"], "name")):
        process = run(*words)
        check(process.returncode in (2, 3) and nearest in said(process), words, process)


def test_exit_statuses():
    open("broken.yaml", "w").write("source: {pat: x}\nsink: {path: y}\n")
    for status, words in ((2, ["convert", "good.csv"]), (2, ["convert", "good.csv", "out.xyz"]),
                          (2, ["convert", "good.csv", "out.csv.gz"]), (2, ["convert", "--threads"]),
                          (2, ["version", "x"]), (2, ["convert", "--force=1", "a", "b"]),
                          (2, ["convert", "--quiet", "--quiet", "a", "b.csv"]), (3, ["check", "broken.yaml"]),
                          (5, ["convert", "none.csv", "o.parquet"]), (5, ["verify", "none"]),
                          (0, ["convert", "good.csv", "o.parquet"]), (15, ["convert", "good.csv", "o.parquet"]),
                          (10, ["convert", "bad.csv", "p.parquet", "--on-reject", "fail"])):
        process = run(*words)
        check(process.returncode == status, f"expected {status}", words, process)
        check(status == 0 or said(process).startswith("cupel: error: "), process)


def test_messages_name_the_flag_that_was_written():
    check("--threads: " in said(run("convert", "--threads", "x", "good.csv", "o.parquet")))
    check("--delimiter: " in said(run("convert", "-d", "abc", "good.csv", "o.parquet")))


def test_check_names_file_line_and_column():
    open("p.yaml", "w").write("source:\n  path: good.csv\n  formt: csv\nsink: {path: lake}\n")
    process = run("check", "p.yaml")
    check("p.yaml:3:" in said(process) and "format" in said(process), process)
    open("p.yaml", "w").write("source: {path: good.csv}\nsink: {path: lake}\n")
    check(run("check", "p.yaml").returncode == 0)


def test_yes_and_no_have_many_names():
    open("p.yaml", "w").write("source: {path: good.csv, csv: {trim: on, header: True}}\n"
                              "schema: {decimals: off}\nsink: {path: lake}\n")
    check(run("check", "p.yaml").returncode == 0)
    open("p.yaml", "w").write("source: {path: good.csv}\nschema: {columns: {price: number}}\nsink: {path: lake}\n")
    check("did you mean double?" in said(run("check", "p.yaml")))


def test_variables_are_shown_and_counted_apart():
    open("p.yaml", "w").write("source: {path: good.csv}\nsink: {path: lake}\n")
    text = said(run("check", "p.yaml", env={"CUPEL_SINK_MODE": "apend", "CUPEL_LIMITS_THREADS": "many"}))
    check("CUPEL_SINK_MODE: sink.mode cannot be `apend`; did you mean `append`?" in text, text)
    check("CUPEL_LIMITS_THREADS: " in text and "not `many`" in text, text)
    check("p.yaml: 2 mistakes in variables or flags, none in the file" in text, text)
    open("p.yaml", "w").write("source: {pth: good.csv, path: a}\nsink: {path: lake, mode: '${MODE}'}\n")
    text = said(run("check", "p.yaml", env={"CUPEL_LIMITS_THREADS": "many", "MODE": "s3cret"}))
    check("p.yaml: 2 mistakes, and 1 in variables or flags" in text and "`${MODE}`" in text and "s3cret" not in text, text)


def test_check_goes_on_behind_doubled_keys_and_wrong_types():
    open("p.json", "w").write('{"source": {"path": "good.csv"}, "sink": {"path": "y", "mode": "append",\n"mode": "error", "x": 1},'
                              '\n"transform": [1], "sorce": {}}')
    text = said(run("check", "p.json"))
    for part in ("p.json:2:1: `mode` is given twice, first on line 1", "p.json:2:18: sink has no option `x`", "p.json:3:15: ",
                 "p.json:3:19: ", "p.json: 4 mistakes\n"):
        check(part in text, part, text)
    open("m.json", "w").write('{"ocs_group_name": "g", "source_type": "fs", "dataset_config": [{"source": {"name": "a", "path": "good.csv",\n'
                              '"features": [{"name": "id", "dtype": "bigit"},\n{"name": "ID", "dtype": "int"}]}, "destination": {"path": "o"}}]}')
    text = said(run("check", "m.json"))
    check("m.json:2:29: the dtype of `id`" in text and "m.json:3:1: the feature `ID` is there already" in text, text)
    open("broken.json", "w").write('{"source": {"path": "good.csv"},, "snk": 1}')
    check("broken.json: 1 mistake; the rest of it was not looked at" in said(run("check", "broken.json")))


def test_plans_of_several_pipelines_go_on():
    open("p.yaml", "w").write("pipelines:\n- name: one\n  source: {path: none.csv}\n  sink: {path: a}\n"
                              "- name: two\n  source: {path: good.csv}\n  sink: {path: b}\n"
                              "- name: three\n  source: {path: [good.csv, gone.csv]}\n  sink: {path: c}\n")
    process = run("check", "--plan", "p.yaml")
    text = said(process)
    check(process.returncode == 5 and b"two\n  reads" in process.stdout, process)
    for part in ("p.yaml:3:12: one: ", "p.yaml:9:29: three: ", "p.yaml: of 3 pipelines 2 cannot be planned"):
        check(part in text, part, text)


def test_plan_says_what_a_run_would_do():
    open("p.yaml", "w").write("source: {path: good.csv}\nschema: {columns: {id: 'decimal(30,0)', name: string, price: int64}}\n"
                              "sink: {path: lake}\n")
    process = run("check", "--plan", "p.yaml")
    out = process.stdout.decode()
    for part in ("good.csv", "lake", "a dataset, appends", "decimal(30,0)", "widened", "exact", "checked:", "INT64"):
        check(process.returncode == 0 and part in out, part, process)
    check(not os.path.exists("lake"))


def test_messages_before_flags_are_understood_are_json_too():
    for words in (["--log-format", "json", "--bogus"], ["--bogus", "--log-format=json"]):
        line = json.loads(said(run("convert", *words, "a", "b")))
        check(line["level"] == "error" and "--bogus" in line["message"] and "run_id" not in line, line)
    check(said(run("convert", "--bogus", "--", "--log-format", "json")).startswith("cupel: error:"))


def test_lines_without_a_run_have_no_run_id():
    for words in (["check", "none.yaml"], ["verify", "good.csv"]):
        lines = [json.loads(line) for line in said(run(*words, "--log-format", "json")).splitlines()]
        check(lines and not any("run_id" in line for line in lines), lines)


def test_misspelt_variables_are_told_of():
    for name, nearest in (("CUPEL_LIMITS_THREDS", "CUPEL_LIMITS_THREADS"), ("CUPEL_SINK_PTAH", "CUPEL_SINK_PATH"),
                          ("CUPEL_SOURCE_JSON_ROWS", "--set source.json.rows"),
                          ("CUPEL_SINK_PARQUET_COMPRESSION", "--set sink.parquet.compression")):
        process = run("convert", "-f", "good.csv", "o.parquet", env={name: "3"})
        check(process.returncode == 0 and f"{name} sets no option; did you mean {nearest}?" in said(process), process)
    process = run("convert", "-f", "good.csv", "o.parquet",
                  env={"CUPEL_LIMITS_THREADS": "1", "CUPEL_LIMITS_ZZZ": "1", "CUPEL_HOME": "/"})
    check("sets no option" not in said(process), process)


def test_the_sink_mode_of_the_environment_counts_for_a_directory():
    for mode, status, files in ((None, 0, 1), (None, 15, 1), ("overwrite", 0, 1), ("append", 0, 2), ("error", 15, 2)):
        process = run("convert", "good.csv", "lake/", env={"CUPEL_SINK_MODE": mode} if mode else {})
        check(process.returncode == status, mode, process)
        check(len([name for name in os.listdir("lake") if name.endswith(".parquet")]) == files, os.listdir("lake"))


def test_messages_say_what_to_do():
    open("n.ndjson", "w").write('{"id": 1}\n')
    process = run("convert", "good.csv", "n.ndjson", "o.parquet")
    check("n.ndjson: it is json, and the first input is csv: convert them apart" in said(process), process)
    for text in ("decimal(50,2)", "decimal(39)", "decimal(2,50)", "decimal(99999,2)"):
        process = run("convert", "--type", f"price={text}", "good.csv", "o.parquet")
        check(process.returncode == 2 and "38 digits are the most" in said(process), process)
    check(b"NDJSON" in run("convert", "--help").stdout)


def test_metadata_tells_the_format_by_its_options():
    open("semi.csv", "w").write("id;name\n1;a,b\n")
    dataset = {"source": {"name": "d", "path": "semi.csv"}, "destination": {"path": "out"}}
    metadata = {"ocs_group_name": "g", "source_type": "fs", "source_config": {}, "dataset_config": dataset}
    for options, level in (({"delimiter": ";"}, "source"), ({"csv": {"delimiter": ";"}}, "source"),
                           ({"delimiter": ";"}, "group")):
        one = json.loads(json.dumps(metadata))
        (one["dataset_config"]["source"] if level == "source" else one["source_config"]).update(options)
        json.dump(one, open("m.json", "w"))
        process = run("run", "m.json")
        check(process.returncode == 0, options, level, process)
    metadata["dataset_config"]["source"].update({"delimiter": ";", "layout": "lines"})
    json.dump(metadata, open("m.json", "w"))
    check(run("check", "m.json").returncode == 3)


def test_completion_lists_every_flag():
    for shell in ("bash", "zsh"):
        script = run("completion", shell).stdout.decode()
        for verb in VERBS:
            for flag in flags_of(verb):
                check(f"--{flag}" in script, shell, verb, flag)
        check(all(verb in script for verb in VERBS), shell)
    bash = run("completion", "bash").stdout
    check(subprocess.run(["bash", "-n"], input=bash, check=False).returncode == 0)


def test_completion_completes():
    script = run("completion", "bash").stdout.decode() + """
complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cupel; echo "${COMPREPLY[*]}"; }
complete_words cupel conv
complete_words cupel convert --thr
complete_words cupel convert --on-type-conflict w
complete_words cupel convert --compression z
complete_words cupel describe sink.p
complete_words cupel describe --json-schema = meta
complete_words cupel describe --markdown =
"""
    out = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout.decode().split("\n")
    check(out[:3] == ["convert", "--threads", "widen"], out)
    check(out[3:7] == ["zstd", "sink.parquet", "metadata", "pipeline metadata errors expressions"], out)


def test_manual_has_every_verb_flag_and_status():
    page = run("describe", "--man").stdout.decode().replace("\\-", "-")
    for verb in VERBS:
        check(f".SS cupel {verb}" in page, verb)
        for flag in flags_of(verb):
            check(f"--{flag}" in page, verb, flag)
    check(".B 14\n" in page and ".SH EXIT STATUS" in page)


if __name__ == "__main__":
    print(CUPEL)
    main(sys.modules[__name__])
