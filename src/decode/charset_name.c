/* Charset names: aliases, own converters first, ICU for the rest.
 *
 * Names are compared without case and punctuation: "utf8", "UTF-8" and "Utf_8" are one. */
#include "base/tree.h"
#include "decode/charset.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define X(name, ...) {name, {__VA_ARGS__}},
static const struct {
    const char *name;
    uint16_t upper[128];
} singles[] = {
#include "decode/charset_single.def"
};
#undef X

/* The other names under which own charsets come. */
static const struct {
    const char *alias, *name;
} aliases[] = {
    {"utf8", "UTF-8"},
    {"ascii", "UTF-8"},
    {"usascii", "UTF-8"},
    {"ansix341968", "UTF-8"},
    {"utf8bom", "UTF-8"},
    {"utf8sig", "UTF-8"},
    {"utf16le", "UTF-16LE"},
    {"utf16be", "UTF-16BE"},
    {"ucs2le", "UTF-16LE"},
    {"ucs2be", "UTF-16BE"},
    {"utf32le", "UTF-32LE"},
    {"utf32be", "UTF-32BE"},
    {"ucs4le", "UTF-32LE"},
    {"ucs4be", "UTF-32BE"},
    {"iso88591", "ISO-8859-1"},
    {"latin1", "ISO-8859-1"},
    {"l1", "ISO-8859-1"},
    {"latin2", "ISO-8859-2"},
    {"latin5", "ISO-8859-9"},
    {"latin9", "ISO-8859-15"},
    {"cp1250", "windows-1250"},
    {"cp1251", "windows-1251"},
    {"cp1252", "windows-1252"},
    {"ansi", "windows-1252"},
    {"cp1253", "windows-1253"},
    {"cp1254", "windows-1254"},
    {"cp1255", "windows-1255"},
    {"cp1256", "windows-1256"},
    {"cp1257", "windows-1257"},
    {"cp1258", "windows-1258"},
    {"cp874", "windows-874"},
    {"iso885911", "windows-874"},
    {"cp437", "IBM437"},
    {"cp850", "IBM850"},
    {"cp852", "IBM852"},
    {"cp855", "IBM855"},
    {"cp858", "IBM858"},
    {"cp866", "IBM866"},
    {"mac", "macintosh"},
    {"macroman", "macintosh"},
    {"maccyrillic", "x-mac-cyrillic"},
    {"maccentraleurope", "x-mac-ce"},
};

/* What else a user is likely to mean; for suggestions, and known to ICU. */
static const char *const by_icu[] = {"Shift_JIS", "windows-31j", "EUC-JP", "GB18030",
                                     "GBK",       "GB2312",      "Big5",   "Big5-HKSCS",
                                     "EUC-KR",    "windows-949", "EUC-TW", "IBM037"};

enum {
    MAX_NAME = 63,
    N_SINGLES = sizeof singles / sizeof *singles,
    N_BY_ICU = sizeof by_icu / sizeof *by_icu
};

static void fold(const char *name, char folded[MAX_NAME + 1])
{
    size_t n = 0;
    for (; *name && n < MAX_NAME; name++)
        if (isalnum((unsigned char)*name))
            folded[n++] = (char)tolower((unsigned char)*name);
    folded[n] = 0;
}

/* The name as IANA writes it, when it is one of ours, else as given. */
static const char *canonical(const char *name)
{
    char wanted[MAX_NAME + 1], have[MAX_NAME + 1];
    fold(name, wanted);
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (!strcmp(wanted, aliases[i].alias))
            return aliases[i].name;
    for (size_t i = 0; i < N_SINGLES; i++) {
        fold(singles[i].name, have);
        if (!strcmp(wanted, have))
            return singles[i].name;
    }
    return name;
}

bool cpl_charset_is_utf8(const char *name)
{
    return !strcmp(canonical(name), "UTF-8");
}

static bool open_own(const char *name, struct cpl_converter *converter)
{
    static const struct {
        const char *name;
        void (*open)(struct cpl_converter *converter, bool big_endian);
        bool big_endian;
    } wide[] = {{"UTF-16LE", cpl_converter_utf16, false},
                {"UTF-16BE", cpl_converter_utf16, true},
                {"UTF-32LE", cpl_converter_utf32, false},
                {"UTF-32BE", cpl_converter_utf32, true}};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (!strcmp(name, wide[i].name)) {
            wide[i].open(converter, wide[i].big_endian);
            return true;
        }
    if (!strcmp(name, "ISO-8859-1")) {
        cpl_converter_latin1(converter);
        return true;
    }
    for (size_t i = 0; i < N_SINGLES; i++)
        if (!strcmp(name, singles[i].name)) {
            cpl_converter_single(converter, singles[i].upper);
            return true;
        }
    return false;
}

static bool unknown(const char *charset, struct cpl_error *err)
{
    const char *candidates[N_SINGLES + N_BY_ICU + 7] = {"UTF-8",    "UTF-16LE", "UTF-16BE",
                                                        "UTF-32LE", "UTF-32BE", "ISO-8859-1"};
    size_t n = 6;
    for (size_t i = 0; i < N_SINGLES; i++)
        candidates[n++] = singles[i].name;
    for (size_t i = 0; i < N_BY_ICU; i++)
        candidates[n++] = by_icu[i];
    const char *nearest = cpl_nearest(charset, candidates);
    return cpl_fail(err, CPL_E_CONFIG,
                    "unknown charset \"%.60s\"; %s%s%stake a name from IANA's list, as UTF-8, "
                    "windows-1252 or Shift_JIS",
                    charset, nearest ? "did you mean " : "", nearest ? nearest : "",
                    nearest ? "? Else " : "");
}

static bool needs_byte_order(const char *name, struct cpl_error *err)
{
    char folded[MAX_NAME + 1];
    fold(name, folded);
    bool is_16 = !strcmp(folded, "utf16") || !strcmp(folded, "ucs2") ||
                 !strcmp(folded, "iso10646ucs2");
    bool is_32 = !strcmp(folded, "utf32") || !strcmp(folded, "ucs4") ||
                 !strcmp(folded, "iso10646ucs4");
    if (!is_16 && !is_32)
        return true;
    return cpl_fail(err, CPL_E_CONFIG, "charset %s leaves the byte order open: say %sLE or %sBE",
                    name, is_16 ? "UTF-16" : "UTF-32", is_16 ? "UTF-16" : "UTF-32");
}

bool cpl_converter_open(const char *charset, struct cpl_converter *converter, struct cpl_error *err)
{
    const char *name = canonical(charset);
    if (!needs_byte_order(charset, err))
        return false;
    if (open_own(name, converter))
        return true;
    struct cpl_error why = {0};
    if (cpl_converter_icu(converter, name, &why))
        return true;
    if (why.code == CPL_E_NOT_FOUND)
        return unknown(charset, err);
    if (err)
        *err = why;
    return false;
}

void cpl_converter_close(struct cpl_converter *converter)
{
    if (converter->close)
        converter->close(converter);
    *converter = (struct cpl_converter){0};
}

bool cpl_charset_check(const char *name, struct cpl_error *err)
{
    struct cpl_converter converter = {0};
    if (cpl_charset_is_utf8(name))
        return true;
    if (!cpl_converter_open(name, &converter, err))
        return false;
    cpl_converter_close(&converter);
    return true;
}
