/* case, if, coalesce, nullif: a row takes its value from one of several vectors, with that one's null or fault. */
#include "expression/choose.h"
#include "expression/kernels.h"

#include <string.h>

#define CHOOSE(type)                                                                               \
    for (uint32_t i = 0; i < n; i++)                                                               \
        if (take[i])                                                                               \
            ((type *)out->data)[i] = ((const type *)a->data)[i * a->step];

static void choose_values(const uint8_t *take, const struct cpl_vector *a, size_t width,
                          struct cpl_slot *out, uint32_t n)
{
    typedef struct {
        uint64_t halves[2];
    } pair;
    switch (width) {
    case 1:
        CHOOSE(uint8_t)
        break;
    case 2:
        CHOOSE(uint16_t)
        break;
    case 4:
        CHOOSE(uint32_t)
        break;
    case 8:
        cpl_kernels()->blend_i64(take, a->i64, a->step, out->i64, n);
        break;
    default:
        CHOOSE(pair)
        break;
    }
}

void cpl_choose(const struct cpl_choice *choice, const uint8_t *take, struct cpl_slot *from)
{
    struct cpl_slot *out = choice->out;
    const struct cpl_vector *a = &from->v;
    size_t width = cpl_slot_width(choice->type);
    if (choice->type->kind == CPL_DECIMAL) {
        if (a->wide)
            cpl_slot_widen(out, choice->n);
        else if (out->v.wide)
            cpl_slot_widen(from, choice->n);
        width = out->v.wide ? 16 : 8;
    }
    choose_values(take, a, width, out, choice->n);
    for (uint32_t i = 0; a->nulls && i < choice->n; i++)
        out->nulls[i] = take[i] ? a->nulls[i] : out->nulls[i];
    for (uint32_t i = 0; a->faults && i < choice->n; i++)
        out->faults[i] = take[i] ? a->faults[i] : out->faults[i];
}

void cpl_choice_start(struct cpl_choice *choice)
{
    struct cpl_slot *out = choice->out;
    memset(out->data, 0, choice->n * cpl_slot_width(choice->type));
    if (cpl_kind_is_slice(choice->type->kind))
        for (uint32_t i = 0; i < choice->n; i++)
            out->slices[i].data = cpl_no_bytes;
    memset(out->nulls, 0, choice->n);
    memset(out->faults, 0, choice->n);
    memset(choice->open, 1, choice->n);
}

void cpl_choice_finish(struct cpl_choice *choice)
{
    struct cpl_slot *out = choice->out;
    for (uint32_t i = 0; i < choice->n; i++)
        out->nulls[i] |= choice->open[i]; /* no branch took it */
    out->v.nulls = cpl_kernels()->any_byte(out->nulls, choice->n) ? out->nulls : NULL;
    out->v.faults = cpl_kernels()->any_byte(out->faults, choice->n) ? out->faults : NULL;
}

/* ---- case ---- */

/* Open rows whose condition is true are taken; where it is a fault, the row is that fault. */
static void take_where(struct cpl_choice *choice, const struct cpl_vector *when, uint8_t *take)
{
    for (uint32_t i = 0; i < choice->n; i++) {
        uint8_t fault = when->faults ? when->faults[i] : 0;
        uint8_t known = !(when->nulls && when->nulls[i]) & !fault;
        take[i] = choice->open[i] & known & when->u8[i * when->step];
        if (fault && choice->open[i]) {
            choice->out->faults[i] = fault;
            choice->open[i] = 0;
        }
        choice->open[i] &= !take[i];
    }
}

/* args: (when, then)… [else] */
bool cpl_run_case(struct cpl_frame *frame, const struct cpl_term *term)
{
    struct cpl_choice choice = {
        .type = &term->type, .out = cpl_slot_of(frame, term), .n = frame->n};
    uint8_t take[CPL_TILE];
    cpl_choice_start(&choice);
    for (uint32_t i = 0; i + 1 < term->n_args; i += 2) {
        if (!cpl_term_run(frame, term->args[i]))
            return false;
        take_where(&choice, &cpl_slot_of(frame, term->args[i])->v, take);
        if (!cpl_kernels()->any_byte(take, frame->n))
            continue;
        if (!cpl_term_run(frame, term->args[i + 1]))
            return false;
        cpl_choose(&choice, take, cpl_slot_of(frame, term->args[i + 1]));
    }
    if (term->n_args % 2 && cpl_kernels()->any_byte(choice.open, frame->n)) {
        const struct cpl_term *otherwise = term->args[term->n_args - 1];
        if (!cpl_term_run(frame, otherwise))
            return false;
        cpl_choose(&choice, choice.open, cpl_slot_of(frame, otherwise));
        memset(choice.open, 0, frame->n);
    }
    cpl_choice_finish(&choice);
    return true;
}

