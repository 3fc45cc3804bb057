/* Random expressions over random rows, calculated twice: by the evaluator, and row by row by the plain recursion below. The rows cross
 * several tiles; their values are small, at the edges of int64 and of 15 and 38 digits, and null. */
#include "expression/decimal.h"
#include "expression/expression_fixture.h"

#include <stdlib.h>

enum { ROWS = 1300, EXPRESSIONS = 1500, DEEPEST = 5, COLUMNS = 8 };

/* ---- random numbers, the same in every run ---- */

static uint64_t state = 88172645463325252u;
static uint32_t below(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) % n);
}

/* ---- values ---- */

enum type { INT, DEC, BOOL, TEXT };
enum status { VALUE, NOTHING, FAULT };
struct value {
    enum status status;
    cpl_int128 number; /* INT, DEC, BOOL */
    int text;          /* index into texts */
};
static const char *const texts[] = {"",          "a",         "b",      "abcdefgh",
                                    "abcdefghi", "abcdefghj", "silver", "é"};
enum { TEXTS = sizeof texts / sizeof *texts };
static struct value rows[ROWS][COLUMNS];
static const struct {
    const char *name, *type;
    enum type kind;
    int scale;
} columns[COLUMNS] = {{"i", "int64", INT, 0},         {"j", "int32", INT, 0},
                      {"d", "decimal(15,2)", DEC, 2}, {"e", "decimal(38,3)", DEC, 3},
                      {"b", "boolean", BOOL, 0},      {"c", "boolean", BOOL, 0},
                      {"s", "string", TEXT, 0},       {"t", "string", TEXT, 0}};

/* ---- expressions ---- */

enum op {
    COLUMN,
    LITERAL,
    ADD,
    SUB,
    MUL,
    MOD,
    NEG,
    ABS,
    COMPARE,
    AND,
    OR,
    NOT,
    IS_NULL,
    IN,
    BETWEEN,
    CASE,
    COALESCE,
    NULLIF,
    IF,
    TEXT_COMPARE,
    TEXT_IN
};
struct expr {
    enum op op;
    enum type type;
    int scale, column, n, sign;
    struct value literal;
    struct expr *args[12];
};
static struct expr pool[4000];
static int used;

static struct expr *make(enum op op, enum type type)
{
    struct expr *e = &pool[used++];
    *e = (struct expr){.op = op, .type = type};
    return e;
}

static struct expr *random_expr(enum type type, int depth);

static struct expr *leaf(enum type type)
{
    struct expr *e = make(below(3) ? COLUMN : LITERAL, type);
    if (e->op == COLUMN) {
        do
            e->column = (int)below(COLUMNS);
        while (columns[e->column].kind != type);
        e->scale = columns[e->column].scale;
        return e;
    }
    e->scale = type == DEC ? 1 + (int)below(4) : 0;
    e->literal.number = type == BOOL ? below(2) : (cpl_int128)below(300) - 100;
    e->literal.text = (int)below(TEXTS);
    return e;
}

static enum type number_type(void)
{
    return below(2) ? INT : DEC;
}

/* An operator whose result is of that type; decimals' scales stay below 16. */
static struct expr *random_number(enum type type, int depth)
{
    static const enum op ops[] = {ADD, SUB, MUL, NEG, ABS, CASE, COALESCE, NULLIF, IF, MOD};
    struct expr *e = make(ops[below(type == INT ? 10 : 9)], type);
    e->n = e->op == NEG || e->op == ABS ? 1 : e->op == CASE ? 4 : e->op == IF ? 3 : 2;
    if (e->op == CASE)
        e->n = 4 + (int)below(2);
    for (int i = 0; i < e->n; i++) {
        bool condition = (e->op == CASE && i % 2 == 0 && i < 4) || (e->op == IF && i == 0);
        e->args[i] = random_expr(condition ? BOOL : type, depth - 1);
        if (condition)
            continue;
        if (e->op == MUL)
            e->scale += e->args[i]->scale;
        else if (e->args[i]->scale > e->scale && !(e->op == NULLIF && i))
            e->scale = e->args[i]->scale;
    }
    return e->scale > 15 ? leaf(type) : e;
}

