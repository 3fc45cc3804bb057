/* A stored JSON object whose last member is the hash of all bytes before that member, so that it proves itself.
 *
 * Records of the log and receipts end so, each in its own spacing. Threads: any. */
#pragma once
#include "run/log_record.h"

struct cpl_seal {
    const char *head, *end; /* before the hash and behind it, in literals */
};
/* "xxh3:" and 32 digits */
enum { CPL_SEAL_HASH = CPL_HASH_TEXT - 3 };

/* Behind an object that begins at `from` and lacks its closing brace. */
bool cpl_seal_append(const struct cpl_seal *seal, struct cpl_buffer *out, size_t from,
                     char hash[CPL_HASH_TEXT], struct cpl_error *err) CPL_CHECKED;
/* Does the text end with the hash of what stands before it? `hash` is what its bytes have. */
bool cpl_seal_proves(const struct cpl_seal *seal, const char *text, size_t size,
                     char hash[CPL_HASH_TEXT]);
