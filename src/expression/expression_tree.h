/* What the files of the expression language share: terms, vectors, and how a term is run.
 *
 *   text ──lex, parse──▶ terms ──bind, fold──▶ typed terms with a `run` each ──tiles──▶ vectors
 *
 * A term is a node of the tree. The parser makes it; the binder gives it its type and the function that calculates it. Binding
 * may share a term (x between a and b has one x), so that the bound terms are a graph: whoever walks it marks what was seen.
 *
 * A batch is calculated in tiles of CPL_TILE rows, small enough that all the vectors of a usual expression stay in the first-level
 * cache. A vector is what a term gives for a tile: values in the layout of batch/schema.h, and one byte a row for nulls
 * and for faults (NULL: none). Constants have step 0: one value for all rows. Decimals are int64 where all values of the tile fit,
 * whatever their precision, and __int128 (.wide) where not. A value under a null or a fault is defined, and means nothing.
 *
 * Threads: bound terms are read-only; a frame belongs to one evaluator. */
#pragma once
#include "expression/expression.h"
#include "expression/pattern.h"

enum { CPL_TILE = 512, CPL_TERMS_MAX = 4096, CPL_EXPRESSION_BYTES = 64 << 10 };

/* Arena memory for what has 128-bit numbers in it. */
static inline void *cpl_arena_alloc_wide(struct cpl_arena *arena, size_t size,
                                         struct cpl_error *err)
{
    uintptr_t at = (uintptr_t)cpl_arena_alloc(arena, size + 8, err);
    return (void *)(at + (at & 8));
}

/* ---- terms ---- */

enum cpl_op {
    CPL_OP_EQ, /* the six comparisons in the order of struct cpl_kernels */
    CPL_OP_NE,
    CPL_OP_LT,
    CPL_OP_LE,
    CPL_OP_GT,
    CPL_OP_GE,
    CPL_OP_ADD,
    CPL_OP_SUB,
    CPL_OP_MUL,
    CPL_OP_DIVIDE,
    CPL_OP_MOD,
    CPL_OP_CONCAT,
    CPL_OP_NEG,
    CPL_OP_NOT,
    CPL_OP_AND,
    CPL_OP_OR,
    CPL_OP_IS_NULL,
    CPL_OP_IN,
    CPL_OP_BETWEEN,
    CPL_OP_LIKE,
    CPL_OP_MATCHES,
    CPL_OP_NONE
};
enum cpl_term_kind {
    CPL_TERM_LITERAL, /* .type, .value, or .is_null */
    CPL_TERM_COLUMN,  /* .name: parts, joined by NUL; after binding .path */
    CPL_TERM_OPERATOR,
    CPL_TERM_CALL, /* .function */
    CPL_TERM_CASE, /* args: [x] (when, then)… [else] */
    CPL_TERM_CAST  /* .type: the target */
};
union cpl_value {
    uint8_t u8;
    int32_t i32;
    int64_t i64;
    double f64;
    cpl_int128 i128;
    uint8_t uuid[16];
    struct cpl_slice slice;
};
struct cpl_frame;
struct cpl_term;
struct cpl_function;
struct cpl_text_set;
/* Calculates the term for the frame's tile into its slot; false: an error of the run (memory), never of a row. */
typedef bool cpl_run(struct cpl_frame *frame, const struct cpl_term *term);

struct cpl_term {
    enum cpl_term_kind kind;
    enum cpl_op op;
    uint32_t at;     /* byte in the text */
    uint32_t height; /* levels below and with it */
    uint32_t n_args;
    struct cpl_term **args;
    const struct cpl_function *function;
    const char *name;
    uint32_t n_parts;
    bool negated, has_operand, has_else, is_try, is_null, nullable;
    struct cpl_type type;
    union cpl_value value;
    /* bound */
    uint32_t slot; /* 0: none yet */
    uint32_t *path;
    cpl_run *run;
    const void *kernel;
    const void *extra, *more; /* what the kernel was prepared with: a pattern, a set, a path, … */
    int64_t number;           /* … or a number: an exponent, a unit */
};

/* ---- running ---- */

