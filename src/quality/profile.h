/* What the columns of a sample hold: nulls, least and greatest value, distinct values, examples.
 *
 * Distinct values are counted exactly up to a limit (64 K a column; less when there are more than 64
 * columns, so that memory stays below 64 MiB) by their hashes; beyond it they are estimated with HyperLogLog (4096
 * registers, ±1.6 %), and `distinct_exact` is false. Nested columns have only nulls counted. Strings compare by bytes.
 * Threads: a profile belongs to one thread. */
#pragma once
#include "batch/batch.h"

enum { CPL_PROFILE_SAMPLES = 3, CPL_PROFILE_TEXT = 80 };

struct cpl_column_profile {
    uint64_t values, nulls, distinct;
    bool distinct_exact;
    bool has_bounds;            /* a value that compares was seen; NaN does not */
    char min[CPL_PROFILE_TEXT]; /* as text; long strings are cut, at a character */
    char max[CPL_PROFILE_TEXT];
    char samples[CPL_PROFILE_SAMPLES][CPL_PROFILE_TEXT]; /* the first different ones */
    unsigned n_samples;
};
struct cpl_profile;
struct cpl_profile *cpl_profile_new(const struct cpl_schema *schema,
                                    struct cpl_error *err) CPL_CHECKED;
bool cpl_profile_add(struct cpl_profile *profile, const struct cpl_batch *batch,
                     struct cpl_error *err) CPL_CHECKED;
bool cpl_profile_column(const struct cpl_profile *profile, uint32_t column,
                        struct cpl_column_profile *out, struct cpl_error *err) CPL_CHECKED;
/* Binary values for people: as text, but \xE9 for each byte that is no UTF-8 (and for NUL, and the backslash of a text that looks like
 * that). Whole characters, as many as fit `size`; returns how many of the bytes they show. */
size_t cpl_bytes_text(const uint8_t *data, size_t length, char *out, size_t size);
uint64_t cpl_profile_rows(const struct cpl_profile *profile);
void cpl_profile_free(struct cpl_profile *profile);
