/* Repair: working a recorded run again, because files that it had staged have gone.
 *
 *   record ──▶ its plan ──configuration, inputs──▶ plan and work as that run did ──▶ the same files? ──▶ staged anew
 *
 * Sound by its end, not by its way: a file is taken only when it has the size and checksum that the record tells of. So nothing rests on whether an
 * input was changed in secret, or whether this program plans as the one that crashed did; that only decides whether a file is repaired or
 * lost. Work is deterministic (same inputs and configuration, same bytes, whatever the threads), the plan keeps the configuration, and the record keeps
 * what a receipt says besides, so that all files of a run can be had again.
 *
 * Not repaired, and so lost: what came from standard input; what an input made that has gone or changed; what needs a secret of the
 * configuration, which no plan keeps. Failing for reasons that may pass (no space, no permission, a signal) declares nothing lost: the run
 * that recovers fails, and the next one tries again. */
#pragma once
#include "run/recover.h"

/* A cpl_recover_hooks.repair; `context` is the struct run_state of the run that recovers. */
bool cpl_repair(void *context, struct cpl_log *log, const struct cpl_log_record *record,
                const struct cpl_missing *missing, size_t n, const char *staging_dir,
                struct cpl_staged *staged, struct cpl_error *err) CPL_CHECKED;
