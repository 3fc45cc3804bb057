/* What the values of a page or column chunk really are, counted for parquet_verify. */
#pragma once
#include "decode/parquet_page.h"
#include "format/parquet_encoding.h"
#include "format/parquet_order.h"

struct cpl_parquet_facts {
    uint64_t rows, entries, values;
    uint64_t unencoded;                /* BYTE_ARRAY: sum of lengths */
    uint64_t *repetition, *definition; /* histograms, max + 1 counts each */
    bool has_bounds;                   /* a value other than NaN was seen */
    struct cpl_buffer min, max;
};
/* Histograms for the leaf; the bounds' memory is kept when used again. */
bool cpl_parquet_facts_init(struct cpl_parquet_facts *facts, const struct cpl_parquet_leaf *leaf,
                            struct cpl_error *err) CPL_CHECKED;
void cpl_parquet_facts_clear(struct cpl_parquet_facts *facts, const struct cpl_parquet_leaf *leaf);
void cpl_parquet_facts_release(struct cpl_parquet_facts *facts);
/* Add what `part` counted. */
bool cpl_parquet_facts_add(struct cpl_parquet_facts *facts, const struct cpl_parquet_facts *part,
                           const struct cpl_parquet_leaf *leaf, struct cpl_error *err) CPL_CHECKED;
bool cpl_parquet_facts_value(struct cpl_parquet_facts *facts, enum cpl_parquet_ordering ordering,
                             const struct cpl_slice *value, struct cpl_error *err) CPL_CHECKED;

/* Do stated bounds hold? `what` names the statement in the CORRUPT error. Absent bounds always do; exact ones must be
 * attained. */
struct cpl_parquet_bounds {
    struct cpl_bytes min, max;
    bool min_exact, max_exact;
};
bool cpl_parquet_check_bounds(const struct cpl_parquet_facts *facts,
                              enum cpl_parquet_ordering ordering,
                              const struct cpl_parquet_bounds *bounds, const char *what,
                              struct cpl_error *err) CPL_CHECKED;
/* Statistics of a page header or chunk. */
bool cpl_parquet_check_statistics(const struct cpl_parquet_facts *facts,
                                  const struct cpl_parquet_leaf *leaf,
                                  enum cpl_parquet_ordering ordering,
                                  const struct cpl_parquet_statistics *statistics, const char *what,
                                  struct cpl_error *err) CPL_CHECKED;
/* A null count, exactly or, for repeated columns, within what writers make of empty lists. */
bool cpl_parquet_check_nulls(const struct cpl_parquet_facts *facts,
                             const struct cpl_parquet_leaf *leaf, int64_t stated, const char *what,
                             struct cpl_error *err) CPL_CHECKED;
/* A stated histogram of n counts (NULL = not stated). */
bool cpl_parquet_check_histogram(const uint64_t *counted, uint32_t n, const int64_t *stated,
                                 const char *what, struct cpl_error *err) CPL_CHECKED;
/* Equal, or CORRUPT: "WHAT says A, counted are B". */
bool cpl_parquet_check_equal(int64_t stated, uint64_t counted, const char *what,
                             struct cpl_error *err) CPL_CHECKED;
