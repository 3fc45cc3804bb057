/* From samples to settings, schema and back to a wider schema. */
#include "base/text.h"
#include "base/tree.h"
#include "batch/name_order.h"
#include "decode/json.h"
#include "decode/json_flatten.h"
#include "decode/json_layout.h"
#include "decode/json_resync.h"
#include "decode/json_rows.h"
#include "decode/json_stray.h"
#include "decode/json_walk.h"

static const char document_name[] = JSON_DOCUMENT_COLUMN;
static const char value_name[] = "value";
static const struct json_alike unknown_alike = {.length = 0};

struct json_rules json_rules_of(const struct cpl_json_settings *settings)
{
    return (struct json_rules){.infer_strings = settings->infer_strings,
                               .decimals = settings->decimals,
                               .map_keys = (uint32_t)settings->map_keys,
                               .maps = settings->maps.items,
                               .n_maps = settings->maps.n};
}

int json_document_field(const struct cpl_json_settings *settings, const struct cpl_schema *schema)
{
    return settings->keep_document ? cpl_schema_find(schema, document_name) : -1;
}

/* ---- observing samples ---- */

struct observer {
    struct cpl_json_settings *settings;
    struct json_shaper shaper;
    struct json_shape *shape;
    bool broken;                /* something was no JSON */
    enum json_layout layout;    /* of the sample */
    struct json_strays *strays; /* these are looked for, and nothing else; NULL = not */
    struct cpl_error *err;
};

static bool observe_row(struct observer *observer, struct json_lex *lex, const uint8_t *p)
{
    if (observer->strays) {
        json_look_at_row(observer->strays, lex, p);
        return true;
    }
    return json_shape_observe(&observer->shaper, observer->shape, lex, p, 0, observer->err) != NULL;
}

/* Good lines; a bad one is the decoder's business. A line that the sample cuts off says nothing. */
static bool observe_lines(struct observer *observer, struct json_lex *lex, const uint8_t *p,
                          bool whole)
{
    while (p < lex->end) {
        const uint8_t *newline = memchr(p, '\n', (size_t)(lex->end - p));
        if (!newline && !whole)
            break;
        const uint8_t *start = json_document(lex, p), *end = newline ? newline : lex->end;
        const uint8_t *stop = start < end ? json_skip(lex, start, 0) : NULL;
        bool good = stop && json_space(lex, stop) == end;
        observer->broken |= start < end && !good;
        if (good && !observe_row(observer, lex, start))
            return false;
        p = end + 1;
    }
    return true;
}

/* The row at *p, which goes behind it, or to NULL where the sample ends. A bad one is passed. */
static bool observe_value(struct observer *observer, struct json_lex *lex, struct json_frame *frame,
                          bool whole, const uint8_t **p)
{
    const uint8_t *start = *p, *end = json_skip(lex, start, 0);
    *p = end;
    if (!end) {
        observer->broken = true;
        *p = json_resync(frame, lex, &unknown_alike, whole, true, start);
        return true;
    }
    if (end >= lex->end && !whole) {
        *p = NULL;
        return true;
    }
    bool rejected = frame->state == FRAME_SURPLUS || frame->state == FRAME_UNSEPARATED;
    observer->broken |= frame->state == FRAME_UNSEPARATED;
    if (!rejected && !observe_row(observer, lex, start))
        return false;
    json_frame_row_done(frame);
    return true;
}

static bool observe_framed(struct observer *observer, struct json_lex *lex, const uint8_t *p,
                           bool whole)
{
    struct json_frame frame;
    bool array = observer->layout == JSON_ARRAY;
    if (!json_frame_init(&frame, array, observer->settings->rows, observer->shaper.arena,
                         observer->err))
        return false;
    bool going = true;
    while (going && p) {
        switch (json_frame_advance(&frame, lex, whole, &p)) {
        case FRAME_ROW:
            if (!observe_value(observer, lex, &frame, whole, &p))
                return false;
            break;
        case FRAME_BROKEN:
            observer->broken = true;
            p = frame.state == FRAME_START ? json_space(lex, p) : p;
            p = json_resync(&frame, lex, &unknown_alike, whole, false, p);
            break;
        default:
            going = false;
        }
    }
    return true;
}

