#include "encode/parquet_sorted.h"
#include "encode/parquet.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MAX_PATH = 512, MAX_KEYS = 64 };

/* ---- what is claimed ---- */

/* Takes `words` (with the blank before them) off the end of the text; ASCII case does not matter. */
static bool take_words(const char *text, size_t *length, const char *words)
{
    size_t n = strlen(words);
    if (*length <= n || strncasecmp(text + *length - n, words, n) != 0)
        return false;
    *length -= n;
    while (*length && text[*length - 1] == ' ')
        --*length;
    return true;
}

static int64_t find_leaf(const struct cpl_parquet_schema *schema, const char *text, size_t length)
{
    char path[MAX_PATH];
    for (uint32_t l = 0; l < schema->n_leaves; l++) {
        cpl_parquet_leaf_path(&schema->leaves[l], path, sizeof path);
        if (strlen(path) == length && !memcmp(path, text, length))
            return l;
    }
    return -1;
}

/* The column and its direction. A name that ends in such a word by itself is taken as a name. */
static int64_t parse(const struct cpl_parquet_schema *schema, const char *text,
                     struct cpl_order_key *key)
{
    size_t length = strlen(text);
    int64_t leaf = find_leaf(schema, text, length);
    if (leaf >= 0)
        return leaf;
    key->nulls_first = take_words(text, &length, " nulls first");
    if (!key->nulls_first)
        take_words(text, &length, " nulls last");
    key->descending = take_words(text, &length, " desc");
    if (!key->descending)
        take_words(text, &length, " asc");
    return find_leaf(schema, text, length);
}

static bool set_steps(const struct cpl_parquet_schema *schema, uint32_t leaf,
                      struct cpl_arena *arena, struct cpl_order_key *key, struct cpl_error *err)
{
    uint32_t *steps = cpl_arena_alloc(arena, schema->leaves[leaf].n_path * sizeof *steps + 1, err);
    if (!steps)
        return false;
    key->steps = steps;
    key->n_steps = cpl_parquet_leaf_steps(schema, leaf, steps);
    return true;
}

static bool no_column(const struct cpl_parquet_schema *schema, const char *text,
                      struct cpl_error *err)
{
    char path[MAX_PATH], word[MAX_PATH];
    snprintf(word, sizeof word, "%.*s", (int)strcspn(text, " "), text);
    const char *near = cpl_parquet_nearest(schema, word, path, sizeof path);
    return cpl_fail(err, CPL_E_CONFIG,
                    "parquet.sorted_by: there is no column \"%.100s\"%s%.100s%s (members of "
                    "structs are written a.b; behind the name may stand asc or desc, nulls first "
                    "or nulls last)",
                    text, near ? "; did you mean `" : "", near ? near : "", near ? "`?" : "");
}

static bool add_key(const char *text, const struct cpl_parquet_schema *schema,
                    struct cpl_arena *arena, struct cpl_parquet_sorting *out, struct cpl_error *err)
{
    struct cpl_order_key *key = &out->keys[out->n];
    *key = (struct cpl_order_key){0};
    int64_t leaf = parse(schema, text, key);
    if (leaf < 0)
        return no_column(schema, text, err);
    if (schema->leaves[leaf].max_rep)
        return cpl_fail(err, CPL_E_CONFIG,
                        "parquet.sorted_by: \"%s\" lies in a list or map; rows have no order by it",
                        text);
    for (uint32_t k = 0; k < out->n; k++)
        if (out->columns[k].column == leaf)
            return cpl_fail(err, CPL_E_CONFIG, "parquet.sorted_by names \"%s\" twice", text);
    out->columns[out->n++] = (struct cpl_parquet_sorting_column){
        .column = (int32_t)leaf, .descending = key->descending, .nulls_first = key->nulls_first};
    return set_steps(schema, (uint32_t)leaf, arena, key, err);
}

bool cpl_parquet_sorting_of(const struct cpl_strings *texts,
                            const struct cpl_parquet_schema *schema, struct cpl_arena *arena,
                            struct cpl_parquet_sorting *out, struct cpl_error *err)
{
    *out = (struct cpl_parquet_sorting){0};
    if (texts->n > MAX_KEYS)
        return cpl_fail(err, CPL_E_CONFIG, "parquet.sorted_by takes at most %d columns", MAX_KEYS);
    out->keys = cpl_arena_alloc(arena, texts->n * sizeof *out->keys + 1, err);
    out->columns = cpl_arena_alloc(arena, texts->n * sizeof *out->columns + 1, err);
    if (!out->keys || !out->columns)
        return false;
    for (size_t i = 0; i < texts->n; i++)
        if (!add_key(texts->items[i], schema, arena, out, err))
            return false;
    return true;
}

/* ---- the proof ---- */

bool cpl_parquet_sorted_init(struct cpl_parquet_sorted *sorted,
                             const struct cpl_parquet_sorting *sorting, struct cpl_error *err)
{
    *sorted = (struct cpl_parquet_sorted){.sorting = sorting};
    return !sorting->n ||
           (sorted->order = cpl_row_order_new(sorting->keys, sorting->n, err)) != NULL;
}

void cpl_parquet_sorted_release(struct cpl_parquet_sorted *sorted)
{
    cpl_row_order_free(sorted->order);
    sorted->order = NULL;
}

static void note_stray(struct cpl_parquet_sorted *sorted, const struct cpl_batch *batch,
                       uint32_t row)
{
    sorted->stray = true;
    sorted->has_position = batch->row_start != NULL;
    if (sorted->has_position)
        sorted->position = batch->origin_base + batch->row_start[row];
}

bool cpl_parquet_sorted_add(struct cpl_parquet_sorted *sorted, const struct cpl_batch *batch,
                            const uint32_t *selection, uint32_t first, uint32_t n,
                            struct cpl_error *err)
{
    uint32_t stray;
    if (!sorted->order || sorted->stray)
        return true;
    if (!cpl_row_order_add(sorted->order, batch, selection, first, n, &stray, err))
        return false;
    sorted->rows += stray == UINT32_MAX ? n : stray - first;
    if (stray != UINT32_MAX)
        note_stray(sorted, batch, selection ? selection[stray] : stray);
    return true;
}

void cpl_parquet_sorted_end_group(struct cpl_parquet_sorted *sorted)
{
    if (sorted->order && !sorted->stray)
        cpl_parquet_sorted_reset(sorted);
}

void cpl_parquet_sorted_reset(struct cpl_parquet_sorted *sorted)
{
    if (!sorted->order)
        return;
    cpl_row_order_restart(sorted->order);
    sorted->stray = false;
    sorted->rows = 0;
}

bool cpl_parquet_sorted_verdict(const struct cpl_parquet_sorted *sorted, struct cpl_error *err)
{
    if (!sorted->stray)
        return true;
    static const char advice[] = "belongs in front of the one before it; sort the input, or drop "
                                 "the claim";
    if (sorted->has_position)
        return cpl_fail(err, CPL_E_DATA,
                        "parquet.sorted_by does not hold: the row at byte %" PRIu64 " %s",
                        sorted->position, advice);
    return cpl_fail(err, CPL_E_DATA,
                    "parquet.sorted_by does not hold: row %" PRIu64 " of its row group %s",
                    sorted->rows, advice);
}
