#include "encode/parquet_bloom.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { BLOCK = 32, MOST = 1 << 20 };

bool cpl_bloom_collect(struct cpl_buffer *hashes, const struct cpl_leaf_values *v,
                       enum cpl_leaf_class class, unsigned width, struct cpl_error *err)
{
    if (!cpl_buffer_reserve(hashes, (size_t)v->n_values * 8, err))
        return false;
    for (uint32_t i = 0; i < v->n_values; i++) {
        uint64_t hash;
        if (class == CPL_LEAF_BOOL)
            hash = XXH64(&v->bools[i], 1, 0);
        else if (v->slices)
            hash = XXH64(v->slices[i].data, v->slices[i].length, 0);
        else
            hash = XXH64(&v->numbers[i], width, 0);
        memcpy(hashes->data + hashes->size, &hash, 8);
        hashes->size += 8;
    }
    return true;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, 8);
    memcpy(&y, b, 8);
    return x < y ? -1 : x > y;
}

static size_t distinct(uint64_t *hashes, size_t n)
{
    size_t kept = 0;
    qsort(hashes, n, sizeof *hashes, by_value);
    for (size_t i = 0; i < n; i++)
        if (!kept || hashes[kept - 1] != hashes[i])
            hashes[kept++] = hashes[i];
    return kept;
}

static uint32_t filter_size(size_t n)
{
    double bits = -8.0 * (double)n / log(1 - pow(0.01, 1.0 / 8));
    uint32_t size = BLOCK;
    while (size < MOST && size * 8.0 < bits)
        size *= 2;
    return size;
}

static void insert(uint8_t *filter, uint32_t size, uint64_t hash)
{
    static const uint32_t salt[8] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                     0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};
    uint8_t *block = filter + (size_t)((hash >> 32) * (size / BLOCK) >> 32) * BLOCK;
    for (unsigned i = 0; i < 8; i++) {
        uint32_t word, bit = (uint32_t)hash * salt[i] >> 27;
        memcpy(&word, block + 4 * i, 4);
        word |= 1u << bit;
        memcpy(block + 4 * i, &word, 4);
    }
}

bool cpl_bloom_write(struct cpl_buffer *hashes, struct cpl_buffer *out, struct cpl_error *err)
{
    uint64_t *list = (uint64_t *)(void *)hashes->data;
    size_t n = hashes->size ? distinct(list, hashes->size / 8) : 0;
    uint32_t size = filter_size(n);
    struct cpl_parquet_bloom_header header = {.num_bytes = (int32_t)size};
    if (!cpl_parquet_write_bloom_header(&header, out, err) || !cpl_buffer_reserve(out, size, err))
        return false;
    memset(out->data + out->size, 0, size);
    for (size_t i = 0; i < n; i++)
        insert(out->data + out->size, size, list[i]);
    out->size += size;
    return true;
}
