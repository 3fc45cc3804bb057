#include "quality/reject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void add(struct cpl_reject_list *list, uint64_t position, const char *column,
                const char *rule, const char *message, const char *raw)
{
    struct cpl_error err = {0};
    struct cpl_reject reject = {
        .position = position,
        .length = raw ? strlen(raw) : 7,
        .line = position / 10,
        .column = column,
        .rule = rule,
        .message = message,
        .raw = (const uint8_t *)raw,
        .raw_length = raw ? strlen(raw) : 0,
    };
    assert_true(list->sink.add(&list->sink, &reject, &err));
}

static void assert_slice(const struct cpl_column *column, uint32_t i, const char *text)
{
    assert_true(cpl_is_valid(column, i));
    assert_int_equal(column->slices[i].length, strlen(text));
    assert_memory_equal(column->slices[i].data, text, strlen(text));
}

static void rows_come_back(void **state)
{
    (void)state;
    struct cpl_reject_list list;
    cpl_reject_list_init(&list, 0);
    add(&list, 10, NULL, "ragged", "3 fields where 4 are expected", "a,b,c\n");
    add(&list, 20, "price", "type", "'x' is no decimal", "");
    add(&list, 30, "price", "masked", "kept back", NULL);
    struct cpl_arena arena = {0};
    struct cpl_batch batch;
    struct cpl_error err = {0};
    assert_true(cpl_reject_batch(&list, 1, 2, "run-1", "in.csv", 101, &arena, &batch, &err));
    assert_int_equal(batch.rows, 2);
    assert_ptr_equal(batch.schema, cpl_reject_schema());
    assert_slice(&batch.columns[0], 1, "run-1");
    assert_slice(&batch.columns[1], 0, "in.csv");
    assert_int_equal(batch.columns[2].i64[0], 20);
    assert_int_equal(batch.columns[3].i64[1], 7);
    assert_int_equal(batch.columns[4].i64[1], 104);
    assert_slice(&batch.columns[5], 0, "price");
    assert_slice(&batch.columns[6], 1, "masked");
    assert_slice(&batch.columns[7], 0, "'x' is no decimal");
    assert_slice(&batch.columns[8], 0, "");
    assert_false(cpl_is_valid(&batch.columns[8], 1));
    assert_int_equal(batch.columns[8].null_count, 1);
    assert_true(cpl_reject_batch(&list, 0, 1, "r", "o", 1, &arena, &batch, &err));
    assert_false(cpl_is_valid(&batch.columns[5], 0));
    assert_slice(&batch.columns[8], 0, "a,b,c\n");
    assert_false(cpl_reject_batch(&list, 2, 2, "r", "o", 1, &arena, &batch, &err));
    cpl_reject_list_clear(&list);
    assert_int_equal(list.n, 0);
    cpl_arena_release(&arena);
    cpl_reject_list_release(&list);
}

static void equal_messages_are_kept_once(void **state)
{
    (void)state;
    struct cpl_reject_list list;
    cpl_reject_list_init(&list, 0);
    for (int i = 0; i < 3; i++)
        add(&list, 10, NULL, "ragged", i < 2 ? "two fields" : "six fields", "a,b\n");
    assert_int_equal(list.bytes.size, 2 * strlen("two fields") + 3 * strlen("a,b\n"));
    const struct cpl_reject_row *rows = (const struct cpl_reject_row *)(void *)list.rows.data;
    assert_memory_equal(list.bytes.data + rows[1].message_at, "two fields", 10);
    assert_memory_equal(list.bytes.data + rows[2].message_at, "six fields", 10);
    cpl_reject_list_release(&list);
}

