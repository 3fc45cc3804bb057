/* x in (…): a few constants are compared one by one in whole-vector loops; more go into a hash table of integers or texts. What is no
 * constant, and other types, become x = a or x = b … */
#include "expression/compare.h"
#include "expression/decimal.h"
#include "expression/expression_tree.h"

#include <string.h>

enum { FEW_NUMBERS = 6, FEW_TEXTS = 2 };

/* Open addressing. `seed` is chosen so that no two values meet, if one is found: then a look is at one place. */
struct entry {
    uint64_t key;    /* the number, or the first bytes of the text */
    uint32_t length; /* of the text; FREE: nothing here */
    const uint8_t *data;
};
struct cpl_value_set {
    struct entry *entries;
    uint32_t size; /* a power of two */
    int shift;     /* 64 - log2(size) */
    uint64_t seed;
    bool texts, has_null, single;
};
static const uint32_t FREE = UINT32_MAX;
static const uint8_t nothing[32];

static uint32_t place(const struct cpl_value_set *set, uint64_t key, uint32_t length)
{
    return (uint32_t)((key ^ length) * set->seed >> set->shift);
}

/* The entry of the value, or a free one. */
static struct entry *find(const struct cpl_value_set *set, uint64_t key, uint32_t length,
                          const uint8_t *data)
{
    for (uint32_t at = place(set, key, length);; at = (at + 1) & (set->size - 1)) {
        struct entry *entry = &set->entries[at];
        bool same = (entry->key == key) & (entry->length == length);
        if (same && (length <= 8 || memcmp(entry->data + 8, data + 8, length - 8) == 0))
            return entry;
        if (entry->length == FREE)
            return entry;
    }
}

static bool holds(const struct cpl_value_set *set, uint64_t key, uint32_t length,
                  const uint8_t *data)
{
    if (!set->single)
        return find(set, key, length, data)->length != FREE;
    const struct entry *entry = &set->entries[place(set, key, length)];
    bool same = (entry->key == key) & (entry->length == length);
    return length <= 8 ? same : same && memcmp(entry->data + 8, data + 8, length - 8) == 0;
}

/* ---- running ---- */

static void test_numbers(const struct cpl_value_set *set, struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    bool days = call->term->args[0]->type.kind == CPL_DATE;
    for (uint32_t i = 0; i < call->n; i++) {
        uint32_t at = i * a->step;
        cpl_int128 value = days ? a->i32[at] : a->wide ? a->i128[at] : a->i64[at];
        call->out->u8[i] = cpl_fits_i64(value) && holds(set, (uint64_t)value, 0, nothing);
    }
}

static bool test_set(struct cpl_call *call)
{
    const struct cpl_value_set *set = call->term->extra;
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    if (set->texts)
        for (uint32_t i = 0; i < call->n; i++) {
            const struct cpl_slice *text = cpl_arg_text(a, i);
            call->out->u8[i] = holds(set, cpl_text_prefix(text), text->length, text->data);
        }
    else
        test_numbers(set, call);
    for (uint32_t i = 0; set->has_null && i < call->n; i++)
        if (!call->out->u8[i])
            cpl_call_null(call, i);
    return true;
}

/* ---- binding ---- */

static bool is_constant(const struct cpl_term *term)
{
    return term->kind == CPL_TERM_LITERAL;
}

static bool literal_number(const struct cpl_term *term, int64_t *value)
{
    switch (term->type.kind) {
    case CPL_I64:
    case CPL_TIME:
    case CPL_TIMESTAMP:
        *value = term->value.i64;
        return true;
    case CPL_DATE:
        *value = term->value.i32;
        return true;
    case CPL_DECIMAL:
        *value = (int64_t)term->value.i128;
        return cpl_fits_i64(term->value.i128);
    default:
        return false;
    }
}

/* May all of the list stand in a table? */
static bool suits(const struct cpl_term *term)
{
    uint32_t values = term->n_args - 1;
    int64_t ignored;
    bool texts = cpl_kind_is_slice(term->args[0]->type.kind);
    for (uint32_t i = 1; i < term->n_args; i++) {
        const struct cpl_term *value = term->args[i];
        if (!is_constant(value) || (!value->is_null && !texts && !literal_number(value, &ignored)))
            return false;
    }
    return values > (texts ? FEW_TEXTS : FEW_NUMBERS);
}

