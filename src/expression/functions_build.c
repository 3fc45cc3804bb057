/* Functions that make new texts: pad, reverse, replace, upper and lower, digests. A text beyond CPL_TEXT_VALUE_MAX is a fault. */
#include "base/xxhash.h"
#include "expression/characters.h"
#include "expression/functions.h"
#include "expression/loaded.h"

#include <string.h>

static const struct cpl_type string_type = {.kind = CPL_STRING};

/* Room for row i; false when it is too long (a fault, *to NULL) or there is no memory (*failed). */
static bool room(struct cpl_call *call, uint32_t i, uint64_t size, uint8_t **to, bool *failed)
{
    *to = NULL;
    if (size > CPL_TEXT_VALUE_MAX) {
        call->out->slices[i] = (struct cpl_slice){.data = cpl_no_bytes};
        cpl_call_raise(call, i, CPL_FAULT_OVERFLOW);
        return false;
    }
    *to = cpl_call_text(call, i, size);
    *failed = !*to;
    return *to != NULL;
}

/* ---- pad ---- */

/* Bytes of the first n characters of `fill` repeated. */
static uint64_t fill_size(const struct cpl_slice *fill, uint64_t n, uint32_t characters)
{
    uint64_t size = n / characters * fill->length;
    uint32_t at = 0;
    for (uint64_t rest = n % characters; rest; rest--)
        at += cpl_character_size(fill, at);
    return size + at;
}

static bool pad_row(struct cpl_call *call, uint32_t i, const struct cpl_slice *text, int64_t n,
                    const struct cpl_slice *fill)
{
    bool failed = false, from_left = *(const char *)call->term->function->how == 'l';
    uint32_t have = cpl_count_characters(text), each = cpl_count_characters(fill), keep = 0;
    if (n <= (int64_t)have || !each) {
        for (int64_t rest = n; rest > 0 && keep < text->length; rest--)
            keep += cpl_character_size(text, keep);
        call->out->slices[i] = (struct cpl_slice){.data = text->data, .length = keep};
        return true;
    }
    uint64_t missing = (uint64_t)n - have;
    uint64_t size = missing > CPL_TEXT_VALUE_MAX ? UINT64_MAX / 2 : fill_size(fill, missing, each);
    uint8_t *to;
    if (!room(call, i, size + text->length, &to, &failed))
        return !failed;
    memcpy(from_left ? to + size : to, text->data, text->length);
    to += from_left ? 0 : text->length;
    for (uint64_t at = 0; at < size; at++)
        to[at] = fill->data[at % fill->length];
    return true;
}

static bool pad(struct cpl_call *call)
{
    static const uint8_t space[32] = " ";
    const struct cpl_slice blank = {.data = space, .length = 1};
    const struct cpl_vector *fill = call->term->n_args > 2 ? cpl_call_arg(call, 2) : NULL;
    for (uint32_t i = 0; i < call->n; i++)
        if (!pad_row(call, i, cpl_arg_text(cpl_call_arg(call, 0), i),
                     cpl_arg_i64(cpl_call_arg(call, 1), i), fill ? cpl_arg_text(fill, i) : &blank))
            return false;
    return true;
}

struct cpl_term *cpl_bind_pad(struct cpl_binder *binder, struct cpl_term *call)
{
    if (!cpl_arg_is_text(binder, call, 0) || !cpl_arg_is_integer(binder, call, 1) ||
        (call->n_args > 2 && !cpl_arg_is_text(binder, call, 2)))
        return NULL;
    return cpl_bind_strict(binder, call, string_type, pad);
}

/* ---- reverse ---- */

static bool reverse(struct cpl_call *call)
{
    for (uint32_t i = 0; i < call->n; i++) {
        const struct cpl_slice *text = cpl_arg_text(cpl_call_arg(call, 0), i);
        uint8_t *to = cpl_call_text(call, i, text->length);
        if (!to)
            return false;
        for (uint32_t at = 0, n; at < text->length; at += n) {
            n = cpl_character_size(text, at);
            memcpy(to + text->length - at - n, text->data + at, n);
        }
    }
    return true;
}

struct cpl_term *cpl_bind_reverse(struct cpl_binder *binder, struct cpl_term *call)
{
    return cpl_arg_is_text(binder, call, 0) ? cpl_bind_strict(binder, call, string_type, reverse)
                                            : NULL;
}

/* ---- replace ---- */

static const uint8_t *next(const uint8_t *from, const uint8_t *end, const struct cpl_slice *part)
{
    return from < end && part->length ? memmem(from, (size_t)(end - from), part->data, part->length)
                                      : NULL;
}

