/* Decoders: bytes in, typed batches and rejects out.
 *
 * Two moments. `detect` + `infer` look at samples and settle the dialect and a schema; both are
 * then fixed in the plan. `open` starts one *split*: a range [from, to) of one object, whose bytes a
 * cpl_stream delivers from `from` to the object's end. The split's rows are those that start in
 * (from, to] — in [from, to] when at_row_start — so that the row that `from` cuts is its predecessor's. If not
 * at a row start, the decoder looks for the first one behind `from` (DESIGN §5) and reports it as
 * `true_start`; `true_end` is where the next split's first row must start. The loop checks that they tile.
 *
 * Proof of types: for a column whose type was inferred, a value that does not fit is no reject. The decoder
 * notes what the value needs, sets `widened`, and carries on; so it does with a field that the schema lacks
 * (unless the plan is `closed`). The loop collects `needs` of all splits in plan order, asks `widen` for the
 * joined schema, and works the widened splits again, until no split needs more: each round only widens, so it
 * ends. For declared columns a value that does not fit is a reject (or widening by policy).
 *
 * Threads: a decoder belongs to one worker; settings are shared and read-only. */
#pragma once
#include "base/option.h"
#include "batch/batch.h"
#include "decode/stream.h"
#include "format/text.h"

/* What is wrong in a row, and where: counted in UTF-8 bytes, also where the object has another charset. */
struct cpl_fault {
    uint64_t line; /* newlines in the row before it */
    uint64_t
        column;    /* bytes between the start of its line and it, plus 1; 0 = the row as a whole */
    bool conflict; /* by policy (CPL_CONFLICT_FAIL) the run's error rather than a reject */
};

/* A row that could not be decoded; the slice is only valid during the call. */
struct cpl_reject {
    uint64_t position; /* byte offset in the decompressed object */
    uint64_t length;   /* with the newline that ends the row, when it has one */
    uint64_t line;     /* newlines before it, counted from the split's true start */
    struct cpl_fault fault;
    const char *column;  /* NULL = the whole row */
    const char *rule;    /* stable word: "ragged" "type" "charset" "limit" "syntax" "null" … */
    const char *message; /* a sentence with the offending value (shortened) */
    const uint8_t *raw;
    size_t raw_length;
};
struct cpl_reject_sink {
    bool (*add)(struct cpl_reject_sink *sink, const struct cpl_reject *reject,
                struct cpl_error *err);
};

/* CPL_CONFLICT_FAIL: the row is given to the sink as a conflict, so that whoever knows its line can name it. */
enum cpl_type_conflict { CPL_CONFLICT_WIDEN, CPL_CONFLICT_REJECT, CPL_CONFLICT_FAIL };
/* What a text must be besides its type, because of where it will go. Others embed it as their first member. */
struct cpl_text_check {
    const char *rule; /* of the rejects, stable */
    /* NULL: the text is fine; else a sentence that lives as long as the check. */
    const char *(*refuse)(const struct cpl_text_check *check, const uint8_t *text, size_t length);
};
/* The first value because of which an inferred column is text, though nearly all others are of another type. */
struct cpl_stray {
    const char *value;    /* cut, printable; NULL = none; lives as long as the settings */
    struct cpl_type type; /* of the others */
    uint64_t line;        /* newlines before its row: in the sample, or in the split */
    uint64_t
        position; /* in the sample: bytes before its row; UINT64_MAX where lines do not end in newlines */
    size_t source; /* the number of that sample; or of the needs, in `widen` */
    bool
        placed; /* by the loop: line and source are those of the input, and a position that is known (UINT64_MAX: not) */
};
struct cpl_column_plan {
    bool inferred; /* the type came from a sample, and may widen */
    bool
        kept; /* inferred, but other rows have this type: a value that does not fit is a conflict */
    bool skip; /* not asked for: never decoded */
    bool
        absent; /* declared, but no row of the samples has it (JSON, where any row may lack any key) */
    bool unknown; /* no row of the samples was sound: there may be others, and types are guesses */
    const char *
        nearest; /* absent: the sample's column that it may have meant, or NULL; lives as long as the settings */
    struct cpl_text_facts facts; /* what the sample needed */
    struct cpl_stray stray;
    const char *
        doubt; /* why a column of numbers stays text, and what to set; static; NULL = it does not */
    const char *format; /* of its dates, times or timestamps; NULL = the settings' */
    const struct cpl_text_check
        *check; /* string columns: of each value that is not null; NULL = any */
};

