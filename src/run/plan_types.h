/* A plan whose rows come to others takes the types that these have.
 *
 * sink.on_type_change refuse: an inferred column starts with the dataset's type and keeps it; a value that does not fit ends the run
 * before anything is visible, with its line. warn: it starts with what holds both, and may widen. Declared types are the user's word: where they
 * differ, `refuse` says so. New columns, and those that the input lacks, are left as they are.
 * Threads: the plan's. */
#pragma once
#include "run/plan.h"

/* After the schema is settled, and whenever it has widened. Nothing to do without plan->there. */
bool cpl_plan_keep_types(struct cpl_plan *plan, struct cpl_error *err) CPL_CHECKED;
/* The same where rows are transformed or graded: only what lands can be compared then. */
bool cpl_plan_check_types(struct cpl_plan *plan, struct cpl_error *err) CPL_CHECKED;
/* Do the run's rows come to others in files whose types a reader could mistake? */
bool cpl_plan_joins_others(const struct cpl_pipeline *pipeline);
/* Is the column's type kept, so that a value which does not fit it is the run's error? */
bool cpl_plan_keeps(const struct cpl_plan *plan, const char *column);
