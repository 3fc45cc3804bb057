#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the UTF-8 sequence that a lead byte announces; 1 = it is none. */
static size_t announced(uint8_t lead)
{
    return lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1;
}

size_t cpl_text_mend(char *text, size_t length)
{
    size_t to = 0;
    for (size_t at = 0; at < length;) {
        size_t wanted = announced((uint8_t)text[at]), have = 1;
        while (have < wanted && at + have < length && ((uint8_t)text[at + have] & 0xC0) == 0x80)
            have++;
        bool cut = have < wanted;
        if (to != at && !cut)
            memmove(text + to, text + at, have);
        if (cut)
            text[to] = '?';
        to += cut ? 1 : have;
        at += have;
    }
    return to;
}

void cpl_text_vset(char *text, size_t size, const char *format, va_list args)
{
    if (vsnprintf(text, size, format, args) < 0)
        *text = 0;
    text[cpl_text_mend(text, strlen(text))] = 0;
}

void cpl_text_set(char *text, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    cpl_text_vset(text, size, format, args);
    va_end(args);
}

void cpl_text_escape(char *text, size_t size, const char *bytes)
{
    size_t at = 0;
    for (; *bytes && at + 5 <= size; bytes++) {
        uint8_t c = (uint8_t)*bytes;
        at += (size_t)snprintf(text + at, size - at, c < 0x80 ? "%c" : "\\x%02X", c);
    }
    text[at] = 0;
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
