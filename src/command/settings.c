#include "command/settings.h"
#include "base/tree.h"

#include <stdio.h>
#include <string.h>

const struct cpl_flag cpl_csv_flags[] = {
    {.name = "delimiter",
     .letter = 'd',
     .argument = "CHAR",
     .option = "source.csv.delimiter",
     .summary = "Character between fields: `;`, `tab`, `|` … (detected)."},
    {.name = "header",
     .argument = "WHEN",
     .values = "auto|yes|no",
     .option = "source.csv.header",
     .summary = "Whether the first row names the columns."},
    {.name = "quote",
     .argument = "CHAR",
     .option = "source.csv.quote",
     .summary = "Character around fields; `none`: no quoting."},
    {.name = "null",
     .repeated = true,
     .argument = "WORD",
     .summary = "Unquoted word that means null, besides the empty field. Repeatable."},
    {.name = "skip-lines",
     .argument = "N",
     .option = "source.csv.skip_lines",
     .summary = "Lines to leave out in front (detected)."},
    {.name = "comment",
     .argument = "CHAR",
     .option = "source.csv.comment",
     .summary = "Lines that begin with it are comments."},
    {.name = "decimal-point",
     .argument = "CHAR",
     .option = "source.csv.decimal_point",
     .summary = "Decimal separator of numbers (detected)."},
    {.name = "date-format",
     .argument = "FORMAT",
     .option = "source.csv.date_format",
     .summary = "How dates are written, as for strptime: `%d.%m.%Y`."},
    {.name = "charset",
     .argument = "NAME",
     .option = "source.charset",
     .summary = "Character set of the text: UTF-8, windows-1252 … (detected)."},
    {.name = NULL},
};

const struct cpl_flag cpl_run_flags[] = {
    {.name = "threads",
     .letter = 'j',
     .argument = "N",
     .option = "limits.threads",
     .summary = "Worker threads; default: as many as the machine has."},
    {.name = "memory-limit",
     .argument = "SIZE",
     .option = "limits.memory",
     .summary =
         "What the run may hold in memory; default 224MiB. 32MiB is the least, and does for large "
         "inputs of up to 10 columns; 100 take 41MiB, 1,000 take 66MiB."},
    {.name = "on-type-conflict",
     .argument = "POLICY",
     .values = "widen|reject|fail",
     .option = "schema.on_type_conflict",
     .summary =
         "A value does not fit its column's inferred type: widen the column, reject the row, "
         "or fail."},
    {.name = "on-reject",
     .argument = "POLICY",
     .summary =
         "Rejected rows: `keep` them aside, `fail` at the first, or N or N%: fail when there "
         "are more."},
    {.name = "set",
     .repeated = true,
     .argument = "SECTION.OPTION=VALUE",
     .summary = "Any option of a pipeline, as `source.csv.trim=yes` (see `cupel describe`). "
                "Repeatable."},
    {.name = NULL},
};

/* ---- flags that are more than one option's value ---- */

/* All values of a repeated flag, as one list. */
static bool add_repeated(struct cpl_settings *settings, const struct cpl_arguments *arguments,
                         const char *flag, const char *option, struct cpl_error *err)
{
    const char **words = cpl_alloc((arguments->n_given + 1) * sizeof *words, err);
    size_t n = 0;
    if (!words)
        return false;
    for (size_t i = 0; i < arguments->n_given; i++)
        if (!strcmp(arguments->given[i].flag->name, flag))
            words[n++] = arguments->given[i].value;
    char label[40];
    snprintf(label, sizeof label, "--%s", flag);
    const char *kept = cpl_arena_strndup(&settings->arena, label, strlen(label), err);
    bool ok = !n || (kept && cpl_settings_add_list(settings, option, words, n, kept, err));
    cpl_free(words);
    return ok;
}

/* Every `--type column=type` as one map. */
static bool add_types(struct cpl_settings *settings, const struct cpl_arguments *arguments,
                      struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    struct cpl_json_writer json;
    bool ok = true, any = false;
    cpl_json_begin(&json, &text, 0, err);
    cpl_json_object(&json, NULL);
    for (size_t i = 0; ok && i < arguments->n_given; i++) {
        const char *value = arguments->given[i].value;
        if (strcmp(arguments->given[i].flag->name, "type") != 0)
            continue;
        const char *equals = strrchr(value, '=');
        any = true;
        if (!equals || equals == value) {
            ok = cpl_fail(err, CPL_E_USAGE,
                          "--type %.80s: write column=type, as price=decimal(15,2)", value);
            break;
        }
        char *name = cpl_arena_strndup(&settings->arena, value, (size_t)(equals - value), err);
        ok = name != NULL;
        if (ok)
            cpl_json_string(&json, name, equals + 1);
    }
    cpl_json_close(&json);
    ok = ok && cpl_json_end(&json) &&
         (!any || cpl_settings_add_json(settings, "schema.columns", &text, "--type", err));
    cpl_buffer_release(&text);
    return ok;
}

static bool add_flag(struct cpl_settings *settings, const struct cpl_given *given,
                     struct cpl_error *err)
{
    char label[40];
    if (!given->flag->option)
        return true;
    snprintf(label, sizeof label, "--%s", given->flag->name);
    const char *kept = cpl_arena_strndup(&settings->arena, label, strlen(label), err);
    return kept && cpl_settings_add(settings, given->flag->option, given->value, kept, err);
}

bool cpl_settings_from_flags(struct cpl_settings *settings, const struct cpl_arguments *arguments,
                             struct cpl_error *err)
{
    const char *on_reject = cpl_flag_value(arguments, "on-reject");
    bool ok = add_types(settings, arguments, err) &&
              add_repeated(settings, arguments, "null", "source.csv.nulls", err) &&
              (!on_reject ||
               cpl_settings_add(settings, "limits.on_reject", on_reject, "--on-reject", err));
    for (size_t i = 0; ok && i < arguments->n_given; i++)
        ok = add_flag(settings, &arguments->given[i], err);
    for (size_t i = 0; ok && i < arguments->n_given; i++)
        if (!strcmp(arguments->given[i].flag->name, "set"))
            ok = cpl_settings_add_written(settings, arguments->given[i].value, NULL, err);
    return ok;
}

void cpl_settings_warn(struct cpl_console *console)
{
    size_t at = 0;
    struct cpl_arena arena = {0};
    const char *name, *nearest;
    while (cpl_config_stray_variable(&at, &arena, &name, &nearest))
        cpl_console_say(console, "warning", "%.100s sets no option; did you mean %.100s?", name,
                        nearest);
    cpl_arena_release(&arena);
}
