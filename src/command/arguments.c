/* Words and flags of a command line: --name value, --name=value, -n value, `--` ends the flags,
 * -abc is -a -b -c where these take no value; `-` alone is a word (standard input or output). Flags and words may stand in any order. */
#include "base/tree.h"
#include "command/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FLAGS = 128, MOST_LETTERS = 64 };

static const struct cpl_flag *next_flag(const struct cpl_verb *verb, size_t *group, size_t *row)
{
    while (*group < CPL_MOST_GROUPS && verb->groups[*group].flags) {
        const struct cpl_flag *flag = &verb->groups[*group].flags[(*row)++];
        if (flag->name)
            return flag;
        (*group)++;
        *row = 0;
    }
    return NULL;
}

static const struct cpl_flag *find_flag(const struct cpl_verb *verb, const char *name,
                                        size_t length)
{
    size_t group = 0, row = 0;
    for (const struct cpl_flag *flag; (flag = next_flag(verb, &group, &row));)
        if (strlen(flag->name) == length && !memcmp(flag->name, name, length))
            return flag;
    return NULL;
}

static const struct cpl_flag *find_letter(const struct cpl_verb *verb, char letter)
{
    size_t group = 0, row = 0;
    for (const struct cpl_flag *flag; (flag = next_flag(verb, &group, &row));)
        if (flag->letter == letter)
            return flag;
    return NULL;
}

static bool unknown_flag(const struct cpl_verb *verb, const char *word, struct cpl_error *err)
{
    const char *names[MOST_FLAGS + 1];
    size_t n = 0, group = 0, row = 0;
    for (const struct cpl_flag *flag; n < MOST_FLAGS && (flag = next_flag(verb, &group, &row));)
        names[n++] = flag->name;
    names[n] = NULL;
    char name[80] = "";
    strncat(name, word + strspn(word, "-"), sizeof name - 1);
    name[strcspn(name, "=")] = 0;
    const char *near = cpl_nearest(name, names);
    int length = (int)strcspn(word, "="); /* a value may be a secret */
    length = length > 80 ? 80 : length;
    if (near)
        return cpl_fail(err, CPL_E_USAGE, "`cupel %s` has no flag `%.*s`; did you mean `--%s`?",
                        verb->name, length, word, near);
    return cpl_fail(err, CPL_E_USAGE, "`cupel %s` has no flag `%.*s`; see `cupel help %s`",
                    verb->name, length, word, verb->name);
}

/* Is `value` one of "a|b|c"? */
static bool is_one_of(const char *values, const char *value)
{
    size_t length = strlen(value);
    for (const char *at = values; *at; at += *at == '|') {
        size_t n = strcspn(at, "|");
        if (n == length && !memcmp(at, value, n))
            return true;
        at += n;
    }
    return false;
}

static bool check_value(const struct cpl_flag *flag, const char *value, struct cpl_error *err)
{
    if (!flag->values || is_one_of(flag->values, value))
        return true;
    return cpl_fail(err, CPL_E_USAGE, "--%s is one of %s, not `%.80s`", flag->name, flag->values,
                    value);
}

static bool note(struct cpl_arguments *arguments, const struct cpl_flag *flag, const char *value,
                 struct cpl_error *err)
{
    for (size_t i = 0; !flag->repeated && i < arguments->n_given; i++)
        if (arguments->given[i].flag == flag)
            return cpl_fail(err, CPL_E_USAGE, "--%s is given twice", flag->name);
    arguments->given[arguments->n_given++] = (struct cpl_given){.flag = flag, .value = value};
    return !value || check_value(flag, value, err);
}

/* All but the last of `-abc`: flags without a value. *word moves to the last, or to one that takes a value. */
static bool take_letters(struct cpl_arguments *arguments, const char **word, struct cpl_error *err)
{
    for (++*word; (*word)[1]; ++*word) {
        const struct cpl_flag *flag = find_letter(arguments->verb, **word);
        if (!flag || flag->argument || flag->repeated)
            return true;
        if (!note(arguments, flag, NULL, err))
            return false;
    }
    return true;
}

