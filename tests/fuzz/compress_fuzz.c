/* Hostile compressed data: no crash, no endless loop, bounded output, and the same answer however the bytes arrive
 * and however many threads decode them, errors included.
 *
 * Byte 0 chooses the format and the size of the pieces; the rest is the object. */
#include "decode/stream_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OUT = 8 << 20 };

struct answer {
    struct cpl_error error;
    uint64_t size, sum;
};

static struct answer read_through(const uint8_t *data, size_t size,
                                  enum cpl_compression compression, size_t in_piece,
                                  size_t out_piece, unsigned threads)
{
    struct cpl_stream *inner = pieces_new(data, size, in_piece);
    struct cpl_error err = {0};
    struct cpl_stream *stream = cpl_stream_decompress_by(
        inner, compression, (struct cpl_expansion_limits){.max_bytes = MAX_OUT}, threads, &err);
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

static void must_be_same(const struct answer *a, const struct answer *b,
                         enum cpl_compression compression)
{
    bool room_matters = compression == CPL_XZ || compression == CPL_BZIP2; /* see compress.h */
    bool same = a->error.code == b->error.code && !strcmp(a->error.message, b->error.message) &&
                ((room_matters && a->error.code == CPL_E_DATA) ||
                 (a->size == b->size && a->sum == b->sum));
    if (!same) {
        fprintf(stderr, "%llu bytes, %s\n%llu bytes, %s\n", (unsigned long long)a->size,
                a->error.message, (unsigned long long)b->size, b->error.message);
        abort();
    }
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
    must_be_same(&a, &b, compression);
    must_be_same(&a, &c, compression);
    return 0;
}
