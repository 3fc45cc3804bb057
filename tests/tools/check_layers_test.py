#!/usr/bin/env python3
"""tools/check_layers finds each kind of wrong #include, and nothing in a tree that keeps the rules."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools/check_layers"
GOOD = {
    "main.c": '#include "command/run.h"\n#include "decode/csv.h"\n',
    "registry.c": "&cpl_decoder_csv;\n",
    "base/error.h": "",
    "base/map.c": '#include "base/error.h"\n#include "map_private.h"\n',
    "decode/decoder.h": "extern const struct cpl_decoder_ops cpl_decoder_csv;\n",
    "decode/csv.c": '#include "decode/decoder.h"\nconst struct cpl_decoder_ops cpl_decoder_csv = {0};\n',
    "decode/csv_scan.c": '#include "decode/csv.h"\n#include "base/error.h"\n',
    "decode/json.c": "const struct cpl_decoder_ops cpl_decoder_json = {0};\n",
    "quality/reject.c": '#include "decode/decoder.h"\n',
    "run/loop.c": '#include "config/pipeline.h"\n#include "decode/decoder.h"\n',
    "library/api.c": '#include "cupel.h"\n#include "arrow_c_abi.h"\n',
}


class CheckLayersTest(unittest.TestCase):
    def check(self, changes):
        with tempfile.TemporaryDirectory() as directory:
            for name, text in {**GOOD, **changes}.items():
                path = pathlib.Path(directory, "src", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            outcome = subprocess.run([sys.executable, TOOL, path.parents[len(pathlib.PurePath(name).parts) - 1]],
                                     capture_output=True, text=True, check=False)
            return outcome.returncode, outcome.stdout

    def test_good_tree_passes(self):
        self.assertEqual(self.check({}), (0, ""))

    def test_wrong_includes_are_found(self):
        for name, text, words in [
                ("base/map.c", '#include "batch/batch.h"\n', "base/map.c:1: includes batch/batch.h: base is not above batch"),
                ("encode/csv.c", '#include "decode/decoder.h"\n', "encode is not above decode"),
                ("quality/reject.c", '#include "decode/csv.h"\n', "quality is not above decode"),
                ("decode/csv_scan.c", '\n#include "decode/json_lex.h"\n', "csv_scan.c:2: includes decode/json_lex.h: component"),
                ("run/loop.c", "use(&cpl_decoder_csv);\n", "names the component cpl_decoder_csv"),
                ("run/loop.c", '#include "cupel.h"\n', "public header"),
                ("misc/x.c", "", "'misc' is not a layer"),
                ("run/loop.c", '#include "helper/x.h"\n', "'helper' is not a layer")]:
            with self.subTest(words=words):
                status, output = self.check({name: text})
                self.assertEqual(status, 1)
                self.assertIn(words, output)


if __name__ == "__main__":
    unittest.main()
