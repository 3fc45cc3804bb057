/* Remarks: what people should know of the inputs and the types that came out before they rely on them. */
#include "run/loop.h"

#include <string.h>

enum { MOST_REMARKS = 20 };

static bool keep(struct run_state *run, const char **remarks, const char *text,
                 struct cpl_error *err)
{
    struct cpl_run_result *result = run->result;
    const char *kept = cpl_arena_strndup(&result->names, text, strlen(text), err);
    if (kept)
        remarks[result->remarks.n++] = kept;
    return kept != NULL;
}

bool cpl_run_remark(struct run_state *run, struct cpl_error *err)
{
    struct cpl_run_result *result = run->result;
    char text[CPL_REMARK_MAX];
    const char **remarks = cpl_arena_alloc(&result->names, MOST_REMARKS * sizeof *remarks, err);
    if (!remarks)
        return false;
    result->remarks = (struct cpl_strings){.items = remarks};
    if (run->plan.pipeline->source.rejects)
        return true; /* its rows stand elsewhere than they did, and few of them say little of a column */
    for (unsigned i = 0; i < CPL_INPUT_REMARKS; i++)
        if (cpl_plan_remark_inputs(&run->plan, i, text) && !keep(run, remarks, text, err))
            return false;
    for (uint32_t i = 0; i < run->plan.schema->n_fields && result->remarks.n < MOST_REMARKS; i++)
        if (cpl_plan_remark(&run->plan, i, text) && !keep(run, remarks, text, err))
            return false;
    return true;
}

void cpl_run_say_remarks(const struct run_state *run)
{
    for (size_t i = 0; i < run->result->remarks.n; i++)
        cpl_run_say(run, "warning", "%s", run->result->remarks.items[i]);
}

/* ---- lines ---- */

static bool count_lines(const struct run_state *run, uint32_t input, uint64_t from, uint64_t to,
                        uint64_t *lines, struct cpl_error *err)
{
    const uint64_t piece = 1 << 20;
    struct cpl_buffer text = {0};
    bool ok = true, whole = false;
    while (ok && from < to && !whole) {
        size_t size = (size_t)(to - from < piece ? to - from : piece);
        text.size = 0;
        ok = cpl_input_sample(&run->plan.inputs, input, from, size, &text, &whole, err);
        size = ok && text.size < size ? text.size : size;
        for (size_t i = 0; ok && i < size; i++)
            *lines += text.data[i] == '\n';
        from += size;
    }
    cpl_buffer_release(&text);
    return ok;
}

bool cpl_run_locate_strays(struct run_state *run, uint32_t input, uint64_t from, uint64_t to,
                           struct cpl_error *err)
{
    const struct cpl_plan *plan = &run->plan;
    for (uint32_t i = 0; i < plan->schema->n_fields; i++) {
        struct cpl_stray *stray = &plan->columns[i].stray;
        if (!stray->value || !stray->placed || stray->line != UINT64_MAX ||
            stray->source != input || stray->position < from || stray->position >= to)
            continue;
        uint64_t lines = run->lines;
        if (!count_lines(run, input, from, stray->position, &lines, err))
            return false;
        stray->line = lines;
    }
    return true;
}
