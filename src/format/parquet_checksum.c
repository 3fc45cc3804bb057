#include "format/parquet_checksum.h"

#include <string.h>

/* The key, the header of the next field (binary, one id on), the value's length. */
static const char before[] = CPL_PARQUET_CHECKSUM "\x18\x25xxh3:";
_Static_assert(CPL_PARQUET_CHECKSUM_TEXT == 0x25, "the length stands in the text above");

size_t cpl_parquet_checksum_place(const uint8_t *footer, size_t size)
{
    size_t n = sizeof before - 1;
    if (size < n + CPL_PARQUET_CHECKSUM_DIGITS)
        return SIZE_MAX;
    for (size_t at = size - n - CPL_PARQUET_CHECKSUM_DIGITS + 1; at-- > 0;)
        if (!memcmp(footer + at, before, n))
            return at + n;
    return SIZE_MAX;
}

static const char writer[] = "cupel version ";

static size_t alike(const uint8_t *bytes, const char *text, size_t n)
{
    size_t same = 0;
    for (size_t i = 0; i < n; i++)
        same += bytes[i] == (uint8_t)text[i];
    return same;
}

bool cpl_parquet_is_ours(const struct cpl_parquet_file_metadata *metadata)
{
    const struct cpl_bytes *name = &metadata->created_by;
    size_t n = sizeof writer - 1;
    return name->size >= n && alike(name->data, writer, n) >= 8;
}

/* One damaged byte may hide pair and name from a parser, but does not change how they lie: the pair, its end with
 * header and length of created_by (3 bytes), the name; behind that, no more than the orders of the columns. */
bool cpl_parquet_bytes_are_ours(const uint8_t *footer, size_t size)
{
    enum { BETWEEN = 3, TAIL = 1 << 20 };
    size_t pair = sizeof before - 1, name = sizeof writer - 1;
    size_t to_name = pair + CPL_PARQUET_CHECKSUM_DIGITS + BETWEEN, n = to_name + name;
    size_t first = size > TAIL ? size - TAIL : 0;
    for (size_t at = size < n ? 0 : size - n + 1; at-- > first;)
        if (alike(footer + at + to_name, writer, name) + alike(footer + at, before, pair) >=
            pair + name - 8)
            return true;
    return false;
}
