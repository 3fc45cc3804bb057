/* Overrides of a configuration, gathered one by one, and a pipeline made of them alone.
 *
 * What a command line or a program says becomes overrides as `--set` gives them: checks, defaults and texts are the
 * options' own, and precedence (flag > environment > file) is kept in one place. An override may carry the name
 * by which its user knows it ("--threads"); errors then say that.
 * Threads: settings belong to one thread. */
#pragma once
#include "config/pipeline.h"

/* "section.option=value", in the order in which they were added; later ones win. */
struct cpl_settings {
    struct cpl_arena arena;
    const char **items; /* NULL-terminated; NULL when there are none */
    const char **flags; /* of the same index: the user's name for it, or NULL */
    size_t n, capacity;
};
void cpl_settings_release(struct cpl_settings *settings);
/* The value is taken as it is: a `$` in it begins no interpolation. `flag` (may be NULL) is borrowed. */
bool cpl_settings_add(struct cpl_settings *settings, const char *option, const char *value,
                      const char *flag, struct cpl_error *err) CPL_CHECKED;
/* The same with a list of words, whatever is in them. */
bool cpl_settings_add_list(struct cpl_settings *settings, const char *option,
                           const char *const *words, size_t n, const char *flag,
                           struct cpl_error *err) CPL_CHECKED;
/* The same with what JSON in `json` says. */
bool cpl_settings_add_json(struct cpl_settings *settings, const char *option,
                           struct cpl_buffer *json, const char *flag,
                           struct cpl_error *err) CPL_CHECKED;
/* "section.option=value" as its user wrote it: interpolated, borrowed. */
bool cpl_settings_add_written(struct cpl_settings *settings, const char *item, const char *flag,
                              struct cpl_error *err) CPL_CHECKED;
/* The text of a failed load: "--set limits.threads: …" becomes "--threads: …". */
void cpl_settings_name_flag(const struct cpl_settings *settings, struct cpl_error *err);
/* A configuration of one pipeline, called `name`, from the settings alone. */
bool cpl_settings_load(const struct cpl_settings *settings, const char *name,
                       struct cpl_config *config, struct cpl_error *err) CPL_CHECKED;
