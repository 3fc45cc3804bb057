#include "decode/json_stray.h"

#include "decode/json.h"

#include "batch/schema.h"
#include "decode/utf8.h"

#include <string.h>

enum { VALUE_SHOWN = 60, FEW = 10 }; /* few: one in so many; or a single one among several */
enum family {
    FAMILY_BOOL,
    FAMILY_NUMBER,
    FAMILY_DATE,
    FAMILY_TIMESTAMP,
    FAMILY_INSTANT,
    FAMILY_UUID,
    FAMILY_STRING,
    FAMILY_CONTAINER
};
static const struct cpl_text_style plain_style;

void json_show(const uint8_t *at, const uint8_t *end, char out[JSON_SHOWN])
{
    size_t n = 0;
    for (; at < end && n < VALUE_SHOWN && *at != '\n'; at++)
        out[n++] = *at >= 0x20 && *at != 0x7F ? (char)*at : '?';
    while (n && n == VALUE_SHOWN && ((uint8_t)out[n - 1] & 0xC0) == 0x80)
        n--;
    if (n && (uint8_t)out[n - 1] >= 0xC0)
        n--;
    while (n && out[n - 1] == ' ')
        n--;
    if (!cpl_utf8_valid((const uint8_t *)out, n))
        for (size_t i = 0; i < n; i++)
            out[i] = (uint8_t)out[i] < 0x80 ? out[i] : '?';
    out[n] = 0;
}

/* ---- what a value is ---- */

static struct cpl_text_facts string_facts(struct json_lex *lex, const uint8_t *p)
{
    bool plain;
    const uint8_t *end = json_string(lex, p + 1, &plain);
    if (!end || !plain || end == p + 1 || end - p - 1 > CPL_TEXT_MAX)
        return (struct cpl_text_facts){.class = CPL_CLASS_STRING};
    return cpl_text_classify(p + 1, (size_t)(end - p - 1), &plain_style);
}

static struct cpl_text_facts number_facts(struct json_lex *lex, const uint8_t *p)
{
    bool integer;
    const uint8_t *end = json_number(lex, p, &integer);
    return end ? cpl_text_classify(p, (size_t)(end - p), &plain_style)
               : (struct cpl_text_facts){.class = CPL_CLASS_STRING};
}

static enum family string_family(enum cpl_text_class class)
{
    switch (class) {
    case CPL_CLASS_DATE:
        return FAMILY_DATE;
    case CPL_CLASS_TIMESTAMP:
        return FAMILY_TIMESTAMP;
    case CPL_CLASS_TIMESTAMP_UTC:
        return FAMILY_INSTANT;
    case CPL_CLASS_UUID:
        return FAMILY_UUID;
    default:
        return FAMILY_STRING;
    }
}

static enum family family_of(struct json_lex *lex, const uint8_t *p, struct cpl_text_facts *facts)
{
    *facts = (struct cpl_text_facts){0};
    switch (*p) {
    case '"':
        *facts = string_facts(lex, p);
        return string_family(facts->class);
    case '{':
    case '[':
        return FAMILY_CONTAINER;
    case 't':
    case 'f':
        return FAMILY_BOOL;
    default:
        *facts = number_facts(lex, p);
        return FAMILY_NUMBER;
    }
}

/* ---- in samples ---- */

bool json_may_have_strays(const struct json_shape *shape)
{
    uint8_t seen = shape->seen & (uint8_t)~JSON_SEEN_NULL;
    bool mixed = (seen & (seen - 1)) != 0 && !(seen & JSON_SEEN_ANY);
    return mixed || (seen == JSON_SEEN_STRING && shape->typed_strings);
}

static void look_at_value(struct json_strays *strays, struct json_candidate *candidate,
                          struct json_lex *lex, const uint8_t *p, const uint8_t *end)
{
    struct cpl_text_facts facts;
    if (*p == 'n')
        return;
    enum family which = family_of(lex, p, &facts);
    struct json_family *family =
        &candidate->families[*p == '"' && !strays->infer_strings ? FAMILY_STRING : which];
    family->facts = cpl_text_join(family->facts, facts);
    if (family->n++)
        return;
    family->sample = strays->sample;
    family->position = (uint64_t)(p - strays->text);
    for (const uint8_t *at = strays->text; (at = memchr(at, '\n', (size_t)(p - at))); at++)
        family->line++;
    json_show(p, end, family->value);
}

void json_look_at_row(struct json_strays *strays, struct json_lex *lex, const uint8_t *p)
{
    bool done, first = true, plain;
    if (*p != '{')
        return;
    for (p++; (p = json_next(lex, p, '}', first, &done)) && !done; first = false) {
        const uint8_t *key = p, *end = json_string(lex, p, &plain);
        p = end ? json_colon(lex, end + 1) : NULL;
        const uint8_t *behind = p ? json_skip(lex, p, 1) : NULL;
        if (!behind)
            return;
        for (uint32_t i = 0; plain && i < strays->n; i++)
            if (strays->items[i].length == (size_t)(end - key) &&
                !memcmp(strays->items[i].key, key, strays->items[i].length))
                look_at_value(strays, &strays->items[i], lex, p, behind);
        p = behind;
    }
}

/* That of nearly all values; JSON_FAMILIES = none, or no type comes of it. */
static unsigned usual_family(const struct json_candidate *candidate)
{
    uint64_t seen = 0, most = 0;
    unsigned usual = JSON_FAMILIES;
    for (unsigned f = 0; f < JSON_FAMILIES; f++) {
        seen += candidate->families[f].n;
        if (candidate->families[f].n > most) {
            most = candidate->families[f].n;
            usual = f;
        }
    }
    uint64_t others = seen - most;
    bool few = others && (others * FEW <= seen || (others == 1 && seen > 2));
    return few && usual != FAMILY_CONTAINER ? usual : JSON_FAMILIES;
}

