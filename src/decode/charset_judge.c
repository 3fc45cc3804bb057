/* A second opinion on a guessed charset: does the text that it gives look like text?
 *
 * The detector knows how often letters come in some languages, and is at a loss with the few names and words of a table. A wrong charset
 * betrays itself in other ways: control characters and private-use ones; signs and capital letters inside words (M³ller, MÆller); letters
 * of two scripts in one word; Chinese, Japanese or Korean characters that hardly any text has, or between small Latin letters. The
 * share of such oddities is compared: where another charset has far fewer, it is taken; where none has few, people are told.
 *
 * Threads: any. Without memory the guess stays as it is. */
#include "decode/charset.h"

#include <stdio.h>
#include <string.h>

enum {
    JUDGED_BYTES = 32 << 10,
    FEW = 8,        /* characters that prove little */
    BAD_WEIGHT = 4, /* of what no text has, against what looks odd */
    TOLERATED = 8   /* one oddity among so many characters is ordinary */
};

struct oddity {
    uint32_t text, odd; /* characters beyond ASCII; weighted oddities among them */
};

/* ---- characters ---- */

enum kind {
    OTHER,
    BLANK,
    SMALL,
    CAPITAL,
    SMALL_FOREIGN, /* Greek, Cyrillic */
    CAPITAL_FOREIGN,
    CASELESS, /* Hebrew, Arabic, Thai */
    WIDE,     /* Han, kana, Hangul */
    HALF,     /* half-width katakana */
    SIGN,     /* touches no word */
    OPENING,  /* ¡ ¿: in front of words */
    CLOSING,  /* ® ™ ²: not in front of small letters */
    EDGE,     /* quotes: at words, but in none */
    MARK,     /* dashes, apostrophe: anywhere */
    BAD
};

struct span {
    uint16_t from, to;
    enum kind kind;
};

/* In ascending order; gaps are OTHER. */
static const struct span spans[] = {{0x0080, 0x009F, BAD},
                                    {0x00A0, 0x00A0, BLANK},
                                    {0x00A1, 0x00A1, OPENING},
                                    {0x00A2, 0x00A3, SIGN},
                                    {0x00A4, 0x00A4, BAD},
                                    {0x00A5, 0x00A6, SIGN},
                                    {0x00A7, 0x00A7, EDGE},
                                    {0x00A8, 0x00A8, SIGN},
                                    {0x00A9, 0x00AA, CLOSING},
                                    {0x00AB, 0x00AB, EDGE},
                                    {0x00AC, 0x00AC, SIGN},
                                    {0x00AD, 0x00AD, MARK},
                                    {0x00AE, 0x00AE, CLOSING},
                                    {0x00AF, 0x00AF, SIGN},
                                    {0x00B0, 0x00B0, CLOSING},
                                    {0x00B1, 0x00B1, SIGN},
                                    {0x00B2, 0x00B2, CLOSING},
                                    {0x00B3, 0x00B4, SIGN},
                                    {0x00B5, 0x00B5, MARK},
                                    {0x00B6, 0x00B6, SIGN},
                                    {0x00B7, 0x00B7, MARK},
                                    {0x00B8, 0x00B9, SIGN},
                                    {0x00BA, 0x00BA, CLOSING},
                                    {0x00BB, 0x00BB, EDGE},
                                    {0x00BC, 0x00BE, SIGN},
                                    {0x00BF, 0x00BF, OPENING},
                                    {0x00C0, 0x00D6, CAPITAL},
                                    {0x00D7, 0x00D7, SIGN},
                                    {0x00D8, 0x00DE, CAPITAL},
                                    {0x00DF, 0x00F6, SMALL},
                                    {0x00F7, 0x00F7, SIGN},
                                    {0x00F8, 0x00FF, SMALL},
                                    {0x0192, 0x0192, SIGN},
                                    {0x02C6, 0x02DD, SIGN},
                                    {0x0386, 0x03AB, CAPITAL_FOREIGN},
                                    {0x03AC, 0x03CE, SMALL_FOREIGN},
                                    {0x0400, 0x042F, CAPITAL_FOREIGN},
                                    {0x0430, 0x045F, SMALL_FOREIGN},
                                    {0x05D0, 0x05F4, CASELESS},
                                    {0x060C, 0x06D5, CASELESS},
                                    {0x0E01, 0x0E5B, CASELESS},
                                    {0x1E00, 0x1EFF, SMALL},
                                    {0x2010, 0x2015, MARK},
                                    {0x2018, 0x2018, EDGE},
                                    {0x2019, 0x2019, MARK},
                                    {0x201A, 0x201A, OPENING},
                                    {0x201B, 0x201D, EDGE},
                                    {0x201E, 0x201E, OPENING},
                                    {0x2020, 0x2022, SIGN},
                                    {0x2026, 0x2026, EDGE},
                                    {0x2030, 0x2030, SIGN},
                                    {0x2039, 0x203A, EDGE},
                                    {0x20AC, 0x20AC, EDGE},
                                    {0x2122, 0x2122, CLOSING},
                                    {0x2200, 0x22FF, SIGN},
                                    {0x2500, 0x25A0, BAD},
                                    {0x3041, 0x30FF, WIDE},
                                    {0x3105, 0x312F, BAD},
                                    {0x3400, 0x4DBF, BAD},
                                    {0x4E00, 0x9FFF, WIDE},
                                    {0xAC00, 0xD7A3, WIDE},
                                    {0xE000, 0xF8FF, BAD},
                                    {0xFF61, 0xFF9F, HALF},
                                    {0xFFF0, 0xFFFF, BAD}};

