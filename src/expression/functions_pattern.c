/* regexp_extract and regexp_replace: patterns are constants, compiled once. */
#include "expression/functions.h"
#include "expression/text_ops.h"

#include <string.h>

static const struct cpl_type string_type = {.kind = CPL_STRING};

/* A text that takes too many steps is its row's fault; other failures are the run's. */
static bool find(struct cpl_call *call, uint32_t i, const struct cpl_slice *text, size_t start,
                 uint32_t group, bool *found, struct cpl_slice *where, bool *gave_up)
{
    struct cpl_error why = {0};
    *found = *gave_up = false;
    if (cpl_pattern_find_from(call->term->extra, call->frame->scratch, text, start, group, found,
                              where, &why))
        return true;
    if (why.code != CPL_E_LIMIT)
        return cpl_fail_with(call->frame->err, &why);
    *found = false;
    *gave_up = true;
    cpl_call_raise(call, i, CPL_FAULT_EFFORT);
    return true;
}

/* ---- regexp_extract ---- */

static bool extract(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    for (uint32_t i = 0; i < call->n; i++) {
        struct cpl_slice where;
        bool found, gave_up;
        call->out->slices[i] = (struct cpl_slice){.data = cpl_no_bytes};
        if (!find(call, i, cpl_arg_text(a, i), 0, (uint32_t)call->term->number, &found, &where,
                  &gave_up))
            return false;
        if (found)
            call->out->slices[i] = where;
        else if (!gave_up)
            cpl_call_null(call, i);
    }
    return true;
}

static bool bind_constant_pattern(struct cpl_binder *binder, struct cpl_term *call)
{
    if (!cpl_arg_is_text(binder, call, 0) || !cpl_arg_constant_text(binder, call, 1))
        return false;
    call->extra = cpl_bind_compiled(binder, call->args[1], false);
    return call->extra != NULL;
}

struct cpl_term *cpl_bind_regexp_extract(struct cpl_binder *binder, struct cpl_term *call)
{
    if (!bind_constant_pattern(binder, call) ||
        (call->n_args == 3 && !cpl_arg_constant_integer(binder, call, 2, 0, 99, &call->number)))
        return NULL;
    call->n_args = 1;
    call->nullable = true;
    return cpl_bind_strict(binder, call, string_type, extract);
}

/* ---- regexp_replace ---- */

/* The new text: what stands between groups, and groups. */
struct piece {
    struct cpl_slice text;
    int group; /* -1: none */
};
struct replacement {
    uint32_t n;
    struct piece pieces[];
};

struct output {
    struct cpl_buffer buffer;
    struct cpl_call *call;
    uint32_t i;
};

static bool put_pieces(struct output *out, const struct replacement *with,
                       const struct cpl_slice *text, size_t start, bool *gave_up)
{
    struct cpl_error *err = out->call->frame->err;
    for (uint32_t j = 0; j < with->n; j++) {
        const struct piece *piece = &with->pieces[j];
        struct cpl_slice where = piece->text;
        bool found = true;
        if (piece->group >= 0 &&
            !find(out->call, out->i, text, start, (uint32_t)piece->group, &found, &where, gave_up))
            return false;
        if (found && !cpl_buffer_append(&out->buffer, where.data, where.length, err))
            return false;
    }
    return true;
}

static uint32_t next_character(const struct cpl_slice *text, uint32_t at)
{
    for (at++; at < text->length && (text->data[at] & 0xC0) == 0x80;)
        at++;
    return at;
}

/* All matches from the left, none within another; an empty one is put in front of its character. */
static bool replace_all(struct output *out, const struct replacement *with,
                        const struct cpl_slice *text, bool *gave_up)
{
    struct cpl_error *err = out->call->frame->err;
    uint32_t done = 0, start = 0;
    while (start <= text->length && !*gave_up && out->buffer.size <= CPL_TEXT_VALUE_MAX) {
        struct cpl_slice where;
        bool found;
        if (!find(out->call, out->i, text, start, 0, &found, &where, gave_up))
            return false;
        if (!found)
            break;
        uint32_t from = text->length ? (uint32_t)(where.data - text->data) : 0,
                 to = from + where.length;
        if (from < done) /* \K within a look-behind */
            break;
        if (!cpl_buffer_append(&out->buffer, text->data + done, from - done, err) ||
            !put_pieces(out, with, text, start, gave_up))
            return false;
        done = to;
        start = where.length ? to : next_character(text, to);
    }
    return cpl_buffer_append(&out->buffer, text->data + done, text->length - done, err);
}

static bool replace_row(struct cpl_call *call, uint32_t i, struct output *out)
{
    const struct replacement *with = call->term->more;
    bool gave_up = false;
    out->i = i;
    out->buffer.size = 0;
    call->out->slices[i] = (struct cpl_slice){.data = cpl_no_bytes};
    if (!replace_all(out, with, cpl_arg_text(cpl_call_arg(call, 0), i), &gave_up))
        return false;
    if (gave_up)
        return true;
    if (out->buffer.size > CPL_TEXT_VALUE_MAX) {
        cpl_call_raise(call, i, CPL_FAULT_OVERFLOW);
        return true;
    }
    uint8_t *to = cpl_call_text(call, i, out->buffer.size);
    if (to && out->buffer.size)
        memcpy(to, out->buffer.data, out->buffer.size);
    return to != NULL;
}

static bool replace(struct cpl_call *call)
{
    struct output out = {.call = call};
    bool ok = true;
    for (uint32_t i = 0; ok && i < call->n; i++)
        ok = replace_row(call, i, &out);
    cpl_buffer_release(&out.buffer);
    return ok;
}

/* Cut at \0 … \9 and \\. */
static struct replacement *parse_replacement(struct cpl_binder *binder,
                                             const struct cpl_slice *text)
{
    size_t most = 2 * (size_t)text->length + 1;
    struct replacement *with = cpl_arena_alloc(
        binder->arena, sizeof *with + most * sizeof *with->pieces, binder->err);
    if (!with)
        return NULL;
    with->n = 0;
    uint32_t from = 0;
    for (uint32_t i = 0; i <= text->length; i++) {
        bool end = i == text->length,
             escape = !end && text->data[i] == '\\' && i + 1 < text->length;
        uint8_t after = escape ? text->data[i + 1] : 0;
        if (!end && after != '\\' && !(after >= '0' && after <= '9'))
            continue;
        uint32_t to = after == '\\' ? i + 1 : i; /* of two, the first is text */
        if (to > from)
            with->pieces[with->n++] = (struct piece){
                {.data = text->data + from, .length = to - from}, -1};
        if (after >= '0' && after <= '9')
            with->pieces[with->n++] = (struct piece){.group = after - '0'};
        i += escape;
        from = i + 1;
    }
    return with;
}

struct cpl_term *cpl_bind_regexp_replace(struct cpl_binder *binder, struct cpl_term *call)
{
    if (!bind_constant_pattern(binder, call))
        return NULL;
    const struct cpl_slice *text = cpl_arg_constant_text(binder, call, 2);
    if (!text || !(call->more = parse_replacement(binder, text)))
        return NULL;
    call->n_args = 1;
    return cpl_bind_strict(binder, call, string_type, replace);
}