static bool observe_text(struct observer *observer, const struct cpl_sample *sample,
                         const uint8_t *text)
{
    struct json_lex lex = {.end = text + sample->size, .max_depth = JSON_DEPTH_MAX};
    const uint8_t *p = sample->at_start ? json_behind_bom(text) : text;
    if (sample->at_start && observer->settings->layout_found)
        observer->layout = json_detect_layout(observer->settings, &lex, p);
    if (observer->layout != JSON_LINES)
        return !sample->at_start || observe_framed(observer, &lex, p, sample->whole);
    lex.lines = true;
    if (!sample->at_start) {
        const uint8_t *newline = memchr(p, '\n', sample->size);
        if (!newline)
            return true;
        p = newline + 1;
    }
    return observe_lines(observer, &lex, p, sample->whole);
}

static bool observe_sample(struct observer *observer, const struct cpl_sample *sample)
{
    uint8_t *text = json_padded(sample, observer->err);
    if (observer->strays)
        observer->strays->text = text;
    bool ok = text && observe_text(observer, sample, text);
    cpl_free(text);
    return ok;
}

/* The first object's layout is the settings'; pieces from its middle have it, too, and stand before other objects' heads. */
static bool observe_samples(struct observer *observer, const struct cpl_sample *samples, size_t n)
{
    struct cpl_json_settings *settings = observer->settings;
    settings->layout_found = settings->layout == JSON_AUTO;
    observer->layout = settings->layout_found ? JSON_LINES : (enum json_layout)settings->layout;
    for (size_t i = 0; i < n; i++) {
        if (!observe_sample(observer, &samples[i]))
            return false;
        if (!i)
            settings->layout = (int)observer->layout;
    }
    if (!n)
        settings->layout = (int)observer->layout;
    return true;
}

/* ---- schema ---- */

/* `longest`: of the names, or of the keys that they come from. */
static bool fail_names(const char *longest, size_t length, const char *advice,
                       struct cpl_error *err)
{
    enum { SHOWN = 40 };
    char shown[SHOWN + 1];
    size_t n = length < SHOWN ? length : SHOWN;
    memcpy(shown, longest, n);
    shown[cpl_text_mend(shown, n)] = 0;
    return cpl_fail(err, CPL_E_LIMIT,
                    "the names of the rows' fields take more than %d MiB in all (the longest, "
                    "`%s%s`, has %zu bytes): %s",
                    JSON_NAMES_MAX >> 20, shown, length > SHOWN ? "…" : "", length, advice);
}

bool json_check_fields(const struct json_shape *rows, struct cpl_error *err)
{
    const struct json_key *longest = NULL;
    if (rows->map)
        return cpl_fail(
            err, CPL_E_LIMIT,
            "rows have more than %d different fields: declare the columns wanted, or set `rows`",
            JSON_MEMBERS_MAX);
    if (!(rows->seen & JSON_SEEN_ANY))
        return true;
    for (uint32_t i = 0; i < rows->keys.n; i++)
        if (!longest || rows->keys.items[i].length > longest->length)
            longest = &rows->keys.items[i];
    return fail_names(longest ? longest->text : "", longest ? longest->length : 0,
                      "choose the columns (schema.select, --columns), or set "
                      "source.json.unknown_fields to ignore",
                      err);
}

struct draft {
    struct json_shaper *shaper;
    const struct cpl_json_settings *settings;
    struct cpl_field *fields;
    struct cpl_column_plan *columns;
    uint32_t n, capacity;
    uint64_t name_bytes; /* of flattened names */
    struct cpl_error *err;
};

static bool draft_field(struct draft *draft, const struct cpl_field *field,
                        struct cpl_column_plan plan)
{
    if (draft->n == draft->capacity) {
        uint32_t capacity = draft->capacity ? draft->capacity * 2 : 16;
        void *fields = cpl_realloc(draft->fields, capacity * sizeof *draft->fields, draft->err);
        if (!fields)
            return false;
        draft->fields = fields;
        void *columns = cpl_realloc(draft->columns, capacity * sizeof *draft->columns, draft->err);
        if (!columns)
            return false;
        draft->columns = columns;
        draft->capacity = capacity;
    }
    draft->fields[draft->n] = *field;
    draft->columns[draft->n++] = plan;
    return true;
}

