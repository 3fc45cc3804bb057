/* Section `schema`: columns declared, chosen and ordered.
 *
 *   columns: {price: "decimal(15,2)", day: {type: date, nullable: false}}   types; other columns
 * are inferred and kept columns: [id, {name: price, type: "decimal(15,2)"}] these columns, in this
 * order select: [price, id]                                                     which and in which
 * order, beside a map A type may end in ` not null`, which says the same as nullable: false. */
#include "config/load.h"
#include "format/text.h"

#include <string.h>

struct columns {
    struct cpl_loading *loading;
    struct cpl_field *fields;
    bool *untyped;
    const char **formats;
    struct cpl_named *named;
    uint32_t n;
};

/* Take ` not null` off the end of a type's text. */
static char *type_text(struct columns *columns, const char *text, bool *nullable)
{
    static const char ending[] = " not null";
    size_t length = strlen(text);
    if (length >= sizeof ending && !strcmp(text + length - (sizeof ending - 1), ending)) {
        length -= sizeof ending - 1;
        *nullable = false;
    }
    return cpl_arena_strndup(columns->loading->arena, text, length, columns->loading->err);
}

bool cpl_load_type(struct cpl_loading *loading, const char *text, const char *what,
                   const char *name, const struct cpl_node *node, struct cpl_type *type)
{
    struct cpl_error why;
    if (cpl_type_parse(text, loading->arena, type, &why))
        return true;
    if (why.code == CPL_E_MEMORY)
        *loading->err = why;
    else if (node && node->secret)
        cpl_tree_fail(node, loading->err, why.code, "the %s `%.80s` cannot be `%.80s`", what, name,
                      cpl_tree_shown(node));
    else
        cpl_tree_fail(node, loading->err, why.code, "the %s `%.80s`: %s", what, name, why.message);
    return false;
}

static bool parse_type(struct columns *columns, const char *name, const char *text,
                       const struct cpl_node *node, struct cpl_field *field)
{
    char *type = type_text(columns, text, &field->nullable);
    return type &&
           cpl_load_type(columns->loading, type, "type of column", name, node, &field->type);
}

/* A format tells how a type is written that has several ways. */
static bool check_format(const struct columns *columns, uint32_t i, const struct cpl_node *node)
{
    static const enum cpl_text_format formats[CPL_KIND_COUNT] = {
        [CPL_DATE] = CPL_FORMAT_DATE,
        [CPL_TIME] = CPL_FORMAT_TIME,
        [CPL_TIMESTAMP] = CPL_FORMAT_TIMESTAMP};
    enum cpl_kind kind = columns->fields[i].type.kind;
    struct cpl_error why = {0};
    if (kind != CPL_DATE && kind != CPL_TIME && kind != CPL_TIMESTAMP)
        return cpl_tree_fail(node, columns->loading->err, CPL_E_CONFIG,
                             "the column `%.80s` has a `format`: that needs a type date, time or "
                             "timestamp",
                             columns->fields[i].name);
    return cpl_text_format_check(columns->formats[i], formats[kind], &why) ||
           cpl_tree_fail(node, columns->loading->err, why.code, "the format of column `%.80s`: %s",
                         columns->fields[i].name, why.message);
}

/* One column in its long form, {name, type, format, nullable, field_id}. */
static bool add_long(struct columns *columns, const char *key, const struct cpl_node *node)
{
    struct cpl_loading *loading = columns->loading;
    struct cpl_column_section column = {0};
    if (!cpl_options_parse(cpl_column_options, node, "a column", loading->arena, &column,
                           loading->err))
        return false;
    if (key && column.name)
        return cpl_tree_fail(cpl_tree_get(node, "name"), loading->err, CPL_E_CONFIG,
                             "the column is named `%.80s` already", key);
    const char *name = key ? key : column.name;
    if (!name || !*name)
        return cpl_tree_fail(node, loading->err, CPL_E_CONFIG, "a column needs a `name`");
    uint32_t i = columns->n;
    columns->fields[i] = (struct cpl_field){.name = name,
                                            .type = {.kind = CPL_STRING},
                                            .nullable = column.nullable,
                                            .field_id = (int32_t)column.field_id};
    columns->untyped[i] = !column.type;
    columns->formats[i] = column.format;
    columns->named[i] = (struct cpl_named){.name = name, .node = node};
    const struct cpl_node *type = cpl_tree_get(node, "type");
    if (column.type &&
        !parse_type(columns, name, column.type, type ? type : node, &columns->fields[i]))
        return false;
    if (column.format && !check_format(columns, i, cpl_tree_get(node, "format")))
        return false;
    columns->n++;
    return true;
}

/* One column as a name alone, or as name: type. */
static bool add_short(struct columns *columns, const char *name, const char *type,
                      const struct cpl_node *node)
{
    uint32_t i = columns->n;
    if (!*name)
        return cpl_tree_fail(node, columns->loading->err, CPL_E_CONFIG, "a column needs a name");
    columns->fields[i] = (struct cpl_field){
        .name = name, .type = {.kind = CPL_STRING}, .nullable = true, .field_id = -1};
    columns->untyped[i] = !type;
    columns->formats[i] = NULL;
    columns->named[i] = (struct cpl_named){.name = name, .node = node};
    if (type && !parse_type(columns, name, type, node, &columns->fields[i]))
        return false;
    columns->n++;
    return true;
}

