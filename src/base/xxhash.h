/* xxHash for what is hashed by the megabyte: the library's own choice among the machine's vector instructions,
 * where Debian builds it with one. The values are the same. */
#pragma once
#include <xxhash.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>
#endif
