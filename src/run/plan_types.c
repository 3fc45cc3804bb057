#include "run/plan_types.h"

#include "batch/name_order.h"
#include "run/replay.h"

#include <string.h>

_Static_assert(offsetof(struct cpl_field, name) == 0, "name_order reads fields");

bool cpl_plan_joins_others(const struct cpl_pipeline *pipeline)
{
    const struct cpl_sink_config *sink = &pipeline->sink;
    bool stay = sink->mode == CPL_MODE_APPEND || sink->mode == CPL_MODE_OVERWRITE_PARTITIONS ||
                pipeline->source.rejects;
    return stay && !sink->single_file && !strcmp(sink->format, "parquet");
}

/* ---- a type that keeps another ---- */

static bool join_members(const struct cpl_type *there, const struct cpl_type *here,
                         struct cpl_arena *arena, struct cpl_type *out, struct cpl_error *err);

/* The type there; of structs, with the members that only the input has. */
static bool keep_type(const struct cpl_type *there, const struct cpl_type *here,
                      struct cpl_arena *arena, struct cpl_type *out, struct cpl_error *err)
{
    *out = *there;
    if ((out->kind == CPL_TIMESTAMP || out->kind == CPL_TIME) && out->unit == CPL_SECOND)
        out->unit = CPL_MILLI; /* as it is stored */
    return !out->n_children || join_members(there, here, arena, out, err);
}

static const struct cpl_field *member(const struct cpl_type *type, const char *name)
{
    for (uint32_t i = 0; i < type->n_children; i++)
        if (!strcmp(type->children[i].name, name))
            return &type->children[i];
    return NULL;
}

/* What keeps a member that the input may lack from being null is gone; a map's key is never null. */
static bool join_members(const struct cpl_type *there, const struct cpl_type *here,
                         struct cpl_arena *arena, struct cpl_type *out, struct cpl_error *err)
{
    bool alike = there->kind == here->kind, open = alike && there->kind == CPL_STRUCT;
    uint32_t most = there->n_children + (open ? here->n_children : 0);
    struct cpl_field *fields = cpl_arena_alloc(arena, most * sizeof *fields, err);
    if (!fields)
        return false;
    out->children = fields;
    for (uint32_t i = 0; i < there->n_children; i++) {
        const struct cpl_field *field = &there->children[i];
        const struct cpl_field *own = open    ? member(here, field->name)
                                      : alike ? &here->children[i]
                                              : NULL;
        fields[i] = *field;
        fields[i].nullable = field->nullable || !(there->kind == CPL_MAP && i == 0);
        if (!keep_type(&field->type, own ? &own->type : &field->type, arena, &fields[i].type, err))
            return false;
    }
    for (uint32_t i = 0; open && i < here->n_children; i++)
        if (!member(there, here->children[i].name))
            fields[out->n_children++] = here->children[i];
    return true;
}

/* ---- columns ---- */

static bool keep_column(struct cpl_plan *plan, uint32_t i, const struct cpl_type *there,
                        struct cpl_arena *arena, struct cpl_field *field, struct cpl_error *err)
{
    struct cpl_column_plan *column = &plan->columns[i];
    if (!column->inferred)
        return true; /* the check tells whether they agree */
    if (plan->pipeline->sink.on_type_change == CPL_TYPE_CHANGE_WARN) {
        if (!plan->rounds)
            cpl_replay_start_from(there, plan->pipeline->schema.decimals, field, column);
        return true;
    }
    column->kept = true;
    return keep_type(there, &plan->schema->fields[i].type, arena, &field->type, err);
}

static bool keep_columns(struct cpl_plan *plan, const struct cpl_name_order *order,
                         struct cpl_arena *arena, struct cpl_error *err)
{
    uint32_t n = plan->schema->n_fields;
    struct cpl_field *fields = cpl_arena_alloc(arena, n * sizeof *fields, err);
    if (!fields)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        fields[i] = plan->schema->fields[i];
        int64_t at = cpl_name_order_find(order, fields[i].name);
        if (at >= 0 &&
            !keep_column(plan, i, &plan->there->schema->fields[at].type, arena, &fields[i], err))
            return false;
    }
    struct cpl_schema *schema = cpl_schema_new(fields, n, err);
    if (!schema)
        return false;
    cpl_schema_free(plan->schema);
    plan->schema = schema;
    return true;
}

static bool has_chain(const struct cpl_plan *plan)
{
    return plan->pipeline->transform.n || plan->pipeline->quality.graded;
}

bool cpl_plan_check_types(struct cpl_plan *plan, struct cpl_error *err)
{
    return !plan->there || !plan->there->schema || !plan->chain ||
           plan->pipeline->sink.on_type_change == CPL_TYPE_CHANGE_WARN ||
           cpl_dataset_types_check(plan->there, plan->landing, err);
}

bool cpl_plan_keep_types(struct cpl_plan *plan, struct cpl_error *err)
{
    struct cpl_name_order order;
    struct cpl_arena arena = {0};
    const struct cpl_schema *there = plan->there ? plan->there->schema : NULL;
    if (!there || has_chain(plan))
        return true;
    if (!cpl_name_order_init(&order, there->fields, sizeof *there->fields, there->n_fields, err))
        return false;
    bool ok = keep_columns(plan, &order, &arena, err);
    cpl_name_order_release(&order);
    cpl_arena_release(&arena);
    return ok && (plan->pipeline->sink.on_type_change == CPL_TYPE_CHANGE_WARN ||
                  cpl_dataset_types_check(plan->there, plan->schema, err));
}

bool cpl_plan_keeps(const struct cpl_plan *plan, const char *column)
{
    int at = column ? cpl_schema_find(plan->schema, column) : -1;
    return at >= 0 && plan->columns[at].kept;
}
