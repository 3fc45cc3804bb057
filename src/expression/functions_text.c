/* Functions over texts that count and cut. Characters are code points; a text that is no UTF-8 counts each stray byte as one. */
#include "expression/characters.h"
#include "expression/functions.h"

#include <string.h>

static const struct cpl_type string_type = {.kind = CPL_STRING}, int64_type = {.kind = CPL_I64},
                             boolean_type = {.kind = CPL_BOOL};

/* ---- characters ---- */

/* Byte at which character n (from 0) begins; the length when there are fewer. */
static uint32_t character_at(const struct cpl_slice *text, uint64_t n)
{
    for (uint32_t i = 0; i < text->length; i++)
        if (cpl_starts_character(text->data[i]) && n-- == 0)
            return i;
    return text->length;
}

static void put_part(struct cpl_call *call, uint32_t i, const struct cpl_slice *text, uint32_t from,
                     uint32_t to)
{
    call->out->slices[i] = (struct cpl_slice){.data = text->data + from,
                                              .length = to > from ? to - from : 0};
}

static struct cpl_term *bind_texts(struct cpl_binder *binder, struct cpl_term *call, uint32_t texts,
                                   struct cpl_type type, cpl_kernel *kernel)
{
    for (uint32_t i = 0; i < call->n_args; i++)
        if (!(texts >> i & 1 ? cpl_arg_is_text(binder, call, i)
                             : cpl_arg_is_integer(binder, call, i)))
            return NULL;
    return cpl_bind_strict(binder, call, type, kernel);
}

/* ---- length ---- */

static bool text_length(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    for (uint32_t i = 0; i < call->n; i++)
        call->out->i64[i] = cpl_count_characters(cpl_arg_text(a, i));
    return true;
}
static bool byte_length(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    for (uint32_t i = 0; i < call->n; i++)
        call->out->i64[i] = cpl_arg_text(a, i)->length;
    return true;
}

/* Of lists and maps: the argument is a column, and its offsets lie beside its values. */
static bool list_length(struct cpl_call *call)
{
    const struct cpl_term *arg = call->term->args[0];
    const struct cpl_column *column = &call->frame->batch->columns[arg->path[0]];
    for (uint32_t i = 1; i < arg->n_parts; i++)
        column = &column->children[arg->path[i]];
    for (uint32_t i = 0; i < call->n; i++) {
        const int32_t *offset = column->offsets + call->frame->first + i;
        call->out->i64[i] = offset[1] - offset[0];
    }
    return true;
}

struct cpl_term *cpl_bind_length(struct cpl_binder *binder, struct cpl_term *call)
{
    enum cpl_kind kind = call->args[0]->type.kind;
    if (kind == CPL_LIST || kind == CPL_MAP)
        return cpl_bind_strict(binder, call, int64_type, list_length);
    if (kind != CPL_STRING && !cpl_is_null_literal(call->args[0]))
        return cpl_arg_refused(binder, call, 0, "a text, list or map");
    return bind_texts(binder, call, 1, int64_type, text_length);
}
struct cpl_term *cpl_bind_octet_length(struct cpl_binder *binder, struct cpl_term *call)
{
    if (call->args[0]->type.kind == CPL_BINARY || call->args[0]->type.kind == CPL_JSON)
        return cpl_bind_strict(binder, call, int64_type, byte_length);
    return bind_texts(binder, call, 1, int64_type, byte_length);
}

/* ---- substr, left, right ---- */

/* Characters [start, start + n) of a text of `all`, start from 0; what lies outside is empty. */
static void put_characters(struct cpl_call *call, uint32_t i, const struct cpl_slice *text,
                           int64_t start, int64_t n)
{
    int64_t end;
    if (n < 0)
        n = 0;
    if (__builtin_add_overflow(start, n, &end))
        end = INT64_MAX;
    start = start < 0 ? 0 : start;
    end = end < start ? start : end;
    uint32_t from = character_at(text, (uint64_t)start);
    struct cpl_slice rest = {.data = text->data + from, .length = text->length - from};
    put_part(call, i, text, from, from + character_at(&rest, (uint64_t)(end - start)));
}

static bool substr(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    const struct cpl_vector *c = call->term->n_args > 2 ? cpl_call_arg(call, 2) : NULL;
    for (uint32_t i = 0; i < call->n; i++) {
        const struct cpl_slice *text = cpl_arg_text(a, i);
        int64_t start = cpl_arg_i64(b, i), n = c ? cpl_arg_i64(c, i) : INT64_MAX;
        if (start > 0)
            start--;
        else if (start < 0 && start >= -(int64_t)UINT32_MAX)
            start += cpl_count_characters(text);
        put_characters(call, i, text, start, n);
    }
    return true;
}

/* n, or all but -n of them. */
static int64_t wanted(const struct cpl_slice *text, int64_t n)
{
    if (n >= 0)
        return n;
    int64_t all = cpl_count_characters(text);
    return n < -all ? 0 : all + n;
}

static bool left(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    for (uint32_t i = 0; i < call->n; i++) {
        const struct cpl_slice *text = cpl_arg_text(a, i);
        put_characters(call, i, text, 0, wanted(text, cpl_arg_i64(b, i)));
    }
    return true;
}
static bool right(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    for (uint32_t i = 0; i < call->n; i++) {
        const struct cpl_slice *text = cpl_arg_text(a, i);
        int64_t all = cpl_count_characters(text), n = wanted(text, cpl_arg_i64(b, i));
        put_characters(call, i, text, n > all ? 0 : all - n, n);
    }
    return true;
}

