/* The verbs, in the order in which help shows them, and the way from argv to one of them. */
#include "base/tree.h"
#include "command/command.h"
#include "command/console.h"

#include <stdio.h>
#include <string.h>

static const struct cpl_verb *const verbs[] = {
    &cpl_verb_convert,
    &cpl_verb_run,
    &cpl_verb_check,
    &cpl_verb_inspect,
    &cpl_verb_verify,
    &cpl_verb_replay,
    &cpl_verb_describe,
    &cpl_verb_completion,
    &cpl_verb_version,
    &cpl_verb_help,
    NULL,
};

const struct cpl_verb *const *cpl_verbs(void)
{
    return verbs;
}

const struct cpl_verb *cpl_verb_find(const char *name)
{
    for (const struct cpl_verb *const *verb = verbs; *verb; verb++)
        if (!strcmp((*verb)->name, name))
            return *verb;
    return NULL;
}

bool cpl_verb_unknown(const char *word, struct cpl_error *err)
{
    const char *names[sizeof verbs / sizeof *verbs];
    size_t n = 0;
    for (; verbs[n]; n++)
        names[n] = verbs[n]->name;
    names[n] = NULL;
    const char *near = cpl_nearest(word, names);
    if (near)
        return cpl_fail(err, CPL_E_USAGE, "there is no command `%.80s`; did you mean `%s`?", word,
                        near);
    return cpl_fail(err, CPL_E_USAGE, "there is no command `%.80s`; see `cupel help`", word);
}

/* `--help` and `--version` in front are the verbs of that name. */
static const struct cpl_verb *verb_of(const char *word)
{
    if (!strcmp(word, "--help") || !strcmp(word, "-h"))
        return &cpl_verb_help;
    if (!strcmp(word, "--version") || !strcmp(word, "-V"))
        return &cpl_verb_version;
    return cpl_verb_find(word);
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return true;
    return false;
}

static int help_on(const struct cpl_verb *verb)
{
    const char *words[] = {verb->name};
    struct cpl_arguments arguments = {.verb = &cpl_verb_help, .words = words, .n_words = 1};
    return cpl_verb_help.run(&arguments);
}

int cpl_command(int argc, char **argv)
{
    struct cpl_error err = {0};
    struct cpl_arguments arguments;
    if (argc < 2) {
        cpl_verb_help.run(&(struct cpl_arguments){.verb = &cpl_verb_help});
        return cpl_code_exit_status(CPL_E_USAGE);
    }
    const struct cpl_verb *verb = verb_of(argv[1]);
    if (!verb) {
        cpl_verb_unknown(argv[1], &err);
        return cpl_console_fail(NULL, &err);
    }
    if (asks_for_help(argc - 2, argv + 2))
        return help_on(verb);
    struct cpl_console console;
    if (!cpl_arguments_parse(verb, argc - 2, argv + 2, &arguments, &err)) {
        cpl_console_init_words(&console, argc - 2, argv + 2);
        return cpl_console_fail(&console, &err);
    }
    int status = verb->run(&arguments);
    cpl_arguments_release(&arguments);
    return status;
}
