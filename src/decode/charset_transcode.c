/* The charset stage: bytes of any charset → UTF-8, with the way back.
 *
 *   inner ──▶ input (32 KiB) ──▶ converter ──▶ output (128 KiB) ──▶ the caller
 *                └──▶ history: source offset, output offset (and the bytes, when they can't be read
 * again)
 *
 * locate finds the block of an output offset, converts that block again up to the offset (from the
 * last place asked for, when it lies in the same block and before), and so knows the source offset
 * exactly. */
#include "decode/charset.h"

#include <string.h>

enum { INPUT = CPL_HISTORY_BLOCK, OUTPUT = 4 * CPL_HISTORY_BLOCK };

/* The block that `again` holds, and a place in it whose both offsets are known: the next question is
 * mostly asked about what follows shortly, and goes on from there. */
struct located {
    bool known;
    struct cpl_history_block block; /* its bytes are in `again` */
    size_t source, out;             /* from the block's begin */
};

struct transcode_stream {
    struct cpl_stream base;
    struct cpl_stream *inner;
    struct cpl_converter converter;
    struct cpl_history history;
    uint8_t *input, *output, *again; /* again: for locate; INPUT source bytes, then OUTPUT bytes */
    struct located located;
    size_t input_size;
    size_t output_at, output_size;
    uint64_t source;    /* offset of input[0] in the object */
    uint64_t converted; /* output bytes made so far */
    bool input_ended, failed;
    struct cpl_error error;
};

/* ---- reading ---- */

/* Convert what is in input, all that fits. */
static bool convert(struct transcode_stream *stream, struct cpl_error *err)
{
    struct cpl_convert_io io = {.in = stream->input,
                                .in_size = stream->input_size,
                                .out = stream->output,
                                .out_size = OUTPUT,
                                .last = stream->input_ended};
    if (!stream->converter.convert(&stream->converter, &io, err))
        return false;
    size_t consumed = stream->input_size - io.in_size;
    if (consumed && !cpl_history_add(&stream->history, stream->source, stream->converted,
                                     stream->input, consumed, err))
        return false;
    stream->output_at = 0;
    stream->output_size = OUTPUT - io.out_size;
    stream->converted += stream->output_size;
    stream->source += consumed;
    memmove(stream->input, io.in, io.in_size);
    stream->input_size = io.in_size;
    if (stream->converted > CPL_HISTORY_WINDOW + OUTPUT)
        cpl_history_forget(&stream->history, stream->converted - CPL_HISTORY_WINDOW - OUTPUT);
    return true;
}

static bool refill(struct transcode_stream *stream, struct cpl_error *err)
{
    while (stream->output_at == stream->output_size) {
        size_t got = 0;
        if (!stream->input_ended) {
            if (!cpl_stream_read(stream->inner, stream->input + stream->input_size,
                                 INPUT - stream->input_size, &got, err))
                return false;
            stream->input_ended = got == 0;
        }
        stream->input_size += got;
        if (!stream->input_size && stream->input_ended)
            return true;
        if (!convert(stream, err))
            return false;
    }
    return true;
}

static bool transcode_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                           struct cpl_error *err)
{
    struct transcode_stream *stream = (struct transcode_stream *)base;
    *got = 0;
    if (!stream->failed)
        stream->failed = size && !refill(stream, &stream->error);
    if (stream->failed) {
        if (err)
            *err = stream->error;
        return false;
    }
    size_t left = stream->output_size - stream->output_at;
    *got = size < left ? size : left;
    if (*got)
        memcpy(data, stream->output + stream->output_at, *got);
    stream->output_at += *got;
    base->position += *got;
    return true;
}

/* ---- the way back ---- */

static bool gone(uint64_t offset, struct cpl_error *err)
{
    return cpl_fail(err, CPL_E_LIMIT,
                    "the original bytes behind byte %llu (as UTF-8) are no longer kept: a row may "
                    "have at most %d MiB",
                    (unsigned long long)offset, (int)CPL_HISTORY_WINDOW >> 20);
}

static bool read_again(struct cpl_stream *inner, uint64_t offset, uint8_t *data, size_t size,
                       struct cpl_error *err)
{
    for (size_t done = 0, got; done < size; done += got) {
        if (!inner->ops->reread(inner, offset + done, data + done, size - done, &got, err))
            return false;
        if (!got)
            return cpl_fail(err, CPL_E_DATA, "the file shrank while it was read: byte %llu is gone",
                            (unsigned long long)(offset + done));
    }
    return true;
}

/* The source bytes of a block, in `again`. */
static const uint8_t *block_bytes(struct transcode_stream *stream,
                                  const struct cpl_history_block *block, struct cpl_error *err)
{
    struct located *located = &stream->located;
    if (located->known && located->block.source == block->source &&
        located->block.size == block->size)
        return stream->again;
    located->known = false;
    if (!stream->history.keep_bytes) {
        if (!read_again(stream->inner, block->source, stream->again, block->size, err))
            return NULL;
    } else {
        const uint8_t *bytes = cpl_history_bytes(&stream->history, block);
        if (!bytes) {
            cpl_fail(err, CPL_E_INTERNAL, "the history of a charset stage is damaged");
            return NULL;
        }
        memcpy(stream->again, bytes, block->size);
    }
    *located = (struct located){.known = true, .block = *block};
    return stream->again;
}

/* How many source bytes make the first `wanted` output bytes, *made of them; a character that is cut
 * counts when `up`. No character takes more than 8 source bytes for one of output. */
