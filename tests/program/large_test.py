#!/usr/bin/env python3
"""Inputs that are large in one direction: long fields, very many columns, very many files, a long last line."""
import unittest

from program import ProgramTest


class LargeTest(ProgramTest):
    def test_field_over_a_mebibyte(self):
        text = "ä,\"\"\n" * 300_000  # 1.5 MiB with quotes, commas and newlines inside
        self.write("in.csv", f'id,text\n1,"{text}"\n2,short\n')
        result = self.result("convert", "in.csv", "out.ndjson")
        self.assertEqual((result["rows_written"], result["rows_rejected"]), (2, 0))
        self.assertEqual([len(row["text"]) for row in self.rows("out.ndjson")], [len(text.replace('""', '"')), 5])

    def test_ten_thousand_columns(self):
        names, n = [f"c{i}" for i in range(10_000)], 50
        lines = [",".join(str(row * i) for i in range(10_000)) for row in range(n)]
        self.write("in.csv", ",".join(names) + "\n" + "\n".join(lines) + "\n")
        self.assertEqual(self.result("convert", "in.csv", "out.parquet")["rows_written"], n)
        self.cupel("convert", "in.csv", "out.ndjson", "--columns", "c1,c9999")
        self.assertEqual(self.rows("out.ndjson")[49], {"c1": 49, "c9999": 49 * 9999})

    def test_five_hundred_files(self):
        for i in range(500):
            self.write(f"in/{i % 10}/{i:04}.csv", f"id,name\n{i},file {i}\n")
        result = self.result("convert", "in", "out.ndjson")
        self.assertEqual(result["rows_written"], 500)
        self.assertEqual(sorted(row["id"] for row in self.rows("out.ndjson")), list(range(500)))

    def test_unclosed_quote_costs_its_own_row(self):
        lines = [f'{i},name {i}' for i in range(200_000)]
        lines[1000] = '1000,"never closed'
        self.write("in.csv", "id,name\n" + "\n".join(lines) + "\n")
        result = self.result("convert", "in.csv", "out.parquet")
        self.assertEqual((result["rows_read"], result["rows_written"], result["rows_rejected"]), (200_000, 199_999, 1))

    def test_expansion_limit(self):
        import gzip
        self.write("bomb.csv", gzip.compress(b"a\n" + b"0\n" * (200 << 20), 9))
        done = self.cupel("convert", "bomb.csv", "out.parquet", status=11)
        self.assertIn(b"bomb.csv", done.stderr)
        self.assertFalse((self.top / "out.parquet").exists())


if __name__ == "__main__":
    unittest.main()
