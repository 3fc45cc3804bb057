#!/usr/bin/env python3
"""What is read, and what is not: very many inputs, none, the same one twice, names that begin with `_`, and files that are no text."""
import os
import pathlib
import resource
import subprocess
import sys
import tarfile

from harness import CUPEL, check, main, run, said

USAGE = 2
CONFIG = 3
UNSUPPORTED = 4
DATA = 9


def put(path, text="a,b\n1,x\n"):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def test_a_column_that_is_empty_in_every_sample_has_one_type():
    rows = "".join(f"{i},{'x' * 60},{'' if i < 70000 else i % 7}\n" for i in range(80000))
    put("late.csv", "a,pad,o\n" + rows)
    subprocess.run(["gzip", "-k", "late.csv"], check=True)
    made = []
    for source in ("late.csv", "late.csv.gz", "-"):
        p = run("convert", source, f"o{len(made)}.parquet", stdin=pathlib.Path("late.csv").read_bytes())
        check(p.returncode == 0, p)
        made.append(pathlib.Path(f"o{len(made)}.parquet").read_bytes())
        check(b"int64" in run("inspect", f"o{len(made) - 1}.parquet").stdout, source)
    check(made[0] == made[1], "file and gzip differ")
    p = run("convert", "late.csv.gz", "-", "--to", "json", "-q")
    check(p.returncode == 0 and p.stdout.count(b'"o":"') == 10000, p.stderr)


def test_a_file_is_judged_by_no_more_than_its_gzip_is():
    rows = "".join(f"{i},{'x' * 60},{'7' if i < 25000 else '7.5'}\n" for i in range(80000))
    put("judged.csv", "a,pad,o\n" + rows)
    subprocess.run(["gzip", "-k", "judged.csv"], check=True)
    for source in ("judged.csv", "judged.csv.gz"):
        p = run("convert", source, f"{source}.parquet", "--on-type-conflict", "reject")
        check(p.returncode == 0 and b"landed 25,000 + rejected 55,000" in p.stderr, p)


def few_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


def test_more_inputs_than_files_may_be_open():
    for i in range(3000):
        put(f"in/f{i:04}.csv", f"id,name\n{i},x\n")
    check((p := run("convert", "in", "o.csv", preexec_fn=few_files)).returncode == 0, p)
    rows = pathlib.Path("o.csv").read_text().splitlines()
    check(rows == ["id,name"] + [f"{i},x" for i in range(3000)], len(rows))
    check((p := run("convert", "in", "lake/", preexec_fn=few_files)).returncode == 0, p)
    check((p := run("verify", "--inputs", "lake", preexec_fn=few_files)).returncode == 0, p)


def test_no_inputs_at_all():
    p = run("convert", "good.csv", "o.parquet", "--set", "source.path=[]")
    check(p.returncode == CONFIG and "source.path is empty" in said(p), p)


FOREIGN = {
    "x.zip": (b"PK\x03\x04\x14\0\0\0\x08\0", UNSUPPORTED, "x.zip is a ZIP archive", "unpack it first"),
    "x.pdf": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", UNSUPPORTED, "x.pdf is a PDF document"),
    "x.avro": (b"Obj\x01\x04\x16avro.schema", UNSUPPORTED, "x.avro is Avro"),
    "x.png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", UNSUPPORTED, "x.png is a PNG image"),
    "x.parquet": (b"PAR1\x15\x04", UNSUPPORTED, "x.parquet is Parquet", "cupel inspect"),
    "x.html": (b"<!DOCTYPE html>\n<html><body>Not found</body></html>\n", DATA, "x.html is an HTML page"),
    "x.xml": (b'<?xml version="1.0"?>\n<Error/>\n', DATA, "x.xml is XML"),
    "x.bin": (bytes(range(256)) * 4, DATA, "x.bin is no text"),
}


