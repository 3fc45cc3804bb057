/* A full page: encoded, compressed, recorded for the page index. */
#include "encode/parquet_column.h"

#include <libdeflate.h>
#include <string.h>

static bool encode_bools(const struct cpl_parquet_column *c, struct cpl_buffer *out,
                         struct cpl_error *err)
{
    const struct column_page *p = &c->page;
    if (c->encoding == CPL_PARQUET_PLAIN) {
        if (!cpl_buffer_reserve(out, p->n_values / 8 + 1, err))
            return false;
        memset(out->data + out->size, 0, p->n_values / 8 + 1);
        for (uint32_t i = 0; i < p->n_values; i++)
            if (p->bools[i])
                cpl_bit_set(out->data + out->size, i);
        out->size += (p->n_values + 7) / 8;
        return true;
    }
    size_t length_at = out->size;
    if (!cpl_buffer_append(out, "\0\0\0\0", 4, err) ||
        !cpl_put_levels(c->kernels, p->bools, p->n_values, 1, out, err))
        return false;
    uint32_t length = (uint32_t)(out->size - length_at - 4);
    memcpy(out->data + length_at, &length, 4);
    return true;
}

bool cpl_column_encode_values(struct cpl_parquet_column *c, struct cpl_buffer *out,
                              struct cpl_error *err)
{
    struct column_page *p = &c->page;
    if (c->class == CPL_LEAF_BOOL)
        return encode_bools(c, out, err);
    if (c->mode == MODE_DICTIONARY) {
        uint32_t entries = column_is_slices(c->class) ? c->strings.n : c->ints.n;
        uint8_t width = (uint8_t)cpl_bit_width(entries ? entries - 1 : 0);
        c->dictionary_used = true;
        return cpl_buffer_append(out, &width, 1, err) &&
               cpl_put_hybrid(c->kernels, p->codes, p->n_values, width, out, err);
    }
    switch (c->encoding) {
    case CPL_PARQUET_DELTA_BINARY_PACKED:
        return cpl_put_delta(c->kernels, p->numbers, p->n_values, c->width, out, err);
    case CPL_PARQUET_BYTE_STREAM_SPLIT:
        return cpl_put_stream_split(p->numbers, p->n_values, c->width, out, err);
    case CPL_PARQUET_DELTA_LENGTH_BYTE_ARRAY:
        return cpl_put_delta_length(c->kernels, p->bytes.data, p->bytes.size, p->lengths,
                                    p->n_values, out, err);
    case CPL_PARQUET_DELTA_BYTE_ARRAY:
        return cpl_put_delta_bytes(c->kernels, p->bytes.data, p->lengths, p->n_values, out, err);
    default:
        if (c->class == CPL_LEAF_FIXED)
            return cpl_buffer_append(out, p->bytes.data, p->bytes.size, err);
        if (c->class == CPL_LEAF_BYTES)
            return cpl_put_plain_bytes(p->bytes.data, p->lengths, p->n_values, out, err);
        return cpl_put_plain(p->numbers, p->n_values, c->width, out, err);
    }
}

/* Bytes of a page's levels; those in front of what the codec gets. */
struct page_levels {
    uint32_t rep, def;
    size_t in_front;
};

static bool put_one_level(struct cpl_parquet_column *c, const uint8_t *levels, unsigned max,
                          struct cpl_buffer *out, uint32_t *size, struct cpl_error *err)
{
    bool v1 = c->options->page_version == 0;
    size_t at = out->size;
    *size = 0;
    if (!max)
        return true;
    if (v1 && !cpl_buffer_append(out, "\0\0\0\0", 4, err))
        return false;
    bool ok = levels ? cpl_put_levels(c->kernels, levels, c->page.n_levels, max, out, err)
                     : cpl_put_constant_levels(max, c->page.n_levels, max, out, err);
    if (!ok)
        return false;
    *size = (uint32_t)(out->size - at);
    if (v1) {
        uint32_t length = *size - 4;
        memcpy(out->data + at, &length, 4);
    }
    return true;
}

/* Strings' bounds and total length of a dictionary page's values, from the codes that occur. */
static bool bound_codes(struct cpl_parquet_column *c, uint64_t *unencoded, struct cpl_error *err)
{
    struct column_page *p = &c->page;
    uint32_t entries = c->strings.n;
    uint8_t *seen = cpl_alloc_zero(entries + 1, 1, err);
    if (!seen)
        return false;
    for (uint32_t i = 0; i < p->n_values; i++) {
        seen[p->codes[i]] = 1;
        *unencoded += c->strings.entries[p->codes[i]].length;
    }
    bool ok = true;
    for (uint32_t code = 0; ok && code < entries; code++)
        if (seen[code]) {
            struct cpl_slice slice = {.data = c->strings.bytes.data +
                                              c->strings.entries[code].offset,
                                      .length = c->strings.entries[code].length};
            ok = cpl_column_bound_slices(c, &slice, 1, err);
        }
    cpl_free(seen);
    return ok;
}

