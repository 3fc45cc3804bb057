#include "run/dataset_types.h"

#include "batch/name_order.h"
#include "run/name_index.h"
#include "run/receipt.h"

#include <string.h>

_Static_assert(offsetof(struct cpl_field, name) == 0, "name_order reads fields");

/* ---- receipts ---- */

enum { MOST_SCHEMAS = 1000 }; /* different ones; older ones than these are not asked */

struct reading {
    struct cpl_log *log;
    struct cpl_name_index hashes, columns; /* schemas that are done; columns that are known */
    struct cpl_schema *schemas[MOST_SCHEMAS];
    size_t n_schemas;
    struct cpl_buffer fields, runs; /* struct cpl_field and const char *, one a column */
};

static const struct cpl_file_entry *receipt_of(const struct cpl_log_record *record)
{
    for (size_t i = 0; i < record->n_added; i++)
        if (record->added[i].role == CPL_FILE_RECEIPT)
            return &record->added[i];
    return NULL;
}

static bool take_schema(const char *text, size_t size, const char *path, struct cpl_schema **schema,
                        struct cpl_error *err)
{
    struct cpl_stored_receipt receipt;
    if (!cpl_receipt_parse(text, size, path, &receipt, err))
        return false;
    *schema = receipt.schema;
    receipt.schema = NULL;
    cpl_stored_receipt_release(&receipt);
    return true;
}

/* Only whole receipts are believed. *schema NULL: there is none. */
static bool read_schema(struct cpl_log *log, const struct cpl_log_record *record,
                        struct cpl_schema **schema, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX], hash[CPL_HASH_TEXT];
    const struct cpl_file_entry *entry = receipt_of(record);
    struct cpl_buffer text = {0};
    struct cpl_error why = {0};
    *schema = NULL;
    if (entry && cpl_log_path(log, entry->path, path, &why) &&
        cpl_storage_read_all(cpl_log_storage(log), path, CPL_LOG_RECORD_MAX, &text, &why)) {
        cpl_hash_text(text.data, text.size, hash);
        bool read = !strcmp(hash, entry->checksum) &&
                    take_schema((const char *)text.data, text.size, path, schema, &why);
        (void)read; /* damage is verify's to report */
    }
    cpl_buffer_release(&text);
    return why.code != CPL_E_MEMORY || cpl_fail_with(err, &why);
}

/* Columns that no newer run has told of. */
static bool add_columns(struct reading *r, const struct cpl_schema *schema, const char *run,
                        struct cpl_error *err)
{
    if (!cpl_name_index_reserve(&r->columns, schema->n_fields, err))
        return false;
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const struct cpl_field *field = &schema->fields[i];
        if (cpl_name_index_find(&r->columns, field->name))
            continue;
        if (!cpl_buffer_append(&r->fields, field, sizeof *field, err) ||
            !cpl_buffer_append(&r->runs, &run, sizeof run, err))
            return false;
        cpl_name_index_add(&r->columns, field->name, 0);
    }
    return true;
}

static bool take_record(struct reading *r, uint64_t seq, uint64_t *unread, struct cpl_error *err)
{
    struct cpl_schema *schema;
    const struct cpl_log_record *record = cpl_log_record(r->log, seq);
    if (r->n_schemas == MOST_SCHEMAS || cpl_name_index_find(&r->hashes, record->schema_hash))
        return true;
    if (!read_schema(r->log, record, &schema, err))
        return false;
    *unread += !schema;
    if (!schema)
        return true;
    r->schemas[r->n_schemas++] = schema;
    if (!cpl_name_index_reserve(&r->hashes, 1, err))
        return false;
    cpl_name_index_add(&r->hashes, record->schema_hash, 0);
    return add_columns(r, schema, record->run_id, err);
}

/* Newest first: the records with rows that are still there. */
static bool take_records(struct reading *r, uint64_t *unread, struct cpl_error *err)
{
    uint64_t last = UINT64_MAX; /* files stand in the order of their records */
    for (size_t i = cpl_log_file_count(r->log); i-- > 0;) {
        const struct cpl_log_file *file = cpl_log_file(r->log, i);
        if (file->seq == last || file->entry.role != CPL_FILE_DATA || !file->entry.rows ||
            file->removed_by || file->lost_by)
            continue;
        last = file->seq;
        if (!take_record(r, file->seq, unread, err))
            return false;
    }
    return true;
}

static bool finish(const struct reading *r, struct cpl_dataset_types *types, struct cpl_error *err)
{
    size_t n = r->fields.size / sizeof(struct cpl_field);
    if (!n)
        return true;
    types->schema = cpl_schema_new((const struct cpl_field *)(const void *)r->fields.data,
                                   (uint32_t)n, err);
    if (types->schema)
        types->runs = cpl_arena_alloc(&types->schema->arena, r->runs.size, err);
    if (types->runs)
        memcpy(types->runs, r->runs.data, r->runs.size);
    return types->runs != NULL;
}