def test_what_is_no_text_is_refused_before_any_work():
    for name, (content, status, *words) in FOREIGN.items():
        put(f"in/{name}", content)
        put("in/a.csv")
        for source in (f"in/{name}", "in"):
            p = run("convert", source, "lake/")
            check(p.returncode == status and all(word in said(p) for word in words), name, p)
            check(said(p).count(f"in/{name}") == 1 and not os.path.exists("lake/_cupel/0000000000000001.json"), p)
        os.remove(f"in/{name}")


def test_archives_are_known_inside_compression():
    with tarfile.open("t.csv.gz", "w:gz") as archive:
        archive.add("good.csv")
    p = run("convert", "t.csv.gz", "o.parquet")
    check(p.returncode == UNSUPPORTED and "t.csv.gz is a tar archive" in said(p), p)


def test_a_format_that_is_said_is_believed():
    put("x.html", "<?xml a,b\n1,2\n")
    check((p := run("convert", "--from", "csv", "x.html", "o.csv")).returncode == 0, p)
    check(pathlib.Path("o.csv").read_text() == "<?xml a,b\n1,2\n")
    put("x.zip", b"PK\x03\x04\x14\0\0\0\x08\0")
    check((p := run("convert", "--from", "csv", "x.zip", "p.csv")).returncode == UNSUPPORTED, p)


def test_globs_match_an_underscore_and_directories_leave_it_out():
    put("und/a.csv", "id\n1\n")
    put("und/_b.csv", "id\n2\n")
    put("und/.c.csv", "id\n3\n")
    put("und/_SUCCESS", "")
    check((p := run("convert", "und/*.csv", "-", "--to", "csv")).stdout.split() == [b"id", b"2", b"1"], p)
    check("left out" not in said(p), p)
    check((p := run("convert", "und", "-", "--to", "csv")).stdout.split() == [b"id", b"1"], p)
    words = "2 files whose name begins with `_` or `.` were left out of a directory, the first is und/.c.csv"
    check(words in said(p), p)
    pathlib.Path("p.yaml").write_text("source: {path: und}\nsink: {path: o}\n")
    check(words in (p := run("check", "--plan", "p.yaml")).stdout.decode(), p)
    check((p := run("convert", "und/*", "x.csv")).returncode == 0, p)


def test_the_same_file_counts_once():
    put("m/a.csv", "id\n1\n")
    put("m/b.csv", "id\n2\n")
    os.symlink("a.csv", "m/s.csv")
    os.link("m/a.csv", "m/h.csv")
    for sources, n in ((["m/a*.csv", "m/a.csv"], 1), (["m/a.csv", "./m/../m/a.csv"], 1), (["m"], 2), (["m/b.csv", "m"], 3)):
        p = run("convert", *sources, "-", "--to", "csv")
        rows = sorted(p.stdout.split())
        check(rows == ([b"1", b"id"] if sources[0].startswith("m/a") else [b"1", b"2", b"id"]), p)
        check("is the same file as m/" in said(p) and "read once" in said(p), p)
        check(n == 1 or f"{n} names left out" in said(p), p)


def test_names_that_are_not_utf8_are_refused_before_any_work():
    os.mkdir(b"bd")
    pathlib.Path(os.fsdecode(b"bd/n\xe4.csv")).write_text("a\n1\n")
    p = run("convert", "bd", "lake/")
    check(p.returncode == UNSUPPORTED and "bd/n\\xE4.csv is not valid UTF-8" in said(p) and "rename it" in said(p), p)
    check(not os.path.exists("lake/_cupel/rejects"), p)
    for words in ((b"bd/n\xe4.csv", b"o.parquet"), (b"good.csv", b"\xf6.parquet")):
        p = subprocess.run([CUPEL, "convert", *words], capture_output=True, check=False)
        check(p.returncode == USAGE and "is not valid UTF-8" in said(p), p)
    check(sorted(os.listdir(b".")) == [b"bad.csv", b"bd", b"good.csv"] or os.path.exists("lake"), os.listdir(b"."))


if __name__ == "__main__":
    main(sys.modules[__name__])
