/* Is it UTF-8? The portable answer, and the choice of a vector one. */
#include "decode/utf8.h"

#include "decode/stream.h"

#include <string.h>

enum { SHORT_TEXT = 64 }; /* below this the vector variants don't pay */

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Length of the well-formed sequence at p (Unicode, table 3-7), 0 when there is none. */
static size_t sequence(const uint8_t *p, size_t left)
{
    uint8_t lead = p[0];
    if (lead < 0x80)
        return 1;
    if (lead < 0xC2 || lead > 0xF4 || left < 2 || !is_continuation(p[1]))
        return 0;
    if (lead < 0xE0)
        return 2;
    if (left < 3 || !is_continuation(p[2]))
        return 0;
    if (lead < 0xF0) {
        bool wrong = (lead == 0xE0 && p[1] < 0xA0) || (lead == 0xED && p[1] >= 0xA0);
        return wrong ? 0 : 3;
    }
    if (left < 4 || !is_continuation(p[3]))
        return 0;
    bool wrong = (lead == 0xF0 && p[1] < 0x90) || (lead == 0xF4 && p[1] >= 0x90);
    return wrong ? 0 : 4;
}

bool cpl_utf8_valid_portable(const uint8_t *data, size_t size)
{
    size_t i = 0;
    while (i < size) {
        uint64_t word;
        while (size - i >= sizeof word) {
            memcpy(&word, data + i, sizeof word);
            if (word & UINT64_C(0x8080808080808080))
                break;
            i += sizeof word;
        }
        if (i == size)
            break;
        size_t length = sequence(data + i, size - i);
        if (!length)
            return false;
        i += length;
    }
    return true;
}

bool cpl_utf8_valid(const uint8_t *data, size_t size)
{
#if defined(__x86_64__)
    if (size >= SHORT_TEXT) {
        if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2"))
            return cpl_utf8_valid_avx512(data, size);
        if (__builtin_cpu_supports("avx2"))
            return cpl_utf8_valid_avx2(data, size);
    }
#endif
    return cpl_utf8_valid_portable(data, size);
}