static bool replace_row(struct cpl_call *call, uint32_t i, const struct cpl_slice *text,
                        const struct cpl_slice *part, const struct cpl_slice *with)
{
    const uint8_t *from = text->data, *end = text->data + text->length, *at;
    uint64_t found = 0;
    bool failed = false;
    uint8_t *to;
    for (at = from; (at = next(at, end, part)); at += part->length)
        found++;
    call->out->slices[i] = *text;
    if (!found)
        return true;
    if (!room(call, i, text->length - found * part->length + found * with->length, &to, &failed))
        return !failed;
    for (; (at = next(from, end, part)); from = at + part->length) {
        memcpy(to, from, (size_t)(at - from));
        to += at - from;
        memcpy(to, with->data, with->length);
        to += with->length;
    }
    memcpy(to, from, (size_t)(end - from));
    return true;
}

static bool replace(struct cpl_call *call)
{
    for (uint32_t i = 0; i < call->n; i++)
        if (!replace_row(call, i, cpl_arg_text(cpl_call_arg(call, 0), i),
                         cpl_arg_text(cpl_call_arg(call, 1), i),
                         cpl_arg_text(cpl_call_arg(call, 2), i)))
            return false;
    return true;
}

struct cpl_term *cpl_bind_replace(struct cpl_binder *binder, struct cpl_term *call)
{
    for (uint32_t i = 0; i < 3; i++)
        if (!cpl_arg_is_text(binder, call, i))
            return NULL;
    return cpl_bind_strict(binder, call, string_type, replace);
}

struct cpl_term *cpl_bind_concat_call(struct cpl_binder *binder, struct cpl_term *call)
{
    return cpl_bind_concat(binder, call);
}

/* ---- lower, upper ---- */

static bool map_row(struct cpl_call *call, uint32_t i, const struct cpl_slice *text, bool upper)
{
    if (text->length > CPL_TEXT_VALUE_MAX) {
        call->out->slices[i] = (struct cpl_slice){.data = cpl_no_bytes};
        cpl_call_raise(call, i, CPL_FAULT_OVERFLOW);
        return true;
    }
    /* No character's mapping takes more than half as many bytes again (ȿ has 2 and its capital 3). */
    uint8_t *to = cpl_call_text(call, i, text->length + text->length / 2 + 4);
    if (to)
        call->out->slices[i].length = (uint32_t)cpl_case_map(text->data, text->length, upper, to);
    return to != NULL;
}

static bool map_case(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    for (uint32_t i = 0; i < call->n; i++)
        if (!map_row(call, i, cpl_arg_text(a, i), *(const char *)call->term->function->how == 'u'))
            return false;
    return true;
}

/* Whether ICU is there shows when the expression is compiled, never in a row. */
struct cpl_term *cpl_bind_case_mapping(struct cpl_binder *binder, struct cpl_term *call)
{
    if (!cpl_arg_is_text(binder, call, 0))
        return NULL;
    *binder->at = call->at;
    if (!cpl_unicode_load(binder->err))
        return NULL;
    return cpl_bind_strict(binder, call, string_type, map_case);
}

/* ---- digests ---- */

static bool put_hex(struct cpl_call *call, uint32_t i, const uint8_t *bytes, uint32_t n)
{
    uint8_t *to = cpl_call_text(call, i, 2 * (size_t)n);
    for (uint32_t j = 0; to && j < n; j++) {
        to[2 * j] = (uint8_t)"0123456789abcdef"[bytes[j] >> 4];
        to[2 * j + 1] = (uint8_t)"0123456789abcdef"[bytes[j] & 15];
    }
    return to != NULL;
}

static bool digest(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    bool md5 = *(const char *)call->term->function->how == 'm';
    for (uint32_t i = 0; i < call->n; i++) {
        const struct cpl_slice *text = cpl_arg_text(a, i);
        uint8_t bytes[32];
        cpl_digest(text->data, text->length, md5, bytes);
        if (!put_hex(call, i, bytes, md5 ? 16 : 32))
            return false;
    }
    return true;
}

static bool xxh3(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    for (uint32_t i = 0; i < call->n; i++) {
        const struct cpl_slice *text = cpl_arg_text(a, i);
        XXH64_canonical_t bytes;
        XXH64_canonicalFromHash(&bytes, XXH3_64bits(text->data, text->length));
        if (!put_hex(call, i, bytes.digest, 8))
            return false;
    }
    return true;
}

static struct cpl_term *bind_bytes(struct cpl_binder *binder, struct cpl_term *call,
                                   cpl_kernel *kernel)
{
    if (!cpl_kind_is_slice(call->args[0]->type.kind) && !cpl_arg_is_text(binder, call, 0))
        return NULL;
    return cpl_bind_strict(binder, call, string_type, kernel);
}

struct cpl_term *cpl_bind_digest(struct cpl_binder *binder, struct cpl_term *call)
{
    *binder->at = call->at;
    return cpl_digest_load(binder->err) ? bind_bytes(binder, call, digest) : NULL;
}
struct cpl_term *cpl_bind_xxh3(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_bytes(binder, call, xxh3);
}