/* Fixed for a whole run; shared by all splits. */
struct cpl_decode_plan {
    const struct cpl_decoder_ops *ops;
    void *settings; /* the format's own resolved dialect (struct cpl_csv_dialect …) */
    const struct cpl_schema *schema;         /* columns that come out, in order */
    struct cpl_column_plan *columns;         /* one a top-level field */
    enum cpl_type_conflict on_type_conflict; /* for inferred columns; declared ones reject */
    uint64_t max_row_bytes;                  /* default 64 MiB */
    uint64_t max_field_bytes;                /* 0 = no limit but the row's */
    uint32_t max_depth;                      /* default 128 */
    uint32_t batch_rows;                     /* most rows a batch; 0 = the decoder's choice */
    bool closed; /* the columns were chosen: fields not in the schema are left out, not added */
};

/* Bytes of the decompressed object by what they hold; what is left of the split are rows. */
struct cpl_object_bytes {
    uint64_t header, comment, blank, reject;
};

/* Where the object's header row lies; size 0 = this split has none. Between what else is header (byte-order mark, preamble) and it
 * comments and blank lines may stand. */
struct cpl_header_row {
    uint64_t at, size;
};

/* What a finished split reports. Row counts: every row ends in exactly one of them. */
struct cpl_split_report {
    uint64_t true_start,
        true_end; /* decompressed offsets: first row's first byte, end of the last row */
    uint64_t rows_read, rows_decoded, rows_rejected;
    uint64_t header_bytes, comment_bytes, blank_bytes, row_bytes,
        reject_bytes; /* tile [true_start, true_end), in bytes of the stream */
    struct cpl_object_bytes
        object; /* the same in bytes of the object: they differ behind a charset stage */
    struct cpl_header_row header_row; /* in bytes of the object */
    uint64_t text_bytes; /* filled by the loop: length of [true_start, true_end) as UTF-8 */
    uint64_t lines;      /* newlines in [true_start, true_end) */
    bool
        widened; /* the schema must grow: ask `needs`, drop what was decoded, work the split again */
    bool
        closer; /* it need not, but a column of which no sample had a value has values of one type: where rows can be read again, as widened */
    const bool *
        met; /* one a column: a row had its key, if only as null; NULL when no column is `absent`. Owned by the decoder */
    struct cpl_text_facts
        *facts; /* CSV only, what `needs` is made of; owned by the decoder. The loop uses `needs` */
};

