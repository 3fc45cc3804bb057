/* Names become columns, operators get their types and the functions that calculate them. */
#include "base/tree.h"
#include "expression/expression_plan.h"

#include <string.h>

bool cpl_expression_own(struct cpl_binder *binder, void *object, void (*free_it)(void *))
{
    struct cpl_owned *owned = cpl_arena_alloc(binder->arena, sizeof *owned, binder->err);
    if (!owned) {
        free_it(object);
        return false;
    }
    *owned = (struct cpl_owned){object, free_it, binder->expression->owned};
    binder->expression->owned = owned;
    return true;
}

struct cpl_term *cpl_bind_run(struct cpl_binder *binder, struct cpl_term *term,
                              struct cpl_type type, cpl_run *run)
{
    term->type = type;
    term->run = run;
    return cpl_fold(binder, term);
}

struct cpl_term *cpl_bind_strict(struct cpl_binder *binder, struct cpl_term *term,
                                 struct cpl_type type, cpl_kernel *kernel)
{
    for (uint32_t i = 0; i < term->n_args; i++)
        term->nullable |= term->args[i]->nullable;
    memcpy(&term->kernel, &kernel, sizeof kernel);
    return cpl_bind_run(binder, term, type, cpl_run_strict);
}

struct cpl_term *cpl_bind_unary(struct cpl_binder *binder, struct cpl_term *arg,
                                struct cpl_type type, cpl_kernel *kernel, int64_t number)
{
    struct cpl_term *term = arg ? cpl_term_new(binder, CPL_TERM_OPERATOR, arg->at, 1) : NULL;
    if (!term)
        return NULL;
    term->args[0] = arg;
    term->number = number;
    return cpl_bind_strict(binder, term, type, kernel);
}

/* ---- columns ---- */

static struct cpl_term *fail_name(struct cpl_binder *binder, const struct cpl_term *term,
                                  const char *name, const struct cpl_field *fields, uint32_t n,
                                  const char *within)
{
    const char **names = cpl_alloc((n + 1) * sizeof *names, binder->err);
    if (!names)
        return NULL;
    for (uint32_t i = 0; i < n; i++)
        names[i] = fields[i].name;
    names[n] = NULL;
    const char *near = cpl_nearest(name, names);
    cpl_free(names);
    cpl_term_fail(binder, term->at, "there is no %s '%.80s'%s%s%s%s%s%s",
                  within ? "member" : "column", name, within ? " in " : "", within ? within : "",
                  near ? "; is '" : "", near ? near : "", near ? "' meant?" : "",
                  near || within || strchr(name, ' ') ? "" : " (a text stands in single quotes)");
    return NULL;
}

