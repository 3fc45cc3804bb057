/* A batch, tile by tile: the root's vector of each is put behind the one before.
 *
 * What the caller gets lies in the evaluator's arena until the reset. The slots' memory is laid out anew for each expression in one block
 * that only grows. */
#include "expression/decimal.h"
#include "expression/expression_plan.h"

#include <string.h>

struct cpl_evaluator {
    struct cpl_arena arena;
    struct cpl_pattern_scratch *scratch;
    struct cpl_slot *slots;
    uint32_t slots_capacity;
    uint8_t *memory;
    size_t memory_size;
    uint64_t stamp;
};
enum { SLACK = 64 };
static const size_t ARENA_MAX = (size_t)128 << 20;

const char *cpl_fault_text(enum cpl_fault_kind kind)
{
    static const char *const texts[] = {
        [CPL_FAULT_NONE] = "nothing wrong",
        [CPL_FAULT_OVERFLOW] = "a result too great for its type",
        [CPL_FAULT_ZERO] = "a division by zero",
        [CPL_FAULT_CAST] = "a value that the type cannot hold",
        [CPL_FAULT_EFFORT] = "a pattern that takes too many steps",
    };
    return (unsigned)kind < sizeof texts / sizeof *texts ? texts[kind] : "an unknown fault";
}

struct cpl_evaluator *cpl_evaluator_new(struct cpl_error *err)
{
    struct cpl_evaluator *evaluator = cpl_alloc_zero(1, sizeof *evaluator, err);
    if (!evaluator)
        return NULL;
    evaluator->arena.max = ARENA_MAX;
    evaluator->scratch = cpl_pattern_scratch_new(err);
    if (evaluator->scratch)
        return evaluator;
    cpl_evaluator_free(evaluator);
    return NULL;
}

void cpl_evaluator_free(struct cpl_evaluator *evaluator)
{
    if (!evaluator)
        return;
    cpl_pattern_scratch_free(evaluator->scratch);
    cpl_arena_release(&evaluator->arena);
    cpl_free(evaluator->slots);
    cpl_free(evaluator->memory);
    cpl_free(evaluator);
}

void cpl_evaluator_reset(struct cpl_evaluator *evaluator)
{
    cpl_arena_reset(&evaluator->arena);
}

/* ---- slots ---- */

static size_t slot_rows(const struct cpl_term *term)
{
    return term->kind == CPL_TERM_LITERAL ? 1 : CPL_TILE;
}
/* Values, nulls, faults; a multiple of 16. */
static size_t slot_size(const struct cpl_term *term)
{
    return (slot_rows(term) * cpl_slot_width(&term->type) + 2 * CPL_TILE + SLACK + 15) &
           ~(size_t)15;
}

static bool reserve(struct cpl_evaluator *evaluator, const struct cpl_expression *expression,
                    struct cpl_error *err)
{
    size_t size = SLACK;
    if (expression->n_slots > evaluator->slots_capacity) {
        cpl_free(evaluator->slots);
        evaluator->slots_capacity = 0;
        evaluator->slots = cpl_alloc(expression->n_slots * sizeof *evaluator->slots, err);
        if (!evaluator->slots)
            return false;
        evaluator->slots_capacity = expression->n_slots;
    }
    for (uint32_t i = 1; i < expression->n_slots; i++)
        size += slot_size(expression->slots[i]);
    if (size > evaluator->memory_size) {
        cpl_free(evaluator->memory);
        evaluator->memory_size = 0;
        evaluator->memory = cpl_alloc_zero(1, size, err);
        if (!evaluator->memory)
            return false;
        evaluator->memory_size = size;
    }
    return true;
}

static bool lay_out(struct cpl_evaluator *evaluator, const struct cpl_expression *expression,
                    struct cpl_error *err)
{
    if (!reserve(evaluator, expression, err))
        return false;
    uint8_t *at = evaluator->memory;
    evaluator->slots[0] = (struct cpl_slot){0};
    for (uint32_t i = 1; i < expression->n_slots; i++) {
        const struct cpl_term *term = expression->slots[i];
        size_t values = (slot_rows(term) * cpl_slot_width(&term->type) + 15) & ~(size_t)15;
        evaluator->slots[i] = (struct cpl_slot){
            .data = at, .nulls = at + values, .faults = at + values + CPL_TILE};
        at += slot_size(term);
    }
    return true;
}

