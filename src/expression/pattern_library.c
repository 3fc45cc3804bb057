#define PCRE2_CODE_UNIT_WIDTH 8
#include "expression/pattern_library.h"
#include "base/text.h"
#include "expression/pattern_tree.h"

#include <pcre2.h>
#include <string.h>

enum {
    PLAIN_LENGTH = 4096,    /* longer texts go to the counting program at once */
    PLAIN_LIMIT = 10000,    /* PCRE2's match limit for short texts… */
    PLAIN_LIMIT_LEAST = 32, /* …and for those of PLAIN_LENGTH */
    PLAIN_WORK = 20000000,  /* limit · length², at most */
    STEPS = 250000,         /* of the counting program for a text… */
    STEPS_A_BYTE = 64,      /* …and for each byte of it more */
    BYTES_A_STEP = 16,      /* that a callback may find the match to have moved by */
    PATTERN_LENGTH_INNER = 4 * PATTERN_LENGTH, /* LIKE, translated */
    HEAP_LIMIT = 16 * 1024,                    /* KiB, of PCRE2's interpreter */
    DEPTH_LIMIT = 100000,
    JIT_STACK_MIN = 32 * 1024,
    JIT_STACK_MAX = 1024 * 1024,
};

struct pattern_program {
    pcre2_code *plain, *counting; /* counting: NULL if it would be too large */
    uint32_t groups;
};
struct pattern_workspace {
    pcre2_general_context *general;
    pcre2_match_context *match, *counting;
    pcre2_jit_stack *stack; /* NULL where there is no compiled code */
    pcre2_match_data *data;
    uint32_t pairs; /* that data has room for */
    size_t start;   /* byte of the text from which a match is sought */
    uint64_t steps_left;
    size_t last_position; /* of the counting program */
};

/* ---- memory ---- */

static void *take_memory(size_t size, void *unused)
{
    (void)unused;
    return cpl_alloc(size, NULL);
}

static void give_memory(void *block, void *unused)
{
    (void)unused;
    cpl_free(block);
}

static bool no_memory(struct cpl_error *err)
{
    return cpl_fail(err, CPL_E_MEMORY, "no memory for a regular expression");
}

/* ---- compiling ---- */

static bool explain(const char *text, size_t length, int code, size_t at, struct cpl_error *err)
{
    char why[200], shown[120];
    if (code == PCRE2_ERROR_HEAP_FAILED)
        return no_memory(err);
    if (pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why) < 0)
        cpl_text_set(why, sizeof why, "PCRE2's error %d", code);
    if (code < 0) /* no UTF-8: not to be shown */
        return cpl_fail(err, CPL_E_CONFIG, "the pattern is wrong at byte %zu: %s", at, why);
    cpl_text_set(shown, sizeof shown, "%.*s%s", length < 80 ? (int)length : 80, text,
                 length > 80 ? "…" : "");
    cpl_text_printable(shown, strlen(shown));
    return cpl_fail(err, CPL_E_CONFIG, "the pattern `%s` is wrong at byte %zu: %s", shown, at, why);
}

static pcre2_code *compile(const char *text, size_t length, uint32_t options,
                           pcre2_general_context *general, int *code, size_t *at)
{
    pcre2_compile_context *context = pcre2_compile_context_create(general);
    *code = PCRE2_ERROR_HEAP_FAILED;
    *at = 0;
    if (!context)
        return NULL;
    (void)pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    (void)pcre2_set_max_pattern_length(context, PATTERN_LENGTH_INNER);
    pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)text, length, options, code, at, context);
    pcre2_compile_context_free(context);
    if (compiled) /* where it is not allowed, the interpreter does the same, slower */
        (void)pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);
    return compiled;
}

