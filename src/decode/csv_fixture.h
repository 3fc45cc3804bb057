/* For tests of what the CSV decoder infers: one whole text, options as pairs ended by NULL (or NULL: none). */
#pragma once
#include "decode/csv.h"

#include <stdlib.h>
#include <string.h>

struct csv_inferred {
    struct cpl_arena arena;
    struct cpl_csv_dialect dialect;
    struct cpl_schema *schema;
    struct cpl_column_plan *columns;
};

static void csv_infer_text(const char *const *options, const char *text, struct csv_inferred *found)
{
    struct cpl_error err = {0};
    *found = (struct csv_inferred){0};
    assert_true(
        cpl_options_parse(cpl_csv_options, NULL, "csv", &found->arena, &found->dialect, &err));
    for (; options && *options; options += 2)
        assert_true(cpl_option_set(cpl_csv_options, options[0], options[1], "csv", &found->arena,
                                   &found->dialect, &err));
    uint8_t *copy = calloc(1, strlen(text) + 64); /* the slack that samples promise */
    memcpy(copy, text, strlen(text));
    struct cpl_sample sample = {
        .data = copy, .size = strlen(text), .at_start = true, .whole = true};
    if (!cpl_csv_infer(&found->dialect, &sample, 1, NULL, true, &found->schema, &found->columns,
                       &err))
        fail_msg("%s", err.message);
    free(copy);
}

static void csv_release_inferred(struct csv_inferred *found)
{
    cpl_csv_release(&found->dialect);
    cpl_schema_free(found->schema);
    cpl_free(found->columns);
    cpl_arena_release(&found->arena);
}
