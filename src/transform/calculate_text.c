/* Expressions that are written for options that are none. */
#include "transform/calculate.h"
#include "transform/columns.h"

bool cpl_put_column_text(struct cpl_buffer *text, const struct cpl_field *field,
                         struct cpl_error *err)
{
    if (field->type.kind == CPL_STRING)
        return cpl_put_column(text, field->name, err);
    return cpl_buffer_append_text(text, "cast(", err) && cpl_put_column(text, field->name, err) &&
           cpl_buffer_append_text(text, " as string)", err);
}

static bool write_one(const struct cpl_pair *pair, cpl_calculate_write *write, const void *options,
                      const struct cpl_schema *in, struct cpl_arena *arena, struct cpl_pair *made,
                      struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    uint32_t column;
    if (!cpl_transform_column(in, pair->key, &column, err))
        return false;
    made->key = pair->key;
    made->value = NULL;
    if (write(options, &in->fields[column], pair->value, &text, err))
        made->value = cpl_arena_strndup(arena, (const char *)text.data, text.size, err);
    cpl_buffer_release(&text);
    return made->value != NULL;
}

bool cpl_calculate_written(const struct cpl_pairs *columns, cpl_calculate_write *write,
                           const void *options, bool null_on_error, const struct cpl_schema *in,
                           const struct cpl_transform_env *env, void **transform,
                           struct cpl_schema **out, struct cpl_error *err)
{
    struct cpl_arena arena = {0};
    struct cpl_pairs pairs = {.n = columns->n};
    pairs.items = cpl_arena_alloc(&arena, (columns->n + 1) * sizeof *pairs.items, err);
    bool ok = pairs.items != NULL;
    for (size_t i = 0; ok && i < columns->n; i++)
        ok = write_one(&columns->items[i], write, options, in, &arena, &pairs.items[i], err);
    ok = ok && cpl_calculate_bind(&pairs, null_on_error, in, env, transform, out, err);
    cpl_arena_release(&arena);
    return ok;
}

bool cpl_calculate_each(const struct cpl_strings *columns, cpl_calculate_write *write,
                        const void *options, const struct cpl_schema *in,
                        const struct cpl_transform_env *env, void **transform,
                        struct cpl_schema **out, struct cpl_error *err)
{
    struct cpl_pairs pairs = {.n = columns->n};
    pairs.items = cpl_alloc_zero(columns->n + 1, sizeof *pairs.items, err);
    if (!pairs.items)
        return false;
    for (size_t i = 0; i < columns->n; i++)
        pairs.items[i].key = columns->items[i];
    bool ok = cpl_calculate_written(&pairs, write, options, false, in, env, transform, out, err);
    cpl_free(pairs.items);
    return ok;
}
