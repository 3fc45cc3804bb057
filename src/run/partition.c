#include "run/partition.h"
#include "base/plural.h"
#include "format/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char null_word[] = "__HIVE_DEFAULT_PARTITION__";
static const char *const part_names[] = {"", "year", "month", "day", "hour"};

static bool is_escaped(uint8_t c)
{
    return c < 0x20 || c == 0x7F || strchr("\"#%'*/:=?\\{[]^", c);
}

bool cpl_partition_escape(const void *text, size_t length, struct cpl_buffer *out,
                          struct cpl_error *err)
{
    static const char hex[] = "0123456789ABCDEF";
    const uint8_t *bytes = text;
    if (!cpl_buffer_reserve(out, 3 * length, err))
        return false;
    for (size_t i = 0; i < length; i++) {
        uint8_t c = bytes[i];
        if (!is_escaped(c)) {
            out->data[out->size++] = c;
            continue;
        }
        out->data[out->size++] = '%';
        out->data[out->size++] = (uint8_t)hex[c >> 4];
        out->data[out->size++] = (uint8_t)hex[c & 15];
    }
    return true;
}

/* ---- texts that make no directory ---- */

struct key_check {
    struct cpl_text_check base; /* must be first */
    size_t name_length;         /* of the key, with its = */
};

static size_t escaped_length(const uint8_t *text, size_t length)
{
    size_t total = length;
    for (size_t i = 0; i < length; i++)
        total += is_escaped(text[i]) ? 2 : 0;
    return total;
}

static const char *refuse_text(const struct cpl_text_check *check, const uint8_t *text,
                               size_t length)
{
    size_t room = CPL_PARTITION_NAME_MAX - ((const struct key_check *)check)->name_length;
    if (!length)
        return "an empty text makes no partition: its directory could not be told from null's";
    if (length == sizeof null_word - 1 && !memcmp(text, null_word, length))
        return "the text makes no partition: in a directory's name it stands for null";
    if (length > room || (length > room / 3 && escaped_length(text, length) > room))
        return "the text makes no partition: its directory's name would be longer than 255 bytes";
    return NULL;
}

/* ---- the plan ---- */

/* "month(ordered_at)" → MONTH and the column's name; anything else is a column. */
static enum cpl_key_part part_of(const char *text, char *column, size_t size)
{
    size_t length = strlen(text);
    for (unsigned p = CPL_KEY_YEAR; p <= CPL_KEY_HOUR; p++) {
        size_t word = strlen(part_names[p]);
        if (length < word + 3 || strncasecmp(text, part_names[p], word) != 0 || text[word] != '(' ||
            text[length - 1] != ')')
            continue;
        snprintf(column, size, "%.*s", (int)(length - word - 2), text + word + 1);
        return (enum cpl_key_part)p;
    }
    snprintf(column, size, "%s", text);
    return CPL_KEY_VALUE;
}

static bool no_column(const struct cpl_schema *schema, const char *name, struct cpl_error *err)
{
    const char **names = cpl_alloc((schema->n_fields + 1) * sizeof *names, err);
    if (!names)
        return false;
    for (uint32_t i = 0; i < schema->n_fields; i++)
        names[i] = schema->fields[i].name;
    names[schema->n_fields] = NULL;
    const char *near = cpl_nearest(name, names);
    cpl_fail(err, CPL_E_CONFIG, "sink.partition_by: there is no column `%.100s`%s%.100s%s", name,
             near ? "; did you mean `" : "", near ? near : "", near ? "`?" : "");
    cpl_free(names);
    return false;
}

static bool check_type(const struct cpl_field *field, enum cpl_key_part part, struct cpl_error *err)
{
    enum cpl_kind kind = field->type.kind;
    struct cpl_buffer type = {0};
    bool ok;
    if (part == CPL_KEY_VALUE)
        ok = !cpl_kind_is_nested(kind) && kind != CPL_F32 && kind != CPL_F64 &&
             kind != CPL_BINARY && kind != CPL_JSON;
    else
        ok = kind == CPL_TIMESTAMP || (kind == CPL_DATE && part != CPL_KEY_HOUR);
    if (ok || !cpl_type_format(&field->type, &type, err))
        goto out;
    const char *text = cpl_buffer_text(&type, err);
    if (part == CPL_KEY_VALUE)
        cpl_fail(err, CPL_E_CONFIG,
                 "sink.partition_by: column %s is %s, which makes no directory names; use a text, "
                 "integer, decimal, boolean, uuid, date or timestamp column",
                 field->name, text ? text : "");
    else
        cpl_fail(err, CPL_E_CONFIG,
                 "sink.partition_by: %s(%s) needs a %s column, and %s is %s; declare its type in "
                 "the schema if it is inferred wrongly",
                 part_names[part], field->name,
                 part == CPL_KEY_HOUR ? "timestamp" : "date or timestamp", field->name,
                 text ? text : "");
out:
    cpl_buffer_release(&type);
    return ok;
}

