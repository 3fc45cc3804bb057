#!/usr/bin/env python3
"""sink.target_file_size: files end as near to it as row groups of half of it allow, and threads do not show."""
import pathlib
import random
import sys

from harness import check, main, result, run, said

TARGET = 256 << 10
ROWS = 30000


def make_input(path, seed=1):
    """Text that hardly compresses, numbers that do, and a row of a megabyte."""
    source = random.Random(seed)
    with open(path, "w", encoding="ascii") as file:
        file.write("id,kind,note\n")
        for i in range(ROWS):
            note = source.getrandbits(400).to_bytes(50, "big").hex() if i != ROWS // 2 else "x" * (1 << 20)
            file.write(f"{i},k{i % 7 // 4},{note}\n")


def sizes(folder):
    return [path.stat().st_size for path in sorted(pathlib.Path(folder).rglob("part-*")) if "_cupel" not in path.parts]


def convert(folder, *words, source="in.csv", stdin=b""):
    process = run("convert", source, folder + "/", "--run-id", "x", "--json", *words,
                  "--set", f"sink.target_file_size={TARGET}", stdin=stdin)
    check(process.returncode == 0 and result(process)["rows_written"] == ROWS, process)
    check(run("verify", folder).returncode == 0, folder)
    return [(path.name, path.read_bytes()) for path in sorted(pathlib.Path(folder).rglob("part-*.*"))]


def check_sizes(folder, low=TARGET * 5 // 8, high=TARGET * 11 // 8):
    found = sizes(folder)
    check(len(found) > 5 and all(low <= size <= high for size in found[:-1]) and found[-1] <= high, found)


def test_files_are_near_their_target_for_any_threads():
    make_input("in.csv")
    files = convert("one", "--threads", 1)
    check_sizes("one")
    check(files == convert("four", "--threads", 4))
    check(files == convert("pipe", source="-", stdin=pathlib.Path("in.csv").read_bytes()))


def test_other_formats_keep_it_too():
    make_input("in.csv")
    for form in ("csv", "json"):
        convert(form, "--to", form)
        found = sorted(sizes(form))
        check(found[-1] < TARGET * 11 // 8 + (1 << 20), found)  # no row is split, not even the long one
        check(found[-2] < TARGET * 11 // 8 and sum(size < TARGET * 5 // 8 for size in found) < 4, found)


def test_partitions_keep_it():
    make_input("in.csv")
    convert("lake", "--set", "sink.partition_by=[kind]")
    for kind in ("k0", "k1"):
        check_sizes(f"lake/kind={kind}", low=TARGET // 2, high=TARGET * 3 // 2)


def test_a_row_out_of_order_is_still_found():
    make_input("in.csv")
    with open("in.csv", "a", encoding="ascii") as file:
        file.write("5,k0,late\n")
    process = run("convert", "in.csv", "lake/", "--set", f"sink.target_file_size={TARGET}",
                  "--set", "sink.parquet.sorted_by=[id]")
    check(process.returncode != 0 and "sorted_by" in said(process) and not sizes("lake"), process)


if __name__ == "__main__":
    main(sys.modules[__name__])
