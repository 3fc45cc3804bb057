/* Members ahead of their turn: compressed bytes are cut where members end, and threads decode them.
 *
 *   inner ──▶ window ──cut──▶ pieces (whole members) ──▶ threads ──▶ take, in the object's order
 *                └──────── what cannot be cut ────────▶ read: the driver decodes it itself
 *
 * A piece is an offer, never an answer: it counts only when its members decode without an error and
 * end exactly at its end, and when the driver stands exactly at its begin. Pieces lie end to end from
 * a place that the driver has named as a member's begin, so a wrong guess at a boundary shows in the
 * piece before it. Whatever is declined (damage, a wrong guess, too much output) the driver reads
 * and decodes as if there were no threads: bytes, limits and errors are those of one thread.
 *
 * A guess that failed is not repeated before the driver has passed what was looked at for it, so
 * that hostile input costs at most twice what one thread would need.
 *
 * Memory: at most threads + 2 pieces of CPL_PIECE_IN + CPL_PIECE_OUT (12 MiB) and a window of 9 MiB;
 * as a rule a tenth of that. Larger members are the driver's.
 * Threads: all functions are for the driver's thread. */
#pragma once
#include "decode/compress.h"

enum { CPL_PIECE_IN = 4 << 20, CPL_PIECE_OUT = 8 << 20 };

struct cpl_members;
struct cpl_piece {
    uint64_t from, to; /* of the compressed object */
    const uint8_t *data;
    size_t size;
};

/* Takes over `inner`; starts no thread before there is a piece. */
struct cpl_members *cpl_members_new(struct cpl_stream *inner, enum cpl_compression compression,
                                    unsigned threads, struct cpl_error *err) CPL_CHECKED;
void cpl_members_free(struct cpl_members *members);
/* The compressed bytes in their order, as inner's read. */
bool cpl_members_read(struct cpl_members *members, void *data, size_t size, size_t *got,
                      struct cpl_error *err) CPL_CHECKED;
/* A member begins at `offset`, or padding, or nothing; `unread` are the `size` bytes from there that were read already.
 * True: a piece from there, valid until the next call. *again: reading goes on at `offset`, and the unread are to be
 * forgotten. */
bool cpl_members_take(struct cpl_members *members, uint64_t offset, const uint8_t *unread,
                      size_t size, struct cpl_piece *piece, bool *again);
/* The piece that was taken is accepted: reading goes on behind it. */
void cpl_members_pass(struct cpl_members *members, const struct cpl_piece *piece);
