/* Column names from a header: valid UTF-8, bounded, none empty, no two the same.
 *
 * A header may be a million fields wide and all of them called the same, so names are looked up in a hash
 * table, and each name remembers the next suffix to try. */
#pragma once
#include "base/memory.h"

/* `text` as a name: bytes that are no UTF-8, and NUL, become U+FFFD; blanks around it are removed; at most 4 KiB
 * of it are kept. NULL when there is no memory. */
const char *cpl_csv_name(struct cpl_arena *arena, const char *text, size_t length,
                         struct cpl_error *err);

/* The first column of a name keeps it. Those of the same name behind it get `_2`, `_3` …, and empty names become `columnN`: the first
 * of these that no column of the header is called. */
bool cpl_csv_names_unique(struct cpl_arena *arena, const char **names, uint32_t n,
                          struct cpl_error *err) CPL_CHECKED;
