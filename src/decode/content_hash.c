#include "decode/content_hash.h"
#include "base/xxhash.h"

#include <stdio.h>
#include <string.h>

bool cpl_content_hash_init(struct cpl_content_hash *hash, uint64_t size, struct cpl_error *err)
{
    uint64_t n = size / CPL_CONTENT_PIECE + (size % CPL_CONTENT_PIECE != 0 || !size);
    *hash = (struct cpl_content_hash){.size = size};
    if (n > SIZE_MAX / sizeof *hash->digests)
        return cpl_fail(err, CPL_E_LIMIT, "an object of %llu bytes is too long",
                        (unsigned long long)size);
    hash->n = (size_t)n;
    hash->digests = cpl_alloc_zero(hash->n, sizeof *hash->digests, err);
    hash->known = hash->digests ? cpl_alloc_zero(hash->n, sizeof *hash->known, err) : NULL;
    if (hash->known)
        return true;
    cpl_content_hash_release(hash);
    return false;
}

void cpl_content_hash_release(struct cpl_content_hash *hash)
{
    cpl_free(hash->digests);
    cpl_free(hash->known);
    *hash = (struct cpl_content_hash){0};
}

void cpl_content_hash_reset(struct cpl_content_hash *hash)
{
    if (hash->n)
        memset(hash->known, 0, hash->n * sizeof *hash->known);
}

void cpl_content_hash_text(const struct cpl_content_hash *hash, char text[CPL_CONTENT_HASH_TEXT])
{
    XXH128_canonical_t whole;
    *text = 0;
    for (size_t i = 0; i < hash->n; i++)
        if (!hash->known[i])
            return;
    if (!hash->n)
        return;
    if (hash->n == 1)
        memcpy(&whole, hash->digests[0], sizeof whole);
    else
        XXH128_canonicalFromHash(&whole,
                                 XXH3_128bits(hash->digests, hash->n * sizeof *hash->digests));
    int at = snprintf(text, CPL_CONTENT_HASH_TEXT, hash->n == 1 ? "xxh3:" : "xxh3-splits:");
    for (size_t i = 0; i < sizeof whole.digest; i++)
        at += snprintf(text + at, CPL_CONTENT_HASH_TEXT - (size_t)at, "%02x", whole.digest[i]);
}

/* ---- the stream ---- */

struct hash_stream {
    struct cpl_stream base;
    struct cpl_stream *inner;
    struct cpl_content_hash *hash;
    XXH3_state_t *state;
    uint64_t to;
    bool whole; /* the piece at hand has been hashed from its begin */
};

static uint64_t piece_end(const struct hash_stream *stream, uint64_t position)
{
    uint64_t end = (position / CPL_CONTENT_PIECE + 1) * CPL_CONTENT_PIECE;
    return end < stream->hash->size ? end : stream->hash->size;
}

static void end_piece(struct hash_stream *stream, uint64_t position)
{
    size_t piece = (size_t)((position ? position - 1 : 0) / CPL_CONTENT_PIECE);
    XXH128_canonical_t digest;
    XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(stream->state));
    memcpy(stream->hash->digests[piece], &digest, sizeof digest);
    stream->hash->known[piece] = true;
}

/* Bytes that stand at `position`. */
static void update(struct hash_stream *stream, const uint8_t *data, size_t size, uint64_t position)
{
    while (size && position < stream->to && position < stream->hash->size) {
        uint64_t end = piece_end(stream, position);
        size_t n = end - position < size ? (size_t)(end - position) : size;
        if (position % CPL_CONTENT_PIECE == 0) {
            XXH3_128bits_reset(stream->state);
            stream->whole = true;
        }
        if (stream->whole)
            XXH3_128bits_update(stream->state, data, n);
        position += n;
        data += n;
        size -= n;
        if (stream->whole && position == end)
            end_piece(stream, position);
    }
}

static bool hash_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                      struct cpl_error *err)
{
    struct hash_stream *stream = (struct hash_stream *)base;
    if (!cpl_stream_read(stream->inner, data, size, got, err))
        return false;
    update(stream, data, *got, base->position);
    base->position = stream->inner->position;
    return true;
}

static bool hash_reread(struct cpl_stream *base, uint64_t offset, void *data, size_t size,
                        size_t *got, struct cpl_error *err)
{
    struct cpl_stream *inner = ((struct hash_stream *)base)->inner;
    return inner->ops->reread(inner, offset, data, size, got, err);
}

static void hash_close(struct cpl_stream *base)
{
    struct hash_stream *stream = (struct hash_stream *)base;
    cpl_stream_close(stream->inner);
    XXH3_freeState(stream->state);
    cpl_free(stream);
}

static const struct cpl_stream_ops hash_ops = {
    .name = "hash", .read = hash_read, .reread = hash_reread, .close = hash_close};
static const struct cpl_stream_ops hash_once_ops = {
    .name = "hash", .read = hash_read, .close = hash_close};

struct cpl_stream *cpl_stream_hash(struct cpl_stream *inner, struct cpl_content_hash *hash,
                                   uint64_t to, struct cpl_error *err)
{
    struct hash_stream *stream = cpl_alloc_zero(1, sizeof *stream, err);
    XXH3_state_t *state = stream ? XXH3_createState() : NULL;
    if (!state) {
        if (stream)
            cpl_fail(err, CPL_E_MEMORY, "no memory for a checksum");
        cpl_free(stream);
        cpl_stream_close(inner);
        return NULL;
    }
    *stream = (struct hash_stream){.base = {.ops = inner->ops->reread ? &hash_ops : &hash_once_ops,
                                            .position = inner->position},
                                   .inner = inner,
                                   .hash = hash,
                                   .state = state,
                                   .to = to};
    XXH3_128bits_reset(state);
    if (!hash->size) { /* nothing will be read */
        end_piece(stream, 0);
    }
    return &stream->base;
}
