/* Options by table: defaults, values from trees and command lines, and messages that name the
 * place, what is wrong, and the nearest right word.
 *
 * A null value in a file means "not given". Scalars may be quoted or not, whatever the type: both
 * "5" and 5 are the number 5 where a number is wanted, and the text 5 where a text is wanted. */
#include "base/option.h"
#include "base/option_value.h"
#include "base/tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MOST_OPTIONS = 256 };

/* One value on its way into the struct. */
struct setting {
    const struct cpl_option *option;
    const struct cpl_node *node; /* for the place, and for lists and maps */
    const char *where;
    struct cpl_arena *arena;
    char *out; /* the component's struct */
    struct cpl_error *err;
};

bool cpl_problem_report(struct cpl_problems *problems, struct cpl_error *err)
{
    struct cpl_error unknown = {.code = CPL_E_INTERNAL};
    const struct cpl_error *problem = err ? err : &unknown;
    return problems && problem->code != CPL_E_MEMORY && problem->code != CPL_E_INTERNAL &&
           problems->add(problems, problem);
}

const struct cpl_option *cpl_option_find(const struct cpl_option *table, const char *name)
{
    for (; table && table->name; table++)
        if (!strcmp(table->name, name))
            return table;
    return NULL;
}

/* ---- messages ---- */

static const char *kind_name(const struct cpl_node *node)
{
    switch (node->kind) {
    case CPL_NODE_NULL:
        return "nothing";
    case CPL_NODE_SCALAR:
        return "one value";
    case CPL_NODE_LIST:
        return "a list";
    default:
        return "a map";
    }
}

/* The names of a table, "a, b, c", cut with … when they are many. */
static void list_names(const struct cpl_option *table, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (; table->name; table++) {
        int n = snprintf(text + used, size - used, "%s%s", used ? ", " : "", table->name);
        if (n < 0 || (size_t)n + 8 > size - used) {
            snprintf(text + used, size - used, ", …");
            return;
        }
        used += (size_t)n;
    }
}

bool cpl_option_unknown(const struct cpl_option *table, const struct cpl_node *node,
                        const char *where, struct cpl_error *err)
{
    const char *names[MOST_OPTIONS + 1];
    size_t n = 0;
    for (const struct cpl_option *row = table; row->name && n < MOST_OPTIONS; row++)
        names[n++] = row->name;
    names[n] = NULL;
    const char *word = node->key ? node->key : cpl_tree_shown(node),
               *near = cpl_nearest(word, names);
    if (near)
        return cpl_tree_fail(node, err, CPL_E_CONFIG,
                             "%s has no option `%.80s`; did you mean `%s`?", where, word, near);
    char known[300];
    list_names(table, known, sizeof known);
    return cpl_tree_fail(node, err, CPL_E_CONFIG, "%s has no option `%.80s`; it knows %s", where,
                         word, known);
}

/* Words and numbers of the user's, unless they came by a ${…}: that may be anything. */
static bool is_hidden(const struct cpl_node *node)
{
    return node->secret && !node->open;
}

static const char *shown_of(const struct setting *setting)
{
    return is_hidden(setting->node) ? cpl_tree_shown(setting->node) : setting->node->text;
}

static bool mistyped(const struct setting *setting, const char *wanted)
{
    const struct cpl_node *node = setting->node;
    bool secret = setting->option->flags & CPL_OPTION_SECRET;
    if (node->kind != CPL_NODE_SCALAR)
        return cpl_tree_fail(node, setting->err, CPL_E_CONFIG, "%s.%s must be %s, not %s",
                             setting->where, setting->option->name, wanted, kind_name(node));
    return cpl_tree_fail(node, setting->err, CPL_E_CONFIG, "%s.%s must be %s, not `%.80s`",
                         setting->where, setting->option->name, wanted,
                         secret ? "(secret)" : shown_of(setting));
}

static bool wrong_word(const struct setting *setting, const char *text)
{
    char words[400];
    const char *candidates[64];
    size_t n = 0;
    snprintf(words, sizeof words, "%s", setting->option->values);
    for (char *save = NULL, *word = strtok_r(words, "|", &save); word && n < 63;
         word = strtok_r(NULL, "|", &save))
        candidates[n++] = word;
    candidates[n] = NULL;
    const char *near = is_hidden(setting->node) ? NULL : cpl_nearest(text, candidates);
    if (near)
        return cpl_tree_fail(setting->node, setting->err, CPL_E_CONFIG,
                             "%s.%s cannot be `%.80s`; did you mean `%s`? (one of %s)",
                             setting->where, setting->option->name, text, near,
                             setting->option->values);
    return cpl_tree_fail(setting->node, setting->err, CPL_E_CONFIG,
                         "%s.%s cannot be `%.80s`; it is one of %s", setting->where,
                         setting->option->name, shown_of(setting), setting->option->values);
}

