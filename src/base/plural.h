/* Counts as people read them: "1 row", "12,345 rows". Threads: any. */
#pragma once
#include <stdint.h>

enum { CPL_COUNT_TEXT = 32 };
/* "12,345" into text, which is returned. */
const char *cpl_grouped(uint64_t n, char text[CPL_COUNT_TEXT]);
/* "12,345 rows", and "1 row", for the noun "row"; it is given back in a text of the caller's. */
enum { CPL_COUNTED_TEXT = 64 };
const char *cpl_counted(uint64_t n, const char *noun, char text[CPL_COUNTED_TEXT]);
/* The same in a text that lasts as long as the block which it stands in. */
#define CPL_COUNTED(n, noun) cpl_counted((n), (noun), (char[CPL_COUNTED_TEXT]){0})
/* The verbs behind them: "was" or "were", "is" or "are". */
const char *cpl_were(uint64_t n);
const char *cpl_are(uint64_t n);