bool cpl_dataset_types_read(struct cpl_log *log, struct cpl_dataset_types *types,
                            struct cpl_error *err)
{
    *types = (struct cpl_dataset_types){.dataset = cpl_log_dataset(log)};
    struct reading *r = cpl_alloc_zero(1, sizeof *r, err);
    if (!r)
        return false;
    r->log = log;
    bool ok = take_records(r, &types->unread, err) && finish(r, types, err);
    for (size_t i = 0; i < r->n_schemas; i++)
        cpl_schema_free(r->schemas[i]);
    cpl_name_index_release(&r->hashes);
    cpl_name_index_release(&r->columns);
    cpl_buffer_release(&r->fields);
    cpl_buffer_release(&r->runs);
    cpl_free(r);
    if (!ok)
        cpl_dataset_types_release(types);
    return ok;
}

void cpl_dataset_types_release(struct cpl_dataset_types *types)
{
    cpl_schema_free(types->schema);
    *types = (struct cpl_dataset_types){0};
}

/* ---- comparing ---- */

/* No file format here has seconds: they are stored as milliseconds. */
static enum cpl_unit stored_unit(enum cpl_unit unit)
{
    return unit == CPL_SECOND ? CPL_MILLI : unit;
}

static const struct cpl_field *member(const struct cpl_type *type, const char *name)
{
    for (uint32_t i = 0; i < type->n_children; i++)
        if (!strcmp(type->children[i].name, name))
            return &type->children[i];
    return NULL;
}

static bool members_agree(const struct cpl_type *a, const struct cpl_type *b)
{
    for (uint32_t i = 0; i < a->n_children; i++) {
        const struct cpl_field *other = a->kind == CPL_STRUCT ? member(b, a->children[i].name)
                                                              : &b->children[i];
        if (other && !cpl_types_agree(&a->children[i].type, &other->type))
            return false;
    }
    return true;
}

bool cpl_types_agree(const struct cpl_type *a, const struct cpl_type *b)
{
    if (a->kind != b->kind || (a->kind != CPL_STRUCT && a->n_children != b->n_children))
        return false;
    switch (a->kind) {
    case CPL_DECIMAL:
        return a->precision == b->precision && a->scale == b->scale;
    case CPL_TIME:
        return stored_unit(a->unit) == stored_unit(b->unit);
    case CPL_TIMESTAMP:
        return stored_unit(a->unit) == stored_unit(b->unit) && a->utc == b->utc;
    default:
        return members_agree(a, b);
    }
}

bool cpl_dataset_types_tell(const struct cpl_dataset_types *types, const char *column,
                            struct cpl_buffer *out, struct cpl_error *err)
{
    int at = cpl_schema_find(types->schema, column);
    if (at < 0)
        return cpl_buffer_printf(out, err, "%s has no column %s", types->dataset, column);
    return cpl_buffer_printf(out, err, "%.200s is ", column) &&
           cpl_type_format(&types->schema->fields[at].type, out, err) &&
           cpl_buffer_printf(out, err, " in %s", types->dataset) &&
           (!types->runs || cpl_buffer_printf(out, err, " (run %s)", types->runs[at]));
}

static bool refuse(const struct cpl_dataset_types *types, const struct cpl_field *field,
                   struct cpl_error *err)
{
    struct cpl_buffer there = {0}, here = {0};
    const char *a = cpl_dataset_types_tell(types, field->name, &there, err)
                        ? cpl_buffer_text(&there, err)
                        : NULL;
    const char *b = a && cpl_type_format(&field->type, &here, err) ? cpl_buffer_text(&here, err)
                                                                   : NULL;
    if (b)
        cpl_fail(err, CPL_E_TYPE,
                 "%s, and would be %s in this run: readers of both would round values, or refuse "
                 "the table. " CPL_TYPES_ADVICE,
                 a, b);
    cpl_buffer_release(&there);
    cpl_buffer_release(&here);
    return false;
}

bool cpl_dataset_types_check(const struct cpl_dataset_types *types, const struct cpl_schema *schema,
                             struct cpl_error *err)
{
    struct cpl_name_order order;
    bool ok = true;
    if (!types->schema || !types->schema->n_fields || !schema)
        return true;
    if (!cpl_name_order_init(&order, types->schema->fields, sizeof *types->schema->fields,
                             types->schema->n_fields, err))
        return false;
    for (uint32_t i = 0; ok && i < schema->n_fields; i++) {
        int64_t at = cpl_name_order_find(&order, schema->fields[i].name);
        ok = at < 0 || cpl_types_agree(&types->schema->fields[at].type, &schema->fields[i].type) ||
             refuse(types, &schema->fields[i], err);
    }
    cpl_name_order_release(&order);
    return ok;
}