static struct expr *random_boolean(int depth)
{
    static const enum op ops[] = {COMPARE, COMPARE, AND,     OR,           NOT,
                                  IS_NULL, IN,      BETWEEN, TEXT_COMPARE, TEXT_IN};
    struct expr *e = make(ops[below(10)], BOOL);
    bool logic = e->op == AND || e->op == OR || e->op == NOT;
    enum type type = number_type();
    e->sign = (int)below(6);
    e->n = e->op == NOT || e->op == IS_NULL ? 1 : e->op == BETWEEN ? 3 : 2;
    if (e->op == IN || e->op == TEXT_IN || e->op == AND || e->op == OR)
        e->n = 2 + (int)below(9);
    for (int i = 0; i < e->n; i++) {
        if (e->op == TEXT_COMPARE || e->op == TEXT_IN)
            e->args[i] = leaf(TEXT);
        else if (e->op == IN && i)
            e->args[i] = leaf(below(9) ? type : number_type());
        else
            e->args[i] = random_expr(logic              ? BOOL
                                     : e->op == COMPARE ? number_type()
                                                        : type,
                                     depth - 1);
    }
    return e;
}

static struct expr *random_expr(enum type type, int depth)
{
    if (depth <= 0 || !below(5) || used > 3000)
        return leaf(type);
    return type == BOOL ? random_boolean(depth) : random_number(type, depth);
}

/* ---- as text ---- */

static void put_literal(const struct expr *e, char **to)
{
    char shown[CPL_TEXT_MAX];
    if (e->type == BOOL)
        *to += sprintf(*to, e->literal.number ? "true" : "false");
    else if (e->type == TEXT)
        *to += sprintf(*to, "'%s'", texts[e->literal.text]);
    else
        *to += sprintf(*to, "%.*s", (int)cpl_print_decimal128(e->literal.number, e->scale, shown),
                       shown);
}

static void put(const struct expr *e, char **to);

static void put_list(const struct expr *e, int from, const char *between, char **to)
{
    for (int i = from; i < e->n; i++) {
        *to += sprintf(*to, "%s", i > from ? between : "");
        put(e->args[i], to);
    }
}

static void put_case(const struct expr *e, char **to)
{
    *to += sprintf(*to, "case");
    for (int i = 0; i + 1 < e->n; i += 2) {
        *to += sprintf(*to, " when ");
        put(e->args[i], to);
        *to += sprintf(*to, " then ");
        put(e->args[i + 1], to);
    }
    if (e->n % 2) {
        *to += sprintf(*to, " else ");
        put(e->args[e->n - 1], to);
    }
    *to += sprintf(*to, " end");
}

static void put(const struct expr *e, char **to)
{
    static const char *const signs[] = {" = ", " <> ", " < ", " <= ", " > ", " >= "};
    static const char *const infix[] = {
        [ADD] = " + ", [SUB] = " - ", [MUL] = " * ", [MOD] = " % ", [AND] = " and ", [OR] = " or "};
    static const char *const prefix[] = {
        [NEG] = "-(",         [ABS] = "abs(", [NOT] = "not (", [COALESCE] = "coalesce(",
        [NULLIF] = "nullif(", [IF] = "if("};
    switch (e->op) {
    case COLUMN:
        *to += sprintf(*to, "%s", columns[e->column].name);
        return;
    case LITERAL:
        put_literal(e, to);
        return;
    case NEG:
    case ABS:
    case NOT:
    case COALESCE:
    case NULLIF:
    case IF:
        *to += sprintf(*to, "%s", prefix[e->op]);
        put_list(e, 0, ", ", to);
        break;
    case CASE:
        *to += sprintf(*to, "(");
        put_case(e, to);
        break;
    case IN:
    case TEXT_IN:
        *to += sprintf(*to, "(");
        put(e->args[0], to);
        *to += sprintf(*to, " in (");
        put_list(e, 1, ", ", to);
        *to += sprintf(*to, ")");
        break;
    case BETWEEN:
        *to += sprintf(*to, "(");
        put(e->args[0], to);
        *to += sprintf(*to, " between ");
        put(e->args[1], to);
        *to += sprintf(*to, " and ");
        put(e->args[2], to);
        break;
    case IS_NULL:
        *to += sprintf(*to, "(");
        put(e->args[0], to);
        *to += sprintf(*to, " is null");
        break;
    default:
        *to += sprintf(*to, "(");
        put_list(e, 0, e->op == COMPARE || e->op == TEXT_COMPARE ? signs[e->sign] : infix[e->op],
                 to);
        break;
    }
    *to += sprintf(*to, ")");
}