static struct cpl_frame frame_of(struct cpl_evaluator *evaluator, const struct cpl_batch *batch,
                                 struct cpl_error *err)
{
    return (struct cpl_frame){.batch = batch,
                              .slots = evaluator->slots,
                              .arena = &evaluator->arena,
                              .scratch = evaluator->scratch,
                              .err = err};
}

/* The next tile's root; NULL: an error. */
static struct cpl_slot *run_tile(struct cpl_evaluator *evaluator, struct cpl_frame *frame,
                                 const struct cpl_term *root, uint32_t first)
{
    uint32_t rest = frame->batch->rows - first;
    frame->first = first;
    frame->n = rest < CPL_TILE ? rest : CPL_TILE;
    frame->stamp = ++evaluator->stamp;
    return cpl_term_run(frame, root) ? cpl_slot_of(frame, root) : NULL;
}

/* ---- what comes out ---- */

/* Faults are gathered in one array of the batch's rows, which is made for the first of them. */
static bool put_faults(struct cpl_evaluator *evaluator, const struct cpl_frame *frame,
                       const uint8_t *faults, struct cpl_values *values)
{
    uint32_t n = 0;
    for (uint32_t i = 0; faults && i < frame->n; i++)
        n += faults[i] != 0;
    if (!n)
        return true;
    if (!values->faults) {
        uint8_t *all = cpl_arena_alloc(&evaluator->arena, frame->batch->rows + SLACK, frame->err);
        if (!all)
            return false;
        memset(all, 0, frame->batch->rows + SLACK);
        values->faults = all;
    }
    memcpy((uint8_t *)(uintptr_t)values->faults + frame->first, faults, frame->n);
    values->n_faults += n;
    return true;
}

/* A row with a fault has no value: it is null to whoever does not look at the faults. */
static bool put_nulls(struct cpl_evaluator *evaluator, const struct cpl_frame *frame,
                      const struct cpl_vector *v, struct cpl_column *column)
{
    for (uint32_t i = 0; i < frame->n; i++) {
        if (!(v->nulls && v->nulls[i]) && !(v->faults && v->faults[i]))
            continue;
        if (!column->validity) {
            size_t size = frame->batch->rows / 8 + 1 + SLACK;
            column->validity = cpl_arena_alloc(&evaluator->arena, size, frame->err);
            if (!column->validity)
                return false;
            memset(column->validity, 0xFF, size);
        }
        cpl_bit_clear(column->validity, frame->first + i);
        column->null_count++;
    }
    return true;
}

/* int64 or __int128 as the type wants it. A value beyond int64 where the type has 18 digits cannot come from values that fit theirs. */
static void put_decimals(const struct cpl_frame *frame, const struct cpl_term *root,
                         struct cpl_slot *slot, struct cpl_column *column)
{
    bool wide = cpl_type_width(&root->type) == 16;
    for (uint32_t i = 0; i < frame->n; i++) {
        cpl_int128 value = cpl_arg_decimal(&slot->v, i);
        if (wide) {
            column->i128[frame->first + i] = value;
            continue;
        }
        column->i64[frame->first + i] = (int64_t)value;
        if (cpl_fits_i64(value))
            continue;
        if (slot->v.faults != slot->faults) {
            memset(slot->faults, 0, frame->n);
            if (slot->v.faults)
                memcpy(slot->faults, slot->v.faults, frame->n);
            slot->v.faults = slot->faults;
        }
        if (!slot->faults[i] && !(slot->v.nulls && slot->v.nulls[i]))
            slot->faults[i] = CPL_FAULT_OVERFLOW;
    }
}

