/* A pattern is PCRE2's program, and an automaton where that is possible. */
#include "expression/pattern.h"
#include "expression/pattern_automaton.h"
#include "expression/pattern_library.h"

#include <string.h>

struct cpl_pattern {
    struct pattern_program
        *program; /* decides what is valid; finds groups; tests where there is no automaton */
    struct pattern_dfa *dfa;
};
struct cpl_pattern_scratch {
    struct pattern_workspace *workspace;
};

static struct cpl_pattern *new_pattern(const char *text, size_t length, bool ignore_case,
                                       size_t *at, struct cpl_error *err)
{
    struct cpl_pattern *pattern = cpl_alloc_zero(1, sizeof *pattern, err);
    if (!pattern)
        return NULL;
    pattern->program = pattern_program_new(text, length, ignore_case, at, err);
    if (!pattern->program || !pattern_dfa_compile(text, length, ignore_case, &pattern->dfa, err)) {
        cpl_pattern_free(pattern);
        return NULL;
    }
    return pattern;
}

static bool check_length(size_t length, size_t *at, struct cpl_error *err)
{
    *at = PATTERN_LENGTH;
    return length <= PATTERN_LENGTH ||
           cpl_fail(err, CPL_E_CONFIG, "a pattern may have %d bytes; this one has %zu",
                    PATTERN_LENGTH, length);
}

struct cpl_pattern *cpl_pattern_compile(const char *text, size_t length, bool ignore_case,
                                        size_t *at, struct cpl_error *err)
{
    return check_length(length, at, err) ? new_pattern(text, length, ignore_case, at, err) : NULL;
}

void cpl_pattern_free(struct cpl_pattern *pattern)
{
    if (!pattern)
        return;
    pattern_program_free(pattern->program);
    pattern_dfa_free(pattern->dfa);
    cpl_free(pattern);
}

bool cpl_pattern_is_automaton(const struct cpl_pattern *pattern)
{
    return pattern->dfa != NULL;
}

/* ---- LIKE ---- */

/* A character for itself: what could mean something else is escaped. */
static bool append_literal(struct cpl_buffer *regex, char c, struct cpl_error *err)
{
    const char escaped[2] = {'\\', c};
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                 (uint8_t)c >= 0x80 || c == 0;
    return plain ? cpl_buffer_append(regex, &c, 1, err) : cpl_buffer_append(regex, escaped, 2, err);
}

static bool translate_like(const char *text, size_t length, struct cpl_buffer *regex, size_t *at,
                           struct cpl_error *err)
{
    bool ok = cpl_buffer_append_text(regex, "(?s)\\A", err);
    for (size_t i = 0; i < length && ok; i++) {
        *at = i;
        if (text[i] == '%') {
            bool again = i > 0 && regex->data[regex->size - 1] == '*'; /* a literal * is \* */
            again = again && regex->data[regex->size - 2] == '.';
            ok = again || cpl_buffer_append_text(regex, ".*", err);
        } else if (text[i] == '_') {
            ok = cpl_buffer_append_text(regex, ".", err);
        } else if (text[i] != '\\') {
            ok = append_literal(regex, text[i], err);
        } else if (++i < length) {
            ok = append_literal(regex, text[i], err);
        } else {
            ok = cpl_fail(
                err, CPL_E_CONFIG,
                "nothing stands behind the \\ at the end of the pattern; write \\\\ for one");
        }
    }
    return ok && cpl_buffer_append_text(regex, "\\z", err);
}

/* Where a byte that is not ASCII, at `inner` of the translation, stood: such bytes are translated one by one. */
static size_t place_in_like(const char *text, const uint8_t *regex, size_t inner)
{
    size_t before = 0, at = 0;
    for (size_t i = 0; i < inner; i++)
        before += regex[i] >= 0x80;
    for (;; at++) {
        if ((uint8_t)text[at] >= 0x80 && before-- == 0)
            return at;
    }
}

struct cpl_pattern *cpl_pattern_like(const char *text, size_t length, bool ignore_case, size_t *at,
                                     struct cpl_error *err)
{
    struct cpl_buffer regex = {.max = 4 * PATTERN_LENGTH};
    struct cpl_error why = {0};
    struct cpl_pattern *pattern = NULL;
    size_t inner;
    if (!check_length(length, at, err) || !translate_like(text, length, &regex, at, err))
        goto out;
    pattern = new_pattern((const char *)regex.data, regex.size, ignore_case, &inner, &why);
    if (pattern)
        goto out;
    if (why.code == CPL_E_CONFIG) { /* nothing else can be wrong with what was translated */
        *at = place_in_like(text, regex.data, inner);
        (void)cpl_fail(err, CPL_E_CONFIG, "the pattern is not UTF-8 at byte %zu", *at);
    } else {
        (void)cpl_fail_with(err, &why);
    }
out:
    cpl_buffer_release(&regex);
    return pattern;
}

/* ---- running ---- */

struct cpl_pattern_scratch *cpl_pattern_scratch_new(struct cpl_error *err)
{
    struct cpl_pattern_scratch *scratch = cpl_alloc_zero(1, sizeof *scratch, err);
    if (!scratch)
        return NULL;
    scratch->workspace = pattern_workspace_new(err);
    if (!scratch->workspace) {
        cpl_free(scratch);
        return NULL;
    }
    return scratch;
}

void cpl_pattern_scratch_free(struct cpl_pattern_scratch *scratch)
{
    if (!scratch)
        return;
    pattern_workspace_free(scratch->workspace);
    cpl_free(scratch);
}

bool cpl_pattern_test(const struct cpl_pattern *pattern, struct cpl_pattern_scratch *scratch,
                      const struct cpl_slice *texts, uint32_t n, uint8_t *out, uint32_t *effort,
                      struct cpl_error *err)
{
    struct cpl_slice where;
    *effort = 0;
    if (pattern->dfa) {
        pattern_dfa_test(pattern->dfa, texts, n, out);
        return true;
    }
    for (uint32_t i = 0; i < n; i++) {
        enum pattern_outcome outcome = pattern_program_run(pattern->program, scratch->workspace,
                                                           &texts[i], 0, 0, &where, err);
        if (outcome == PATTERN_OUTCOME_FAILED)
            return false;
        *effort += outcome == PATTERN_OUTCOME_EFFORT;
        out[i] = outcome == PATTERN_OUTCOME_YES      ? CPL_PATTERN_YES
                 : outcome == PATTERN_OUTCOME_EFFORT ? CPL_PATTERN_EFFORT
                                                     : CPL_PATTERN_NO;
    }
    return true;
}

bool cpl_pattern_find_from(const struct cpl_pattern *pattern, struct cpl_pattern_scratch *scratch,
                           const struct cpl_slice *text, size_t start, uint32_t group, bool *found,
                           struct cpl_slice *where, struct cpl_error *err)
{
    enum pattern_outcome outcome = pattern_program_run(pattern->program, scratch->workspace, text,
                                                       start, group, where, err);
    *found = outcome == PATTERN_OUTCOME_YES && where->data;
    if (outcome == PATTERN_OUTCOME_EFFORT)
        return cpl_fail(err, CPL_E_LIMIT,
                        "a text of %u bytes takes the regular expression more steps than allowed",
                        text->length);
    return outcome != PATTERN_OUTCOME_FAILED;
}

bool cpl_pattern_find(const struct cpl_pattern *pattern, struct cpl_pattern_scratch *scratch,
                      const struct cpl_slice *text, uint32_t group, bool *found,
                      struct cpl_slice *where, struct cpl_error *err)
{
    return cpl_pattern_find_from(pattern, scratch, text, 0, group, found, where, err);
}