/* ---- row by row ---- */

static const struct value fault = {.status = FAULT}, nothing = {.status = NOTHING};

static struct value number(cpl_int128 value)
{
    return (struct value){.number = value};
}

static cpl_int128 tens(int n)
{
    cpl_int128 power = 1;
    while (n-- > 0)
        power *= 10;
    return power;
}

static bool too_great(cpl_int128 value, enum type type)
{
    if (type == INT)
        return value != (int64_t)value;
    return value >= tens(38) || value <= -tens(38);
}

/* The value with more digits behind the point. */
static struct value at_scale(struct value v, enum type type, int from, int to)
{
    if (v.status != VALUE || type == BOOL || from == to)
        return v;
    cpl_int128 most = tens(38 - (to - from));
    return v.number >= most || v.number <= -most ? fault : number(v.number * tens(to - from));
}

/* Whole parts first, then what is behind the point: nothing can overflow. */
static int order(cpl_int128 a, int a_scale, cpl_int128 b, int b_scale)
{
    cpl_int128 x = a / tens(a_scale), y = b / tens(b_scale);
    if (x != y)
        return x < y ? -1 : 1;
    x = a % tens(a_scale) * tens(16 - a_scale);
    y = b % tens(b_scale) * tens(16 - b_scale);
    return (x > y) - (x < y);
}

static struct value eval(const struct expr *e, int row);

/* Null or fault of either, a fault before a null. */
static bool strict(struct value a, struct value b, struct value *out)
{
    *out = a.status == FAULT || b.status == FAULT ? fault : nothing;
    return a.status == VALUE && b.status == VALUE;
}

static bool product(cpl_int128 a, cpl_int128 b, cpl_int128 *out)
{
    long double guess = (long double)a * (long double)b;
    if (guess > 1.1e38L || guess < -1.1e38L)
        return false;
    *out = a * b;
    return true;
}

static struct value arithmetic(const struct expr *e, int row)
{
    struct value a = eval(e->args[0], row), b = e->n > 1 ? eval(e->args[1], row) : number(0), out;
    if (e->op == ADD || e->op == SUB) {
        a = at_scale(a, e->type, e->args[0]->scale, e->scale);
        b = at_scale(b, e->type, e->args[1]->scale, e->scale);
    }
    if (!strict(a, b, &out))
        return out;
    cpl_int128 result = 0;
    bool ok = true;
    if (e->op == MUL)
        ok = product(a.number, b.number, &result);
    else if (e->op == MOD)
        ok = b.number != 0, result = ok ? a.number % b.number : 0;
    else if (e->op == ADD)
        ok = !__builtin_add_overflow(a.number, b.number, &result);
    else if (e->op == SUB)
        ok = !__builtin_sub_overflow(a.number, b.number, &result);
    else
        result = e->op == NEG || a.number < 0 ? -a.number : a.number;
    return !ok || too_great(result, e->type) ? fault : number(result);
}

static bool holds(int sign, int o)
{
    const bool results[] = {o == 0, o != 0, o < 0, o <= 0, o > 0, o >= 0};
    return results[sign];
}

static struct value compare(const struct expr *x, struct value a, const struct expr *y,
                            struct value b, int sign)
{
    struct value out;
    if (!strict(a, b, &out))
        return out;
    return number(holds(sign, x->type == TEXT ? strcmp(texts[a.text], texts[b.text])
                                              : order(a.number, x->scale, b.number, y->scale)));
}

