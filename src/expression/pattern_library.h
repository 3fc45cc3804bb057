/* PCRE2 with a limit of effort.
 *
 * A pattern is compiled with PCRE2_UTF (no PCRE2_UCP: \d and \w are ASCII's), PCRE2_DOLLAR_ENDONLY and newline = LF, and so that
 * bytes which are not UTF-8 match nothing and do no harm. PCRE2 alone decides which patterns are valid.
 *
 * PCRE2's own limits do not bound the time: its match limit starts again at every place of the text, and compiled code counts
 * only some of its steps. So a text is first run by compiled code with a low limit, if it is short; when that does not
 * do, by a second program of the same pattern which calls back at each item of the pattern: those calls, and how far each moved,
 * are what is counted, for the whole text. Texts that recurse deeper than a mebibyte of stack holds are given up as well. */
#pragma once
#include "batch/batch.h"

struct pattern_program;
struct pattern_workspace;

/* A mistake is CPL_E_CONFIG, *at its byte in the pattern. */
struct pattern_program *pattern_program_new(const char *text, size_t length, bool ignore_case,
                                            size_t *at, struct cpl_error *err) CPL_CHECKED;
void pattern_program_free(struct pattern_program *program);
struct pattern_workspace *pattern_workspace_new(struct cpl_error *err) CPL_CHECKED;
void pattern_workspace_free(struct pattern_workspace *workspace);

enum pattern_outcome {
    PATTERN_OUTCOME_NO,
    PATTERN_OUTCOME_YES,
    PATTERN_OUTCOME_EFFORT,
    PATTERN_OUTCOME_FAILED /* *err says why */
};
/* The first match that begins at byte `start` or behind it. *where: group `group` of the first match, .data NULL if it took no part. */
enum pattern_outcome pattern_program_run(const struct pattern_program *program,
                                         struct pattern_workspace *workspace,
                                         const struct cpl_slice *text, size_t start, uint32_t group,
                                         struct cpl_slice *where, struct cpl_error *err);
