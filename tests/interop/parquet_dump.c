/* parquet_dump FILE [verify | layout | batch-rows [first-row-group row-groups [column …]]] — what
 * our reader makes of a Parquet file: its verdict, its layout as JSON, or its rows.
 *
 * Of rows, the first line is the schema in cupel's notation, as a JSON string; then one JSON array a row.
 * Every value is written so that nothing is rounded: floats as the bits of a double, decimals as unscaled
 * integers, dates, times and timestamps as the integers they are, bytes and UUIDs as hex, maps as
 * lists of [key, value], all but booleans and nulls as JSON strings. */
#include "decode/parquet_layout.h"
#include "decode/parquet_verify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_hex(const uint8_t *data, size_t size)
{
    putchar('"');
    for (size_t i = 0; i < size; i++)
        printf("%02x", data[i]);
    putchar('"');
}

static void print_text(const struct cpl_slice *text)
{
    putchar('"');
    for (uint32_t i = 0; i < text->length; i++) {
        uint8_t byte = text->data[i];
        if (byte < 0x20 || byte == '"' || byte == '\\')
            printf("\\u%04x", byte);
        else
            putchar(byte);
    }
    putchar('"');
}

static void print_int128(__int128 value)
{
    char text[48], *at = text + sizeof text;
    unsigned __int128 left = value < 0 ? -(unsigned __int128)value : (unsigned __int128)value;
    *--at = 0;
    do {
        *--at = (char)('0' + (int)(left % 10));
        left /= 10;
    } while (left);
    printf("\"%s%s\"", value < 0 ? "-" : "", at);
}

static void print_double(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (isnan(value))
        printf("\"nan\"");
    else
        printf("\"%016llx\"", (unsigned long long)bits);
}

static void print_value(const struct cpl_column *column, uint32_t row);

static void print_members(const struct cpl_column *column, uint32_t row)
{
    putchar('[');
    for (uint32_t i = 0; i < column->n_children; i++) {
        if (i)
            putchar(',');
        print_value(&column->children[i], row);
    }
    putchar(']');
}

static void print_elements(const struct cpl_column *column, uint32_t row)
{
    putchar('[');
    for (int32_t i = column->offsets[row]; i < column->offsets[row + 1]; i++) {
        if (i > column->offsets[row])
            putchar(',');
        if (column->field->type.kind == CPL_MAP)
            print_members(column, (uint32_t)i);
        else
            print_value(&column->children[0], (uint32_t)i);
    }
    putchar(']');
}

static void print_integer(const struct cpl_column *column, uint32_t row)
{
    switch (column->field->type.kind) {
    case CPL_I8:
        printf("\"%d\"", column->i8[row]);
        return;
    case CPL_I16:
        printf("\"%d\"", column->i16[row]);
        return;
    case CPL_I32:
    case CPL_DATE:
        printf("\"%d\"", column->i32[row]);
        return;
    case CPL_U8:
        printf("\"%u\"", column->u8[row]);
        return;
    case CPL_U16:
        printf("\"%u\"", column->u16[row]);
        return;
    case CPL_U32:
        printf("\"%u\"", column->u32[row]);
        return;
    case CPL_U64:
        printf("\"%llu\"", (unsigned long long)column->u64[row]);
        return;
    default:
        printf("\"%lld\"", (long long)column->i64[row]);
        return;
    }
}

static void print_value(const struct cpl_column *column, uint32_t row)
{
    const struct cpl_type *type = &column->field->type;
    if (!cpl_is_valid(column, row)) {
        printf("null");
        return;
    }
    switch (type->kind) {
    case CPL_BOOL:
        printf(column->u8[row] ? "true" : "false");
        return;
    case CPL_F32:
        print_double((double)column->f32[row]);
        return;
    case CPL_F64:
        print_double(column->f64[row]);
        return;
    case CPL_DECIMAL:
        print_int128(cpl_type_width(type) == 8 ? column->i64[row] : column->i128[row]);
        return;
    case CPL_STRING:
    case CPL_JSON:
        print_text(&column->slices[row]);
        return;
    case CPL_BINARY:
        print_hex(column->slices[row].data, column->slices[row].length);
        return;
    case CPL_UUID:
        print_hex(column->uuid[row], 16);
        return;
    case CPL_STRUCT:
        print_members(column, row);
        return;
    case CPL_LIST:
    case CPL_MAP:
        print_elements(column, row);
        return;
    default:
        print_integer(column, row);
        return;
    }
}

