/* `cupel help [VERB]` */
#include "command/console.h"

#include <unistd.h>

static int run_help(const struct cpl_arguments *arguments)
{
    struct cpl_error err = {0};
    struct cpl_buffer out = {0};
    bool ok, colour = cpl_colour_wanted(STDOUT_FILENO);
    const struct cpl_verb *verb = NULL;
    if (arguments->n_words && !(verb = cpl_verb_find(arguments->words[0]))) {
        cpl_verb_unknown(arguments->words[0], &err);
        return cpl_console_fail(NULL, &err);
    }
    ok = (verb ? cpl_page_verb(verb, &out, colour, &err) : cpl_page_help(&out, colour, &err)) &&
         cpl_print(&out, &err);
    cpl_buffer_release(&out);
    return ok ? 0 : cpl_console_fail(NULL, &err);
}

const struct cpl_verb cpl_verb_help = {
    .name = "help",
    .summary = "Say how a command is used.",
    .usage = "[COMMAND]",
    .max_words = 1,
    .run = run_help,
};