static int draft_find(const struct draft *draft, const char *name)
{
    for (uint32_t i = 0; i < draft->n; i++)
        if (!strcmp(draft->fields[i].name, name))
            return (int)i;
    return -1;
}

static int draft_find_place(const struct draft *draft, const char *place)
{
    for (uint32_t i = 0; i < draft->n; i++)
        if (!strcmp(json_place_of(&draft->fields[i]), place))
            return (int)i;
    return -1;
}

/* A column as it is called, and where it stands. */
struct called {
    const char *name, *place;
};

/* A column of inferred type. */
static bool draft_inferred(struct draft *draft, struct json_shape *shape,
                           const struct called *called)
{
    bool says = !strcmp(called->name, called->place);
    struct cpl_field field = {.name = called->name,
                              .nullable = true,
                              .field_id = -1,
                              .path = says ? NULL : called->place};
    struct cpl_column_plan plan = {.inferred = true};
    if (shape->seen == JSON_SEEN_NUMBER || shape->seen == (JSON_SEEN_NUMBER | JSON_SEEN_NULL))
        plan.facts = shape->number;
    else if (!(shape->seen & ~(JSON_SEEN_STRING | JSON_SEEN_NULL)))
        plan.facts = shape->string;
    return json_shape_type(draft->shaper, shape, called->name, &field.type, draft->err) &&
           draft_field(draft, &field, plan);
}

static const char *keep_text(struct draft *draft, struct cpl_buffer *text)
{
    return cpl_buffer_text(text, draft->err)
               ? cpl_arena_strndup(draft->shaper->arena, (const char *)text->data, text->size,
                                   draft->err)
               : NULL;
}

static bool call_member(struct draft *draft, const struct called *outer, const char *key,
                        struct called *inner)
{
    const char *separator = draft->settings->flatten ? draft->settings->separator : NULL;
    struct cpl_buffer name = {0}, place = {0};
    if (!separator) {
        *inner = (struct called){key, key};
        return true;
    }
    bool ok = (!outer || (cpl_buffer_append_text(&name, outer->name, draft->err) &&
                          cpl_buffer_append_text(&name, separator, draft->err) &&
                          cpl_buffer_append_text(&place, outer->place, draft->err))) &&
              cpl_buffer_append_text(&name, key, draft->err) &&
              json_flatten_place(&place, key, separator, !outer, draft->err);
    draft->name_bytes += ok ? name.size : 0;
    if (ok && draft->name_bytes > JSON_NAMES_MAX)
        ok = fail_names((const char *)name.data, name.size,
                        "do not flatten (source.json.flatten), or choose the columns", draft->err);
    inner->name = ok ? keep_text(draft, &name) : NULL;
    inner->place = inner->name ? keep_text(draft, &place) : NULL;
    cpl_buffer_release(&name);
    cpl_buffer_release(&place);
    return inner->place != NULL;
}

/* The members of an object as columns, nested ones flattened if asked. `outer` NULL: top level. */
static bool draft_members(struct draft *draft, struct json_shape *shape, const struct called *outer)
{
    for (uint32_t i = 0; i < shape->keys.n; i++) {
        struct json_shape *member = &shape->members[i];
        struct called called;
        bool inner = false;
        if (!call_member(draft, outer, shape->keys.items[i].text, &called))
            return false;
        if (draft->settings->flatten &&
            !json_shape_is_struct(draft->shaper, member, called.name, &inner, draft->err))
            return false;
        if (!(inner ? draft_members(draft, member, &called)
                    : draft_inferred(draft, member, &called)))
            return false;
    }
    return true;
}

static bool fail_places(const struct draft *draft, const struct cpl_field *a,
                        const struct cpl_field *b)
{
    char first[120], second[120];
    const char *separator = draft->settings->separator;
    json_flatten_pointer(json_place_of(a), separator, first, sizeof first);
    json_flatten_pointer(json_place_of(b), separator, second, sizeof second);
    return cpl_fail(draft->err, CPL_E_CONFIG,
                    "source.json.separator: `%s` and `%s` of the input would both be column "
                    "`%.100s`; set a separator that tells them apart, or do not flatten",
                    first, second, a->name);
}

