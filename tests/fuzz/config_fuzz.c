/* Configuration from anywhere: trees, interpolation, both dialects, overrides; and what was read, written as JSON, reads
 * back as the same tree. The first byte chooses the file's name, so both readers are reached. */
#include "base/tree.h"
#include "config/pipeline.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"fuzz.yaml", "fuzz.json", "fuzz"};

static bool same(const struct cpl_node *a, const struct cpl_node *b)
{
    if (a->kind != b->kind || a->n_children != b->n_children)
        return false;
    if (a->kind == CPL_NODE_SCALAR && strcmp(a->text, b->text))
        return false;
    const struct cpl_node *y = b->first;
    for (const struct cpl_node *x = a->first; x; x = x->next, y = y->next)
        if ((x->key && strcmp(x->key, y->key)) || !same(x, y))
            return false;
    return true;
}

static void round_trip(const char *text, size_t size, const char *name)
{
    struct cpl_arena arena = {.max = 64 << 20}, again = {.max = 64 << 20};
    struct cpl_buffer out = {0};
    struct cpl_error err = {0};
    size_t n, m;
    struct cpl_node **roots = cpl_tree_parse(text, size, name, &arena, &n, &err);
    if (!roots && !*err.message)
        abort(); /* a failure without a word */
    for (size_t i = 0; roots && i < n; i++) {
        struct cpl_json_writer json;
        out.size = 0;
        cpl_json_begin(&json, &out, 0, &err);
        cpl_json_node(&json, roots[i]);
        if (!cpl_json_end(&json))
            continue;
        struct cpl_node **back = cpl_tree_parse((const char *)out.data, out.size, "back.json",
                                                &again, &m, &err);
        if (!back || !same(roots[i], back[0]))
            abort();
        cpl_arena_release(&again);
    }
    cpl_arena_release(&arena);
    cpl_buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size || size > 1 << 16)
        return 0;
    const char *name = names[data[0] % 3], *text = (const char *)data + 1;
    round_trip(text, size - 1, name);
    struct cpl_config config;
    struct cpl_error err = {0};
    const char *flags[] = {"limits.threads=2", "source.path=a,b", NULL};
    struct cpl_config_env env = {.flags = data[0] & 64 ? flags : NULL};
    if (cpl_config_parse(text, size - 1, name, &env, &config, &err))
        cpl_config_release(&config);
    else if (!*err.message)
        abort();
    return 0;
}
