/* Every kind of damage is done to a sound dataset, and must be found under its name. */
#include "encode/encoder.h"
#include "quality/reject.h"
#include "run/attempt_test.h"
#include "run/receipt.h"

#include <fcntl.h>

static void make_dataset(struct bench *bench)
{
    bool prior;
    static const struct run runs[] = {
        {.id = "r1", .rows = 50, .rejected = 2, .partition = "day=1"},
        {.id = "r2", .rows = 20, .partition = "day=2"},
        {.id = "r3",
         .rows = 30,
         .rejected = 4,
         .partition = "day=2",
         .mode = CPL_MODE_OVERWRITE_PARTITIONS},
    };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        if (!run_all(bench, &runs[i], &prior))
            fail_msg("%s", bench->err.message);
}

static const char *path_of(struct bench *bench, const char *name)
{
    static char path[600];
    snprintf(path, sizeof path, "%s/%s", bench->dataset, name);
    return path;
}

static void flip_bit(struct bench *bench, const char *name, off_t at)
{
    int fd = open(path_of(bench, name), O_RDWR);
    unsigned char byte;
    assert_true(fd >= 0);
    off_t end = lseek(fd, 0, SEEK_END);
    at = at < 0 ? end + at : at;
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 4;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void put_file(struct bench *bench, const char *name)
{
    FILE *file = fopen(path_of(bench, name), "w");
    assert_non_null(file);
    fputs("x", file);
    fclose(file);
}

static void assert_found(struct bench *bench, const char *kind, const char *name)
{
    struct cpl_verify_report report;
    if (!cpl_verify(bench->storage, bench->dataset, &report, &bench->err))
        fail_msg("%s", bench->err.message);
    bool found = false;
    for (size_t i = 0; i < report.n_findings; i++)
        found |= report.findings[i].problem && !strcmp(report.findings[i].kind, kind) &&
                 (strstr(report.findings[i].path, name) || strstr(report.findings[i].text, name));
    if (!found) {
        for (size_t i = 0; i < report.n_findings; i++)
            print_message("%s %s %s\n", report.findings[i].kind, report.findings[i].path,
                          report.findings[i].text);
        fail_msg("no finding `%s` about %s among %zu", kind, name, report.n_findings);
    }
    assert_true(report.problems > 0);
    cpl_verify_report_release(&report);
}

static void assert_sound(struct bench *bench, const char *note)
{
    struct cpl_verify_report report;
    if (!cpl_verify(bench->storage, bench->dataset, &report, &bench->err))
        fail_msg("%s", bench->err.message);
    for (size_t i = 0; i < report.n_findings; i++)
        if (report.findings[i].problem || !note || strcmp(report.findings[i].kind, note) != 0)
            fail_msg("%s %s %s", report.findings[i].kind, report.findings[i].path,
                     report.findings[i].text);
    assert_int_equal(report.n_findings, note != NULL);
    assert_int_equal(report.problems, 0);
    assert_int_equal(report.records, 3);
    assert_int_equal(report.receipts, 3);
    assert_int_equal(report.outstanding_rejects, 6);
    cpl_verify_report_release(&report);
}

#define DATA      "day=1/part-r1-00000.txt"
#define REJECTS   "_cupel/rejects/r3-00000.txt"
#define RECORD(n) "_cupel/log/0000000000000000000" #n ".json"
#define DONE(n)   "_cupel/log/0000000000000000000" #n ".done"

static void a_sound_dataset_is_sound(void **state)
{
    struct bench *bench = *state;
    make_dataset(bench);
    assert_sound(bench, NULL);
}

static void damaged_bytes_are_found(void **state)
{
    struct bench *bench = *state;
    make_dataset(bench);
    flip_bit(bench, DATA, 0);
    assert_found(bench, "checksum", DATA);
    flip_bit(bench, DATA, 0);
    flip_bit(bench, REJECTS, -1);
    assert_found(bench, "checksum", REJECTS);
    flip_bit(bench, REJECTS, -1);
    assert_sound(bench, NULL);
    assert_int_equal(truncate(path_of(bench, DATA), 294), 0);
    assert_found(bench, "size", DATA);
}

static void damaged_marks_are_found(void **state)
{
    struct bench *bench = *state;
    make_dataset(bench);
    flip_bit(bench, DONE(2), 3);
    assert_found(bench, "content", "002.done");
    flip_bit(bench, DONE(2), 3);
    assert_sound(bench, NULL);
    assert_int_equal(truncate(path_of(bench, DONE(2)), 0), 0);
    assert_found(bench, "content", "002.done");
}

static void lost_files_are_found(void **state)
{
    struct bench *bench = *state;
    make_dataset(bench);
    unlink(path_of(bench, REJECTS));
    assert_found(bench, "missing", REJECTS);
    assert_found(bench, "books", "rows in reject files = 0");
    unlink(path_of(bench, DATA));
    assert_found(bench, "missing", DATA);
    assert_found(bench, "books", "rows in data files = 0");
    unlink(path_of(bench, "_cupel/receipts/r2.json"));
    assert_found(bench, "missing", "r2.json");
}

static void every_bit_of_the_log_counts(void **state)
{
    struct bench *bench = *state;
    struct stat status;
    make_dataset(bench);
    assert_int_equal(stat(path_of(bench, RECORD(3)), &status), 0);
    for (off_t at = 0; at < status.st_size; at += 7) {
        flip_bit(bench, RECORD(3), at);
        assert_found(bench, "log", RECORD(3));
        flip_bit(bench, RECORD(3), at);
    }
    assert_sound(bench, NULL);
}

static void lost_records_are_found(void **state)
{
    struct bench *bench = *state;
    make_dataset(bench);
    unlink(path_of(bench, RECORD(3)));
    assert_found(bench, "log", "record 3 is missing");
    unlink(
        path_of(bench, DONE(3))); /* the tail as it was before record 3: its files give it away */
    assert_found(bench, "stray", "part-r3-00000");
    assert_found(bench, "missing", "part-r2-00000");
    unlink(path_of(bench, RECORD(1)));
    assert_found(bench, "log", "record 1 is missing");
}

static void a_changed_receipt_is_found(void **state)
{
    struct bench *bench = *state;
    make_dataset(bench);
    flip_bit(bench, "_cupel/receipts/r1.json", 100);
    assert_found(bench, "checksum", "r1.json");
}

static const char *plan_of(struct bench *bench, const char *run_id)
{
    static char name[200];
    struct cpl_object_list list;
    name[0] = 0;
    assert_true(cpl_storage_list(bench->storage, path_of(bench, "_cupel/plans"), &list, NULL));
    for (size_t i = 0; i < list.n; i++)
        if (strstr(strrchr(list.items[i].path, '/'), run_id))
            snprintf(name, sizeof name, "_cupel/plans%s", strrchr(list.items[i].path, '/'));
    cpl_object_list_release(&list);
    assert_true(name[0]);
    return name;
}

static void a_changed_plan_is_found(void **state)
{
    struct bench *bench = *state;
    make_dataset(bench);
    flip_bit(bench, plan_of(bench, "r1"), 0);
    assert_found(bench, "plan", plan_of(bench, "r1"));
    flip_bit(bench, plan_of(bench, "r1"), 0);
    char lost[200];
    snprintf(lost, sizeof lost, "%s", plan_of(bench, "r2"));
    unlink(path_of(bench, lost));
    assert_found(bench, "plan", lost);
}

static void strays_are_found(void **state)
{
    struct bench *bench = *state;
    make_dataset(bench);
    put_file(bench, "day=2/part-r2-00000.txt"); /* removed by the third run */
    assert_found(bench, "stray", "part-r2");
    unlink(path_of(bench, "day=2/part-r2-00000.txt"));
    put_file(bench, "day=1/theirs.parquet");
    assert_found(bench, "stray", "theirs");
    unlink(path_of(bench, "day=1/theirs.parquet"));
    put_file(bench, "_cupel/rejects/theirs.parquet");
    assert_found(bench, "stray", "theirs");
}

static void unfinished_business_is_a_note(void **state)
{
    struct bench *bench = *state;
    make_dataset(bench);
    char aside[128], done[CPL_LOG_PATH_MAX];
    snprintf(aside, sizeof aside, "%s/aside", bench->root);
    snprintf(done, sizeof done, "%s", path_of(bench, DONE(3)));
    assert_int_equal(rename(done, aside), 0);
    assert_sound(bench, "unpublished");
    assert_true(cpl_storage_make_dirs(bench->storage, path_of(bench, "_cupel/staging/old"), NULL));
    assert_int_equal(rename(aside, done), 0);
    put_file(bench, "_cupel/staging/old/file");
    assert_sound(bench, "staging");
}

static void what_is_no_dataset_is_an_error(void **state)
{
    struct bench *bench = *state;
    struct cpl_verify_report report;
    assert_false(cpl_verify(bench->storage, bench->root, &report, &bench->err));
    assert_int_equal(bench->err.code, CPL_E_NOT_FOUND);
}

/* ---- what a checksum cannot tell ---- */

struct attempt_sink {
    struct cpl_write_sink sink;
    struct cpl_writer *writer;
};

static bool write_through(struct cpl_write_sink *sink, const void *data, size_t size,
                          struct cpl_error *err)
{
    return cpl_writer_write(((struct attempt_sink *)sink)->writer, data, size, err);
}

struct memory_sink {
    struct cpl_write_sink sink;
    struct cpl_buffer bytes;
};

static bool write_to_memory(struct cpl_write_sink *sink, const void *data, size_t size,
                            struct cpl_error *err)
{
    return cpl_buffer_append(&((struct memory_sink *)sink)->bytes, data, size, err);
}

/* A Parquet file of two rejects, in two row groups or, with one lost, in one. */
static void write_rejects(struct bench *bench, struct cpl_write_sink *sink, bool lose_one)
{
    const struct cpl_encoder_ops *ops = &cpl_encoder_parquet;
    struct cpl_arena arena = {0};
    struct cpl_reject_list list;
    void *options = calloc(1, ops->options_size);
    assert_true(cpl_options_parse(ops->options, NULL, "test", &arena, options, &bench->err));
    struct cpl_part_builder *builder = ops->builder_new(cpl_reject_schema(), options, &bench->err);
    struct cpl_file_encoder *file = ops->file_new(cpl_reject_schema(), options, sink, NULL,
                                                  &bench->err);
    cpl_reject_list_init(&list, 0);
    for (int i = 0; i < 2 - lose_one; i++) {
        struct cpl_part *part;
        struct cpl_batch batch;
        struct cpl_reject reject = {
            .rule = "type", .message = "m", .raw = (const uint8_t *)"x", .raw_length = 1};
        assert_true(list.sink.add(&list.sink, &reject, &bench->err));
        assert_true(
            cpl_reject_batch(&list, (uint64_t)i, 1, "r", "o", 1, &arena, &batch, &bench->err));
        assert_true(ops->append(builder, &batch, NULL, 1, &bench->err));
        assert_true(ops->finish(builder, &part, &bench->err) &&
                    ops->file_add(file, part, &bench->err));
    }
    assert_true(ops->file_finish(file, &bench->err));
    ops->file_free(file);
    ops->builder_free(builder);
    cpl_reject_list_release(&list);
    cpl_arena_release(&arena);
    free(options);
}

static void land_rejects(struct bench *bench, bool lose_one)
{
    struct run run = {.id = "r", .rows = 0, .rejected = 2};
    struct cpl_attempt *attempt;
    struct cpl_staged staged;
    enum cpl_commit_outcome outcome;
    char path[CPL_LOG_PATH_MAX];
    assert_true(run_begin(bench, &run, &attempt));
    assert_true(cpl_attempt_rejects_path(attempt, 0, ".parquet", path, &bench->err));
    struct cpl_writer *writer = cpl_attempt_open(attempt, path, &bench->err);
    struct attempt_sink sink = {.sink = {.write = write_through}, .writer = writer};
    write_rejects(bench, &sink.sink, lose_one);
    assert_true(cpl_writer_finish(writer, &staged, &bench->err));
    cpl_writer_close(writer);
    struct cpl_attempt_file file = {.role = CPL_FILE_REJECTS, .path = path, .rows = 2};
    assert_true(cpl_attempt_add(attempt, &file, &staged, &bench->err));
    assert_true(run_commit(attempt, &run, &outcome, &bench->err));
    assert_true(cpl_attempt_publish(attempt, &bench->err));
    cpl_attempt_close(attempt);
}

/* The file has the very checksum that was recorded, and a row group less than was told. */
static void a_lost_row_group_is_found(void **state)
{
    struct bench *bench = *state;
    struct cpl_verify_report report;
    land_rejects(bench, false);
    assert_true(cpl_verify(bench->storage, bench->dataset, &report, &bench->err));
    assert_int_equal(report.problems, 0);
    assert_int_equal(report.rejects, 2);
    cpl_verify_report_release(&report);
    assert_true(cpl_storage_remove_tree(bench->storage, bench->dataset, &bench->err));
    land_rejects(bench, true);
    assert_found(bench, "rejects", "r-00000.parquet");
    assert_found(bench, "books", "rows in reject files = 1");
}

enum { PATH = 96 };

/* A single file of nine rows by the run `r`, and its receipt. */
static void land_with_receipt(struct bench *bench, char *out, char *receipt)
{
    bool prior;
    snprintf(out, PATH, "%s/out.txt", bench->root);
    snprintf(receipt, PATH, "%s/receipt.json", bench->root);
    struct run run = {.id = "r", .rows = 9, .single_file = out, .receipt_path = receipt};
    assert_true(run_all(bench, &run, &prior));
}

static void a_single_file_has_its_receipt(void **state)
{
    struct bench *bench = *state;
    char out[PATH], receipt[PATH];
    land_with_receipt(bench, out, receipt);
    struct cpl_verify_report report;
    assert_true(cpl_verify_file(bench->storage, out, receipt, false, &report, &bench->err));
    assert_int_equal(report.problems, 0);
    assert_int_equal(report.files, 1);
    cpl_verify_report_release(&report);
    assert_int_equal(truncate(out, 48), 0);
    assert_true(cpl_verify_file(bench->storage, out, receipt, false, &report, &bench->err));
    assert_int_equal(report.problems, 1);
    assert_string_equal(report.findings[0].kind, "size");
    cpl_verify_report_release(&report);
}

static void write_text(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Whatever bit of it changes. */
static void a_receipt_proves_itself(void **state)
{
    struct bench *bench = *state;
    char out[PATH], receipt[PATH];
    struct cpl_verify_report report;
    struct cpl_buffer text = {0};
    land_with_receipt(bench, out, receipt);
    assert_true(cpl_storage_read_all(bench->storage, receipt, 1 << 20, &text, &bench->err));
    for (size_t i = 0; i < text.size; i++) {
        struct cpl_stored_receipt stored;
        struct cpl_error why = {0};
        text.data[i] ^= (uint8_t)(1u << i % 8);
        if (cpl_receipt_parse((const char *)text.data, text.size, "r", &stored, &why))
            fail_msg("a changed bit of byte %zu is not found", i);
        text.data[i] ^= (uint8_t)(1u << i % 8);
    }
    text.data[text.size / 2] ^= 1;
    write_text(receipt, (const char *)text.data, text.size);
    assert_false(cpl_verify_file(bench->storage, out, receipt, false, &report, &bench->err));
    cpl_buffer_release(&text);
}

/* Version 1 had no checksum: told of, and no problem; without it no other version is read. */
static void an_earlier_receipt_is_told_of(void **state)
{
    struct bench *bench = *state;
    char out[PATH], receipt[PATH];
    struct cpl_verify_report report;
    struct cpl_buffer text = {0};
    land_with_receipt(bench, out, receipt);
    assert_true(cpl_storage_read_all(bench->storage, receipt, 1 << 20, &text, &bench->err));
    char *all = (char *)(uintptr_t)cpl_buffer_text(&text, &bench->err);
    char *checksum = strstr(all, ",\n  \"checksum\"");
    char *version = strstr(all, "\"version\": 2");
    assert_non_null(checksum);
    assert_non_null(version);
    strcpy(checksum, "\n}\n");
    write_text(receipt, all, strlen(all));
    assert_false(cpl_verify_file(bench->storage, out, receipt, false, &report, &bench->err));
    version[11] = '1';
    write_text(receipt, all, strlen(all));
    if (!cpl_verify_file(bench->storage, out, receipt, false, &report, &bench->err))
        fail_msg("%s", bench->err.message);
    assert_int_equal(report.problems, 0);
    assert_int_equal(report.notes, 1);
    assert_string_equal(report.findings[0].kind, "receipt");
    cpl_verify_report_release(&report);
    cpl_buffer_release(&text);
}

/* ---- a Parquet file without a receipt ---- */

static void store(const char *path, const struct cpl_buffer *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes->data, size), (ssize_t)size);
    close(fd);
}

