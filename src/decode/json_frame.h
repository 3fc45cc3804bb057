/* Where rows begin: steps over everything that is no row.
 *
 * advance() moves *p from behind a row (or from the start) to the next row's first byte. What it
 * passes is classed by the caller from the state before: bytes before the first row are header,
 * others separators. Nothing is kept between calls but the state, so when bytes run out
 * (FRAME_NEED, *p unchanged) the caller fetches more and calls again.
 * The member that leads to the rows may stand twice in a document. Its second value is given as a
 * FRAME_ROW too, with state FRAME_SURPLUS: it is no row, and the caller's to reject. So is an element
 * that no ',' separates from the one before it, with state FRAME_UNSEPARATED.
 * Threads: a frame belongs to one decoder. Nothing here allocates but init. */
#pragma once
#include "decode/json_lex.h"

enum json_frame_result { FRAME_ROW, FRAME_NEED, FRAME_END, FRAME_BROKEN };
enum json_frame_state {
    FRAME_START,       /* before a document */
    FRAME_FIRST,       /* behind '[' */
    FRAME_BEHIND,      /* behind a row */
    FRAME_NEXT,        /* behind ',' */
    FRAME_FOUND,       /* at a document's only row */
    FRAME_ONLY,        /* behind it */
    FRAME_LEAVING,     /* behind a member of a container on the path, behind the rows */
    FRAME_SURPLUS,     /* at a second value of a member on the path */
    FRAME_UNSEPARATED, /* at an element that no ',' separates from the one before it */
};

struct json_frame {
    bool array;        /* rows are elements of arrays; else each document is a row */
    const char **path; /* keys that lead to the rows */
    size_t *path_lengths;
    size_t n_path;
    bool first_wins; /* a second value is passed over in silence */
    char *kinds;     /* '{' or '[': what the path leads through, as entered */
    uint8_t *key;    /* room for a key without its escapes */
    size_t key_room;
    enum json_frame_state state;
    size_t level;                 /* FRAME_LEAVING, FRAME_SURPLUS: containers to leave */
    enum json_frame_state broken; /* where FRAME_BROKEN was found */
};

/* `rows`: JSON Pointer or dotted path, NULL or "" = the document itself. */
bool json_frame_init(struct json_frame *frame, bool array, const char *rows,
                     struct cpl_arena *arena, struct cpl_error *err) CPL_CHECKED;
/* On FRAME_BROKEN the fault is in lex, and *p is behind what was good before it. `whole`: no bytes follow lex->end. */
enum json_frame_result json_frame_advance(struct json_frame *frame, struct json_lex *lex,
                                          bool whole, const uint8_t **p);
/* From the container at p to the value that the path's part `level` asks for; NULL when it has none (fault PATH) or is no JSON. */
const uint8_t *json_frame_enter(const struct json_frame *frame, struct json_lex *lex, size_t level,
                                const uint8_t *p);
/* The row that advance found is behind us. */
void json_frame_row_done(struct json_frame *frame);
