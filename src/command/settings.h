/* Flags that several verbs share, and how flags become settings of a pipeline. */
#pragma once
#include "command/console.h"
#include "config/settings.h"

extern const struct cpl_flag cpl_csv_flags[]; /* --delimiter --header --null … */
extern const struct cpl_flag cpl_run_flags[]; /* --threads --memory-limit --on-reject … --set */

/* A warning for each variable of the environment that was meant to override an option, but is misspelt. */
void cpl_settings_warn(struct cpl_console *console);
/* All flags that stand for options, then every --set. */
bool cpl_settings_from_flags(struct cpl_settings *settings, const struct cpl_arguments *arguments,
                             struct cpl_error *err) CPL_CHECKED;