static void assert_damaged(struct bench *bench, const char *path, const char *what, size_t at)
{
    struct cpl_verify_report report;
    if (!cpl_verify_parquet(bench->storage, path, &report, &bench->err))
        fail_msg("%s at %zu is an error: %s", what, at, bench->err.message);
    if (report.problems != 1)
        fail_msg("%s at %zu was not found", what, at);
    assert_string_equal(report.findings[0].kind, "content");
    cpl_verify_report_release(&report);
}

static void every_bit_of_a_lone_file_counts(void **state)
{
    struct bench *bench = *state;
    struct memory_sink sink = {.sink = {.write = write_to_memory}};
    struct cpl_verify_report report;
    char path[96];
    snprintf(path, sizeof path, "%s/out.parquet", bench->root);
    write_rejects(bench, &sink.sink, false);
    store(path, &sink.bytes, sink.bytes.size);
    assert_true(cpl_verify_parquet(bench->storage, path, &report, &bench->err));
    assert_int_equal(report.problems, 0);
    assert_int_equal(report.rows, 2);
    assert_true(report.whole);
    cpl_verify_report_release(&report);
    for (size_t bit = 0; bit < sink.bytes.size * 8; bit++) {
        sink.bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        store(path, &sink.bytes, sink.bytes.size);
        sink.bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_damaged(bench, path, "a flipped bit", bit);
    }
    for (size_t size = 0; size < sink.bytes.size; size++) {
        store(path, &sink.bytes, size);
        assert_damaged(bench, path, "a cut", size);
    }
    cpl_buffer_release(&sink.bytes);
}

