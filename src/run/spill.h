/* Standard input, readable more than once: its bytes go to an unlinked temporary file as they are read.
 *
 * The head that was sampled is kept in memory; the rest is read straight through. While `keep` is set what is read is copied to
 * the spill ($TMPDIR or /tmp), up to a limit or until the disk is full: from then on nothing is kept, and what was
 * is given back. Threads: one stream at a time. */
#pragma once
#include "decode/stream.h"
#include <stdatomic.h>

struct cpl_spill;
/* `stop` (may be NULL): when it becomes true, a read that waits for input ends with INTERRUPTED. */
struct cpl_spill *cpl_spill_new(int fd, uint64_t limit, _Atomic bool *stop,
                                struct cpl_error *err) CPL_CHECKED;
void cpl_spill_free(struct cpl_spill *spill);
/* The first bytes (up to `size`), without consuming them; short only at the end. Borrowed. */
bool cpl_spill_head(struct cpl_spill *spill, size_t size, const uint8_t **data, size_t *got,
                    struct cpl_error *err) CPL_CHECKED;
/* How many first bytes are in memory. */
size_t cpl_spill_head_size(const struct cpl_spill *spill);
/* All bytes from the start. keep: copy what is newly read, so that it can be opened once more. */
struct cpl_stream *cpl_spill_stream(struct cpl_spill *spill, bool keep,
                                    struct cpl_error *err) CPL_CHECKED;
/* Has everything that was read been kept? Else there is no second stream. */
bool cpl_spill_whole(const struct cpl_spill *spill);
