/* Booleans and UUIDs. */
#include "format/text_fast.h"
#include "format/text_scan.h"

#include <string.h>

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool is_word(const uint8_t *text, size_t length, const char *word, bool any_case)
{
    if (strlen(word) != length)
        return false;
    if (!any_case)
        return memcmp(text, word, length) == 0;
    for (size_t i = 0; i < length; i++)
        if (lower(text[i]) != lower((uint8_t)word[i]))
            return false;
    return true;
}

static bool among(const uint8_t *text, size_t length, const char *const *words)
{
    for (; words && *words; words++)
        if (is_word(text, length, *words, false))
            return true;
    return false;
}

enum cpl_text_result cpl_parse_bool(const uint8_t *text, size_t length,
                                    const struct cpl_text_style *style, bool *value)
{
    cpl_trim(&text, &length);
    bool yes = style && style->true_words ? among(text, length, style->true_words)
                                          : is_word(text, length, "true", true);
    bool no = style && style->false_words ? among(text, length, style->false_words)
                                          : is_word(text, length, "false", true);
    *value = yes;
    return yes != no ? CPL_TEXT_EXACT : CPL_TEXT_NO;
}

/* Value of a hex digit, or 0xFF. */
static unsigned hex_digit(uint8_t c, bool lower_only)
{
    if (cpl_is_digit(c))
        return c - (unsigned)'0';
    if (c >= 'a' && c <= 'f')
        return c - (unsigned)'a' + 10;
    return !lower_only && c >= 'A' && c <= 'F' ? c - (unsigned)'A' + 10 : 0xFFu;
}

enum cpl_text_result cpl_parse_uuid(const uint8_t *text, size_t length, bool lower_only,
                                    uint8_t value[16])
{
    if (cpl_fast_uuid(text, length, value))
        return CPL_TEXT_EXACT;
    cpl_trim(&text, &length);
    if (length != 36)
        return CPL_TEXT_NO;
    const uint8_t *at = text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            if (*at++ != '-')
                return CPL_TEXT_NO;
        unsigned high = hex_digit(at[0], lower_only), low = hex_digit(at[1], lower_only);
        if ((high | low) > 15)
            return CPL_TEXT_NO;
        value[i] = (uint8_t)(high << 4 | low);
        at += 2;
    }
    return CPL_TEXT_EXACT;
}
