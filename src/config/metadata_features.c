/* Features of ingestion metadata: which columns, of which types, in which order; and the `schema` that says so.
 *
 * The source's features are what is read. The destination's, when there are any, choose among them by name and order
 * them; a name that the source lacks is an error with the nearest. Types are the source's; the destination may widen
 * int to bigint and float to double, because reading the text as the wider type gives the same value. */
#include "config/metadata.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct feature {
    struct cpl_metadata_feature options;
    const char *type; /* in schema.h's notation; NULL = inferred */
    const struct cpl_node *node;
};
struct features {
    struct feature *items;
    size_t n;
};

static bool read_feature(struct cpl_loading *loading, const struct cpl_node *node,
                         struct feature *feature)
{
    *feature = (struct feature){.node = node};
    if (node->kind == CPL_NODE_SCALAR) {
        feature->options = (struct cpl_metadata_feature){.name = node->text, .nullable = true};
        return true;
    }
    if (!cpl_options_parse(cpl_metadata_feature_options, node, "a feature", loading->arena,
                           &feature->options, loading->err))
        return false;
    if (!*feature->options.name)
        return cpl_tree_fail(node, loading->err, CPL_E_CONFIG, "a feature has an empty name");
    if (!(feature->options.dtype && *feature->options.dtype))
        return true;
    struct cpl_type type;
    feature->type = cpl_metadata_type(feature->options.dtype, loading->arena, loading->err);
    return feature->type && cpl_load_type(loading, feature->type, "dtype of", feature->options.name,
                                          cpl_tree_place_of(node, "dtype"), &type);
}

static bool check_feature_names(struct cpl_loading *loading, const struct features *features)
{
    struct cpl_named *named = cpl_alloc((features->n + 1) * sizeof *named, loading->err);
    if (!named)
        return false;
    for (size_t i = 0; i < features->n; i++)
        named[i] = (struct cpl_named){.name = features->items[i].options.name,
                                      .node = features->items[i].node};
    bool ok = cpl_names_differ(loading, named, features->n, "feature");
    cpl_free(named);
    return ok;
}

static bool read_features(struct cpl_loading *loading, const struct cpl_node *node,
                          struct features *features)
{
    *features = (struct features){.items = NULL};
    if (!node || (node->kind != CPL_NODE_LIST && !node->n_children && node->kind == CPL_NODE_MAP))
        return true;
    if (node->kind != CPL_NODE_LIST) {
        cpl_tree_fail(node, loading->err, CPL_E_CONFIG,
                      "features is a list of {name, dtype}, or of names");
        return cpl_loading_wrong(loading);
    }
    features->items = cpl_arena_alloc(
        loading->arena, (node->n_children + 1) * sizeof *features->items, loading->err);
    if (!features->items)
        return false;
    for (const struct cpl_node *child = node->first; child; child = child->next) {
        struct feature *feature = &features->items[features->n];
        if (!read_feature(loading, child, feature)) {
            feature->type = NULL;
            if (!cpl_loading_wrong(loading))
                return false;
        }
        features->n += feature->options.name && *feature->options.name; /* a wrong one's, too */
    }
    return check_feature_names(loading, features);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct feature *)a)->options.name,
                  ((const struct feature *)b)->options.name);
}

/* Says that `name` is no feature of the source, with the nearest that is. */
static bool no_feature(struct cpl_loading *loading, const struct features *sorted, const char *name,
                       const struct cpl_node *node)
{
    const char **names = cpl_alloc((sorted->n + 1) * sizeof *names, loading->err);
    if (!names)
        return false;
    for (size_t i = 0; i < sorted->n; i++)
        names[i] = sorted->items[i].options.name;
    names[sorted->n] = NULL;
    const char *near = cpl_nearest(name, names);
    cpl_free(names);
    if (near)
        return cpl_tree_fail(node, loading->err, CPL_E_CONFIG,
                             "the source has no feature `%.80s`; did you mean `%.80s`?", name,
                             near);
    return cpl_tree_fail(node, loading->err, CPL_E_CONFIG, "the source has no feature `%.80s`",
                         name);
}

static bool widens(const char *from, const char *to)
{
    return !strcmp(from, to) || (!strcmp(from, "int32") && !strcmp(to, "int64")) ||
           (!strcmp(from, "float") && !strcmp(to, "double"));
}

