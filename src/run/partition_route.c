#include "run/partition_route.h"
#include "batch/fragment.h"
#include "format/codec.h"

#include <string.h>

#include <xxhash.h>

enum {
    RUN_BYTES = 32 << 20, /* rows put down before they are sorted */
    RUN_ROWS = 1 << 19,
    FRAGMENT_BYTES = 1 << 20,
    WRITE_BYTES = 1 << 20
};

/* A key that this delivery has seen; its number is its place in the array. */
struct seen_key {
    uint64_t hash;
    const uint8_t *bytes;
    size_t length;
};

struct cpl_router {
    const struct cpl_partition_plan *plan;
    struct cpl_spill_file *spill;
    struct cpl_routed *routed;
    struct cpl_column *columns; /* those that go into files */
    /* rows since the last sort */
    struct cpl_buffer rows;
    size_t *ends;
    uint32_t *parts, *order;
    uint32_t n_rows, capacity;
    /* keys */
    struct cpl_buffer key, text;
    struct seen_key *seen; /* keys_capacity of them */
    uint32_t *slots;       /* number + 1; 0 = free */
    uint32_t n_slots;
    /* on the way out */
    struct cpl_buffer piece, packed;
    size_t unplaced; /* fragments before this one know their place */
    struct cpl_codec_state codec;
};

void cpl_routed_free(struct cpl_routed *routed)
{
    if (!routed)
        return;
    cpl_free(routed->keys);
    cpl_free(routed->fragments);
    cpl_arena_release(&routed->arena);
    cpl_free(routed);
}

struct cpl_router *cpl_router_new(const struct cpl_partition_plan *plan,
                                  struct cpl_spill_file *spill, struct cpl_error *err)
{
    struct cpl_router *r = cpl_alloc_zero(1, sizeof *r, err);
    if (!r)
        return NULL;
    r->plan = plan;
    r->spill = spill;
    r->columns = cpl_alloc(plan->schema->n_fields * sizeof *r->columns, err);
    /* all at once: growing would copy what is not even there yet */
    if (r->columns && cpl_buffer_reserve(&r->rows, RUN_BYTES + (4 << 20), err))
        return r;
    cpl_router_free(r);
    return NULL;
}

void cpl_router_free(struct cpl_router *r)
{
    if (!r)
        return;
    cpl_routed_free(r->routed);
    cpl_buffer_release(&r->rows);
    cpl_buffer_release(&r->key);
    cpl_buffer_release(&r->text);
    cpl_buffer_release(&r->piece);
    cpl_buffer_release(&r->packed);
    cpl_codec_state_release(&r->codec);
    cpl_free(r->columns);
    cpl_free(r->ends);
    cpl_free(r->parts);
    cpl_free(r->order);
    cpl_free(r->seen);
    cpl_free(r->slots);
    cpl_free(r);
}

void cpl_router_discard(struct cpl_router *r)
{
    cpl_routed_free(r->routed);
    r->routed = NULL;
    r->rows.size = r->packed.size = 0;
    r->n_rows = 0;
    r->unplaced = 0;
    if (r->slots)
        memset(r->slots, 0, r->n_slots * sizeof *r->slots);
}

/* Grow an array; the old one stays when that fails. */
static bool grow(void **array, size_t n, size_t size, struct cpl_error *err)
{
    void *grown = cpl_realloc(*array, n * size, err);
    if (grown)
        *array = grown;
    return grown != NULL;
}

/* ---- keys ---- */

static void rehash(struct cpl_router *r)
{
    memset(r->slots, 0, r->n_slots * sizeof *r->slots);
    for (uint32_t i = 0; i < r->routed->n_keys; i++) {
        uint32_t at = (uint32_t)r->seen[i].hash & (r->n_slots - 1);
        while (r->slots[at])
            at = (at + 1) & (r->n_slots - 1);
        r->slots[at] = i + 1;
    }
}

/* Room for one more key; less than half of the slots are in use. */
static bool key_room(struct cpl_router *r, struct cpl_error *err)
{
    struct cpl_routed *routed = r->routed;
    if (routed->n_keys == routed->keys_capacity) {
        uint32_t capacity = routed->keys_capacity ? 2 * routed->keys_capacity : 64;
        if (!grow((void **)&routed->keys, capacity, sizeof *routed->keys, err) ||
            !grow((void **)&r->seen, capacity, sizeof *r->seen, err))
            return false;
        routed->keys_capacity = capacity;
    }
    if (2 * (routed->n_keys + 1) <= r->n_slots)
        return true;
    uint32_t slots = r->n_slots ? 2 * r->n_slots : 256;
    if (!grow((void **)&r->slots, slots, sizeof *r->slots, err))
        return false;
    r->n_slots = slots;
    rehash(r);
    return true;
}

