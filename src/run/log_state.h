/* What a log amounts to: its records folded into lanes and files. Part of log.c, apart from
 * storage.
 *
 * A record is first *admitted* (checked against the state, room reserved) and then *applied*, which
 * cannot fail. So a writer checks its own record before it creates it: nothing is ever written that
 * a reader would refuse. */
#pragma once
#include "run/log.h"
#include "run/name_index.h"

struct cpl_lane_state {
    const char *lane;
    uint64_t next, seq;
};
struct cpl_log_state {
    struct cpl_log_record **records; /* owned; record seq stands at seq-1 */
    size_t n_records, records_capacity;
    struct cpl_log_file *files;
    size_t n_files, files_capacity;
    struct cpl_lane_state *lanes;
    size_t n_lanes, lanes_capacity;
    struct cpl_name_index file_index, lane_index;
    const char *last_receipt; /* "" = none */
};
void cpl_log_state_release(struct cpl_log_state *state);
/* Is `path` relative, without "." or ".." or empty components, and not too long? */
bool cpl_relative_path_valid(const char *path);
bool cpl_log_state_admit(struct cpl_log_state *state, const struct cpl_log_record *record,
                         struct cpl_error *err) CPL_CHECKED;
/* Takes the record. */
void cpl_log_state_apply(struct cpl_log_state *state, struct cpl_log_record *record);
