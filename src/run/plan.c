#include "run/plan.h"
#include "base/plural.h"
#include "base/text.h"
#include "batch/name_order.h"
#include "batch/schema_json.h"
#include "config/components.h"
#include "run/plan_columns.h"
#include "run/plan_format.h"
#include "run/plan_place.h"
#include "run/plan_types.h"
#include "run/replay.h"

#include <stdio.h>
#include <string.h>

static bool holds_secret(const struct cpl_node *node)
{
    bool secret = node->secret;
    for (const struct cpl_node *child = node->first; child && !secret; child = child->next)
        secret = holds_secret(child);
    return secret;
}

/* Texts that came from the environment or a secret are not told of as given: what a decoder describes is kept in plans, receipts and
 * reject files. */
static void hide_secrets(const struct cpl_option *table, const struct cpl_node *map, void *settings)
{
    for (const struct cpl_node *child = map ? map->first : NULL; child; child = child->next) {
        const struct cpl_option *option = cpl_option_find(table, child->key);
        bool text = option &&
                    (option->type == CPL_OPTION_STRING || option->type == CPL_OPTION_STRINGS);
        if (text && option->set_offset && holds_secret(child))
            *(bool *)((char *)settings + option->set_offset) = false;
    }
}

/* What is set of an input: by the pipeline, and in a replay by what its rows' run recorded. */
static void *read_settings(struct cpl_plan *plan, const struct cpl_input *input,
                           struct cpl_error *err)
{
    const struct cpl_source_config *source = &plan->pipeline->source;
    void *settings = cpl_arena_alloc(&plan->arena, plan->decoder->settings_size, err);
    if (!settings)
        return NULL;
    memset(settings, 0, plan->decoder->settings_size);
    char where[64];
    snprintf(where, sizeof where, "source.%s", plan->decoder->name);
    const struct cpl_option *options = plan->decoder->options;
    if (!cpl_options_parse(options, source->format_options, where, &plan->arena, settings, err) ||
        !cpl_replay_settings(options, input, &plan->arena, settings, err))
        return NULL;
    hide_secrets(options, source->format_options, settings);
    return settings;
}

/* ---- schema ---- */

/* A field begins with its name, so that the first field is the first name. */
_Static_assert(offsetof(struct cpl_field, name) == 0, "name_order reads fields");

static bool order_schema(const struct cpl_schema *schema, struct cpl_name_order *order,
                         struct cpl_error *err)
{
    return cpl_name_order_init(order, schema->fields, sizeof *schema->fields, schema->n_fields,
                               err);
}

/* Keep the columns that are wanted, in their order. */
static bool project(struct cpl_plan *plan, const char *const *wanted, size_t n,
                    struct cpl_error *err)
{
    struct cpl_field *fields = cpl_alloc_zero(n, sizeof *fields, err);
    struct cpl_column_plan *columns = fields ? cpl_alloc_zero(n, sizeof *columns, err) : NULL;
    struct cpl_schema *schema = NULL;
    struct cpl_name_order order = {0};
    bool ok = columns && order_schema(plan->schema, &order, err);
    for (size_t i = 0; ok && i < n; i++) {
        int64_t at = cpl_name_order_find(&order, wanted[i]);
        if (at < 0) {
            ok = cpl_schema_no_column(plan->schema, CPL_NO_COLUMN, wanted[i], err);
            break;
        }
        fields[i] = plan->schema->fields[at];
        columns[i] = plan->columns[at];
    }
    if (ok && (schema = cpl_schema_new(fields, (uint32_t)n, err))) {
        cpl_schema_free(plan->schema);
        cpl_free(plan->columns);
        plan->schema = schema;
        plan->columns = columns;
        columns = NULL;
    }
    cpl_name_order_release(&order);
    cpl_free(columns);
    cpl_free(fields);
    return schema != NULL;
}

static bool check_declared(const struct cpl_plan *plan, const struct cpl_schema *declared,
                           struct cpl_error *err)
{
    struct cpl_name_order order;
    bool ok = order_schema(plan->schema, &order, err);
    for (uint32_t i = 0; ok && i < declared->n_fields; i++)
        ok = cpl_name_order_find(&order, declared->fields[i].name) >= 0 ||
             cpl_schema_no_column(plan->schema, CPL_NO_COLUMN, declared->fields[i].name, err);
    cpl_name_order_release(&order);
    return ok;
}

