/* From a name to a number: open addressing over XXH3-64, for the log's lanes and files.
 *
 * Names are borrowed and must outlive the index. Reserving is apart from adding, so that a caller
 * can make sure beforehand that nothing can fail halfway through. Threads: one at a time. */
#pragma once
#include "base/memory.h"

struct cpl_name_slot {
    const char *name; /* NULL = free */
    size_t value;
};
struct cpl_name_index {
    struct cpl_name_slot *slots;
    size_t capacity, n; /* capacity: a power of two, or 0 */
};
void cpl_name_index_release(struct cpl_name_index *index);
bool cpl_name_index_reserve(struct cpl_name_index *index, size_t extra,
                            struct cpl_error *err) CPL_CHECKED;
/* NULL when absent. */
size_t *cpl_name_index_find(const struct cpl_name_index *index, const char *name);
/* Room must have been reserved. Adding a name that is there replaces its value. */
void cpl_name_index_add(struct cpl_name_index *index, const char *name, size_t value);
