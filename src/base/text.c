#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the UTF-8 sequence that a lead byte announces; 1 = it is none. */
static size_t announced(uint8_t lead)
{
    return lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1;
}

void cpl_text_mend(char *text)
{
    char *to = text;
    for (const char *at = text; *at;) {
        size_t wanted = announced((uint8_t)*at), have = 1;
        while (have < wanted && ((uint8_t)at[have] & 0xC0) == 0x80)
            have++;
        bool cut = have > 1 ? have < wanted : wanted > 1;
        memmove(to, at, have);
        if (cut)
            *to = '?';
        to += cut ? 1 : have;
        at += have;
    }
    *to = 0;
}

void cpl_text_vset(char *text, size_t size, const char *format, va_list args)
{
    if (vsnprintf(text, size, format, args) < 0)
        *text = 0;
    cpl_text_mend(text);
}

void cpl_text_set(char *text, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    cpl_text_vset(text, size, format, args);
    va_end(args);
}

void cpl_text_printable(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        uint8_t c = (uint8_t)text[i], next = i + 1 < length ? (uint8_t)text[i + 1] : 0;
        if (c < 0x20 || c == 0x7f)
            text[i] = '?';
        else if (c == 0xC2 && next >= 0x80 && next < 0xA0)
            text[i] = text[i + 1] = '?';
    }
}
