/* The plan of a batch run: everything that work needs and that is not in the source itself.
 *
 * Inputs with their identities, the resolved dialect, schema and column plans, the encoder's options, and the
 * splits. It is fixed before any work begins and stored (PROTOCOL rules 2 and 3); a round that shows that a type
 * must widen replaces schema and columns, and the work begins again.
 * Cuts are functions of position and configuration alone: SPLIT bytes of the decompressed object. */
#pragma once
#include "config/pipeline.h"
#include "encode/encoder.h"
#include "run/chain.h"
#include "run/dataset_types.h"
#include "run/input.h"
#include "run/partition.h"

/* limits.memory when nothing is said. */
enum { CPL_USUAL_MEMORY = 224 << 20 };
enum { CPL_SPLIT_BYTES = 32 << 20, CPL_SAMPLE_BYTES = 1 << 20 };

struct cpl_split {
    uint32_t input;
    uint64_t from, to; /* decompressed; to = UINT64_MAX: the end */
    bool first, last;  /* of its input */
    bool stream;       /* cannot be entered: parts are cut every CPL_SPLIT_BYTES */
    bool sections; /* only from its start, but its text may be cut: sections are splits (loop.h) */
};

struct cpl_plan {
    const struct cpl_pipeline *pipeline;
    const struct cpl_dataset_types
        *there; /* of the rows that this run's come to; borrowed; NULL = none */
    struct cpl_inputs inputs;
    struct cpl_arena arena;
    const struct cpl_decoder_ops *decoder;
    const struct cpl_encoder_ops *encoder;
    void *settings; /* the decoder's */
    void *encode_options;
    struct cpl_schema
        *schema; /* of the rows as they are decoded; owned; decode.schema is the same */
    struct cpl_column_plan *columns;
    struct cpl_decode_plan decode;
    struct cpl_decode_plan
        *decode_of;          /* per input: decode, with settings of its own where they differ */
    struct cpl_chain *chain; /* what is done with them then; NULL: nothing */
    const struct cpl_schema *landing; /* of the rows that land: the chain's, or `schema` */
    int64_t now_ms;                   /* the plan's clock */
    struct cpl_partition_plan
        *partitions; /* NULL: not partitioned; else its schema is the files' */
    struct cpl_split *splits;
    size_t n_splits;
    unsigned rounds; /* how often the schema has been widened */
};

bool cpl_plan_make(struct cpl_storage *storage, const struct cpl_pipeline *pipeline,
                   const struct cpl_dataset_types *there, int64_t now_ms, _Atomic bool *stop,
                   struct cpl_plan *plan, struct cpl_error *err) CPL_CHECKED;
void cpl_plan_release(struct cpl_plan *plan);
/* What input i is decoded by. */
const struct cpl_decode_plan *cpl_plan_decode(const struct cpl_plan *plan, uint32_t input);
/* Where the split that needed something begins. */
struct cpl_need_origin {
    uint32_t input;
    uint64_t lines; /* of the input, before it */
};
/* A schema joined from what splits needed; of each, where it came from. */
bool cpl_plan_widen(struct cpl_plan *plan, const struct cpl_buffer *needs,
                    const struct cpl_need_origin *origins, size_t n,
                    struct cpl_error *err) CPL_CHECKED;
/* What people should know of the inputs as a whole: the which-th kind of remark, from 0. False: nothing of that kind. */
enum { CPL_INPUT_REMARKS = 2, CPL_REMARK_MAX = 600 };
bool cpl_plan_remark_inputs(const struct cpl_plan *plan, unsigned which, char out[CPL_REMARK_MAX]);
/* What people should know of column i's type before they rely on it: a sentence. False: nothing. */
bool cpl_plan_remark(const struct cpl_plan *plan, uint32_t i, char out[CPL_REMARK_MAX]);
/* What the decoder says of its settings, a map {name: {value, from}, name: value}, in the arena; NULL when it says nothing. */
bool cpl_plan_dialect(const struct cpl_plan *plan, const void *settings, struct cpl_arena *arena,
                      const struct cpl_node **dialect, struct cpl_error *err) CPL_CHECKED;
/* May a later round read the inputs again? */
bool cpl_plan_may_widen(const struct cpl_plan *plan);
/* As JSON, deterministic; stored_plan.h reads it back. */
bool cpl_plan_write(const struct cpl_plan *plan, const char *run_id, int64_t now_ms,
                    struct cpl_buffer *json, struct cpl_error *err) CPL_CHECKED;