/* "ordered_at_month=", escaped, in the arena. */
static const char *key_name(struct cpl_partition_plan *plan, const char *column,
                            enum cpl_key_part part, struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    const char *name = NULL;
    bool ok = cpl_partition_escape(column, strlen(column), &text, err) &&
              (part == CPL_KEY_VALUE || cpl_buffer_printf(&text, err, "_%s", part_names[part])) &&
              cpl_buffer_append_text(&text, "=", err);
    if (ok)
        name = cpl_arena_strndup(&plan->arena, (const char *)text.data, text.size, err);
    cpl_buffer_release(&text);
    return name;
}

/* Readers see directories as columns, and many of them are blind to case: two of one name would hide each other. */
static bool check_name(const struct cpl_partition_plan *plan, const struct cpl_schema *schema,
                       const struct cpl_partition_key *key, struct cpl_error *err)
{
    size_t length = strlen(key->name) - 1;
    for (uint32_t i = 0; i < plan->n_keys; i++)
        if (!strcasecmp(plan->keys[i].name, key->name))
            return cpl_fail(err, CPL_E_CONFIG, "sink.partition_by names %.*s twice", (int)length,
                            key->name);
    for (uint32_t i = 0; key->part != CPL_KEY_VALUE && i < schema->n_fields; i++)
        if (strlen(schema->fields[i].name) == length &&
            !strncasecmp(schema->fields[i].name, key->name, length))
            return cpl_fail(err, CPL_E_CONFIG,
                            "sink.partition_by: the directories %s… would hide the column %s of "
                            "the files; rename it",
                            key->name, schema->fields[i].name);
    return true;
}

/* NULL in *check for keys whose values always make a directory. */
static bool add_check(struct cpl_partition_plan *plan, const struct cpl_field *field,
                      struct cpl_partition_key *key, struct cpl_error *err)
{
    size_t length = strlen(key->name);
    if (field->type.kind != CPL_STRING || key->part != CPL_KEY_VALUE ||
        length >= CPL_PARTITION_NAME_MAX)
        return true;
    struct key_check *check = cpl_arena_alloc(&plan->arena, sizeof *check, err);
    if (!check)
        return false;
    *check = (struct key_check){.base = {.rule = "partition", .refuse = refuse_text},
                                .name_length = length};
    key->check = &check->base;
    return true;
}

static bool add_key(struct cpl_partition_plan *plan, const struct cpl_schema *schema,
                    const char *text, struct cpl_error *err)
{
    char column[1024];
    int at = cpl_schema_find(schema, text); /* a column that is called "day(x)" is that column */
    struct cpl_partition_key key = {.part = CPL_KEY_VALUE};
    if (at < 0) {
        key.part = part_of(text, column, sizeof column);
        at = cpl_schema_find(schema, column);
    }
    if (at < 0)
        return no_column(schema, column, err);
    key.column = (uint32_t)at;
    const struct cpl_field *field = &schema->fields[at];
    if (!check_type(field, key.part, err) ||
        !(key.name = key_name(plan, field->name, key.part, err)) ||
        !check_name(plan, schema, &key, err) || !add_check(plan, field, &key, err))
        return false;
    plan->keys[plan->n_keys++] = key;
    return true;
}

static bool is_key(const struct cpl_partition_plan *plan, uint32_t column)
{
    for (uint32_t k = 0; k < plan->n_keys; k++)
        if (plan->keys[k].column == column && plan->keys[k].part == CPL_KEY_VALUE)
            return true;
    return false;
}

static bool keep_columns(struct cpl_partition_plan *plan, const struct cpl_schema *schema,
                         struct cpl_error *err)
{
    uint32_t n = 0;
    struct cpl_field *fields = cpl_alloc(schema->n_fields * sizeof *fields, err);
    plan->kept = cpl_arena_alloc(&plan->arena, schema->n_fields * sizeof *plan->kept, err);
    if (!fields || !plan->kept)
        goto out;
    for (uint32_t i = 0; i < schema->n_fields; i++)
        if (!is_key(plan, i)) {
            plan->kept[n] = i;
            fields[n++] = schema->fields[i];
        }
    if (!n)
        cpl_fail(err, CPL_E_CONFIG,
                 "sink.partition_by takes every column into the directories' names: none is left "
                 "for the files");
    else
        plan->schema = cpl_schema_new(fields, n, err);
out:
    cpl_free(fields);
    return plan->schema != NULL;
}

