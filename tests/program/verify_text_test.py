#!/usr/bin/env python3
"""`cupel verify` of CSV and JSON outputs: rows are counted by reading them; a lost line, a flipped bit are found."""
import json
import random
import unittest

from program import ProgramTest

ROWS = 3000
SINKS = {
    "csv": {"format": "csv"},
    "odd": {"format": "csv", "csv": {"delimiter": "tab", "quote": "'", "header": False, "line_ending": "crlf", "quoting": "all"}},
    "lines": {"format": "json"},
    "array": {"format": "json", "json": {"layout": "array"}},
    "csv_parts": {"format": "csv", "partition_by": ["k"]},
    "array_parts": {"format": "json", "json": {"layout": "array"}, "partition_by": ["k"]},
}


class VerifyTextTest(ProgramTest):
    def setUp(self):
        super().setUp()
        rows = "".join(f'{i},"te""xt, {i}\n\'",{i % 5}\n' for i in range(ROWS))
        self.write("in.csv", "id,t,k\n" + rows + "short\n")

    def land(self, name, sink):
        self.write("p.json", json.dumps({"source": {"path": "in.csv"}, "sink": {"path": name, **sink}}))
        self.cupel("run", "p.json", "--quiet")

    def verify(self, name, status=0):
        return json.loads(self.cupel("verify", name, "--json", status=status).stdout)

    def data_files(self, name):
        return [path for path in sorted((self.top / name).rglob("part-*")) if "_cupel" not in path.parts]

    def test_rows_are_counted(self):
        for name, sink in SINKS.items():
            with self.subTest(name):
                self.land(name, sink)
                report = self.verify(name)
                self.assertEqual((report["rows"], report["rejects"], report["notes"]), (ROWS, 1, 0), report)

    def test_damage_is_found_and_named(self):
        rng = random.Random(3)
        for name, sink in SINKS.items():
            self.land(name, sink)
            path = self.data_files(name)[0]
            whole = path.read_bytes()
            for damage in range(6):
                at = rng.randrange(len(whole))
                line_end = whole.index(b"\n", len(whole) // 2) + 1
                next_end = whole.index(b"\n", whole.index(b"\n", line_end) + 1) + 1
                lost = whole[:line_end] + whole[next_end:]
                flipped = whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1:]
                path.write_bytes(lost if damage == 0 else flipped)
                with self.subTest(f"{name} {damage} at {at}"):
                    found = self.verify(name, status=14)["findings"]
                    about = [f["kind"] for f in found if str(path.relative_to(self.top)) == f["path"]]
                    self.assertIn("size" if damage == 0 else "checksum", about)
                    self.assertTrue(damage or {"rows", "content"} & set(about), found)
            path.write_bytes(whole)
            self.verify(name)

    def test_single_files_and_their_receipts(self):
        for out in ("out.csv", "out.ndjson"):
            self.cupel("convert", "in.csv", out, "--receipt", "receipt.json")
            done = self.cupel("verify", out, "--receipt", "receipt.json")
            self.assertIn(b"3,000 rows, 1 reject:", done.stderr)
            (self.top / "receipt.json").unlink()


if __name__ == "__main__":
    unittest.main()