static bool compile_both(struct pattern_program *program, const char *text, size_t length,
                         bool ignore_case, pcre2_general_context *general, size_t *at,
                         struct cpl_error *err)
{
    int code;
    size_t unused;
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY |
                       PCRE2_NEVER_BACKSLASH_C | (ignore_case ? PCRE2_CASELESS : 0);
    program->plain = compile(text, length, options, general, &code, at);
    if (!program->plain)
        return explain(text, length, code, *at, err);
    (void)pcre2_pattern_info(program->plain, PCRE2_INFO_CAPTURECOUNT, &program->groups);
    options |= PCRE2_AUTO_CALLOUT;
    program->counting = compile(text, length, options, general, &code, &unused);
    return program->counting || code != PCRE2_ERROR_HEAP_FAILED || no_memory(err);
}

struct pattern_program *pattern_program_new(const char *text, size_t length, bool ignore_case,
                                            size_t *at, struct cpl_error *err)
{
    *at = 0;
    struct pattern_program *program = cpl_alloc_zero(1, sizeof *program, err);
    if (!program)
        return NULL;
    pcre2_general_context *general = pcre2_general_context_create(take_memory, give_memory, NULL);
    bool ok = general ? compile_both(program, text, length, ignore_case, general, at, err)
                      : no_memory(err);
    pcre2_general_context_free(general);
    if (!ok) {
        pattern_program_free(program);
        return NULL;
    }
    return program;
}

void pattern_program_free(struct pattern_program *program)
{
    if (!program)
        return;
    pcre2_code_free(program->plain);
    pcre2_code_free(program->counting);
    cpl_free(program);
}

/* ---- the workspace ---- */

static int count_step(pcre2_callout_block *block, void *data)
{
    struct pattern_workspace *workspace = data;
    size_t position = block->current_position, last = workspace->last_position;
    size_t moved = position > last ? position - last : last - position;
    uint64_t cost = 1 + moved / BYTES_A_STEP;
    workspace->last_position = position;
    if (cost > workspace->steps_left)
        return PCRE2_ERROR_CALLOUT;
    workspace->steps_left -= cost;
    return 0;
}

static pcre2_match_context *new_match_context(struct pattern_workspace *workspace)
{
    pcre2_match_context *context = pcre2_match_context_create(workspace->general);
    if (!context)
        return NULL;
    (void)pcre2_set_heap_limit(context, HEAP_LIMIT);
    (void)pcre2_set_depth_limit(context, DEPTH_LIMIT);
    if (workspace->stack)
        pcre2_jit_stack_assign(context, NULL, workspace->stack);
    return context;
}

static bool has_compiled_code(void)
{
    uint32_t has = 0;
    return pcre2_config(PCRE2_CONFIG_JIT, &has) >= 0 && has;
}

static bool fill_workspace(struct pattern_workspace *workspace)
{
    workspace->general = pcre2_general_context_create(take_memory, give_memory, NULL);
    if (!workspace->general)
        return false;
    if (has_compiled_code()) {
        workspace->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, workspace->general);
        if (!workspace->stack)
            return false;
    }
    workspace->match = new_match_context(workspace);
    workspace->counting = new_match_context(workspace);
    workspace->data = pcre2_match_data_create(1, workspace->general);
    workspace->pairs = 1;
    if (!workspace->match || !workspace->counting || !workspace->data)
        return false;
    (void)pcre2_set_callout(workspace->counting, count_step, workspace);
    return true;
}

struct pattern_workspace *pattern_workspace_new(struct cpl_error *err)
{
    struct pattern_workspace *workspace = cpl_alloc_zero(1, sizeof *workspace, err);
    if (!workspace)
        return NULL;
    if (!fill_workspace(workspace)) {
        (void)no_memory(err);
        pattern_workspace_free(workspace);
        return NULL;
    }
    return workspace;
}

void pattern_workspace_free(struct pattern_workspace *workspace)
{
    if (!workspace)
        return;
    pcre2_match_data_free(workspace->data);
    pcre2_match_context_free(workspace->match);
    pcre2_match_context_free(workspace->counting);
    pcre2_jit_stack_free(workspace->stack);
    pcre2_general_context_free(workspace->general);
    cpl_free(workspace);
}

