/* Where ${file:…} and ${exec:…} may stand: in options that their table marks as secret, nowhere
 * else.
 *
 * Whatever is no secret may be shown: in messages, plans, receipts, the names of files. So a secret
 * is refused by its place before it is fetched, and no later code can give it away by mistake. */
#include "config/describe.h"
#include "config/load.h"

#include <string.h>

/* Is `map` what the first `length` bytes of `path` ("dataset_config[].source") name? Lists count
 * for nothing. */
static bool stands_at(const struct cpl_node *map, const char *path, size_t length)
{
    while (map && !map->key && map->parent)
        map = map->parent;
    if (!map || !map->key || !length)
        return !length && (!map || !map->key || !strcmp(map->key, "pipelines"));
    size_t start = length, end = path[length - 1] == ']' ? length - 2 : length;
    while (start && path[start - 1] != '.')
        start--;
    return strlen(map->key) == end - start && !memcmp(map->key, path + start, end - start) &&
           stands_at(map->parent, path, start ? start - 1 : 0);
}

static bool marked(const struct cpl_described_list *list, const struct cpl_node *node)
{
    for (size_t i = 0; node->key && i < list->n; i++) {
        const struct cpl_option *row = cpl_option_find(list->items[i].options, node->key);
        const char *path = list->items[i].path;
        if (row && row->flags & CPL_OPTION_SECRET && stands_at(node->parent, path, strlen(path)))
            return true;
    }
    return false;
}

bool cpl_node_takes_secret(const struct cpl_node *node)
{
    struct cpl_arena arena = {0};
    struct cpl_described_list pipeline, metadata;
    while (!node->key && node->parent)
        node = node->parent; /* one of a list of texts */
    bool takes = cpl_described_pipeline(&arena, &pipeline, NULL) &&
                 cpl_described_metadata(&arena, &metadata, NULL) &&
                 (marked(&pipeline, node) || marked(&metadata, node));
    cpl_arena_release(&arena);
    return takes;
}
