/* Hostile compressed data: no crash, no endless loop, bounded output, and the same answer however the bytes arrive
 * and however many threads decode them, errors included.
 *
 * Byte 0 chooses the format and the size of the pieces; the rest is the object. */
#include "decode/stream.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_OUT = 8 << 20 };

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

struct answer {
    struct cpl_error error;
    uint64_t size, sum;
};

static struct answer read_through(const uint8_t *data, size_t size,
                                  enum cpl_compression compression, size_t in_piece,
                                  size_t out_piece, unsigned threads)
{
    struct pieces *inner = calloc(1, sizeof *inner);
    *inner = (struct pieces){
        .base = {.ops = &pieces_ops}, .data = data, .size = size, .piece = in_piece};
    struct cpl_error err = {0};
    struct cpl_stream *stream = cpl_stream_decompress_by(
        &inner->base, compression, (struct cpl_expansion_limits){.max_bytes = MAX_OUT}, threads,
        &err);
    if (!stream)
        abort();
    struct answer answer = {0};
    uint8_t *out = malloc(out_piece);
    for (size_t got = 1; got;) {
        if (!cpl_stream_read(stream, out, out_piece, &got, &err)) {
            answer.error = err;
            if (err.code == CPL_E_NONE || !err.message[0])
                abort();
            break;
        }
        for (size_t i = 0; i < got; i++)
            answer.sum = answer.sum * 31 + out[i];
        answer.size += got;
    }
    if (answer.size > MAX_OUT + out_piece)
        abort();
    free(out);
    cpl_stream_close(stream);
    return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    enum cpl_compression compression = (enum cpl_compression)(CPL_GZIP + data[0] % 5);
    size_t piece = (size_t)1 << (data[0] / 5 % 8);
    cpl_compression_sniff(data + 1, size - 1);
    struct answer a = read_through(data + 1, size - 1, compression, 1 << 20, 65536, 1);
    struct answer b = read_through(data + 1, size - 1, compression, piece, 1000, 1);
    struct answer c = read_through(data + 1, size - 1, compression, 1 << 20, 65536, 3);
    if ((a.error.code == CPL_E_NONE) != (b.error.code == CPL_E_NONE))
        abort();
    if (a.error.code == CPL_E_NONE && (a.size != b.size || a.sum != b.sum))
        abort();
    if (a.error.code != c.error.code)
        abort();
    bool exact = compression != CPL_GZIP || a.error.code != CPL_E_DATA; /* see compress_gzip.c */
    if (exact &&
        (strcmp(a.error.message, c.error.message) != 0 || a.size != c.size || a.sum != c.sum))
        abort();
    return 0;
}