/* Of a map of columns: these, and of the others what the decoder's settings do not leave out, in the input's order. */
static bool keep_declared(struct cpl_plan *plan, const struct cpl_schema *declared,
                          struct cpl_error *err)
{
    size_t kept = 0, n = plan->schema->n_fields;
    const char **names = cpl_alloc((n + 1) * sizeof *names, err);
    struct cpl_name_order order = {0};
    bool ok = names && order_schema(declared, &order, err);
    for (size_t i = 0; ok && i < n; i++) {
        const char *name = plan->schema->fields[i].name;
        if (cpl_name_order_find(&order, name) >= 0 ||
            !plan->decoder->leaves_out(plan->settings, name))
            names[kept++] = name;
    }
    cpl_name_order_release(&order);
    ok = ok && (kept == n || project(plan, names, kept, err));
    plan->decode.closed = ok && kept < n;
    cpl_free(names);
    return ok;
}

static bool choose_columns(struct cpl_plan *plan, struct cpl_error *err)
{
    const struct cpl_schema_config *config = &plan->pipeline->schema;
    if (config->declared && !check_declared(plan, config->declared, err))
        return false;
    if (config->columns.n) {
        plan->decode.closed = true;
        return project(plan, config->columns.items, config->columns.n, err);
    }
    if (!config->declared)
        return true;
    if (!config->only_declared)
        return plan->decoder->leaves_out ? keep_declared(plan, config->declared, err) : true;
    plan->decode.closed = true;
    size_t n = config->declared->n_fields;
    const char **names = cpl_alloc((n + 1) * sizeof *names, err);
    if (!names)
        return false;
    for (size_t i = 0; i < n; i++)
        names[i] = config->declared->fields[i].name;
    bool ok = project(plan, names, n, err);
    cpl_free(names);
    return ok;
}

/* Declared formats go with their columns, whatever place these have. */
static bool set_formats(struct cpl_plan *plan, struct cpl_error *err)
{
    const struct cpl_schema_config *config = &plan->pipeline->schema;
    struct cpl_name_order order;
    if (!config->declared || !config->formats)
        return true;
    if (!order_schema(plan->schema, &order, err))
        return false;
    for (uint32_t i = 0; i < config->declared->n_fields; i++) {
        int64_t at = config->formats[i]
                         ? cpl_name_order_find(&order, config->declared->fields[i].name)
                         : -1;
        if (at >= 0)
            plan->columns[at].format = config->formats[i];
    }
    cpl_name_order_release(&order);
    return true;
}

/* ---- samples ---- */

enum { MOST_SAMPLES = 12, SPREAD = 4, SPREAD_BYTES = 128 << 10, OTHER_OBJECTS = 6 };

struct samples {
    struct cpl_buffer bytes[MOST_SAMPLES];
    size_t inputs[MOST_SAMPLES];
    uint64_t offsets[MOST_SAMPLES];
    struct cpl_sample items[MOST_SAMPLES];
    size_t n;
};

static bool take_sample(const struct cpl_inputs *inputs, size_t input, uint64_t offset, size_t size,
                        struct samples *s, struct cpl_error *err)
{
    bool whole = false;
    struct cpl_buffer *bytes = &s->bytes[s->n];
    if (!cpl_input_sample(inputs, input, offset, size, bytes, &whole, err))
        return cpl_fail_in(err, inputs->items[input].path);
    s->inputs[s->n] = input;
    s->offsets[s->n] = offset;
    s->items[s->n++] = (struct cpl_sample){
        .data = bytes->data, .size = bytes->size, .at_start = offset == 0, .whole = whole};
    return true;
}

static size_t first_filled(const struct cpl_inputs *inputs)
{
    for (size_t i = 0; i < inputs->n; i++)
        if (inputs->items[i].size)
            return i;
    return 0;
}

/* The head of the first object, pieces from its middle and end, and the heads of some others: the more places are
 * looked at, the rarer a second round. */
