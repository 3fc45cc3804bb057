/* A plan, read back from where its run stored it, for working it again.
 *
 * It names the inputs as the run saw them, and keeps the configuration (config/kept.c). Types, dialect and splits are functions of these two: planning
 * again finds them again. */
#pragma once
#include "config/pipeline.h"
#include "storage/storage.h"

struct cpl_stored_input {
    const char *path, *etag;
    uint64_t size; /* UINT64_MAX: not known (a pipe) */
    bool part;     /* a further part of a reject file, which stands before it */
};
struct cpl_stored_plan {
    const char *configured_by;
    bool replay;
    struct cpl_stored_input *inputs;
    size_t n_inputs;
    struct cpl_schema
        *types_there;         /* of the dataset's columns, as the run knew them; NULL = none */
    struct cpl_config config; /* one pipeline; none when the configuration was not kept */
    struct cpl_arena arena, tree;
};
/* CORRUPT when the file has not the hash that its record tells of; NOT_FOUND when it has gone. */
bool cpl_stored_plan_read(struct cpl_storage *storage, const char *path, const char *hash,
                          struct cpl_stored_plan *plan, struct cpl_error *err) CPL_CHECKED;
void cpl_stored_plan_release(struct cpl_stored_plan *plan);
