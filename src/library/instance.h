/* An instance of the library, as the files of library/ share it. */
#pragma once
#include "base/memory.h"
#include "cupel.h"
#include "run/run.h"

struct cupel {
    _Atomic unsigned references; /* the user's, and one a stream */
    _Atomic bool stop;
    cupel_callbacks callbacks;
    struct cpl_pairs settings; /* owned texts; in the order set */
    size_t capacity;
    char *result; /* JSON of the last run, or NULL */
};
void cpl_instance_release(struct cupel *instance);
/* Give an engine's error out; returns false. */
bool cpl_library_fail(const struct cpl_error *why, cupel_error *err);
/* Is the argument there? Else USAGE, "cupel_read: path is NULL". */
bool cpl_library_given(const void *argument, const char *function, const char *name,
                       cupel_error *err);

struct cpl_settings;
/* The instance's options into `settings`. */
bool cpl_instance_settings(const struct cupel *instance, struct cpl_settings *settings,
                           struct cpl_error *err) CPL_CHECKED;
