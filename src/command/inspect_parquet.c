/* How Parquet files are laid out: row groups, codecs, encodings, sizes; column by column for one file. */
#include "base/plural.h"
#include "base/tree.h"
#include "command/grid.h"
#include "command/inspect.h"
#include "decode/parquet_layout.h"
#include "format/codec.h"

#include <stdio.h>
#include <string.h>

/* ---- one file ---- */

struct opened {
    struct cpl_reader *reader;
    struct cpl_parquet_file *file;
};

static bool open_file(const struct cpl_inspection *it, size_t i, struct opened *o,
                      struct cpl_error *err)
{
    const char *path = cpl_rows_objects(it->rows)->items[i].path;
    *o = (struct opened){.reader = cpl_reader_open(it->storage, path, err)};
    o->file = o->reader ? cpl_parquet_open(o->reader, path, err) : NULL;
    if (!o->file)
        cpl_reader_close(o->reader);
    return o->file != NULL;
}

static void close_file(struct opened *o)
{
    cpl_parquet_close(o->file);
    cpl_reader_close(o->reader);
}

bool cpl_inspect_layout_json(const struct cpl_inspection *it, struct cpl_json_writer *json,
                             struct cpl_error *err)
{
    bool ok = true;
    cpl_json_list(json, "files");
    for (size_t i = 0; ok && i < cpl_rows_objects(it->rows)->n; i++) {
        struct opened o;
        if (!open_file(it, i, &o, err))
            return false;
        ok = cpl_parquet_layout(o.file, json, NULL, err);
        close_file(&o);
    }
    cpl_json_close(json);
    return ok;
}

/* ---- a column over all row groups ---- */

struct leaf_sum {
    int64_t compressed, uncompressed;
    uint64_t encodings; /* bit e: encoding e is used for values */
    uint32_t codecs;
};

static struct leaf_sum sum_leaf(const struct cpl_parquet_file_metadata *metadata, uint32_t leaf)
{
    struct leaf_sum sum = {0};
    for (uint32_t g = 0; g < metadata->row_groups.n; g++) {
        const struct cpl_parquet_row_group *group = &metadata->row_groups.items[g];
        if (leaf >= group->columns.n)
            continue;
        const struct cpl_parquet_column_metadata *m = &group->columns.items[leaf].metadata;
        sum.compressed += m->total_compressed_size;
        sum.uncompressed += m->total_uncompressed_size;
        if ((unsigned)m->codec < 32)
            sum.codecs |= 1u << m->codec;
        for (uint32_t i = 0; i < m->encodings.n; i++)
            if ((unsigned)m->encodings.items[i] < 64)
                sum.encodings |= UINT64_C(1) << m->encodings.items[i];
    }
    return sum;
}

/* Names of the bits, "A + B". RLE stands for levels nearly always, so it is shown only when alone. */
static void encodings_text(uint64_t bits, char *text, size_t size)
{
    uint64_t rle = UINT64_C(1) << CPL_PARQUET_RLE;
    size_t at = 0;
    *text = 0;
    bits = bits == rle ? bits : bits & ~rle;
    for (int e = 0; e < 64 && at < size; e++)
        if (bits >> e & 1)
            at += (size_t)snprintf(text + at, size - at, "%s%s", at ? " + " : "",
                                   cpl_parquet_encoding_name((enum cpl_parquet_encoding)e));
}

static void codecs_text(uint32_t bits, char *text, size_t size)
{
    size_t at = 0;
    *text = 0;
    for (int c = 0; c < 32 && at < size; c++)
        if (bits >> c & 1)
            at += (size_t)snprintf(text + at, size - at, "%s%s", at ? " + " : "",
                                   cpl_codec_name((enum cpl_codec)c));
}

static bool set(struct cpl_grid *grid, size_t column, const char *text, struct cpl_error *err)
{
    return cpl_grid_set(grid, column, text, strlen(text), err);
}

