/* Flags that several verbs share, and how flags become settings of a pipeline. */
#pragma once
#include "command/command.h"
#include "config/settings.h"

extern const struct cpl_flag cpl_csv_flags[]; /* --delimiter --header --null … */
extern const struct cpl_flag cpl_run_flags[]; /* --threads --memory-limit --on-reject … --set */

/* All flags that stand for options, then every --set. */
bool cpl_settings_from_flags(struct cpl_settings *settings, const struct cpl_arguments *arguments,
                             struct cpl_error *err) CPL_CHECKED;