/* The first argument that is not null; a fault stops the search as a value does. */
bool cpl_run_coalesce(struct cpl_frame *frame, const struct cpl_term *term)
{
    struct cpl_choice choice = {
        .type = &term->type, .out = cpl_slot_of(frame, term), .n = frame->n};
    uint8_t take[CPL_TILE];
    cpl_choice_start(&choice);
    for (uint32_t i = 0; i < term->n_args && cpl_kernels()->any_byte(choice.open, frame->n); i++) {
        if (!cpl_term_run(frame, term->args[i]))
            return false;
        struct cpl_slot *from = cpl_slot_of(frame, term->args[i]);
        for (uint32_t j = 0; j < frame->n; j++) {
            uint8_t null = from->v.nulls && from->v.nulls[j] &&
                           !(from->v.faults && from->v.faults[j]);
            take[j] = choice.open[j] & !null;
            choice.open[j] &= null;
        }
        cpl_choose(&choice, take, from);
    }
    cpl_choice_finish(&choice);
    return true;
}

/* ---- binding ---- */

/* case x when v: x = v, with one x. */
static bool compare_operand(struct cpl_binder *binder, struct cpl_term *term)
{
    uint32_t pairs = (term->n_args - 1) / 2;
    struct cpl_term *same = cpl_term_new(binder, CPL_TERM_OPERATOR, term->at, pairs + 1);
    if (!same)
        return false;
    same->args[0] = term->args[0];
    for (uint32_t i = 0; i < pairs; i++)
        same->args[i + 1] = term->args[1 + 2 * i];
    if (!cpl_bind_common_all(binder, same, 0, true, "compare"))
        return false;
    for (uint32_t i = 0; i < pairs; i++) {
        struct cpl_term *equal = cpl_bind_compare(binder, same->args[i + 1]->at, CPL_OP_EQ,
                                                  same->args[0], same->args[i + 1]);
        if (!equal)
            return false;
        term->args[1 + 2 * i] = equal;
    }
    term->args++;
    term->n_args--;
    return true;
}

/* The branches in one type; a case without else may be null. */
struct cpl_term *cpl_bind_branches(struct cpl_binder *binder, struct cpl_term *term)
{
    uint32_t n = term->n_args, branches = n / 2 + n % 2;
    struct cpl_term *values = cpl_term_new(binder, CPL_TERM_OPERATOR, term->at, branches);
    if (!values)
        return NULL;
    for (uint32_t i = 0; i < branches; i++)
        values->args[i] = term->args[i < n / 2 ? 2 * i + 1 : n - 1];
    if (!cpl_bind_common_all(binder, values, 0, false, "give both"))
        return NULL;
    term->nullable = n % 2 == 0;
    for (uint32_t i = 0; i < branches; i++) {
        term->args[i < n / 2 ? 2 * i + 1 : n - 1] = values->args[i];
        term->nullable |= values->args[i]->nullable;
    }
    if (cpl_kind_is_nested(values->args[0]->type.kind))
        return CPL_TERM_FAIL(binder, term->at,
                             "a branch gives a nested value: only simple ones can be chosen");
    for (uint32_t i = 0; i + 1 < n; i += 2)
        if (!cpl_bind_boolean(binder, &term->args[i], "a condition"))
            return NULL;
    struct cpl_type type = values->args[0]->type;
    if (type.kind == CPL_DECIMAL) /* of one scale, but a literal has its own digits */
        for (uint32_t i = 0; i < branches; i++)
            if (values->args[i]->type.precision > type.precision)
                type.precision = values->args[i]->type.precision;
    return cpl_bind_run(binder, term, type, cpl_run_case);
}

struct cpl_term *cpl_bind_case(struct cpl_binder *binder, struct cpl_term *term)
{
    if (term->has_operand && !compare_operand(binder, term))
        return NULL;
    return cpl_bind_branches(binder, term);
}

struct cpl_term *cpl_bind_coalesce(struct cpl_binder *binder, struct cpl_term *term)
{
    if (!cpl_bind_common_all(binder, term, 0, false, "give both"))
        return NULL;
    if (cpl_kind_is_nested(term->args[0]->type.kind))
        return CPL_TERM_FAIL(binder, term->at, "coalesce takes simple values only");
    struct cpl_type type = term->args[0]->type;
    term->nullable = true;
    for (uint32_t i = 0; i < term->n_args; i++) {
        term->nullable &= term->args[i]->nullable;
        if (type.kind == CPL_DECIMAL && term->args[i]->type.precision > type.precision)
            type.precision = term->args[i]->type.precision;
    }
    return cpl_bind_run(binder, term, type, cpl_run_coalesce);
}

/* case when a = b then null else a end, with one a. */
struct cpl_term *cpl_bind_nullif(struct cpl_binder *binder, struct cpl_term *term)
{
    struct cpl_term *value = term->args[0];
    struct cpl_term *choice = cpl_term_new(binder, CPL_TERM_CASE, term->at, 3);
    struct cpl_term *null = cpl_term_new(binder, CPL_TERM_LITERAL, term->at, 0);
    if (!choice || !null || !cpl_bind_common_all(binder, term, 0, true, "compare"))
        return NULL;
    null->is_null = true;
    choice->args[0] = cpl_bind_compare(binder, term->at, CPL_OP_EQ, term->args[0], term->args[1]);
    choice->args[1] = null;
    choice->args[2] = value;
    return choice->args[0] ? cpl_bind_branches(binder, choice) : NULL;
}