/* The flag at argv[*at]; *at moves past a value that stands apart. */
static bool take_flag(struct cpl_arguments *arguments, int argc, char **argv, int *at,
                      struct cpl_error *err)
{
    const char *word = argv[*at], *value = NULL;
    const struct cpl_flag *flag;
    if (word[1] == '-') {
        size_t length = strcspn(word + 2, "=");
        flag = find_flag(arguments->verb, word + 2, length);
        value = word[2 + length] ? word + 3 + length : NULL;
    } else {
        const char *letter = word;
        if (!take_letters(arguments, &letter, err))
            return false;
        flag = find_letter(arguments->verb, *letter);
        value = letter[1] ? letter + 1 : NULL;
    }
    if (!flag)
        return unknown_flag(arguments->verb, word, err);
    if (!flag->argument && value)
        return cpl_fail(err, CPL_E_USAGE, "--%s takes no value", flag->name);
    if (flag->optional)
        return note(arguments, flag, value, err);
    if (flag->argument && !value && *at + 1 >= argc)
        return cpl_fail(err, CPL_E_USAGE, "--%s needs a value: --%s %s", flag->name, flag->name,
                        flag->argument);
    if (flag->argument && !value)
        value = argv[++*at];
    return note(arguments, flag, value, err);
}

static bool check_words(const struct cpl_arguments *arguments, struct cpl_error *err)
{
    const struct cpl_verb *verb = arguments->verb;
    size_t n = arguments->n_words;
    if (n < (size_t)verb->min_words)
        return cpl_fail(err, CPL_E_USAGE, "too little is said: cupel %s %s", verb->name,
                        verb->usage);
    if (verb->max_words >= 0 && n > (size_t)verb->max_words)
        return cpl_fail(err, CPL_E_USAGE, "`%.80s` is one word too many: cupel %s %s",
                        arguments->words[verb->max_words], verb->name, verb->usage);
    return true;
}

bool cpl_arguments_parse(const struct cpl_verb *verb, int argc, char **argv,
                         struct cpl_arguments *arguments, struct cpl_error *err)
{
    bool ok, flags_ended = false;
    *arguments = (struct cpl_arguments){.verb = verb};
    arguments->given = cpl_alloc_zero((size_t)argc + MOST_LETTERS, sizeof *arguments->given, err);
    arguments->words = cpl_alloc_zero((size_t)argc + 1, sizeof *arguments->words, err);
    ok = arguments->given && arguments->words;
    for (int i = 0; ok && i < argc; i++) {
        if (!flags_ended && !strcmp(argv[i], "--"))
            flags_ended = true;
        else if (!flags_ended && argv[i][0] == '-' && argv[i][1])
            ok = take_flag(arguments, argc, argv, &i, err);
        else
            arguments->words[arguments->n_words++] = argv[i];
    }
    if (ok && check_words(arguments, err))
        return true;
    cpl_arguments_release(arguments);
    return false;
}

void cpl_arguments_release(struct cpl_arguments *arguments)
{
    cpl_free(arguments->given);
    cpl_free(arguments->words);
    *arguments = (struct cpl_arguments){.verb = NULL};
}

bool cpl_flag_given(const struct cpl_arguments *arguments, const char *name)
{
    for (size_t i = 0; i < arguments->n_given; i++)
        if (!strcmp(arguments->given[i].flag->name, name))
            return true;
    return false;
}

const char *cpl_flag_value(const struct cpl_arguments *arguments, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < arguments->n_given; i++)
        if (!strcmp(arguments->given[i].flag->name, name))
            value = arguments->given[i].value;
    return value;
}

bool cpl_flag_number(const struct cpl_arguments *arguments, const char *name, uint64_t least,
                     uint64_t fallback, uint64_t *number, struct cpl_error *err)
{
    char *end;
    const char *text = cpl_flag_value(arguments, name);
    *number = fallback;
    if (!text)
        return true;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || value < least)
        return cpl_fail(err, CPL_E_USAGE, "--%s is a whole number of at least %llu, not `%.80s`",
                        name, (unsigned long long)least, text);
    *number = value;
    return true;
}