/* Does every flattened column have a name of its own? */
static bool check_names(const struct draft *draft)
{
    struct cpl_name_order order = {0};
    if (!draft->settings->flatten)
        return true;
    bool ok = cpl_name_order_init(&order, draft->fields, sizeof *draft->fields, draft->n,
                                  draft->err);
    for (uint32_t i = 0; ok && i < draft->n; i++) {
        int64_t at = cpl_name_order_find(&order, draft->fields[i].name);
        ok = at == (int64_t)i || fail_places(draft, &draft->fields[at], &draft->fields[i]);
    }
    cpl_name_order_release(&order);
    return ok;
}

static bool draft_rows(struct draft *draft, struct json_shape *shape, bool row_is_value)
{
    if (row_is_value)
        return draft_inferred(draft, shape, &(struct called){value_name, value_name});
    return json_check_fields(shape, draft->err) && draft_members(draft, shape, NULL) &&
           check_names(draft);
}

/* Declared columns that no row of the sample has may have been misspelt. */
static bool draft_nearest(struct draft *draft)
{
    const char **names = cpl_alloc((draft->n + 1) * sizeof *names, draft->err);
    uint32_t n = 0;
    if (!names)
        return false;
    for (uint32_t i = 0; i < draft->n; i++)
        if (draft->columns[i].inferred)
            names[n++] = draft->fields[i].name;
    names[n] = NULL;
    for (uint32_t i = 0; i < draft->n; i++)
        if (draft->columns[i].absent)
            draft->columns[i].nearest = cpl_nearest(draft->fields[i].name, names);
    cpl_free(names);
    return true;
}

/* Behind the separator that ends the name's first key, if that is the key of an object of the sample; else NULL. */
static const char *behind_object(const struct json_shape *shape, const char *name,
                                 const char *separator, const struct json_shape **object)
{
    for (const char *end = name; (end = strstr(end + 1, separator));) {
        int32_t at = json_keys_find(&shape->keys, name, (size_t)(end - name));
        *object = at >= 0 ? &shape->members[at] : NULL;
        if (*object && ((*object)->seen & JSON_SEEN_OBJECT) && !(*object)->map)
            return end + strlen(separator);
    }
    return NULL;
}

static bool is_of_names(const char *separator)
{
    for (; *separator; separator++)
        if (*separator != '_' && *separator != '-')
            return false;
    return true;
}

/* Where a flattened column may stand that no row of the sample has: in the objects that there are; else, where the separator is one that
 * keys hold (`_`), at the top; else as the name says. Widening moves it to where it is found. */
static bool guess_place(struct draft *draft, struct cpl_field *field)
{
    const char *separator = draft->settings->separator, *rest = field->name, *next;
    const struct json_shape *shape = draft->settings->sampled;
    struct cpl_buffer place = {0};
    bool ok = true, first = true;
    field->path = NULL;
    if (!draft->settings->flatten || strchr(field->name, '\\'))
        return true;
    for (; ok && shape && !shape->map && (next = behind_object(shape, rest, separator, &shape));
         rest = next, first = false) {
        size_t length = (size_t)(next - rest) - strlen(separator);
        char *key = cpl_arena_strndup(draft->shaper->arena, rest, length, draft->err);
        ok = key && json_flatten_place(&place, key, separator, first, draft->err);
    }
    if (first && !is_of_names(separator))
        return true;
    ok = ok && json_flatten_place(&place, rest, separator, first, draft->err) &&
         (field->path = keep_text(draft, &place));
    cpl_buffer_release(&place);
    return ok;
}

/* By its name; or, as such columns once were called, by its place. */
static int find_declared(const struct draft *draft, const char *name)
{
    int at = draft_find(draft, name);
    return at >= 0 || !draft->settings->flatten || !strchr(name, '\\')
               ? at
               : draft_find_place(draft, name);
}

static bool draft_absent(struct draft *draft, const struct cpl_field *declared)
{
    struct cpl_field field = *declared;
    return guess_place(draft, &field) &&
           draft_field(draft, &field, (struct cpl_column_plan){.absent = true});
}

