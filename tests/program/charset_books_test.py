"""The byte books of inputs that are not UTF-8: they count the object's own bytes, and so do the rejects."""
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import pyarrow.parquet as parquet
except ImportError:
    print("SKIP pyarrow is not installed")
    sys.exit(77)

CUPEL = os.path.abspath(os.environ.get("CUPEL", "build/cupel"))
ROWS = 6000


def csv_text():
    lines = ["id,city,n", "# a comment with 京"]
    for i in range(ROWS):
        lines.append(f"{i},東京{i % 7},{i * 3}" if i % 50 else f"{i},大阪" if i % 100 else f"{i},京都,x{i}")
        if i % 1000 == 500:
            lines.append("")
    return "\n".join(lines) + "\n", "schema: {columns: {n: int64}}\nsource: {path: in, csv: {comment: '#'}, charset: CHARSET}\n"


def json_rows():
    for i in range(ROWS):
        yield json.dumps({"id": i, "city": "東京", "n": i if i % 50 else "京都"}, ensure_ascii=False)


def lines_text():
    text = "\n".join(row if i % 60 else row + "\n{\"京" for i, row in enumerate(json_rows())) + "\n\n"
    return text, "schema: {columns: {n: int64}}\nsource: {path: in, format: json, charset: CHARSET}\n"


def array_text():
    text = "[\n" + ",\n  ".join(json_rows()) + "\n]\n"
    return text, "schema: {columns: {n: int64}}\nsource: {path: in, format: json, charset: CHARSET}\n"


def run(folder, *words):
    outcome = subprocess.run([CUPEL, *words], cwd=folder, capture_output=True, timeout=240, check=False)
    assert outcome.returncode == 0, outcome.stderr.decode("utf-8", "replace")
    return outcome.stdout


def check(make, charset, codec, pack):
    text, config = make()
    whole = text.encode(codec)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "in").mkdir()
        (folder / "in/a").write_bytes(gzip.compress(whole, mtime=0) if pack else whole)
        (folder / "p.yaml").write_text(config.replace("CHARSET", charset) + "sink: {path: lake}\n")
        result = json.loads(run(folder, "run", "p.yaml", "--json"))
        receipt = json.loads((folder / result["receipt"]).read_text())
        [book] = receipt["inputs"]
        assert book["to"] == book["decompressed"] == len(whole), book
        assert sum(book["bytes"].values()) == len(whole), book
        assert book["text_bytes"] == len(whole.decode("utf-16-le" if codec == "utf-16" else codec).encode()), book
        rejected, good_end = 0, 0
        for file in result["rejects"]:
            for row in parquet.read_table(folder / file["path"]).to_pylist():
                at, length = row["position"], row["length"]
                assert whole[at:at + length] == row["raw"], row
                assert at >= good_end, row
                good_end = at + length
                rejected += length
        assert rejected == book["bytes"]["reject"] > 0, book
        assert book["checksum"].startswith("xxh3:"), book
        report = json.loads(run(folder, "verify", "lake", "--inputs", "--json"))
        assert report["inputs"] == 1 and not report["problems"] and not report["notes"], report
        (folder / "in/a").write_bytes((folder / "in/a").read_bytes() + b" ")
        assert subprocess.run([CUPEL, "verify", "lake", "--inputs"], cwd=folder, capture_output=True).returncode == 14
        return book["bytes"]


def main():
    for make in (csv_text, lines_text, array_text):
        for charset, codec in (("UTF-16LE", "utf-16"), ("UTF-16BE", "utf-16-be"), ("Shift_JIS", "shift_jis"),
                               ("GB18030", "gb18030")):
            for pack in (False, True):
                books = check(make, charset, codec, pack)
                print("ok", make.__name__, charset, "gzip" if pack else "plain", books)


if __name__ == "__main__":
    main()
