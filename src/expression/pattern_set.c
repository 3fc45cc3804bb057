/* Sets of characters: classes, escapes, POSIX names, case. */
#include "expression/pattern_tree.h"

#include <stdlib.h>
#include <string.h>

void pattern_set_add(struct pattern_set *set, uint32_t low, uint32_t high)
{
    struct pattern_range *last = set->n ? &set->ranges[set->n - 1] : NULL;
    if (last && low >= last->low && low <= last->high + 1) {
        if (high > last->high)
            last->high = high;
        return;
    }
    if (set->n == PATTERN_RANGES) {
        set->full = true;
        return;
    }
    set->ranges[set->n++] = (struct pattern_range){.low = low, .high = high};
}

static int by_low(const void *a, const void *b)
{
    const struct pattern_range *x = a, *y = b;
    return (x->low > y->low) - (x->low < y->low);
}

void pattern_set_normalise(struct pattern_set *set)
{
    uint32_t n = set->n;
    qsort(set->ranges, n, sizeof *set->ranges, by_low);
    set->n = 0; /* never more behind than in front: adding merges */
    for (uint32_t i = 0; i < n; i++)
        pattern_set_add(set, set->ranges[i].low, set->ranges[i].high);
}

void pattern_set_invert(struct pattern_set *set)
{
    uint32_t n = set->n, next = 0, kept = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct pattern_range range = set->ranges[i];
        if (range.low > next)
            set->ranges[kept++] = (struct pattern_range){.low = next, .high = range.low - 1};
        next = range.high + 1;
    }
    set->n = kept;
    if (next <= PATTERN_LAST_CHARACTER)
        pattern_set_add(set, next, PATTERN_LAST_CHARACTER);
}

/* ---- case ---- */

/* Pairs of neighbours in Latin Extended-A: the first of each pair is at an even distance from .low. */
static const struct pattern_range neighbours[] = {{.low = 0x100, .high = 0x12F},
                                                  {.low = 0x132, .high = 0x137},
                                                  {.low = 0x139, .high = 0x148},
                                                  {.low = 0x14A, .high = 0x177},
                                                  {.low = 0x179, .high = 0x17E}};
/* Without case, wherever in it: CJK's punctuation, kana, ideographs; hangul. */
static const struct pattern_range caseless[] = {
    {.low = 0x2E80, .high = 0xA48F}, {.low = 0xAC00, .high = 0xD7A3}, {.low = 0xA0, .high = 0xB4}};

static bool in_ranges(const struct pattern_range *ranges, size_t n, uint32_t low, uint32_t high)
{
    for (size_t i = 0; i < n; i++)
        if (low >= ranges[i].low && high <= ranges[i].high)
            return true;
    return false;
}

static bool is_lower(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 0xE0 && c <= 0xFE && c != 0xF7);
}

/* Those of Latin-1 with a partner further away. */
static bool add_distant_case(struct pattern_set *set, uint32_t c)
{
    switch (c) {
    case 0xB5: /* micro: the Greek mu */
        pattern_set_add(set, 0x39C, 0x39C);
        pattern_set_add(set, 0x3BC, 0x3BC);
        return true;
    case 0xDF: /* sharp s */
        pattern_set_add(set, 0x1E9E, 0x1E9E);
        return true;
    case 0xFF: /* y with diaeresis */
        pattern_set_add(set, 0x178, 0x178);
        return true;
    default:
        return false;
    }
}

/* Characters below U+0180, but for those of which the case is a matter of language. */
static bool add_case(struct pattern_set *set, uint32_t c)
{
    if (add_distant_case(set, c))
        return true;
    bool upper = (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7);
    uint32_t lower = upper ? c + 32 : c;
    if (is_lower(lower)) {
        pattern_set_add(set, lower - 32, lower - 32);
        pattern_set_add(set, lower, lower);
        if (lower == 'k')
            pattern_set_add(set, 0x212A, 0x212A); /* the sign of Kelvin */
        if (lower == 's')
            pattern_set_add(set, 0x17F, 0x17F); /* long s */
        if (lower == 0xE5)
            pattern_set_add(set, 0x212B, 0x212B); /* the sign of Ångström */
        return true;
    }
    if (c < 0x100)
        return true;
    for (size_t i = 0; i < sizeof neighbours / sizeof *neighbours; i++)
        if (c >= neighbours[i].low && c <= neighbours[i].high) {
            uint32_t first = c - ((c - neighbours[i].low) & 1);
            pattern_set_add(set, first, first + 1);
            return true;
        }
    return false;
}

