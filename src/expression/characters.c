#include "expression/characters.h"

size_t cpl_read_character(const uint8_t *at, size_t rest, uint32_t *code)
{
    uint8_t first = at[0];
    *code = first;
    if (first < 0x80)
        return 1;
    size_t n = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || rest < n)
        return 0;
    *code = first & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if (cpl_starts_character(at[i]))
            return 0;
        *code = *code << 6 | (at[i] & 0x3F);
    }
    bool overlong = (n == 3 && *code < 0x800) || (n == 4 && *code < 0x10000);
    bool beyond = *code > 0x10FFFF || (*code >= 0xD800 && *code < 0xE000);
    return overlong || beyond ? 0 : n;
}

size_t cpl_valid_characters(const uint8_t *text, size_t length)
{
    uint32_t code;
    size_t i = 0;
    for (size_t n; i < length; i += n)
        if (!(n = cpl_read_character(text + i, length - i, &code)))
            break;
    return i;
}
