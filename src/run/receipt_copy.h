/* The receipt of a dataset once more, at a path that the user names (`--receipt FILE`): for archives, or for the step that comes next.
 *
 * The dataset's own stays where it is, and is what `verify` reads. The copy is written when the run is visible; when that fails,
 * the same run id writes it. */
#pragma once
#include "storage/storage.h"

/* Another file at `to` is replaced if `replace`, else CONFLICT; the same bytes there already are as good as written. */
bool cpl_receipt_copy(struct cpl_storage *storage, const char *from, const char *to, bool replace,
                      struct cpl_error *err) CPL_CHECKED;
