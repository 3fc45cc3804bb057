/* A checksum of an object's bytes that its parts can be hashed for in any order, by any thread.
 *
 * The object is cut every 32 MiB. Up to one piece: "xxh3:" and XXH3-128 of the bytes, as for every file that is
 * written. More: "xxh3-splits:" and XXH3-128 of the pieces' own XXH3-128 in their order, 16 bytes each, big-endian.
 * So it is a function of the content alone, and is known only when every byte has been hashed.
 *
 * Threads: pieces are hashed by whoever reads them, each by one thread at a time; all else is for when they
 * have finished. */
#pragma once
#include "decode/stream.h"

enum { CPL_CONTENT_PIECE = 32 << 20, CPL_CONTENT_HASH_TEXT = 48 };

struct cpl_content_hash {
    uint64_t size;
    size_t n;               /* pieces */
    uint8_t (*digests)[16]; /* big-endian */
    bool *known;
};
bool cpl_content_hash_init(struct cpl_content_hash *hash, uint64_t size,
                           struct cpl_error *err) CPL_CHECKED;
void cpl_content_hash_release(struct cpl_content_hash *hash);
/* Forget what was hashed: the object will be read anew. */
void cpl_content_hash_reset(struct cpl_content_hash *hash);
/* "" when a piece was not read wholly. */
void cpl_content_hash_text(const struct cpl_content_hash *hash, char text[CPL_CONTENT_HASH_TEXT]);
/* Hashes what is read of `inner` (which it takes over) from its position on, but not beyond `to`: those pieces that
 * lie wholly in between. Positions stay as they are. */
struct cpl_stream *cpl_stream_hash(struct cpl_stream *inner, struct cpl_content_hash *hash,
                                   uint64_t to, struct cpl_error *err) CPL_CHECKED;
