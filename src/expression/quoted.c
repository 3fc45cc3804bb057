/* Names and texts in quotes. */
#include "expression/quoted.h"

/* The quotes within are doubled. */
static bool put_quoted(struct cpl_buffer *text, char quote, const char *what, struct cpl_error *err)
{
    if (!cpl_buffer_append(text, &quote, 1, err))
        return false;
    for (; *what; what++) {
        size_t n = *what == quote ? 2 : 1;
        const char doubled[2] = {*what, *what};
        if (!cpl_buffer_append(text, doubled, n, err))
            return false;
    }
    return cpl_buffer_append(text, &quote, 1, err);
}

bool cpl_put_column(struct cpl_buffer *text, const char *name, struct cpl_error *err)
{
    return put_quoted(text, '"', name, err);
}

bool cpl_put_text(struct cpl_buffer *text, const char *value, struct cpl_error *err)
{
    return put_quoted(text, '\'', value, err);
}