static void bound_bools(struct cpl_parquet_column *c)
{
    struct column_page *p = &c->page;
    uint32_t trues = 0;
    for (uint32_t i = 0; i < p->n_values; i++)
        trues += p->bools[i];
    p->bounds.any = p->n_values > 0;
    p->bounds.min = trues == p->n_values;
    p->bounds.max = trues > 0;
}

/* The page's levels into its own histograms, and those into the chunk's. */
static bool count_levels(struct cpl_parquet_column *c, struct cpl_error *err)
{
    const struct column_page *p = &c->page;
    size_t n_rep = (size_t)c->leaf->max_rep + 1, n_def = (size_t)c->leaf->max_def + 1;
    struct cpl_buffer *out = &c->chunk.page_histograms;
    if (!c->chunk.def_histogram)
        return true;
    if (!cpl_buffer_reserve(out, (n_rep + n_def) * sizeof(uint64_t), err))
        return false;
    uint64_t *rep = (uint64_t *)(void *)(out->data + out->size), *def = rep + n_rep;
    memset(rep, 0, (n_rep + n_def) * sizeof *rep);
    for (uint32_t i = 0; p->has_def && i < p->n_levels; i++) {
        rep[p->rep[i]]++;
        def[p->def[i]]++;
    }
    if (!p->has_def) {
        rep[0] = p->n_levels;
        def[n_def - 1] = p->n_levels;
    }
    for (size_t i = 0; i < n_rep; i++)
        c->chunk.rep_histogram[i] += rep[i];
    for (size_t i = 0; i < n_def; i++)
        c->chunk.def_histogram[i] += def[i];
    out->size += (n_rep + n_def) * sizeof *rep;
    return true;
}

/* The page's line in the index, and its part in the chunk's statistics. */
static bool record_page(struct cpl_parquet_column *c, uint64_t offset, uint64_t unencoded,
                        enum cpl_parquet_encoding encoding, struct cpl_error *err)
{
    struct column_page *p = &c->page;
    struct cpl_parquet_chunk *chunk = &c->chunk;
    struct cpl_page_record record = {.offset = offset,
                                     .size = (uint32_t)(chunk->pages.size - offset),
                                     .first_row = c->rows,
                                     .values = p->n_levels,
                                     .nulls = p->n_nulls,
                                     .unencoded = unencoded,
                                     .encoding = encoding,
                                     .min_order = 2,
                                     .max_order = 2};
    bool utf8 = c->leaf->field->type.kind == CPL_STRING || c->leaf->field->type.kind == CPL_JSON;
    cpl_bounds_write(&p->bounds, c->order, c->width, utf8, &record.bounds);
    if (p->bounds.any && c->has_previous) {
        record.min_order = cpl_bounds_compare(c->order, &p->bounds, false, &c->previous, false);
        record.max_order = cpl_bounds_compare(c->order, &p->bounds, true, &c->previous, true);
    }
    if (!cpl_buffer_append(&chunk->records, &record, sizeof record, err) ||
        !cpl_bounds_join(&c->bounds, c->order, &p->bounds, err))
        return false;
    if (p->bounds.any) {
        cpl_bounds_clear(&c->previous);
        c->has_previous = true;
        if (!cpl_bounds_join(&c->previous, c->order, &p->bounds, err))
            return false;
    }
    chunk->n_records++;
    chunk->values += p->n_levels;
    chunk->nulls += p->n_nulls;
    chunk->unencoded += unencoded;
    return true;
}