static void rejects_beside_a_lone_file_are_told_of(void **state)
{
    struct bench *bench = *state;
    struct memory_sink sink = {.sink = {.write = write_to_memory}};
    struct cpl_verify_report report;
    char path[96], beside[120];
    snprintf(path, sizeof path, "%s/out.parquet", bench->root);
    snprintf(beside, sizeof beside, "%s.rejects.parquet", path);
    write_rejects(bench, &sink.sink, false);
    store(path, &sink.bytes, sink.bytes.size);
    store(beside, &sink.bytes, sink.bytes.size);
    assert_true(cpl_verify_parquet(bench->storage, path, &report, &bench->err));
    assert_int_equal(report.problems, 0);
    assert_int_equal(report.notes, 1);
    assert_string_equal(report.findings[0].path, beside);
    cpl_verify_report_release(&report);
    cpl_buffer_release(&sink.bytes);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(a_sound_dataset_is_sound),
        T(damaged_bytes_are_found),
        T(damaged_marks_are_found),
        T(lost_files_are_found),
        T(every_bit_of_the_log_counts),
        T(lost_records_are_found),
        T(a_changed_receipt_is_found),
        T(a_changed_plan_is_found),
        T(strays_are_found),
        T(unfinished_business_is_a_note),
        T(what_is_no_dataset_is_an_error),
        T(a_lost_row_group_is_found),
        T(a_single_file_has_its_receipt),
        T(a_receipt_proves_itself),
        T(an_earlier_receipt_is_told_of),
        T(every_bit_of_a_lone_file_counts),
        T(rejects_beside_a_lone_file_are_told_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
