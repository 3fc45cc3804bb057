#!/usr/bin/env python3
"""csv-spectrum: each file's values, as text, are what its JSON twin says."""
import json
import sys

import corpus


def as_text(value):
    """A value as it stands in a CSV file; an empty field is null here and "" in the twin."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def main():
    top = corpus.find("csv-spectrum")
    reached, complaints, files = 0, [], sorted((top / "csvs").glob("*.csv"))
    for path in files:
        twin = (top / "json" / (path.stem + ".json")).read_text(encoding="utf-8")
        if b"\r" not in path.read_bytes():  # a checkout that turned the file's line ends
            twin = twin.replace("\\r\\n", "\\n")
        expected = json.loads(twin)
        done = corpus.Conversion(path)
        actual = [{key: as_text(value) for key, value in row.items()} for row in done.rows]
        if done.status == 0 and actual == expected:
            reached += 1
        else:
            complaints.append(f"{path.name}: status {done.status} {done.said}\n  - {expected}\n  + {actual}")
    return corpus.report("csv-spectrum", len(files), reached, complaints)


if __name__ == "__main__":
    sys.exit(main())
