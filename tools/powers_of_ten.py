#!/usr/bin/env python3
"""Writes src/format/text_powers.c: 128 significant bits of 10^q for parsing and printing doubles.

usage: tools/powers_of_ten.py > src/format/text_powers.c

Entries are normalised (top bit set). They are cut off, but for -27 <= q < 0, where they are rounded up: there the
product of a 64-bit integer and the reciprocal must find exact quotients (Lemire, "Number Parsing at a
Gigabyte per Second", 2021, section 5). 0 <= q <= 55 are exact.
"""
FIRST, LAST = -342, 342


def power(q):
    five = 5 ** abs(q)
    if q < 0:
        bits = 2 * five.bit_length() + 128
        entry = (1 << bits) // five
        shift = entry.bit_length() - 128
        return (entry >> shift) + (1 if q >= -27 else 0)
    shift = five.bit_length() - 128
    return five >> shift if shift > 0 else five << -shift


print("/* Written by tools/powers_of_ten.py; do not edit. */")
print('#include "format/text_powers.h"\n')
print("/* clang-format off */")
print("const struct cpl_power_of_ten cpl_powers_of_ten[CPL_POWER_LAST - CPL_POWER_FIRST + 1] = {")
for q in range(FIRST, LAST + 1):
    entry = power(q)
    assert 1 << 127 <= entry < 1 << 128
    print(f"    {{.high = 0x{entry >> 64:016x}u, .low = 0x{entry & (1 << 64) - 1:016x}u}}, /* {q} */")
print("};")
print("/* clang-format on */")
