"""What grading costs: lineitem by twenty rules (8 not_null, 4 ranges, 3 sets, 2 orders of dates, 1 of arithmetic, 2 patterns), beside
the same run without rules; and DuckDB with the same conditions in SQL."""
import contest
import data
from programs import CUPEL, OUT, PYTHON, warm

LINEITEM = """
    - not_null: [l_orderkey, l_partkey, l_suppkey, l_linenumber, l_quantity, l_extendedprice, l_shipdate, l_comment]
    - {range: {columns: [l_quantity], min: 1, max: 50}}
    - {range: {columns: [l_discount], min: 0, max: 0.10}}
    - {range: {columns: [l_tax], min: 0, max: 0.08}}
    - {range: {columns: [l_linenumber], min: 1, max: 7}}
    - {set: {columns: [l_returnflag], values: [A, N, R]}}
    - {set: {columns: [l_linestatus], values: [O, F]}}
    - {set: {columns: [l_shipmode], values: [TRUCK, MAIL, SHIP, AIR, RAIL, FOB, REG AIR]}}
    - {check: l_receiptdate >= l_shipdate, id: received_late}
    - {check: l_commitdate >= date '1992-01-01', id: committed}
    - {check: abs(l_extendedprice - l_quantity * l_discount) < 200000.01, id: price}
    - {pattern: {columns: [l_shipinstruct], matches: '^[A-Z ]+$'}}
    - {pattern: {columns: [l_shipmode], matches: '^[A-Z]{3,5}( AIR)?$'}}
"""
# NULL passes a rule but NOT NULL's, as in ours
LINEITEM_SQL = """CASE WHEN l_orderkey IS NULL OR l_partkey IS NULL OR l_suppkey IS NULL OR l_linenumber IS NULL OR l_quantity IS NULL
 OR l_extendedprice IS NULL OR l_shipdate IS NULL OR l_comment IS NULL
 OR NOT coalesce(l_quantity BETWEEN 1 AND 50, true) OR NOT coalesce(l_discount BETWEEN 0 AND 0.10, true)
 OR NOT coalesce(l_tax BETWEEN 0 AND 0.08, true) OR NOT coalesce(l_linenumber BETWEEN 1 AND 7, true)
 OR NOT coalesce(l_returnflag IN ('A', 'N', 'R'), true) OR NOT coalesce(l_linestatus IN ('O', 'F'), true)
 OR NOT coalesce(l_shipmode IN ('TRUCK', 'MAIL', 'SHIP', 'AIR', 'RAIL', 'FOB', 'REG AIR'), true)
 OR NOT coalesce(l_receiptdate >= l_shipdate, true) OR NOT coalesce(l_commitdate >= DATE '1992-01-01', true)
 OR NOT coalesce(abs(l_extendedprice - l_quantity * l_discount) < 200000.01, true)
 OR NOT coalesce(regexp_matches(l_shipinstruct, '^[A-Z ]+$'), true)
 OR NOT coalesce(regexp_matches(l_shipmode, '^[A-Z]{3,5}( AIR)?$'), true) THEN 'silver' ELSE 'gold' END AS _grade"""


def pipeline(name, source, rules):
    """Ours as a pipeline file, written beside the outputs."""
    target, file = OUT / f"{name}.parquet", OUT / f"{name}.yaml"
    quality = f"quality:\n  rules:{rules}" if rules else ""
    file.write_text(f"source: {{path: '{source}'}}\n{quality}\nlimits: {{threads: 2}}\nsink: {{path: '{target}', mode: overwrite}}\n", encoding="utf-8")
    return [CUPEL, "run", file, "--quiet"], target, None


def in_duckdb(name, source, more):
    target = OUT / f"{name}.parquet"
    code = ("import duckdb, sys\nc = duckdb.connect()\nc.execute('SET preserve_insertion_order = false')\n"
            f"c.execute(f\"\"\"COPY (SELECT *{more} FROM read_csv('{source}')) TO '{target}' (FORMAT parquet, COMPRESSION snappy)\"\"\")")
    return [PYTHON, "-c", code], target, None


def grading(arguments):
    source = data.path("lineitem.csv")
    warm(source)
    commands = {"cupel": pipeline("plain", source, ""), "cupel, 20 rules": pipeline("graded", source, LINEITEM)}
    if "duckdb" in arguments.peers:
        commands["duckdb"] = in_duckdb("duckdb", source, "")
        commands["duckdb, 20 rules"] = in_duckdb("duckdb-graded", source, ", " + LINEITEM_SQL.replace("{", "{{").replace("}", "}}"))
    results = contest.compete(commands, arguments.runs)
    print(f"\ngrading: lineitem.csv by 20 rules, median of {arguments.runs}")
    contest.show(results)
    found = {"results": results, "runs": arguments.runs}
    for name in ("cupel", "duckdb"):
        plain, graded = results.get(name), results.get(f"{name}, 20 rules")
        if plain and "failed" not in plain and "failed" not in graded:
            found[name] = {key: graded[key] / plain[key] - 1 for key in ("cpu", "wall")}
            print(f"  {name}: {100 * found[name]['cpu']:+.0f} % CPU, {100 * found[name]['wall']:+.0f} % wall by the rules")
    return found
