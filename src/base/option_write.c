/* Options back to JSON: what a component was told, for plans and receipts. */
#include "base/option.h"
#include "base/tree.h"

#include <string.h>

/* The word number `index` of "a|b|c". */
static void write_word(struct cpl_json_writer *json, const char *name, const char *words, int index)
{
    for (; index > 0 && words; index--)
        words = strchr(words, '|') ? strchr(words, '|') + 1 : NULL;
    if (words)
        cpl_json_bytes(json, name, words, strcspn(words, "|"));
}

static void write_value(struct cpl_json_writer *json, const struct cpl_option *option,
                        const void *value)
{
    switch (option->type) {
    case CPL_OPTION_BOOL:
        cpl_json_bool(json, option->name, *(const bool *)value);
        break;
    case CPL_OPTION_INT:
    case CPL_OPTION_DURATION:
        cpl_json_int(json, option->name, *(const int64_t *)value);
        break;
    case CPL_OPTION_SIZE:
        cpl_json_uint(json, option->name, *(const uint64_t *)value);
        break;
    case CPL_OPTION_DOUBLE:
        cpl_json_double(json, option->name, *(const double *)value);
        break;
    case CPL_OPTION_STRING:
        cpl_json_string(json, option->name, *(const char *const *)value);
        break;
    case CPL_OPTION_CHAR:
        cpl_json_bytes(json, option->name, value, *(const char *)value != 0);
        break;
    case CPL_OPTION_ENUM:
        write_word(json, option->name, option->values, *(const int *)value);
        break;
    case CPL_OPTION_STRINGS:
    case CPL_OPTION_PAIRS:
    case CPL_OPTION_NODE:
        break;
    }
}

void cpl_options_write(const struct cpl_option *table, const void *values,
                       struct cpl_json_writer *json)
{
    for (const struct cpl_option *option = table; option->name; option++)
        if (!(option->flags & CPL_OPTION_SECRET))
            write_value(json, option, (const char *)values + option->offset);
}

void cpl_json_strings(struct cpl_json_writer *json, const char *key, const struct cpl_strings *list)
{
    cpl_json_list(json, key);
    for (size_t i = 0; i < list->n; i++)
        cpl_json_string(json, NULL, list->items[i]);
    cpl_json_close(json);
}