struct cpl_vector {
    union {
        const void *data;
        const uint8_t *u8;
        const int32_t *i32;
        const int64_t *i64;
        const double *f64;
        const cpl_int128 *i128;
        const struct cpl_slice *slices;
    };
    const uint8_t *nulls, *faults;
    uint32_t step;
    bool wide;
};
struct cpl_slot {
    struct cpl_vector v;
    union { /* its own memory, for CPL_TILE values */
        void *data;
        uint8_t *u8;
        int32_t *i32;
        int64_t *i64;
        double *f64;
        cpl_int128 *i128;
        struct cpl_slice *slices;
    };
    uint8_t *nulls, *faults;
    uint64_t stamp; /* the tile that v is of */
};
struct cpl_frame {
    const struct cpl_batch *batch;
    uint32_t first, n;
    uint64_t stamp;
    struct cpl_slot *slots;
    struct cpl_arena *arena; /* for texts; lives as long as the values */
    struct cpl_pattern_scratch *scratch;
    struct cpl_error *err;
};

bool cpl_term_run(struct cpl_frame *frame, const struct cpl_term *term) CPL_CHECKED;
static inline struct cpl_slot *cpl_slot_of(struct cpl_frame *frame, const struct cpl_term *term)
{
    return &frame->slots[term->slot];
}
/* Bytes that a slot for values of the type needs for each row. */
size_t cpl_slot_width(const struct cpl_type *type);

/* A strict operator or function: null where an argument is null, a fault where one has a fault, else what the kernel gives. */
struct cpl_call {
    struct cpl_frame *frame;
    const struct cpl_term *term;
    struct cpl_slot *out; /* .v is ready: its own memory, step 1, arguments' nulls and faults */
    uint32_t n;
};
typedef bool cpl_kernel(struct cpl_call *call);
bool cpl_run_strict(struct cpl_frame *frame, const struct cpl_term *term) CPL_CHECKED;
/* A fault of row i, unless the row is null; a null where the term is a try_cast. */
void cpl_call_raise(struct cpl_call *call, uint32_t i, enum cpl_fault_kind kind);
/* Row i is null though no argument is. */
void cpl_call_null(struct cpl_call *call, uint32_t i);
static inline struct cpl_slot *cpl_call_slot(const struct cpl_call *call, uint32_t i)
{
    return cpl_slot_of(call->frame, call->term->args[i]);
}
static inline const struct cpl_vector *cpl_call_arg(const struct cpl_call *call, uint32_t i)
{
    return &cpl_call_slot(call, i)->v;
}
static inline int64_t cpl_arg_i64(const struct cpl_vector *v, uint32_t i)
{
    return v->i64[i * v->step];
}
static inline const struct cpl_slice *cpl_arg_text(const struct cpl_vector *v, uint32_t i)
{
    return &v->slices[i * v->step];
}
/* A decimal's value, wherever it is. */
static inline cpl_int128 cpl_arg_decimal(const struct cpl_vector *v, uint32_t i)
{
    return v->wide ? v->i128[i * v->step] : v->i64[i * v->step];
}
/* The slot's vector with __int128 values, converted in place. */
void cpl_slot_widen(struct cpl_slot *slot, uint32_t n);
/* Text of `size` bytes in the frame's arena for row i; NULL: no memory. Callers make a fault of what is beyond the limit. */
enum { CPL_TEXT_VALUE_MAX = 16 << 20 };
uint8_t *cpl_call_text(struct cpl_call *call, uint32_t i, size_t size);

extern const uint8_t cpl_all_null[CPL_TILE];

/* The runs that are not strict calls. */
cpl_run cpl_run_column, cpl_run_constant, cpl_run_and, cpl_run_or, cpl_run_is_null, cpl_run_case,
    cpl_run_coalesce, cpl_run_in;

/* ---- making terms ---- */

struct cpl_binder {
    const char *text;
    const struct cpl_schema *schema;
    const struct cpl_expression_env *env;
    struct cpl_expression *expression;
    struct cpl_arena *arena;
    size_t *at;
    struct cpl_error *err;
    struct cpl_pattern_scratch *scratch; /* for folding; made with the first pattern */
    uint32_t terms;
    bool parsed; /* what is made from now on is the binder's, and not counted */
};
/* What must be freed with the expression and is not in its arena: patterns. */
bool cpl_expression_own(struct cpl_binder *binder, void *object,
                        void (*free_it)(void *)) CPL_CHECKED;

struct cpl_term *cpl_term_new(struct cpl_binder *binder, enum cpl_term_kind kind, size_t at,
                              uint32_t n_args);
