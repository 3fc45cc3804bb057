/* Guessing a charset from the head of an object.
 *
 *   BOM ─▶ zero bytes where UTF-16/32 would have them ─▶ valid UTF-8 ─▶ UTF-16 of few zeros ─▶
 * uchardet ─▶ does its text look like text? (charset_judge.c)
 *
 * Zero bytes come before UTF-8, since ASCII as UTF-16 is valid UTF-8 with NULs in it. That needs a
 * strong pattern (nearly all units of one parity, hardly any of the other), so that a CSV with some
 * NUL bytes stays UTF-8. uchardet sees 256 KiB at most: it costs some 20 ns a byte. */
#include "decode/charset.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <uchardet/uchardet.h>

enum { PATTERN_BYTES = 64 << 10, DETECTOR_BYTES = 256 << 10 };

static void say(struct cpl_charset_guess *guess, const char *name,
                enum cpl_charset_certainty certainty, size_t bom)
{
    snprintf(guess->name, sizeof guess->name, "%s", name);
    guess->certainty = certainty;
    guess->bom_length = (uint8_t)bom;
}

/* ---- byte order marks ---- */

static uint32_t code32(const uint8_t *p, bool big_endian)
{
    return big_endian ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
                      : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static bool all_utf32(const uint8_t *head, size_t size, bool big_endian)
{
    for (size_t i = 0; i + 4 <= size; i += 4) {
        uint32_t code = code32(head + i, big_endian);
        if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
            return false;
    }
    return size >= 4;
}

static bool guess_bom(const uint8_t *head, size_t size, struct cpl_charset_guess *guess)
{
    static const struct {
        const char *name, *bytes;
        size_t length;
    } marks[] = {{"UTF-32LE", "\xFF\xFE\0\0", 4}, /* before UTF-16LE, whose mark it begins with */
                 {"UTF-32BE", "\0\0\xFE\xFF", 4},   {"UTF-8", "\xEF\xBB\xBF", 3},
                 {"UTF-16LE", "\xFF\xFE", 2},       {"UTF-16BE", "\xFE\xFF", 2},
                 {"GB18030", "\x84\x31\x95\x33", 4}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (size < marks[i].length || memcmp(head, marks[i].bytes, marks[i].length))
            continue;
        if (!strcmp(marks[i].name, "UTF-32LE") && !all_utf32(head, size, false))
            continue; /* UTF-16LE that begins with a NUL */
        say(guess, marks[i].name, CPL_CHARSET_BOM, marks[i].length);
        return true;
    }
    return false;
}

/* ---- zero bytes ---- */

/* Is it UTF-16 without lone surrogates, control characters or non-characters that text doesn't
 * have? */
static bool plausible_utf16(const uint8_t *head, size_t size, bool big_endian)
{
    bool high = false;
    for (size_t i = 0; i + 2 <= size; i += 2) {
        uint32_t unit = (uint32_t)head[i + !big_endian] << 8 | head[i + big_endian];
        bool low = unit >= 0xDC00 && unit < 0xE000;
        if (low != high || unit >= 0xFFFE || (unit < 0x20 && !(unit >= 9 && unit <= 13)))
            return false;
        high = unit >= 0xD800 && unit < 0xDC00;
    }
    return true;
}

struct zeros {
    size_t at[4]; /* by position modulo 4 */
    size_t n;     /* whole groups of 4 */
};

static struct zeros count_zeros(const uint8_t *head, size_t size)
{
    struct zeros zeros = {.n = size / 4};
    for (size_t i = 0; i < zeros.n * 4; i++)
        zeros.at[i % 4] += head[i] == 0;
    return zeros;
}

static bool guess_zeros(const uint8_t *head, size_t size, bool strong,
                        struct cpl_charset_guess *guess)
{
    if (size > PATTERN_BYTES)
        size = PATTERN_BYTES;
    struct zeros zeros = count_zeros(head, size);
    size_t n = zeros.n;
    if (!n) { /* "a" as UTF-16 */
        bool little = size >= 2 && head[0] && !head[1], big = size >= 2 && !head[0] && head[1];
        if (little || big)
            say(guess, little ? "UTF-16LE" : "UTF-16BE", CPL_CHARSET_GUESS, 0);
        return little || big;
    }
    if (zeros.at[3] == n && zeros.at[2] >= n - n / 16 && all_utf32(head, size, false) &&
        zeros.at[0] < n) {
        say(guess, "UTF-32LE", CPL_CHARSET_GUESS, 0);
        return true;
    }
    if (zeros.at[0] == n && zeros.at[1] >= n - n / 16 && all_utf32(head, size, true) &&
        zeros.at[3] < n) {
        say(guess, "UTF-32BE", CPL_CHARSET_GUESS, 0);
        return true;
    }
    size_t even = zeros.at[0] + zeros.at[2], odd = zeros.at[1] + zeros.at[3];
    size_t many = strong ? n / 2 : n / 50; /* of 2n units */
    size_t ratio = strong ? 8 : 2;         /* U+4E00 has a zero too */
    if (odd > many && even <= odd / ratio && plausible_utf16(head, size, false)) {
        say(guess, "UTF-16LE", CPL_CHARSET_GUESS, 0);
        return true;
    }
    if (even > many && odd <= even / ratio && plausible_utf16(head, size, true)) {
        say(guess, "UTF-16BE", CPL_CHARSET_GUESS, 0);
        return true;
    }
    return false;
}

/* Cyrillic, Greek, Hebrew or Arabic as UTF-16 is full of bytes 03 to 06, and may be valid UTF-8. */
static bool many_controls(const uint8_t *head, size_t size)
{
    size_t n = 0;
    if (size > PATTERN_BYTES)
        size = PATTERN_BYTES;
    for (size_t i = 0; i < size; i++)
        n += head[i] >= 1 && head[i] <= 8;
    return n > size / 8;
}

/* ---- UTF-8 ---- */

/* Length without a character that the end cuts. */
static size_t without_cut(const uint8_t *head, size_t size)
{
    for (size_t back = 1; back <= 3 && back <= size; back++) {
        uint8_t byte = head[size - back];
        if (byte < 0x80)
            return size;
        if (byte >= 0xC0) {
            size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
            return length > back ? size - back : size;
        }
    }
    return size;
}

/* ---- the detector ---- */

static struct {
    void *library;
    __typeof__(&uchardet_new) create;
    __typeof__(&uchardet_delete) destroy;
    __typeof__(&uchardet_handle_data) handle;
    __typeof__(&uchardet_data_end) end;
    __typeof__(&uchardet_get_charset) charset;
} uchardet;

static bool symbol(const char *name, void *function)
{
    void *address = dlsym(uchardet.library, name);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

static void load(void)
{
    uchardet.library = dlopen("libuchardet.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!uchardet.library)
        return;
    bool whole = symbol("uchardet_new", &uchardet.create) &&
                 symbol("uchardet_delete", &uchardet.destroy) &&
                 symbol("uchardet_handle_data", &uchardet.handle) &&
                 symbol("uchardet_data_end", &uchardet.end) &&
                 symbol("uchardet_get_charset", &uchardet.charset);
    if (!whole)
        uchardet.library = NULL;
}

static void run_detector(const uint8_t *head, size_t size, char *name, size_t room)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    name[0] = 0;
    uchardet_t detector = uchardet.library ? uchardet.create() : NULL;
    if (!detector)
        return;
    if (!uchardet.handle(detector, (const char *)head, size)) {
        uchardet.end(detector);
        snprintf(name, room, "%s", uchardet.charset(detector));
    }
    uchardet.destroy(detector);
}

static void guess_by_detector(const uint8_t *head, size_t size, struct cpl_charset_guess *guess)
{
    /* uchardet's names as IANA has them, and what is meant by them in files of today */
    static const struct {
        const char *theirs, *name;
    } names[] = {{"SHIFT_JIS", "windows-31j"},       {"UHC", "windows-949"},
                 {"EUC-KR", "windows-949"},          {"BIG5", "Big5"},
                 {"MAC-CYRILLIC", "x-mac-cyrillic"}, {"MAC-CENTRALEUROPE", "x-mac-ce"},
                 {"ISO-8859-11", "windows-874"},     {"TIS-620", "windows-874"}};
    if (size > DETECTOR_BYTES)
        size = DETECTOR_BYTES;
    char theirs[64];
    run_detector(head, size, theirs, sizeof theirs);
    const char *name = theirs[0] ? theirs : "windows-1252";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(theirs, names[i].theirs))
            name = names[i].name;
    struct cpl_converter converter;
    /* windows-1252 is Latin-1 where that has characters: a euro sign behind the sample would else become a control character */
    bool latin = !strcmp(name, "ISO-8859-1") || !strcmp(name, "ASCII") || !strcmp(name, "UTF-8");
    if (latin)
        name = "windows-1252";
    else if (!cpl_converter_open(name, &converter, NULL))
        name = "windows-1252"; /* nothing that we could read */
    else
        cpl_converter_close(&converter);
    if (!strncmp(name, "WINDOWS-", 8))
        snprintf(guess->name, sizeof guess->name, "windows-%s", name + 8);
    else
        snprintf(guess->name, sizeof guess->name, "%.31s", name);
    guess->certainty = CPL_CHARSET_GUESS;
    cpl_charset_judge(head, size, guess);
}

/* Length of the valid UTF-8 sequence at `at`; 0 = none. Never reads behind `end`. */
static size_t sequence_length(const uint8_t *at, const uint8_t *end)
{
    size_t length = *at < 0xC2 ? 0 : *at < 0xE0 ? 2 : *at < 0xF0 ? 3 : *at < 0xF5 ? 4 : 0;
    if (!length || (size_t)(end - at) < length)
        return 0;
    return cpl_utf8_valid(at, length) ? length : 0;
}

/* A few broken bytes among many well-formed sequences, or one or two among as many: text of another charset hardly ever forms any. */
static bool mostly_utf8(const uint8_t *head, size_t size)
{
    const uint8_t *end = head + size;
    size_t good = 0, bad = 0;
    for (const uint8_t *at = head; at < end;) {
        size_t length = *at < 0x80 ? 1 : sequence_length(at, end);
        good += length > 1;
        bad += length == 0;
        at += length ? length : 1;
    }
    return (good >= 4 && good >= 4 * bad) || (bad <= 2 && good && good >= bad);
}

void cpl_charset_guess(const uint8_t *head, size_t size, bool whole,
                       struct cpl_charset_guess *guess)
{
    *guess = (struct cpl_charset_guess){0};
    if (guess_bom(head, size, guess))
        return;
    if (guess_zeros(head, size, !many_controls(head, size), guess))
        return;
    if (cpl_utf8_valid(head, whole ? size : without_cut(head, size))) {
        say(guess, "UTF-8", CPL_CHARSET_VALID_UTF8, 0);
        return;
    }
    if (guess_zeros(head, size, false, guess))
        return;
    if (mostly_utf8(head, size))
        say(guess, "UTF-8", CPL_CHARSET_GUESS, 0); /* the broken rows will be rejected */
    else
        guess_by_detector(head, size, guess);
}