/* Latin Extended-A: capital and small letters by turns. */
static enum kind latin_a(uint32_t c)
{
    bool odd_is_capital = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
    return c == 0x178 || (c & 1) == odd_is_capital ? CAPITAL : SMALL;
}

static enum kind kind_of(uint32_t c)
{
    if (c < 0x80)
        return c >= 'a' && c <= 'z' ? SMALL : c >= 'A' && c <= 'Z' ? CAPITAL : OTHER;
    if (c >= 0x100 && c <= 0x17F)
        return latin_a(c);
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
        if (c <= spans[i].to)
            return c >= spans[i].from ? spans[i].kind : OTHER;
    return OTHER;
}

static bool is_latin(enum kind kind)
{
    return kind == SMALL || kind == CAPITAL;
}

static bool is_foreign(enum kind kind)
{
    return kind == SMALL_FOREIGN || kind == CAPITAL_FOREIGN || kind == CASELESS;
}

static bool is_letter(enum kind kind)
{
    return is_latin(kind) || is_foreign(kind);
}

static bool is_odd(enum kind kind, enum kind before, enum kind behind)
{
    switch (kind) {
    case SIGN:
        return is_letter(before) || is_letter(behind);
    case OPENING:
        return is_letter(before);
    case CLOSING:
        return behind == SMALL;
    case EDGE:
        return is_letter(before) && is_letter(behind);
    case CAPITAL:
        return before == SMALL || is_foreign(before) || is_foreign(behind);
    case CAPITAL_FOREIGN:
        return before == SMALL_FOREIGN || is_latin(before) || is_latin(behind);
    case SMALL:
        return (before == CAPITAL && behind == CAPITAL) || is_foreign(before) || is_foreign(behind);
    case SMALL_FOREIGN:
    case CASELESS:
        return is_latin(before) || is_latin(behind);
    case WIDE:
        return before == SMALL || behind == SMALL;
    case HALF:
        return before != HALF && behind != HALF;
    default:
        return false;
    }
}

/* ---- texts ---- */

/* One code point of what a converter made; 0xFF stands for a byte that the charset lacks. */
static uint32_t take(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *p = *at;
    size_t length = *p < 0xC0 || *p == 0xFF ? 1 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : 4;
    if ((size_t)(end - p) < length)
        length = (size_t)(end - p);
    *at += length;
    if (length == 1)
        return *p < 0x80 ? *p : 0xFFFF;
    uint32_t code = *p & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++)
        code = code << 6 | (p[i] & 0x3F);
    return code;
}

static struct oddity look(const uint8_t *text, size_t size)
{
    struct oddity found = {0};
    const uint8_t *at = text, *end = text + size;
    enum kind before = OTHER;
    uint32_t code = at < end ? take(&at, end) : 0;
    for (bool more = size > 0; more;) {
        more = at < end;
        uint32_t next = more ? take(&at, end) : 0;
        enum kind kind = kind_of(code), behind = kind_of(next);
        if (code >= 0x80) {
            found.text++;
            found.odd += kind == BAD ? BAD_WEIGHT : is_odd(kind, before, behind);
        }
        before = kind;
        code = next;
    }
    return found;
}

/* The charsets of two bytes a character have the usual ones together, under these first bytes. */
struct usual {
    const char *charset;
    uint8_t from, to;   /* usual characters */
    uint8_t signs_from; /* punctuation, kana: up to `from`, too */
    uint8_t least_trail;
};
static const struct usual usuals[] = {{"GB18030", 0xB0, 0xD7, 0xA1, 0xA1},
                                      {"Big5", 0xA4, 0xC6, 0xA1, 0x40},
                                      {"windows-949", 0xB0, 0xC8, 0xA1, 0xA1},
                                      {"EUC-JP", 0xB0, 0xCF, 0xA1, 0xA1},
                                      {"windows-31j", 0x88, 0x98, 0x81, 0x40}};

/* Characters that hardly any text has, by their first bytes. */
static uint32_t count_rare(const char *charset, const uint8_t *bytes, size_t size)
{
    const struct usual *usual = NULL;
    uint32_t rare = 0;
    for (size_t i = 0; i < sizeof usuals / sizeof *usuals; i++)
        if (!strcmp(usuals[i].charset, charset))
            usual = &usuals[i];
    for (size_t i = 0; usual && i + 1 < size; i++) {
        bool katakana = bytes[i] >= 0xA1 && bytes[i] <= 0xDF && usual->from == 0x88;
        if (bytes[i] < 0x80 || katakana)
            continue;
        rare += bytes[i] < usual->signs_from || bytes[i] > usual->to ||
                bytes[i + 1] < usual->least_trail;
        i++;
    }
    return rare;
}

