/* What a run would read and write, for people: `cupel check --plan`. */
#pragma once
#include "run/plan.h"

/* Opens the source, writes nothing. */
bool cpl_check_plan(const struct cpl_pipeline *pipeline, unsigned width, bool colour,
                    struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