bool pattern_set_add_cases(struct pattern_set *set, uint32_t low, uint32_t high)
{
    if (in_ranges(caseless, sizeof caseless / sizeof *caseless, low, high))
        return true;
    if (high > 0x17F)
        return false;
    for (uint32_t c = low; c <= high; c++)
        if (!add_case(set, c))
            return false;
    return true;
}

/* ---- names of sets ---- */

struct named_set {
    const char *name;
    struct pattern_range ranges[5]; /* those with .high 0 are unused; U+0000 itself is in {0, 31} */
};

static const struct named_set escapes[] = {
    {.name = "d", .ranges = {{'0', '9'}}},
    {.name = "w", .ranges = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
    {.name = "s", .ranges = {{'\t', '\r'}, {' ', ' '}}},
    {.name = "v", .ranges = {{'\n', '\r'}, {0x85, 0x85}, {0x2028, 0x2029}}},
};
static const struct named_set posix[] = {
    {.name = "alpha", .ranges = {{'A', 'Z'}, {'a', 'z'}}},
    {.name = "lower", .ranges = {{'a', 'z'}}},
    {.name = "upper", .ranges = {{'A', 'Z'}}},
    {.name = "alnum", .ranges = {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
    {.name = "ascii", .ranges = {{0, 127}}},
    {.name = "blank", .ranges = {{'\t', '\t'}, {' ', ' '}}},
    {.name = "cntrl", .ranges = {{0, 31}, {127, 127}}},
    {.name = "digit", .ranges = {{'0', '9'}}},
    {.name = "graph", .ranges = {{'!', '~'}}},
    {.name = "print", .ranges = {{' ', '~'}}},
    {.name = "punct", .ranges = {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
    {.name = "space", .ranges = {{'\t', '\r'}, {' ', ' '}}},
    {.name = "word", .ranges = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
    {.name = "xdigit", .ranges = {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
};

static bool add_named(struct pattern_set *set, const struct named_set *table, size_t n,
                      const char *name, size_t length, bool negated)
{
    for (size_t i = 0; i < n; i++) {
        if (strlen(table[i].name) != length || memcmp(table[i].name, name, length) != 0)
            continue;
        uint32_t next = 0;
        for (size_t k = 0; k < 5 && table[i].ranges[k].high; k++) {
            struct pattern_range range = table[i].ranges[k];
            if (!negated)
                pattern_set_add(set, range.low, range.high);
            else if (range.low > next)
                pattern_set_add(set, next, range.low - 1);
            next = range.high + 1;
        }
        if (negated)
            pattern_set_add(set, next, PATTERN_LAST_CHARACTER);
        return true;
    }
    return false;
}

/* \h: too many ranges for the table. */
static const struct pattern_range horizontal[] = {
    {'\t', '\t'},     {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680}, {0x180E, 0x180E},
    {0x2000, 0x200A}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};

static void add_horizontal(struct pattern_set *set, bool negated)
{
    uint32_t next = 0;
    for (size_t i = 0; i < sizeof horizontal / sizeof *horizontal; i++) {
        if (negated)
            pattern_set_add(set, next, horizontal[i].low - 1);
        else
            pattern_set_add(set, horizontal[i].low, horizontal[i].high);
        next = horizontal[i].high + 1;
    }
    if (negated)
        pattern_set_add(set, next, PATTERN_LAST_CHARACTER);
}

bool pattern_set_add_escape(struct pattern_set *set, char letter)
{
    bool negated = letter >= 'A' && letter <= 'Z';
    char lower = negated ? (char)(letter + 32) : letter;
    if (letter == 'N') {
        pattern_set_add(set, 0, '\n' - 1);
        pattern_set_add(set, '\n' + 1, PATTERN_LAST_CHARACTER);
        return true;
    }
    if (lower == 'h') {
        add_horizontal(set, negated);
        return true;
    }
    return add_named(set, escapes, sizeof escapes / sizeof *escapes, &lower, 1, negated);
}

bool pattern_set_add_posix(struct pattern_set *set, const char *name, size_t length, bool negated,
                           bool ignore_case)
{
    if (ignore_case && length == 5 && (!memcmp(name, "upper", 5) || !memcmp(name, "lower", 5)))
        name = "alpha";
    return add_named(set, posix, sizeof posix / sizeof *posix, name, length, negated);
}