/* Declared types hold: in the place of what was inferred under their name, or behind. */
static bool draft_declared(struct draft *draft, const struct cpl_schema *declared)
{
    for (uint32_t i = 0; declared && i < declared->n_fields; i++) {
        int at = find_declared(draft, declared->fields[i].name);
        if (at < 0 && !draft_absent(draft, &declared->fields[i]))
            return false;
        if (at >= 0) {
            const char *place = json_place_of(&draft->fields[at]);
            draft->fields[at] = declared->fields[i];
            draft->fields[at].path = strcmp(place, draft->fields[at].name) ? place : NULL;
            draft->columns[at] = (struct cpl_column_plan){0};
        }
    }
    return !declared || draft_nearest(draft);
}

static bool draft_document(struct draft *draft)
{
    const struct cpl_field field = {
        .name = document_name, .type = {.kind = CPL_JSON}, .field_id = -1};
    int at = draft_find(draft, document_name);
    if (at >= 0 && draft->fields[at].type.kind == CPL_JSON && !draft->columns[at].inferred) {
        draft->columns[at] = (struct cpl_column_plan){0};
        return true;
    }
    if (at >= 0)
        return cpl_fail(
            draft->err, CPL_E_CONFIG,
            "keep_document needs the column name %s, but the rows have a field of that name",
            document_name);
    return draft_field(draft, &field, (struct cpl_column_plan){0});
}

/* Give the draft away as a schema and column plans. */
static bool draft_finish(struct draft *draft, struct cpl_schema **schema,
                         struct cpl_column_plan **columns)
{
    if (!draft->n)
        return cpl_fail(draft->err, CPL_E_DATA,
                        "there is no row to take columns from: declare a schema, or name the right "
                        "format");
    *schema = cpl_schema_new(draft->fields, draft->n, draft->err);
    if (!*schema)
        return false;
    *columns = draft->columns;
    draft->columns = NULL;
    return true;
}

static void draft_release(struct draft *draft)
{
    cpl_free(draft->fields);
    cpl_free(draft->columns);
}

static bool make_schema(struct draft *draft, struct cpl_json_settings *settings,
                        const struct cpl_schema *declared, struct cpl_schema **schema,
                        struct cpl_column_plan **columns)
{
    return draft_rows(draft, settings->sampled, settings->row_is_value) &&
           draft_declared(draft, declared) && (!settings->keep_document || draft_document(draft)) &&
           draft_finish(draft, schema, columns);
}

/* Rows that are no objects, or objects in which no field was ever seen: kept as they are, in one column. */
static bool has_no_fields(const struct json_shape *shape)
{
    return shape->seen && (!(shape->seen & JSON_SEEN_OBJECT) || (!shape->keys.n && !shape->map));
}

/* Is every row that there is to look at broken? They are rejected; a longer sample may hold others. */
static bool all_broken(const struct observer *observer, const struct cpl_sample *first)
{
    return observer->broken && !observer->shape->seen && (first->whole || first->longest);
}

/* ---- strays ---- */

/* Columns at the top of a row that are json, or text, and might be something else. */
static bool choose_candidates(const struct observer *observer, const struct cpl_schema *schema,
                              const struct cpl_column_plan *columns, struct json_strays *strays)
{
    const struct json_shape *shape = observer->shape;
    for (uint32_t i = 0; i < schema->n_fields && strays->n < JSON_MOST_STRAYS; i++) {
        const char *key = schema->fields[i].name;
        enum cpl_kind kind = schema->fields[i].type.kind;
        if (!columns[i].inferred || (kind != CPL_JSON && kind != CPL_STRING))
            continue;
        int32_t at = json_keys_find(&shape->keys, key, strlen(key));
        if (at >= 0 && json_may_have_strays(&shape->members[at]))
            strays->items[strays->n++] = (struct json_candidate){
                .key = key, .length = strlen(key), .column = i};
    }
    return strays->n > 0;
}

static void doubt_numbers(const struct observer *observer, const struct cpl_schema *schema,
                          struct cpl_column_plan *columns)
{
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const char *key = schema->fields[i].name;
        int32_t at = json_keys_find(&observer->shape->keys, key, strlen(key));
        if (at >= 0 && columns[i].inferred && schema->fields[i].type.kind == CPL_JSON &&
            (observer->shape->members[at].seen & ~JSON_SEEN_NULL) == JSON_SEEN_NUMBER)
            columns[i].doubt = "it is json, because no type of numbers gives back all of its "
                               "values as they are written (-0, or too many digits); declare the "
                               "column (--type) to have numbers";
    }
}

