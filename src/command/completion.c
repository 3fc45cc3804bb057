/* `cupel completion bash|zsh` */
#include "command/console.h"

static int run_completion(const struct cpl_arguments *arguments)
{
    struct cpl_error err = {0};
    struct cpl_buffer out = {0};
    bool ok = cpl_page_completion(arguments->words[0], &out, &err) && cpl_print(&out, &err);
    cpl_buffer_release(&out);
    return ok ? 0 : cpl_console_fail(NULL, &err);
}

const struct cpl_verb cpl_verb_completion = {
    .name = "completion",
    .summary = "Print the completion script of a shell.",
    .usage = "bash|zsh",
    .examples = "cupel completion bash > ~/.local/share/bash-completion/completions/cupel\n"
                "cupel completion zsh > \"${fpath[1]}/_cupel\"\n",
    .min_words = 1,
    .max_words = 1,
    .run = run_completion,
};