static int find_field(const struct cpl_field *fields, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(fields[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* A column of a flattened document is called a.b itself, and wins. */
static int find_joined(struct cpl_binder *binder, const struct cpl_term *term)
{
    struct cpl_buffer joined = {0};
    const char *part = term->name;
    bool ok = true;
    for (uint32_t i = 0; ok && i < term->n_parts; i++, part += strlen(part) + 1)
        ok = (!i || cpl_buffer_append(&joined, ".", 1, binder->err)) &&
             cpl_buffer_append_text(&joined, part, binder->err);
    const char *name = ok ? cpl_buffer_text(&joined, binder->err) : NULL;
    int found = name ? cpl_schema_find(binder->schema, name) : -2;
    cpl_buffer_release(&joined);
    return found;
}

static struct cpl_term *bind_path(struct cpl_binder *binder, struct cpl_term *term)
{
    const struct cpl_field *fields = binder->schema->fields, *field = NULL;
    uint32_t n = binder->schema->n_fields;
    const char *part = term->name;
    char shown[96];
    for (uint32_t i = 0; i < term->n_parts; i++, part += strlen(part) + 1) {
        int found = find_field(fields, n, part);
        if (found < 0)
            return fail_name(binder, term, part, fields, n, field ? field->name : NULL);
        field = &fields[found];
        term->path[i] = (uint32_t)found;
        term->nullable |= field->nullable;
        if (i + 1 < term->n_parts && field->type.kind != CPL_STRUCT)
            return CPL_TERM_FAIL(binder, term->at, "'%.80s' is %s and has no members", part,
                                 cpl_type_shown(&field->type, shown));
        fields = field->type.children;
        n = field->type.n_children;
    }
    term->type = field->type;
    return term;
}

static struct cpl_term *bind_column(struct cpl_binder *binder, struct cpl_term *term)
{
    term->path = cpl_arena_alloc(binder->arena, term->n_parts * sizeof *term->path, binder->err);
    if (!term->path)
        return NULL;
    term->run = cpl_run_column;
    int joined = term->n_parts > 1 ? find_joined(binder, term) : -1;
    if (joined == -2)
        return NULL;
    if (joined < 0)
        return bind_path(binder, term);
    term->n_parts = 1;
    term->path[0] = (uint32_t)joined;
    term->type = binder->schema->fields[joined].type;
    term->nullable = binder->schema->fields[joined].nullable;
    return term;
}

/* ---- operators ---- */

static struct cpl_term *negate_test(struct cpl_binder *binder, struct cpl_term *test, bool negated);

static struct cpl_term *bind_logic(struct cpl_binder *binder, struct cpl_term *term)
{
    const struct cpl_type boolean = {.kind = CPL_BOOL};
    const char *what = term->op == CPL_OP_AND ? "and" : term->op == CPL_OP_OR ? "or" : "not";
    for (uint32_t i = 0; i < term->n_args; i++) {
        if (!cpl_bind_boolean(binder, &term->args[i], what))
            return NULL;
        term->nullable |= term->args[i]->nullable;
    }
    if (term->op == CPL_OP_NOT)
        return negate_test(binder, term->args[0], true);
    return cpl_bind_run(binder, term, boolean, term->op == CPL_OP_AND ? cpl_run_and : cpl_run_or);
}

static bool not_kernel(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    for (uint32_t i = 0; i < call->n; i++)
        call->out->u8[i] = a->u8[i] ^ 1;
    return true;
}

static struct cpl_term *negate_test(struct cpl_binder *binder, struct cpl_term *test, bool negated)
{
    const struct cpl_type boolean = {.kind = CPL_BOOL};
    return !test || !negated ? test : cpl_bind_unary(binder, test, boolean, not_kernel, 0);
}

static struct cpl_term *bind_comparison(struct cpl_binder *binder, struct cpl_term *term)
{
    if (!cpl_bind_common_all(binder, term, 0, true, "compare"))
        return NULL;
    return cpl_bind_compare(binder, term->at, term->op, term->args[0], term->args[1]);
}

/* x >= low and x <= high, with one x. */
static struct cpl_term *bind_between(struct cpl_binder *binder, struct cpl_term *term)
{
    if (!cpl_bind_common_all(binder, term, 0, true, "compare"))
        return NULL;
    struct cpl_term *both = cpl_term_new(binder, CPL_TERM_OPERATOR, term->at, 2);
    if (!both)
        return NULL;
    both->op = CPL_OP_AND;
    both->args[0] = cpl_bind_compare(binder, term->at, CPL_OP_GE, term->args[0], term->args[1]);
    both->args[1] = both->args[0] ? cpl_bind_compare(binder, term->at, CPL_OP_LE, term->args[0],
                                                     term->args[2])
                                  : NULL;
    return both->args[1] ? bind_logic(binder, both) : NULL;
}

static struct cpl_term *bind_is_null(struct cpl_binder *binder, struct cpl_term *term)
{
    const struct cpl_type boolean = {.kind = CPL_BOOL};
    return cpl_bind_run(binder, term, boolean, cpl_run_is_null);
}

static struct cpl_term *bind_operator(struct cpl_binder *binder, struct cpl_term *term)
{
    switch (term->op) {
    case CPL_OP_AND:
    case CPL_OP_OR:
    case CPL_OP_NOT:
        return bind_logic(binder, term);
    case CPL_OP_IS_NULL:
        return bind_is_null(binder, term);
    case CPL_OP_IN:
        return negate_test(binder, cpl_bind_in(binder, term), term->negated);
    case CPL_OP_BETWEEN:
        return negate_test(binder, bind_between(binder, term), term->negated);
    case CPL_OP_LIKE:
    case CPL_OP_MATCHES:
        return negate_test(binder, cpl_bind_pattern(binder, term), term->negated);
    case CPL_OP_CONCAT:
        return cpl_bind_concat(binder, term);
    case CPL_OP_NEG:
        return cpl_bind_negate(binder, term);
    case CPL_OP_ADD:
    case CPL_OP_SUB:
    case CPL_OP_MUL:
    case CPL_OP_DIVIDE:
    case CPL_OP_MOD:
        return cpl_bind_arithmetic(binder, term);
    default:
        return bind_comparison(binder, term);
    }
}

static struct cpl_term *bind_literal(struct cpl_term *term)
{
    term->run = cpl_run_constant;
    term->nullable = term->is_null;
    return term;
}

struct cpl_term *cpl_bind(struct cpl_binder *binder, struct cpl_term *term)
{
    for (uint32_t i = 0; i < term->n_args; i++)
        if (!(term->args[i] = cpl_bind(binder, term->args[i])))
            return NULL;
    switch (term->kind) {
    case CPL_TERM_LITERAL:
        return bind_literal(term);
    case CPL_TERM_COLUMN:
        return bind_column(binder, term);
    case CPL_TERM_OPERATOR:
        return bind_operator(binder, term);
    case CPL_TERM_CALL:
        return term->function->bind(binder, term);
    case CPL_TERM_CASE:
        return cpl_bind_case(binder, term);
    case CPL_TERM_CAST:
        return cpl_bind_cast(binder, term);
    }
    return NULL;
}