static bool find_strays(struct observer *observer, const struct cpl_sample *samples, size_t n,
                        const struct cpl_schema *schema, struct cpl_column_plan *columns)
{
    struct json_strays *strays = cpl_alloc_zero(1, sizeof *strays, observer->err);
    bool ok = strays != NULL;
    if (ok)
        strays->infer_strings = observer->settings->infer_strings;
    if (ok && choose_candidates(observer, schema, columns, strays)) {
        observer->strays = strays;
        for (size_t i = 0; ok && i < n; i++) {
            strays->sample = i;
            ok = observe_sample(observer, &samples[i]);
        }
        observer->strays = NULL;
    }
    for (uint32_t i = 0; ok && i < strays->n; i++)
        ok = json_keep_stray(&strays->items[i], observer->settings->decimals,
                             &observer->settings->arena, &columns[strays->items[i].column].stray,
                             observer->err);
    cpl_free(strays);
    return ok;
}

static bool remark_on(struct observer *observer, const struct cpl_sample *samples, size_t n,
                      const struct cpl_schema *schema, struct cpl_column_plan *columns)
{
    if (observer->settings->row_is_value || observer->shape->map)
        return true;
    doubt_numbers(observer, schema, columns);
    return find_strays(observer, samples, n, schema, columns);
}

bool json_infer(void *erased, const struct cpl_sample *samples, size_t n_samples,
                const struct cpl_schema *declared, bool decimals, struct cpl_schema **schema,
                struct cpl_column_plan **columns, struct cpl_error *err)
{
    struct cpl_json_settings *settings = erased;
    settings->decimals = decimals;
    struct json_rules rules = json_rules_of(settings);
    struct observer observer = {
        .settings = settings,
        .shaper = {.arena = &settings->arena, .rules = &rules, .sample = true},
        .err = err};
    struct draft draft = {.shaper = &observer.shaper, .settings = settings, .err = err};
    observer.shape = cpl_arena_alloc(&settings->arena, sizeof *observer.shape, err);
    if (!observer.shape)
        return false;
    *observer.shape = (struct json_shape){0};
    settings->sampled = observer.shape;
    bool ok = json_rows_exist(settings, samples, n_samples, err) &&
              observe_samples(&observer, samples, n_samples);
    bool unknown = n_samples && all_broken(&observer, &samples[0]);
    settings->row_is_value = !declared && (unknown || has_no_fields(observer.shape));
    ok = ok && make_schema(&draft, settings, declared, schema, columns);
    for (uint32_t i = 0; ok && unknown && i < (*schema)->n_fields; i++)
        (*columns)[i].unknown = true;
    ok = ok && (unknown || remark_on(&observer, samples, n_samples, *schema, *columns));
    draft_release(&draft);
    return ok;
}

/* ---- widening ---- */

/* The shape of the schema's inferred columns, at their places. */
static bool shape_of_schema(struct json_shaper *shaper, const struct cpl_decode_plan *plan,
                            struct json_shape *known, struct json_shape *shape,
                            struct cpl_error *err)
{
    const struct cpl_json_settings *settings = plan->settings;
    const char *separator = settings->flatten ? settings->separator : NULL;
    if (settings->row_is_value)
        return json_shape_of_type(shaper, &plan->schema->fields[0].type, known, shape, err);
    shape->seen = JSON_SEEN_OBJECT;
    for (uint32_t i = 0; i < plan->schema->n_fields; i++) {
        const char *name = json_place_of(&plan->schema->fields[i]);
        if (plan->columns[i].absent) /* nobody knows its place */
            continue;
        char *part = cpl_arena_alloc(shaper->arena, strlen(name) + 1, err);
        struct json_shape *at = shape, *known_at = known;
        for (bool last = !plan->columns[i].inferred; part && at && !last;) {
            size_t length = json_flatten_part(&name, separator, part, &last);
            int32_t found = known_at ? json_keys_find(&known_at->keys, part, length) : JSON_NO_KEY;
            known_at = found >= 0 ? &known_at->members[found] : NULL;
            at->seen |= JSON_SEEN_OBJECT;
            at = json_shape_member(shaper, at, part, length, err);
        }
        if (!part || !at)
            return false;
        if (plan->columns[i].inferred && !plan->columns[i].unknown &&
            !json_shape_of_type(shaper, &plan->schema->fields[i].type, known_at, at, err))
            return false;
    }
    return true;
}

