/* Finished bytes of a part, which wait for their turn in the file.
 *
 *   add ──▶ block ─ block ─ block …      in memory, each of exactly its size, while the run's budget has room
 *              └──▶ scratch file         of the part, for the rest: without a name, gone with the part
 *
 * A store belongs to one part, and so does what is added with it: to its worker, then to whoever writes the file. */
#pragma once
#include "base/budget.h"
#include "base/memory.h"

struct cpl_part_store {
    struct cpl_budget *budget; /* NULL: everything stays in memory */
    int file;                  /* the scratch file's descriptor + 1; 0 = none yet */
    uint64_t end;
};
/* The file goes; the budget stays. */
void cpl_part_store_release(struct cpl_part_store *store);

struct cpl_part_block;
struct cpl_part_bytes {
    struct cpl_part_block *blocks;
    uint32_t n, capacity;
    uint64_t size, counted; /* bytes in all; of those in memory */
    struct cpl_budget *budget;
};
void cpl_part_bytes_release(struct cpl_part_bytes *bytes);
/* One block more: `head` and behind it `tail`. */
bool cpl_part_bytes_add(struct cpl_part_bytes *bytes, struct cpl_part_store *store,
                        const struct cpl_buffer *head, const struct cpl_buffer *tail,
                        struct cpl_error *err) CPL_CHECKED;
/* Block `i` into `out`, which it replaces. */
bool cpl_part_bytes_block(const struct cpl_part_bytes *bytes, const struct cpl_part_store *store,
                          uint32_t i, struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
/* All of them, in order. */
typedef bool cpl_give_bytes(void *context, const void *data, size_t size, struct cpl_error *err);
bool cpl_part_bytes_each(const struct cpl_part_bytes *bytes, const struct cpl_part_store *store,
                         cpl_give_bytes *give, void *context, struct cpl_error *err) CPL_CHECKED;
