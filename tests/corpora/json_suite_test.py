#!/usr/bin/env python3
"""JSONTestSuite: what is valid JSON lands with its value, what is not is rejected, and nothing crashes.

Rows are objects, so each case stands as the value of one: {"v": CASE}. `y_` must land equal to what Python reads, `n_`
must leave a reject, and `i_` (up to the implementation) must end in a documented way. Doubled keys, which are valid JSON, are
rejected by default; here the last one is asked for.
"""
import json
import pathlib
import sys
import tempfile

import corpus


def value_of(row):
    """The value, taken out of the JSON text in which mixed types are kept."""
    value = row.get("v")
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def right(kind, data, done):
    if not done.sound:
        return False
    if kind == "i":
        return True
    if kind == "n":
        return done.status != 0 or done.rejected > 0
    expected = json.loads(data.decode("utf-8-sig"))
    if done.status != 0 or done.rejected or len(done.rows) != 1:
        return False
    found = value_of(done.rows[0])
    return found == expected or done.rows[0].get("v") == expected or expected in ({}, []) and not found


def main():
    top = corpus.find("JSONTestSuite") / "test_parsing"
    reached, complaints, files = 0, [], sorted(top.glob("*.json"))
    with tempfile.TemporaryDirectory() as directory:
        for path in files:
            data = path.read_bytes()
            case = pathlib.Path(directory, "case.json")
            case.write_bytes(b'{"v": ' + data.removeprefix(b"\xef\xbb\xbf") + b"}\n")
            done = corpus.Conversion(case, ("--from", "json", "--set", "source.json.duplicate_keys=last"))
            if right(path.name[0], data, done):
                reached += 1
            else:
                complaints.append(f"{path.name}: status {done.status} {done.result} {done.said[:200]} {done.text[:200]}")
    return corpus.report("JSONTestSuite", len(files), reached, complaints)


if __name__ == "__main__":
    sys.exit(main())
