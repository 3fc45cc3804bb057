#include "quality/reject.h"
#include "base/text.h"
#include "storage/storage.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    COLUMN_RUN_ID,
    COLUMN_OBJECT,
    COLUMN_POSITION,
    COLUMN_LENGTH,
    COLUMN_LINE,
    COLUMN_COLUMN,
    COLUMN_RULE,
    COLUMN_MESSAGE,
    COLUMN_RAW,
    COLUMN_COUNT
};
static const uint64_t NO_RAW = UINT64_MAX;

static struct cpl_field fields[COLUMN_COUNT] = {
    [COLUMN_RUN_ID] = {.name = "run_id", .type = {.kind = CPL_STRING}, .field_id = -1},
    [COLUMN_OBJECT] = {.name = "object", .type = {.kind = CPL_STRING}, .field_id = -1},
    [COLUMN_POSITION] = {.name = "position", .type = {.kind = CPL_I64}, .field_id = -1},
    [COLUMN_LENGTH] = {.name = "length", .type = {.kind = CPL_I64}, .field_id = -1},
    [COLUMN_LINE] = {.name = "line", .type = {.kind = CPL_I64}, .field_id = -1},
    [COLUMN_COLUMN] = {.name = "column",
                       .type = {.kind = CPL_STRING},
                       .nullable = true,
                       .field_id = -1},
    [COLUMN_RULE] = {.name = "rule", .type = {.kind = CPL_STRING}, .field_id = -1},
    [COLUMN_MESSAGE] = {.name = "message", .type = {.kind = CPL_STRING}, .field_id = -1},
    [COLUMN_RAW] = {.name = "raw", .type = {.kind = CPL_BINARY}, .nullable = true, .field_id = -1},
};
static const struct cpl_schema schema = {.fields = fields, .n_fields = COLUMN_COUNT};

const struct cpl_schema *cpl_reject_schema(void)
{
    return &schema;
}

static bool keep_bytes(struct cpl_reject_list *list, const void *data, size_t size, uint64_t *at,
                       uint32_t *length, struct cpl_error *err)
{
    if (size > UINT32_MAX)
        return cpl_fail(err, CPL_E_LIMIT, "a rejected row of %zu bytes is too long to be kept",
                        size);
    *at = list->bytes.size;
    *length = (uint32_t)size;
    return cpl_buffer_append(&list->bytes, data, size, err);
}

char *cpl_reject_text(const char *object, uint64_t line, const struct cpl_fault *fault,
                      const char *field, const char *message, size_t message_length,
                      struct cpl_error *err)
{
    char column[32] = "";
    if (fault->column)
        snprintf(column, sizeof column, ":%llu", (unsigned long long)fault->column);
    const char *advice = "; declare the column, or set schema.on_type_conflict to widen or reject";
    return cpl_format(err, "%s:%llu%s: %s%s%.*s%s", object,
                      (unsigned long long)(line + fault->line), column, field ? field : "",
                      field ? ": " : "", (int)message_length, message,
                      fault->conflict ? advice : "");
}

/* Behind a message that names no column: where in the row the fault is. */
static bool append_place(struct cpl_reject_list *list, const struct cpl_reject *reject,
                         struct cpl_reject_row *row, struct cpl_error *err)
{
    const struct cpl_fault *fault = &reject->fault;
    char line[64] = "", place[128];
    if (reject->column || !fault->column || (!fault->line && fault->column == 1))
        return true;
    if (fault->line)
        snprintf(line, sizeof line, "line %llu of the row, ", (unsigned long long)fault->line + 1);
    int length = snprintf(place, sizeof place, " (%scolumn %llu)", line,
                          (unsigned long long)fault->column);
    row->message_length += (uint32_t)length;
    return cpl_buffer_append(&list->bytes, place, (size_t)length, err);
}

/* Neighbours mostly say the same: then the text is kept once. It stands at the end of the bytes. */
static void share_message(struct cpl_reject_list *list, struct cpl_reject_row *row)
{
    if (!list->n)
        return;
    const struct cpl_reject_row *last =
        (const struct cpl_reject_row *)(const void *)list->rows.data + list->n - 1;
    const uint8_t *bytes = list->bytes.data;
    if (last->message_length != row->message_length ||
        memcmp(bytes + last->message_at, bytes + row->message_at, row->message_length) != 0)
        return;
    list->bytes.size = row->message_at;
    row->message_at = last->message_at;
}

/* ---- more than memory is for ---- */

struct piece { /* rows, then bytes */
    uint64_t offset, n;
    size_t rows, bytes;
    bool conflict;
};

