/* Regular expressions over columns of short texts.
 *
 * The syntax is PCRE2's (UTF-8). What has neither back references nor look-around nor lazy choices that matter is compiled to a
 * deterministic automaton over bytes: one table look-up a byte, whatever the text, so that nothing can be made slow by it. The rest
 * is PCRE2's (JIT) with a limit of steps; a text that takes more is told apart from one that does not match.
 * A pattern is found anywhere in a text, unless ^ and $ say otherwise; $ is the very end. Texts are UTF-8: bytes that are not do no
 * harm and match nothing, but whether something matches beside them is not said.
 *
 * Bounds: a pattern of 16 KiB, repetitions up to 1,000, an automaton of 4,096 states (more: PCRE2's).
 * Threads: a pattern is read-only and shared; a scratch belongs to one worker. */
#pragma once
#include "batch/batch.h"

struct cpl_pattern;
struct cpl_pattern_scratch;
/* A mistake is CPL_E_CONFIG; *at is its byte in the pattern. */
struct cpl_pattern *cpl_pattern_compile(const char *text, size_t length, bool ignore_case,
                                        size_t *at, struct cpl_error *err) CPL_CHECKED;
void cpl_pattern_free(struct cpl_pattern *pattern);
/* SQL's LIKE: % any text, _ one character, \ before either takes it literally. The whole text. */
struct cpl_pattern *cpl_pattern_like(const char *text, size_t length, bool ignore_case, size_t *at,
                                     struct cpl_error *err) CPL_CHECKED;
bool cpl_pattern_is_automaton(const struct cpl_pattern *pattern);

struct cpl_pattern_scratch *cpl_pattern_scratch_new(struct cpl_error *err) CPL_CHECKED;
void cpl_pattern_scratch_free(struct cpl_pattern_scratch *scratch);

enum cpl_pattern_result { CPL_PATTERN_NO, CPL_PATTERN_YES, CPL_PATTERN_EFFORT };
/* One result a text (out[i], enum cpl_pattern_result); *effort: how many were given up. Texts under a null are matched as well. */
bool cpl_pattern_test(const struct cpl_pattern *pattern, struct cpl_pattern_scratch *scratch,
                      const struct cpl_slice *texts, uint32_t n, uint8_t *out, uint32_t *effort,
                      struct cpl_error *err) CPL_CHECKED;
/* Where group `group` (0 = all) of the first match lies; false in *found when there is none, or it took no part. A text that takes
 * too many steps is CPL_E_LIMIT. */
bool cpl_pattern_find(const struct cpl_pattern *pattern, struct cpl_pattern_scratch *scratch,
                      const struct cpl_slice *text, uint32_t group, bool *found,
                      struct cpl_slice *where, struct cpl_error *err) CPL_CHECKED;
/* The same for the first match that begins at byte `start` or behind it; what stands in front is still seen by ^, \b and look-behind. */
bool cpl_pattern_find_from(const struct cpl_pattern *pattern, struct cpl_pattern_scratch *scratch,
                           const struct cpl_slice *text, size_t start, uint32_t group, bool *found,
                           struct cpl_slice *where, struct cpl_error *err) CPL_CHECKED;
