/* From flags to pipelines.
 *
 * A flag with an `option` becomes an override of the configuration, as `--set` gives it: the checks,
 * defaults and texts are the option's own, and precedence (flag > environment > file) is kept in one
 * place. Errors then name the flag that the user wrote. */
#pragma once
#include "command/command.h"
#include "config/pipeline.h"

extern const struct cpl_flag cpl_csv_flags[]; /* --delimiter --header --null … */
extern const struct cpl_flag cpl_run_flags[]; /* --threads --memory-limit --on-reject … --set */

/* Overrides, "section.option=value", in the order in which they were added; later ones win. */
struct cpl_settings {
    struct cpl_arena arena;
    const char **items; /* NULL-terminated */
    const char *
        *flags; /* of the same index: the flag that stands behind it ("--threads"), or NULL */
    size_t n, capacity;
};
void cpl_settings_release(struct cpl_settings *settings);
bool cpl_settings_add(struct cpl_settings *settings, const char *option, const char *value,
                      const char *flag, struct cpl_error *err) CPL_CHECKED;
/* The same with a list of words, whatever is in them. */
bool cpl_settings_add_list(struct cpl_settings *settings, const char *option,
                           const char *const *words, size_t n, const char *flag,
                           struct cpl_error *err) CPL_CHECKED;
/* All flags that stand for options, then every --set. */
bool cpl_settings_from_flags(struct cpl_settings *settings, const struct cpl_arguments *arguments,
                             struct cpl_error *err) CPL_CHECKED;
/* The text of a failed load: "--set limits.threads: …" becomes "--threads: …". */
void cpl_settings_name_flag(const struct cpl_settings *settings, struct cpl_error *err);
/* A configuration of one pipeline, called `name`, from the settings alone. */
bool cpl_settings_load(const struct cpl_settings *settings, const char *name,
                       struct cpl_config *config, struct cpl_error *err) CPL_CHECKED;