/* An error at that byte; returns false. */
bool cpl_term_fail(struct cpl_binder *binder, size_t at, const char *format, ...) CPL_PRINTF(3, 4);
/* The same as a term: NULL. */
#define CPL_TERM_FAIL(...) (cpl_term_fail(__VA_ARGS__), (struct cpl_term *)NULL)

struct cpl_term *cpl_expression_parse(struct cpl_binder *binder);
struct cpl_term *cpl_bind(struct cpl_binder *binder, struct cpl_term *term);

/* ---- types ---- */

bool cpl_kind_is_integer(enum cpl_kind kind);
bool cpl_kind_is_number(enum cpl_kind kind);
bool cpl_kind_is_moment(enum cpl_kind kind); /* date, time, timestamp */
int64_t cpl_units_a_second(enum cpl_unit unit);
static inline int64_t cpl_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}
/* "decimal(15,2)" in `out`. */
const char *cpl_type_shown(const struct cpl_type *type, char out[96]);
struct cpl_type cpl_decimal_type(int precision, int scale); /* capped at 38 digits */
/* The decimal that holds each value of a number's type (no doubles); a literal's own digits count. */
struct cpl_type cpl_decimal_of(const struct cpl_term *term);
bool cpl_is_text_literal(const struct cpl_term *term);
bool cpl_is_null_literal(const struct cpl_term *term);
/* The type in which `n` terms can stand beside each other; `what` for the message ("compare"). */
bool cpl_bind_common(struct cpl_binder *binder, struct cpl_term **terms, uint32_t n,
                     const char *what, struct cpl_type *type) CPL_CHECKED;
/* The term as that type: a conversion that cannot go wrong but by overflow. `saturate`: for comparing, where the greatest value
 * serves as well. */
struct cpl_term *cpl_bind_coerce(struct cpl_binder *binder, struct cpl_term *term,
                                 const struct cpl_type *type, bool saturate);
struct cpl_term *cpl_bind_common_all(struct cpl_binder *binder, struct cpl_term *term,
                                     uint32_t first, bool saturate, const char *what);
/* A text literal as a date, time, timestamp or uuid. */
struct cpl_term *cpl_bind_text_literal(struct cpl_binder *binder, struct cpl_term *term,
                                       const struct cpl_type *type);
bool cpl_bind_boolean(struct cpl_binder *binder, struct cpl_term **term,
                      const char *what) CPL_CHECKED;

/* A strict call of `kernel` over the term's arguments, folded when they are constants. */
struct cpl_term *cpl_bind_strict(struct cpl_binder *binder, struct cpl_term *term,
                                 struct cpl_type type, cpl_kernel *kernel);
/* The same for another run; null-ability is for the caller to set before. */
struct cpl_term *cpl_bind_run(struct cpl_binder *binder, struct cpl_term *term,
                              struct cpl_type type, cpl_run *run);
struct cpl_term *cpl_bind_unary(struct cpl_binder *binder, struct cpl_term *arg,
                                struct cpl_type type, cpl_kernel *kernel, int64_t number);
struct cpl_term *cpl_fold(struct cpl_binder *binder, struct cpl_term *term);

struct cpl_term *cpl_bind_compare(struct cpl_binder *binder, size_t at, enum cpl_op op,
                                  struct cpl_term *left, struct cpl_term *right); /* same types */
struct cpl_term *cpl_bind_arithmetic(struct cpl_binder *binder, struct cpl_term *term);
struct cpl_term *cpl_bind_negate(struct cpl_binder *binder, struct cpl_term *term);
struct cpl_term *cpl_bind_cast(struct cpl_binder *binder, struct cpl_term *term);
struct cpl_term *cpl_bind_in(struct cpl_binder *binder, struct cpl_term *term);
struct cpl_term *cpl_bind_case(struct cpl_binder *binder, struct cpl_term *term);
struct cpl_term *cpl_bind_pattern(struct cpl_binder *binder, struct cpl_term *term);
struct cpl_term *cpl_bind_concat(struct cpl_binder *binder, struct cpl_term *term);

/* ---- functions ---- */

typedef struct cpl_term *cpl_bind_function(struct cpl_binder *binder, struct cpl_term *call);
struct cpl_function {
    struct cpl_function_row row;
    uint32_t least, most; /* arguments */
    cpl_bind_function *bind;
    const void *how; /* what one `bind` for several functions tells them apart by */
};
const struct cpl_function *cpl_function_find(const char *name);
/* The nearest name, or NULL. */
const char *cpl_function_nearest(const char *name);