static bool out_of_range(const struct setting *setting)
{
    const struct cpl_option *option = setting->option;
    const char *unit = option->type == CPL_OPTION_SIZE       ? " bytes"
                       : option->type == CPL_OPTION_DURATION ? " ms"
                                                             : "";
    if (option->max == INT64_MAX)
        return cpl_tree_fail(setting->node, setting->err, CPL_E_CONFIG,
                             "%s.%s must be at least %" PRId64 "%s, not `%.80s`", setting->where,
                             option->name, option->min, unit, shown_of(setting));
    return cpl_tree_fail(setting->node, setting->err, CPL_E_CONFIG,
                         "%s.%s must be between %" PRId64 " and %" PRId64 "%s, not `%.80s`",
                         setting->where, option->name, option->min, option->max, unit,
                         shown_of(setting));
}

/* ---- one value ---- */

static bool in_range(const struct cpl_option *option, int64_t value)
{
    return (!option->min && !option->max) || (value >= option->min && value <= option->max);
}

static bool set_bool(const struct setting *setting, const char *text)
{
    return cpl_value_bool(text, (bool *)(setting->out + setting->option->offset)) ||
           mistyped(setting, "true or false");
}

static bool set_int(const struct setting *setting, const char *text)
{
    int64_t value;
    if (!cpl_value_int(text, &value))
        return mistyped(setting, "a whole number");
    if (!in_range(setting->option, value))
        return out_of_range(setting);
    *(int64_t *)(void *)(setting->out + setting->option->offset) = value;
    return true;
}

static bool set_size(const struct setting *setting, const char *text)
{
    uint64_t value;
    if (!cpl_parse_size(text, &value))
        return mistyped(setting, "a size such as 64KiB, 1MB or 1024");
    if (!in_range(setting->option, value > INT64_MAX ? INT64_MAX : (int64_t)value))
        return out_of_range(setting);
    *(uint64_t *)(void *)(setting->out + setting->option->offset) = value;
    return true;
}

static bool set_duration(const struct setting *setting, const char *text)
{
    int64_t value;
    if (!cpl_parse_duration(text, &value))
        return mistyped(setting, "a duration such as 500ms, 10s, 5m, 1h or 30d");
    if (!in_range(setting->option, value))
        return out_of_range(setting);
    *(int64_t *)(void *)(setting->out + setting->option->offset) = value;
    return true;
}

static bool set_double(const struct setting *setting, const char *text)
{
    double value;
    if (!cpl_value_double(text, &value))
        return mistyped(setting, "a number");
    *(double *)(void *)(setting->out + setting->option->offset) = value;
    return true;
}

/* `node`: where the text stands. */
static bool check_text(const struct setting *setting, const struct cpl_node *node, const char *text)
{
    struct cpl_error why = {.code = CPL_E_CONFIG};
    const struct cpl_option *option = setting->option;
    if (!option->check || option->check(text, &why))
        return true;
    if (why.code == CPL_E_MEMORY)
        return cpl_fail_with(setting->err, &why);
    if (node->secret || option->flags & CPL_OPTION_SECRET)
        return cpl_tree_fail(node, setting->err, why.code, "%s.%s cannot be `%.80s`",
                             setting->where, option->name, cpl_tree_shown(node));
    return cpl_tree_fail(node, setting->err, why.code, "%s.%s: %s", setting->where, option->name,
                         why.message);
}

static bool set_string(const struct setting *setting, const char *text)
{
    if (!check_text(setting, setting->node, text))
        return false;
    const char *copy = cpl_arena_strndup(setting->arena, text, strlen(text), setting->err);
    *(const char **)(void *)(setting->out + setting->option->offset) = copy;
    return copy != NULL;
}

static bool set_char(const struct setting *setting, const char *text)
{
    if (!cpl_value_char(text, setting->out + setting->option->offset))
        return mistyped(setting,
                        "one ASCII character, or \\t, tab, comma, semicolon, pipe, space, none");
    return true;
}

static bool set_enum(const struct setting *setting, const char *text)
{
    int index;
    if (!cpl_value_enum(setting->option->values, text, &index))
        return wrong_word(setting, text);
    *(int *)(void *)(setting->out + setting->option->offset) = index;
    return true;
}