static bool take_samples(const struct cpl_plan *plan, size_t head, struct samples *s,
                         struct cpl_error *err)
{
    const struct cpl_inputs *inputs = &plan->inputs;
    size_t first = first_filled(inputs);
    if (!take_sample(inputs, first, 0, head, s, err))
        return false;
    const struct cpl_input *input = &inputs->items[first];
    bool splittable = plan->decoder ? plan->decoder->splittable : true;
    /* where types only propose, more samples save a round; where they decide, a file must not be judged by more than its .gz is */
    bool proposal = plan->pipeline->schema.on_type_conflict == CPL_WIDEN;
    if (splittable && proposal && cpl_input_seekable(input) &&
        input->size > 4 * (uint64_t)CPL_SAMPLE_BYTES) {
        for (uint64_t i = 1; i < SPREAD; i++)
            if (!take_sample(inputs, first, input->size / SPREAD * i, SPREAD_BYTES, s, err))
                return false;
        if (!take_sample(inputs, first, input->size - SPREAD_BYTES, SPREAD_BYTES, s, err))
            return false;
    }
    size_t others = inputs->n - first - 1;
    s->items[0].complete = others <= OTHER_OBJECTS;
    for (size_t k = 0; k < others && k < OTHER_OBJECTS; k++) {
        size_t i = first + 1 + (others > OTHER_OBJECTS ? k * others / OTHER_OBJECTS : k);
        if (inputs->items[i].size && !take_sample(inputs, i, 0, SPREAD_BYTES, s, err))
            return false;
    }
    return true;
}

/* JSON is Unicode (RFC 8259): a guess at a national charset only says that some bytes are broken. */
static bool insist_on_unicode(struct cpl_plan *plan)
{
    bool changed = false;
    for (size_t i = 0; !strcmp(plan->decoder->name, "json") && i < plan->inputs.n; i++) {
        struct cpl_input *input = &plan->inputs.items[i];
        bool guessed = input->charset.certainty == CPL_CHARSET_GUESS &&
                       strncmp(input->charset.name, "UTF-", 4) != 0;
        if (!guessed || strcmp(plan->pipeline->source.charset, "auto") != 0)
            continue;
        snprintf(input->charset.name, sizeof input->charset.name, "UTF-8");
        input->is_utf8 = changed = true;
        input->charset.doubtful = false;
    }
    return changed;
}

static void release_samples(struct samples *samples)
{
    for (size_t i = 0; i < MOST_SAMPLES; i++)
        cpl_buffer_release(&samples->bytes[i]);
    *samples = (struct samples){0};
}

/* ---- columns of which nothing is known ---- */

/* A piece from the middle does not tell its lines, but where it is; in another charset not even that. */
static void place_in_input(const struct cpl_plan *plan, const struct samples *samples,
                           struct cpl_stray *stray)
{
    size_t sample = stray->source;
    if (!stray->value)
        return;
    stray->source = samples->inputs[sample];
    if (!samples->items[sample].at_start) {
        bool known = plan->inputs.items[stray->source].is_utf8 && stray->position != UINT64_MAX;
        stray->line = UINT64_MAX;
        stray->position = known ? stray->position + samples->offsets[sample] : UINT64_MAX;
    }
    stray->placed = true;
}

/* Unless columns widen, the few values of a sample that would make a column text are what they are behind it: conflicts. */
static void hold_strays(struct cpl_plan *plan)
{
    for (uint32_t i = 0; i < plan->schema->n_fields; i++)
        if (plan->pipeline->schema.on_type_conflict != CPL_WIDEN && plan->columns[i].stray.value)
            plan->schema->fields[i].type = plan->columns[i].stray.type;
}

static bool infer(struct cpl_plan *plan, const struct samples *samples,
                  const struct cpl_schema *declared, struct cpl_error *err)
{
    if (!plan->decoder->infer(plan->settings, samples->items, samples->n, declared,
                              plan->pipeline->schema.decimals, &plan->schema, &plan->columns, err))
        return false;
    for (uint32_t i = 0; i < plan->schema->n_fields; i++)
        place_in_input(plan, samples, &plan->columns[i].stray);
    hold_strays(plan);
    return true;
}

static void forget_inferred(struct cpl_plan *plan)
{
    cpl_schema_free(plan->schema);
    cpl_free(plan->columns);
    plan->schema = NULL;
    plan->columns = NULL;
    if (plan->settings && plan->decoder->release_settings)
        plan->decoder->release_settings(plan->settings);
    plan->settings = NULL;
}

/* No row was sound. The columns that the pipeline asks for by name are there nevertheless, so that the run goes as it would
 * without them: all rows are rejected, and the first sound one says what type they have. */
