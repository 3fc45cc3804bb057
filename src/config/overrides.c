/* What the environment and the command line say over the file: flag > environment > file.
 *
 * Every option of a section that takes one value or a list of texts has a variable: `sink.path` is
 * CUPEL_SINK_PATH, `limits.max_row_bytes` CUPEL_LIMITS_MAX_ROW_BYTES (looked up in .env too; empty
 * = not set). A flag, `section.option=value` or `source.csv.delimiter=;`, reaches everything. Both
 * are put into the tree before it is read, so that they are checked like the file's own words;
 * messages call them by their name. They apply to every pipeline of the file. */
#include "config/load.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

extern char **environ;

enum { MAX_PATH_WORDS = 8 };

/* One override on its way into the tree. */
struct override {
    struct cpl_loading *loading;
    const struct cpl_node *origin; /* its place: the flag's or variable's name */
    const char *label;
    char *words[MAX_PATH_WORDS]; /* "sink", "parquet", "compression" */
    size_t n_words;
    const char *value;
};

static struct cpl_node *place_named(struct cpl_loading *loading, const char *label)
{
    struct cpl_node *place = cpl_make_node(loading, CPL_NODE_NULL, NULL, NULL, NULL);
    if (place)
        place->file = label;
    return place;
}

/* Cut `path` at its dots into words; a word in "…" may hold dots and equals signs. */
static bool split_words(struct override *o, char *path)
{
    bool fine = true;
    for (char *at = path; fine && at;) {
        bool quoted = *at == '"';
        char *word = at + quoted, *end = quoted ? strchr(word, '"') : strchr(word, '.');
        char *next = quoted && end ? end + 1 : end;
        fine = (!quoted || (end && (!*next || *next == '.'))) && o->n_words < MAX_PATH_WORDS;
        if (end)
            *end = 0;
        at = next && (next == end || *next) ? next + 1 : NULL;
        fine = fine && *word;
        if (fine)
            o->words[o->n_words++] = word;
    }
    if (fine && o->n_words >= 2)
        return true;
    return cpl_fail(o->loading->err, CPL_E_USAGE,
                    "%s: an option is written section.option, as sink.path or limits.memory",
                    o->label);
}

/* The row that the words name; NULL when they reach into a map of names (schema.columns.price). */
static bool find_row(const struct override *o, const struct cpl_option **row)
{
    struct cpl_error *err = o->loading->err;
    enum cpl_section section = cpl_section_find(o->words[0], strlen(o->words[0]));
    struct cpl_node word = {.kind = CPL_NODE_SCALAR, .file = o->label, .key = o->words[0]};
    if (section == CPL_SECTION_COUNT)
        return cpl_option_unknown(cpl_top_options, &word, "a pipeline", err);
    word.key = o->words[1];
    *row = cpl_option_find(o->loading->tables[section], o->words[1]);
    if (!*row)
        return cpl_option_unknown(o->loading->tables[section], &word, o->words[0], err);
    if (o->n_words == 2)
        return true;
    const struct cpl_component *component = cpl_component_find(cpl_section_formats(section),
                                                               o->words[1]);
    *row = component && o->n_words == 3 ? cpl_option_find(component->options, o->words[2]) : NULL;
    return true;
}

static struct cpl_node *comma_list(const struct override *o, const char *key)
{
    struct cpl_node *list = cpl_make_node(o->loading, CPL_NODE_LIST, o->origin, key, NULL);
    struct cpl_node **tail = list ? &list->first : NULL;
    for (const char *from = o->value; list && *o->value; from++) {
        size_t length = strcspn(from, ",");
        char *text = cpl_arena_strndup(o->loading->arena, from, length, o->loading->err);
        struct cpl_node *item =
            text ? cpl_make_node(o->loading, CPL_NODE_SCALAR, o->origin, NULL, text) : NULL;
        if (!item)
            return NULL;
        cpl_make_item(list, &tail, item);
        from += length;
        if (!*from)
            break;
    }
    return list;
}

static struct cpl_node *flow_value(const struct override *o, const char *key)
{
    size_t n;
    struct cpl_node **roots = cpl_tree_parse(o->value, strlen(o->value), o->label,
                                             o->loading->arena, &n, o->loading->err);
    if (!roots)
        return NULL;
    struct cpl_node *empty = NULL;
    if (!n && !(empty = cpl_make_node(o->loading, CPL_NODE_NULL, o->origin, NULL, NULL)))
        return NULL;
    struct cpl_node *value = n ? roots[0] : empty;
    value->key = key;
    return value;
}

