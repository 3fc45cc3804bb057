/* What is no text: formats that are told by their first bytes, and bytes that no text has.
 *
 * A decoder of text makes something of any bytes: of an archive one column and nothing but rejects. So inputs are looked at before
 * any work. Signatures of formats hold always; markup and the share of control characters only where the user has not said what
 * the input is. Threads: any. Nothing here allocates. */
#pragma once
#include "base/memory.h"

enum { CPL_FOREIGN_BYTES = 4096 }; /* of the decompressed object, its start: enough to tell */

struct cpl_foreign {
    const char *what, *advice; /* "a ZIP archive", "unpack it first" */
    bool unknown;              /* told by its bytes' distribution, not by a signature */
};
/* Is it one of the formats that have a signature? Parquet is not among them. */
bool cpl_foreign_signature(const uint8_t *head, size_t size, struct cpl_foreign *found);
/* An HTML or XML page? */
bool cpl_foreign_markup(const uint8_t *head, size_t size, struct cpl_foreign *found);
/* More NULs and control characters than any text has, in any charset of which ASCII is a part? */
bool cpl_foreign_binary(const uint8_t *head, size_t size, struct cpl_foreign *found);
