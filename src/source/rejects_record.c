#include "source/rejects_record.h"

#include "base/tree.h"
#include "batch/schema_json.h"

#include <string.h>

enum { VERSION = 3, MOST_VALUES = 4 << 20 };

/* ---- writing ---- */

static void put_header(struct cpl_json_writer *json, const struct cpl_rejects_bytes *header,
                       struct cpl_buffer *hex)
{
    static const char digits[] = "0123456789abcdef";
    hex->size = 0;
    if (!cpl_buffer_reserve(hex, 2 * header->size + 1, json->err)) {
        json->failed = true;
        return;
    }
    for (size_t i = 0; i < header->size; i++) {
        hex->data[hex->size++] = (uint8_t)digits[header->data[i] >> 4];
        hex->data[hex->size++] = (uint8_t)digits[header->data[i] & 15];
    }
    cpl_json_bytes(json, NULL, hex->data, hex->size);
}

static void put_headers(struct cpl_json_writer *json, const struct cpl_rejects_record *record)
{
    struct cpl_buffer hex = {0};
    cpl_json_list(json, "headers");
    for (size_t i = 0; i < record->n_headers; i++)
        put_header(json, &record->headers[i], &hex);
    cpl_json_close(json);
    cpl_buffer_release(&hex);
}

static void put_object(struct cpl_json_writer *json, const struct cpl_rejects_from *object)
{
    cpl_json_object(json, NULL);
    cpl_json_string(json, "path", object->path);
    cpl_json_string(json, "charset", object->charset);
    if (object->header == CPL_NO_HEADER)
        cpl_json_raw(json, "header", "null");
    else
        cpl_json_int(json, "header", object->header);
    if (object->dialect != CPL_NO_DIALECT)
        cpl_json_int(json, "dialect", object->dialect);
    cpl_json_uint(json, "rows", object->rows);
    cpl_json_close(json);
}

static void put_dialects(struct cpl_json_writer *json, const struct cpl_rejects_record *record)
{
    cpl_json_list(json, "dialects");
    for (size_t i = 0; i < record->n_dialects; i++)
        cpl_json_raw(json, NULL, record->dialects_json[i]);
    cpl_json_close(json);
}

bool cpl_rejects_record_encode(const struct cpl_rejects_record *record, struct cpl_buffer *out,
                               struct cpl_error *err)
{
    struct cpl_json_writer json;
    cpl_json_begin(&json, out, 0, err);
    cpl_json_object(&json, NULL);
    cpl_json_int(&json, "version", VERSION);
    cpl_json_string(&json, "decoder", record->decoder);
    put_dialects(&json, record);
    cpl_schema_put(&json, "schema", record->schema);
    put_headers(&json, record);
    cpl_json_list(&json, "objects");
    for (size_t i = 0; i < record->n_objects; i++)
        put_object(&json, &record->objects[i]);
    cpl_json_close(&json);
    cpl_json_close(&json);
    return cpl_json_end(&json);
}

/* ---- reading ---- */

struct reading {
    const char *name;
    struct cpl_arena *arena;
    struct cpl_rejects_record *record;
    bool settings_only; /* version 1 */
    struct cpl_error *err;
};

static bool damaged(const struct reading *in)
{
    return cpl_fail(in->err, CPL_E_CORRUPT,
                    "%s: what its footer tells of the run that rejected its rows is damaged",
                    in->name);
}

static const char *text_of(const struct cpl_node *map, const char *key)
{
    const struct cpl_node *node = cpl_tree_get(map, key);
    return node && node->kind == CPL_NODE_SCALAR ? node->text : NULL;
}

