#include "decode/json_layout.h"

#include <string.h>

uint8_t *json_padded(const struct cpl_sample *sample, struct cpl_error *err)
{
    uint8_t *text = cpl_alloc(sample->size + JSON_PADDING, err);
    if (!text)
        return NULL;
    memcpy(text, sample->data, sample->size);
    memset(text + sample->size, 0, JSON_PADDING);
    return text;
}

const uint8_t *json_behind_bom(const uint8_t *p)
{
    return memcmp(p, "\xEF\xBB\xBF", 3) ? p : p + 3;
}

enum { LINES_LOOKED_AT = 16 };

/* Of a text whose first value is not JSON: is its first line a row alone? Then most of the lines
 * behind it are containers, whole and with nothing between them. */
static bool lines_follow(const struct json_lex *lex, const uint8_t *p)
{
    struct json_lex line = {.end = lex->end, .max_depth = lex->max_depth, .lines = true};
    unsigned looked = 0, whole = 0;
    while (looked < LINES_LOOKED_AT && (p = memchr(p, '\n', (size_t)(lex->end - p)))) {
        const uint8_t *start = json_document(&line, ++p), *end;
        if (*start == '\n' || start >= lex->end)
            continue;
        looked++;
        end = *start == '{' || *start == '[' ? json_skip(&line, start, 0) : NULL;
        end = end ? json_space(&line, end) : NULL;
        whole += end && (*end == '\n' || end >= lex->end);
    }
    return 2 * whole > looked;
}

/* Is `p` an object that ends with its line? Behind a '[' that is an element, and only the comma is missing. */
static bool ends_with_line(const struct json_lex *lex, const uint8_t *p)
{
    struct json_lex line = {.end = lex->end, .max_depth = lex->max_depth, .lines = true};
    const uint8_t *end = *p == '{' ? json_skip(&line, p, 0) : NULL;
    return end && *json_space(&line, end) == '\n';
}

/* Of '[' …: rows if the elements are objects; else perhaps each line is one row. */
static enum json_layout array_or_lines(struct json_lex *lex, const uint8_t *p)
{
    const uint8_t *inside = json_space(lex, p + 1), *end = json_skip(lex, p, 0);
    const uint8_t *newline = memchr(p, '\n', (size_t)((end ? end : lex->end) - p));
    if (!end && newline && newline >= inside && !ends_with_line(lex, inside) &&
        lines_follow(lex, p))
        return JSON_LINES;
    if (!end || *inside == '{' || newline)
        return JSON_ARRAY;
    end = json_space(lex, end);
    return end < lex->end && *end == '[' ? JSON_LINES : JSON_ARRAY;
}

/* Of anything else: one document a line, or not. A first document that the sample cuts off is a
 * line unless a newline stands in it. */
static enum json_layout lines_or_documents(struct json_lex *lex, const uint8_t *p)
{
    const uint8_t *end = json_skip(lex, p, 0), *stop = end ? end : lex->where;
    bool cut = !end && stop >= lex->end, newline = memchr(p, '\n', (size_t)(stop - p));
    if (!end && !cut) /* a bad first line, or a bad first document */
        return newline && !lines_follow(lex, p) ? JSON_DOCUMENTS : JSON_LINES;
    if (newline)
        return JSON_DOCUMENTS;
    while (*stop == ' ' || *stop == '\t' || *stop == '\r')
        stop++;
    return stop >= lex->end || *stop == '\n' ? JSON_LINES : JSON_DOCUMENTS;
}

enum json_layout json_detect_layout(const struct cpl_json_settings *settings, struct json_lex *lex,
                                    const uint8_t *p)
{
    if (settings->rows && *settings->rows)
        return JSON_ARRAY;
    const uint8_t *start = json_space(lex, p);
    if (*start == 0x1E)
        return JSON_DOCUMENTS; /* a text sequence (RFC 7464): they may run over lines */
    p = start;
    return *p == '[' ? array_or_lines(lex, p) : lines_or_documents(lex, p);
}

/* ---- further objects ---- */

static bool layout_of(const struct cpl_json_settings *settings, const struct cpl_sample *head,
                      enum json_layout *layout, struct cpl_error *err)
{
    uint8_t *text = json_padded(head, err);
    if (!text)
        return false;
    struct json_lex lex = {.end = text + head->size, .max_depth = JSON_DEPTH_MAX};
    *layout = json_detect_layout(settings, &lex, json_behind_bom(text));
    cpl_free(text);
    return true;
}

/* Only the way to the rows is an object's own: what makes the columns is the same for all. */
bool json_for_object(const void *erased, const void *said, const struct cpl_sample *head,
                     const struct cpl_schema *schema, bool closed, void **own,
                     struct cpl_error *err)
{
    const struct cpl_json_settings *first = erased, *alone = said ? said : first;
    enum json_layout layout = (enum json_layout)alone->layout;
    bool look = said ? layout == JSON_AUTO : first->layout_found;
    (void)schema;
    (void)closed;
    *own = NULL;
    if (look && !layout_of(first, head, &layout, err))
        return false;
    if ((int)layout == first->layout)
        return true;
    struct cpl_json_settings *settings = cpl_alloc(sizeof *settings, err);
    if (!settings)
        return false;
    *settings = *first;
    settings->arena = (struct cpl_arena){0};
    settings->layout = (int)layout;
    *own = settings;
    return true;
}
