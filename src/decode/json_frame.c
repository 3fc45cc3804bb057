#include "decode/json_frame.h"
#include <stdlib.h>

/* ---- the path ---- */

/* JSON Pointer (RFC 6901 §4): ~1 is '/', ~0 is '~'. */
static size_t take_part(const char **rows, char separator, char *part)
{
    size_t length = 0;
    const char *at = *rows;
    for (; *at && *at != separator; at++) {
        bool escape = separator == '/' && *at == '~' && (at[1] == '0' || at[1] == '1');
        at += escape;
        part[length++] = !escape ? *at : *at == '1' ? '/' : '~';
    }
    *rows = *at ? at + 1 : NULL;
    part[length] = 0;
    return length;
}

bool json_frame_init(struct json_frame *frame, bool array, const char *rows,
                     struct cpl_arena *arena, struct cpl_error *err)
{
    *frame = (struct json_frame){.array = array};
    if (!rows || !*rows)
        return true;
    char separator = *rows == '/' ? '/' : '.';
    size_t most = strlen(rows) + 1;
    frame->path = cpl_arena_alloc(arena, most * sizeof *frame->path, err);
    frame->path_lengths = cpl_arena_alloc(arena, most * sizeof *frame->path_lengths, err);
    frame->kinds = cpl_arena_alloc(arena, most, err);
    frame->key_room = 6 * most; /* a byte may be written as an escape of six */
    frame->key = cpl_arena_alloc(arena, frame->key_room, err);
    if (!frame->path || !frame->path_lengths || !frame->kinds || !frame->key)
        return false;
    for (rows += separator == '/'; rows;) {
        char *part = cpl_arena_alloc(arena, strlen(rows) + 1, err);
        if (!part)
            return false;
        frame->path_lengths[frame->n_path] = take_part(&rows, separator, part);
        frame->path[frame->n_path++] = part;
    }
    return true;
}

/* ---- going in ---- */

/* Is the key [text, end), checked before, the wanted one? */
static bool is_part(const struct json_frame *frame, size_t level, const uint8_t *text,
                    const uint8_t *end)
{
    size_t length = (size_t)(end - text);
    if (length > frame->key_room)
        return false;
    if (memchr(text, '\\', length)) {
        length = json_unescape(text, end, frame->key);
        text = frame->key;
    }
    return length == frame->path_lengths[level] && !memcmp(text, frame->path[level], length);
}

/* From '{' to the value of the wanted member. */
static const uint8_t *enter_object(const struct json_frame *frame, struct json_lex *lex,
                                   size_t level, const uint8_t *p)
{
    bool done, plain, first = true;
    for (p++; (p = json_next(lex, p, '}', first, &done)) && !done; first = false) {
        const uint8_t *key = p;
        p = json_string(lex, p, &plain);
        const uint8_t *at = p ? json_colon(lex, p + 1) : NULL;
        if (!at || is_part(frame, level, key, p))
            return at;
        p = json_skip(lex, at, (uint32_t)level + 1);
        if (!p)
            return NULL;
    }
    return p ? json_fail(lex, JSON_PATH, p - 1, "the document has no member as `rows` asks for")
             : NULL;
}

/* From '[' to the element that the part numbers. */
static const uint8_t *enter_array(const struct json_frame *frame, struct json_lex *lex,
                                  size_t level, const uint8_t *p)
{
    bool done, first = true;
    char *end;
    unsigned long wanted = strtoul(frame->path[level], &end, 10);
    if (*end || end == frame->path[level])
        return json_fail(lex, JSON_PATH, p,
                         "`rows` names a member, but the document has an array there");
    for (p++; (p = json_next(lex, p, ']', first, &done)) && !done; first = false) {
        if (!wanted--)
            return p;
        p = json_skip(lex, p, (uint32_t)level + 1);
        if (!p)
            return NULL;
    }
    return p ? json_fail(lex, JSON_PATH, p - 1, "the document has no element as `rows` asks for")
             : NULL;
}

const uint8_t *json_frame_enter(const struct json_frame *frame, struct json_lex *lex, size_t level,
                                const uint8_t *p)
{
    if (*p == '{')
        return enter_object(frame, lex, level, p);
    if (*p == '[')
        return enter_array(frame, lex, level, p);
    if (p >= lex->end)
        return json_fail(lex, JSON_SYNTAX, p, "the input ends in front of a value");
    return json_fail(lex, JSON_PATH, p,
                     "`rows` leads into a value that is neither object nor array");
}

/* From the start of a document to the value at the path. */
static const uint8_t *enter(const struct json_frame *frame, struct json_lex *lex, const uint8_t *p)
{
    for (size_t level = 0; p && level < frame->n_path; level++) {
        frame->kinds[level] = (char)*p;
        p = json_frame_enter(frame, lex, level, p);
    }
    return p;
}

/* ---- coming out ---- */

/* Over a member or an element at p of a container on the path. *surplus: the member is the path's
 * own once more, and p is at its value. */
static const uint8_t *leave_member(const struct json_frame *frame, struct json_lex *lex,
                                   size_t level, const uint8_t *p, bool *surplus)
{
    const uint8_t *key = p + 1, *at = json_skip(lex, p, (uint32_t)level + 1);
    if (!at || *p != '"' || *json_space(lex, at) != ':')
        return at;
    const uint8_t *value = json_colon(lex, at);
    *surplus = !frame->first_wins && frame->kinds[level] == '{' &&
               is_part(frame, level, key, at - 1);
    return *surplus ? value : json_skip(lex, value, (uint32_t)level + 1);
}

