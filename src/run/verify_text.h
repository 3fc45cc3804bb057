/* Rows of CSV and JSON files as our encoders write them, counted by reading every byte.
 *
 * More than a count: a line of JSON must be an object and nothing else, a record of CSV must have as many fields as the first
 * one and quotes where they belong; what is not so is an error of code CORRUPT that names the line. Memory: the
 * longest row. Threads: any; nothing is shared. */
#pragma once
#include "base/memory.h"
#include <stdint.h>

struct cpl_reader;
struct cpl_csv_layout {
    uint8_t delimiter, quote;
    bool header;
};
bool cpl_count_json(struct cpl_reader *reader, const char *path, uint64_t *rows,
                    struct cpl_error *err) CPL_CHECKED;
bool cpl_count_csv(struct cpl_reader *reader, const char *path, const struct cpl_csv_layout *layout,
                   uint64_t *rows, struct cpl_error *err) CPL_CHECKED;