static bool set_scalar(const struct setting *setting, const char *text)
{
    switch (setting->option->type) {
    case CPL_OPTION_BOOL:
        return set_bool(setting, text);
    case CPL_OPTION_INT:
        return set_int(setting, text);
    case CPL_OPTION_SIZE:
        return set_size(setting, text);
    case CPL_OPTION_DURATION:
        return set_duration(setting, text);
    case CPL_OPTION_DOUBLE:
        return set_double(setting, text);
    case CPL_OPTION_CHAR:
        return set_char(setting, text);
    case CPL_OPTION_ENUM:
        return set_enum(setting, text);
    default:
        return set_string(setting, text);
    }
}

/* ---- lists and maps ---- */

static const char *item_text(const struct setting *setting, const struct cpl_node *item)
{
    if (item->kind == CPL_NODE_SCALAR)
        return check_text(setting, item, item->text)
                   ? cpl_arena_strndup(setting->arena, item->text, strlen(item->text), setting->err)
                   : NULL;
    cpl_tree_fail(item, setting->err, CPL_E_CONFIG, "%s.%s holds %s where a text should stand",
                  setting->where, setting->option->name, kind_name(item));
    return NULL;
}

static bool set_strings(const struct setting *setting)
{
    const struct cpl_node *node = setting->node;
    if (node->kind == CPL_NODE_MAP)
        return mistyped(setting, "a text or a list of texts");
    size_t n = node->kind == CPL_NODE_LIST ? node->n_children : 1;
    const char **items = cpl_arena_alloc(setting->arena, (n + 1) * sizeof *items, setting->err);
    if (!items)
        return false;
    const struct cpl_node *item = node->kind == CPL_NODE_LIST ? node->first : node;
    for (size_t i = 0; i < n; i++, item = item->next)
        if (!(items[i] = item_text(setting, item)))
            return false;
    items[n] = NULL;
    struct cpl_strings *strings = (void *)(setting->out + setting->option->offset);
    *strings = (struct cpl_strings){.items = items, .n = n};
    return true;
}

static bool set_pairs(const struct setting *setting)
{
    const struct cpl_node *node = setting->node;
    if (node->kind != CPL_NODE_MAP)
        return mistyped(setting, "a map of names to texts");
    struct cpl_pair *items = cpl_arena_alloc(setting->arena, (node->n_children + 1) * sizeof *items,
                                             setting->err);
    if (!items)
        return false;
    size_t n = 0;
    for (const struct cpl_node *child = node->first; child; child = child->next, n++) {
        items[n].key = cpl_arena_strndup(setting->arena, child->key, strlen(child->key),
                                         setting->err);
        if (!items[n].key || !(items[n].value = item_text(setting, child)))
            return false;
    }
    struct cpl_pairs *pairs = (void *)(setting->out + setting->option->offset);
    *pairs = (struct cpl_pairs){.items = items, .n = n};
    return true;
}

/* ---- a table ---- */

static bool set_from_node(const struct setting *setting)
{
    const struct cpl_node *node = setting->node;
    const struct cpl_option *option = setting->option;
    if (option->type == CPL_OPTION_NODE) {
        *(const struct cpl_node **)(void *)(setting->out + option->offset) = node;
        return true;
    }
    if (option->type == CPL_OPTION_STRINGS)
        return set_strings(setting);
    if (option->type == CPL_OPTION_PAIRS)
        return set_pairs(setting);
    if (node->kind != CPL_NODE_SCALAR)
        return mistyped(setting, "one value");
    return set_scalar(setting, node->text);
}

static void mark_set(const struct setting *setting)
{
    if (setting->option->set_offset)
        *(bool *)(setting->out + setting->option->set_offset) = true;
}

/* "a,b,c" as a list node, cut at commas; an empty text is an empty list. */
static bool set_comma_list(struct setting *setting, const char *text)
{
    struct cpl_node list = {.kind = CPL_NODE_LIST};
    struct cpl_node **tail = &list.first;
    for (const char *from = text; *text;) {
        size_t length = strcspn(from, ",");
        struct cpl_node *item = cpl_arena_alloc(setting->arena, sizeof *item, setting->err);
        if (!item)
            return false;
        *item = (struct cpl_node){.kind = CPL_NODE_SCALAR, .parent = &list};
        if (!(item->text = cpl_arena_strndup(setting->arena, from, length, setting->err)))
            return false;
        *tail = item;
        tail = &item->next;
        list.n_children++;
        if (!from[length])
            break;
        from += length + 1;
    }
    setting->node = &list;
    bool ok = set_strings(setting);
    setting->node = NULL;
    return ok;
}

static bool is_structured(enum cpl_option_type type)
{
    return type == CPL_OPTION_STRINGS || type == CPL_OPTION_PAIRS || type == CPL_OPTION_NODE;
}

