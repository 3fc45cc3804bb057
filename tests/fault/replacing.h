/* For fault tests: a dataset that holds the rows of one run, and a run that replaces them, so that files are added and removed. */
#pragma once
#include "fault.h"

enum { OLD_ROWS = 10, NEW_ROWS = 7 };
static const struct run old_run = {
    .id = "old", .rows = OLD_ROWS, .rejected = 1, .partition = "day=1"};
static const struct run new_run = {
    .id = "new", .rows = NEW_ROWS, .rejected = 2, .partition = "day=2", .mode = CPL_MODE_OVERWRITE};

static inline void prepare(struct bench *bench)
{
    bool prior;
    start_over(bench);
    if (!run_all(bench, &old_run, &prior))
        fail_msg("%s", bench->err.message);
}
