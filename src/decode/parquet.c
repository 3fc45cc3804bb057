#include "decode/parquet.h"
#include "base/plural.h"
#include "decode/parquet_assemble.h"

#include <string.h>

enum {
    TRAILER = 8, /* footer length, "PAR1" */
    BATCH_ROWS = 16384,
    BATCH_BYTES = 8 << 20,
    WINDOW_MAX = 256 << 10,
    WINDOW_MIN = 8 << 10,
    WINDOWS = 32 << 20, /* all columns together */
};
static const size_t MAX_FOOTER = (size_t)256 << 20;

struct cpl_parquet_file {
    struct cpl_reader *reader;
    struct cpl_arena arena;
    char *name;
    struct cpl_parquet_file_metadata metadata;
    struct cpl_parquet_schema levels;
    struct cpl_schema schema; /* borrows levels.fields */
};

/* ---- the file ---- */

static bool read_exactly(struct cpl_reader *reader, uint64_t offset, void *data, size_t size,
                         struct cpl_error *err)
{
    size_t got;
    if (!cpl_reader_at(reader, offset, data, size, &got, err))
        return false;
    return got == size || cpl_fail(err, CPL_E_IO, "the file became shorter while it was read");
}

static bool check_trailer(const uint8_t trailer[TRAILER], uint64_t size, uint32_t *length,
                          struct cpl_error *err)
{
    if (!memcmp(trailer + 4, "PARE", 4))
        return cpl_fail(err, CPL_E_UNSUPPORTED, "the Parquet file is encrypted; decrypt it first");
    if (memcmp(trailer + 4, "PAR1", 4))
        return cpl_fail(err, CPL_E_DATA,
                        "not a Parquet file, or cut off: it does not end with PAR1");
    memcpy(length, trailer, 4);
    if (*length > size - TRAILER - 4)
        return cpl_fail(err, CPL_E_DATA, "the footer's length of %s passes the file's size",
                        CPL_COUNTED(*length, "byte"));
    if (*length > MAX_FOOTER)
        return cpl_fail(err, CPL_E_LIMIT, "the footer has %u bytes; the limit is %zu", *length,
                        MAX_FOOTER);
    return true;
}

static bool read_footer(struct cpl_parquet_file *file, struct cpl_error *err)
{
    uint8_t trailer[TRAILER];
    uint64_t size = cpl_reader_size(file->reader);
    uint32_t length = 0;
    if (size < TRAILER + 4)
        return cpl_fail(err, CPL_E_DATA, "not a Parquet file: it has only %s",
                        CPL_COUNTED(size, "byte"));
    if (!read_exactly(file->reader, size - TRAILER, trailer, TRAILER, err) ||
        !check_trailer(trailer, size, &length, err))
        return false;
    uint8_t *footer = cpl_alloc(length, err);
    if (!footer)
        return false;
    bool ok = read_exactly(file->reader, size - TRAILER - length, footer, length, err) &&
              cpl_parquet_parse_file_metadata(footer, length, &file->arena, &file->metadata, err);
    cpl_free(footer);
    return ok;
}

static bool check_row_groups(const struct cpl_parquet_file *file, struct cpl_error *err)
{
    int64_t rows = 0;
    for (uint32_t i = 0; i < file->metadata.row_groups.n; i++) {
        const struct cpl_parquet_row_group *group = &file->metadata.row_groups.items[i];
        if (group->columns.n != file->levels.n_leaves)
            return cpl_fail(err, CPL_E_DATA, "row group %u has %s, but the schema has %u", i,
                            CPL_COUNTED(group->columns.n, "column"), file->levels.n_leaves);
        if (group->num_rows < 0 || __builtin_add_overflow(rows, group->num_rows, &rows))
            return cpl_fail(err, CPL_E_DATA, "row group %u has an invalid number of rows", i);
    }
    return true; /* whether the footer's own sum is right is parquet_verify's matter */
}

static bool open_file(struct cpl_parquet_file *file, struct cpl_error *err)
{
    if (!read_footer(file, err) ||
        !cpl_parquet_schema_parse(file->metadata.schema.items, file->metadata.schema.n,
                                  &file->arena, &file->levels, err) ||
        !check_row_groups(file, err))
        return false;
    file->schema = (struct cpl_schema){.fields = (struct cpl_field *)file->levels.fields,
                                       .n_fields = file->levels.n_fields};
    return true;
}

struct cpl_parquet_file *cpl_parquet_open(struct cpl_reader *reader, const char *name,
                                          struct cpl_error *err)
{
    struct cpl_parquet_file *file = cpl_alloc_zero(1, sizeof *file, err);
    if (!file)
        return NULL;
    file->reader = reader;
    file->name = cpl_strdup(name, err);
    if (file->name && open_file(file, err))
        return file;
    cpl_fail_in(err, name);
    cpl_parquet_close(file);
    return NULL;
}

void cpl_parquet_close(struct cpl_parquet_file *file)
{
    if (!file)
        return;
    cpl_arena_release(&file->arena);
    cpl_free(file->name);
    cpl_free(file);
}

