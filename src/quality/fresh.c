/* Rule fresh: rows that are as new as expected.
 *
 * Age is counted from the plan's clock, so that a range that is worked again is graded the same. It scores:
 *
 *   1 up to `within`, then within ÷ age; 0 for a time further in the future than `ahead`
 *
 * A timestamp without zone is taken for UTC. A date is a whole day: its age is counted from its end, and how far it is ahead from its
 * beginning, so that it is broken only where every moment of it would be. */
#include "quality/rule_kinds.h"

#include <inttypes.h>
#include <stddef.h>

struct fresh_options {
    struct cpl_strings columns;
    int64_t within, ahead;
};
struct fresh {
    uint32_t column;
    int64_t unit;                  /* nanoseconds */
    int64_t span;                  /* units that a value lasts: a date's one day, else 0 */
    cpl_int128 now, within, ahead; /* nanoseconds */
};

static const int64_t NANO_PER_MS = 1000000, NANO_PER_DAY = INT64_C(86400000000000);
#define CENTURY_MS (INT64_C(36525) * 86400000)

static const struct cpl_option options[] = {
    {.name = "columns",
     .type = CPL_OPTION_STRINGS,
     .offset = offsetof(struct fresh_options, columns),
     .flags = CPL_OPTION_REQUIRED | CPL_OPTION_COLUMNS,
     .summary = "The columns of dates or timestamps meant; each makes a rule of its own.",
     .example = "[updated_at]"},
    {.name = "within",
     .type = CPL_OPTION_DURATION,
     .offset = offsetof(struct fresh_options, within),
     .flags = CPL_OPTION_REQUIRED,
     .min = 1,
     .max = CENTURY_MS,
     .summary = "The greatest age, counted from the run's clock.",
     .example = "24h"},
    {.name = "ahead",
     .type = CPL_OPTION_DURATION,
     .offset = offsetof(struct fresh_options, ahead),
     .max = CENTURY_MS,
     .default_text = "5m",
     .summary = "How far in the future a time may lie, because clocks differ."},
    {.name = NULL}};

static bool bind(const void *of, const char *name, const struct cpl_schema *schema,
                 const struct cpl_rule_env *env, void **rule, const char **key,
                 struct cpl_error *err)
{
    static const int64_t units[] = {
        [CPL_SECOND] = 1000000000, [CPL_MILLI] = 1000000, [CPL_MICRO] = 1000, [CPL_NANO] = 1};
    const struct fresh_options *o = of;
    uint32_t column;
    *key = "columns";
    if (!cpl_rule_column(schema, name, &column, err))
        return false;
    const struct cpl_type *type = &schema->fields[column].type;
    if (type->kind != CPL_DATE && type->kind != CPL_TIMESTAMP)
        return cpl_fail(err, CPL_E_CONFIG, "column `%.100s` is neither a date nor a timestamp",
                        name);
    struct fresh *fresh = cpl_alloc(sizeof *fresh, err);
    if (!fresh)
        return false;
    bool date = type->kind == CPL_DATE;
    *fresh = (struct fresh){.column = column,
                            .unit = date ? NANO_PER_DAY : units[type->unit],
                            .span = date,
                            .now = (cpl_int128)env->expression.now_ms * NANO_PER_MS,
                            .within = (cpl_int128)o->within * NANO_PER_MS,
                            .ahead = (cpl_int128)o->ahead * NANO_PER_MS};
    *rule = fresh;
    return true;
}

/* How long ago the value's last moment was, and how far its first lies ahead: at most one is above zero. */
static void age_of(const struct fresh *rule, const struct cpl_column *column, uint32_t row,
                   cpl_int128 *age, cpl_int128 *lead)
{
    cpl_int128 value = rule->span ? column->i32[row] : column->i64[row];
    *age = rule->now - (value + rule->span) * rule->unit;
    *lead = value * rule->unit - rule->now;
}

static bool test(const void *of, struct cpl_rule_scratch *scratch, const struct cpl_batch *batch,
                 struct cpl_verdict *verdict, struct cpl_error *err)
{
    const struct fresh *rule = of;
    const struct cpl_column *column = &batch->columns[rule->column];
    (void)scratch;
    (void)err;
    cpl_verdict_spare_nulls(verdict, column);
    for (uint32_t i = 0; i < batch->rows; i++) {
        cpl_int128 age, lead;
        age_of(rule, column, i, &age, &lead);
        bool old = age > rule->within, early = lead > rule->ahead;
        if (verdict->spared[i] || (!old && !early))
            continue;
        verdict->broken[i] = 1;
        verdict->any_broken = true;
        if (verdict->score)
            verdict->score[i] = old ? (float)((double)rule->within / (double)age) : 0;
    }
    return true;
}

/* "3 d 04:00:00", "00:12:05" */
static bool put_duration(struct cpl_buffer *text, cpl_int128 nanoseconds, struct cpl_error *err)
{
    int64_t s = (int64_t)(nanoseconds / 1000000000);
    if (s >= 86400 && !cpl_buffer_printf(text, err, "%" PRId64 " d ", s / 86400))
        return false;
    return cpl_buffer_printf(text, err, "%02d:%02d:%02d", (int)(s / 3600 % 24), (int)(s / 60 % 60),
                             (int)(s % 60));
}

static bool explain(const void *of, struct cpl_rule_scratch *scratch, const struct cpl_batch *batch,
                    uint32_t row, struct cpl_buffer *text, struct cpl_error *err)
{
    const struct fresh *rule = of;
    const struct cpl_column *column = &batch->columns[rule->column];
    cpl_int128 age, lead;
    (void)scratch;
    age_of(rule, column, row, &age, &lead);
    bool early = lead > rule->ahead;
    return cpl_buffer_printf(text, err, "%.100s is ", column->field->name) &&
           cpl_rule_value_text(column, row, text, err) &&
           cpl_buffer_append_text(text, early ? ", which lies " : ", which is ", err) &&
           put_duration(text, early ? lead : age, err) &&
           cpl_buffer_append_text(text, early ? " in the future; it may by " : " old; it may be ",
                                  err) &&
           put_duration(text, early ? rule->ahead : rule->within, err);
}

const struct cpl_rule_ops cpl_rule_fresh = {
    .name = "fresh",
    .summary = "Rows must be as new as expected.",
    .example = "fresh: {columns: [updated_at], within: 24h}",
    .options = options,
    .options_size = sizeof(struct fresh_options),
    .per_column = true,
    .scores = true,
    .metric = CPL_METRIC_TIMELINESS,
    .bind = bind,
    .unbind = cpl_free,
    .test = test,
    .explain = explain,
};