static bool make_room(struct pattern_workspace *workspace, uint32_t group, struct cpl_error *err)
{
    if (group < workspace->pairs)
        return true;
    pcre2_match_data *data = pcre2_match_data_create(group + 1, workspace->general);
    if (!data)
        return no_memory(err);
    pcre2_match_data_free(workspace->data);
    workspace->data = data;
    workspace->pairs = group + 1;
    return true;
}

/* ---- running ---- */

static uint32_t plain_limit(uint32_t length)
{
    uint64_t area = (uint64_t)length * length, limit = area ? PLAIN_WORK / area : PLAIN_LIMIT;
    return limit > PLAIN_LIMIT         ? PLAIN_LIMIT
           : limit < PLAIN_LIMIT_LEAST ? PLAIN_LIMIT_LEAST
                                       : (uint32_t)limit;
}

static bool gave_up(int result)
{
    switch (result) {
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_JIT_STACKLIMIT:
    case PCRE2_ERROR_RECURSELOOP:
    case PCRE2_ERROR_CALLOUT:
        return true;
    default:
        return false;
    }
}

static int run_plain(const struct pattern_program *program, struct pattern_workspace *workspace,
                     PCRE2_SPTR data, uint32_t length)
{
    (void)pcre2_set_match_limit(workspace->match, plain_limit(length));
    return pcre2_match(program->plain, data, length, workspace->start, 0, workspace->data,
                       workspace->match);
}

static int run_counting(const struct pattern_program *program, struct pattern_workspace *workspace,
                        PCRE2_SPTR data, uint32_t length)
{
    workspace->steps_left = STEPS + (uint64_t)STEPS_A_BYTE * length;
    workspace->last_position = workspace->start;
    return pcre2_match(program->counting, data, length, workspace->start, 0, workspace->data,
                       workspace->counting);
}

static int run(const struct pattern_program *program, struct pattern_workspace *workspace,
               const struct cpl_slice *text)
{
    PCRE2_SPTR data = text->length ? text->data : cpl_no_bytes;
    if (!program->counting)
        return run_plain(program, workspace, data, text->length);
    if (text->length <= PLAIN_LENGTH) {
        int result = run_plain(program, workspace, data, text->length);
        if (!gave_up(result))
            return result;
    }
    return run_counting(program, workspace, data, text->length);
}

static void locate(const struct pattern_workspace *workspace, const struct cpl_slice *text,
                   uint32_t group, struct cpl_slice *where)
{
    const size_t *pairs = pcre2_get_ovector_pointer(workspace->data);
    size_t from = pairs[2 * group], to = pairs[2 * group + 1];
    *where = (struct cpl_slice){0};
    if (from == PCRE2_UNSET || to < from) /* \K within look-ahead can end before it starts */
        return;
    where->data = text->length ? text->data + from : cpl_no_bytes;
    where->length = (uint32_t)(to - from);
}

enum pattern_outcome pattern_program_run(const struct pattern_program *program,
                                         struct pattern_workspace *workspace,
                                         const struct cpl_slice *text, size_t start, uint32_t group,
                                         struct cpl_slice *where, struct cpl_error *err)
{
    workspace->start = start <= text->length ? start : text->length;
    *where = (struct cpl_slice){0};
    if (!make_room(workspace, group <= program->groups ? group : 0, err))
        return PATTERN_OUTCOME_FAILED;
    int result = run(program, workspace, text);
    if (result >= 0) {
        if (group <= program->groups)
            locate(workspace, text, group, where);
        return PATTERN_OUTCOME_YES;
    }
    if (result == PCRE2_ERROR_NOMATCH)
        return PATTERN_OUTCOME_NO;
    if (gave_up(result))
        return PATTERN_OUTCOME_EFFORT;
    if (result == PCRE2_ERROR_NOMEMORY)
        (void)no_memory(err);
    else
        (void)cpl_fail(err, CPL_E_INTERNAL, "PCRE2 failed with error %d", result);
    return PATTERN_OUTCOME_FAILED;
}