/* `- price: double`, a list's item that says name: type. */
static bool is_pair(const struct cpl_node *node)
{
    return !node->key && node->n_children == 1 &&
           !cpl_option_find(cpl_column_options, node->first->key);
}

static bool add_column(struct columns *columns, const struct cpl_node *node)
{
    if (node->kind == CPL_NODE_MAP && is_pair(node))
        node = node->first;
    if (node->kind == CPL_NODE_MAP)
        return add_long(columns, node->key, node);
    if (node->key && node->kind == CPL_NODE_NULL)
        return add_short(columns, node->key, NULL, node);
    if (node->kind != CPL_NODE_SCALAR)
        return cpl_tree_fail(
            node, columns->loading->err, CPL_E_CONFIG,
            "a column is written as a name, as name: type, or as {name, type, nullable}");
    if (node->key)
        return add_short(columns, node->key, node->text, node);
    return add_short(columns, node->text, NULL, node);
}

static bool allocate(struct columns *columns, uint32_t n)
{
    struct cpl_arena *arena = columns->loading->arena;
    struct cpl_error *err = columns->loading->err;
    columns->fields = cpl_arena_alloc(arena, (n + 1) * sizeof *columns->fields, err);
    columns->untyped = cpl_arena_alloc(arena, (n + 1) * sizeof *columns->untyped, err);
    columns->named = cpl_arena_alloc(arena, (n + 1) * sizeof *columns->named, err);
    columns->formats = cpl_arena_alloc(arena, (n + 1) * sizeof *columns->formats, err);
    return columns->fields && columns->untyped && columns->named && columns->formats;
}

/* The declared schema lives in the arena like the rest: cpl_schema_new would need a free of its
 * own. */
static bool declare(struct columns *columns, struct cpl_schema_config *schema)
{
    struct cpl_schema *declared = cpl_arena_alloc(columns->loading->arena, sizeof *declared,
                                                  columns->loading->err);
    if (!declared)
        return false;
    *declared = (struct cpl_schema){.fields = columns->fields, .n_fields = columns->n};
    schema->declared = declared;
    schema->untyped = columns->untyped;
    schema->formats = columns->formats;
    return true;
}

static bool select_listed(struct columns *columns, struct cpl_schema_config *schema)
{
    const char **names = cpl_arena_alloc(columns->loading->arena, (columns->n + 1) * sizeof *names,
                                         columns->loading->err);
    if (!names)
        return false;
    for (uint32_t i = 0; i < columns->n; i++)
        names[i] = columns->fields[i].name;
    schema->columns = (struct cpl_strings){.items = names, .n = columns->n};
    return true;
}

static bool load_columns(struct cpl_loading *loading, const struct cpl_node *node,
                         struct cpl_schema_config *schema)
{
    struct columns columns = {.loading = loading};
    if (node->kind != CPL_NODE_MAP && node->kind != CPL_NODE_LIST) {
        cpl_tree_fail(node, loading->err, CPL_E_CONFIG,
                      "schema.columns is a map of names to types, or a list of names");
        return cpl_loading_wrong(loading);
    }
    if (!node->n_children)
        return true;
    if (!allocate(&columns, node->n_children))
        return false;
    for (const struct cpl_node *child = node->first; child; child = child->next)
        if (!add_column(&columns, child) && !cpl_loading_wrong(loading))
            return false;
    /* Names that differ by case alone are fine in a pipeline: the input may have both. */
    if (!cpl_names_unique(loading, columns.named, columns.n, "column") ||
        !declare(&columns, schema))
        return false;
    return node->kind != CPL_NODE_LIST || select_listed(&columns, schema);
}

/* `select` with doubles would make a table with two columns of one name. */
static bool check_select(struct cpl_loading *loading, const struct cpl_node *node,
                         const struct cpl_strings *select)
{
    struct cpl_named *named = cpl_alloc((select->n + 1) * sizeof *named, loading->err);
    if (!named)
        return false;
    for (size_t i = 0; i < select->n; i++)
        named[i] = (struct cpl_named){.name = select->items[i], .node = node};
    bool ok = cpl_names_unique(loading, named, select->n, "column");
    cpl_free(named);
    return ok;
}

bool cpl_load_schema(struct cpl_loading *loading, const struct cpl_node *node,
                     struct cpl_schema_config *schema)
{
    struct cpl_schema_section section;
    if (!cpl_load_section(loading, CPL_SECTION_SCHEMA, node, &section))
        return false;
    section.config.on_type_conflict = (enum cpl_widen_policy)section.on_type_conflict;
    if (section.columns && !load_columns(loading, section.columns, &section.config))
        return false;
    if (section.select_set) {
        if (!check_select(loading, cpl_tree_get(node, "select"), &section.select))
            return false;
        section.config.columns = section.select;
    }
    if (section.config.only_declared && !section.config.declared) {
        cpl_tree_fail(cpl_tree_get(node, "only_declared"), loading->err, CPL_E_CONFIG,
                      "schema.only_declared needs schema.columns: nothing would be left");
        if (!cpl_loading_wrong(loading))
            return false;
    }
    *schema = section.config;
    return true;
}
