#!/usr/bin/env bash
# The program stays small: at most 5 MiB stripped, and linked with the libraries of the bytes' own path only.
# Whatever a connector needs is loaded when a pipeline uses it.
set -euo pipefail
cupel=${CUPEL:?}
if [ -n "${CUPEL_SANITIZE:-}" ]; then
    echo "SKIP a sanitizer build is not what users get"
    exit 77
fi

stripped=$(mktemp)
trap 'rm -f "$stripped"' EXIT
strip -o "$stripped" "$cupel"
size=$(stat -c %s "$stripped")
echo "stripped: $size bytes"
[ "$size" -le $((5 * 1024 * 1024)) ] || { echo "FAIL over 5 MiB"; exit 1; }

allowed='linux-vdso|ld-linux|libc|libm|libpthread|libdl|libzstd|liblz4|libsnappy|libstdc\+\+|libgcc_s|libbrotli(enc|dec|common)'
allowed="$allowed|libdeflate|libisal|liblzma|libbz2|libxxhash|libyaml-0|libpcre2-8"
strange=$(ldd "$cupel" | awk '{print $1}' | sed 's,.*/,,' | grep -vE "^($allowed)[.-]" || true)
[ -z "$strange" ] || { echo "FAIL linked with more than the engine's own libraries: $strange"; exit 1; }

unused=$(ldd -u "$cupel" | grep -E '^\s+/' || true)
[ -z "$unused" ] || { echo "FAIL linked but never called: $unused"; exit 1; }
