/* Records and receipts of a hundred thousand files, and the error of one file too many. */
#include "run/log_record.h"
#include "run/receipt.h"
#include "run/record_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 100000 };

struct files {
    struct cpl_file_entry *entries;
    char (*texts)[3][120];
};

static struct files make_files(size_t n)
{
    struct files files = {.entries = calloc(n, sizeof *files.entries),
                          .texts = calloc(n, sizeof *files.texts)};
    assert_true(files.entries && files.texts);
    for (size_t i = 0; i < n; i++) {
        char *path = files.texts[i][0], *token = files.texts[i][1], *key = files.texts[i][2];
        sprintf(key, "customer=%zu", i);
        sprintf(path, "customer=%zu/part-20261101T000000Z-a1b2c3d4-00000.parquet", i);
        sprintf(token, "_cupel/staging/20261101T000000Z-a1b2c3d4-0123456789abcdef/%016zx.tmp", i);
        files.entries[i] = (struct cpl_file_entry){.path = path,
                                                   .token = token,
                                                   .size = 1000 + i,
                                                   .rows = 1,
                                                   .partition = key,
                                                   .checksum = "xxh3:"
                                                               "0123456789abcdef0123456789abcdef"};
    }
    return files;
}

static void free_files(struct files *files)
{
    free(files->entries);
    free(files->texts);
}

static void a_record_holds_a_hundred_thousand_files(void **state)
{
    (void)state;
    struct files files = make_files(MANY);
    struct cpl_error err = {0};
    struct cpl_buffer text = {0};
    struct cpl_log_record back, record = {.seq = 1, .added = files.entries, .n_added = MANY};
    uint64_t room = 0;
    if (!cpl_log_record_encode(&record, &text, &err) ||
        !cpl_log_record_parse((const char *)text.data, text.size, "it", &back, &err))
        fail_msg("%s", err.message);
    assert_int_equal(back.n_added, MANY);
    for (size_t i = 0; i < MANY; i++) {
        room += cpl_file_entry_room(files.entries[i].path);
        assert_string_equal(back.added[i].path, files.entries[i].path);
        assert_int_equal(back.added[i].size, 1000 + i);
    }
    assert_true(room <= text.size && room > text.size / 2); /* the early guess is near and below */
    cpl_log_record_release(&back);
    cpl_buffer_release(&text);
    free_files(&files);
}

static void a_receipt_holds_them_too(void **state)
{
    (void)state;
    struct files files = make_files(MANY);
    struct cpl_error err = {0};
    struct cpl_buffer text = {0};
    struct cpl_account account = {.rows = {.read = MANY, .landed = MANY}};
    struct cpl_receipt receipt = {.account = &account, .files = files.entries, .n_files = MANY};
    struct cpl_stored_receipt back;
    if (!cpl_receipt_encode(&receipt, &text, &err) ||
        !cpl_receipt_parse((const char *)text.data, text.size, "it", &back, &err))
        fail_msg("%s", err.message);
    assert_true(text.size <= CPL_LOG_RECORD_MAX);
    assert_int_equal(back.n_files, MANY);
    assert_string_equal(back.files[MANY - 1].path, files.entries[MANY - 1].path);
    assert_string_equal(back.files[7].partition, "customer=7");
    cpl_stored_receipt_release(&back);
    cpl_buffer_release(&text);
    free_files(&files);
}

static void too_many_files_are_refused_with_a_way_out(void **state)
{
    (void)state;
    enum { TOO_MANY = 250000 };
    struct files files = make_files(TOO_MANY);
    struct cpl_error err = {0};
    struct cpl_buffer text = {0};
    struct cpl_log_record record = {.seq = 1, .added = files.entries, .n_added = TOO_MANY};
    assert_false(cpl_log_record_encode(&record, &text, &err));
    assert_int_equal(err.code, CPL_E_LIMIT);
    assert_non_null(strstr(err.message, "250000 files"));
    assert_non_null(strstr(err.message, "larger files"));
    cpl_buffer_release(&text);
    free_files(&files);
}

static void too_many_inputs_are_refused_before_any_work(void **state)
{
    (void)state;
    struct cpl_error err = {0};
    assert_true(cpl_receipt_room_left(50000 * 100, 50000, &err));
    assert_false(cpl_receipt_room_left(200000 * 100, 200000, &err));
    assert_int_equal(err.code, CPL_E_LIMIT);
    assert_non_null(strstr(err.message, "several runs"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_holds_a_hundred_thousand_files),
        cmocka_unit_test(a_receipt_holds_them_too),
        cmocka_unit_test(too_many_files_are_refused_with_a_way_out),
        cmocka_unit_test(too_many_inputs_are_refused_before_any_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
