#include "decode/csv_stray.h"
#include "decode/csv_decoder.h"
#include "format/text_scan.h"

#include <string.h>

enum { FEW = 10 }; /* one in so many; or a single one among several */

static const uint32_t text_family = CPL_CSV_FAMILIES - 1;

static uint32_t family_of(enum cpl_text_class class)
{
    switch (class) {
    case CPL_CLASS_INT:
    case CPL_CLASS_DECIMAL:
    case CPL_CLASS_DOUBLE:
        return 0;
    case CPL_CLASS_BOOL:
        return 1;
    case CPL_CLASS_DATE:
        return 2;
    case CPL_CLASS_TIME:
        return 3;
    case CPL_CLASS_TIMESTAMP:
        return 4;
    case CPL_CLASS_TIMESTAMP_UTC:
        return 5;
    case CPL_CLASS_UUID:
        return 6;
    default:
        return text_family;
    }
}

void cpl_csv_count_family(struct cpl_csv_families *families, enum cpl_text_class class)
{
    families->counts[family_of(class)]++;
}

/* The family of nearly all values, unless that is text. */
static bool usual_family(const struct cpl_csv_families *families, uint32_t *family)
{
    uint64_t seen = 0;
    *family = 0;
    for (uint32_t i = 0; i < CPL_CSV_FAMILIES; i++) {
        seen += families->counts[i];
        if (families->counts[i] > families->counts[*family])
            *family = i;
    }
    uint64_t others = seen - families->counts[*family];
    return *family != text_family && others && (others * FEW <= seen || (others == 1 && seen > 2));
}

uint32_t cpl_csv_choose_strays(const struct cpl_text_facts *facts,
                               const struct cpl_csv_families *families, uint32_t n,
                               struct cpl_csv_stray *strays)
{
    uint32_t chosen = 0, family;
    for (uint32_t c = 0; c < n && chosen < CPL_CSV_MOST_STRAYS; c++)
        if (facts[c].class == CPL_CLASS_STRING && usual_family(&families[c], &family))
            strays[chosen++] = (struct cpl_csv_stray){.column = c, .family = family};
    return chosen;
}

static bool is_code(const uint8_t *text, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        if (!cpl_is_digit(text[i]))
            return false;
    return length > 1 && *text == '0';
}

bool cpl_csv_note_stray(struct cpl_csv_stray *stray, struct cpl_text_facts facts,
                        const uint8_t *text, uint32_t length, size_t sample)
{
    if (family_of(facts.class) == stray->family) {
        stray->facts = cpl_text_join(stray->facts, facts);
        return false;
    }
    if (stray->found)
        return false;
    stray->found = true;
    stray->sample = sample;
    stray->code = is_code(text, length);
    cpl_csv_quote_cell(text, length, stray->value);
    return true;
}

bool cpl_csv_keep_stray(const struct cpl_csv_stray *stray, bool decimals, struct cpl_arena *arena,
                        struct cpl_stray *kept, struct cpl_error *err)
{
    struct cpl_type type = cpl_text_type(stray->facts, decimals);
    if (!stray->found || stray->code || type.kind == CPL_STRING)
        return true;
    *kept = (struct cpl_stray){
        .type = type, .line = stray->line, .position = stray->position, .source = stray->sample};
    kept->value = cpl_arena_strndup(arena, stray->value, strlen(stray->value), err);
    return kept->value != NULL;
}