static bool put_leaf(struct cpl_grid *grid, const char *name, const struct leaf_sum *sum,
                     struct cpl_error *err)
{
    char encodings[200], codecs[80], stored[32], ratio[32] = "";
    encodings_text(sum->encodings, encodings, sizeof encodings);
    codecs_text(sum->codecs, codecs, sizeof codecs);
    if (sum->compressed > 0)
        snprintf(ratio, sizeof ratio, "%.2f", (double)sum->uncompressed / (double)sum->compressed);
    return cpl_grid_row(grid, err) && set(grid, 0, name, err) && set(grid, 1, encodings, err) &&
           set(grid, 2, codecs, err) &&
           set(grid, 3, cpl_show_size((uint64_t)sum->compressed, stored), err) &&
           set(grid, 4, ratio, err);
}

static bool draw_leaves(const struct cpl_parquet_file *file, unsigned width, bool colour,
                        struct cpl_buffer *out, struct cpl_error *err)
{
    static const char *const titles[] = {"column", "encodings", "codec", "stored", "ratio"};
    const struct cpl_parquet_schema *levels = cpl_parquet_levels(file);
    struct cpl_grid grid;
    bool ok = cpl_grid_init(&grid, 5, err) && cpl_grid_row(&grid, err);
    for (size_t i = 0; ok && i < 5; i++)
        ok = set(&grid, i, titles[i], err);
    if (ok)
        grid.align[3] = grid.align[4] = CPL_RIGHT;
    for (uint32_t i = 0; ok && i < levels->n_leaves; i++) {
        struct leaf_sum sum = sum_leaf(cpl_parquet_metadata(file), i);
        char path[300];
        cpl_parquet_leaf_path(&levels->leaves[i], path, sizeof path);
        ok = put_leaf(&grid, path, &sum, err);
    }
    ok = ok && cpl_grid_draw(&grid, width, colour, NULL, out, err);
    cpl_grid_release(&grid);
    return ok;
}

static bool describe_file(const struct cpl_parquet_file *file, uint64_t size,
                          struct cpl_buffer *out, struct cpl_error *err)
{
    char a[CPL_COUNTED_TEXT], b[CPL_COUNTED_TEXT], c[32];
    const struct cpl_parquet_file_metadata *metadata = cpl_parquet_metadata(file);
    uint64_t rows = (uint64_t)metadata->num_rows, groups = metadata->row_groups.n;
    return cpl_show_line(out, err, "  %s in %s, %s, written by %.*s", cpl_counted(rows, "row", a),
                         cpl_counted(groups, "row group", b), cpl_show_size(size, c),
                         metadata->created_by.data ? (int)metadata->created_by.size : 7,
                         metadata->created_by.data ? (const char *)metadata->created_by.data
                                                   : "unknown");
}

/* The order of the rows, where all row groups claim the same. */
static bool describe_order(const struct cpl_parquet_file *file, struct cpl_buffer *out,
                           struct cpl_error *err)
{
    struct cpl_buffer first = {0}, other = {0};
    bool ok = true, same = true;
    for (uint32_t g = 0; ok && same && g < cpl_parquet_metadata(file)->row_groups.n; g++) {
        other.size = 0;
        ok = cpl_parquet_sorted_by(file, g, g ? &other : &first, err);
        same = first.size &&
               (!g || (other.size == first.size && !memcmp(other.data, first.data, first.size)));
    }
    if (ok && same && first.size)
        ok = cpl_show_line(out, err, "  sorted by %.*s in each row group", (int)first.size,
                           (const char *)first.data);
    cpl_buffer_release(&first);
    cpl_buffer_release(&other);
    return ok;
}

bool cpl_inspect_layout_text(const struct cpl_inspection *it, unsigned width, bool colour,
                             struct cpl_buffer *out, struct cpl_error *err)
{
    enum { MOST_FILES = 20 };
    const struct cpl_object_list *objects = cpl_rows_objects(it->rows);
    bool ok = true;
    for (size_t i = 0; ok && i < objects->n && i < MOST_FILES; i++) {
        struct opened o;
        if (!open_file(it, i, &o, err))
            return false;
        ok = (objects->n == 1 || cpl_show_line(out, err, "%s", objects->items[i].path)) &&
             describe_file(o.file, objects->items[i].size, out, err) &&
             describe_order(o.file, out, err) &&
             (objects->n > 1 || draw_leaves(o.file, width, colour, out, err));
        close_file(&o);
    }
    if (ok && objects->n > MOST_FILES)
        ok = cpl_buffer_printf(out, err, "… and %s more\n",
                               CPL_COUNTED(objects->n - MOST_FILES, "file"));
    return ok;
}
