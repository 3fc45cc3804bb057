/* 128 significant bits of the powers of ten that doubles need; the table is written by
 * tools/powers_of_ten.py. */
#pragma once
#include <stdint.h>

enum { CPL_POWER_FIRST = -342, CPL_POWER_LAST = 342 };

/* 10^q = (high·2^64 + low) · 2^(cpl_power_log2(q) - 127), cut off beyond 128 bits (exact for 0 ≤ q
 * ≤ 55, rounded up for -27 ≤ q < 0). */
struct cpl_power_of_ten {
    uint64_t high, low;
};
extern const struct cpl_power_of_ten cpl_powers_of_ten[CPL_POWER_LAST - CPL_POWER_FIRST + 1];

static inline struct cpl_power_of_ten cpl_power_of_ten(int q)
{
    return cpl_powers_of_ten[q - CPL_POWER_FIRST];
}
/* floor(log2(10^q)) for |q| ≤ 1200. */
static inline int cpl_power_log2(int q)
{
    return (q * 1741647) >> 19;
}
