#include "base/plural.h"

#include <stdio.h>

const char *cpl_grouped(uint64_t n, char text[CPL_COUNT_TEXT])
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n), at = 0;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = 0;
    return text;
}

const char *cpl_counted(uint64_t n, const char *noun, char text[CPL_COUNTED_TEXT])
{
    char count[CPL_COUNT_TEXT];
    snprintf(text, CPL_COUNTED_TEXT, "%s %.28s%s", cpl_grouped(n, count), noun, n == 1 ? "" : "s");
    return text;
}

const char *cpl_were(uint64_t n)
{
    return n == 1 ? "was" : "were";
}

const char *cpl_are(uint64_t n)
{
    return n == 1 ? "is" : "are";
}