const char *cpl_parquet_name(const struct cpl_parquet_file *file)
{
    return file->name;
}
struct cpl_reader *cpl_parquet_reader(const struct cpl_parquet_file *file)
{
    return file->reader;
}
const struct cpl_schema *cpl_parquet_file_schema(const struct cpl_parquet_file *file)
{
    return &file->schema;
}
const struct cpl_parquet_file_metadata *cpl_parquet_metadata(const struct cpl_parquet_file *file)
{
    return &file->metadata;
}
const struct cpl_parquet_schema *cpl_parquet_levels(const struct cpl_parquet_file *file)
{
    return &file->levels;
}

struct cpl_bytes cpl_parquet_key_value(const struct cpl_parquet_file *file, const char *key)
{
    size_t length = strlen(key);
    for (uint32_t i = 0; i < file->metadata.key_values.n; i++) {
        const struct cpl_parquet_key_value *pair = &file->metadata.key_values.items[i];
        if (pair->key.size == length && !memcmp(pair->key.data, key, length))
            return pair->value;
    }
    return (struct cpl_bytes){0};
}

/* ---- a scan ---- */

struct cpl_parquet_scan {
    const struct cpl_parquet_file *file;
    uint32_t next_group, end_group; /* row groups still to be read */
    uint32_t group;                 /* the one being read */
    uint64_t rows_left;             /* in it */
    uint32_t batch_rows, group_batch_rows;
    uint32_t *fields; /* schema.n_fields indices of top-level fields */
    struct cpl_schema schema;
    struct cpl_leaf_reader **columns; /* by leaf; NULL = not wanted */
    struct cpl_codec_state codec;
    size_t window_step;
    struct cpl_arena fixed, arena; /* of the scan, of the batch */
    struct cpl_batch batch;
};

static bool choose_fields(struct cpl_parquet_scan *scan,
                          const struct cpl_parquet_scan_options *options, struct cpl_error *err)
{
    const struct cpl_schema *all = &scan->file->schema;
    uint32_t n = options->columns ? options->n_columns : all->n_fields;
    scan->fields = cpl_arena_alloc(&scan->fixed, n * sizeof *scan->fields + 1, err);
    scan->schema.fields = cpl_arena_alloc(&scan->fixed, n * sizeof *all->fields + 1, err);
    if (!scan->fields || !scan->schema.fields)
        return false;
    scan->schema.n_fields = n;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t field = options->columns ? options->columns[i] : i;
        if (field >= all->n_fields)
            return cpl_fail(err, CPL_E_NOT_FOUND, "%s: column %u was asked for, but there are %u",
                            scan->file->name, field, all->n_fields);
        scan->fields[i] = field;
        scan->schema.fields[i] = all->fields[field];
    }
    return true;
}

static bool make_columns(struct cpl_parquet_scan *scan, struct cpl_error *err)
{
    const struct cpl_parquet_schema *levels = &scan->file->levels;
    uint32_t n = 0;
    scan->columns = cpl_alloc_zero(levels->n_leaves, sizeof *scan->columns, err);
    if (!scan->columns)
        return false;
    for (uint32_t i = 0; i < scan->schema.n_fields; i++) {
        const struct cpl_parquet_node *node = &levels->nodes[scan->fields[i]];
        for (uint32_t leaf = node->leaf; leaf < node->leaf + node->n_leaves; leaf++, n++) {
            if (!scan->columns[leaf])
                scan->columns[leaf] = cpl_alloc_zero(1, sizeof **scan->columns, err);
            if (!scan->columns[leaf])
                return false;
        }
    }
    scan->window_step = n ? WINDOWS / n : WINDOW_MAX;
    if (scan->window_step > WINDOW_MAX)
        scan->window_step = WINDOW_MAX;
    if (scan->window_step < WINDOW_MIN)
        scan->window_step = WINDOW_MIN;
    return true;
}

static bool choose_groups(struct cpl_parquet_scan *scan,
                          const struct cpl_parquet_scan_options *options, struct cpl_error *err)
{
    uint32_t n = scan->file->metadata.row_groups.n, first = options->first_row_group;
    if (first > n || options->n_row_groups > n - first)
        return cpl_fail(err, CPL_E_NOT_FOUND,
                        "%s: row groups %u to %u were asked for, but it has %u", scan->file->name,
                        first, first + options->n_row_groups, n);
    scan->next_group = first;
    scan->end_group = options->n_row_groups ? first + options->n_row_groups : n;
    return true;
}

struct cpl_parquet_scan *cpl_parquet_scan_new(const struct cpl_parquet_file *file,
                                              const struct cpl_parquet_scan_options *options,
                                              struct cpl_error *err)
{
    struct cpl_parquet_scan *scan = cpl_alloc_zero(1, sizeof *scan, err);
    if (!scan)
        return NULL;
    scan->file = file;
    scan->batch_rows = options->batch_rows ? options->batch_rows : BATCH_ROWS;
    if (scan->batch_rows > BATCH_ROWS)
        scan->batch_rows = BATCH_ROWS;
    if (choose_groups(scan, options, err) && choose_fields(scan, options, err) &&
        make_columns(scan, err))
        return scan;
    cpl_parquet_scan_free(scan);
    return NULL;
}

