"""The parquet-testing corpus: good files read as pyarrow reads them, bad files refused. Prints expected and reached.

What is known not to be read yet stands in UNREAD with its reason, and is counted apart: a file that begins to pass must
leave the list."""
import glob
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from parquet_tables import ReadError, canonical_rows, dump, first_difference, need

need("pyarrow")
import pyarrow as pa
import pyarrow.parquet as pq

CORPUS = os.path.join(os.environ.get("CUPEL_CORPORA", ""), "parquet-testing")
if not os.path.isdir(CORPUS):
    print("SKIP CUPEL_CORPORA does not lead to parquet-testing")
    sys.exit(77)

UNREAD = {
    "int96_from_spark": "timestamps outside 64-bit nanoseconds are an error here; pyarrow lets them wrap around",
    "large_string_map.brotli": "a page of 1 GiB passes the limit of 512 MiB",
}
# Files with a wrong CRC, which pyarrow does not look at unless it is asked to.
DAMAGED = {"datapage_v1-corrupt-checksum", "rle-dict-uncompressed-corrupt-checksum"}
# Among the bad files, but with values that are beyond doubt (an index of no bits means the only value).
READABLE = {"ARROW-GH-43605"}


def judged_rows(path):
    """What pyarrow reads, without its own schema hints; None when it cannot."""
    try:
        return pq.read_table(path, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        print(f"  pyarrow does not read {os.path.basename(path)}: {str(error).splitlines()[0][:120]}")
        return None


def good_file(path):
    """None, or why our reading is not the judge's."""
    try:
        _, rows = dump(path)
    except ReadError as error:
        return str(error)
    table = judged_rows(path)
    return first_difference(table.column_names, canonical_rows(table), rows) if table is not None else None


def bad_file(path):
    try:
        dump(path)
    except ReadError:
        return None
    return "read without an error"


def run(kind, paths, check):
    reached, failures = 0, []
    for path in paths:
        stem = os.path.basename(path).removesuffix(".parquet")
        problem = check(path)
        if problem is None and stem not in UNREAD:
            reached += 1
        elif problem is None:
            failures.append(f"{stem}: is read now: take it off the list")
        elif stem in UNREAD:
            print(f"  not read yet: {stem} ({UNREAD[stem]})")
        else:
            failures.append(f"{stem}: {problem[:400]}")
    print(f"{kind}: {reached} of {len(paths)}")
    for failure in failures:
        print("FAIL", failure)
    return not failures


data = sorted(glob.glob(os.path.join(CORPUS, "data", "**", "*.parquet"), recursive=True))
damaged = [path for path in data if os.path.basename(path).removesuffix(".parquet") in DAMAGED]
bad = sorted(glob.glob(os.path.join(CORPUS, "bad_data", "*.parquet"))) + damaged
good = [path for path in data if path not in damaged]
good += [path for path in bad if os.path.basename(path).removesuffix(".parquet") in READABLE]
bad = [path for path in bad if path not in good]
ok = [run("good files", good, good_file), run("bad files refused", bad, bad_file)]
sys.exit(0 if all(ok) else 1)