/* Header, checksum, stored bytes. `levels` of them stand uncompressed in front (v2). */
bool cpl_column_put_page(struct cpl_parquet_column *c, struct cpl_parquet_page_header *header,
                         const struct cpl_buffer *body, size_t levels, struct cpl_part_bytes *out,
                         struct cpl_error *err)
{
    const struct cpl_buffer *stored = body;
    if (c->chunk.codec != CPL_CODEC_NONE) {
        c->scratch->packed.size = 0;
        if (!cpl_buffer_append(&c->scratch->packed, body->data, levels, err) ||
            !cpl_codec_compress(c->chunk.codec, c->options->level, &c->scratch->codec,
                                body->data + levels, body->size - levels, &c->scratch->packed, err))
            return false;
        stored = &c->scratch->packed;
        if (!c->codec_chosen && (double)stored->size > 0.95 * (double)body->size) {
            c->chunk.codec = CPL_CODEC_NONE;
            stored = body;
        }
        c->codec_chosen = true;
    }
    if (body->size > INT32_MAX || stored->size > INT32_MAX)
        return cpl_fail(err, CPL_E_LIMIT, "a page of column %s would pass 2 GiB",
                        c->leaf->field->name);
    header->uncompressed_size = (int32_t)body->size;
    header->compressed_size = (int32_t)stored->size;
    header->data_v2.has_is_compressed = true;
    header->data_v2.is_compressed = c->chunk.codec != CPL_CODEC_NONE;
    if (c->options->page_crc) {
        header->has_crc = true;
        header->crc = (int32_t)libdeflate_crc32(0, stored->data, stored->size);
    }
    struct cpl_buffer *head = &c->scratch->header;
    head->size = 0;
    if (!cpl_parquet_write_page_header(header, head, err))
        return false;
    c->chunk.uncompressed += head->size + body->size;
    return cpl_part_bytes_add(out, &c->scratch->store, head, stored, err);
}

/* Of a version 2 page `levels` says how long the two runs of levels in front are. */
static struct cpl_parquet_page_header page_header(const struct cpl_parquet_column *c,
                                                  enum cpl_parquet_encoding encoding,
                                                  const struct page_levels *levels)
{
    const struct column_page *p = &c->page;
    if (c->options->page_version == 0)
        return (struct cpl_parquet_page_header){
            .type = CPL_PARQUET_DATA_PAGE,
            .has_data = true,
            .data = {.num_values = (int32_t)p->n_levels,
                     .encoding = encoding,
                     .definition_encoding = CPL_PARQUET_RLE,
                     .repetition_encoding = CPL_PARQUET_RLE},
        };
    return (struct cpl_parquet_page_header){
        .type = CPL_PARQUET_DATA_PAGE_V2,
        .has_data_v2 = true,
        .data_v2 = {.num_values = (int32_t)p->n_levels,
                    .num_nulls = (int32_t)p->n_nulls,
                    .num_rows = (int32_t)p->n_rows,
                    .encoding = encoding,
                    .definition_bytes = (int32_t)levels->def,
                    .repetition_bytes = (int32_t)levels->rep},
    };
}

/* Levels, then values, into the scratch body. */
static bool put_body(struct cpl_parquet_column *c, struct page_levels *levels,
                     struct cpl_error *err)
{
    struct column_page *p = &c->page;
    struct cpl_buffer *body = &c->scratch->body;
    body->size = 0;
    if (!put_one_level(c, p->rep, (unsigned)c->leaf->max_rep, body, &levels->rep, err) ||
        !put_one_level(c, p->has_def ? p->def : NULL, (unsigned)c->leaf->max_def, body,
                       &levels->def, err))
        return false;
    levels->in_front = c->options->page_version == 0 ? 0 : body->size;
    return cpl_column_encode_values(c, body, err);
}

/* The bounds that were not kept while filling, and the bytes of the values before encoding. */
static bool bound_late(struct cpl_parquet_column *c, uint64_t *unencoded, struct cpl_error *err)
{
    *unencoded = c->class == CPL_LEAF_BYTES ? c->page.bytes.size : 0;
    if (c->class == CPL_LEAF_BOOL)
        bound_bools(c);
    if (c->mode != MODE_DICTIONARY || !column_is_slices(c->class))
        return true;
    uint64_t total = 0;
    if (!bound_codes(c, &total, err))
        return false;
    *unencoded = c->class == CPL_LEAF_BYTES ? total : 0;
    return true;
}

bool cpl_column_flush_page(struct cpl_parquet_column *c, bool last, struct cpl_error *err)
{
    if (!c->page.n_levels)
        return true;
    uint64_t unencoded, offset = c->chunk.pages.size;
    struct page_levels levels;
    if (!cpl_column_choose(c, last, err) || !bound_late(c, &unencoded, err) ||
        !put_body(c, &levels, err))
        return false;
    enum cpl_parquet_encoding encoding = c->mode == MODE_DICTIONARY ? CPL_PARQUET_RLE_DICTIONARY
                                                                    : c->encoding;
    struct cpl_parquet_page_header header = page_header(c, encoding, &levels);
    if (!cpl_column_put_page(c, &header, &c->scratch->body, levels.in_front, &c->chunk.pages,
                             err) ||
        !record_page(c, offset, unencoded, encoding, err) || !count_levels(c, err))
        return false;
    c->rows += c->page.n_rows;
    cpl_column_clear_page(c);
    return true;
}
