/* Running terms: columns, constants, and the frame of strict calls. */
#include "expression/expression_tree.h"
#include "expression/kernels.h"

#include <string.h>

/* CPL_TILE bytes of 1: the nulls of a constant null. */
#define SIXTEEN 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
#define HUNDRED_AND_TWENTY_EIGHT                                                                   \
    SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN
const uint8_t cpl_all_null[CPL_TILE] = {HUNDRED_AND_TWENTY_EIGHT, HUNDRED_AND_TWENTY_EIGHT,
                                        HUNDRED_AND_TWENTY_EIGHT, HUNDRED_AND_TWENTY_EIGHT};

bool cpl_term_run(struct cpl_frame *frame, const struct cpl_term *term)
{
    struct cpl_slot *slot = cpl_slot_of(frame, term);
    if (slot->stamp == frame->stamp)
        return true;
    slot->stamp = frame->stamp;
    slot->v = (struct cpl_vector){.data = slot->data, .step = 1};
    return term->run(frame, term);
}

/* ---- constants ---- */

bool cpl_run_constant(struct cpl_frame *frame, const struct cpl_term *term)
{
    struct cpl_slot *slot = cpl_slot_of(frame, term);
    slot->v.step = 0;
    slot->v.nulls = term->is_null ? cpl_all_null : NULL;
    if (term->is_null && cpl_kind_is_slice(term->type.kind)) {
        slot->slices[0] = (struct cpl_slice){.data = cpl_no_bytes};
    } else if (term->type.kind == CPL_DECIMAL) {
        slot->v.wide = term->value.i128 != (int64_t)term->value.i128;
        if (slot->v.wide)
            slot->i128[0] = term->value.i128;
        else
            slot->i64[0] = (int64_t)term->value.i128;
    } else {
        memcpy(slot->data, &term->value, cpl_slot_width(&term->type));
    }
    return true;
}

/* ---- columns ---- */

/* One byte for each clear bit of [first, first + n); NULL when all are set. `first` is a multiple of 8. */
static const uint8_t *expand_nulls(const uint8_t *bits, uint32_t first, uint32_t n, uint8_t *out)
{
    const uint8_t *from = bits + first / 8;
    bool any = false;
    for (uint32_t i = 0; i < n; i += 8) {
        uint32_t valid = from[i / 8], rest = n - i < 8 ? (1u << (n - i)) - 1 : 0xFF;
        uint64_t clear = (~valid & rest) * (uint64_t)0x0101010101010101u & 0x8040201008040201u;
        clear = (clear + 0x7F7F7F7F7F7F7F7Fu) >> 7 & 0x0101010101010101u;
        any |= clear != 0;
        for (uint32_t j = 0; j < 8; j++) /* eight bytes, the first bit first */
            out[i + j] = (uint8_t)(clear >> 8 * j);
    }
    return any ? out : NULL;
}

static const struct cpl_column *find_column(const struct cpl_frame *frame,
                                            const struct cpl_term *term)
{
    const struct cpl_column *column = &frame->batch->columns[term->path[0]];
    for (uint32_t i = 1; i < term->n_parts; i++)
        column = &column->children[term->path[i]];
    return column;
}

/* Wide decimals are mostly small numbers: as int64 where the tile allows. */
static void narrow(struct cpl_slot *slot, uint32_t n)
{
    const cpl_int128 *a = slot->v.i128;
    bool wide = false;
    for (uint32_t i = 0; i < n; i++)
        wide |= a[i] != (int64_t)a[i];
    slot->v.wide = wide;
    if (wide)
        return;
    for (uint32_t i = 0; i < n; i++)
        slot->i64[i] = (int64_t)a[i];
    slot->v.data = slot->data;
}

bool cpl_run_column(struct cpl_frame *frame, const struct cpl_term *term)
{
    struct cpl_slot *slot = cpl_slot_of(frame, term);
    const struct cpl_column *column = find_column(frame, term);
    size_t width = cpl_type_width(&term->type);
    slot->v.data = column->values ? (const uint8_t *)column->values + frame->first * width
                                  : slot->data;
    if (column->null_count && column->validity)
        slot->v.nulls = expand_nulls(column->validity, frame->first, frame->n, slot->nulls);
    if (term->type.kind == CPL_DECIMAL && width == 16)
        narrow(slot, frame->n);
    return true;
}