static bool make_up_columns(struct cpl_plan *plan, const struct samples *samples,
                            const struct cpl_input *first, const struct cpl_schema *typed,
                            struct cpl_error *err)
{
    bool failed, ok = false;
    struct cpl_schema *named = cpl_named_columns(&plan->pipeline->schema, typed, &failed, err);
    if (!named)
        return !failed;
    forget_inferred(plan);
    plan->settings = read_settings(plan, first, err);
    ok = plan->settings && infer(plan, samples, named, err);
    for (uint32_t i = 0; ok && i < plan->schema->n_fields; i++)
        if (!typed || cpl_schema_find(typed, plan->schema->fields[i].name) < 0)
            plan->columns[i].inferred = true;
    cpl_schema_free(named);
    return ok;
}

/* From a head of so many bytes. *longer: a longer head may hold what this one cuts (its first row is not whole); `last`: none will be
 * tried. */
static bool resolve_from(struct cpl_plan *plan, size_t head, bool last, bool *longer,
                         struct cpl_error *err)
{
    struct samples samples = {0};
    const struct cpl_pipeline *pipeline = plan->pipeline;
    const struct cpl_input *first = &plan->inputs.items[first_filled(&plan->inputs)];
    const char *path = plan->inputs.n ? first->path : "";
    bool failed = false, ok = false;
    struct cpl_schema *declared = cpl_typed_columns(&pipeline->schema, &failed, err);
    if (failed || !take_samples(plan, head, &samples, err))
        goto out;
    *longer = !samples.items[0].whole;
    plan->decoder = cpl_plan_find_decoder(&pipeline->source, plan->inputs.recorded.decoder,
                                          &samples.items[0], path, err);
    if (!plan->decoder)
        goto out;
    if (insist_on_unicode(plan)) {
        release_samples(&samples);
        if (!take_samples(plan, head, &samples, err))
            goto out;
    }
    if (!(plan->settings = read_settings(plan, first, err)))
        goto out;
    samples.items[0].longest = last;
    if (!infer(plan, &samples, declared, err) ||
        (plan->columns[0].unknown && !make_up_columns(plan, &samples, first, declared, err))) {
        if (!cpl_plan_is_of_source(err)) /* else no file of the input's is to blame */
            cpl_fail_in(err, path);
        goto out;
    }
    if (!cpl_check_column_count(plan->schema, pipeline->limits.max_columns, err)) {
        cpl_fail_in(err, path);
    } else {
        cpl_replay_types(&plan->inputs.recorded, pipeline->schema.decimals, plan->schema,
                         plan->columns);
        ok = choose_columns(plan, err) && cpl_plan_keep_types(plan, err) &&
             cpl_check_column_names(plan->schema, err);
    }
    ok = ok && set_formats(plan, err);
out:
    release_samples(&samples);
    cpl_schema_free(declared);
    return ok;
}

static bool resolve(struct cpl_plan *plan, struct cpl_error *err)
{
    for (size_t head = CPL_SAMPLE_BYTES;; head *= 4) {
        struct cpl_error problem = {0};
        bool longer = false, last = head > plan->pipeline->limits.max_row_bytes;
        if (resolve_from(plan, head, last, &longer, &problem))
            return true;
        if (problem.code != CPL_E_DATA || !longer) {
            *err = problem;
            return false;
        }
        if (last) {
            problem.code = CPL_E_LIMIT; /* the row may end somewhere, but no row may be that long */
            *err = problem;
            return false;
        }
        if (plan->settings && plan->decoder->release_settings)
            plan->decoder->release_settings(plan->settings);
        plan->settings = NULL;
        plan->decoder = NULL;
    }
}

/* ---- splits ---- */

static bool can_split(const struct cpl_plan *plan, size_t i)
{
    const void *own = plan->decode_of[i].settings;
    if (!plan->decoder->splittable)
        return false;
    return !plan->decoder->can_split || plan->decoder->can_split(own ? own : plan->settings);
}

static bool cut_splits(struct cpl_plan *plan, struct cpl_error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->inputs.n; i++)
        n += cpl_input_seekable(&plan->inputs.items[i]) && can_split(plan, i)
                 ? (size_t)(plan->inputs.items[i].size / CPL_SPLIT_BYTES) + 1
                 : 1;
    plan->splits = cpl_alloc_zero(n, sizeof *plan->splits, err);
    if (!plan->splits)
        return false;
    for (size_t i = 0; i < plan->inputs.n; i++) {
        const struct cpl_input *input = &plan->inputs.items[i];
        bool cut = cpl_input_seekable(input) && can_split(plan, i);
        bool sections = !cut && cpl_input_has_sections(input) && can_split(plan, i);
        uint64_t at = 0;
        do {
            bool last = !cut || input->size - at <= CPL_SPLIT_BYTES;
            plan->splits[plan->n_splits++] = (struct cpl_split){.input = (uint32_t)i,
                                                                .from = at,
                                                                .to = last ? UINT64_MAX
                                                                           : at + CPL_SPLIT_BYTES,
                                                                .first = at == 0,
                                                                .last = last,
                                                                .stream = !cut && !sections,
                                                                .sections = sections};
            at += CPL_SPLIT_BYTES;
            if (last)
                break;
        } while (true);
    }
    return true;
}

