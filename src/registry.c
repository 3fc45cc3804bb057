/* The one place that names components. A new one is its own files, and a line here.
 *
 * Names, summaries and options stand in each component's own struct of functions; the rows of config/components.h
 * are copied from there once, because C cannot do so in a static initialiser. */
#include "config/components.h"
#include "decode/decoder.h"
#include "encode/encoder.h"
#include "quality/rule_kinds.h"
#include "transform/transform_kinds.h"

#include <pthread.h>

/* By kind, then alphabetically. */
static const struct cpl_decoder_ops *const decoders[] = {&cpl_decoder_csv, &cpl_decoder_json};
static const struct cpl_encoder_ops *const encoders[] = {&cpl_encoder_csv, &cpl_encoder_json,
                                                         &cpl_encoder_parquet};
static const struct cpl_transform_ops *const transforms[] = {
    &cpl_transform_cast,   &cpl_transform_derive,     &cpl_transform_drop, &cpl_transform_fill,
    &cpl_transform_filter, &cpl_transform_hash,       &cpl_transform_mask, &cpl_transform_rename,
    &cpl_transform_select, &cpl_transform_standardise};
static const struct cpl_rule_ops *const rules[] = {
    &cpl_rule_check,    &cpl_rule_checksum, &cpl_rule_format, &cpl_rule_fresh, &cpl_rule_length,
    &cpl_rule_not_null, &cpl_rule_pattern,  &cpl_rule_range,  &cpl_rule_set,   &cpl_rule_type};
enum {
    TRANSFORMS = sizeof transforms / sizeof *transforms,
    RULES = sizeof rules / sizeof *rules,
    DECODERS = sizeof decoders / sizeof *decoders,
    ENCODERS = sizeof encoders / sizeof *encoders,
};

static struct cpl_component components[1 + DECODERS + ENCODERS + TRANSFORMS + RULES + 1 + 1];
static pthread_once_t filled = PTHREAD_ONCE_INIT;

static void fill(void)
{
    struct cpl_component *row = components;
    *row++ = (struct cpl_component){.kind = CPL_COMPONENT_SOURCE,
                                    .name = "file",
                                    .summary = "Files, directories, globs and standard input."};
    for (size_t i = 0; i < DECODERS; i++)
        *row++ = (struct cpl_component){.kind = CPL_COMPONENT_DECODER,
                                        .name = decoders[i]->name,
                                        .summary = decoders[i]->summary,
                                        .options = decoders[i]->options,
                                        .options_size = decoders[i]->settings_size,
                                        .check = decoders[i]->check_options,
                                        .ops = decoders[i]};
    for (size_t i = 0; i < ENCODERS; i++)
        *row++ = (struct cpl_component){.kind = CPL_COMPONENT_ENCODER,
                                        .name = encoders[i]->name,
                                        .summary = encoders[i]->summary,
                                        .extension = encoders[i]->extension,
                                        .options = encoders[i]->options,
                                        .options_size = encoders[i]->options_size,
                                        .check = encoders[i]->check_options,
                                        .ops = encoders[i]};
    for (size_t i = 0; i < TRANSFORMS; i++)
        *row++ = (struct cpl_component){.kind = CPL_COMPONENT_TRANSFORM,
                                        .name = transforms[i]->name,
                                        .summary = transforms[i]->summary,
                                        .options = transforms[i]->options,
                                        .options_size = transforms[i]->options_size,
                                        .check = transforms[i]->check_options,
                                        .example = transforms[i]->example,
                                        .shorthand = transforms[i]->shorthand,
                                        .ops = transforms[i]};
    for (size_t i = 0; i < RULES; i++)
        *row++ = (struct cpl_component){.kind = CPL_COMPONENT_RULE,
                                        .name = rules[i]->name,
                                        .summary = rules[i]->summary,
                                        .options = rules[i]->options,
                                        .options_size = rules[i]->options_size,
                                        .check = rules[i]->check_options,
                                        .example = rules[i]->example,
                                        .shorthand = rules[i]->shorthand,
                                        .ops = rules[i]};
    *row = (struct cpl_component){
        .kind = CPL_COMPONENT_SINK,
        .name = "files",
        .summary = "Data files in a directory, or one file, committed as a whole."};
}

const struct cpl_component *cpl_components(void)
{
    pthread_once(&filled, fill);
    return components;
}
