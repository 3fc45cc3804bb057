/* What `cupel inspect` shares between its files: one input, looked at. */
#pragma once
#include "command/console.h"
#include "quality/profile.h"
#include "run/rows.h"

enum { CPL_INSPECT_HEAD = 10 };
struct cpl_inspection {
    const char *path;
    struct cpl_storage *storage;
    struct cpl_rows *rows;
    struct cpl_profile *profile;
    uint64_t max_rows;      /* 0 = all */
    bool whole;             /* every row was read */
    char first_reject[400]; /* "" = none */
    struct cpl_buffer head; /* cells of the first rows, one behind the other */
    struct cpl_buffer ends; /* uint32_t: where each cell ends in head, times 2, plus 1 for null */
    uint32_t n_head;
};
/* Cell (row, column) of the head; .extra is 1 for null. */
struct cpl_slice cpl_inspect_cell(const struct cpl_inspection *it, uint32_t row, uint32_t column);

/* inspect_parquet.c: how the files are laid out. */
bool cpl_inspect_layout_text(const struct cpl_inspection *it, unsigned width, bool colour,
                             struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
struct cpl_json_writer;
bool cpl_inspect_layout_json(const struct cpl_inspection *it, struct cpl_json_writer *json,
                             struct cpl_error *err) CPL_CHECKED;
/* inspect_text.c: for people; `width` 0 = unlimited. */
bool cpl_inspect_text(const struct cpl_inspection *it, unsigned width, bool colour,
                      struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
/* inspect_json.c: one object. */
bool cpl_inspect_json(const struct cpl_inspection *it, struct cpl_buffer *out,
                      struct cpl_error *err) CPL_CHECKED;