/* false with routed->refused set when the row cannot have a directory: that fails the run later, if at all. */
static bool new_key(struct cpl_router *r, const struct cpl_batch *batch, uint32_t row,
                    uint64_t hash, struct cpl_error *err)
{
    struct cpl_routed *routed = r->routed;
    struct seen_key *seen = &r->seen[routed->n_keys];
    if (routed->n_keys >= r->plan->most)
        return cpl_partition_too_many(r->plan, &routed->refused);
    r->text.size = 0;
    if (!cpl_partition_text(r->plan, batch, row, &r->text, &routed->refused))
        return false;
    uint8_t *bytes = cpl_arena_alloc(&routed->arena, r->key.size, err);
    const char *text = cpl_arena_strndup(&routed->arena, (const char *)r->text.data, r->text.size,
                                         err);
    if (!bytes || !text)
        return false;
    memcpy(bytes, r->key.data, r->key.size);
    *seen = (struct seen_key){.hash = hash, .bytes = bytes, .length = r->key.size};
    routed->keys[routed->n_keys++] = text;
    return true;
}

static bool find_key(struct cpl_router *r, const struct cpl_batch *batch, uint32_t row,
                     uint32_t *number, struct cpl_error *err)
{
    r->key.size = 0;
    if (!cpl_partition_binary(r->plan, batch, row, &r->key, &r->routed->refused) ||
        !key_room(r, err))
        return false;
    uint64_t hash = XXH3_64bits(r->key.data, r->key.size);
    uint32_t at = (uint32_t)hash & (r->n_slots - 1);
    for (; r->slots[at]; at = (at + 1) & (r->n_slots - 1)) {
        const struct seen_key *seen = &r->seen[r->slots[at] - 1];
        if (seen->hash == hash && seen->length == r->key.size &&
            !memcmp(seen->bytes, r->key.data, r->key.size)) {
            *number = r->slots[at] - 1;
            return true;
        }
    }
    if (!new_key(r, batch, row, hash, err))
        return false;
    *number = r->routed->n_keys - 1;
    r->slots[at] = *number + 1;
    return true;
}

/* ---- from rows to fragments ---- */

/* What is packed goes to the spill file, and its fragments learn their place. */
static bool write_packed(struct cpl_router *r, struct cpl_error *err)
{
    uint64_t base;
    struct cpl_routed *routed = r->routed;
    if (!r->packed.size)
        return true;
    if (!cpl_spill_file_put(r->spill, r->packed.data, r->packed.size, &base, err))
        return false;
    for (; r->unplaced < routed->n_fragments; r->unplaced++)
        routed->fragments[r->unplaced].offset += base;
    r->packed.size = 0;
    return true;
}

static bool pack(struct cpl_router *r, uint32_t partition, uint32_t rows, struct cpl_error *err)
{
    struct cpl_routed *routed = r->routed;
    size_t begin = r->packed.size, raw = r->piece.size;
    if (!rows)
        return true;
    if (routed->n_fragments == routed->capacity) {
        size_t capacity = routed->capacity ? 2 * routed->capacity : 64;
        if (!grow((void **)&routed->fragments, capacity, sizeof *routed->fragments, err))
            return false;
        routed->capacity = capacity;
    }
    if (!cpl_codec_compress(CPL_CODEC_LZ4_RAW, CPL_CODEC_DEFAULT_LEVEL, &r->codec, r->piece.data,
                            raw, &r->packed, err))
        return false;
    if (r->packed.size - begin >= raw) {
        r->packed.size = begin;
        if (!cpl_buffer_append(&r->packed, r->piece.data, raw, err))
            return false;
    }
    routed->fragments[routed->n_fragments++] = (struct cpl_fragment){
        .offset = begin,
        .partition = partition,
        .packed = (uint32_t)(r->packed.size - begin),
        .raw = (uint32_t)raw,
        .rows = rows,
        .check = (uint32_t)XXH3_64bits(r->piece.data, raw)};
    r->piece.size = 0;
    return r->packed.size < WRITE_BYTES || write_packed(r, err);
}

