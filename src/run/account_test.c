#include "run/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct books {
    struct cpl_input_account input;
    struct cpl_account account;
    struct cpl_file_entry files[2];
};

/* 100 bytes: 10 of header, 5 comments, 5 blank, 60 rows (6 of 10 bytes), 20 rejects (2). */
static void balanced(struct books *books)
{
    struct cpl_error err = {0};
    *books = (struct books){
        .input = {.path = "in.csv", .text = true, .decompressed = 100},
        .account =
            {.n_inputs = 1,
             .rows = {.read = 8, .derived = 3, .landed = 7, .filtered = 1, .deduplicated = 1}},
        .files = {{.role = CPL_FILE_DATA, .rows = 7}, {.role = CPL_FILE_REJECTS, .rows = 2}},
    };
    books->account.inputs = &books->input;
    const struct cpl_split_report splits[2] = {{.true_start = 0,
                                                .true_end = 60,
                                                .rows_read = 4,
                                                .rows_decoded = 4,
                                                .header_bytes = 10,
                                                .comment_bytes = 5,
                                                .blank_bytes = 5,
                                                .row_bytes = 40},
                                               {.true_start = 60,
                                                .true_end = 100,
                                                .rows_read = 4,
                                                .rows_decoded = 2,
                                                .rows_rejected = 2,
                                                .row_bytes = 20,
                                                .reject_bytes = 20}};
    for (int i = 0; i < 2; i++)
        assert_true(cpl_account_split(&books->input, &splits[i], &err));
    assert_true(cpl_account_reject(&books->account, "type", 1, &err));
    assert_true(cpl_account_reject(&books->account, "ragged", 1, &err));
}

static void assert_refused(struct books *books, const char *left, const char *right)
{
    struct cpl_error err = {0};
    assert_false(cpl_account_check(&books->account, books->files, 2, &err));
    assert_int_equal(err.code, CPL_E_BOOKS);
    if (!strstr(err.message, left) || !strstr(err.message, right))
        fail_msg("neither %s nor %s in: %s", left, right, err.message);
    cpl_account_release(&books->account);
}

static void balanced_books_pass(void **state)
{
    (void)state;
    struct books books;
    struct cpl_error err = {0};
    balanced(&books);
    if (!cpl_account_check(&books.account, books.files, 2, &err))
        fail_msg("%s", err.message);
    cpl_account_release(&books.account);
}

/* Each number off by one is found by some equation. */
static void every_number_counts(void **state)
{
    (void)state;
    struct books books;
#define OFF(member, left, right)                                                                   \
    do {                                                                                           \
        balanced(&books);                                                                          \
        books.member++;                                                                            \
        assert_refused(&books, left, right);                                                       \
    } while (0)
    OFF(input.header_bytes, "= 101", "= 100");
    OFF(input.comment_bytes, "= 101", "= 100");
    OFF(input.blank_bytes, "= 101", "= 100");
    OFF(input.row_bytes, "= 101", "= 100");
    OFF(input.reject_bytes, "= 101", "= 100");
    OFF(input.decompressed, "= 100", "= 101");
    OFF(input.from, "= 1", "= 0");
    OFF(input.to, "= 101", "= 100");
    OFF(input.rows_read, "= 9", "= 8");
    OFF(input.rows_decoded, "= 8", "= 9");
    OFF(input.rows_rejected, "= 8", "= 9");
    OFF(account.rows.read, "= 8", "= 9");
    OFF(account.rows.derived, "= 12", "= 11");
    OFF(account.rows.landed, "= 11", "= 12");
    OFF(account.rows.rejected, "= 11", "= 12");
    OFF(account.rows.filtered, "= 11", "= 12");
    OFF(account.rows.deduplicated, "= 11", "= 12");
    OFF(account.rejected_by_rule[0].n, "= 3", "= 2");
    OFF(files[0].rows, "= 8", "= 7");
    OFF(files[1].rows, "= 3", "= 2");
}

static void sums_that_overflow_never_balance(void **state)
{
    (void)state;
    struct books books;
    balanced(&books);
    books.input.row_bytes = UINT64_MAX - 10;
    assert_refused(&books, "18446744073709551615", "= 100");
}

static void splits_must_tile(void **state)
{
    (void)state;
    struct books books;
    struct cpl_error err = {0};
    balanced(&books);
    struct cpl_split_report hole = {.true_start = 101, .true_end = 110};
    assert_false(cpl_account_split(&books.input, &hole, &err));
    assert_int_equal(err.code, CPL_E_BOOKS);
    cpl_account_release(&books.account);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(balanced_books_pass),
        cmocka_unit_test(every_number_counts),
        cmocka_unit_test(sums_that_overflow_never_balance),
        cmocka_unit_test(splits_must_tile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
