#include "run/log_state.h"

#include <string.h>

static const char STAGING_PREFIX[] = "_cupel/staging/";

void cpl_log_state_release(struct cpl_log_state *state)
{
    for (size_t i = 0; i < state->n_records; i++) {
        cpl_log_record_release(state->records[i]);
        cpl_free(state->records[i]);
    }
    cpl_free(state->records);
    cpl_free(state->files);
    cpl_free(state->lanes);
    cpl_name_index_release(&state->file_index);
    cpl_name_index_release(&state->lane_index);
    *state = (struct cpl_log_state){.last_receipt = ""};
}

bool cpl_relative_path_valid(const char *path)
{
    if (strlen(path) >= CPL_LOG_PATH_MAX / 2)
        return false;
    for (;;) {
        size_t length = strcspn(path, "/");
        if (!length || length > 255 || (length == 1 && path[0] == '.') ||
            (length == 2 && path[0] == '.' && path[1] == '.'))
            return false;
        if (!path[length])
            return true;
        path += length + 1;
    }
}

/* ---- admit ---- */

static bool refuse(const struct cpl_log_record *record, struct cpl_error *err, const char *text,
                   const char *name)
{
    return cpl_fail(err, CPL_E_CORRUPT, "record %llu of the log %s: %s",
                    (unsigned long long)record->seq, text, name);
}

static bool admit_place(const struct cpl_log_state *state, const struct cpl_log_record *record,
                        struct cpl_error *err)
{
    const char *previous = state->n_records ? state->records[state->n_records - 1]->hash : "";
    if (record->seq != state->n_records + 1)
        return cpl_fail(err, CPL_E_CORRUPT, "record %zu of the log says that it is number %llu",
                        state->n_records + 1, (unsigned long long)record->seq);
    if (strcmp(record->previous, previous) != 0)
        return refuse(record, err, "does not follow the record before it, whose hash is", previous);
    bool refers = record->kind == CPL_RECORD_REPAIR || record->kind == CPL_RECORD_LOST;
    if (refers != (record->about != 0) || record->about >= record->seq)
        return refuse(record, err, "refers to no earlier record",
                      cpl_record_kind_name(record->kind));
    return true;
}

static bool admit_lanes(const struct cpl_log_state *state, const struct cpl_log_record *record,
                        struct cpl_error *err)
{
    for (size_t i = 0; i < record->n_lanes; i++) {
        const struct cpl_lane_step *step = &record->lanes[i];
        const size_t *at = cpl_name_index_find(&state->lane_index, step->lane);
        if (step->from != (at ? state->lanes[*at].next : 0) || step->next <= step->from)
            return refuse(record, err, "leaves a hole in, or doubles, lane", step->lane);
        for (size_t j = 0; j < i; j++)
            if (!strcmp(record->lanes[j].lane, step->lane))
                return refuse(record, err, "moves a lane twice", step->lane);
    }
    return true;
}

static bool admit_file(const struct cpl_log_state *state, const struct cpl_log_record *record,
                       const struct cpl_file_entry *file, struct cpl_error *err)
{
    if (!cpl_relative_path_valid(file->path) || !cpl_relative_path_valid(file->token) ||
        strncmp(file->token, STAGING_PREFIX, sizeof STAGING_PREFIX - 1) != 0 ||
        !strncmp(file->path, STAGING_PREFIX, sizeof STAGING_PREFIX - 1))
        return refuse(record, err, "names a path that it may not", file->path);
    const size_t *at = cpl_name_index_find(&state->file_index, file->path);
    if (record->kind == CPL_RECORD_COMMIT)
        return !at || refuse(record, err, "adds a file whose name was used before", file->path);
    if (record->kind != CPL_RECORD_REPAIR)
        return refuse(record, err, "adds a file though its kind may not", file->path);
    if (!at || state->files[*at].seq != record->about || state->files[*at].lost_by)
        return refuse(record, err, "repairs a file that is not of the record it names", file->path);
    const struct cpl_file_entry *known = &state->files[*at].entry;
    return (known->rows == file->rows && known->size == file->size &&
            !strcmp(known->checksum, file->checksum)) ||
           refuse(record, err, "repairs a file with other bytes", file->path);
}

static bool admit_added(const struct cpl_log_state *state, const struct cpl_log_record *record,
                        struct cpl_error *err)
{
    struct cpl_name_index seen = {0};
    bool ok = cpl_name_index_reserve(&seen, record->n_added, err);
    for (size_t i = 0; ok && i < record->n_added; i++) {
        const char *path = record->added[i].path;
        ok = admit_file(state, record, &record->added[i], err);
        if (ok && cpl_name_index_find(&seen, path))
            ok = refuse(record, err, "adds a file twice", path);
        if (ok)
            cpl_name_index_add(&seen, path, i);
    }
    cpl_name_index_release(&seen);
    return ok;
}