/* The list's values by the seed; the number of those that did not find their own place free. */
static uint32_t fill(struct cpl_value_set *set, const struct cpl_term *term)
{
    uint32_t met = 0;
    for (uint32_t i = 0; i < set->size; i++)
        set->entries[i] = (struct entry){.length = FREE, .data = nothing};
    for (uint32_t i = 1; i < term->n_args; i++) {
        const struct cpl_term *value = term->args[i];
        struct entry entry = {.data = nothing};
        int64_t number = 0;
        if (value->is_null)
            continue;
        if (set->texts) {
            const struct cpl_slice *text = &value->value.slice;
            entry = (struct entry){cpl_text_prefix(text), text->length, text->data};
        } else if (literal_number(value, &number)) {
            entry.key = (uint64_t)number;
        }
        struct entry *to = find(set, entry.key, entry.length, entry.data);
        met += to != &set->entries[place(set, entry.key, entry.length)];
        *to = entry;
    }
    return met;
}

enum { SEEDS = 64 };

static struct cpl_value_set *make_set(struct cpl_binder *binder, const struct cpl_term *term)
{
    struct cpl_value_set *set = cpl_arena_alloc(binder->arena, sizeof *set, binder->err);
    if (!set)
        return NULL;
    *set = (struct cpl_value_set){
        .size = 16, .shift = 60, .texts = cpl_kind_is_slice(term->args[0]->type.kind)};
    for (; set->size < 8 * term->n_args; set->size *= 2)
        set->shift--;
    set->entries = cpl_arena_alloc(binder->arena, set->size * sizeof *set->entries, binder->err);
    if (!set->entries)
        return NULL;
    for (uint32_t i = 1; i < term->n_args; i++)
        set->has_null |= term->args[i]->is_null;
    for (int i = 0; i < SEEDS && !set->single; i++) {
        set->seed = (uint64_t)(2 * i + 1) * 0x9E3779B97F4A7C15u;
        set->single = fill(set, term) == 0;
    }
    return set;
}

static struct cpl_term *bind_set(struct cpl_binder *binder, struct cpl_term *term)
{
    struct cpl_value_set *set = make_set(binder, term);
    if (!set)
        return NULL;
    term->extra = set;
    term->n_args = 1;
    term->nullable = set->has_null;
    return cpl_bind_strict(binder, term, (struct cpl_type){.kind = CPL_BOOL}, test_set);
}

/* x = a or x = b …, with one x. */
static struct cpl_term *bind_comparisons(struct cpl_binder *binder, struct cpl_term *term)
{
    struct cpl_term *any = cpl_term_new(binder, CPL_TERM_OPERATOR, term->at, term->n_args - 1);
    if (!any)
        return NULL;
    any->op = CPL_OP_OR;
    for (uint32_t i = 0; i < any->n_args; i++) {
        any->args[i] = cpl_bind_compare(binder, term->at, CPL_OP_EQ, term->args[0],
                                        term->args[i + 1]);
        if (!any->args[i])
            return NULL;
        any->nullable |= any->args[i]->nullable;
    }
    if (any->n_args == 1)
        return any->args[0];
    return cpl_bind_run(binder, any, (struct cpl_type){.kind = CPL_BOOL}, cpl_run_or);
}

struct cpl_term *cpl_bind_in(struct cpl_binder *binder, struct cpl_term *term)
{
    if (!cpl_bind_common_all(binder, term, 0, true, "compare"))
        return NULL;
    enum cpl_kind kind = term->args[0]->type.kind;
    bool hashed = kind == CPL_STRING || kind == CPL_BINARY || kind == CPL_I64 || kind == CPL_DATE ||
                  kind == CPL_TIME || kind == CPL_TIMESTAMP || kind == CPL_DECIMAL;
    return hashed && suits(term) ? bind_set(binder, term) : bind_comparisons(binder, term);
}