struct cpl_partition_plan *cpl_partition_plan_new(const struct cpl_schema *schema,
                                                  const struct cpl_sink_config *sink,
                                                  struct cpl_error *err)
{
    struct cpl_partition_plan *plan = cpl_alloc_zero(1, sizeof *plan, err);
    if (!plan)
        return NULL;
    plan->most = sink->max_open_partitions > 0 ? (uint64_t)sink->max_open_partitions : 10000;
    plan->keys = cpl_arena_alloc(&plan->arena, sink->partition_by.n * sizeof *plan->keys, err);
    bool ok = plan->keys != NULL;
    for (size_t i = 0; ok && i < sink->partition_by.n; i++)
        ok = add_key(plan, schema, sink->partition_by.items[i], err);
    if (ok && keep_columns(plan, schema, err))
        return plan;
    cpl_partition_plan_free(plan);
    return NULL;
}

bool cpl_partition_layout(const struct cpl_partition_plan *plan, struct cpl_buffer *out,
                          struct cpl_error *err)
{
    for (uint32_t i = 0; i < plan->n_keys; i++)
        if (!cpl_buffer_printf(out, err, "%s%.*s", i ? "/" : "",
                               (int)strlen(plan->keys[i].name) - 1, plan->keys[i].name))
            return false;
    return true;
}

void cpl_partition_plan_free(struct cpl_partition_plan *plan)
{
    if (!plan)
        return;
    cpl_schema_free(plan->schema);
    cpl_arena_release(&plan->arena);
    cpl_free(plan);
}

/* ---- parts of dates ---- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t hours_of(const struct cpl_column *column, uint32_t row)
{
    static const int64_t per_second[] = {
        [CPL_SECOND] = 1, [CPL_MILLI] = 1000, [CPL_MICRO] = 1000000, [CPL_NANO] = 1000000000};
    if (column->field->type.kind == CPL_DATE)
        return 24 * (int64_t)column->i32[row];
    return floor_div(column->i64[row], 3600 * per_second[column->field->type.unit]);
}

/* Days as the calendar takes them; a timestamp in seconds may lie beyond it. */
static bool day_of(const struct cpl_column *column, uint32_t row, int32_t *day,
                   struct cpl_error *err)
{
    int64_t days = floor_div(hours_of(column, row), 24);
    if (days < INT32_MIN / 2 || days > INT32_MAX / 2)
        return cpl_fail(err, CPL_E_DATA,
                        "sink.partition_by: a value of column %s lies outside the calendar",
                        column->field->name);
    *day = (int32_t)days;
    return true;
}

/* Years, months, days or hours as one number. */
static bool part_number(const struct cpl_column *column, uint32_t row, enum cpl_key_part part,
                        int64_t *number, struct cpl_error *err)
{
    int32_t days = 0;
    int year;
    unsigned month, day;
    *number = hours_of(column, row);
    if (part == CPL_KEY_HOUR)
        return true;
    if (!day_of(column, row, &days, err))
        return false;
    *number = days;
    if (part == CPL_KEY_DAY)
        return true;
    cpl_civil_from_days(days, &year, &month, &day);
    *number = part == CPL_KEY_YEAR ? year : 12 * (int64_t)year + month;
    return true;
}

static bool put_part(const struct cpl_column *column, uint32_t row, enum cpl_key_part part,
                     struct cpl_buffer *out, struct cpl_error *err)
{
    int32_t days = 0;
    int year;
    unsigned month, day;
    if (!day_of(column, row, &days, err))
        return false;
    cpl_civil_from_days(days, &year, &month, &day);
    int64_t hours = hours_of(column, row);
    int hour = (int)(hours - 24 * floor_div(hours, 24));
    return cpl_buffer_printf(out, err, "%04d", year) &&
           (part < CPL_KEY_MONTH || cpl_buffer_printf(out, err, "-%02u", month)) &&
           (part < CPL_KEY_DAY || cpl_buffer_printf(out, err, "-%02u", day)) &&
           (part < CPL_KEY_HOUR || cpl_buffer_printf(out, err, "-%02d", hour));
}

/* ---- keys of rows ---- */

