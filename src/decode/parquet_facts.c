#include "decode/parquet_facts.h"
#include "base/plural.h"

#include <inttypes.h>
#include <string.h>

bool cpl_parquet_facts_init(struct cpl_parquet_facts *facts, const struct cpl_parquet_leaf *leaf,
                            struct cpl_error *err)
{
    *facts = (struct cpl_parquet_facts){0};
    facts->repetition = cpl_alloc_zero((size_t)leaf->max_rep + 1, sizeof(uint64_t), err);
    facts->definition = cpl_alloc_zero((size_t)leaf->max_def + 1, sizeof(uint64_t), err);
    return facts->repetition && facts->definition;
}

void cpl_parquet_facts_clear(struct cpl_parquet_facts *facts, const struct cpl_parquet_leaf *leaf)
{
    memset(facts->repetition, 0, ((size_t)leaf->max_rep + 1) * sizeof(uint64_t));
    memset(facts->definition, 0, ((size_t)leaf->max_def + 1) * sizeof(uint64_t));
    facts->rows = facts->entries = facts->values = facts->unencoded = 0;
    facts->has_bounds = false;
}

void cpl_parquet_facts_release(struct cpl_parquet_facts *facts)
{
    cpl_free(facts->repetition);
    cpl_free(facts->definition);
    cpl_buffer_release(&facts->min);
    cpl_buffer_release(&facts->max);
    *facts = (struct cpl_parquet_facts){0};
}

static struct cpl_slice slice_of(const struct cpl_buffer *buffer)
{
    return (struct cpl_slice){.data = buffer->data, .length = (uint32_t)buffer->size};
}

static bool keep(struct cpl_buffer *buffer, const struct cpl_slice *value, struct cpl_error *err)
{
    buffer->size = 0;
    return cpl_buffer_append(buffer, value->data, value->length, err);
}

bool cpl_parquet_facts_value(struct cpl_parquet_facts *facts, enum cpl_parquet_ordering ordering,
                             const struct cpl_slice *value, struct cpl_error *err)
{
    if (ordering == CPL_PARQUET_ORDER_NONE || cpl_parquet_is_nan(ordering, value))
        return true;
    struct cpl_slice min = slice_of(&facts->min), max = slice_of(&facts->max);
    bool first = !facts->has_bounds;
    facts->has_bounds = true;
    if ((first || cpl_parquet_compare(ordering, value, &min) < 0) && !keep(&facts->min, value, err))
        return false;
    return !(first || cpl_parquet_compare(ordering, value, &max) > 0) ||
           keep(&facts->max, value, err);
}

bool cpl_parquet_facts_add(struct cpl_parquet_facts *facts, const struct cpl_parquet_facts *part,
                           const struct cpl_parquet_leaf *leaf, struct cpl_error *err)
{
    enum cpl_parquet_ordering ordering = cpl_parquet_ordering_of(leaf);
    facts->rows += part->rows;
    facts->entries += part->entries;
    facts->values += part->values;
    facts->unencoded += part->unencoded;
    for (int16_t i = 0; i <= leaf->max_rep; i++)
        facts->repetition[i] += part->repetition[i];
    for (int16_t i = 0; i <= leaf->max_def; i++)
        facts->definition[i] += part->definition[i];
    if (!part->has_bounds)
        return true;
    struct cpl_slice min = slice_of(&part->min), max = slice_of(&part->max);
    return cpl_parquet_facts_value(facts, ordering, &min, err) &&
           cpl_parquet_facts_value(facts, ordering, &max, err);
}

/* ---- statements against facts ---- */

bool cpl_parquet_check_equal(int64_t stated, uint64_t counted, const char *what,
                             struct cpl_error *err)
{
    if (stated >= 0 && (uint64_t)stated == counted)
        return true;
    return cpl_fail(err, CPL_E_CORRUPT, "%s says %" PRId64 ", counted are %" PRIu64, what, stated,
                    counted);
}

bool cpl_parquet_check_nulls(const struct cpl_parquet_facts *facts,
                             const struct cpl_parquet_leaf *leaf, int64_t stated, const char *what,
                             struct cpl_error *err)
{
    uint64_t nulls = facts->entries - facts->values;
    if (leaf->max_rep && stated >= 0 && (uint64_t)stated <= nulls)
        return true;
    return cpl_parquet_check_equal(stated, nulls, what, err);
}

bool cpl_parquet_check_histogram(const uint64_t *counted, uint32_t n, const int64_t *stated,
                                 const char *what, struct cpl_error *err)
{
    for (uint32_t i = 0; stated && i < n; i++)
        if (!cpl_parquet_check_equal(stated[i], counted[i], what, err))
            return false;
    return true;
}

static bool wrong_bound(const char *what, const char *which, struct cpl_error *err)
{
    return cpl_fail(err, CPL_E_CORRUPT, "%s: the %s does not hold for the values", what, which);
}

static bool check_bound(const struct cpl_bytes *bound, const struct cpl_buffer *actual,
                        enum cpl_parquet_ordering ordering, bool exact, int sign, const char *what,
                        struct cpl_error *err)
{
    const char *which = sign < 0 ? "minimum" : "maximum";
    uint32_t width = cpl_parquet_ordering_width(ordering);
    struct cpl_slice stated = {.data = bound->data, .length = bound->size};
    struct cpl_slice value = slice_of(actual);
    if (!bound->data)
        return true;
    if (width && bound->size != width)
        return cpl_fail(err, CPL_E_CORRUPT, "%s: the %s has %s, not %u", what, which,
                        CPL_COUNTED(bound->size, "byte"), width);
    if (cpl_parquet_is_nan(ordering, &stated))
        return true; /* such bounds are to be ignored (parquet.thrift, ColumnOrder) */
    int order = cpl_parquet_compare(ordering, &stated, &value) * sign;
    return (exact ? order == 0 : order >= 0) || wrong_bound(what, which, err);
}

bool cpl_parquet_check_bounds(const struct cpl_parquet_facts *facts,
                              enum cpl_parquet_ordering ordering,
                              const struct cpl_parquet_bounds *bounds, const char *what,
                              struct cpl_error *err)
{
    if (!facts->has_bounds)
        return true;
    return check_bound(&bounds->min, &facts->min, ordering, bounds->min_exact, -1, what, err) &&
           check_bound(&bounds->max, &facts->max, ordering, bounds->max_exact, 1, what, err);
}

bool cpl_parquet_check_statistics(const struct cpl_parquet_facts *facts,
                                  const struct cpl_parquet_leaf *leaf,
                                  enum cpl_parquet_ordering ordering,
                                  const struct cpl_parquet_statistics *statistics, const char *what,
                                  struct cpl_error *err)
{
    struct cpl_parquet_bounds bounds = {
        .min = statistics->min_value,
        .max = statistics->max_value,
        .min_exact = statistics->has_min_exact && statistics->min_exact,
        .max_exact = statistics->has_max_exact && statistics->max_exact};
    if (statistics->has_null_count &&
        !cpl_parquet_check_nulls(facts, leaf, statistics->null_count, what, err))
        return false;
    return cpl_parquet_check_bounds(facts, ordering, &bounds, what, err);
}