static struct cpl_node *value_node(const struct override *o, const struct cpl_option *row)
{
    const char *key = o->words[o->n_words - 1];
    bool list = row && row->type == CPL_OPTION_STRINGS;
    bool structured = list || !row || row->type == CPL_OPTION_NODE || row->type == CPL_OPTION_PAIRS;
    bool flow = *o->value == '[' || *o->value == '{';
    if (structured && flow)
        return flow_value(o, key);
    if (list)
        return comma_list(o, key);
    struct cpl_node *node = cpl_make_node(o->loading, CPL_NODE_SCALAR, o->origin, key, o->value);
    if (node)
        node->quoted = true;
    return node;
}

/* The map called `key` in `parent`, made when it is not there or is no map. */
static struct cpl_node *map_in(const struct override *o, struct cpl_node *parent, const char *key)
{
    for (struct cpl_node *child = parent->first; child; child = child->next)
        if (!strcmp(child->key, key) && child->kind == CPL_NODE_MAP)
            return child;
    struct cpl_node *map = cpl_make_node(o->loading, CPL_NODE_MAP, o->origin, key, NULL);
    if (map)
        cpl_make_member(parent, map);
    return map;
}

/* Put the value where the words lead. *put is the node. */
static bool put_value(const struct override *o, struct cpl_node *root, struct cpl_node **put)
{
    const struct cpl_option *row = NULL;
    if (!find_row(o, &row))
        return false;
    *put = value_node(o, row);
    if (!*put)
        return false;
    struct cpl_node *map = root;
    for (size_t i = 0; map && i + 1 < o->n_words; i++)
        map = map_in(o, map, o->words[i]);
    if (map)
        cpl_make_member(map, *put);
    return map != NULL;
}

/* ---- the command line ---- */

static bool apply_flag(struct cpl_loading *loading, struct cpl_node *root, const char *flag)
{
    const char *equals = flag;
    for (bool quoted = false; *equals && (quoted || *equals != '='); equals++)
        quoted ^= *equals == '"';
    if (!*equals)
        return cpl_fail(loading->err, CPL_E_USAGE,
                        "--set %.80s: write section.option=value, as sink.path=lake", flag);
    size_t length = (size_t)(equals - flag);
    char *path = cpl_arena_strndup(loading->arena, flag, length, loading->err);
    char *label = path ? cpl_arena_alloc(loading->arena, length + 8, loading->err) : NULL;
    if (!label)
        return false;
    snprintf(label, length + 8, "--set %s", path);
    struct override o = {.loading = loading, .label = label, .value = equals + 1};
    struct cpl_node *node;
    return (o.origin = place_named(loading, label)) && split_words(&o, path) &&
           put_value(&o, root, &node) &&
           cpl_interpolate(node, &loading->variables, cpl_loading_problems(loading), loading->err);
}

/* ---- the environment ---- */