static struct cpl_type type_of(unsigned family, struct cpl_text_facts facts, bool decimals)
{
    return family == FAMILY_BOOL     ? (struct cpl_type){.kind = CPL_BOOL}
           : family == FAMILY_STRING ? (struct cpl_type){.kind = CPL_STRING}
                                     : cpl_text_type(facts, decimals);
}

static bool stands_before(const struct json_family *a, const struct json_family *b)
{
    return a->sample < b->sample || (a->sample == b->sample && a->position < b->position);
}

bool json_keep_stray(const struct json_candidate *candidate, bool decimals, struct cpl_arena *arena,
                     struct cpl_stray *kept, struct cpl_error *err)
{
    unsigned usual = usual_family(candidate);
    const struct json_family *stray = NULL;
    if (usual == JSON_FAMILIES)
        return true;
    struct cpl_type type = type_of(usual, candidate->families[usual].facts, decimals);
    if (usual != FAMILY_STRING && type.kind == CPL_STRING)
        return true; /* numbers that no type of numbers gives back */
    for (unsigned f = 0; f < JSON_FAMILIES; f++) {
        const struct json_family *family = &candidate->families[f];
        if (f != usual && family->n && (!stray || stands_before(family, stray)))
            stray = family;
    }
    *kept = (struct cpl_stray){
        .type = type, .line = stray->line, .position = stray->position, .source = stray->sample};
    kept->value = cpl_arena_strndup(arena, stray->value, strlen(stray->value), err);
    return kept->value != NULL;
}

/* ---- behind them ---- */

static bool is_number(enum cpl_kind kind)
{
    return kind == CPL_DECIMAL || kind == CPL_F32 || kind == CPL_F64 ||
           (kind >= CPL_I8 && kind <= CPL_U64);
}

bool json_leaves_type(const struct cpl_type *type, struct cpl_text_facts facts,
                      struct json_lex *lex, const uint8_t *p)
{
    enum cpl_kind kind = type->kind;
    struct cpl_text_facts own;
    if (*p == 'n')
        return false;
    enum family family = family_of(lex, p, &own);
    bool joined = cpl_text_type(cpl_text_join(facts, own), true).kind != CPL_STRING;
    if (*p == '"')
        return kind != CPL_STRING &&
               !((kind == CPL_DATE || kind == CPL_TIMESTAMP || kind == CPL_UUID) && joined);
    if (kind == CPL_STRING && facts.class != CPL_CLASS_STRING)
        return false; /* it has no value yet */
    if (family == FAMILY_NUMBER)
        return !is_number(kind) || !joined;
    return *p == '{'   ? kind != CPL_STRUCT && kind != CPL_MAP
           : *p == '[' ? kind != CPL_LIST
                       : kind != CPL_BOOL;
}

/* What json_needs put behind each other: the values, and the shape. Views. */
bool json_split_need(const struct cpl_buffer *need, struct cpl_buffer *late,
                     struct cpl_buffer *shape, struct cpl_error *err)
{
    uint64_t size = 0;
    if (need->size >= sizeof size)
        memcpy(&size, need->data, sizeof size);
    if (need->size < sizeof size || size > need->size - sizeof size)
        return cpl_fail(err, CPL_E_CORRUPT, "what a split needed from the schema is cut off");
    *late = (struct cpl_buffer){.data = need->data + sizeof size, .size = (size_t)size};
    *shape = (struct cpl_buffer){.data = late->data + size,
                                 .size = need->size - sizeof size - (size_t)size};
    return true;
}

/* The first value that made a column json, or text, if that is what it is now. */
static bool keep_late(const struct cpl_decode_plan *plan, const struct json_late *late,
                      size_t source, const struct cpl_schema *schema,
                      struct cpl_column_plan *columns, struct cpl_error *err)
{
    struct cpl_json_settings *settings = plan->settings;
    if (late->column >= plan->schema->n_fields)
        return true;
    const struct cpl_field *was = &plan->schema->fields[late->column];
    int at = cpl_schema_find(schema, was->name);
    enum cpl_kind kind = at >= 0 ? schema->fields[at].type.kind : was->type.kind;
    bool none_else = kind == CPL_JSON || kind == CPL_STRING;
    if (at < 0 || !columns[at].inferred || columns[at].stray.value || !none_else ||
        kind == was->type.kind)
        return true;
    struct cpl_stray *stray = &columns[at].stray;
    *stray = (struct cpl_stray){.type = was->type, .line = late->line, .source = source};
    stray->type.children = NULL; /* they go with the schema */
    stray->type.n_children = 0;
    stray->value = cpl_arena_strndup(&settings->arena, late->value,
                                     strnlen(late->value, sizeof late->value), err);
    return stray->value != NULL;
}

bool json_keep_late(const struct cpl_decode_plan *plan, const struct cpl_buffer *needs, size_t n,
                    const struct cpl_schema *schema, struct cpl_column_plan *columns,
                    struct cpl_error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct cpl_buffer bytes = {0}, rest;
        if (needs[i].size && !json_split_need(&needs[i], &bytes, &rest, err))
            return false;
        for (size_t at = 0; needs[i].size && at + sizeof(struct json_late) <= bytes.size;
             at += sizeof(struct json_late)) {
            struct json_late late;
            memcpy(&late, bytes.data + at, sizeof late);
            if (!keep_late(plan, &late, i, schema, columns, err))
                return false;
        }
    }
    return true;
}
