/* Section `limits`. */
#include "base/option_value.h"
#include "config/load.h"

#include <stdio.h>
#include <string.h>

/* "100" or "0.5%". */
static bool parse_most(char *number, struct cpl_limits_config *limits)
{
    size_t length = strlen(number);
    if (!length || *number < '0' || *number > '9')
        return false;
    limits->on_reject = CPL_REJECT_LIMIT;
    if (number[length - 1] != '%')
        return cpl_value_int(number, &limits->reject_limit_rows) && limits->reject_limit_rows >= 0;
    number[length - 1] = 0;
    if (!cpl_value_double(number, &limits->reject_limit_share))
        return false;
    limits->reject_limit_share /= 100;
    return limits->reject_limit_share >= 0 && limits->reject_limit_share <= 1;
}

/* The same, with or without limit(…) around it. */
static bool parse_limit(const char *text, struct cpl_limits_config *limits)
{
    char number[32];
    size_t length = strlen(text);
    bool wrapped = length > 7 && !strncmp(text, "limit(", 6) && text[length - 1] == ')';
    if (length > 30)
        return false;
    snprintf(number, sizeof number, "%.*s", (int)(wrapped ? length - 7 : length),
             text + (wrapped ? 6 : 0));
    return parse_most(number, limits);
}

static bool parse_on_reject(const char *text, struct cpl_limits_config *limits)
{
    limits->reject_limit_rows = -1;
    limits->reject_limit_share = -1;
    limits->on_reject = strcmp(text, "fail") ? CPL_REJECT_KEEP : CPL_REJECT_FAIL;
    return !strcmp(text, "keep") || !strcmp(text, "fail") || parse_limit(text, limits);
}

bool cpl_load_limits(struct cpl_loading *loading, const struct cpl_node *node,
                     struct cpl_limits_config *limits)
{
    struct cpl_limits_section section;
    if (!cpl_load_section(loading, CPL_SECTION_LIMITS, node, &section))
        return false;
    if (!parse_on_reject(section.on_reject, &section.config)) {
        const struct cpl_node *given = cpl_tree_get(node, "on_reject");
        cpl_tree_fail(given, loading->err, CPL_E_CONFIG,
                      "limits.on_reject must be keep, fail, 100 or 0.5%% (or limit(100), "
                      "limit(0.5%%)), not `%.80s`",
                      cpl_tree_shown(given));
        if (!cpl_loading_wrong(loading))
            return false;
    }
    const struct cpl_node *allowed = cpl_tree_get(node, "allowed_paths");
    if (allowed && allowed->kind != CPL_NODE_NULL && !section.config.allowed_paths.n) {
        cpl_tree_fail(allowed, loading->err, CPL_E_CONFIG,
                      "limits.allowed_paths is empty: nothing could be read or written; leave it "
                      "out to allow "
                      "every path");
        if (!cpl_loading_wrong(loading))
            return false;
    }
    *limits = section.config;
    return true;
}
