/* Completion for bash and zsh, from the tables: verbs, flags, the values of flags that have few, and what can be described. */
#include "command/command.h"
#include "config/describe.h"

#include <string.h>

/* ---- bash ---- */

static bool bash_flags(const struct cpl_verb *verb, struct cpl_buffer *out, struct cpl_error *err)
{
    for (int i = 0; i < CPL_MOST_GROUPS && verb->groups[i].flags; i++)
        for (const struct cpl_flag *flag = verb->groups[i].flags; flag->name; flag++)
            if (!cpl_buffer_printf(out, err, "--%s ", flag->name))
                return false;
    return cpl_buffer_append_text(out, "--help", err);
}

/* "a|b|c" as words. */
static bool put_values(struct cpl_buffer *out, const char *values, struct cpl_error *err)
{
    for (; *values; values++)
        if (!cpl_buffer_append(out, *values == '|' ? " " : values, 1, err))
            return false;
    return true;
}

static const char *offered(const struct cpl_flag *flag)
{
    return flag->values ? flag->values : flag->suggested;
}

/* Sections and formats, as `describe` takes them. */
static bool put_described(struct cpl_buffer *out, struct cpl_error *err)
{
    struct cpl_arena arena = {0};
    struct cpl_described_list list;
    bool ok = cpl_described_pipeline(&arena, &list, err);
    for (size_t i = 0, n = 0; ok && i < list.n; i++)
        if (*list.items[i].path)
            ok = cpl_buffer_printf(out, err, "%s%s", n++ ? " " : "", list.items[i].path);
    cpl_arena_release(&arena);
    return ok;
}

/* Values of flags, once a flag and set of values. */
static bool bash_values(const struct cpl_verb *verb, struct cpl_buffer *out, struct cpl_error *err)
{
    for (int i = 0; i < CPL_MOST_GROUPS && verb->groups[i].flags; i++)
        for (const struct cpl_flag *flag = verb->groups[i].flags; flag->name; flag++)
            if (offered(flag) && (!cpl_buffer_printf(out, err, "        %s:--%s) words=\"",
                                                     verb->name, flag->name) ||
                                  !put_values(out, offered(flag), err) ||
                                  !cpl_buffer_append_text(out, "\" ;;\n", err)))
                return false;
    return true;
}

static bool put_verbs(struct cpl_buffer *out, struct cpl_error *err)
{
    for (const struct cpl_verb *const *verb = cpl_verbs(); *verb; verb++)
        if (!cpl_buffer_printf(out, err, "%s%s", verb == cpl_verbs() ? "" : " ", (*verb)->name))
            return false;
    return true;
}

static bool bash(struct cpl_buffer *out, struct cpl_error *err)
{
    bool ok =
        cpl_buffer_append_text(
            out,
            "# bash completion for cupel; printed by `cupel completion bash`.\n"
            "_cupel() {\n"
            "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} "
            "words=\"\"\n"
            "    COMPREPLY=()\n"
            "    # bash takes --flag=value for three words\n"
            "    if [ \"$current\" = = ]; then\n"
            "        current=\"\"\n"
            "    elif [ \"$previous\" = = ]; then\n"
            "        previous=${COMP_WORDS[COMP_CWORD-2]}\n"
            "    fi\n"
            "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
            "        mapfile -t COMPREPLY < <(compgen -W \"",
            err) &&
        put_verbs(out, err) &&
        cpl_buffer_append_text(out,
                               "\" -- \"$current\")\n        return\n    fi\n"
                               "    case ${COMP_WORDS[1]}:$previous in\n",
                               err);
    for (const struct cpl_verb *const *verb = cpl_verbs(); ok && *verb; verb++)
        ok = bash_values(*verb, out, err);
    ok = ok &&
         cpl_buffer_append_text(out, "        help:help|completion:completion) words=\"", err) &&
         put_verbs(out, err) &&
         cpl_buffer_append_text(out, " bash zsh\" ;;\n        describe:describe) words=\"", err) &&
         put_described(out, err) &&
         cpl_buffer_append_text(out,
                                "\" ;;\n    esac\n"
                                "    if [ -z \"$words\" ] && [[ $current == -* ]]; then\n"
                                "        case ${COMP_WORDS[1]} in\n",
                                err);
    for (const struct cpl_verb *const *verb = cpl_verbs(); ok && *verb; verb++)
        ok = cpl_buffer_printf(out, err, "        %s) words=\"", (*verb)->name) &&
             bash_flags(*verb, out, err) && cpl_buffer_append_text(out, "\" ;;\n", err);
    return ok && cpl_buffer_append_text(
                     out,
                     "        esac\n    fi\n"
                     "    [ -z \"$words\" ] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
                     "\"$current\")\n"
                     "}\n"
                     "complete -o default -F _cupel cupel\n",
                     err);
}