static char *variable_name(struct cpl_loading *loading, const char *section, const char *option)
{
    size_t size = strlen(section) + strlen(option) + sizeof "CUPEL__";
    char *name = cpl_arena_alloc(loading->arena, size, loading->err);
    if (!name)
        return NULL;
    snprintf(name, size, "CUPEL_%s_%s", section, option);
    for (char *c = name; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return name;
}

/* A value of the environment is secret, and is written as ${ITS_NAME}; a wrong word or number may be shown. */
static bool mark_as_variable(struct cpl_loading *loading, const struct cpl_option *row,
                             struct cpl_node *node, const char *name)
{
    char *written = cpl_arena_alloc(loading->arena, strlen(name) + 4, loading->err);
    if (!written)
        return false;
    sprintf(written, "${%s}", name);
    node->secret = true;
    node->open = !(row->flags & CPL_OPTION_SECRET);
    node->written = written;
    for (struct cpl_node *child = node->first; child; child = child->next) {
        child->secret = true;
        child->written = written;
    }
    return true;
}

static bool apply_variable(struct cpl_loading *loading, struct cpl_node *root, const char *section,
                           const struct cpl_option *row)
{
    if (row->type == CPL_OPTION_NODE || row->type == CPL_OPTION_PAIRS)
        return true;
    char *name = variable_name(loading, section, row->name);
    const char *value = name ? cpl_variables_get(&loading->variables, name) : NULL;
    if (!value || !*value)
        return name != NULL;
    struct override o = {.loading = loading, .label = name, .value = value, .n_words = 2};
    struct cpl_node *node;
    o.words[0] = cpl_arena_strndup(loading->arena, section, strlen(section), loading->err);
    o.words[1] = cpl_arena_strndup(loading->arena, row->name, strlen(row->name), loading->err);
    return o.words[0] && o.words[1] && (o.origin = place_named(loading, name)) &&
           put_value(&o, root, &node) && mark_as_variable(loading, row, node, name);
}

static bool apply_environment(struct cpl_loading *loading, struct cpl_node *root)
{
    for (int section = 0; section < CPL_SECTION_COUNT; section++)
        for (const struct cpl_option *row = loading->tables[section]; row->name; row++)
            if (!apply_variable(loading, root, cpl_section_name((enum cpl_section)section), row) &&
                !cpl_loading_wrong(loading))
                return false;
    return true;
}

bool cpl_load_overrides(struct cpl_loading *loading, struct cpl_node *root)
{
    if (loading->env->kept)
        return true;
    if (!apply_environment(loading, root))
        return false;
    for (const char *const *flag = loading->env->flags; flag && *flag; flag++)
        if (!apply_flag(loading, root, *flag) && !cpl_loading_wrong(loading))
            return false;
    return true;
}

/* ---- what overrides nothing ---- */

/* Names of all variables of a section, in the arena; NULL without memory. */
static const char **section_variables(struct cpl_loading *loading, enum cpl_section section)
{
    size_t n = 0;
    const struct cpl_option *table = cpl_section_table(section, false, loading->arena,
                                                       loading->err);
    while (table && table[n].name)
        n++;
    const char **names =
        table ? cpl_arena_alloc(loading->arena, (n + 1) * sizeof *names, loading->err) : NULL;
    size_t used = 0;
    for (size_t i = 0; names && i < n; i++)
        if (table[i].type != CPL_OPTION_NODE && table[i].type != CPL_OPTION_PAIRS &&
            !(names[used++] = variable_name(loading, cpl_section_name(section), table[i].name)))
            return NULL;
    if (names)
        names[used] = NULL;
    return names;
}

/* Options of a format have no variables: the flag that sets what this one would; NULL = none. */
static const char *format_flag(struct cpl_loading *loading, enum cpl_section section,
                               const char *name)
{
    char where[64], flag[160];
    for (const struct cpl_component *c = cpl_components(); c->name; c++) {
        if (c->kind != cpl_section_formats(section))
            continue;
        snprintf(where, sizeof where, "%s_%s", cpl_section_name(section), c->name);
        for (const struct cpl_option *row = c->options; row && row->name; row++) {
            const char *other = variable_name(loading, where, row->name);
            if (!other || strcmp(other, name) != 0)
                continue;
            int length = snprintf(flag, sizeof flag, "--set %s.%s.%s", cpl_section_name(section),
                                  c->name, row->name);
            return cpl_arena_strndup(loading->arena, flag, (size_t)length, loading->err);
        }
    }
    return NULL;
}

/* Of the section whose variables begin as `name` does: is it none of them, though near to one? */
static bool is_stray(struct cpl_loading *loading, const char *name, const char **nearest)
{
    for (int s = 0; s < CPL_SECTION_COUNT; s++) {
        enum cpl_section section = (enum cpl_section)s;
        const char *prefix = variable_name(loading, cpl_section_name(section), "");
        if (!prefix || strncmp(name, prefix, strlen(prefix)) != 0)
            continue;
        if ((*nearest = format_flag(loading, section, name)))
            return true;
        const char **names = section_variables(loading, section);
        for (size_t i = 0; names && names[i]; i++)
            if (!strcmp(names[i], name))
                return false;
        const char **words = names;
        for (; names && *names; names++)
            *names += strlen(prefix); /* the prefix would make all of them near */
        *nearest = words ? cpl_nearest(name + strlen(prefix), words) : NULL;
        *nearest = *nearest ? *nearest - strlen(prefix) : NULL;
        return *nearest != NULL;
    }
    return false;
}

bool cpl_config_stray_variable(size_t *at, struct cpl_arena *arena, const char **name,
                               const char **nearest)
{
    struct cpl_error err;
    struct cpl_loading loading = {.arena = arena, .err = &err};
    for (; environ[*at]; ++*at) {
        const char *entry = environ[*at], *equals = strchr(entry, '=');
        if (!equals || strncmp(entry, "CUPEL_", 6) != 0)
            continue;
        *name = cpl_arena_strndup(arena, entry, (size_t)(equals - entry), &err);
        if (*name && is_stray(&loading, *name, nearest))
            return ++*at, true;
    }
    return false;
}