/* ---- further inputs ---- */

enum { HEADER_BYTES = 1 << 20 };

/* The format that an input looks more like than the first one's; NULL = none. */
static const char *other_format(const struct cpl_plan *plan, const struct cpl_sample *head)
{
    const char *name = NULL;
    int best = plan->decoder->sniff(head->data, head->size, head->whole);
    for (const struct cpl_component *row = cpl_components(); row->name; row++) {
        const struct cpl_decoder_ops *ops = row->kind == CPL_COMPONENT_DECODER ? row->ops : NULL;
        int score = ops ? ops->sniff(head->data, head->size, head->whole) : -1;
        if (score > best) {
            best = score;
            name = ops->name;
        }
    }
    return name;
}

static bool look_at_input(struct cpl_plan *plan, size_t i, struct cpl_error *err)
{
    struct cpl_buffer bytes = {0};
    bool whole = false;
    void *own = NULL;
    const struct cpl_input *input = &plan->inputs.items[i];
    void *said = input->rejects ? read_settings(plan, input, err) : NULL;
    bool ok = (said || !input->rejects) &&
              cpl_input_sample(&plan->inputs, i, 0, HEADER_BYTES, &bytes, &whole, err);
    struct cpl_sample head = {
        .data = bytes.data, .size = bytes.size, .at_start = true, .whole = whole};
    ok = ok && plan->decoder->for_object(plan->settings, said, &head, plan->schema,
                                         plan->decode.closed, &own, err);
    plan->decode_of[i].settings = own;
    const char *other = ok || !head.data ? NULL : other_format(plan, &head);
    if (other)
        cpl_fail(err, CPL_E_DATA, "it is %s, and the first input is %s: convert them apart", other,
                 plan->decoder->name);
    cpl_buffer_release(&bytes);
    return ok || cpl_fail_in(err, plan->inputs.items[i].path);
}

/* Settings that an input has for itself are kept in decode_of[i].settings; NULL: the common ones. */
static bool look_at_inputs(struct cpl_plan *plan, struct cpl_error *err)
{
    plan->decode_of = cpl_alloc_zero(plan->inputs.n, sizeof *plan->decode_of, err);
    if (!plan->decode_of)
        return false;
    size_t first = first_filled(&plan->inputs);
    for (size_t i = 0; plan->decoder->for_object && i < plan->inputs.n; i++)
        if (i != first && plan->inputs.items[i].size && !look_at_input(plan, i, err))
            return false;
    return true;
}

const struct cpl_decode_plan *cpl_plan_decode(const struct cpl_plan *plan, uint32_t input)
{
    return plan->decode_of[input].settings ? &plan->decode_of[input] : &plan->decode;
}

/* ---- all of it ---- */

static void point_decode(struct cpl_plan *plan)
{
    const struct cpl_pipeline *p = plan->pipeline;
    static const enum cpl_type_conflict conflicts[] = {[CPL_WIDEN] = CPL_CONFLICT_WIDEN,
                                                       [CPL_WIDEN_REJECT] = CPL_CONFLICT_REJECT,
                                                       [CPL_WIDEN_FAIL] = CPL_CONFLICT_FAIL};
    plan->decode.ops = plan->decoder;
    plan->decode.settings = plan->settings;
    plan->decode.schema = plan->schema;
    plan->decode.columns = plan->columns;
    plan->decode.on_type_conflict = conflicts[p->schema.on_type_conflict];
    plan->decode.max_row_bytes = p->limits.max_row_bytes;
    plan->decode.max_field_bytes = p->limits.max_field_bytes;
    plan->decode.max_depth = (uint32_t)p->limits.max_depth;
    for (size_t i = 0; plan->decode_of && i < plan->inputs.n; i++) {
        void *own = plan->decode_of[i].settings;
        plan->decode_of[i] = plan->decode;
        plan->decode_of[i].settings = own;
    }
}