/* The source's feature that a destination's names, with the destination's wider type. */
static bool match_feature(struct cpl_loading *loading, const struct features *sorted,
                          struct feature *feature)
{
    const struct feature *source =
        sorted->n ? bsearch(feature, sorted->items, sorted->n, sizeof *feature, by_name) : NULL;
    if (!source)
        return no_feature(loading, sorted, feature->options.name, feature->node);
    if (feature->type && source->type && !widens(source->type, feature->type))
        return cpl_tree_fail(
            cpl_tree_place_of(feature->node, "dtype"), loading->err, CPL_E_UNSUPPORTED,
            "`%.80s` is %.80s in the source: a cast is not run by this version yet",
            feature->options.name, source->type);
    if (!feature->type)
        feature->type = source->type;
    feature->options.nullable = feature->options.nullable && source->options.nullable;
    return true;
}

/* What is written: the destination's features, which must be the source's; else the source's. */
static bool settle_features(struct cpl_loading *loading, const struct cpl_metadata_columns *wanted,
                            struct features *source, struct features *columns)
{
    if (!read_features(loading, wanted->source, source) ||
        !read_features(loading, wanted->destination, columns))
        return false;
    if (!columns->n || !source->n) {
        *columns = columns->n ? *columns : *source;
        return true;
    }
    struct features sorted = {.n = source->n};
    sorted.items = cpl_alloc(source->n * sizeof *sorted.items, loading->err);
    if (!sorted.items)
        return false;
    memcpy(sorted.items, source->items, source->n * sizeof *sorted.items);
    qsort(sorted.items, sorted.n, sizeof *sorted.items, by_name);
    bool ok = true;
    for (size_t i = 0; ok && i < columns->n; i++)
        ok = match_feature(loading, &sorted, &columns->items[i]) || cpl_loading_wrong(loading);
    cpl_free(sorted.items);
    return ok;
}

static bool add_column(struct cpl_loading *loading, const struct feature *feature,
                       struct cpl_node *list, struct cpl_node ***tail)
{
    struct cpl_node *column = cpl_make_node(loading, CPL_NODE_MAP, feature->node, NULL, NULL);
    if (!column)
        return false;
    cpl_make_item(list, tail, column);
    return cpl_make_text(loading, column, "name", feature->options.name, feature->node) &&
           cpl_make_text(loading, column, "type", feature->type,
                         cpl_tree_place_of(feature->node, "dtype")) &&
           cpl_make_text(loading, column, "nullable", feature->options.nullable ? NULL : "false",
                         feature->node);
}

static bool check_primary_key(struct cpl_loading *loading,
                              const struct cpl_metadata_columns *wanted,
                              const struct features *source)
{
    const struct cpl_strings *key = wanted->primary_key;
    const struct cpl_node *node = wanted->primary_key_place;
    for (size_t i = 0; source->n && i < key->n; i++) {
        bool found = !*key->items[i];
        for (size_t j = 0; !found && j < source->n; j++)
            found = !strcasecmp(source->items[j].options.name, key->items[i]);
        if (!found && !no_feature(loading, source, key->items[i], node) &&
            !cpl_loading_wrong(loading))
            return false;
    }
    return true;
}

/* {columns: [{name, type, nullable}, …], only_declared: true} */
static struct cpl_node *make_schema(struct cpl_loading *loading, const struct features *columns,
                                    const struct cpl_node *origin)
{
    struct cpl_node *schema = cpl_make_node(loading, CPL_NODE_MAP, origin, "schema", NULL);
    struct cpl_node *list = cpl_make_node(loading, CPL_NODE_LIST, columns->items[0].node, "columns",
                                          NULL);
    if (!schema || !list)
        return NULL;
    cpl_make_member(schema, list);
    struct cpl_node **tail = &list->first;
    for (size_t i = 0; i < columns->n; i++)
        if (!add_column(loading, &columns->items[i], list, &tail))
            return NULL;
    return cpl_make_text(loading, schema, "only_declared", "true", origin) ? schema : NULL;
}

bool cpl_load_features(struct cpl_loading *loading, const struct cpl_metadata_columns *wanted,
                       struct cpl_node **schema)
{
    struct features source, columns;
    *schema = NULL;
    if (!settle_features(loading, wanted, &source, &columns) ||
        !check_primary_key(loading, wanted, &source))
        return false;
    if (!columns.n)
        return true;
    *schema = make_schema(loading, &columns, wanted->origin);
    return *schema != NULL;
}
