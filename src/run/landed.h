/* Which run landed a single file, kept in the file itself: there is no log beside it that could tell.
 *
 * A run whose id was given by its caller (never one that was made up, so that the same program and plan give the same bytes) puts JSON
 * under the key `cupel.run` into the footer of its Parquet file:
 *
 *     {"version": 1, "run_id": "R1", "pipeline": "orders", "config_hash": "xxh3:…",
 *      "rows": {"read": 3, "landed": 2, "rejected": 1, "filtered": 0}, "rejected_by_rule": {"ragged": 1}, "first_reject": "…"}
 *
 * The file's rename is the decision, so the id is there exactly when the run has landed. Whoever comes with the same id and
 * configuration does nothing. CSV and JSON files have no place for it. What is read is hostile. */
#pragma once
#include "run/loop.h"

#define CPL_LANDED_KEY "cupel.run"

/* Into the footer of the output's open data file, when all rows are accounted for. */
bool cpl_landed_write(struct cpl_output *output, struct cpl_error *err) CPL_CHECKED;
/* *landed: the single file is this run's; the result tells of it, and nothing is left to do. CONFLICT when another configuration landed it
 * under this id. */
bool cpl_landed_look(struct run_state *run, bool *landed, struct cpl_error *err) CPL_CHECKED;