static bool admit_paths(const struct cpl_log_state *state, const struct cpl_log_record *record,
                        struct cpl_error *err)
{
    for (size_t i = 0; i < record->n_removed; i++) {
        const size_t *at = cpl_name_index_find(&state->file_index, record->removed[i]);
        const struct cpl_log_file *file = at ? &state->files[*at] : NULL;
        if (!file || file->removed_by || file->lost_by)
            return refuse(record, err, "removes a file that is not there", record->removed[i]);
        if (record->kind == CPL_RECORD_LOST && file->seq != record->about)
            return refuse(record, err, "declares a file of another record lost",
                          record->removed[i]);
    }
    for (size_t i = 0; i < record->n_replayed; i++) {
        const size_t *at = cpl_name_index_find(&state->file_index, record->replayed[i]);
        const struct cpl_log_file *file = at ? &state->files[*at] : NULL;
        if (!file || file->entry.role != CPL_FILE_REJECTS || file->replayed_by)
            return refuse(record, err, "replays what are no outstanding rejects",
                          record->replayed[i]);
    }
    return true;
}

static bool reserve(void **items, size_t *capacity, size_t n, size_t extra, size_t item_size,
                    struct cpl_error *err)
{
    if (*capacity - n >= extra)
        return true;
    size_t wanted = n + extra > 2 * *capacity ? n + extra : 2 * *capacity;
    void *grown = cpl_realloc(*items, wanted * item_size, err);
    if (!grown)
        return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

static bool reserve_room(struct cpl_log_state *state, const struct cpl_log_record *record,
                         struct cpl_error *err)
{
    return reserve((void **)&state->records, &state->records_capacity, state->n_records, 1,
                   sizeof *state->records, err) &&
           reserve((void **)&state->files, &state->files_capacity, state->n_files, record->n_added,
                   sizeof *state->files, err) &&
           reserve((void **)&state->lanes, &state->lanes_capacity, state->n_lanes, record->n_lanes,
                   sizeof *state->lanes, err) &&
           cpl_name_index_reserve(&state->file_index, record->n_added, err) &&
           cpl_name_index_reserve(&state->lane_index, record->n_lanes, err);
}

bool cpl_log_state_admit(struct cpl_log_state *state, const struct cpl_log_record *record,
                         struct cpl_error *err)
{
    return admit_place(state, record, err) && admit_lanes(state, record, err) &&
           admit_added(state, record, err) && admit_paths(state, record, err) &&
           reserve_room(state, record, err);
}

/* ---- apply ---- */

static void apply_lane(struct cpl_log_state *state, const struct cpl_lane_step *step, uint64_t seq)
{
    const size_t *at = cpl_name_index_find(&state->lane_index, step->lane);
    size_t i = at ? *at : state->n_lanes++;
    state->lanes[i] = (struct cpl_lane_state){.lane = step->lane, .next = step->next, .seq = seq};
    if (!at)
        cpl_name_index_add(&state->lane_index, step->lane, i);
}

static void apply_file(struct cpl_log_state *state, const struct cpl_log_record *record,
                       const struct cpl_file_entry *file)
{
    if (file->role == CPL_FILE_RECEIPT)
        state->last_receipt = file->checksum;
    const size_t *at = cpl_name_index_find(&state->file_index, file->path);
    if (at) {
        state->files[*at].entry = *file;
        return;
    }
    state->files[state->n_files] = (struct cpl_log_file){.entry = *file, .seq = record->seq};
    cpl_name_index_add(&state->file_index, file->path, state->n_files++);
}

static struct cpl_log_file *file_of(struct cpl_log_state *state, const char *path)
{
    return &state->files[*cpl_name_index_find(&state->file_index, path)];
}

void cpl_log_state_apply(struct cpl_log_state *state, struct cpl_log_record *record)
{
    for (size_t i = 0; i < record->n_lanes; i++)
        apply_lane(state, &record->lanes[i], record->seq);
    for (size_t i = 0; i < record->n_added; i++)
        apply_file(state, record, &record->added[i]);
    for (size_t i = 0; i < record->n_removed; i++) {
        struct cpl_log_file *file = file_of(state, record->removed[i]);
        if (record->kind == CPL_RECORD_LOST)
            file->lost_by = record->seq;
        else
            file->removed_by = record->seq;
    }
    for (size_t i = 0; i < record->n_replayed; i++)
        file_of(state, record->replayed[i])->replayed_by = record->seq;
    state->records[state->n_records++] = record;
}
