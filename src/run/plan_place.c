#include "run/plan_place.h"

#include "base/tree.h"

#include <string.h>

/* Does the message quote the text, as `text` or "text"? */
static bool quotes(const char *message, const char *text)
{
    size_t length = strlen(text);
    for (const char *at = message; length && (at = strstr(at, text)); at++)
        if (at > message && (at[-1] == '`' || at[-1] == '"') && at[length] == at[-1])
            return true;
    return false;
}

/* `month(day)` and `day desc` name `day`. */
static bool names(const struct cpl_node *item, const char *message)
{
    char word[200];
    const char *text = item->kind == CPL_NODE_SCALAR ? item->text : "", *open = strchr(text, '(');
    size_t length = strcspn(text, " ");
    if (quotes(message, text))
        return true;
    if (open && text[strlen(text) - 1] == ')') {
        text = open + 1;
        length = strlen(text) - 1;
    }
    if (!length || length >= sizeof word)
        return false;
    memcpy(word, text, length);
    word[length] = 0;
    return quotes(message, word);
}

/* The item of a list that is spoken of; else the list. */
static const struct cpl_node *item_of(const struct cpl_node *option, const char *message)
{
    const struct cpl_node *item = option && option->kind == CPL_NODE_LIST ? option->first : NULL;
    for (; item; item = item->next)
        if (names(item, message))
            return item;
    return option;
}

/* ---- columns of the schema ---- */

/* A column as the schema section writes it: name: type, - name, - name: type, - {name: …}. */
static const struct cpl_node *named_column(const struct cpl_node *columns, const char *message)
{
    const struct cpl_node *child = columns ? columns->first : NULL;
    for (; child; child = child->next) {
        const struct cpl_node *name = cpl_tree_get(child, "name");
        if (child->key ? quotes(message, child->key) : names(child, message))
            return child;
        if (name && names(name, message))
            return name;
        if (!child->key && child->kind == CPL_NODE_MAP && child->first &&
            quotes(message, child->first->key))
            return child->first;
    }
    return NULL;
}

static const struct cpl_node *in_schema(const struct cpl_node *root, const char *message)
{
    const struct cpl_node *schema = cpl_tree_get(root, "schema");
    const struct cpl_node *select = cpl_tree_get(schema, "select");
    const struct cpl_node *column = named_column(select, message);
    if (!column && select && select->kind == CPL_NODE_SCALAR && names(select, message))
        return select;
    return column ? column : named_column(cpl_tree_get(schema, "columns"), message);
}

/* ---- options of the format ---- */

static bool begins(const char *message, const char *word)
{
    size_t length = strlen(word);
    return !strncmp(message, word, length) && message[length] && strchr(": ", message[length]);
}

/* "parquet.sorted_by: …" */
static const struct cpl_node *in_format(const struct cpl_sink_config *sink, const char *message)
{
    const struct cpl_node *options = sink->format_options;
    size_t prefix = sink->format ? strlen(sink->format) : 0;
    if (!options || strncmp(message, sink->format, prefix) != 0 || message[prefix] != '.')
        return NULL;
    for (const struct cpl_node *option = options->first; option; option = option->next)
        if (begins(message + prefix + 1, option->key))
            return option;
    return NULL;
}

/* ---- options of the source ---- */

bool cpl_plan_is_of_source(const struct cpl_error *err)
{
    return err && !strncmp(err->message, "source.", 7);
}

/* "source.json.rows: …" */
static const struct cpl_node *in_source(const struct cpl_node *root, const char *message)
{
    const char *end = strchr(message, ':');
    while (root && end && message < end) {
        char word[64];
        size_t length = strcspn(message, ".:");
        if (length >= sizeof word)
            return NULL;
        memcpy(word, message, length);
        word[length] = 0;
        root = cpl_tree_get(root, word);
        message += length + 1;
    }
    return end ? root : NULL;
}

/* ---- all of it ---- */

bool cpl_plan_fail_placed(const struct cpl_pipeline *pipeline, struct cpl_error *err)
{
    static const char partition_by[] = "sink.partition_by";
    if (!err || !pipeline->root)
        return false;
    const struct cpl_error why = *err;
    const struct cpl_node *sink = cpl_tree_get(pipeline->root, "sink"), *place;
    if (!strncmp(why.message, CPL_NO_COLUMN, sizeof CPL_NO_COLUMN - 1))
        place = in_schema(pipeline->root, why.message);
    else if (cpl_plan_is_of_source(err))
        place = in_source(pipeline->root, why.message);
    else if (begins(why.message, partition_by))
        place = item_of(cpl_tree_get(sink, "partition_by"), why.message);
    else if ((place = in_format(&pipeline->sink, why.message)))
        return cpl_tree_fail(item_of(place, why.message), err, why.code, "sink.%s", why.message);
    if (place)
        cpl_tree_fail(place, err, why.code, "%s", why.message);
    return false;
}
