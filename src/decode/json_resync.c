#include "decode/json_resync.h"

enum verdict { GO_ON, STOP_BEHIND, STOP_BEHIND_COMMA, STOP_AT_ROW, STOP_NOWHERE };

struct scan {
    const struct json_alike *alike;
    const uint8_t *start, *p, *end;
    bool whole;    /* nothing follows end */
    bool elements; /* ',' and ']' end a row */
    bool enclosed; /* so does '}' */
    bool path;     /* something encloses the array of rows */
    char open[JSON_DEPTH_MAX];
    uint32_t depth, deeper; /* open containers; those beyond the stack are only counted */
    uint8_t before;         /* last byte that was no white space */
};

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const uint8_t *behind_blanks(const uint8_t *p, const uint8_t *end)
{
    while (p < end && is_blank(*p))
        p++;
    return p;
}

static bool is_one_of(uint8_t c, const char *set)
{
    return c && strchr(set, c);
}

/* ---- containers ---- */

static void push(struct scan *scan, char bracket)
{
    if (scan->depth < JSON_DEPTH_MAX)
        scan->open[scan->depth++] = bracket;
    else
        scan->deeper++;
}

/* Containers that stay open when the innermost one of this kind is closed; -1 = there is none. */
static int64_t depth_below(const struct scan *scan, char bracket)
{
    int64_t depth = scan->depth;
    while (depth-- > 0)
        if (scan->open[depth] == bracket)
            return depth;
    return -1;
}

/* '{' or '['. Where a key is due it begins an element of the innermost array, or a row. */
static enum verdict open_bracket(struct scan *scan)
{
    if (!scan->depth && scan->p > scan->start)
        return STOP_AT_ROW;
    if (scan->before == ',' && scan->depth && !scan->deeper && scan->open[scan->depth - 1] == '{') {
        int64_t below = depth_below(scan, '[');
        if (below < 0)
            return STOP_AT_ROW;
        scan->depth = (uint32_t)below + 1;
    }
    push(scan, (char)*scan->p);
    return GO_ON;
}

/* Is the ']' that no '[' in the row matches the end of the rows, rather than a slip in one? */
static enum verdict end_of_rows(const struct scan *scan)
{
    if (!scan->elements)
        return GO_ON;
    if (!scan->depth)
        return STOP_BEHIND;
    const uint8_t *next = behind_blanks(scan->p + 1, scan->end);
    if (next == scan->end)
        return scan->whole ? STOP_BEHIND : STOP_NOWHERE;
    return is_one_of(*next, scan->path ? ",}]" : "[{") ? STOP_BEHIND : GO_ON;
}

static enum verdict close_bracket(struct scan *scan)
{
    if (scan->deeper) {
        scan->deeper--;
        return GO_ON;
    }
    int64_t below = depth_below(scan, *scan->p == '}' ? '{' : '[');
    if (below < 0)
        return *scan->p == ']'                  ? end_of_rows(scan)
               : scan->enclosed && !scan->depth ? STOP_BEHIND
                                                : GO_ON;
    scan->depth = (uint32_t)below;
    if (scan->depth)
        return GO_ON;
    scan->p++;
    return STOP_BEHIND;
}

/* ---- strings and lines ---- */

/* From behind an opening quote to the closing one, a newline, or the end. */
static const uint8_t *string_end(const uint8_t *p, const uint8_t *end)
{
    for (; p < end && *p != '"' && *p != '\n'; p++)
        if (*p == '\\' && p + 1 < end && p[1] != '\n')
            p++;
    return p;
}

/* Passes the string, or only its quote when the string is none. */
static enum verdict pass_string(struct scan *scan)
{
    const uint8_t *close = string_end(scan->p + 1, scan->end), *next = close;
    if (close < scan->end && *close == '"')
        next = behind_blanks(close + 1, scan->end);
    if (next == scan->end && !scan->whole)
        return STOP_NOWHERE;
    if (close < scan->end && *close == '"' && (next == scan->end || is_one_of(*next, ",:}]")))
        scan->p = close;
    return GO_ON;
}

