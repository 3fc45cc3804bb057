/* Expanding ${…} in scalars: the grammar. Where values come from stands in dotenv.c and
 * secret_source.c. */
#include "config/interpolate.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NESTING = 8, MAX_TEXT = 1 << 20 };

struct expansion {
    const struct cpl_variables *variables;
    const struct cpl_node *node; /* for the place */
    struct cpl_buffer out;
    bool used; /* something was put in */
    struct cpl_error *err;
};

static bool expand(struct expansion *e, const char *text, size_t length, int depth);

static bool is_name(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && !(i && c >= '0' && c <= '9'))
            return false;
    }
    return length > 0;
}

static bool put(struct expansion *e, const char *value)
{
    return cpl_buffer_append_text(&e->out, value, e->err);
}

static bool put_variable(struct expansion *e, const char *name, const char *fallback, int depth)
{
    const char *value = cpl_variables_get(e->variables, name);
    if (fallback && (!value || !*value))
        return expand(e, fallback, strlen(fallback), depth + 1);
    if (!value)
        return cpl_tree_fail(e->node, e->err, CPL_E_CONFIG,
                             "the environment has no %.80s; set it, or write ${%.80s:-a default}",
                             name, name);
    return put(e, value);
}

/* `${file:…}` and `${exec:…}`; the error gets the node's place. */
static bool put_fetched(struct expansion *e, const char *value, const struct cpl_error *why)
{
    if (value)
        return put(e, value);
    return cpl_tree_fail(e->node, e->err, why->code, "%s", why->message);
}

/* Anything but an option marked secret may be shown somewhere: refused before it is fetched. */
static bool check_place(struct expansion *e, const char *reference)
{
    const struct cpl_variables *variables = e->variables;
    if (variables->takes_secret && variables->takes_secret(e->node))
        return true;
    return cpl_tree_fail(e->node, e->err, CPL_E_CONFIG,
                         "${%.200s} would be a secret where values are shown (in messages, plans, "
                         "receipts or file names): only options marked secret take ${file:…} and "
                         "${exec:…}; write the value itself, or ${NAME} of the environment",
                         reference);
}

static bool put_exec(struct expansion *e, const char *command)
{
    if (!e->variables->allow_exec)
        return cpl_tree_fail(e->node, e->err, CPL_E_PERMISSION,
                             "${exec:…} is off; allow programs to be run with --allow-exec");
    struct cpl_error why;
    const char *value = cpl_secret_exec(command, e->variables->arena, &why);
    return put_fetched(e, value, &why);
}

static bool put_file(struct expansion *e, const char *path)
{
    struct cpl_error why;
    const char *value = cpl_secret_file(path, e->variables->arena, &why);
    return put_fetched(e, value, &why);
}

/* What stands between `${` and its `}`. */
static bool put_reference(struct expansion *e, const char *body, size_t length, int depth)
{
    char *copy = cpl_arena_strndup(e->variables->arena, body, length, e->err);
    if (!copy)
        return false;
    e->used = true;
    char *colon = strchr(copy, ':');
    if ((!strncmp(copy, "file:", 5) || !strncmp(copy, "exec:", 5)) && !check_place(e, copy))
        return false;
    if (!strncmp(copy, "file:", 5))
        return put_file(e, copy + 5);
    if (!strncmp(copy, "exec:", 5))
        return put_exec(e, copy + 5);
    size_t name_length = colon ? (size_t)(colon - copy) : length;
    if (!is_name(copy, name_length) || (colon && colon[1] != '-'))
        return cpl_tree_fail(e->node, e->err, CPL_E_CONFIG,
                             "${%.*s%s} is not known; there are ${NAME}, ${NAME:-default}, "
                             "${file:/path} and ${exec:program …}, and $$ stands for one $",
                             (int)(name_length < 80 ? name_length : 80), copy,
                             colon ? ":…" : ""); /* what follows may be a secret */
    copy[name_length] = 0;
    return put_variable(e, copy, colon ? colon + 2 : NULL, depth);
}

/* Length up to the `}` that closes what begins at text, braces of nested ${ counted; SIZE_MAX =
 * none. */
static size_t closing(const char *text, size_t length)
{
    int open = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '$' && i + 1 < length && text[i + 1] == '{') {
            open++;
            i++;
        } else if (text[i] == '}' && open-- == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static bool expand(struct expansion *e, const char *text, size_t length, int depth)
{
    if (depth > MAX_NESTING)
        return cpl_tree_fail(e->node, e->err, CPL_E_LIMIT, "${…} nested deeper than %d levels",
                             MAX_NESTING);
    for (size_t i = 0; i < length; i++) {
        char next = i + 1 < length ? text[i + 1] : 0;
        if (text[i] != '$' || (next != '$' && next != '{')) {
            if (!cpl_buffer_append(&e->out, text + i, 1, e->err))
                return false;
        } else if (next == '$') {
            if (!put(e, "$"))
                return false;
            i++;
        } else {
            size_t body = closing(text + i + 2, length - i - 2);
            if (body == SIZE_MAX)
                return cpl_tree_fail(e->node, e->err, CPL_E_CONFIG,
                                     "${ without its }; write $$ for a plain $");
            if (!put_reference(e, text + i + 2, body, depth))
                return false;
            i += body + 2;
        }
    }
    return true;
}

static bool interpolate_scalar(struct cpl_node *node, const struct cpl_variables *variables,
                               struct cpl_error *err)
{
    if (!strchr(node->text, '$'))
        return true;
    struct expansion e = {
        .variables = variables, .node = node, .out = {.max = MAX_TEXT}, .err = err};
    bool ok = expand(&e, node->text, strlen(node->text), 0);
    if (ok) {
        if (e.used)
            node->written = node->text;
        node->text = cpl_arena_strndup(variables->arena, e.out.data ? (const char *)e.out.data : "",
                                       e.out.size, err);
        ok = node->text != NULL;
        node->secret = node->secret || e.used;
        if (ok && e.used && !*node->text && !node->quoted)
            node->kind = CPL_NODE_NULL; /* an unset ${X:-} is as if nothing stood there */
    }
    cpl_buffer_release(&e.out);
    return ok;
}

bool cpl_interpolate(struct cpl_node *node, const struct cpl_variables *variables,
                     struct cpl_problems *problems, struct cpl_error *err)
{
    if (node->kind == CPL_NODE_SCALAR)
        return interpolate_scalar(node, variables, err) || cpl_problem_report(problems, err);
    for (struct cpl_node *child = node->first; child; child = child->next)
        if (!cpl_interpolate(child, variables, problems, err))
            return false;
    return true;
}