/* A list or map written as `[…]` or `{…}` on a command line. */
static bool set_flow_text(struct setting *setting, const char *text)
{
    size_t n;
    struct cpl_node **roots = cpl_tree_parse(text, strlen(text), setting->where, setting->arena, &n,
                                             setting->err);
    if (!roots)
        return false;
    if (n != 1)
        return cpl_fail(setting->err, CPL_E_CONFIG, "%s.%s has no value", setting->where,
                        setting->option->name);
    setting->node = roots[0];
    return set_from_node(setting);
}

static bool set_from_text(struct setting *setting, const char *text)
{
    struct cpl_node scalar = {.kind = CPL_NODE_SCALAR, .text = text};
    setting->node = &scalar;
    if (!is_structured(setting->option->type))
        return set_scalar(setting, text);
    if (setting->option->type != CPL_OPTION_STRINGS || *text == '[')
        return set_flow_text(setting, text);
    return set_comma_list(setting, text);
}

static bool set_defaults(const struct cpl_option *table, struct setting *setting)
{
    for (; table->name; table++) {
        setting->option = table;
        if (table->default_text && !set_from_text(setting, table->default_text))
            return cpl_fail_context(setting->err, "the default of %s.%s", setting->where,
                                    table->name);
    }
    return true;
}

static bool check_required(const struct cpl_option *table, const struct cpl_node *map,
                           const struct setting *setting, struct cpl_problems *problems)
{
    for (; table->name; table++) {
        const struct cpl_node *given = cpl_tree_get(map, table->name);
        if (!(table->flags & CPL_OPTION_REQUIRED) || (given && given->kind != CPL_NODE_NULL))
            continue;
        cpl_tree_fail(map, setting->err, CPL_E_CONFIG, "%s lacks `%s`: %s", setting->where,
                      table->name, table->summary ? table->summary : "it must be given");
        if (!cpl_problem_report(problems, setting->err))
            return false;
    }
    return true;
}

/* Null where `null` is one of an option's words: what was meant is the word, what stands there is nothing. */
static bool is_word_null(const struct setting *setting)
{
    int index;
    const char *text = setting->node->text;
    return setting->option->type == CPL_OPTION_ENUM && (!text || *text) &&
           cpl_value_enum(setting->option->values, "null", &index);
}

static bool set_member(const struct cpl_option *table, struct setting *setting)
{
    setting->option = cpl_option_find(table, setting->node->key);
    if (!setting->option)
        return cpl_option_unknown(table, setting->node, setting->where, setting->err);
    if (setting->node->kind == CPL_NODE_NULL)
        return !is_word_null(setting) ||
               cpl_tree_fail(setting->node, setting->err, CPL_E_CONFIG,
                             "%s.%s: write \"null\" in quotes: without them it means that nothing "
                             "is given",
                             setting->where, setting->option->name);
    if (!set_from_node(setting))
        return false;
    mark_set(setting);
    return true;
}

bool cpl_options_parse_all(const struct cpl_option *table, const struct cpl_node *map,
                           const char *where, struct cpl_arena *arena, void *out,
                           struct cpl_problems *problems, struct cpl_error *err)
{
    struct cpl_error own;
    struct setting setting = {.where = where, .arena = arena, .out = out, .err = err ? err : &own};
    if (!set_defaults(table, &setting))
        return false;
    if (map && map->kind != CPL_NODE_MAP && map->kind != CPL_NODE_NULL) {
        cpl_tree_fail(map, setting.err, CPL_E_CONFIG, "%s must be a map of options, not %s", where,
                      kind_name(map));
        return cpl_problem_report(problems, setting.err);
    }
    for (const struct cpl_node *child = map ? map->first : NULL; child; child = child->next) {
        setting.node = child;
        if (!set_member(table, &setting) && !cpl_problem_report(problems, setting.err))
            return false;
    }
    return check_required(table, map, &setting, problems);
}

bool cpl_options_parse(const struct cpl_option *table, const struct cpl_node *map,
                       const char *where, struct cpl_arena *arena, void *out, struct cpl_error *err)
{
    return cpl_options_parse_all(table, map, where, arena, out, NULL, err);
}

bool cpl_option_set(const struct cpl_option *table, const char *name, const char *value,
                    const char *where, struct cpl_arena *arena, void *out, struct cpl_error *err)
{
    struct cpl_node node = {.kind = CPL_NODE_SCALAR, .key = name, .text = value};
    struct setting setting = {.where = where, .arena = arena, .out = out, .err = err};
    setting.option = cpl_option_find(table, name);
    if (!setting.option)
        return cpl_option_unknown(table, &node, where, err);
    if (!set_from_text(&setting, value))
        return false;
    mark_set(&setting);
    return true;
}