static bool resolve_encoder(struct cpl_plan *plan, struct cpl_error *err)
{
    const struct cpl_sink_config *sink = &plan->pipeline->sink;
    const struct cpl_component *component = cpl_component_find(
        CPL_COMPONENT_ENCODER, sink->format ? sink->format : "parquet");
    if (!component)
        return cpl_fail(err, CPL_E_CONFIG, "sink.format: %s is not known", sink->format);
    plan->encoder = component->ops;
    plan->encode_options = cpl_arena_alloc(&plan->arena, plan->encoder->options_size + 1, err);
    if (!plan->encode_options)
        return false;
    memset(plan->encode_options, 0, plan->encoder->options_size);
    char where[64];
    snprintf(where, sizeof where, "sink.%s", plan->encoder->name);
    return cpl_options_parse(plan->encoder->options, sink->format_options, where, &plan->arena,
                             plan->encode_options, err);
}

static bool partitions_failed(const struct cpl_plan *plan, const struct cpl_error *why,
                              struct cpl_error *err)
{
    if (why->code != CPL_E_CONFIG || !plan->schema->n_fields || !plan->columns[0].unknown)
        return cpl_fail_with(err, why);
    return cpl_fail(err, CPL_E_CONFIG,
                    "%s; no row of the input is sound, so that its columns are not known: repair "
                    "it, or declare them in schema.columns",
                    why->message);
}

/* After the schema is settled, and whenever it has changed. */
static bool plan_chain(struct cpl_plan *plan, struct cpl_error *err)
{
    cpl_chain_free(plan->chain);
    plan->chain = NULL;
    plan->landing = plan->schema;
    if (!cpl_chain_make(plan->pipeline, plan->schema, plan->now_ms, &plan->chain, err))
        return false;
    if (plan->chain)
        plan->landing = cpl_chain_schema(plan->chain);
    return cpl_plan_check_types(plan, err);
}

/* After that; keys that the decoder reads are checked there, all others in the chain. */
static bool plan_partitions(struct cpl_plan *plan, struct cpl_error *err)
{
    const struct cpl_sink_config *sink = &plan->pipeline->sink;
    cpl_partition_plan_free(plan->partitions);
    plan->partitions = NULL;
    for (uint32_t i = 0; i < plan->schema->n_fields; i++)
        plan->columns[i].check = NULL;
    if (!sink->partition_by.n)
        return true;
    struct cpl_error problem = {0};
    plan->partitions = cpl_partition_plan_new(plan->landing, sink, &problem);
    if (!plan->partitions)
        return partitions_failed(plan, &problem, err);
    for (uint32_t k = 0; !plan->chain && k < plan->partitions->n_keys; k++)
        plan->columns[plan->partitions->keys[k].column].check = plan->partitions->keys[k].check;
    return true;
}

bool cpl_plan_make(struct cpl_storage *storage, const struct cpl_pipeline *pipeline,
                   const struct cpl_dataset_types *there, int64_t now_ms, _Atomic bool *stop,
                   struct cpl_plan *plan, struct cpl_error *err)
{
    *plan = (struct cpl_plan){.pipeline = pipeline, .there = there, .now_ms = now_ms};
    if (cpl_inputs_open(storage, &pipeline->source, &pipeline->limits, stop, &plan->inputs, err) &&
        resolve(plan, err) && look_at_inputs(plan, err) && cut_splits(plan, err) &&
        resolve_encoder(plan, err) && plan_chain(plan, err) && plan_partitions(plan, err)) {
        point_decode(plan);
        return true;
    }
    cpl_plan_release(plan);
    return false;
}

void cpl_plan_release(struct cpl_plan *plan)
{
    for (size_t i = 0; plan->decode_of && i < plan->inputs.n; i++) {
        if (plan->decode_of[i].settings)
            plan->decoder->release_settings(plan->decode_of[i].settings);
        cpl_free(plan->decode_of[i].settings);
    }
    cpl_free(plan->decode_of);
    if (plan->decoder && plan->settings && plan->decoder->release_settings)
        plan->decoder->release_settings(plan->settings);
    cpl_partition_plan_free(plan->partitions);
    cpl_chain_free(plan->chain);
    cpl_schema_free(plan->schema);
    cpl_free(plan->columns);
    cpl_free(plan->splits);
    cpl_inputs_release(&plan->inputs);
    cpl_arena_release(&plan->arena);
    *plan = (struct cpl_plan){0};
}

