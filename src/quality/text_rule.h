/* Rules that look at one column of texts: a pattern, a function or both say whether a text is right.
 *
 * Whole numbers are shown to the function as they are written: a card's or an article's number is often read as one. Nulls are spared.
 * Threads: as rule.h says. */
#pragma once
#include "quality/rule.h"

struct cpl_text_rule {
    uint32_t column;
    bool always;                                      /* the column's type says that it holds */
    bool (*fits)(const uint8_t *text, size_t length); /* NULL = any */
    struct cpl_pattern *pattern;                      /* owned; NULL = any */
    const char *wanted;                               /* "which is no e-mail address"; static */
};
/* Takes `pattern` (may be NULL), also when it fails. */
struct cpl_text_rule *cpl_text_rule_new(const struct cpl_text_rule *like,
                                        struct cpl_error *err) CPL_CHECKED;
/* ---- of cpl_rule_ops ---- */
void cpl_text_rule_free(void *rule);
bool cpl_text_rule_test(const void *rule, struct cpl_rule_scratch *scratch,
                        const struct cpl_batch *batch, struct cpl_verdict *verdict,
                        struct cpl_error *err);
bool cpl_text_rule_explain(const void *rule, struct cpl_rule_scratch *scratch,
                           const struct cpl_batch *batch, uint32_t row, struct cpl_buffer *text,
                           struct cpl_error *err);