static bool put_down(struct cpl_reject_list *list, struct cpl_error *err)
{
    struct piece *pieces = (struct piece *)(void *)list->pieces.data, piece = {0};
    size_t n_pieces = list->pieces.size / sizeof piece;
    if (n_pieces)
        piece.offset = pieces[n_pieces - 1].offset + pieces[n_pieces - 1].rows +
                       pieces[n_pieces - 1].bytes;
    piece.n = list->n;
    piece.rows = list->rows.size;
    piece.bytes = list->bytes.size;
    piece.conflict = list->conflict;
    if (!list->file && !(list->file = cpl_scratch_open(NULL, err) + 1))
        return false;
    if (!cpl_scratch_put(list->file - 1, piece.offset, list->rows.data, piece.rows, err) ||
        !cpl_scratch_put(list->file - 1, piece.offset + piece.rows, list->bytes.data, piece.bytes,
                         err) ||
        !cpl_buffer_append(&list->pieces, &piece, sizeof piece, err))
        return false;
    list->rows.size = list->bytes.size = 0;
    list->n = 0;
    return true;
}

static bool pick_up(const struct cpl_reject_list *list, const struct piece *piece,
                    struct cpl_reject_list *out, struct cpl_error *err)
{
    cpl_reject_list_init(out, 0);
    if (!cpl_buffer_reserve(&out->rows, piece->rows, err) ||
        !cpl_buffer_reserve(&out->bytes, piece->bytes, err) ||
        !cpl_scratch_get(list->file - 1, piece->offset, out->rows.data, piece->rows, err) ||
        !cpl_scratch_get(list->file - 1, piece->offset + piece->rows, out->bytes.data, piece->bytes,
                         err))
        return false;
    out->rows.size = piece->rows;
    out->bytes.size = piece->bytes;
    out->n = out->all = piece->n;
    out->conflict = piece->conflict;
    return true;
}

bool cpl_reject_list_each(struct cpl_reject_list *list, cpl_reject_function *take, void *context,
                          struct cpl_error *err)
{
    const struct piece *pieces = (const struct piece *)(const void *)list->pieces.data;
    bool ok = true;
    for (size_t i = 0; ok && i < list->pieces.size / sizeof *pieces; i++) {
        struct cpl_reject_list piece;
        ok = pick_up(list, &pieces[i], &piece, err) && take(context, &piece, err);
        cpl_reject_list_release(&piece);
    }
    return ok && take(context, list, err);
}

/* ---- adding ---- */

static bool add(struct cpl_reject_sink *sink, const struct cpl_reject *reject,
                struct cpl_error *err)
{
    struct cpl_reject_list *list =
        (struct cpl_reject_list *)sink; /* the sink is its first member */
    if (list->most && list->rows.size + list->bytes.size >= list->most && !put_down(list, err))
        return false;
    size_t bytes_before = list->bytes.size;
    struct cpl_reject_row row = {
        .position = reject->position,
        .length = reject->length,
        .line = reject->line,
        .fault = reject->fault,
        .raw_at = NO_RAW,
        .column = reject->column,
        .rule = reject->rule,
    };
    const char *message = reject->message ? reject->message : "";
    if (!keep_bytes(list, message, strlen(message), &row.message_at, &row.message_length, err))
        goto fail;
    row.message_length = (uint32_t)cpl_text_mend((char *)list->bytes.data + row.message_at,
                                                 row.message_length);
    list->bytes.size = row.message_at + row.message_length;
    row.said_length = row.message_length;
    if (!append_place(list, reject, &row, err))
        goto fail;
    share_message(list, &row);
    if (reject->raw &&
        !keep_bytes(list, reject->raw, reject->raw_length, &row.raw_at, &row.raw_length, err))
        goto fail;
    if (!cpl_buffer_append(&list->rows, &row, sizeof row, err))
        goto fail;
    list->n++;
    list->all++;
    list->conflict |= reject->fault.conflict;
    return true;
fail:
    list->bytes.size = bytes_before;
    return cpl_fail_context(err, "keeping the rejected row at byte %llu",
                            (unsigned long long)reject->position);
}

void cpl_reject_list_init(struct cpl_reject_list *list, uint64_t max_bytes)
{
    *list = (struct cpl_reject_list){
        .sink = {.add = add},
        .rows = {.max = (size_t)max_bytes},
        .bytes = {.max = (size_t)max_bytes},
    };
}

void cpl_reject_list_release(struct cpl_reject_list *list)
{
    cpl_buffer_release(&list->rows);
    cpl_buffer_release(&list->bytes);
    cpl_buffer_release(&list->pieces);
    if (list->file)
        close(list->file - 1);
    list->file = 0;
    list->n = list->all = 0;
    list->conflict = false;
}

void cpl_reject_list_clear(struct cpl_reject_list *list)
{
    list->rows.size = 0;
    list->bytes.size = list->pieces.size = 0;
    list->n = list->all = 0;
    list->conflict = false;
}

/* ---- as a batch ---- */

