#include "run/verify_state.h"

bool cpl_count_rows(struct cpl_storage *storage, const char *path, uint64_t *rows, bool *known,
                    struct cpl_error *err)
{
    (void)storage, (void)path, (void)err;
    *rows = 0;
    *known = false;
    return true;
}