/* Behind the container that the path entered at some level: its further members, and its bracket.
 */
static const uint8_t *leave_level(const struct json_frame *frame, struct json_lex *lex,
                                  size_t level, const uint8_t *p, bool *surplus)
{
    while (p && !*surplus) {
        p = json_space(lex, p);
        if (*p == '}' || *p == ']')
            return p + 1;
        if (*p != ',')
            return json_fail(lex, JSON_SYNTAX, p,
                             "',' or a closing bracket is missing behind the rows");
        p = leave_member(frame, lex, level, json_space(lex, p + 1), surplus);
    }
    return p;
}

/* ---- stepping ---- */

struct step {
    const uint8_t *p;
    const uint8_t *document; /* behind the last document that was left */
    enum json_frame_state state;
    size_t level;                  /* containers on the path that are still open */
    enum json_frame_result result; /* FRAME_ROW also means: go on stepping when `moving` */
    bool moving;
};

/* Before a document. */
static void step_start(const struct json_frame *frame, struct json_lex *lex, struct step *step)
{
    const uint8_t *p = json_document(lex, step->p);
    step->moving = false;
    if (p >= lex->end) {
        step->p = lex->end;
        step->result = FRAME_END;
        return;
    }
    p = enter(frame, lex, p);
    if (p && frame->array && *p == '[') {
        p++;
        step->state = FRAME_FIRST;
        step->moving = true;
    } else if (p && frame->array && !frame->n_path) {
        p = json_fail(lex, JSON_SYNTAX, p, "not an array");
    } else if (p) {
        step->state = FRAME_FOUND;
    }
    step->p = p;
}

/* Behind the rows: out of the containers that the path entered. */
static void step_leave(const struct json_frame *frame, struct json_lex *lex, struct step *step)
{
    bool surplus = false;
    while (step->p && step->level && !surplus) {
        step->p = leave_level(frame, lex, step->level - 1, step->p, &surplus);
        step->level -= step->p && !surplus;
    }
    step->moving = !surplus;
    if (!step->p)
        return;
    step->state = surplus ? FRAME_SURPLUS : FRAME_START;
    step->document = step->p;
}

static void begin_leaving(const struct json_frame *frame, struct step *step)
{
    step->state = FRAME_LEAVING;
    step->level = frame->n_path;
    step->moving = true;
}

/* Can a value begin with this byte? */
static bool begins_value(uint8_t c)
{
    return c && strchr("{[\"-0123456789tfn", c);
}

/* Inside the array of rows. */
static void step_array(const struct json_frame *frame, struct json_lex *lex, struct step *step)
{
    const uint8_t *p = json_space(lex, step->p);
    step->moving = false;
    if (*p == ']' && step->state != FRAME_NEXT) {
        p++;
        begin_leaving(frame, step);
    } else if (step->state == FRAME_BEHIND && *p == ',') {
        p++;
        step->state = FRAME_NEXT;
        step->moving = true;
    } else if (step->state == FRAME_BEHIND && begins_value(*p)) {
        step->state = FRAME_UNSEPARATED;
    } else if (step->state == FRAME_BEHIND || *p == ']') {
        p = json_fail(lex, JSON_SYNTAX, p,
                      "',' or ']' is missing behind a row, or a row behind ','");
    }
    step->p = p;
}

static void step_once(const struct json_frame *frame, struct json_lex *lex, struct step *step)
{
    if (step->state == FRAME_START) {
        step_start(frame, lex, step);
    } else if (step->state == FRAME_FOUND || step->state == FRAME_SURPLUS ||
               step->state == FRAME_UNSEPARATED) {
        step->moving = false;
    } else if (step->state == FRAME_ONLY) {
        begin_leaving(frame, step);
    } else if (step->state == FRAME_LEAVING) {
        step_leave(frame, lex, step);
    } else {
        step_array(frame, lex, step);
    }
}

enum json_frame_result json_frame_advance(struct json_frame *frame, struct json_lex *lex,
                                          bool whole, const uint8_t **p)
{
    struct step step = {.p = *p,
                        .document = *p,
                        .state = frame->state,
                        .level = frame->level,
                        .result = FRAME_ROW,
                        .moving = true};
    while (step.moving && step.p)
        step_once(frame, lex, &step);
    frame->broken = step.state;
    bool cut = step.p ? step.p >= lex->end : lex->where >= lex->end;
    if (cut && !whole)
        return FRAME_NEED;
    bool broken = !step.p || (step.result == FRAME_ROW && cut);
    if (step.p && broken)
        json_fail(lex, JSON_SYNTAX, lex->end, "the input ends before the array of rows is closed");
    if (broken && step.document != *p) { /* what went before was good */
        frame->state = FRAME_START;
        *p = step.document;
    }
    if (broken)
        return FRAME_BROKEN;
    frame->state = step.state;
    frame->level = step.level;
    *p = step.p;
    return step.result;
}

void json_frame_row_done(struct json_frame *frame)
{
    if (frame->state == FRAME_SURPLUS)
        frame->state = FRAME_LEAVING;
    else if (frame->state != FRAME_START)
        frame->state = frame->state == FRAME_FOUND ? FRAME_ONLY : FRAME_BEHIND;
}