bool cpl_plan_dialect(const struct cpl_plan *plan, const void *settings, struct cpl_arena *arena,
                      const struct cpl_node **dialect, struct cpl_error *err)
{
    struct cpl_buffer json = {0};
    size_t n = 0;
    *dialect = NULL;
    if (!plan->decoder->describe)
        return true;
    bool ok = plan->decoder->describe(settings, &json, err);
    struct cpl_node **roots = ok && json.size ? cpl_tree_parse((const char *)json.data, json.size,
                                                               "dialect.json", arena, &n, err)
                                              : NULL;
    ok = ok && (roots || !json.size);
    if (roots && n)
        *dialect = roots[0];
    cpl_buffer_release(&json);
    return ok;
}

bool cpl_plan_may_widen(const struct cpl_plan *plan)
{
    if (plan->decode.on_type_conflict != CPL_CONFLICT_WIDEN)
        return false;
    for (uint32_t i = 0; i < plan->schema->n_fields; i++)
        if (plan->columns[i].inferred && !plan->columns[i].kept)
            return true;
    return !plan->decode.closed && !strcmp(plan->decoder->name, "json");
}

static void place_strays(const struct cpl_schema *schema, struct cpl_column_plan *columns,
                         const struct cpl_need_origin *origins)
{
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        struct cpl_stray *stray = &columns[i].stray;
        if (!stray->value || stray->placed)
            continue;
        stray->line += origins[stray->source].lines;
        stray->source = origins[stray->source].input;
        stray->placed = true;
    }
}

bool cpl_plan_widen(struct cpl_plan *plan, const struct cpl_buffer *needs,
                    const struct cpl_need_origin *origins, size_t n, struct cpl_error *err)
{
    struct cpl_schema *schema = NULL;
    struct cpl_column_plan *columns = NULL;
    if (++plan->rounds > 64)
        return cpl_fail(err, CPL_E_INTERNAL, "the schema did not settle after 64 rounds");
    if (!plan->decoder->widen(&plan->decode, needs, n, &schema, &columns, err))
        return false;
    place_strays(schema, columns, origins);
    cpl_schema_free(plan->schema);
    cpl_free(plan->columns);
    plan->schema = schema;
    plan->columns = columns;
    if (!cpl_check_column_count(schema, plan->pipeline->limits.max_columns, err) ||
        !cpl_check_column_names(schema, err) || !cpl_plan_keep_types(plan, err))
        return false;
    point_decode(plan);
    return set_formats(plan, err) && plan_chain(plan, err) && plan_partitions(plan, err);
}

/* `(FILE, line N)`, as far as it is known. */
static void say_place(const struct cpl_plan *plan, const struct cpl_stray *stray, char out[300])
{
    const char *path = plan->inputs.items[stray->source].path;
    if (stray->line == UINT64_MAX)
        cpl_text_set(out, 300, "in %.250s", path);
    else
        cpl_text_set(out, 300, "%.250s, line %llu", path, (unsigned long long)stray->line + 1);
}

static const char *shown_path(const struct cpl_input *input)
{
    return input->is_stdin ? "standard input" : input->path;
}

static bool remark_guess(const struct cpl_plan *plan, char out[CPL_REMARK_MAX])
{
    size_t first = first_filled(&plan->inputs);
    const char *doubt = plan->decoder->doubt && plan->settings
                            ? plan->decoder->doubt(plan->settings)
                            : NULL;
    if (doubt && first < plan->inputs.n)
        cpl_text_set(out, CPL_REMARK_MAX, "%.200s: %s", shown_path(&plan->inputs.items[first]),
                     doubt);
    return doubt && first < plan->inputs.n;
}

/* The first of the inputs whose charset is hardly more than a guess. */
static bool remark_charset(const struct cpl_plan *plan, char out[CPL_REMARK_MAX])
{
    size_t i = 0;
    while (i < plan->inputs.n && !plan->inputs.items[i].charset.doubtful)
        i++;
    if (i == plan->inputs.n)
        return false;
    const struct cpl_input *input = &plan->inputs.items[i];
    cpl_text_set(out, CPL_REMARK_MAX,
                 "%.200s: it was read as %s, which is only a guess: look at its letters, and set "
                 "source.charset (--charset) if they are wrong",
                 shown_path(input), input->charset.name);
    return true;
}

bool cpl_plan_remark_inputs(const struct cpl_plan *plan, unsigned which, char out[CPL_REMARK_MAX])
{
    return which == 0 ? remark_charset(plan, out) : remark_guess(plan, out);
}

