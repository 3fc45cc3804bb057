/* Replay: a reject file as the input of a run, so that its rows end a second time, and once.
 *
 * The decoder of the repaired pipeline needs what stood before the rows: for CSV, the header. The reject file itself remembers it, with the
 * dialect and the types of the run that wrote it (source/rejects_record.h); neither that run's receipt nor the objects need be there.
 *
 * The attempt then moves a lane of the reject file's own, and its record names the file as replayed
 * (source/rejects.h says what that means for the books). */
#pragma once
#include "run/commit.h"
#include "run/input.h"
#include "source/rejects.h"

/* `format`: source.format of the repaired pipeline. Sets the frames of `source`, and
 * `recorded` to what is known of the runs that rejected the rows (borrowed from `source`). Each part has the dialect of its rows: the
 * repaired pipeline's own words go before it, but what it leaves open is not to be guessed from bad rows. Types neither: they start where
 * those runs' ended. */
bool cpl_replay_prepare(const char *path, const char *format, struct cpl_rejects_source *source,
                        struct cpl_recorded *recorded, struct cpl_error *err) CPL_CHECKED;
void cpl_recorded_release(struct cpl_recorded *recorded);
/* A type that a column has elsewhere, where the sample asks for no more than it; else what holds both. Declared and nested columns are left alone. */
void cpl_replay_start_from(const struct cpl_type *type, bool decimals, struct cpl_field *field,
                           struct cpl_column_plan *column);
/* Inferred columns take at least the types that they have in the files of the runs that rejected the rows. */
void cpl_replay_types(const struct cpl_recorded *recorded, bool decimals, struct cpl_schema *schema,
                      struct cpl_column_plan *columns);
/* Give `settings` what the user has not set, from the dialect of the input's rows, and the way to them. Nothing for what is no replay. */
bool cpl_replay_settings(const struct cpl_option *table, const struct cpl_input *input,
                         struct cpl_arena *arena, void *settings,
                         struct cpl_error *err) CPL_CHECKED;
/* The attempt (NULL: none) takes on every reject file among the inputs. CONFLICT when one was replayed before. */
bool cpl_replay_join(struct cpl_attempt *attempt, struct cpl_storage *storage, const char *dataset,
                     const struct cpl_inputs *inputs, struct cpl_error *err) CPL_CHECKED;
/* Every row of a reject file must end as one row again: were it read otherwise, rows would be forgotten or
 * doubled. */
bool cpl_replay_check(const struct cpl_inputs *inputs, const struct cpl_account *account,
                      struct cpl_error *err) CPL_CHECKED;