static void put_values(const struct cpl_frame *frame, const struct cpl_term *root,
                       struct cpl_slot *slot, struct cpl_column *column)
{
    size_t width = cpl_type_width(&root->type);
    uint8_t *to = (uint8_t *)column->values + frame->first * width;
    if (root->type.kind == CPL_DECIMAL) {
        put_decimals(frame, root, slot, column);
    } else if (slot->v.step) {
        memcpy(to, slot->v.data, frame->n * width);
    } else {
        for (uint32_t i = 0; i < frame->n; i++)
            memcpy(to + i * width, slot->v.data, width);
    }
    /* Defined and empty under nulls and faults, as everywhere in batches. */
    for (uint32_t i = 0; (slot->v.nulls || slot->v.faults) && i < frame->n; i++) {
        if (!(slot->v.nulls && slot->v.nulls[i]) && !(slot->v.faults && slot->v.faults[i]))
            continue;
        memset(to + i * width, 0, width);
        if (cpl_kind_is_slice(root->type.kind))
            column->slices[frame->first + i].data = cpl_no_bytes;
    }
}

/* A column as it is, its own memory. */
static void borrow_column(const struct cpl_expression *expression, const struct cpl_batch *batch,
                          struct cpl_values *values)
{
    const struct cpl_term *root = expression->root;
    const struct cpl_column *column = &batch->columns[root->path[0]];
    for (uint32_t i = 1; i < root->n_parts; i++)
        column = &column->children[root->path[i]];
    values->column = *column;
    values->borrowed = true;
}

bool cpl_evaluate(struct cpl_evaluator *evaluator, const struct cpl_expression *expression,
                  const struct cpl_batch *batch, struct cpl_values *values, struct cpl_error *err)
{
    const struct cpl_term *root = expression->root;
    *values = (struct cpl_values){.column.length = batch->rows};
    if (root->kind == CPL_TERM_COLUMN) {
        borrow_column(expression, batch, values);
        return true;
    }
    size_t size = batch->rows * cpl_type_width(&root->type) + SLACK;
    values->column.field = &expression->field;
    values->column.values = cpl_arena_alloc_wide(&evaluator->arena, size, err);
    if (!values->column.values || !lay_out(evaluator, expression, err))
        return false;
    struct cpl_frame frame = frame_of(evaluator, batch, err);
    for (uint32_t first = 0; first < batch->rows; first += CPL_TILE) {
        struct cpl_slot *slot = run_tile(evaluator, &frame, root, first);
        if (!slot)
            return false;
        put_values(&frame, root, slot, &values->column);
        if ((slot->v.nulls || slot->v.faults) &&
            (!put_nulls(evaluator, &frame, &slot->v, &values->column) ||
             !put_faults(evaluator, &frame, slot->v.faults, values)))
            return false;
    }
    return true;
}

static void put_test(const struct cpl_frame *frame, const struct cpl_vector *v, uint8_t *out,
                     uint8_t *nulls)
{
    uint32_t n = frame->n;
    out += frame->first;
    if (v->step)
        memcpy(out, v->u8, n);
    else
        memset(out, v->u8[0], n);
    for (uint32_t i = 0; v->nulls && i < n; i++)
        out[i] &= v->nulls[i] ^ 1;
    for (uint32_t i = 0; v->faults && i < n; i++)
        out[i] = v->faults[i] ? 0 : out[i];
    if (!nulls)
        return;
    nulls += frame->first;
    if (v->nulls)
        memcpy(nulls, v->nulls, n);
    else
        memset(nulls, 0, n);
    for (uint32_t i = 0; v->faults && i < n; i++)
        nulls[i] = v->faults[i] ? 0 : nulls[i];
}

bool cpl_evaluate_test(struct cpl_evaluator *evaluator, const struct cpl_expression *expression,
                       const struct cpl_batch *batch, uint8_t *out, uint8_t *nulls,
                       struct cpl_values *faults, struct cpl_error *err)
{
    if (expression->root->type.kind != CPL_BOOL)
        return cpl_fail(err, CPL_E_CONFIG, "a test must give a boolean");
    *faults = (struct cpl_values){0};
    if (!lay_out(evaluator, expression, err))
        return false;
    struct cpl_frame frame = frame_of(evaluator, batch, err);
    for (uint32_t first = 0; first < batch->rows; first += CPL_TILE) {
        const struct cpl_slot *slot = run_tile(evaluator, &frame, expression->root, first);
        if (!slot)
            return false;
        put_test(&frame, &slot->v, out, nulls);
        if (slot->v.faults && !put_faults(evaluator, &frame, slot->v.faults, faults))
            return false;
    }
    return true;
}