void cpl_parquet_scan_free(struct cpl_parquet_scan *scan)
{
    if (!scan)
        return;
    for (uint32_t i = 0; scan->columns && i < scan->file->levels.n_leaves; i++) {
        if (scan->columns[i])
            cpl_leaf_reader_release(scan->columns[i]);
        cpl_free(scan->columns[i]);
    }
    cpl_free(scan->columns);
    cpl_codec_state_release(&scan->codec);
    cpl_arena_release(&scan->fixed);
    cpl_arena_release(&scan->arena);
    cpl_free(scan);
}

const struct cpl_schema *cpl_parquet_scan_schema(const struct cpl_parquet_scan *scan)
{
    return &scan->schema;
}

static bool at_column(const struct cpl_parquet_scan *scan, uint32_t leaf, struct cpl_error *err)
{
    char path[300];
    cpl_parquet_leaf_path(&scan->file->levels.leaves[leaf], path, sizeof path);
    cpl_fail_context(err, "row group %u, column %s, page %llu", scan->group, path,
                     (unsigned long long)scan->columns[leaf]->pages.n_pages);
    return cpl_fail_in(err, scan->file->name);
}

/* Fewer rows a batch where they are wide, by what the row group says of itself. */
static uint32_t rows_for_bytes(const struct cpl_parquet_scan *scan,
                               const struct cpl_parquet_row_group *group)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < scan->file->levels.n_leaves; i++)
        if (scan->columns[i] && group->columns.items[i].metadata.total_uncompressed_size > 0)
            bytes += (uint64_t)group->columns.items[i].metadata.total_uncompressed_size;
    uint64_t row = group->num_rows > 0 ? bytes / (uint64_t)group->num_rows : 0;
    uint64_t rows = row ? BATCH_BYTES / row : scan->batch_rows;
    rows = rows < scan->batch_rows ? rows : scan->batch_rows;
    return rows ? (uint32_t)rows : 1;
}

static bool open_group(struct cpl_parquet_scan *scan, struct cpl_error *err)
{
    const struct cpl_parquet_row_group *group =
        &scan->file->metadata.row_groups.items[scan->next_group];
    scan->group = scan->next_group++;
    scan->rows_left = (uint64_t)group->num_rows;
    scan->group_batch_rows = rows_for_bytes(scan, group);
    for (uint32_t i = 0; i < scan->file->levels.n_leaves; i++)
        if (scan->columns[i] &&
            !cpl_leaf_reader_open(scan->columns[i], scan->file->reader, &group->columns.items[i],
                                  &scan->file->levels.leaves[i], &scan->codec, scan->window_step,
                                  err))
            return at_column(scan, i, err);
    return true;
}

static bool read_columns(struct cpl_parquet_scan *scan, uint32_t rows, struct cpl_error *err)
{
    for (uint32_t i = 0; i < scan->file->levels.n_leaves; i++) {
        if (!scan->columns[i])
            continue;
        cpl_leaf_reader_begin(scan->columns[i], &scan->arena);
        if (!cpl_leaf_reader_read(scan->columns[i], rows, err))
            return at_column(scan, i, err);
    }
    return true;
}

static bool assemble_fields(struct cpl_parquet_scan *scan, struct cpl_error *err)
{
    struct cpl_batch *batch = &scan->batch;
    for (uint32_t i = 0; i < scan->schema.n_fields; i++) {
        const struct cpl_parquet_node *node = &scan->file->levels.nodes[scan->fields[i]];
        if (!cpl_parquet_assemble(node, scan->columns, batch->rows, &scan->arena,
                                  &batch->columns[i], err))
            return at_column(scan, node->leaf, err);
        batch->columns[i].field = &scan->schema.fields[i];
    }
    return true;
}

bool cpl_parquet_scan_next(struct cpl_parquet_scan *scan, struct cpl_batch **batch,
                           struct cpl_error *err)
{
    cpl_arena_reset(&scan->arena);
    scan->batch = (struct cpl_batch){.schema = &scan->schema};
    *batch = &scan->batch;
    while (scan->rows_left == 0) {
        if (scan->next_group == scan->end_group)
            return true;
        if (!open_group(scan, err))
            return false;
    }
    size_t size = scan->schema.n_fields * sizeof *scan->batch.columns;
    scan->batch.columns = cpl_arena_alloc(&scan->arena, size + 1, err);
    if (!scan->batch.columns)
        return false;
    uint64_t rows = scan->rows_left;
    rows = rows < scan->group_batch_rows ? rows : scan->group_batch_rows;
    scan->batch.rows = (uint32_t)rows;
    scan->rows_left -= rows;
    return read_columns(scan, (uint32_t)rows, err) && assemble_fields(scan, err);
}
