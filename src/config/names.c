/* Names that must differ: columns of a table, datasets of a group, pipelines of a file.
 * Compared without regard to the case of ASCII letters: Hive, Spark and most databases cannot tell
 * `Id` from `id`. */
#include "config/load.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int by_place(const struct cpl_named *x, const struct cpl_named *y)
{
    if (!x->node || !y->node)
        return 0;
    if (x->node->file && y->node->file && strcmp(x->node->file, y->node->file) != 0)
        return strcmp(x->node->file, y->node->file);
    if (x->node->line != y->node->line)
        return x->node->line < y->node->line ? -1 : 1;
    return x->node->column < y->node->column ? -1 : x->node->column > y->node->column;
}

static int by_folded_name(const void *a, const void *b)
{
    const struct cpl_named *x = a, *y = b;
    int order = strcasecmp(x->name, y->name);
    return order ? order : by_place(x, y);
}

static int by_name(const void *a, const void *b)
{
    const struct cpl_named *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : by_place(x, y);
}

/* A name that came from ${…} is shown as it was written. */
static const char *shown(const struct cpl_named *named)
{
    const struct cpl_node *node = named->node;
    if (node && node->kind == CPL_NODE_MAP)
        node = cpl_tree_get(node, "name");
    return node && node->secret ? cpl_tree_shown(node) : named->name;
}

bool cpl_names_unique(struct cpl_loading *loading, struct cpl_named *named, size_t n,
                      const char *what)
{
    if (n > 1)
        qsort(named, n, sizeof *named, by_name);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(named[i - 1].name, named[i].name))
            continue;
        cpl_tree_fail(named[i].node, loading->err, CPL_E_CONFIG, "the %s `%.80s` is named twice",
                      what, shown(&named[i]));
        if (!cpl_loading_wrong(loading))
            return false;
    }
    return true;
}

bool cpl_names_differ(struct cpl_loading *loading, struct cpl_named *named, size_t n,
                      const char *what)
{
    if (n > 1)
        qsort(named, n, sizeof *named, by_folded_name);
    for (size_t i = 1; i < n; i++) {
        if (strcasecmp(named[i - 1].name, named[i].name))
            continue;
        const struct cpl_node *first = named[i - 1].node;
        cpl_tree_fail(named[i].node, loading->err, CPL_E_CONFIG,
                      "the %s `%.80s` is there already (`%.80s` at %s:%u); letters' case does not "
                      "tell names apart",
                      what, shown(&named[i]), shown(&named[i - 1]),
                      first && first->file ? first->file : "?", first ? first->line : 0);
        if (!cpl_loading_wrong(loading))
            return false;
    }
    return true;
}
