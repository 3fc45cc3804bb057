/* The one place that names components. A new one is its own files, and a line here. */
#include "config/components.h"
#include "decode/csv.h"
#include "decode/json.h"
#include "encode/parquet.h"

static const struct cpl_component components[] = {
    {.kind = CPL_COMPONENT_SOURCE,
     .name = "file",
     .summary = "Files, directories, globs and standard input."},
    {.kind = CPL_COMPONENT_DECODER,
     .name = "csv",
     .summary = "Delimited text: RFC 4180 and its many relatives.",
     .options = cpl_csv_options,
     .options_size = sizeof(struct cpl_csv_dialect),
     .ops = &cpl_decoder_csv},
    {.kind = CPL_COMPONENT_DECODER,
     .name = "json",
     .summary =
         "JSON: one row a line (NDJSON), an array, documents, or an array inside a document.",
     .options = json_options,
     .options_size = sizeof(struct cpl_json_settings),
     .ops = &cpl_decoder_json},
    {.kind = CPL_COMPONENT_ENCODER,
     .name = "parquet",
     .summary = "Apache Parquet.",
     .extension = ".parquet",
     .options = cpl_parquet_options,
     .options_size = sizeof(struct cpl_parquet_options),
     .ops = &cpl_encoder_parquet},
    {.kind = CPL_COMPONENT_SINK,
     .name = "files",
     .summary = "Data files in a directory, or one file, committed as a whole."},
    {.name = NULL},
};

const struct cpl_component *cpl_components(void)
{
    return components;
}
