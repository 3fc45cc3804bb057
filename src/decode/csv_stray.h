/* Columns that are text because of a few of their values: a footer's "Total", a word for null, a date of another kind.
 *
 * Threads: none of its own; all state is the caller's. */
#pragma once
#include "decode/csv.h"

enum { CPL_CSV_FAMILIES = 8, CPL_CSV_MOST_STRAYS = 16, CPL_CSV_STRAY_TEXT = 64 };

/* Of a column: how many of the sample's values are numbers, dates, texts and so on. */
struct cpl_csv_families {
    uint32_t counts[CPL_CSV_FAMILIES];
};

/* A column that nearly all values would have as another type, and the first of those that are not of it. */
struct cpl_csv_stray {
    uint32_t column, family;
    struct cpl_text_facts facts; /* of the values of this family */
    bool found, code;            /* code: the first is 007 or so, and text is what the column is */
    uint64_t line, position;     /* newlines and bytes before its row in the sample */
    size_t sample;
    char value[CPL_CSV_STRAY_TEXT];
};

void cpl_csv_count_family(struct cpl_csv_families *families, enum cpl_text_class class);
/* The columns to look at again; returns their number, CPL_CSV_MOST_STRAYS at most. */
uint32_t cpl_csv_choose_strays(const struct cpl_text_facts *facts,
                               const struct cpl_csv_families *families, uint32_t n,
                               struct cpl_csv_stray *strays);
/* True when the value is the stray that stands first: line and position are then the caller's to set. */
bool cpl_csv_note_stray(struct cpl_csv_stray *stray, struct cpl_text_facts facts,
                        const uint8_t *text, uint32_t length, size_t sample);
/* For the column's plan; the value is kept in the arena. */
bool cpl_csv_keep_stray(const struct cpl_csv_stray *stray, bool decimals, struct cpl_arena *arena,
                        struct cpl_stray *kept, struct cpl_error *err) CPL_CHECKED;