struct batch_view {
    struct cpl_arena *arena;
    struct cpl_column *columns;
    /* The last static text that was copied: neighbours mostly share their rule and column. */
    const char *last_column, *last_rule, *last_origin;
    struct cpl_slice column, rule, run_id, object, origin;
};

static bool copy_text(struct cpl_arena *arena, const char *text, struct cpl_slice *slice,
                      struct cpl_error *err)
{
    size_t length = strlen(text);
    char *copy = cpl_arena_strndup(arena, text, length, err);
    if (!copy)
        return false;
    *slice = (struct cpl_slice){.data = (const uint8_t *)copy, .length = (uint32_t)length};
    return true;
}

static bool recall_text(struct cpl_arena *arena, const char *text, const char **last,
                        struct cpl_slice *slice, struct cpl_error *err)
{
    if (text == *last)
        return true;
    *last = text;
    return copy_text(arena, text, slice, err);
}

static bool allocate_columns(struct batch_view *view, uint32_t n, struct cpl_error *err)
{
    view->columns = cpl_arena_alloc(view->arena, COLUMN_COUNT * sizeof *view->columns, err);
    if (!view->columns)
        return false;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        struct cpl_column *column = &view->columns[i];
        *column = (struct cpl_column){.field = &fields[i], .length = n};
        column->values = cpl_arena_alloc(view->arena, n * cpl_type_width(&fields[i].type), err);
        if (!column->values)
            return false;
        if (!fields[i].nullable)
            continue;
        size_t bytes = ((size_t)n + 7) / 8 + 8;
        column->validity = cpl_arena_alloc(view->arena, bytes, err);
        if (!column->validity)
            return false;
        memset(column->validity, 0, bytes);
    }
    return true;
}

static void set_null(struct cpl_column *column, uint32_t i)
{
    column->slices[i] = (struct cpl_slice){.data = (const uint8_t *)""};
    column->null_count++;
}

static void set_slice(struct cpl_column *column, uint32_t i, struct cpl_slice value)
{
    column->slices[i] = value;
    cpl_bit_set(column->validity, i);
}

static bool fill_row(struct batch_view *view, const struct cpl_reject_list *list,
                     const struct cpl_reject_row *row, uint64_t first_line, uint32_t i,
                     struct cpl_error *err)
{
    struct cpl_column *columns = view->columns;
    columns[COLUMN_RUN_ID].slices[i] = view->run_id;
    if (row->object &&
        !recall_text(view->arena, row->object, &view->last_origin, &view->origin, err))
        return false;
    columns[COLUMN_OBJECT].slices[i] = row->object ? view->origin : view->object;
    columns[COLUMN_POSITION].i64[i] = (int64_t)row->position;
    columns[COLUMN_LENGTH].i64[i] = (int64_t)row->length;
    columns[COLUMN_LINE].i64[i] = (int64_t)(row->object ? row->line : first_line + row->line);
    if (!recall_text(view->arena, row->rule, &view->last_rule, &view->rule, err))
        return false;
    columns[COLUMN_RULE].slices[i] = view->rule;
    columns[COLUMN_MESSAGE].slices[i] = (struct cpl_slice){
        .data = list->bytes.data + row->message_at, .length = row->message_length};
    if (!row->column) {
        set_null(&columns[COLUMN_COLUMN], i);
    } else {
        if (!recall_text(view->arena, row->column, &view->last_column, &view->column, err))
            return false;
        set_slice(&columns[COLUMN_COLUMN], i, view->column);
    }
    if (row->raw_at == NO_RAW)
        set_null(&columns[COLUMN_RAW], i);
    else
        set_slice(
            &columns[COLUMN_RAW], i,
            (struct cpl_slice){.data = list->bytes.data + row->raw_at, .length = row->raw_length});
    return true;
}

bool cpl_reject_batch(const struct cpl_reject_list *list, uint64_t from, uint32_t n,
                      const char *run_id, const char *object, uint64_t first_line,
                      struct cpl_arena *arena, struct cpl_batch *batch, struct cpl_error *err)
{
    if (from > list->n || n > list->n - from)
        return cpl_fail(err, CPL_E_INTERNAL, "rejects %llu + %u were asked for, and there are %llu",
                        (unsigned long long)from, n, (unsigned long long)list->n);
    struct batch_view view = {.arena = arena};
    if (!copy_text(arena, run_id, &view.run_id, err) ||
        !copy_text(arena, object, &view.object, err) || !allocate_columns(&view, n, err))
        return false;
    const struct cpl_reject_row *rows = (const struct cpl_reject_row *)list->rows.data + from;
    for (uint32_t i = 0; i < n; i++)
        if (!fill_row(&view, list, &rows[i], first_line, i, err))
            return false;
    for (int i = 0; i < COLUMN_COUNT; i++)
        if (!view.columns[i].null_count)
            view.columns[i].validity = NULL;
    *batch = (struct cpl_batch){.schema = &schema, .columns = view.columns, .rows = n};
    return true;
}