static struct value both(struct value a, struct value b, bool decider)
{
    struct value out;
    if ((a.status == VALUE && a.number == decider) || (b.status == VALUE && b.number == decider))
        return number(decider);
    return strict(a, b, &out) ? number(!decider) : out;
}

static struct value chain(const struct expr *e, int row)
{
    bool decider = e->op == OR;
    struct value out = number(!decider);
    for (int i = 0; i < e->n; i++)
        out = both(out, eval(e->args[i], row), decider);
    return out;
}

static struct value in_list(const struct expr *e, int row)
{
    struct value x = eval(e->args[0], row), out = number(0);
    for (int i = 1; i < e->n; i++)
        out = both(out, compare(e->args[0], x, e->args[i], eval(e->args[i], row), 0), true);
    return out;
}

static struct value between(const struct expr *e, int row)
{
    struct value x = eval(e->args[0], row);
    return both(compare(e->args[0], x, e->args[1], eval(e->args[1], row), 5),
                compare(e->args[0], x, e->args[2], eval(e->args[2], row), 3), false);
}

static struct value branch(const struct expr *e, int i, int row)
{
    return at_scale(eval(e->args[i], row), e->type, e->args[i]->scale, e->scale);
}

static struct value choose(const struct expr *e, int row)
{
    for (int i = 0; i + 1 < e->n; i += 2) {
        struct value when = eval(e->args[i], row);
        if (when.status == FAULT)
            return fault;
        if (when.status == VALUE && when.number)
            return branch(e, i + 1, row);
    }
    return e->n % 2 ? branch(e, e->n - 1, row) : nothing;
}

static struct value coalesce(const struct expr *e, int row)
{
    struct value first = branch(e, 0, row);
    return first.status == NOTHING ? branch(e, 1, row) : first;
}

static struct value nullif(const struct expr *e, int row)
{
    struct value a = eval(e->args[0], row);
    struct value same = compare(e->args[0], a, e->args[1], eval(e->args[1], row), 0);
    if (same.status == FAULT)
        return fault;
    return same.status == VALUE && same.number ? nothing : a;
}

static struct value eval(const struct expr *e, int row)
{
    struct value a;
    switch (e->op) {
    case COLUMN:
        return rows[row][e->column];
    case LITERAL:
        return e->literal;
    case COMPARE:
    case TEXT_COMPARE:
        return compare(e->args[0], eval(e->args[0], row), e->args[1], eval(e->args[1], row),
                       e->sign);
    case AND:
    case OR:
        return chain(e, row);
    case NOT:
        a = eval(e->args[0], row);
        return a.status == VALUE ? number(!a.number) : a;
    case IS_NULL:
        a = eval(e->args[0], row);
        return a.status == FAULT ? a : number(a.status == NOTHING);
    case IN:
    case TEXT_IN:
        return in_list(e, row);
    case BETWEEN:
        return between(e, row);
    case CASE:
    case IF:
        return choose(e, row);
    case COALESCE:
        return coalesce(e, row);
    case NULLIF:
        return nullif(e, row);
    default:
        return arithmetic(e, row);
    }
}

/* ---- rows ---- */

static cpl_int128 random_number_of(int column, int row)
{
    cpl_int128 most = column == 0   ? INT64_MAX
                      : column == 1 ? INT32_MAX
                                    : tens(column == 2 ? 15 : 38) - 1;
    if (columns[column].kind == BOOL)
        return below(2);
    if (row / 200 % 2 || below(20)) /* tiles without edges, and such with some */
        return (cpl_int128)below(400) - 150;
    return below(2) ? most - below(3) : -(most - below(3));
}

