/* One stream, several readers: sections of an object that gives its bytes only in order.
 *
 *   inner ──▶ blocks of 1 MiB:  [given up]…[kept: read by some, wanted by others]…[end so far]
 *                                             ▲ reader of section i      ▲ reader of section i + 1
 *
 * A compressed object or a pipe cannot be entered in its middle, but what comes out of it can be worked on at
 * several places at once. There is no thread for reading: who needs bytes that are not there yet reads
 * inner on, up to where it needs them, and the others find them there. An error comes to whoever gets to its place.
 *
 * Blocks are kept until they are given up: by cpl_sections_forget, or as they are read by a reader that was
 * opened as the last one for them. Memory is what lies between that and the furthest reader.
 *
 * A row may run through many sections, from the one in which it begins. The last reader gives up what lies in front of the
 * row as that reader forgets it (cpl_stream_forget), beyond its own section too; a reader that guessed a start in there is
 * lost, and so is one that has guessed itself into such a row: reading fails, and the section must be begun again from
 * where the one before it really ends. So what is kept does not grow with a row's length.
 * Threads: all functions may be called from any thread, but a reader belongs to one, and closing is for when all
 * readers are closed. */
#pragma once
#include "decode/stream.h"

struct cpl_sections;
/* Takes over `inner`, which stands at its beginning. */
struct cpl_sections *cpl_sections_new(struct cpl_stream *inner, struct cpl_error *err) CPL_CHECKED;
void cpl_sections_free(struct cpl_sections *sections);
/* Is there a byte at `offset`? Reads on up to it; false where inner ends or fails in front of it. */
bool cpl_sections_reach(struct cpl_sections *sections, uint64_t offset);
/* The bytes from `from` to the object's end. What it reads in front of `give_up_to` is given up; 0: it only guesses its start, and is
 * lost when it forgets bytes behind `furthest`. */
struct cpl_stream *cpl_sections_open(struct cpl_sections *sections, uint64_t from,
                                     uint64_t give_up_to, uint64_t furthest,
                                     struct cpl_error *err) CPL_CHECKED;
/* Why its last read failed: its bytes are given up, or it went too far by a guess. */
bool cpl_sections_lost(const struct cpl_stream *stream);
/* The same of a reader that was opened already. */
void cpl_sections_give_up(struct cpl_stream *stream, uint64_t give_up_to);
/* Nobody will read in front of `offset` any more. */
void cpl_sections_forget(struct cpl_sections *sections, uint64_t offset);
