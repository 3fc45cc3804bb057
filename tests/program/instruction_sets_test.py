#!/usr/bin/env python3
"""The same bytes from every instruction set: CUPEL_CPU lowers the level, and nothing in the file may change."""
import unittest

from program import ProgramTest


class InstructionSetsTest(ProgramTest):
    def outputs(self, name):
        found = []
        for level in ("portable", "avx2", "avx512"):
            self.cupel("convert", name, "o.parquet", "--run-id", "r", "--quiet", environment={"CUPEL_CPU": level})
            files = [self.top / name for name in ("o.parquet", "o.parquet.rejects.parquet")]
            found.append(tuple(file.read_bytes() if file.exists() else None for file in files))
            for file in files:
                file.unlink(missing_ok=True)  # the same run id would do nothing
        return found

    def assert_one(self, name):
        portable, avx2, avx512 = self.outputs(name)
        self.assertEqual(avx2, portable)
        self.assertEqual(avx512, portable)
        self.assertIsNotNone(portable[1], "the input has bad rows: they must be the same, too")

    def test_csv(self):
        lines = ["id,price,day,big,text,ratio\n"]
        for i in range(40_000):
            text = ['plain', '"a ""b"""', '"x\ny"', '', '""', 'zwölf'][i % 6]
            lines.append(f"{i * 7919 % 100003 - 500},{i % 9999}.{i % 100:02d},20{i % 90:02d}-{1 + i % 12:02d}-{1 + i % 28:02d},"
                         f"{i * 104729 * 1000003},{text},{i / 7:.9f}\n")
            if i % 1000 == 3:
                lines.append("short,row\n")
        self.write("in.csv", "".join(lines))
        self.assert_one("in.csv")

    def test_ndjson(self):
        lines = []
        for i in range(20_000):
            lines.append(f'{{"id": {i}, "name": "n\\u00e9{i % 50}", "at": {{"x": {i % 13}.25, "tags": ["a", "{i % 3}"]}}, '
                         f'"when": "2026-01-01T00:{i % 60:02d}:00Z"}}\n')
            if i % 999 == 5:
                lines.append('{"id": \n')
        self.write("in.ndjson", "".join(lines))
        self.assert_one("in.ndjson")


if __name__ == "__main__":
    unittest.main()
