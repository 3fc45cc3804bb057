/* The file behind partition_route.h. */
#include "base/plural.h"
#include "run/partition_route.h"
#include "storage/storage.h"

#include <fcntl.h>
#include <unistd.h>

bool cpl_spill_file_open(struct cpl_spill_file *spill, const char *dir, uint64_t limit,
                         struct cpl_error *err)
{
    *spill = (struct cpl_spill_file){.fd = cpl_scratch_open(dir, err), .limit = limit};
    return spill->fd >= 0;
}

bool cpl_spill_file_put(struct cpl_spill_file *spill, const void *data, size_t size,
                        uint64_t *offset, struct cpl_error *err)
{
    *offset = atomic_fetch_add(&spill->end, size);
    if (*offset + size - atomic_load(&spill->freed) > spill->limit)
        return cpl_fail(err, CPL_E_LIMIT,
                        "partitioning put down more than limits.spill allows (%s); raise "
                        "it, or partition by less",
                        CPL_COUNTED(spill->limit, "byte"));
    return cpl_scratch_put(spill->fd, *offset, data, size, err);
}

bool cpl_spill_file_get(struct cpl_spill_file *spill, uint64_t offset, void *data, size_t size,
                        struct cpl_error *err)
{
    return cpl_scratch_get(spill->fd, offset, data, size, err);
}

void cpl_spill_file_free(struct cpl_spill_file *spill, uint64_t offset, uint64_t size)
{
    if (size && fallocate(spill->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
                          (off_t)size) == 0)
        atomic_fetch_add(&spill->freed, size);
}

void cpl_spill_file_clear(struct cpl_spill_file *spill)
{
    if (spill->fd >= 0 && ftruncate(spill->fd, 0) == 0) {
        atomic_store(&spill->end, 0);
        atomic_store(&spill->freed, 0);
    }
}

void cpl_spill_file_close(struct cpl_spill_file *spill)
{
    if (spill->fd >= 0)
        close(spill->fd);
    spill->fd = -1;
}