/* The lines that are not ASCII, whole but for the last. */
static size_t gather(const uint8_t *head, size_t size, uint8_t *lines)
{
    size_t kept = 0, start = 0;
    for (size_t i = 0; i < size && kept < JUDGED_BYTES; i++) {
        bool ends = head[i] == '\n' || head[i] == '\r' || i + 1 == size;
        if (!ends)
            continue;
        size_t length = i + 1 - start, room = JUDGED_BYTES - kept;
        bool high = false;
        for (size_t k = start; k <= i && !high; k++)
            high = head[k] >= 0x80;
        length = !high ? 0 : length < room ? length : room;
        memcpy(lines + kept, head + start, length);
        kept += length;
        start = i + 1;
    }
    return kept;
}

/* `text` has room for four times the bytes. */
static bool judge(const char *charset, const uint8_t *bytes, size_t size, uint8_t *text,
                  struct oddity *found)
{
    struct cpl_converter converter;
    struct cpl_convert_io io = {
        .in = bytes, .in_size = size, .out = text, .out_size = 4 * size, .last = true};
    if (!cpl_converter_open(charset, &converter, NULL))
        return false;
    bool ok = converter.convert(&converter, &io, NULL);
    cpl_converter_close(&converter);
    *found = look(text, 4 * size - io.out_size);
    found->odd += count_rare(charset, bytes, size);
    return ok && !io.in_size;
}

/* ---- the choice ---- */

static bool is_tolerable(struct oddity found)
{
    return (uint64_t)found.odd * TOLERATED <= found.text;
}

static bool is_less_odd(struct oddity a, struct oddity b)
{
    return (uint64_t)a.odd * b.text < (uint64_t)b.odd * a.text;
}

/* The likelier ones first: of two that look alike, the first is taken. */
static const char *const candidates[] = {
    "windows-1252", "windows-1250", "ISO-8859-15",  "ISO-8859-2",   "IBM850",
    "IBM437",       "IBM852",       "macintosh",    "x-mac-ce",     "windows-1251",
    "IBM866",       "KOI8-R",       "windows-1253", "windows-1254", "windows-1257",
    "GB18030",      "Big5",         "windows-31j",  "EUC-JP",       "windows-949"};

struct choice {
    char name[32];
    struct oddity found;
};

static void find_better(const uint8_t *bytes, size_t size, uint8_t *text, struct choice *choice)
{
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        struct oddity other;
        if (!judge(candidates[i], bytes, size, text, &other) || !other.text ||
            !is_tolerable(other) || !is_less_odd(other, choice->found))
            continue;
        choice->found = other;
        snprintf(choice->name, sizeof choice->name, "%s", candidates[i]);
    }
}

/* What the detector says of a few Western names is often a rare relative that has other letters in few places. */
static void prefer_usual(const uint8_t *bytes, size_t size, uint8_t *text, struct choice *choice)
{
    static const char western[] = "windows-1252";
    static const struct {
        const char *rare, *usual;
    } pairs[] = {{"x-mac-ce", "macintosh"}, {"ISO-8859-3", western},  {"ISO-8859-4", western},
                 {"ISO-8859-10", western},  {"ISO-8859-14", western}, {"ISO-8859-16", western}};
    struct oddity usual;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (!strcmp(choice->name, pairs[i].rare) &&
            judge(pairs[i].usual, bytes, size, text, &usual) &&
            !is_less_odd(choice->found, usual)) {
            choice->found = usual;
            snprintf(choice->name, sizeof choice->name, "%s", pairs[i].usual);
            return;
        }
}

/* What most files are that are no UTF-8, and nothing speaks against it. */
static bool is_ordinary(const struct choice *choice)
{
    return !strcmp(choice->name, "windows-1252") && !choice->found.odd;
}

void cpl_charset_judge(const uint8_t *head, size_t size, struct cpl_charset_guess *guess)
{
    struct choice choice = {0};
    uint8_t *lines = cpl_alloc(5 * JUDGED_BYTES, NULL);
    if (!lines)
        return;
    uint8_t *text = lines + JUDGED_BYTES;
    size_t kept = gather(head, size, lines);
    snprintf(choice.name, sizeof choice.name, "%s", guess->name);
    if (!kept || !judge(choice.name, lines, kept, text, &choice.found))
        goto out;
    bool odd = !is_tolerable(choice.found), few = choice.found.text < FEW;
    if (odd)
        find_better(lines, kept, text, &choice);
    else
        prefer_usual(lines, kept, text, &choice);
    guess->doubtful = !is_ordinary(&choice) &&
                      (odd || few || strcmp(choice.name, guess->name) != 0);
    memcpy(guess->name, choice.name, sizeof guess->name);
out:
    cpl_free(lines);
}
