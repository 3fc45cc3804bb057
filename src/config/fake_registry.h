/* A registry of the tests' own: three formats with a few options, whatever the build has. */
#pragma once
#include "config/components.h"

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
    {.name = NULL},
};
const struct cpl_component *cpl_components(void)
{
    return fake_components;
}
