#include "run/stored_plan.h"

#include "batch/schema_json.h"
#include "run/stored.h"

#include <string.h>

static void read_input(struct cpl_stored *in, const struct cpl_node *item,
                       struct cpl_stored_input *input)
{
    input->path = cpl_stored_text(in, item, "path");
    input->etag = cpl_stored_text(in, item, "etag");
    input->part = cpl_tree_get(item, "part") != NULL;
    input->size = cpl_tree_get(item, "size") ? cpl_stored_uint(in, item, "size") : UINT64_MAX;
}

static void read_members(struct cpl_stored *in, const struct cpl_node *top,
                         struct cpl_stored_plan *plan)
{
    const struct cpl_node *list = cpl_stored_list(in, top, "inputs");
    plan->configured_by = cpl_stored_text(in, top, "configured_by");
    plan->replay = cpl_stored_bool(in, top, "replay");
    plan->inputs = cpl_stored_array(in, list, sizeof *plan->inputs, &plan->n_inputs);
    const struct cpl_node *there = cpl_tree_get(top, "types_there");
    if (there && !(plan->types_there = cpl_schema_take(there, in->err)))
        in->failed = true;
    struct cpl_stored_input *input = plan->inputs;
    for (const struct cpl_node *item = input ? list->first : NULL; item && !in->failed;
         item = item->next)
        read_input(in, item, input++);
}

static bool parse(const struct cpl_buffer *text, const char *name, struct cpl_stored_plan *plan,
                  struct cpl_error *err)
{
    struct cpl_stored in = {.name = name, .arena = &plan->arena, .err = err};
    const struct cpl_node *top = cpl_stored_open(&in, (const char *)text->data, text->size);
    if (top)
        read_members(&in, top, plan);
    plan->tree = in.scratch; /* the configuration is made of its nodes */
    struct cpl_node *config = top ? (struct cpl_node *)(uintptr_t)cpl_tree_get(top, "config")
                                  : NULL;
    if (in.failed || !config || config->kind != CPL_NODE_MAP)
        return !in.failed;
    return cpl_config_take(config, &plan->config, err);
}

bool cpl_stored_plan_read(struct cpl_storage *storage, const char *path, const char *hash,
                          struct cpl_stored_plan *plan, struct cpl_error *err)
{
    char found[CPL_HASH_TEXT];
    struct cpl_buffer text = {0};
    *plan = (struct cpl_stored_plan){0};
    bool ok = cpl_storage_read_all(storage, path, CPL_LOG_RECORD_MAX, &text, err);
    if (ok) {
        cpl_hash_text(text.data, text.size, found);
        ok = !strcmp(found, hash) ||
             cpl_fail(err, CPL_E_CORRUPT, "%s is not the plan that was worked", path);
    }
    ok = ok && parse(&text, path, plan, err);
    cpl_buffer_release(&text);
    if (!ok)
        cpl_stored_plan_release(plan);
    return ok;
}

void cpl_stored_plan_release(struct cpl_stored_plan *plan)
{
    cpl_config_release(&plan->config);
    cpl_schema_free(plan->types_there);
    cpl_arena_release(&plan->arena);
    cpl_arena_release(&plan->tree);
    *plan = (struct cpl_stored_plan){0};
}
