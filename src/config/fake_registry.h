/* A registry of the tests' own: three formats with a few options, whatever the build has. */
#pragma once
#include "config/components.h"
#include "quality/rule.h"
#include "transform/transform.h"

struct fake_options {
    char delimiter;
    bool header;
    int64_t level;
    int compression;
    const char *token;
};
#define FAKE(member) .offset = offsetof(struct fake_options, member)
static const struct cpl_option fake_csv[] = {
    {.name = "delimiter",
     .type = CPL_OPTION_CHAR,
     FAKE(delimiter),
     .default_text = "comma",
     .summary = "What stands between fields."},
    {.name = "header",
     .type = CPL_OPTION_BOOL,
     FAKE(header),
     .default_text = "true",
     .summary = "Whether the first row names columns."},
    {.name = "token",
     .type = CPL_OPTION_STRING,
     FAKE(token),
     .flags = CPL_OPTION_SECRET,
     .summary = "A secret."},
    {.name = NULL},
};
static const struct cpl_option fake_parquet[] = {
    {.name = "compression",
     .type = CPL_OPTION_ENUM,
     FAKE(compression),
     .values = "snappy|zstd|none",
     .default_text = "snappy",
     .summary = "The codec."},
    {.name = "level",
     .type = CPL_OPTION_INT,
     FAKE(level),
     .default_text = "3",
     .min = 1,
     .max = 22,
     .summary = "The codec's level."},
    {.name = NULL},
};
struct fake_item {
    const char *condition;
    struct cpl_strings columns;
    struct cpl_pairs names;
};
static const struct cpl_option fake_filter[] = {
    {.name = "condition",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct fake_item, condition),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "What must be true."},
    {.name = NULL},
};
static const struct cpl_option fake_not_null[] = {
    {.name = "columns",
     .type = CPL_OPTION_STRINGS,
     .offset = offsetof(struct fake_item, columns),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "Columns."},
    {.name = NULL},
};
static const struct cpl_option fake_rename[] = {
    {.name = "columns",
     .type = CPL_OPTION_PAIRS,
     .offset = offsetof(struct fake_item, names),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "Names."},
    {.name = NULL},
};
static const struct cpl_rule_ops fake_check = {.name = "check"};
static const struct cpl_rule_ops fake_not_null_ops = {.name = "not_null", .per_column = true};
static const struct cpl_transform_ops fake_filter_ops = {.name = "filter"};
static const struct cpl_transform_ops fake_rename_ops = {.name = "rename"};
static const struct cpl_component fake_components[] = {
    {.kind = CPL_COMPONENT_DECODER,
     .name = "csv",
     .summary = "CSV.",
     .options = fake_csv,
     .options_size = sizeof(struct fake_options)},
    {.kind = CPL_COMPONENT_DECODER, .name = "json", .summary = "JSON."},
    {.kind = CPL_COMPONENT_ENCODER,
     .name = "csv",
     .summary = "CSV.",
     .extension = ".csv",
     .options = fake_csv,
     .options_size = sizeof(struct fake_options)},
    {.kind = CPL_COMPONENT_ENCODER,
     .name = "parquet",
     .summary = "Parquet.",
     .extension = ".parquet",
     .options = fake_parquet,
     .options_size = sizeof(struct fake_options)},
    {.kind = CPL_COMPONENT_TRANSFORM,
     .name = "filter",
     .summary = "Rows that stay.",
     .options = fake_filter,
     .options_size = sizeof(struct fake_item),
     .shorthand = "condition",
     .ops = &fake_filter_ops},
    {.kind = CPL_COMPONENT_TRANSFORM,
     .name = "rename",
     .summary = "Names.",
     .options = fake_rename,
     .options_size = sizeof(struct fake_item),
     .shorthand = "columns",
     .ops = &fake_rename_ops},
    {.kind = CPL_COMPONENT_RULE,
     .name = "check",
     .summary = "A condition.",
     .options = fake_filter,
     .options_size = sizeof(struct fake_item),
     .shorthand = "condition",
     .ops = &fake_check},
    {.kind = CPL_COMPONENT_RULE,
     .name = "not_null",
     .summary = "A value.",
     .options = fake_not_null,
     .options_size = sizeof(struct fake_item),
     .shorthand = "columns",
     .ops = &fake_not_null_ops},
    {.name = NULL},
};
const struct cpl_component *cpl_components(void)
{
    return fake_components;
}