static enum verdict line_begins(struct scan *scan)
{
    size_t length = scan->alike->length, left = (size_t)(scan->end - scan->p);
    size_t compare = left < length ? left : length;
    if (length && !memcmp(scan->p, scan->alike->text, compare)) {
        if (left < length)
            return scan->whole ? GO_ON : STOP_NOWHERE;
        return STOP_AT_ROW;
    }
    return !scan->elements && !scan->depth && scan->p > scan->start ? STOP_BEHIND : GO_ON;
}

/* ---- the scan ---- */

/* The ',' behind a broken row. Where the row should begin it is all that there is of it. */
static enum verdict comma(struct scan *scan)
{
    if (!scan->elements || scan->depth)
        return GO_ON;
    if (scan->p > scan->start)
        return STOP_BEHIND;
    scan->p++;
    return STOP_BEHIND_COMMA;
}

static enum verdict look(struct scan *scan)
{
    switch (*scan->p) {
    case '"':
        return pass_string(scan);
    case '\n':
        return line_begins(scan);
    case '{':
    case '[':
        return open_bracket(scan);
    case '}':
    case ']':
        return close_bracket(scan);
    case ',':
        return comma(scan);
    case 0x1E: /* RFC 7464: the next text begins, whatever came before */
        return scan->elements || scan->p == scan->start ? GO_ON : STOP_AT_ROW;
    default:
        return GO_ON;
    }
}

static enum verdict run(struct scan *scan)
{
    for (; scan->p < scan->end; scan->p++) {
        enum verdict verdict = look(scan);
        if (verdict != GO_ON)
            return verdict;
        if (!is_blank(*scan->p))
            scan->before = *scan->p;
    }
    return STOP_NOWHERE;
}

/* What stands between two rows is broken: perhaps only a comma is one too many. */
static enum verdict run_between(struct scan *scan)
{
    scan->p = behind_blanks(scan->p, scan->end);
    if (scan->p < scan->end && *scan->p == ',')
        scan->p = behind_blanks(scan->p + 1, scan->end);
    if (scan->p == scan->end)
        return STOP_NOWHERE;
    if (is_one_of(*scan->p, "{[\"-0123456789tfn"))
        return STOP_AT_ROW;
    return run(scan);
}

/* The containers around the rows that p stands in. */
static void open_around(struct scan *scan, const struct json_frame *frame)
{
    bool left = frame->state == FRAME_LEAVING || frame->state == FRAME_SURPLUS;
    size_t levels = left ? frame->level : frame->n_path;
    for (size_t i = 0; i < levels; i++)
        push(scan, frame->kinds[i]);
    if (frame->array && !left && frame->state != FRAME_ONLY && frame->state != FRAME_FOUND)
        push(scan, '[');
}

/* Does the member on the path have no value? Then the rest of its document is broken. */
static bool lacks_value(const struct json_frame *frame, const uint8_t *p)
{
    return ((frame->state == FRAME_FOUND && frame->n_path) || frame->state == FRAME_SURPLUS) &&
           is_one_of(*p, ",}]");
}

const uint8_t *json_resync(struct json_frame *frame, const struct json_lex *lex,
                           const struct json_alike *alike, bool whole, bool in_value,
                           const uint8_t *p)
{
    bool leaving = in_value ? lacks_value(frame, p)
                            : frame->broken == FRAME_LEAVING && frame->state != FRAME_START;
    bool document = frame->state == FRAME_START || (frame->state == FRAME_FOUND && !frame->n_path);
    struct scan scan = {.alike = alike,
                        .start = p,
                        .p = p,
                        .end = lex->end,
                        .whole = whole,
                        .elements = !leaving && !document,
                        .enclosed = !document &&
                                    (frame->state == FRAME_FOUND || frame->state == FRAME_SURPLUS),
                        .path = frame->n_path > 0};
    if (leaving)
        open_around(&scan, frame);
    bool between = !in_value && !leaving && !document;
    enum verdict verdict = between ? run_between(&scan) : run(&scan);
    if (verdict == STOP_NOWHERE)
        return NULL;
    if (leaving || document)
        frame->state = FRAME_START;
    else if (verdict == STOP_AT_ROW)
        frame->state = frame->array ? FRAME_NEXT : FRAME_START;
    else if (verdict == STOP_BEHIND_COMMA)
        frame->state = FRAME_FIRST; /* a row may follow, or the end */
    else if (in_value)
        json_frame_row_done(frame);
    else
        frame->state = FRAME_BEHIND;
    return scan.p;
}
