/* For tests and fuzz targets of streams: bytes in memory that arrive in pieces of one size. Borrows the bytes. */
#pragma once
#include "decode/stream.h"

#include <stdlib.h>
#include <string.h>

struct pieces {
    struct cpl_stream base;
    const uint8_t *data;
    size_t size, piece;
};

static bool pieces_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                        struct cpl_error *err)
{
    struct pieces *stream = (struct pieces *)base;
    (void)err;
    size_t left = stream->size - base->position;
    *got = left < stream->piece ? left : stream->piece;
    if (*got > size)
        *got = size;
    if (*got)
        memcpy(data, stream->data + base->position, *got);
    base->position += *got;
    return true;
}

static void pieces_close(struct cpl_stream *base)
{
    free(base);
}

static const struct cpl_stream_ops pieces_ops = {
    .name = "pieces", .read = pieces_read, .close = pieces_close};

static struct cpl_stream *pieces_new(const void *data, size_t size, size_t piece)
{
    struct pieces *stream = calloc(1, sizeof *stream);
    if (!stream)
        abort();
    *stream = (struct pieces){
        .base = {.ops = &pieces_ops}, .data = data, .size = size, .piece = piece};
    return &stream->base;
}