static void places_are_named(void **state)
{
    (void)state;
    static const struct {
        struct cpl_fault fault;
        const char *field, *stored, *said;
    } cases[] = {
        {{0}, NULL, "m", "f:7: m"},
        {{.column = 1}, NULL, "m", "f:7:1: m"},
        {{.column = 5}, "a", "m", "f:7:5: a: m"},
        {{.column = 5}, NULL, "m (column 5)", "f:7:5: m"},
        {{.line = 2, .column = 1}, NULL, "m (line 3 of the row, column 1)", "f:9:1: m"},
        {{.column = 5, .conflict = true},
         "a",
         "m",
         "f:7:5: a: m; declare the column, or set schema.on_type_conflict to widen or reject"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cpl_error err = {0};
        struct cpl_reject_list list;
        cpl_reject_list_init(&list, 0);
        const struct cpl_reject reject = {.line = 6,
                                          .fault = cases[i].fault,
                                          .column = cases[i].field,
                                          .rule = "r",
                                          .message = "m"};
        assert_true(list.sink.add(&list.sink, &reject, &err));
        const struct cpl_reject_row *row = (const struct cpl_reject_row *)(void *)list.rows.data;
        const char *message = (const char *)list.bytes.data + row->message_at;
        assert_int_equal(row->message_length, strlen(cases[i].stored));
        assert_memory_equal(message, cases[i].stored, row->message_length);
        char *text = cpl_reject_text("f", row->line + 1, &row->fault, row->column, message,
                                     row->said_length, &err);
        assert_string_equal(text, cases[i].said);
        assert_int_equal(list.conflict, cases[i].fault.conflict);
        cpl_free(text);
        cpl_reject_list_release(&list);
    }
}

/* Whatever a decoder cuts to fit, what is kept is text. */
static void messages_are_whole_characters(void **state)
{
    (void)state;
    struct cpl_reject_list list;
    cpl_reject_list_init(&list, 0);
    add(&list, 10, NULL, "type", "\"caf\xC3\" is cut", "a,b\n");
    add(&list, 14, NULL, "type", "at the end \xE6\x9D", "c,d\n");
    const struct cpl_reject_row *rows = (const struct cpl_reject_row *)(void *)list.rows.data;
    assert_int_equal(rows[0].message_length, strlen("\"caf?\" is cut"));
    assert_memory_equal(list.bytes.data + rows[0].message_at, "\"caf?\" is cut", 13);
    assert_int_equal(rows[1].said_length, strlen("at the end ?"));
    assert_memory_equal(list.bytes.data + rows[1].message_at, "at the end ?", 12);
    assert_memory_equal(list.bytes.data + rows[1].raw_at, "c,d\n", 4);
    cpl_reject_list_release(&list);
}

static void the_limit_holds_and_keeps_the_list_whole(void **state)
{
    (void)state;
    struct cpl_reject_list list;
    cpl_reject_list_init(&list, 4096);
    struct cpl_error err = {0};
    static uint8_t big[8192];
    struct cpl_reject reject = {
        .rule = "limit", .message = "m", .raw = big, .raw_length = sizeof big};
    assert_false(list.sink.add(&list.sink, &reject, &err));
    assert_int_equal(list.n, 0);
    assert_int_equal(list.bytes.size, 0);
    add(&list, 1, NULL, "syntax", "m", "x");
    assert_int_equal(list.n, 1);
    cpl_reject_list_release(&list);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct cpl_reject_list list;
        cpl_reject_list_init(&list, 0);
        struct cpl_arena arena = {0};
        struct cpl_batch batch;
        struct cpl_error err = {0};
        struct cpl_reject reject = {.rule = "type",
                                    .column = "c",
                                    .message = "m",
                                    .raw = (const uint8_t *)"r",
                                    .raw_length = 1};
        cpl_memory_fail_at(n);
        bool done = list.sink.add(&list.sink, &reject, &err) &&
                    cpl_reject_batch(&list, 0, 1, "r", "o", 1, &arena, &batch, &err);
        cpl_memory_fail_at(0);
        cpl_arena_release(&arena);
        cpl_reject_list_release(&list);
        if (done)
            break;
        assert_int_equal(err.code, CPL_E_MEMORY);
    }
}

struct seen {
    uint64_t rows, pieces;
    bool conflict;
};

static bool see(void *context, struct cpl_reject_list *piece, struct cpl_error *err)
{
    struct seen *seen = context;
    const struct cpl_reject_row *rows =
        (const struct cpl_reject_row *)(const void *)piece->rows.data;
    (void)err;
    for (uint64_t i = 0; i < piece->n; i++, seen->rows++) {
        char raw[32];
        int length = snprintf(raw, sizeof raw, "row %llu", (unsigned long long)seen->rows);
        assert_int_equal(rows[i].position, seen->rows);
        assert_int_equal(rows[i].raw_length, length);
        assert_memory_equal(piece->bytes.data + rows[i].raw_at, raw, (size_t)length);
        assert_memory_equal(piece->bytes.data + rows[i].message_at, "message", 7);
        assert_string_equal(rows[i].rule, "ragged");
    }
    seen->pieces++;
    return true;
}

/* More than memory is for waits in a file, and comes back in order. */
static void many_are_put_down(void **state)
{
    (void)state;
    enum { ROWS = 10000 };
    struct cpl_reject_list list;
    struct cpl_error err = {0};
    struct seen seen = {0};
    cpl_reject_list_init(&list, 0);
    list.most = 100000;
    for (unsigned i = 0; i < ROWS; i++) {
        char raw[32];
        snprintf(raw, sizeof raw, "row %u", i);
        add(&list, i, NULL, "ragged", i % 3 ? "message" : "message of another kind", raw);
    }
    assert_int_equal(list.all, ROWS);
    assert_true(list.rows.size + list.bytes.size < 200000);
    assert_true(cpl_reject_list_each(&list, see, &seen, &err));
    assert_int_equal(seen.rows, ROWS);
    assert_true(seen.pieces > 5);
    cpl_reject_list_release(&list);
    assert_int_equal(list.all, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_are_put_down),
        cmocka_unit_test(rows_come_back),
        cmocka_unit_test(equal_messages_are_kept_once),
        cmocka_unit_test(places_are_named),
        cmocka_unit_test(messages_are_whole_characters),
        cmocka_unit_test(the_limit_holds_and_keeps_the_list_whole),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
