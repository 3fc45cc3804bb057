/* Every component that this build has, as rows: what configuration checks against and describe
 * prints.
 *
 * The rows stand in src/registry.c, the one place that names components. A row's `ops` is its
 * kind's own const struct (cpl_decoder_ops, cpl_encoder_ops, …): config never looks into it, run
 * does. A component's options are those of the section named as it is: `source: {csv: {delimiter:
 * ";"}}`. */
#pragma once
#include "base/option.h"

enum cpl_component_kind {
    CPL_COMPONENT_SOURCE,
    CPL_COMPONENT_DECODER,
    CPL_COMPONENT_ENCODER,
    CPL_COMPONENT_TRANSFORM,
    CPL_COMPONENT_RULE,
    CPL_COMPONENT_SINK,
    CPL_COMPONENT_KIND_COUNT
};
struct cpl_component {
    enum cpl_component_kind kind;
    const char *name, *summary;
    const char *extension;            /* ENCODER: ".parquet"; else NULL */
    const struct cpl_option *options; /* NULL = none */
    size_t options_size;              /* of the struct that the rows fill */
    /* Do options that are each right go together? *key: the one to point at. NULL = always. */
    bool (*check)(const void *options, const char **key, struct cpl_error *why);
    /* TRANSFORM, RULE: how one is written; and the option that is set by a value which is no map, or NULL */
    const char *example, *shorthand;
    const void *ops;
};
/* By kind, then alphabetically; ends with a row whose name is NULL. */
const struct cpl_component *cpl_components(void);
/* NULL when there is none. */
const struct cpl_component *cpl_component_find(enum cpl_component_kind kind, const char *name);
/* "source" "decoder" "encoder" "transform" "rule" "sink" */
const char *cpl_component_kind_name(enum cpl_component_kind kind);
