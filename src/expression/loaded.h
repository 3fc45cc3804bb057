/* What comes from libraries that are loaded when an expression asks for them: ICU's case mapping, libcrypto's digests.
 * Threads: loading is guarded, the rest is free. */
#pragma once
#include "base/error.h"
#include <stdint.h>

bool cpl_unicode_load(struct cpl_error *err) CPL_CHECKED;
/* Unicode's simple mapping of each character; needs ICU loaded. Bytes that are no UTF-8 stay. Returns the bytes written, at most
 * length · 3/2 + 4. */
size_t cpl_case_map(const uint8_t *text, size_t length, bool upper, uint8_t *out);

bool cpl_digest_load(struct cpl_error *err) CPL_CHECKED;
/* 16 or 32 bytes. */
void cpl_digest(const uint8_t *data, size_t size, bool md5, uint8_t *out);