/* ---- zsh ---- */

/* Text inside '…[…]': brackets, colons and quotes are escaped. */
static bool zsh_text(struct cpl_buffer *out, const char *text, struct cpl_error *err)
{
    for (; *text; text++) {
        const char *put = *text == '\'' ? "'\\''" : NULL;
        char escaped[3] = {'\\', *text, 0}, plain[2] = {*text, 0};
        if (!put)
            put = strchr("[]:\\", *text) ? escaped : plain;
        if (!cpl_buffer_append_text(out, put, err))
            return false;
    }
    return true;
}

static bool zsh_flag(const struct cpl_flag *flag, struct cpl_buffer *out, struct cpl_error *err)
{
    if (!cpl_buffer_printf(out, err, "                '%s--%s%s[", flag->repeated ? "*" : "",
                           flag->name,
                           flag->optional   ? "=-"
                           : flag->argument ? "="
                                            : "") ||
        !zsh_text(out, flag->summary, err) || !cpl_buffer_append_text(out, "]", err))
        return false;
    if (flag->argument &&
        (!cpl_buffer_append_text(out, flag->optional ? "::" : ":", err) ||
         !zsh_text(out, flag->argument, err) || !cpl_buffer_append_text(out, ":", err)))
        return false;
    if (offered(flag) &&
        (!cpl_buffer_append_text(out, "(", err) || !put_values(out, offered(flag), err) ||
         !cpl_buffer_append_text(out, ")", err)))
        return false;
    bool is_file = flag->argument && !offered(flag) && !strcmp(flag->argument, "FILE");
    return cpl_buffer_printf(out, err, "%s' \\\n", is_file ? "_files" : "");
}

static bool zsh_verb(const struct cpl_verb *verb, struct cpl_buffer *out, struct cpl_error *err)
{
    bool describes = verb == &cpl_verb_describe;
    if (!cpl_buffer_printf(out, err, "        %s)\n            _arguments \\\n", verb->name))
        return false;
    for (int i = 0; i < CPL_MOST_GROUPS && verb->groups[i].flags; i++)
        for (const struct cpl_flag *flag = verb->groups[i].flags; flag->name; flag++)
            if (!zsh_flag(flag, out, err))
                return false;
    if (!cpl_buffer_append_text(out, "                '--help[Say how it is used.]' \\\n", err))
        return false;
    if (!describes)
        return cpl_buffer_append_text(out, "                '*:file:_files' ;;\n", err);
    return cpl_buffer_append_text(out, "                '1:what:(", err) &&
           put_described(out, err) && cpl_buffer_append_text(out, ")' ;;\n", err);
}

static bool zsh(struct cpl_buffer *out, struct cpl_error *err)
{
    bool ok = cpl_buffer_append_text(
        out,
        "#compdef cupel\n# zsh completion for cupel; printed by `cupel completion zsh`.\n"
        "_cupel() {\n    local -a verbs\n    verbs=(\n",
        err);
    for (const struct cpl_verb *const *verb = cpl_verbs(); ok && *verb; verb++)
        ok = cpl_buffer_printf(out, err, "        '%s:", (*verb)->name) &&
             zsh_text(out, (*verb)->summary, err) && cpl_buffer_append_text(out, "'\n", err);
    ok = ok && cpl_buffer_append_text(out,
                                      "    )\n    if (( CURRENT == 2 )); then\n"
                                      "        _describe command verbs\n        return\n    fi\n"
                                      "    local verb=$words[2]\n    shift words\n"
                                      "    (( CURRENT-- ))\n    case $verb in\n",
                                      err);
    for (const struct cpl_verb *const *verb = cpl_verbs(); ok && *verb; verb++)
        ok = zsh_verb(*verb, out, err);
    return ok && cpl_buffer_append_text(out, "    esac\n}\n_cupel \"$@\"\n", err);
}

bool cpl_page_completion(const char *shell, struct cpl_buffer *out, struct cpl_error *err)
{
    if (!strcmp(shell, "bash"))
        return bash(out, err);
    if (!strcmp(shell, "zsh"))
        return zsh(out, err);
    return cpl_fail(err, CPL_E_USAGE, "there is completion for bash and zsh, not for `%.40s`",
                    shell);
}