/* ---- strict calls ---- */

static void gather(struct cpl_frame *frame, const struct cpl_term *term, struct cpl_slot *out)
{
    const struct cpl_kernels *kernels = cpl_kernels();
    for (uint32_t i = 0; i < term->n_args; i++) {
        const struct cpl_vector *a = &cpl_slot_of(frame, term->args[i])->v;
        if (a->nulls && !out->v.nulls) {
            out->v.nulls = a->nulls;
        } else if (a->nulls) {
            kernels->or_bytes(a->nulls, out->v.nulls, out->nulls, frame->n);
            out->v.nulls = out->nulls;
        }
        if (a->faults && !out->v.faults) {
            out->v.faults = a->faults;
        } else if (a->faults) {
            for (uint32_t j = 0; j < frame->n; j++)
                out->faults[j] = out->v.faults[j] ? out->v.faults[j] : a->faults[j];
            out->v.faults = out->faults;
        }
    }
}

/* The first row's null and fault for all. */
static void spread(struct cpl_slot *out, uint32_t n)
{
    out->v.step = 0;
    if (out->v.nulls == out->nulls)
        memset(out->nulls, out->nulls[0], n);
    if (out->v.faults == out->faults)
        memset(out->faults, out->faults[0], n);
}

bool cpl_run_strict(struct cpl_frame *frame, const struct cpl_term *term)
{
    struct cpl_slot *out = cpl_slot_of(frame, term);
    bool constant = true;
    cpl_kernel *kernel;
    for (uint32_t i = 0; i < term->n_args; i++) {
        if (!cpl_term_run(frame, term->args[i]))
            return false;
        constant &= !cpl_slot_of(frame, term->args[i])->v.step;
    }
    struct cpl_call call = {.frame = frame, .term = term, .out = out, .n = constant ? 1 : frame->n};
    gather(frame, term, out);
    memcpy(&kernel, &term->kernel, sizeof kernel);
    if (!kernel(&call))
        return false;
    if (constant)
        spread(out, frame->n);
    return true;
}

void cpl_call_null(struct cpl_call *call, uint32_t i)
{
    struct cpl_slot *out = call->out;
    if (out->v.nulls != out->nulls) {
        if (out->v.nulls)
            memcpy(out->nulls, out->v.nulls, call->frame->n);
        else
            memset(out->nulls, 0, call->frame->n);
        out->v.nulls = out->nulls;
    }
    out->nulls[i] = 1;
}

void cpl_call_raise(struct cpl_call *call, uint32_t i, enum cpl_fault_kind kind)
{
    struct cpl_slot *out = call->out;
    if ((out->v.nulls && out->v.nulls[i]) || (out->v.faults && out->v.faults[i]))
        return;
    if (call->term->is_try) {
        cpl_call_null(call, i);
        return;
    }
    if (out->v.faults != out->faults) {
        if (out->v.faults)
            memcpy(out->faults, out->v.faults, call->frame->n);
        else
            memset(out->faults, 0, call->frame->n);
        out->v.faults = out->faults;
    }
    out->faults[i] = (uint8_t)kind;
}

void cpl_slot_widen(struct cpl_slot *slot, uint32_t n)
{
    if (slot->v.wide)
        return;
    const int64_t *from = slot->v.i64;
    for (uint32_t i = slot->v.step ? n : 1; i-- > 0;)
        slot->i128[i] = from[i];
    slot->v.data = slot->data;
    slot->v.wide = true;
}

uint8_t *cpl_call_text(struct cpl_call *call, uint32_t i, size_t size)
{
    struct cpl_slice *slice = &call->out->slices[i];
    *slice = (struct cpl_slice){.data = cpl_no_bytes};
    uint8_t *text = cpl_arena_alloc(call->frame->arena, size, call->frame->err);
    if (text)
        *slice = (struct cpl_slice){.data = text, .length = (uint32_t)size};
    return text;
}
