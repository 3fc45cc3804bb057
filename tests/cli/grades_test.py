#!/usr/bin/env python3
"""Transforms and grades between input and storage: the same for any number of threads, and all rows accounted for."""
import base64
import json
import pathlib
import sys

from harness import check, main, result, run

STEPS = """
transform:
  - rename: {cust: customer}
  - filter: kind <> 'test'
  - derive: {total: qty * price, each: 'div(100, qty)'}
  - mask: {columns: [phone], keep_last: 2}
"""
RULES = """
quality:
  rules:
    - {not_null: [customer], severity: bronze}
    - {range: {columns: [price], max: 90}, severity: reject, id: too_dear}
    - {check: total < 300, severity: silver, id: great}
  thresholds: {gold: 0, silver: 0}
"""
HEAD = "id,cust,qty,price,kind,phone,note\n"


def row(i):
    return (f"{i},{'' if i % 11 == 0 else f'c{i}'},{i % 17},{i % 97}.25,{'test' if i % 13 == 0 else 'sale'},"
            f"+49{i:07},\"a, {'b' * (i % 40)}\n{i}\"\n")


def becomes(i):
    """What the pipeline makes of row i."""
    qty, price = i % 17, i % 97 + .25
    if i % 13 == 0:
        return "filtered"
    if qty == 0 or price > 90:
        return "rejected"
    return "bronze" if i % 11 == 0 else "gold" if qty * price < 300 else "silver"


def pipeline(name, path, *, sink="sink: {path: lake}", source="csv: {header: true}", more=RULES + STEPS):
    pathlib.Path(name).write_text(f"source: {{path: '{path}', {source}}}\n{more}\n{sink}\n")


def land(name, *words):
    process = run("run", name, "--json", *words)
    check(process.returncode == 0, process)
    return result(process)


