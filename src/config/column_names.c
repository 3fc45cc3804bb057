/* Options that name columns (`sink.parquet.sorted_by`), held against the columns of `schema`.
 *
 * Only where the file says all of them (`select`, a list, `only_declared`): elsewhere the input tells, and
 * `check --plan` looks. */
#include "config/load.h"

#include <stdio.h>
#include <string.h>

/* What a row can have: every column's name. NULL with n == 0 when the file does not say. */
static bool all_columns(struct cpl_loading *loading, const struct cpl_schema_config *schema,
                        const char ***names, size_t *n)
{
    const struct cpl_schema *declared = schema->declared;
    *n = schema->columns.n                   ? schema->columns.n
         : schema->only_declared && declared ? declared->n_fields
                                             : 0;
    *names = cpl_arena_alloc(loading->arena, (*n + 1) * sizeof **names, loading->err);
    if (!*names)
        return false;
    for (size_t i = 0; i < *n; i++)
        (*names)[i] = schema->columns.n ? schema->columns.items[i] : declared->fields[i].name;
    (*names)[*n] = NULL;
    return true;
}

/* `day desc` and `user.id` begin with a column's name. */
static bool is_column(const char *text, const char *const *names)
{
    for (; *names; names++) {
        size_t length = strlen(*names);
        if (!strncmp(text, *names, length) && (!text[length] || strchr(" .", text[length])))
            return true;
    }
    return false;
}

/* `month(day)` names `day`. Into `word`: what stands before a blank, or between the brackets. */
static void name_in(const char *text, char *word, size_t size)
{
    const char *open = strchr(text, '(');
    size_t length = strcspn(text, " ");
    if (open && text[strlen(text) - 1] == ')') {
        text = open + 1;
        length = strlen(text) - 1;
    }
    length = length < size ? length : size - 1;
    memcpy(word, text, length);
    word[length] = 0;
}

static bool check_name(struct cpl_loading *loading, const struct cpl_node *node, const char *where,
                       const char *const *names)
{
    if (node->kind != CPL_NODE_SCALAR || is_column(node->text, names))
        return true;
    char word[200];
    name_in(node->text, word, sizeof word);
    if (is_column(word, names))
        return true;
    const char *near = node->secret ? NULL : cpl_nearest(word, names);
    cpl_tree_fail(node, loading->err, CPL_E_CONFIG, "%s: there is no column `%.80s`%s%.80s%s",
                  where, cpl_tree_shown(node), near ? "; did you mean `" : "", near ? near : "",
                  near ? "`?" : "");
    return cpl_loading_wrong(loading);
}

/* One name or a list of them; `node` may be NULL. */
static bool check_names(struct cpl_loading *loading, const struct cpl_node *node, const char *where,
                        const char *const *names)
{
    if (!node || node->kind == CPL_NODE_MAP)
        return true;
    const struct cpl_node *item = node->kind == CPL_NODE_LIST ? node->first : node;
    for (size_t i = node->kind == CPL_NODE_LIST ? node->n_children : 1; i--; item = item->next)
        if (!check_name(loading, item, where, names))
            return false;
    return true;
}

/* ---- fields that are not declared ---- */

/* The one option of the source's format that speaks of them, when it is set; *row: which. */
static const struct cpl_node *undeclared_option(const struct cpl_source_config *source,
                                                const struct cpl_option **row)
{
    const struct cpl_component *component =
        source->format_options ? cpl_component_find(CPL_COMPONENT_DECODER, source->format) : NULL;
    for (*row = component ? component->options : NULL; *row && (*row)->name; ++*row)
        if ((*row)->flags & CPL_OPTION_UNDECLARED)
            return cpl_tree_get(source->format_options, (*row)->name);
    return NULL;
}

/* The first declared column that is not selected; NULL = all are. */
static const char *not_selected(const struct cpl_schema_config *schema)
{
    for (uint32_t i = 0; schema->declared && i < schema->declared->n_fields; i++) {
        bool selected = !schema->columns.n;
        for (size_t k = 0; k < schema->columns.n && !selected; k++)
            selected = !strcmp(schema->columns.items[k], schema->declared->fields[i].name);
        if (!selected)
            return schema->declared->fields[i].name;
    }
    return NULL;
}

/* Chosen columns are all that there are: nothing is added to them, and a declared one beside them is no unknown one. */
static bool check_undeclared(struct cpl_loading *loading, const struct cpl_pipeline *pipeline)
{
    const struct cpl_schema_config *schema = &pipeline->schema;
    const struct cpl_option *row;
    const struct cpl_node *node = undeclared_option(&pipeline->source, &row);
    bool chosen = schema->columns.n || schema->only_declared;
    const char *aside;
    if (!node || node->kind != CPL_NODE_SCALAR || !chosen)
        return true;
    if (!strcmp(node->text, "add"))
        cpl_tree_fail(node, loading->err, CPL_E_CONFIG,
                      "source.%s.%s: `add` adds nothing where the columns are chosen "
                      "(schema.select, a list in schema.columns, --columns, only_declared, "
                      "features); leave it out, or write schema.columns as a map of types",
                      pipeline->source.format, row->name);
    else if (!strcmp(node->text, "reject") && (aside = not_selected(schema)))
        cpl_tree_fail(node, loading->err, CPL_E_CONFIG,
                      "source.%s.%s: `reject` would reject rows for the column `%.80s`, which is "
                      "declared and not selected; select it, or write `ignore`",
                      pipeline->source.format, row->name, aside);
    else
        return true;
    return cpl_loading_wrong(loading);
}

/* ---- all ---- */

bool cpl_load_check_columns(struct cpl_loading *loading, const struct cpl_pipeline *pipeline)
{
    if (!check_undeclared(loading, pipeline))
        return false;
    const struct cpl_sink_config *sink = &pipeline->sink;
    const struct cpl_component *component =
        sink->format_options ? cpl_component_find(CPL_COMPONENT_ENCODER, sink->format) : NULL;
    const struct cpl_option *row = component ? component->options : NULL;
    const struct cpl_node *section = cpl_tree_get(pipeline->root, "sink");
    const char **names;
    size_t n;
    if (!all_columns(loading, &pipeline->schema, &names, &n))
        return false;
    if (n &&
        !check_names(loading, cpl_tree_get(section, "partition_by"), "sink.partition_by", names))
        return false;
    for (; n && row && row->name; row++) {
        char where[128];
        snprintf(where, sizeof where, "sink.%s.%s", sink->format, row->name);
        if (row->flags & CPL_OPTION_COLUMNS &&
            !check_names(loading, cpl_tree_get(sink->format_options, row->name), where, names))
            return false;
    }
    return true;
}
