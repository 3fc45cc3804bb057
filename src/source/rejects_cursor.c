#include "source/rejects_state.h"

bool rejects_cursor_open(struct rejects_cursor *cursor, const struct cpl_rejects_source *source,
                         struct cpl_error *err)
{
    struct cpl_parquet_scan_options options = {.columns = source->columns,
                                               .n_columns = REJECTS_COLUMNS};
    *cursor = (struct rejects_cursor){.source = source};
    cursor->scan = cpl_parquet_scan_new(source->file, &options, err);
    return cursor->scan != NULL;
}

void rejects_cursor_close(struct rejects_cursor *cursor)
{
    cpl_parquet_scan_free(cursor->scan);
    *cursor = (struct rejects_cursor){0};
}

bool rejects_cursor_next(struct rejects_cursor *cursor, bool *more, struct cpl_error *err)
{
    if (!cursor->batch || cursor->row == cursor->batch->rows) {
        cursor->row = 0;
        if (!cpl_parquet_scan_next(cursor->scan, &cursor->batch, err)) {
            cursor->batch = NULL;
            return false;
        }
    }
    *more = cursor->row < cursor->batch->rows;
    cursor->row += *more;
    return true;
}

bool rejects_cursor_next_of(struct rejects_cursor *cursor, size_t part, bool *more,
                            struct cpl_error *err)
{
    const struct cpl_rejects_info *info = &cursor->source->info;
    do {
        if (!rejects_cursor_next(cursor, more, err))
            return false;
        if (!*more)
            return true;
        while (cursor->object < info->n_objects &&
               cursor->given == info->objects[cursor->object].rows) {
            cursor->object++;
            cursor->given = 0;
        }
        if (cursor->object == info->n_objects)
            return cpl_fail(err, CPL_E_DATA, "the file of rejects changed while it was read");
        cursor->given++;
    } while (info->objects[cursor->object].part != part);
    return true;
}

struct cpl_slice rejects_cursor_text(const struct rejects_cursor *cursor,
                                     enum rejects_column column)
{
    const struct cpl_column *from = &cursor->batch->columns[column];
    bool some = cpl_is_valid(from, cursor->row - 1) && from->slices[cursor->row - 1].length;
    return some ? from->slices[cursor->row - 1]
                : (struct cpl_slice){.data = (const uint8_t *)"", .length = 0};
}

int64_t rejects_cursor_number(const struct rejects_cursor *cursor, enum rejects_column column)
{
    const struct cpl_column *from = &cursor->batch->columns[column];
    return cpl_is_valid(from, cursor->row - 1) ? from->i64[cursor->row - 1] : 0;
}
