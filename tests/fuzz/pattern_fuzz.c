/* Patterns against PCRE2's interpreter: the automaton, in both of its runs, and compiled code with steps counted say the same.
 *
 * Input: first byte = options, then a pattern and up to eight texts, between NUL bytes. Texts that are not UTF-8 must do no harm. A pattern is
 * also taken for one of LIKE: whatever it is, it compiles or is named wrong at a place within it. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "expression/pattern.h"
#include "expression/pattern_automaton.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

enum { TEXTS = 8, UNSURE = 99 };

struct input {
    const char *pattern;
    size_t length;
    bool ignore_case;
    struct cpl_slice texts[TEXTS];
    uint32_t n;
};

/* 0, 1, or UNSURE where the interpreter takes too many steps, or the text is not UTF-8. */
static uint8_t judge(const pcre2_code *code, const struct cpl_slice *text)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    MUST(data && context);
    pcre2_set_match_limit(context, 20000);
    pcre2_set_heap_limit(context, 1000);
    int result = pcre2_match(code, text->data, text->length, 0, PCRE2_NO_JIT, data, context);
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    return result >= 0 ? 1 : result == PCRE2_ERROR_NOMATCH ? 0 : UNSURE;
}

static void check(const struct input *input, const uint8_t *expected, const uint8_t *out)
{
    for (uint32_t i = 0; i < input->n; i++)
        MUST(expected[i] == UNSURE || out[i] == CPL_PATTERN_EFFORT || expected[i] == out[i]);
}

static void check_pattern(const struct input *input, const struct cpl_pattern *pattern,
                          const uint8_t *expected)
{
    uint8_t out[TEXTS];
    uint32_t effort;
    bool found;
    struct cpl_slice where;
    struct cpl_pattern_scratch *scratch = cpl_pattern_scratch_new(NULL);
    MUST(scratch && cpl_pattern_test(pattern, scratch, input->texts, input->n, out, &effort, NULL));
    check(input, expected, out);
    for (uint32_t i = 0; i < input->n; i++) {
        struct cpl_error err;
        if (!cpl_pattern_find(pattern, scratch, &input->texts[i], i & 1, &found, &where, &err)) {
            MUST(err.code == CPL_E_LIMIT);
        } else if (found) {
            MUST(expected[i] != 0 && where.length <= input->texts[i].length);
        } else {
            MUST(expected[i] != 1 || (i & 1) || strstr(input->pattern, "\\K"));
        }
    }
    cpl_pattern_scratch_free(scratch);
}

static void check_automaton(const struct input *input, const uint8_t *expected)
{
    uint8_t out[TEXTS];
    struct pattern_dfa *dfa;
    MUST(pattern_dfa_compile(input->pattern, input->length, input->ignore_case, &dfa, NULL));
    if (dfa) {
        pattern_test_portable(dfa, input->texts, input->n, out);
        check(input, expected, out);
        pattern_dfa_test(dfa, input->texts, input->n, out);
        check(input, expected, out);
    }
    pattern_dfa_free(dfa);
}

static void check_valid(const struct input *input, const struct cpl_pattern *pattern)
{
    int code;
    size_t at;
    uint8_t expected[TEXTS];
    uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C |
                       (input->ignore_case ? PCRE2_CASELESS : 0);
    pcre2_code *judge_code = pcre2_compile((PCRE2_SPTR)input->pattern, input->length, options,
                                           &code, &at, NULL);
    MUST(judge_code);
    for (uint32_t i = 0; i < input->n; i++)
        expected[i] = judge(judge_code, &input->texts[i]);
    pcre2_code_free(judge_code);
    check_pattern(input, pattern, expected);
    check_automaton(input, expected);
}

/* Texts are copied: 16 bytes behind each may be read, and not one more. */
static void take_texts(struct input *input, const uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size && input->n < TEXTS; input->n++) {
        const uint8_t *stop = memchr(data + at, 0, size - at);
        size_t length = stop ? (size_t)(stop - data) - at : size - at;
        uint8_t *copy = malloc(length + 16);
        MUST(copy);
        memcpy(copy, data + at, length);
        memset(copy + length, 'a', 16);
        input->texts[input->n] = (struct cpl_slice){.data = copy, .length = (uint32_t)length};
        at += length + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 600)
        return 0;
    struct input input = {.pattern = (const char *)data + 1, .ignore_case = data[0] & 1};
    input.length = strnlen(input.pattern, size - 1);
    char *pattern_text = calloc(1, input.length + 1);
    MUST(pattern_text);
    memcpy(pattern_text, input.pattern, input.length);
    input.pattern = pattern_text;
    if (size > input.length + 2)
        take_texts(&input, data + input.length + 2, size - input.length - 2);
    struct cpl_error err = {0};
    size_t at = 0;
    struct cpl_pattern *pattern = cpl_pattern_compile(input.pattern, input.length,
                                                      input.ignore_case, &at, &err);
    MUST(pattern || (err.code == CPL_E_CONFIG && at <= input.length));
    if (pattern)
        check_valid(&input, pattern);
    cpl_pattern_free(pattern);
    pattern = cpl_pattern_like(input.pattern, input.length, input.ignore_case, &at, &err);
    MUST(pattern || (err.code == CPL_E_CONFIG && at < input.length));
    cpl_pattern_free(pattern);
    for (uint32_t i = 0; i < input.n; i++)
        free((void *)(uintptr_t)input.texts[i].data);
    free(pattern_text);
    return 0;
}
