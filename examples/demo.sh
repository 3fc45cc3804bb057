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

step "what landed"
for table in lake/*/; do
    try build/cupel inspect "${table%/}" --rows 4
done

step "what was rejected, with reason, place and original bytes"
for table in lake/*/; do
    [ -d "${table}_cupel/rejects" ] || continue
    try build/cupel convert "${table}_cupel/rejects" - --to csv --columns object,line,column,rule,message,raw
done

step "the receipt of the orders' run"
find lake/orders/_cupel -name '*.json' -path '*receipt*' | sort | tail -n 1 | while read -r receipt; do
    try head -c 1500 "$receipt"
    echo
done

step "the books, recomputed from what is stored"
for table in lake/*/; do
    try build/cupel verify "${table%/}"
done

step "how to look further"
cat <<'TEXT'
  build/cupel inspect .demo/raw/orders            what is guessed about an input, before any run
  build/cupel check examples/demo.yaml --plan     what a run would read and write
  build/cupel convert FILE.csv FILE.parquet       one file, no configuration
  build/cupel --help                              every verb
  examples/demo.yaml                              the pipelines just run; repair one and `cupel replay` the rejects
TEXT