/* Rows in order[from, to), all of one partition. */
static bool pack_partition(struct cpl_router *r, uint32_t from, uint32_t to, struct cpl_error *err)
{
    uint32_t rows = 0, partition = r->parts[r->order[from]];
    r->piece.size = 0;
    for (uint32_t i = from; i < to; i++) {
        uint32_t row = r->order[i];
        size_t begin = row ? r->ends[row - 1] : 0, size = r->ends[row] - begin;
        if (r->piece.size + size > FRAGMENT_BYTES) {
            if (!pack(r, partition, rows, err))
                return false;
            rows = 0;
        }
        if (!cpl_buffer_append(&r->piece, r->rows.data + begin, size, err))
            return false;
        rows++;
    }
    return pack(r, partition, rows, err);
}

/* Stable: rows of one partition keep their order. *begins: n_keys + 1 places. */
static void sort_rows(struct cpl_router *r, uint32_t *begins)
{
    uint32_t n_keys = r->routed->n_keys, at = 0;
    for (uint32_t i = 0; i < r->n_rows; i++)
        begins[r->parts[i]]++;
    for (uint32_t k = 0; k <= n_keys; k++) {
        uint32_t count = begins[k];
        begins[k] = at;
        at += count;
    }
    for (uint32_t i = 0; i < r->n_rows; i++)
        r->order[begins[r->parts[i]]++] = i;
}

static bool put_down(struct cpl_router *r, struct cpl_error *err)
{
    if (!r->n_rows)
        return true;
    uint32_t n_keys = r->routed->n_keys, from = 0;
    uint32_t *begins = cpl_alloc_zero(n_keys + 1u, sizeof *begins, err);
    bool ok = begins != NULL;
    if (ok)
        sort_rows(r, begins);
    for (uint32_t k = 0; ok && k < n_keys; k++) { /* begins[k] has become its end */
        ok = begins[k] == from || pack_partition(r, from, begins[k], err);
        from = begins[k];
    }
    ok = ok && write_packed(r, err);
    cpl_free(begins);
    r->n_rows = 0;
    r->rows.size = 0;
    return ok;
}

/* ---- batches ---- */

static bool row_room(struct cpl_router *r, uint32_t n, struct cpl_error *err)
{
    if (r->n_rows + n <= r->capacity)
        return true;
    uint32_t wanted = r->n_rows + n, capacity = r->capacity ? 2 * r->capacity : 1 << 14;
    capacity = capacity < wanted ? wanted : capacity;
    if (!grow((void **)&r->ends, capacity, sizeof *r->ends, err) ||
        !grow((void **)&r->parts, capacity, sizeof *r->parts, err) ||
        !grow((void **)&r->order, capacity, sizeof *r->order, err))
        return false;
    r->capacity = capacity;
    return true;
}

static bool find_keys(struct cpl_router *r, const struct cpl_batch *batch, struct cpl_error *err)
{
    for (uint32_t i = 0; i < batch->rows; i++)
        if (!find_key(r, batch, i, &r->parts[r->n_rows + i], err))
            return false;
    return true;
}

static struct cpl_batch kept_columns(struct cpl_router *r, const struct cpl_batch *batch)
{
    for (uint32_t i = 0; i < r->plan->schema->n_fields; i++)
        r->columns[i] = batch->columns[r->plan->kept[i]];
    return (struct cpl_batch){
        .schema = r->plan->schema, .columns = r->columns, .rows = batch->rows};
}

bool cpl_router_append(struct cpl_router *r, const struct cpl_batch *batch, struct cpl_error *err)
{
    if (!r->routed && !(r->routed = cpl_alloc_zero(1, sizeof *r->routed, err)))
        return false;
    if (r->routed->refused.code != CPL_E_NONE)
        return true;
    if (!row_room(r, batch->rows, err))
        return false;
    if (!find_keys(r, batch, err))
        return r->routed->refused.code != CPL_E_NONE;
    struct cpl_batch kept = kept_columns(r, batch);
    if (!cpl_fragment_write(&kept, NULL, batch->rows, &r->rows, r->ends + r->n_rows, err))
        return false;
    r->n_rows += batch->rows;
    r->routed->rows += batch->rows;
    return (r->rows.size < RUN_BYTES && r->n_rows < RUN_ROWS) || put_down(r, err);
}

bool cpl_router_finish(struct cpl_router *r, struct cpl_routed **routed, struct cpl_error *err)
{
    *routed = NULL;
    if (!r->routed)
        return true;
    if (r->routed->refused.code == CPL_E_NONE && !put_down(r, err))
        return false;
    *routed = r->routed;
    r->routed = NULL;
    cpl_router_discard(r);
    return true;
}
