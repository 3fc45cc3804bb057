/* What kinds of rules share: names, columns, values for people. */
#include "quality/rule.h"

#include "base/text.h"
#include "format/text.h"

#include <stdio.h>
#include <string.h>

const char *cpl_grade_name(enum cpl_grade grade)
{
    static const char *const names[] = {[CPL_GRADE_REJECTED] = "rejected",
                                        [CPL_GRADE_BRONZE] = "bronze",
                                        [CPL_GRADE_SILVER] = "silver",
                                        [CPL_GRADE_GOLD] = "gold"};
    return names[grade];
}

const char *cpl_severity_name(enum cpl_grade grade)
{
    return grade == CPL_GRADE_REJECTED ? "reject"
           : grade == CPL_GRADE_GOLD   ? "warn"
                                       : cpl_grade_name(grade);
}

const char *cpl_metric_name(enum cpl_metric metric)
{
    static const char *const names[] = {[CPL_METRIC_COMPLETENESS] = "completeness",
                                        [CPL_METRIC_ACCURACY] = "accuracy",
                                        [CPL_METRIC_TIMELINESS] = "timeliness",
                                        [CPL_METRIC_COMPLIANCE] = "schema_compliance",
                                        [CPL_METRIC_CONSISTENCY] = "consistency"};
    return names[metric];
}

bool cpl_rule_column(const struct cpl_schema *schema, const char *name, uint32_t *column,
                     struct cpl_error *err)
{
    int at = cpl_schema_find(schema, name);
    if (at < 0)
        return cpl_schema_no_column(schema, "there is no column ", name, err);
    *column = (uint32_t)at;
    return true;
}

void cpl_verdict_spare_nulls(struct cpl_verdict *verdict, const struct cpl_column *column)
{
    if (!column->null_count)
        return;
    for (uint32_t i = 0; i < column->length; i++)
        verdict->spared[i] = (uint8_t)!cpl_is_valid(column, i);
    verdict->any_spared = true;
}

enum { TEXT_SHOWN = 60 };

bool cpl_rule_value_text(const struct cpl_column *column, uint32_t row, struct cpl_buffer *text,
                         struct cpl_error *err)
{
    char shown[128];
    if (!cpl_is_valid(column, row))
        return cpl_buffer_append_text(text, "null", err);
    if (cpl_kind_is_nested(column->field->type.kind))
        return cpl_buffer_append_text(text, "(nested)", err);
    if (!cpl_kind_is_slice(column->field->type.kind)) {
        size_t length = cpl_print_value(column, row, shown);
        return cpl_buffer_append(text, shown, length, err);
    }
    const struct cpl_slice *value = &column->slices[row];
    int length = value->length < TEXT_SHOWN ? (int)value->length : TEXT_SHOWN;
    cpl_text_set(shown, sizeof shown, "\"%.*s\"%s", length, (const char *)value->data,
                 value->length > TEXT_SHOWN ? "…" : "");
    cpl_text_printable(shown, strlen(shown));
    return cpl_buffer_append_text(text, shown, err);
}