static bool print_schema(const struct cpl_schema *schema, struct cpl_error *err)
{
    struct cpl_type root = {
        .kind = CPL_STRUCT, .n_children = schema->n_fields, .children = schema->fields};
    struct cpl_buffer text = {0};
    bool ok = cpl_type_format(&root, &text, err);
    if (ok) {
        print_text(&(struct cpl_slice){.data = text.data, .length = (uint32_t)text.size});
        putchar('\n');
    }
    cpl_buffer_release(&text);
    return ok;
}

static bool print_rows(struct cpl_parquet_scan *scan, struct cpl_error *err)
{
    struct cpl_batch *batch;
    for (;;) {
        if (!cpl_parquet_scan_next(scan, &batch, err))
            return false;
        if (batch->rows == 0)
            return true;
        for (uint32_t row = 0; row < batch->rows; row++) {
            putchar('[');
            for (uint32_t i = 0; i < batch->schema->n_fields; i++) {
                if (i)
                    putchar(',');
                print_value(&batch->columns[i], row);
            }
            puts("]");
        }
    }
}

static bool print_verdict(const struct cpl_parquet_file *file, struct cpl_error *err)
{
    struct cpl_parquet_report report;
    bool ok = cpl_parquet_verify(file, &report, err);
    if (ok)
        printf(
            "{\"rows\": %llu, \"pages\": %llu, \"crcs\": %llu, \"indexes\": %llu, \"histograms\": "
            "%llu, \"orders\": %llu, \"remarks\": %llu, \"nulls\": [",
            (unsigned long long)report.rows, (unsigned long long)report.pages,
            (unsigned long long)report.crcs, (unsigned long long)report.indexes,
            (unsigned long long)report.histograms, (unsigned long long)report.orders,
            (unsigned long long)report.remarks);
    for (uint32_t i = 0; ok && i < report.n_columns; i++)
        printf("%s%llu", i ? ", " : "", (unsigned long long)report.columns[i].nulls);
    if (ok)
        puts("]}");
    cpl_parquet_report_release(&report);
    return ok;
}

static bool print_layout(const struct cpl_parquet_file *file, struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    struct cpl_json_writer json;
    cpl_json_begin(&json, &text, 0, err);
    bool ok = cpl_parquet_layout(file, &json, NULL, err) && cpl_json_end(&json);
    if (ok)
        printf("%.*s\n", (int)text.size, (const char *)text.data);
    cpl_buffer_release(&text);
    return ok;
}

static bool print_scan(const struct cpl_parquet_file *file, int argc, char **argv,
                       struct cpl_error *err)
{
    uint32_t columns[64];
    struct cpl_parquet_scan_options options = {0};
    if (argc > 2)
        options.batch_rows = (uint32_t)atoi(argv[2]);
    if (argc > 4) {
        options.first_row_group = (uint32_t)atoi(argv[3]);
        options.n_row_groups = (uint32_t)atoi(argv[4]);
    }
    for (int i = 5; i < argc; i++)
        columns[options.n_columns++] = (uint32_t)atoi(argv[i]);
    if (argc > 5)
        options.columns = columns;
    struct cpl_parquet_scan *scan = cpl_parquet_scan_new(file, &options, err);
    bool ok = scan && print_schema(cpl_parquet_scan_schema(scan), err) && print_rows(scan, err);
    cpl_parquet_scan_free(scan);
    return ok;
}

int main(int argc, char **argv)
{
    struct cpl_error err = {0};
    struct cpl_storage *storage = NULL;
    struct cpl_reader *reader = NULL;
    struct cpl_parquet_file *file = NULL;
    bool ok = false;
    if (argc < 2 || argc > 69)
        return fprintf(stderr, "usage: parquet_dump FILE [verify | layout | batch-rows "
                               "[first-row-group row-groups [column …]]]\n"),
               2;
    storage = cpl_storage_local(&(struct cpl_storage_limits){0}, &err);
    if (!storage || !(reader = cpl_reader_open(storage, argv[1], &err)) ||
        !(file = cpl_parquet_open(reader, argv[1], &err)))
        goto out;
    if (argc > 2 && !strcmp(argv[2], "verify"))
        ok = print_verdict(file, &err);
    else if (argc > 2 && !strcmp(argv[2], "layout"))
        ok = print_layout(file, &err);
    else
        ok = print_scan(file, argc, argv, &err);
out:
    cpl_parquet_close(file);
    if (reader)
        cpl_reader_close(reader);
    if (storage)
        cpl_storage_free(storage);
    if (!ok)
        fprintf(stderr, "%s: %s\n", cpl_code_name(err.code), err.message);
    return ok ? 0 : 1;
}