/* May the schema gain this column? Always when it stands for columns that were flattened
 * before. */
static bool may_add(const struct cpl_decode_plan *plan, const struct cpl_field *field)
{
    const struct cpl_json_settings *settings = plan->settings;
    const char *place = json_place_of(field);
    size_t length = strlen(place);
    if (!plan->closed && settings->unknown_fields == JSON_UNKNOWN_ADD)
        return true;
    for (uint32_t i = 0; settings->flatten && i < plan->schema->n_fields; i++) {
        const char *flat = json_place_of(&plan->schema->fields[i]);
        if (!strncmp(flat, place, length) &&
            !strncmp(flat + length, settings->separator, strlen(settings->separator)))
            return true;
    }
    return false;
}

/* The column of `wide` that column i of the plan is now; -1 = none. */
static int find_widened(const struct cpl_decode_plan *plan, uint32_t i, const struct draft *wide)
{
    const struct cpl_field *field = &plan->schema->fields[i];
    int at = plan->columns[i].inferred ? draft_find_place(wide, json_place_of(field)) : -1;
    return at < 0 && plan->columns[i].absent ? draft_find(wide, field->name) : at;
}

/* Columns that the plan has and the needs do not touch stay where they are; new ones go behind. *moved: one that the samples lacked was
 * found elsewhere than was thought. */
static bool draft_known(struct draft *draft, const struct cpl_decode_plan *plan,
                        const struct draft *wide, bool *moved)
{
    for (uint32_t i = 0; i < plan->schema->n_fields; i++) {
        const struct cpl_field *field = &plan->schema->fields[i];
        bool inferred = plan->columns[i].inferred, absent = plan->columns[i].absent;
        int at = find_widened(plan, i, wide);
        if (inferred && at < 0 && !absent)
            continue; /* flattened before, now something else: its new column is among the new ones
                       */
        struct cpl_field kept = at >= 0 && inferred ? wide->fields[at] : *field;
        struct cpl_column_plan column = at >= 0 && inferred ? wide->columns[at] : plan->columns[i];
        if (at >= 0 && absent) {
            *moved |= strcmp(json_place_of(field), json_place_of(&wide->fields[at])) != 0;
            kept.path = json_place_of(&wide->fields[at]);
            column.absent = false;
        }
        kept.name = field->name;
        kept.nullable = field->nullable;
        kept.field_id = field->field_id;
        column.skip = plan->columns[i].skip;
        column.stray = plan->columns[i].stray;
        if (!draft_field(draft, &kept, column))
            return false;
    }
    return true;
}

static bool draft_widened(struct draft *draft, const struct cpl_decode_plan *plan,
                          const struct draft *wide, bool *moved)
{
    if (!draft_known(draft, plan, wide, moved))
        return false;
    for (uint32_t i = 0; i < wide->n; i++) {
        const struct cpl_field *field = &wide->fields[i];
        int at = draft_find(draft, field->name);
        const char *there = at < 0 ? NULL : json_place_of(&draft->fields[at]);
        if (there && draft->settings->flatten && strcmp(there, json_place_of(field)) != 0)
            return fail_places(draft, &draft->fields[at], field);
        if (at < 0 && draft_find_place(draft, json_place_of(field)) < 0 && may_add(plan, field) &&
            !draft_field(draft, field, wide->columns[i]))
            return false;
    }
    return true;
}

static bool join_need(struct json_shaper *shaper, const struct cpl_buffer *bytes,
                      struct json_shape *shape, struct cpl_error *err)
{
    struct cpl_arena arena = {0};
    struct json_shaper loader = {.arena = &arena, .rules = shaper->rules};
    struct json_shape need = {0};
    struct cpl_buffer late, rest = {0};
    bool ok = !bytes->size || (json_split_need(bytes, &late, &rest, err) &&
                               (!rest.size || (json_shape_load(&loader, &rest, &need, err) &&
                                               json_shape_join(shaper, shape, &need, err))));
    cpl_arena_release(&arena);
    return ok;
}

