#include "decode/parquet_verify_order.h"
#include "base/plural.h"
#include "batch/row_order.h"

#include <inttypes.h>

/* Of a longer list only the first are compared: rows in order by all of them are in order by these. */
enum { MOST_KEYS = 64 };

struct claim {
    struct cpl_order_key *keys;
    uint32_t n;
    uint32_t *columns; /* the schema's fields that are read: a key's first step is an index here */
    uint32_t n_columns;
    struct cpl_arena arena;
};

/* Where the field is among the columns that are read; it is added when it is new. */
static uint32_t place_of(struct claim *claim, uint32_t field)
{
    uint32_t i = 0;
    while (i < claim->n_columns && claim->columns[i] != field)
        i++;
    if (i == claim->n_columns)
        claim->columns[claim->n_columns++] = field;
    return i;
}

static bool add_key(struct claim *claim, const struct cpl_parquet_schema *schema,
                    const struct cpl_parquet_sorting_column *stated, struct cpl_error *err)
{
    if (stated->column < 0 || (uint32_t)stated->column >= schema->n_leaves)
        return cpl_fail(err, CPL_E_CORRUPT, "a sorting column has the number %d, of %s",
                        (int)stated->column, CPL_COUNTED(schema->n_leaves, "column"));
    const struct cpl_parquet_leaf *leaf = &schema->leaves[stated->column];
    if (leaf->max_rep || leaf->unreadable)
        return cpl_fail(err, CPL_E_CORRUPT, "rows cannot be compared by the sorting column %s",
                        leaf->field->name);
    uint32_t *steps = cpl_arena_alloc(&claim->arena, leaf->n_path * sizeof *steps + 1, err);
    if (!steps)
        return false;
    uint32_t n_steps = cpl_parquet_leaf_steps(schema, (uint32_t)stated->column, steps);
    steps[0] = place_of(claim, steps[0]);
    claim->keys[claim->n++] = (struct cpl_order_key){.steps = steps,
                                                     .n_steps = n_steps,
                                                     .descending = stated->descending,
                                                     .nulls_first = stated->nulls_first};
    return true;
}

static bool read_claim(const struct cpl_parquet_file *file, uint32_t group, struct claim *claim,
                       struct cpl_error *err)
{
    const struct cpl_parquet_row_group *stated =
        &cpl_parquet_metadata(file)->row_groups.items[group];
    uint32_t n = stated->sorting_columns.n < MOST_KEYS ? stated->sorting_columns.n : MOST_KEYS;
    claim->keys = cpl_arena_alloc(&claim->arena, n * sizeof *claim->keys + 1, err);
    claim->columns = cpl_arena_alloc(&claim->arena, n * sizeof *claim->columns + 1, err);
    bool ok = claim->keys && claim->columns;
    for (uint32_t i = 0; ok && i < n; i++)
        ok = add_key(claim, cpl_parquet_levels(file), &stated->sorting_columns.items[i], err);
    return ok;
}

static bool rows_follow(struct cpl_parquet_scan *scan, struct cpl_row_order *order,
                        struct cpl_error *err)
{
    struct cpl_batch *batch;
    uint64_t rows = 0;
    uint32_t stray;
    for (;;) {
        if (!cpl_parquet_scan_next(scan, &batch, err))
            return false;
        if (!batch->rows)
            return true;
        if (!cpl_row_order_add(order, batch, NULL, 0, batch->rows, &stray, err))
            return false;
        if (stray != UINT32_MAX)
            return cpl_fail(err, CPL_E_CORRUPT,
                            "row %" PRIu64 " is not in the order that the sorting columns claim",
                            rows + stray);
        rows += batch->rows;
    }
}

bool cpl_parquet_verify_order(const struct cpl_parquet_file *file, uint32_t group,
                              struct cpl_error *err)
{
    struct claim claim = {0};
    struct cpl_parquet_scan *scan = NULL;
    struct cpl_row_order *order = NULL;
    bool ok = read_claim(file, group, &claim, err);
    if (!ok || !claim.n)
        goto out;
    struct cpl_parquet_scan_options options = {.first_row_group = group,
                                               .n_row_groups = 1,
                                               .columns = claim.columns,
                                               .n_columns = claim.n_columns};
    ok = (scan = cpl_parquet_scan_new(file, &options, err)) &&
         (order = cpl_row_order_new(claim.keys, claim.n, err)) && rows_follow(scan, order, err);
out:
    cpl_row_order_free(order);
    cpl_parquet_scan_free(scan);
    cpl_arena_release(&claim.arena);
    return ok;
}