static void put_row(struct cpl_column *column, int i, int row)
{
    const struct value *v = &rows[row][i];
    if (v->status == NOTHING) {
        cpl_bit_clear(column->validity, (uint32_t)row);
        column->null_count++;
    }
    if (i == 0 || i == 2)
        column->i64[row] = (int64_t)v->number;
    else if (i == 1)
        column->i32[row] = (int32_t)v->number;
    else if (i == 3)
        column->i128[row] = v->number;
    else if (columns[i].kind == BOOL)
        column->u8[row] = (uint8_t)v->number;
    else
        column->slices[row].length = (uint32_t)strlen(texts[v->text]);
}

static uint8_t text_bytes[TEXTS][32];

static void fill(struct cpl_column *column, int i)
{
    column->values = calloc(ROWS, 16);
    column->validity = malloc(ROWS / 8 + 1);
    memset(column->validity, 0xFF, ROWS / 8 + 1);
    column->length = ROWS;
    for (int row = 0; row < ROWS; row++) {
        struct value *v = &rows[row][i];
        bool null = below(6) == 0 && row / 600 % 2 == 0 && i % 2 == 0;
        *v = null ? nothing : number(random_number_of(i, row));
        v->text = null ? 0 : (int)below(TEXTS);
        put_row(column, i, row);
        if (columns[i].kind == TEXT)
            column->slices[row].data = text_bytes[v->text];
    }
    if (!column->null_count) {
        free(column->validity);
        column->validity = NULL;
    }
}

/* ---- the test ---- */

static void check_row(const struct expr *e, const char *text, const struct cpl_values *values,
                      int row)
{
    struct value want = eval(e, row);
    char shown[256], wanted[256];
    fixture_show(values, (uint32_t)row, shown);
    if (want.status == FAULT)
        strcpy(wanted, "!");
    else if (want.status == NOTHING)
        strcpy(wanted, "null");
    else if (e->type == BOOL)
        strcpy(wanted, want.number ? "true" : "false");
    else
        wanted[cpl_print_decimal128(want.number, e->scale, wanted)] = 0;
    if (shown[0] == '!' && shown[1])
        shown[1] = 0;
    if (strcmp(shown, wanted) != 0)
        fail_msg("row %d: %s\ngives %s, not %s", row, text, shown, wanted);
}

static void agree(void **unused)
{
    (void)unused;
    static char text[1 << 20];
    struct cpl_field fields[COLUMNS];
    struct cpl_column data[COLUMNS] = {0};
    struct cpl_arena arena = {0};
    const struct cpl_expression_env env = {0};
    for (int i = 0; i < TEXTS; i++)
        strcpy((char *)text_bytes[i], texts[i]);
    for (int i = 0; i < COLUMNS; i++) {
        fields[i] = (struct cpl_field){.name = columns[i].name, .nullable = true, .field_id = -1};
        assert_true(cpl_type_parse(columns[i].type, &arena, &fields[i].type, NULL));
        fill(&data[i], i);
    }
    struct cpl_schema *schema = cpl_schema_new(fields, COLUMNS, NULL);
    struct cpl_evaluator *evaluator = cpl_evaluator_new(NULL);
    struct cpl_batch batch = {.schema = schema, .columns = data, .rows = ROWS};
    for (int i = 0; i < COLUMNS; i++)
        data[i].field = &schema->fields[i];
    for (int i = 0; i < EXPRESSIONS; i++) {
        struct cpl_error err = {0};
        struct cpl_values values;
        char *end = text;
        size_t at;
        used = 0;
        struct expr *e = random_expr((enum type)below(3), DEEPEST);
        put(e, &end);
        struct cpl_expression *expression = cpl_expression_compile(text, schema, &env, &at, &err);
        if (!expression)
            fail_msg("%s: %zu: %s", text, at, err.message);
        if (!cpl_evaluate(evaluator, expression, &batch, &values, &err))
            fail_msg("%s: %s", text, err.message);
        for (int row = 0; row < ROWS; row++)
            check_row(e, text, &values, row);
        cpl_evaluator_reset(evaluator);
        cpl_expression_free(expression);
    }
    for (int i = 0; i < COLUMNS; i++) {
        free(data[i].values);
        free(data[i].validity);
    }
    cpl_evaluator_free(evaluator);
    cpl_schema_free(schema);
    cpl_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