struct cpl_term *cpl_bind_substr(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_texts(binder, call, 1, string_type, substr);
}
struct cpl_term *cpl_bind_left(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_texts(binder, call, 1, string_type, left);
}
struct cpl_term *cpl_bind_right(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_texts(binder, call, 1, string_type, right);
}

/* ---- trim ---- */

/* Is the character of `size` bytes at `data` among those of `set`? */
static bool holds_character(const struct cpl_slice *set, const uint8_t *data, uint32_t size)
{
    for (uint32_t at = 0, n; at < set->length; at += n) {
        n = cpl_character_size(set, at);
        if (n == size && memcmp(set->data + at, data, n) == 0)
            return true;
    }
    return false;
}

static void trim_row(struct cpl_call *call, uint32_t i, const struct cpl_slice *text,
                     const struct cpl_slice *set)
{
    const char *side = call->term->function->how;
    uint32_t from = 0, to = text->length, n;
    while (*side != 'r' && from < to &&
           holds_character(set, text->data + from, n = cpl_character_size(text, from)))
        from += n;
    while (*side != 'l' && to > from) {
        uint32_t last = to - 1;
        while (last > from && !cpl_starts_character(text->data[last]))
            last--;
        if (!holds_character(set, text->data + last, to - last))
            break;
        to = last;
    }
    put_part(call, i, text, from, to);
}

static bool trim(struct cpl_call *call)
{
    static const uint8_t space[32] = " ";
    const struct cpl_slice blank = {.data = space, .length = 1};
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    const struct cpl_vector *b = call->term->n_args > 1 ? cpl_call_arg(call, 1) : NULL;
    for (uint32_t i = 0; i < call->n; i++)
        trim_row(call, i, cpl_arg_text(a, i), b ? cpl_arg_text(b, i) : &blank);
    return true;
}

struct cpl_term *cpl_bind_trim(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_texts(binder, call, 3, string_type, trim);
}

/* ---- searching ---- */

/* Byte at which `part` begins at or behind `from`, or the length + 1. */
static uint32_t find(const struct cpl_slice *text, const struct cpl_slice *part, uint32_t from)
{
    if (part->length > text->length - from)
        return text->length + 1;
    if (!part->length)
        return from;
    const uint8_t *at = memmem(text->data + from, text->length - from, part->data, part->length);
    return at ? (uint32_t)(at - text->data) : text->length + 1;
}

static bool starts(const struct cpl_slice *text, const struct cpl_slice *part, bool end)
{
    return part->length <= text->length &&
           memcmp(text->data + (end ? text->length - part->length : 0), part->data, part->length) ==
               0;
}

static bool search(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    const char *how = call->term->function->how;
    for (uint32_t i = 0; i < call->n; i++) {
        const struct cpl_slice *text = cpl_arg_text(a, i), *part = cpl_arg_text(b, i);
        call->out->u8[i] = *how == 'c' ? find(text, part, 0) <= text->length
                                       : starts(text, part, *how == 'e');
    }
    return true;
}

struct cpl_term *cpl_bind_search(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_texts(binder, call, 3, boolean_type, search);
}

static bool position(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    for (uint32_t i = 0; i < call->n; i++) {
        const struct cpl_slice *part = cpl_arg_text(a, i), *text = cpl_arg_text(b, i);
        uint32_t at = find(text, part, 0);
        struct cpl_slice before = {.data = text->data, .length = at};
        call->out->i64[i] = at > text->length ? 0 : 1 + (int64_t)cpl_count_characters(&before);
    }
    return true;
}

struct cpl_term *cpl_bind_position(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_texts(binder, call, 3, int64_type, position);
}

/* ---- split_part ---- */

static void split_row(struct cpl_call *call, uint32_t i, const struct cpl_slice *text,
                      const struct cpl_slice *separator, int64_t n)
{
    int64_t parts = 1;
    uint32_t from = 0, to;
    for (uint32_t at = 0;
         n < 0 && separator->length && (to = find(text, separator, at)) <= text->length;
         at = to + separator->length)
        parts++;
    n = n < 0 ? n + parts : n - 1;
    for (; n > 0 && separator->length && (to = find(text, separator, from)) <= text->length; n--)
        from = to + separator->length;
    if (n != 0) {
        put_part(call, i, text, 0, 0);
        return;
    }
    to = separator->length ? find(text, separator, from) : text->length;
    put_part(call, i, text, from, to > text->length ? text->length : to);
}

static bool split_part(struct cpl_call *call)
{
    for (uint32_t i = 0; i < call->n; i++)
        split_row(call, i, cpl_arg_text(cpl_call_arg(call, 0), i),
                  cpl_arg_text(cpl_call_arg(call, 1), i), cpl_arg_i64(cpl_call_arg(call, 2), i));
    return true;
}

struct cpl_term *cpl_bind_split_part(struct cpl_binder *binder, struct cpl_term *call)
{
    const struct cpl_term *n = call->args[2];
    if (n->kind == CPL_TERM_LITERAL && n->type.kind == CPL_I64 && !n->is_null && n->value.i64 == 0)
        return CPL_TERM_FAIL(binder, n->at, "parts are counted from 1, or from -1 at the end");
    return bind_texts(binder, call, 3, string_type, split_part);
}
