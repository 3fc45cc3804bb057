/* Parquet's Thrift structures: any bytes parse or are refused; what parsed is written and parses to the same bytes again. */
#include "format/parquet_schema.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 64 << 20 };

static void same_again(const struct cpl_buffer *once, const struct cpl_buffer *twice)
{
    if (once->size != twice->size || memcmp(once->data, twice->data, once->size))
        abort();
}

#define ROUND_TRIP(name, type, ...)                                                                \
    static void round_trip_##name(const uint8_t *data, size_t size)                                \
    {                                                                                              \
        struct cpl_arena arena = {.max = ARENA_MAX};                                               \
        struct cpl_buffer once = {0}, twice = {0};                                                 \
        struct type first, second;                                                                 \
        if (cpl_parquet_parse_##name(data, size, __VA_ARGS__ & arena, &first, NULL) &&             \
            cpl_parquet_write_##name(&first, &once, NULL)) {                                       \
            if (!cpl_parquet_parse_##name(once.data, once.size, __VA_ARGS__ & arena, &second,      \
                                          NULL))                                                   \
                abort();                                                                           \
            if (!cpl_parquet_write_##name(&second, &twice, NULL))                                  \
                abort();                                                                           \
            same_again(&once, &twice);                                                             \
        }                                                                                          \
        cpl_buffer_release(&once);                                                                 \
        cpl_buffer_release(&twice);                                                                \
        cpl_arena_release(&arena);                                                                 \
    }
ROUND_TRIP(page_header, cpl_parquet_page_header, NULL, )
ROUND_TRIP(column_index, cpl_parquet_column_index, )
ROUND_TRIP(offset_index, cpl_parquet_offset_index, )
ROUND_TRIP(bloom_header, cpl_parquet_bloom_header, NULL, )
ROUND_TRIP(file_metadata, cpl_parquet_file_metadata, )

static void schema(const uint8_t *data, size_t size)
{
    struct cpl_arena arena = {.max = ARENA_MAX};
    struct cpl_parquet_file_metadata metadata;
    struct cpl_parquet_schema parsed;
    if (cpl_parquet_parse_file_metadata(data, size, &arena, &metadata, NULL))
        (void)!cpl_parquet_schema_parse(metadata.schema.items, metadata.schema.n, &arena, &parsed,
                                        NULL);
    cpl_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    switch (data[0] % 6) {
    case 0:
        round_trip_page_header(data + 1, size - 1);
        break;
    case 1:
        round_trip_column_index(data + 1, size - 1);
        break;
    case 2:
        round_trip_offset_index(data + 1, size - 1);
        break;
    case 3:
        round_trip_bloom_header(data + 1, size - 1);
        break;
    case 4:
        round_trip_file_metadata(data + 1, size - 1);
        break;
    default:
        schema(data + 1, size - 1);
    }
    return 0;
}
