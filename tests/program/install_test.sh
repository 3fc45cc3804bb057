#!/usr/bin/env bash
# `cmake --install` leaves a program that runs and a library that another project finds by pkg-config.
set -euo pipefail
build=${CUPEL_BUILD:?}
if [ -n "${CUPEL_SANITIZE:-}" ]; then
    echo "SKIP a sanitizer build is not what users get"
    exit 77
fi
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT

cmake --install "$build" --prefix "$prefix" --strip >/dev/null
"$prefix/bin/cupel" --version
[ "$(stat -c %s "$prefix/bin/cupel")" -lt "$(stat -c %s "$build/cupel")" ] || { echo "FAIL not stripped"; exit 1; }

pc=$(find "$prefix" -name cupel.pc)
export PKG_CONFIG_PATH=${pc%/*}
where=$(realpath "$(pkg-config --variable=prefix cupel)")
[ "$where" = "$(realpath "$prefix")" ] || { echo "FAIL cupel.pc says that the prefix is $where, not $prefix"; exit 1; }
library=$(find "$prefix" -name 'libcupel.so.*.*')
# What linking statically would ask for is what the library needs.
for package in $(pkg-config --print-requires-private cupel); do
    for flag in $(pkg-config --libs-only-l "$package"); do
        readelf -d "$library" | grep -q "NEEDED.*\[lib${flag#-l}[.-]" || { echo "FAIL cupel.pc asks for $package, which $library does not need"; exit 1; }
    done
done

for page in docs/cupel.1:man1/cupel.1 docs/completion/cupel.bash:bash-completion/completions/cupel docs/completion/_cupel:site-functions/_cupel; do
    [ ! -e "$root/${page%%:*}" ] || [ -n "$(find "$prefix" -path "*${page##*:}")" ] || { echo "FAIL ${page%%:*} not installed"; exit 1; }
done
if [ -e "$root/include/cupel.h" ]; then
    printf '#include <cupel.h>\n#include <stdio.h>\nint main(void) { return puts(cupel_version()) < 0; }\n' >"$prefix/use.c"
    # shellcheck disable=SC2046 # flags are words
    gcc -o "$prefix/use" "$prefix/use.c" $(pkg-config --cflags --libs cupel)
    LD_LIBRARY_PATH=${library%/*} "$prefix/use" >/dev/null
    # shellcheck disable=SC2046
    gcc -o "$prefix/whole" "$prefix/use.c" $(pkg-config --cflags cupel) "${library%/*}/libcupel.a" $(pkg-config --static --libs cupel)
    "$prefix/whole" >/dev/null
fi
# Nothing but cupel_… is visible from outside.
strange=$(nm -D --defined-only "$library" | awk '{print $3}' | grep -vE '^(cupel_|_init$|_fini$|$)' || true)
[ -z "$strange" ] || { echo "FAIL exported besides the public names: $strange"; exit 1; }
