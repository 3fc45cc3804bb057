#include "run/plan_format.h"
#include "base/text.h"
#include "config/components.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NAME_BONUS = 30, SURE_TABLE = 40, LOOKED_AT = 64 << 10, SHOWN = 40 };

static bool ends_with(const char *path, const char *suffix)
{
    size_t n = strlen(path), m = strlen(suffix);
    return n >= m && !strcasecmp(path + n - m, suffix);
}

/* What a name suggests, in favour of what the content says. */
static int name_bonus(const char *path, const char *format)
{
    static const struct {
        const char *suffix, *format;
    } hints[] = {{".csv", "csv"},   {".tsv", "csv"},     {".psv", "csv"},   {".txt", "csv"},
                 {".json", "json"}, {".ndjson", "json"}, {".jsonl", "json"}};
    char name[1024]; /* its end */
    size_t length = strlen(path);
    snprintf(name, sizeof name, "%s",
             length < sizeof name ? path : path + length + 1 - sizeof name);
    static const char *const packed[] = {".gz", ".zst", ".bz2", ".xz", ".lz4"};
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
        if (ends_with(name, packed[i]))
            name[strlen(name) - strlen(packed[i])] = 0;
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (ends_with(name, hints[i].suffix) && !strcmp(hints[i].format, format))
            return NAME_BONUS;
    return 0;
}

/* ---- what is called JSON ---- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind blanks, a byte-order mark, and what RFC 7464 puts before a text. */
static size_t content_start(const struct cpl_sample *head)
{
    size_t at = head->size >= 3 && !memcmp(head->data, "\xEF\xBB\xBF", 3) ? 3 : 0;
    while (at < head->size && (is_blank(head->data[at]) || head->data[at] == 0x1E))
        at++;
    return at;
}

static bool is_bracket(uint8_t c)
{
    return c == '{' || c == '[';
}

/* Does some line begin as a JSON object or array does, or has the first one a bracket at all? callback({"a": 1}) does. */
static bool has_json_line(const struct cpl_sample *head)
{
    size_t size = head->size < LOOKED_AT ? head->size : LOOKED_AT;
    bool begins = true, first = true;
    for (size_t i = 0; i < size; i++) {
        if ((begins || first) && is_bracket(head->data[i]))
            return true;
        first &= head->data[i] != '\n';
        begins = head->data[i] == '\n' || (begins && is_blank(head->data[i]));
    }
    return false;
}

static bool refuse_no_json(const struct cpl_sample *head, size_t start, const char *path,
                           struct cpl_error *err)
{
    char shown[SHOWN + 8];
    size_t length = 0, line = 1;
    for (size_t i = 0; i < start; i++)
        line += head->data[i] == '\n';
    while (start + length < head->size && length < SHOWN && head->data[start + length] != '\n' &&
           head->data[start + length] != '\r')
        length++;
    cpl_text_set(shown, sizeof shown, "%.*s", (int)length, (const char *)head->data + start);
    return cpl_fail(err, CPL_E_UNSUPPORTED,
                    "%s is called JSON, but is none, and no table either: line %zu begins with "
                    "`%s`; remove what stands before the first { or [, or say what it is (--from "
                    "csv, --from json)",
                    path, line, shown);
}

/* ---- which it is ---- */

struct likely {
    const struct cpl_decoder_ops *best;
    int score, table; /* of the best, with what its name adds; of CSV without */
};

static bool judge(const struct cpl_sample *head, bool braced, const char *path,
                  struct likely *likely, struct cpl_error *err)
{
    for (const struct cpl_component *c = cpl_components(); c->name; c++) {
        const struct cpl_decoder_ops *ops = c->kind == CPL_COMPONENT_DECODER ? c->ops : NULL;
        int score = ops ? ops->sniff(head->data, head->size, head->whole) : 0;
        if (score < 0)
            return cpl_fail(err, CPL_E_MEMORY, "%s: no memory to tell its format", path);
        if (ops && !strcmp(c->name, "csv"))
            likely->table = score;
        int bonus = name_bonus(path, c->name);
        if (braced && bonus && !strcmp(c->name, "json"))
            score = 100; /* be it broken: as CSV it would pass for a header */
        score = score ? score + bonus : 0;
        if (ops && (!likely->best || score > likely->score)) {
            likely->score = score;
            likely->best = ops;
        }
    }
    return true;
}

const struct cpl_decoder_ops *cpl_plan_find_decoder(const struct cpl_source_config *source,
                                                    const char *recorded,
                                                    const struct cpl_sample *head, const char *path,
                                                    struct cpl_error *err)
{
    const char *format = source->format && strcmp(source->format, "auto") != 0 ? source->format
                                                                               : recorded;
    const struct cpl_component *said = format ? cpl_component_find(CPL_COMPONENT_DECODER, format)
                                              : NULL;
    struct likely likely = {0};
    if (format && !said)
        cpl_fail(err, CPL_E_CONFIG, "source.format: %s is not known", format);
    if (format)
        return said ? said->ops : NULL;
    size_t start = content_start(head);
    bool filled = start < head->size;
    if (!judge(head, filled && is_bracket(head->data[start]), path, &likely, err))
        return NULL;
    if (filled && name_bonus(path, "json") && strcmp(likely.best->name, "json") != 0 &&
        (likely.table < SURE_TABLE || has_json_line(head))) {
        refuse_no_json(head, start, path, err);
        return NULL;
    }
    if (likely.score > 0 || !head->size)
        return likely.best;
    cpl_fail(err, CPL_E_DATA, "%s: the format is not recognised; say source.format (--from)", path);
    return NULL;
}