static bool put_binary(const struct cpl_partition_key *key, const struct cpl_column *column,
                       uint32_t row, struct cpl_buffer *out, struct cpl_error *err)
{
    const struct cpl_type *type = &column->field->type;
    int64_t number;
    uint8_t present = cpl_is_valid(column, row);
    if (!cpl_buffer_append(out, &present, 1, err))
        return false;
    if (!present)
        return true;
    if (key->part != CPL_KEY_VALUE)
        return part_number(column, row, key->part, &number, err) &&
               cpl_buffer_append(out, &number, sizeof number, err);
    if (!cpl_kind_is_slice(type->kind)) {
        size_t width = cpl_type_width(type);
        return cpl_buffer_append(out, column->u8 + width * row, width, err);
    }
    const struct cpl_slice *slice = &column->slices[row];
    return cpl_buffer_append(out, &slice->length, sizeof slice->length, err) &&
           cpl_buffer_append(out, slice->data, slice->length, err);
}

bool cpl_partition_binary(const struct cpl_partition_plan *plan, const struct cpl_batch *batch,
                          uint32_t row, struct cpl_buffer *out, struct cpl_error *err)
{
    for (uint32_t k = 0; k < plan->n_keys; k++)
        if (!put_binary(&plan->keys[k], &batch->columns[plan->keys[k].column], row, out, err))
            return false;
    return true;
}

static bool put_string(const struct cpl_column *column, uint32_t row, struct cpl_buffer *out,
                       struct cpl_error *err)
{
    const struct cpl_slice *slice = &column->slices[row];
    const char *name = column->field->name;
    if (!slice->length)
        return cpl_fail(err, CPL_E_DATA,
                        "sink.partition_by: column %s holds an empty text, and a directory cannot "
                        "tell it from null; make it null (null tokens) or partition by another "
                        "column",
                        name);
    if (slice->length == sizeof null_word - 1 && !memcmp(slice->data, null_word, slice->length))
        return cpl_fail(err, CPL_E_DATA,
                        "sink.partition_by: column %s holds %s, which stands for null in a "
                        "directory's name",
                        name, null_word);
    if (slice->length > CPL_PARTITION_NAME_MAX)
        return cpl_fail(err, CPL_E_LIMIT,
                        "sink.partition_by: column %s holds a text of %u bytes, and a directory's "
                        "name has at most %d; it begins: %.40s",
                        name, slice->length, CPL_PARTITION_NAME_MAX, (const char *)slice->data);
    return cpl_partition_escape(slice->data, slice->length, out, err);
}

static bool put_value(const struct cpl_partition_key *key, const struct cpl_column *column,
                      uint32_t row, struct cpl_buffer *out, struct cpl_error *err)
{
    char text[CPL_TEXT_MAX];
    if (!cpl_is_valid(column, row))
        return cpl_buffer_append_text(out, null_word, err);
    if (key->part != CPL_KEY_VALUE)
        return put_part(column, row, key->part, out, err);
    if (column->field->type.kind == CPL_STRING)
        return put_string(column, row, out, err);
    return cpl_partition_escape(text, cpl_print_value(column, row, text), out, err);
}

bool cpl_partition_text(const struct cpl_partition_plan *plan, const struct cpl_batch *batch,
                        uint32_t row, struct cpl_buffer *out, struct cpl_error *err)
{
    size_t begin = out->size;
    for (uint32_t k = 0; k < plan->n_keys; k++) {
        const struct cpl_partition_key *key = &plan->keys[k];
        size_t level = out->size + (k > 0);
        if ((k && !cpl_buffer_append_text(out, "/", err)) ||
            !cpl_buffer_append_text(out, key->name, err) ||
            !put_value(key, &batch->columns[key->column], row, out, err))
            return false;
        if (out->size - level > CPL_PARTITION_NAME_MAX)
            return cpl_fail(err, CPL_E_LIMIT,
                            "sink.partition_by: the directory %.60s… would have a name of %zu "
                            "bytes, and %d is the most",
                            (const char *)out->data + level, out->size - level,
                            CPL_PARTITION_NAME_MAX);
    }
    return out->size - begin <= CPL_PARTITION_TEXT_MAX ||
           cpl_fail(err, CPL_E_LIMIT, "sink.partition_by: a row's directories are longer than %d",
                    CPL_PARTITION_TEXT_MAX);
}

bool cpl_partition_too_many(const struct cpl_partition_plan *plan, struct cpl_error *err)
{
    return cpl_fail(err, CPL_E_LIMIT,
                    "sink.partition_by makes more than %s in one run; partition by "
                    "less (month(c) instead of day(c)), or raise sink.max_open_partitions",
                    CPL_COUNTED(plan->most, "partition"));
}