static bool join_needs(struct json_shaper *shaper, const struct cpl_buffer *needs, size_t n,
                       struct json_shape *shape, struct cpl_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!join_need(shaper, &needs[i], shape, err))
            return false;
    return true;
}

/* Strays stay with their split, whose number tells where they stand. */
bool json_join_needs(const struct cpl_decode_plan *plan, struct cpl_buffer *first,
                     struct cpl_buffer *next, struct cpl_error *err)
{
    const struct cpl_json_settings *settings = plan->settings;
    struct json_rules rules = json_rules_of(settings);
    struct cpl_arena arena = {0};
    struct json_shaper shaper = {.arena = &arena, .rules = &rules};
    struct json_shape shape = {0};
    struct cpl_buffer joined = {0}, late, rest;
    bool ok = json_split_need(first, &late, &rest, err) && join_need(&shaper, first, &shape, err) &&
              join_need(&shaper, next, &shape, err) &&
              (settings->row_is_value || json_check_fields(&shape, err)) &&
              cpl_buffer_append(&joined, first->data, first->size - rest.size, err) &&
              json_shape_save(&shape, &joined, err) && json_split_need(next, &late, &rest, err);
    cpl_arena_release(&arena);
    cpl_buffer_release(ok ? first : &joined);
    if (ok) {
        *first = joined;
        next->size -= rest.size;
    }
    return ok;
}

bool json_widen(const struct cpl_decode_plan *plan, const struct cpl_buffer *needs, size_t n,
                struct cpl_schema **schema, struct cpl_column_plan **columns, struct cpl_error *err)
{
    const struct cpl_json_settings *settings = plan->settings;
    struct json_rules rules = json_rules_of(settings);
    struct cpl_arena arena = {0};
    struct json_shaper shaper = {.arena = &arena, .rules = &rules};
    struct json_shape known = {0}, shape = {0};
    struct draft wide = {.shaper = &shaper, .settings = settings, .err = err};
    struct draft draft = wide;
    bool moved = false;
    bool ok = !settings->sampled || json_shape_join(&shaper, &known, settings->sampled, err);
    shaper.name_bytes = 0; /* of what is new */
    ok = ok && shape_of_schema(&shaper, plan, &known, &shape, err) &&
         join_needs(&shaper, needs, n, &shape, err) &&
         draft_rows(&wide, &shape, settings->row_is_value) &&
         draft_widened(&draft, plan, &wide, &moved) && draft_finish(&draft, schema, columns);
    if (ok && !json_keep_late(plan, needs, n, *schema, *columns, err)) {
        cpl_schema_free(*schema);
        cpl_free(*columns);
        *schema = NULL;
        *columns = NULL;
        ok = false;
    }
    if (ok && !moved && cpl_schema_equal(plan->schema, *schema)) {
        ok = cpl_fail(err, CPL_E_INTERNAL,
                      "rows did not fit the schema, but it is no wider with them");
        cpl_schema_free(*schema);
        cpl_free(*columns);
        *schema = NULL;
        *columns = NULL;
    }
    draft_release(&wide);
    draft_release(&draft);
    cpl_arena_release(&arena);
    return ok;
}

/* ---- recognising ---- */

int json_sniff(const uint8_t *head, size_t size, bool whole)
{
    size_t looked = size < 65536 ? size : 65536;
    uint8_t *text = cpl_alloc(looked + JSON_PADDING, NULL);
    if (!text)
        return -1;
    memcpy(text, head, looked);
    memset(text + looked, 0, JSON_PADDING);
    struct json_lex lex = {.end = text + looked, .max_depth = JSON_DEPTH_MAX};
    const uint8_t *p = json_document(&lex, json_behind_bom(text));
    bool container = *p == '{' || *p == '[', scalar = false;
    const uint8_t *end = json_skip(&lex, p, 0);
    bool cut = container && !end && lex.where >= lex.end && (!whole || looked < size);
    if (end && !container) { /* alone on its line, it may be a row */
        lex.lines = true;
        p = json_space(&lex, end);
        scalar = *p == '\n' || (p >= lex.end && whole);
    }
    cpl_free(text);
    return scalar ? 3 : end && container ? 95 : cut ? 80 : container ? 10 : 0;
}