static bool count_of(const struct cpl_node *map, const char *key, uint64_t *count)
{
    const char *text = text_of(map, key);
    *count = 0;
    if (!text || !*text)
        return false;
    for (; *text; text++)
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(*count, 10, count) ||
            __builtin_add_overflow(*count, (uint64_t)(*text - '0'), count))
            return false;
    return true;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_header(const struct reading *in, const struct cpl_node *node,
                        struct cpl_rejects_bytes *header)
{
    size_t length = node->kind == CPL_NODE_SCALAR ? strlen(node->text) : 1;
    uint8_t *bytes = length % 2 ? NULL : cpl_arena_alloc(in->arena, length / 2, in->err);
    if (!bytes)
        return length % 2 && damaged(in);
    for (size_t i = 0; i < length; i += 2) {
        int high = digit(node->text[i]), low = digit(node->text[i + 1]);
        if (high < 0 || low < 0)
            return damaged(in);
        bytes[i / 2] = (uint8_t)(high << 4 | low);
    }
    *header = (struct cpl_rejects_bytes){.data = bytes, .size = length / 2};
    return true;
}

static const struct cpl_node *list_of(const struct cpl_node *map, const char *key)
{
    const struct cpl_node *node = cpl_tree_get(map, key);
    return node && node->kind == CPL_NODE_LIST ? node : NULL;
}

static bool take_headers(const struct reading *in, const struct cpl_node *top)
{
    struct cpl_rejects_record *record = in->record;
    const struct cpl_node *list = list_of(top, "headers");
    if (!list)
        return damaged(in);
    record->headers = cpl_arena_alloc(in->arena, list->n_children * sizeof *record->headers,
                                      in->err);
    for (const struct cpl_node *item = list->first; record->headers && item; item = item->next)
        if (!take_header(in, item, &record->headers[record->n_headers++]))
            return false;
    return record->headers != NULL;
}

/* The only one, where there is but one for all (version 1). */
static bool take_dialect_of(const struct reading *in, const struct cpl_node *item, int64_t *dialect)
{
    uint64_t index = 0;
    *dialect = in->settings_only && in->record->n_dialects ? 0 : CPL_NO_DIALECT;
    if (!cpl_tree_get(item, "dialect"))
        return true;
    if (!count_of(item, "dialect", &index) || index >= in->record->n_dialects)
        return damaged(in);
    *dialect = (int64_t)index;
    return true;
}

static bool take_object(const struct reading *in, const struct cpl_node *item,
                        struct cpl_rejects_from *object)
{
    const struct cpl_node *header = cpl_tree_get(item, "header");
    uint64_t index = 0;
    *object = (struct cpl_rejects_from){.path = text_of(item, "path"),
                                        .charset = text_of(item, "charset"),
                                        .header = CPL_NO_HEADER};
    if (!take_dialect_of(in, item, &object->dialect))
        return false;
    if (!object->path || !object->charset || !header || !count_of(item, "rows", &object->rows))
        return damaged(in);
    if (header->kind == CPL_NODE_NULL)
        return true;
    if (!count_of(item, "header", &index) || index >= in->record->n_headers)
        return damaged(in);
    object->header = (int64_t)index;
    return true;
}

static bool take_objects(const struct reading *in, const struct cpl_node *top, uint64_t rows)
{
    struct cpl_rejects_record *record = in->record;
    const struct cpl_node *list = list_of(top, "objects");
    uint64_t told = 0;
    if (!list)
        return damaged(in);
    record->objects = cpl_arena_alloc(in->arena, list->n_children * sizeof *record->objects,
                                      in->err);
    for (const struct cpl_node *item = list->first; record->objects && item; item = item->next) {
        struct cpl_rejects_from *object = &record->objects[record->n_objects++];
        if (!take_object(in, item, object))
            return false;
        if (__builtin_add_overflow(told, object->rows, &told))
            return damaged(in);
    }
    return record->objects && (told == rows || damaged(in));
}