/* Of a nested type, its kind alone: the stray does not have its members. */
static bool format_type(const struct cpl_type *type, struct cpl_buffer *out)
{
    const char *kind = type->kind == CPL_STRUCT ? "struct"
                       : type->kind == CPL_LIST ? "list"
                       : type->kind == CPL_MAP  ? "map"
                                                : NULL;
    return kind ? cpl_buffer_append_text(out, kind, NULL) : cpl_type_format(type, out, NULL);
}

bool cpl_plan_remark(const struct cpl_plan *plan, uint32_t i, char out[CPL_REMARK_MAX])
{
    const struct cpl_column_plan *column = &plan->columns[i];
    const char *name = plan->schema->fields[i].name;
    struct cpl_buffer type = {0};
    char place[300];
    enum cpl_kind kind = plan->schema->fields[i].type.kind;
    bool csv = !strcmp(plan->decoder->name, "csv"), text = kind == CPL_STRING;
    if (!column->inferred || (!text && kind != CPL_JSON))
        return false;
    if (column->doubt) {
        cpl_text_set(out, CPL_REMARK_MAX, "column %.100s: %s", name, column->doubt);
        return true;
    }
    if (!column->stray.value || !column->stray.placed)
        return false;
    say_place(plan, &column->stray, place);
    if (!format_type(&column->stray.type, &type))
        type.size = 0;
    cpl_text_set(out, CPL_REMARK_MAX,
                 "column %.100s is %s, and not %.*s, because of %s%s%s (%s): %sdeclare the column "
                 "(--type) or set schema.on_type_conflict to reject such rows",
                 name, text ? "text" : "json", (int)type.size, (const char *)type.data,
                 csv ? "\"" : "", column->stray.value, csv ? "\"" : "", place,
                 csv ? "name such words in source.csv.nulls, or " : "");
    cpl_buffer_release(&type);
    return true;
}

bool cpl_plan_write(const struct cpl_plan *plan, const char *run_id, int64_t now_ms,
                    struct cpl_buffer *out, struct cpl_error *err)
{
    struct cpl_json_writer json;
    struct cpl_buffer dialect = {0};
    bool ok = !plan->decoder->describe || plan->decoder->describe(plan->settings, &dialect, err);
    const char *dialect_text = ok ? cpl_buffer_text(&dialect, err) : NULL;
    if (!dialect_text) {
        cpl_buffer_release(&dialect);
        return false;
    }
    cpl_json_begin(&json, out, 1, err);
    cpl_json_object(&json, NULL);
    cpl_json_string(&json, "program", "cupel " CUPEL_VERSION);
    cpl_json_string(&json, "run_id", run_id);
    cpl_json_string(&json, "pipeline", plan->pipeline->name);
    cpl_json_string(&json, "config_hash", plan->pipeline->config_hash);
    cpl_json_int(&json, "now_ms", now_ms);
    cpl_json_int(&json, "split_bytes", CPL_SPLIT_BYTES);
    cpl_json_string(&json, "configured_by", plan->pipeline->dialect);
    cpl_json_bool(&json, "replay", plan->pipeline->source.rejects);
    cpl_config_keep(plan->pipeline, "config", &json);
    cpl_json_string(&json, "decoder", plan->decoder->name);
    if (*dialect_text)
        cpl_json_raw(&json, "dialect", dialect_text);
    cpl_schema_put(&json, "schema", plan->schema);
    if (plan->there && plan->there->schema)
        cpl_schema_put(&json, "types_there", plan->there->schema);
    cpl_json_list(&json, "inputs");
    for (size_t i = 0; i < plan->inputs.n; i++) {
        const struct cpl_input *input = &plan->inputs.items[i];
        cpl_json_object(&json, NULL);
        cpl_json_string(&json, "path", input->path);
        if (input->part)
            cpl_json_uint(&json, "part", input->part);
        if (input->size != UINT64_MAX)
            cpl_json_uint(&json, "size", input->size);
        cpl_json_string(&json, "etag", input->etag);
        cpl_json_string(&json, "compression", cpl_compression_name(input->compression));
        cpl_json_string(&json, "charset", input->charset.name);
        cpl_json_close(&json);
    }
    cpl_json_close(&json);
    cpl_json_close(&json);
    cpl_buffer_release(&dialect);
    return cpl_json_end(&json);
}