static bool source_within(struct transcode_stream *stream, const uint8_t *bytes, size_t size,
                          size_t wanted, bool up, size_t *consumed, size_t *made,
                          struct cpl_error *err)
{
    if (size > 8 * wanted + 64)
        size = 8 * wanted + 64;
    for (size_t more = 0; more < 4; more++) {
        struct cpl_convert_io io = {.in = bytes,
                                    .in_size = size,
                                    .out = stream->again + INPUT,
                                    .out_size = wanted + more,
                                    .last = true};
        if (io.out_size > OUTPUT)
            io.out_size = OUTPUT;
        if (!stream->converter.convert(&stream->converter, &io, err))
            return false;
        *consumed = size - io.in_size;
        *made = (size_t)(io.out - (stream->again + INPUT));
        if (!up || *made >= wanted)
            break;
    }
    return true;
}

static bool source_of(struct transcode_stream *stream, uint64_t out, bool up, uint64_t *source,
                      struct cpl_error *err)
{
    *source = stream->source;
    if (out >= stream->converted)
        return true;
    const struct cpl_history_block *block = cpl_history_find(&stream->history, out, false);
    if (!block)
        return gone(out, err);
    *source = block->source;
    if (out == block->out)
        return true;
    const uint8_t *bytes = block_bytes(stream, block, err);
    struct located *located = &stream->located;
    size_t wanted = (size_t)(out - block->out), consumed = 0, made = 0;
    if (!bytes)
        return false;
    size_t from = located->out <= wanted ? located->source : 0;
    size_t before = located->out <= wanted ? located->out : 0;
    if (!source_within(stream, bytes + from, block->size - from, wanted - before, up, &consumed,
                       &made, err))
        return false;
    located->source = from + consumed;
    located->out = before + made;
    *source += located->source;
    return true;
}

static bool append_source(struct transcode_stream *stream, uint64_t from, uint64_t to,
                          struct cpl_buffer *raw, struct cpl_error *err)
{
    while (from < to) {
        const struct cpl_history_block *block = cpl_history_find(&stream->history, from, true);
        const uint8_t *bytes = block ? block_bytes(stream, block, err) : NULL;
        if (!bytes)
            return block ? false : gone(from, err);
        size_t at = (size_t)(from - block->source);
        if (at >= block->size)
            return cpl_fail(err, CPL_E_INTERNAL, "the history of a charset stage has a gap");
        size_t size = block->size - at;
        if (size > to - from)
            size = (size_t)(to - from);
        if (!cpl_buffer_append(raw, bytes + at, size, err))
            return false;
        from += size;
    }
    return true;
}

static bool transcode_locate(struct cpl_stream *base, uint64_t from, uint64_t to,
                             uint64_t *object_from, uint64_t *object_to, struct cpl_buffer *raw,
                             struct cpl_error *err)
{
    struct transcode_stream *stream = (struct transcode_stream *)base;
    if (!source_of(stream, from, false, object_from, err) ||
        !source_of(stream, to, true, object_to, err))
        return false;
    return !raw || append_source(stream, *object_from, *object_to, raw, err);
}

static void transcode_forget(struct cpl_stream *base, uint64_t before)
{
    struct transcode_stream *stream = (struct transcode_stream *)base;
    cpl_history_forget(&stream->history, before);
}

static bool transcode_ends_row(const struct cpl_stream *base)
{
    const struct transcode_stream *stream = (const struct transcode_stream *)base;
    return stream->output_at == stream->output_size && !stream->input_size &&
           stream->inner->ops->ends_row(stream->inner);
}

/* ---- opening ---- */

static void transcode_close(struct cpl_stream *base)
{
    struct transcode_stream *stream = (struct transcode_stream *)base;
    cpl_stream_close(stream->inner);
    cpl_converter_close(&stream->converter);
    cpl_history_release(&stream->history);
    cpl_free(stream->input);
    cpl_free(stream->output);
    cpl_free(stream->again);
    cpl_free(stream);
}

#define TRANSCODE_OPS                                                                              \
    .name = "transcode", .read = transcode_read, .locate = transcode_locate,                       \
    .forget = transcode_forget, .close = transcode_close
static const struct cpl_stream_ops transcode_ops = {TRANSCODE_OPS};
static const struct cpl_stream_ops transcode_rows_ops = {TRANSCODE_OPS,
                                                         .ends_row = transcode_ends_row};

static bool open_parts(struct transcode_stream *stream, const char *charset, struct cpl_error *err)
{
    bool keep_bytes = !stream->inner->ops->reread;
    return cpl_converter_open(charset, &stream->converter, err) &&
           cpl_history_init(&stream->history, keep_bytes, err) &&
           (stream->input = cpl_alloc(INPUT, err)) && (stream->output = cpl_alloc(OUTPUT, err)) &&
           (stream->again = cpl_alloc(INPUT + OUTPUT, err));
}

struct cpl_stream *cpl_stream_transcode(struct cpl_stream *inner, const char *charset,
                                        struct cpl_error *err)
{
    if (cpl_charset_is_utf8(charset))
        return inner;
    struct transcode_stream *stream = cpl_alloc_zero(1, sizeof *stream, err);
    if (!stream) {
        cpl_stream_close(inner);
        return NULL;
    }
    stream->base.ops = inner->ops->ends_row ? &transcode_rows_ops : &transcode_ops;
    stream->inner = inner;
    stream->source = inner->position;
    if (!open_parts(stream, charset, err)) {
        transcode_close(&stream->base);
        return NULL;
    }
    return &stream->base;
}