/* A list of texts, as cpl_option_set takes it: `["a", "b"]`. */
static const char *list_text(const struct reading *in, const struct cpl_node *list)
{
    struct cpl_buffer text = {0};
    struct cpl_json_writer json;
    cpl_json_begin(&json, &text, 0, in->err);
    cpl_json_list(&json, NULL);
    for (const struct cpl_node *item = list->first; item; item = item->next)
        if (item->kind == CPL_NODE_SCALAR)
            cpl_json_string(&json, NULL, item->text);
    cpl_json_close(&json);
    const char *kept = cpl_json_end(&json) ? cpl_arena_strndup(in->arena, (const char *)text.data,
                                                               text.size, in->err)
                                           : NULL;
    cpl_buffer_release(&text);
    return kept;
}

static bool take_setting(const struct reading *in, const struct cpl_node *item,
                         struct cpl_pairs *pairs)
{
    const struct cpl_node *value = cpl_tree_get(item, "value");
    struct cpl_pair pair = {.key = item->key};
    value = value ? value : item;
    if (value->kind == CPL_NODE_MAP)
        return true;
    if (value->kind == CPL_NODE_SCALAR)
        pair.value = value->text;
    else if (value->kind == CPL_NODE_LIST && !(pair.value = list_text(in, value)))
        return false;
    pairs->items[pairs->n++] = pair;
    return true;
}

/* Settings stand as `"name": value` or `"name": {"value": …, …}`; null is a value, too: none. */
static bool take_dialect(const struct reading *in, const struct cpl_node *map,
                         struct cpl_pairs *pairs)
{
    if (map->kind != CPL_NODE_MAP)
        return damaged(in);
    pairs->items = cpl_arena_alloc(in->arena, map->n_children * sizeof *pairs->items, in->err);
    for (const struct cpl_node *item = map->first; pairs->items && item; item = item->next)
        if (!take_setting(in, item, pairs))
            return false;
    return pairs->items != NULL;
}

static bool take_dialects(const struct reading *in, const struct cpl_node *top)
{
    struct cpl_rejects_record *record = in->record;
    const struct cpl_node *list = list_of(top, "dialects"), *only = cpl_tree_get(top, "settings");
    if (!in->settings_only && !list)
        return damaged(in);
    size_t n = in->settings_only ? only != NULL : list->n_children;
    record->dialects = cpl_arena_alloc(in->arena, n * sizeof *record->dialects, in->err);
    const struct cpl_node *item = in->settings_only ? only : list->first;
    while (record->dialects && record->n_dialects < n) {
        struct cpl_pairs *dialect = &record->dialects[record->n_dialects++];
        *dialect = (struct cpl_pairs){0};
        if (!take_dialect(in, item, dialect))
            return false;
        item = item->next;
    }
    return record->dialects != NULL;
}

bool cpl_rejects_record_parse(const void *text, size_t size, const char *name, uint64_t rows,
                              struct cpl_arena *arena, struct cpl_rejects_record *record,
                              struct cpl_schema **schema, struct cpl_error *err)
{
    struct reading in = {.name = name, .arena = arena, .record = record, .err = err};
    struct cpl_error why = {0};
    uint64_t version = 0;
    *record = (struct cpl_rejects_record){0};
    *schema = NULL;
    const struct cpl_node *top = cpl_tree_parse_json(text, size, name, MOST_VALUES, arena, &why);
    if (!top)
        return why.code == CPL_E_MEMORY || why.code == CPL_E_LIMIT ? cpl_fail_with(err, &why)
                                                                   : damaged(&in);
    if (count_of(top, "version", &version) && version > VERSION)
        return cpl_fail(err, CPL_E_UNSUPPORTED,
                        "%s was written by a later version of this program; use that one", name);
    in.settings_only = version == 1;
    record->header_may_be_cut = version < 3;
    record->decoder = text_of(top, "decoder");
    if (!version || !record->decoder)
        return damaged(&in);
    if (!take_dialects(&in, top) || !take_headers(&in, top) || !take_objects(&in, top, rows))
        return false;
    *schema = cpl_schema_take(list_of(top, "schema"), err);
    record->schema = *schema;
    return *schema != NULL;
}