struct cpl_sample;
struct cpl_decoder; /* each format embeds this as its first member */
struct cpl_decoder_ops {
    const char *name, *summary;
    bool splittable;                         /* can start in the middle of an object */
    bool (*can_split)(const void *settings); /* for these settings; NULL = as `splittable` says */
    const struct cpl_option *options;        /* of `settings_size` bytes of settings */
    size_t settings_size;
    /* Do settings that are each right go together? *key: the option to point at. NULL = always. */
    bool (*check_options)(const void *settings, const char **key, struct cpl_error *why);
    /* Likelihood 0..100 that `head` (decompressed, UTF-8, up to 1 MiB) is this format; -1: no memory to tell. */
    int (*sniff)(const uint8_t *head, size_t size, bool whole);
    /* Complete the settings (those not set by the user) and infer the schema from the samples. Fields the user declared
     * are in `declared` (may be NULL): their types hold. Samples: [0] starts at the object's start. */
    bool (*infer)(void *settings, const struct cpl_sample *samples, size_t n_samples,
                  const struct cpl_schema *declared, bool decimals, struct cpl_schema **schema,
                  struct cpl_column_plan **columns, struct cpl_error *err);
    /* Is this column of the inferred schema, which is not declared though others are, left out by these settings?
     * NULL = none is. */
    bool (*leaves_out)(const void *settings, const char *column);
    void (*release_settings)(void *settings);
    /* Settings for a further object, from its head, when they differ from the first's (its header has another order):
     * *own, freed by release_settings and cpl_free; NULL = the same. What fits no schema of ours is a DATA error. `said`: what is set
     * for this object alone, not completed (in a replay; lives as long as *own); NULL = the same as for the first. `closed` as in the
     * plan. NULL function = objects never differ. */
    bool (*for_object)(const void *settings, const void *said, const struct cpl_sample *head,
                       const struct cpl_schema *schema, bool closed, void **own,
                       struct cpl_error *err);
    /* What people should know of how these settings were guessed: a static text that goes on behind `FILE: `; NULL = nothing. NULL
     * function = never anything. */
    const char *(*doubt)(const void *settings);
    /* Explain settings as `key = value` pairs with where each came from, for `inspect` and the plan record. */
    bool (*describe)(const void *settings, struct cpl_buffer *json, struct cpl_error *err);
    struct cpl_decoder *(*open)(const struct cpl_decode_plan *plan, struct cpl_stream *bytes,
                                uint64_t from, uint64_t to, bool at_row_start,
                                struct cpl_reject_sink *rejects, struct cpl_error *err);
    /* The next batch (borrowed until the next call); batch->rows == 0 means the split is finished. */
    bool (*next)(struct cpl_decoder *decoder, struct cpl_batch **batch, struct cpl_error *err);
    /* A row of the batch last given (or of one made of it, with its origins) is rejected after all, for what was found later: `what` says
     * column, rule and message. It is counted as if it had never been decoded, and given to the sink with its bytes. */
    bool (*refuse)(struct cpl_decoder *decoder, const struct cpl_batch *batch, uint32_t row,
                   const struct cpl_reject *what, struct cpl_error *err);
    void (*report)(const struct cpl_decoder *decoder, struct cpl_split_report *report);
    /* Bytes that it holds because of the rows it met: blocks, texts, values. */
    uint64_t (*memory)(const struct cpl_decoder *decoder);
    /* Append what this split needed beyond the plan, as bytes that only this decoder reads (so that they can cross
     * processes); nothing when it was not widened. Any time before close. */
    bool (*needs)(const struct cpl_decoder *decoder, struct cpl_buffer *needs,
                  struct cpl_error *err);
    /* Moves what large parts of a split's needs ask for to those of the first one, so that many splits' take hardly more room
     * than one's. NULL = they are kept as they come. */
    bool (*join_needs)(const struct cpl_decode_plan *plan, struct cpl_buffer *first,
                       struct cpl_buffer *next, struct cpl_error *err);
    /* The plan's schema joined with the needs of `n` splits, which stand in plan order (empty ones may be left out): types by
     * a commutative join, new fields in the order of first occurrence. The caller frees the schema, and the columns by cpl_free. */
    bool (*widen)(const struct cpl_decode_plan *plan, const struct cpl_buffer *needs, size_t n,
                  struct cpl_schema **schema, struct cpl_column_plan **columns,
                  struct cpl_error *err);
    void (*close)(struct cpl_decoder *decoder);
};
struct cpl_decoder {
    const struct cpl_decoder_ops *ops;
};

/* A piece of an input as UTF-8, for inference. */
struct cpl_sample {
    const uint8_t *data; /* 64 readable bytes behind it */
    size_t size;
    bool at_start; /* begins at the object's start (else in the middle of anything) */
    bool whole;    /* ends at the object's end */
    bool longest;  /* a longer one will not be given: infer makes do with it */
    bool complete; /* the first: no object is without a sample of its start */
};

extern const struct cpl_decoder_ops cpl_decoder_csv, cpl_decoder_json;
