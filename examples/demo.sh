#!/usr/bin/env bash
# The demo behind `./dev demo`: raw files in .demo/raw, four pipelines into ./lake, and what came out.
# Expects build/cupel; started from the project's root.
set -euo pipefail

step() { printf '\n\033[1m── %s\033[0m\n' "$*"; }
try() { printf '\033[2m$ %s\033[0m\n' "$*"; "$@"; }

rm -rf .demo/raw lake
step "raw data, as other systems drop it; these rows are bad on purpose"
try tools/make_demo_data .demo/raw
find .demo/raw -type f -exec ls -l {} + | awk '{printf "  %8d bytes  %s\n", $5, $NF}' | sort -k3

step "the main job: examples/demo.yaml, four pipelines"
try build/cupel run examples/demo.yaml

# A verb that this build offers.
offers() { build/cupel help | grep -q "^ *$1 "; }

step "what landed"
find lake -name '*.parquet' -not -path '*/_cupel/*' -exec ls -l {} + | awk '{printf "  %8d bytes  %s\n", $5, $NF}'
if offers inspect; then
    for table in lake/*/; do
        try build/cupel inspect "${table%/}"
    done
fi

step "what was rejected: reason, place and original bytes are kept as Parquet, too"
find lake -path '*/_cupel/rejects/*' -name '*.parquet' | sort | while read -r rejects; do
    if offers inspect; then try build/cupel inspect "$rejects"; else echo "  $rejects"; fi
done

step "the receipt of the orders' run"
receipt=$(find lake/orders/_cupel/receipts -name '*.json' | sort | tail -n 1)
echo "$receipt"
head -c 1200 "$receipt" && echo ' …'

if offers verify; then
    step "the books, recomputed from what is stored"
    for table in lake/*/; do
        try build/cupel verify "${table%/}"
    done
fi

step "how to look further"
cat <<'TEXT'
  build/cupel convert FILE.csv FILE.parquet    one file, no configuration
  build/cupel check examples/demo.yaml         is a pipeline file right?
  build/cupel help                             every verb; `build/cupel help VERB` says more
  examples/demo.yaml                           the pipelines just run
  lake/orders/*.parquet                        the pattern for DuckDB and Polars: it leaves out _cupel/
  lake/orders/_cupel/                          log, receipts and rejects of a table
TEXT