def counts(lake):
    """The receipt's counts by grade, of a dataset's newest run."""
    newest = max(pathlib.Path(lake, "_cupel/receipts").glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    return json.loads(newest.read_text())["quality"]


def verified(lake):
    process = run("verify", lake, "--json")
    check(process.returncode == 0 and result(process)["ok"], process)
    return result(process)


def landed(lake):
    return [json.loads(line) for path in sorted(pathlib.Path(lake).rglob("*.json")) if "_cupel" not in path.parts
            for line in path.read_text().splitlines()]


def test_the_same_bytes_for_any_number_of_threads():
    block, size = "".join(row(i) for i in range(20000)), 0
    with open("in.csv", "w", encoding="utf-8") as file:
        size += file.write(HEAD)
        blocks = 0
        while size < 70 << 20:  # more than two splits
            size += file.write(block)
            blocks += 1
        file.write("20000,late,2.5,1.25,sale,+49,the column of whole numbers widens\n")
    wanted = {grade: 0 for grade in ("gold", "silver", "bronze", "rejected", "filtered")}
    for i in range(20000):
        wanted[becomes(i)] += blocks
    wanted["gold"] += 1
    seen = []
    for threads in (1, 2, 8):
        lake = f"lake-{threads}"
        pipeline("p.yaml", "in.csv", sink=f"sink: {{path: {lake}}}")
        value = land("p.yaml", "--threads", threads, "--run-id", "the-run")
        check(value["rows_read"] == blocks * 20000 + 1 and value["rows_filtered"] == wanted["filtered"], value, wanted)
        check(value["rows_rejected"] == wanted["rejected"], value, wanted)
        check(value["rows_written"] == sum(wanted[grade] for grade in ("gold", "silver", "bronze")), value)
        grades = counts(lake)["grades"]
        check(all(grades[grade] == wanted[grade] for grade in ("gold", "silver", "bronze")), grades, wanted)
        seen.append((grades, value["rejected_by_rule"], value["quality"],
                     [(f["rows"], f["bytes"], f["checksum"]) for f in value["files"]]))
    check(seen[0] == seen[1] == seen[2], seen)
    verified("lake-8")


def test_folders_of_grades():
    pathlib.Path("in.csv").write_text(HEAD + "".join(row(i) for i in range(2000)))
    pipeline("p.yaml", "in.csv", sink="sink: {path: lake, json: {}}", more=STEPS + RULES + "  grade: folder\n")
    land("p.yaml")
    for grade in ("gold", "silver", "bronze"):
        ids = {value["id"] for path in pathlib.Path("lake", f"_grade={grade}").glob("*.json")
               for value in map(json.loads, path.read_text().splitlines())}
        check(ids == {i for i in range(2000) if becomes(i) == grade}, grade, len(ids))
    verified("lake")


def test_bronze_rows_keep_their_bytes_or_place():
    text = HEAD + "".join(row(i) for i in range(1, 300)) + "999,,1,1.5,sale,+49,é\n"
    for encoding in ("utf-8", "utf-16-le"):
        for original in ("bytes", "place"):
            name = f"{encoding}-{original}"
            data = ("\ufeff" if encoding != "utf-8" else "").encode(encoding) + text.encode(encoding)
            pathlib.Path(f"{name}.csv").write_bytes(data)
            pipeline("p.yaml", f"{name}.csv", sink=f"sink: {{path: lake-{name}, json: {{}}}}",
                     more=STEPS + RULES + f"  original: {original}\n")
            land("p.yaml")
            rows = landed(f"lake-{name}")
            check(sum(value["_grade"] == "bronze" for value in rows) > 10, rows[:3])
            for value in rows:
                if value["_grade"] != "bronze":
                    check(value.get("_raw") is None and value.get("_position") is None, value)
                    continue
                raw = base64.b64decode(value["_raw"]) if original == "bytes" else \
                    data[value["_position"]:value["_position"] + value["_length"]]
                line = "999,,1,1.5,sale,+49,é\n" if value["id"] == 999 else row(value["id"])
                check(raw.decode(encoding).rstrip("\n") == line.rstrip("\n"), name, value, raw)
                check(original == "bytes" or value["_object"].endswith(f"{name}.csv"), value)


def test_rows_that_a_rule_rejected_land_later_once():
    pathlib.Path("in.csv").write_text(HEAD + "".join(row(i) for i in range(2000)))
    pipeline("p.yaml", "in.csv", sink="sink: {path: lake, json: {}}", more=STEPS + RULES)
    first = land("p.yaml")
    pipeline("relaxed.yaml", "in.csv", sink="sink: {path: lake, json: {}}",
             more=STEPS + RULES.replace("max: 90", "max: 1000"))
    process = run("replay", first["rejects"][0]["path"], "--pipeline", "relaxed.yaml", "--json")
    dear = {i for i in range(2000) if becomes(i) == "rejected" and i % 17}
    check(process.returncode == 0 and result(process)["rows_written"] == len(dear), process, len(dear))
    check(result(process)["rows_rejected"] == first["rows_rejected"] - len(dear), process)
    ids = [value["id"] for value in landed("lake")]
    check(len(ids) == len(set(ids)) and dear <= set(ids), len(ids))
    check(run("replay", first["rejects"][0]["path"], "--pipeline", "relaxed.yaml").returncode == 15)
    verified("lake")


def test_appending_to_a_graded_dataset():
    for part in (0, 1):
        pathlib.Path("in.csv").write_text(HEAD + "".join(row(i) for i in range(part * 500, part * 500 + 500)))
        pipeline("p.yaml", "in.csv", sink="sink: {path: lake, json: {}}", more=STEPS + RULES)
        land("p.yaml")
    rows = landed("lake")
    check({value["id"]: value["_grade"] for value in rows} ==
          {i: becomes(i) for i in range(1000) if becomes(i) in ("gold", "silver", "bronze")}, len(rows))
    check(verified("lake")["rows"] == len(rows))


if __name__ == "__main__":
    main(sys.modules[__name__])
