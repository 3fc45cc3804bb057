#include "source/rejects.h"

#include "encode/encoder.h"
#include "quality/reject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct bench {
    char path[64];
    struct cpl_storage *storage;
    struct cpl_error err;
};

struct file_sink {
    struct cpl_write_sink sink;
    FILE *file;
};

static bool put(struct cpl_write_sink *sink, const void *data, size_t size, struct cpl_error *err)
{
    (void)err;
    return fwrite(data, 1, size, ((struct file_sink *)sink)->file) == size;
}

static uint64_t
    missing; /* bytes that the last row of the file was longer than what is kept of it */

/* A reject file of these raw rows; NULL = a row whose bytes were not kept. */
static void make_rejects(struct bench *bench, const char *const *raws, uint32_t n)
{
    const struct cpl_encoder_ops *ops = &cpl_encoder_parquet;
    struct cpl_error *err = &bench->err;
    struct cpl_arena arena = {0};
    struct cpl_reject_list list;
    struct cpl_batch batch;
    struct cpl_part *part;
    struct file_sink sink = {.sink = {.write = put}, .file = fopen(bench->path, "wb")};
    void *options = calloc(1, ops->options_size);
    assert_true(cpl_options_parse(ops->options, NULL, "test", &arena, options, err));
    cpl_reject_list_init(&list, 0);
    for (uint32_t i = 0; i < n; i++) {
        struct cpl_reject reject = {.position = i * 10,
                                    .length = (raws[i] ? strlen(raws[i]) : 0) +
                                              (i + 1 == n ? missing : 0),
                                    .rule = "type",
                                    .message = "m",
                                    .raw = (const uint8_t *)raws[i],
                                    .raw_length = raws[i] ? strlen(raws[i]) : 0};
        assert_true(list.sink.add(&list.sink, &reject, err));
    }
    struct cpl_part_builder *builder = ops->builder_new(cpl_reject_schema(), options, err);
    struct cpl_file_encoder *file = ops->file_new(cpl_reject_schema(), options, &sink.sink, NULL,
                                                  err);
    assert_true(cpl_reject_batch(&list, 0, n, "run-7", "in/orders.csv", 1, &arena, &batch, err));
    assert_true(ops->append(builder, &batch, NULL, n, err));
    assert_true(ops->finish(builder, &part, err));
    assert_true(ops->file_add(file, part, err));
    assert_true(ops->file_finish(file, err));
    ops->file_free(file);
    ops->builder_free(builder);
    fclose(sink.file);
    free(options);
    cpl_reject_list_release(&list);
    cpl_arena_release(&arena);
}

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    strcpy(bench->path, "/tmp/cupel-rejects-XXXXXX");
    close(mkstemp(bench->path));
    bench->storage = cpl_storage_local(NULL, &bench->err);
    *state = bench;
    return bench->storage ? 0 : -1;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    unlink(bench->path);
    cpl_storage_free(bench->storage);
    free(bench);
    return 0;
}

static void assert_stream(struct bench *bench, const struct cpl_rejects_source *source, size_t part,
                          const char *text, size_t piece)
{
    char out[256];
    size_t size = 0, got = 1;
    struct cpl_stream *stream = cpl_rejects_stream(source, part, &bench->err);
    assert_non_null(stream);
    while (got) {
        assert_true(size + piece <= sizeof out);
        assert_true(cpl_stream_read(stream, out + size, piece, &got, &bench->err));
        size += got;
    }
    assert_true(stream->ops->ends_row(stream));
    assert_int_equal(stream->position, size);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(out, text, size);
    cpl_stream_close(stream);
}

static void rows_come_again_as_they_were(void **state)
{
    struct bench *bench = *state;
    static const char *const raws[] = {"1,x\n", "2,\"a\nb\",c", "", "3,y\r\n"};
    static const char text[] = "id,name\r\n1,x\n2,\"a\nb\",c\n\n3,y\r\n";
    make_rejects(bench, raws, 4);
    struct cpl_rejects_source *source = cpl_rejects_open(bench->storage, bench->path, &bench->err);
    if (!source)
        fail_msg("%s", bench->err.message);
    const struct cpl_rejects_info *info = cpl_rejects_info(source);
    assert_int_equal(info->rows, 4);
    assert_string_equal(info->run_id, "run-7");
    assert_int_equal(info->n_objects, 1);
    assert_string_equal(info->objects[0].name, "in/orders.csv");
    assert_int_equal(strlen(info->checksum), 37);
    assert_stream(bench, source, 0, text + 9, 64);
    struct cpl_rejects_frame frame = {
        .header = {(const uint8_t *)text, 9}, .charset = "", .newline = '\n', .dialect = -1};
    assert_true(cpl_rejects_part_spans_lines(source, 0));
    assert_null(cpl_rejects_part_dialect(source, 0));
    assert_true(cpl_rejects_set_frame(source, 0, &frame, &bench->err));
    for (size_t piece = 1; piece < 40; piece += 3)
        assert_stream(bench, source, 0, text, piece);
    frame.header = (struct cpl_rejects_bytes){(const uint8_t *)"h", 1};
    assert_true(cpl_rejects_set_frame(source, 0, &frame, &bench->err));
    assert_stream(bench, source, 1, "h\n1,x\n2,\"a\nb\",c\n\n3,y\r\n", 100);
    assert_false(cpl_rejects_part_spans_lines(source, 0)); /* nobody's any more */
    frame.newline = '\r';
    assert_true(cpl_rejects_set_frame(source, 0, &frame, &bench->err));
    assert_int_equal(cpl_rejects_parts(source), 3);
    assert_stream(bench, source, 2, "h\r1,x\n\r2,\"a\nb\",c\r\r3,y\r\n\r", 100);
    cpl_rejects_free(source);
}

/* A row's end is told at its newline, and nowhere else. */
static void ends_of_rows_are_told(void **state)
{
    struct bench *bench = *state;
    static const char *const raws[] = {"1,\"x\n", "2\n3", ""};
    static const char text[] = "h\n1,\"x\n2\n3\n\n", ends[] = " *    *   **";
    make_rejects(bench, raws, 3);
    struct cpl_rejects_source *source = cpl_rejects_open(bench->storage, bench->path, &bench->err);
    assert_non_null(source);
    struct cpl_rejects_frame frame = {
        .header = {(const uint8_t *)"h", 1}, .charset = "", .newline = '\n', .dialect = -1};
    assert_true(cpl_rejects_set_frame(source, 0, &frame, &bench->err));
    for (size_t piece = 1; piece < 20; piece++) {
        struct cpl_stream *stream = cpl_rejects_stream(source, 0, &bench->err);
        size_t at = 0, got = 1;
        for (char out[20]; got;) {
            assert_true(cpl_stream_read(stream, out, piece, &got, &bench->err));
            assert_memory_equal(out, text + at, got);
            for (size_t i = 0; i + 1 < got; i++)
                assert_int_equal(ends[at + i], ' ');
            at += got;
            assert_int_equal(stream->ops->ends_row(stream), ends[at - 1] == '*');
        }
        assert_int_equal(at, strlen(text));
        cpl_stream_close(stream);
    }
    cpl_rejects_free(source);
}

/* A row that lacks its newline gets one of its charset; one that has it gets none. */
static void newlines_are_of_the_charset(void **state)
{
    struct bench *bench = *state;
    static const char *const raws[] = {"12", "34"};
    static const struct {
        const char *charset, *newline;
        size_t size;
    } cases[] = {{"UTF-16LE", "\n\0", 2},
                 {"utf16be", "\0\n", 2},
                 {"UTF-32LE", "\n\0\0\0", 4},
                 {"UTF-32BE", "\0\0\0\n", 4},
                 {"ISO-8859-16", "\n", 1},
                 {"UTF-8", "\n", 1},
                 {"", "\n", 1}};
    make_rejects(bench, raws, 2);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[64], wanted[64];
        size_t got, n = cases[i].size;
        struct cpl_rejects_source *source = cpl_rejects_open(bench->storage, bench->path,
                                                             &bench->err);
        assert_non_null(source);
        memcpy(wanted, "hh", 2);
        memcpy(wanted + 2, cases[i].newline, n);
        struct cpl_rejects_frame frame = {.header = {(const uint8_t *)wanted, 2 + n},
                                          .charset = cases[i].charset,
                                          .newline = '\n',
                                          .dialect = CPL_NO_DIALECT};
        assert_true(cpl_rejects_set_frame(source, 0, &frame, &bench->err));
        memcpy(wanted + 2 + n, "12", 2);
        memcpy(wanted + 4 + n, cases[i].newline, n);
        memcpy(wanted + 4 + 2 * n, "34", 2);
        memcpy(wanted + 6 + 2 * n, cases[i].newline, n);
        struct cpl_stream *stream = cpl_rejects_stream(source, 0, &bench->err);
        for (size_t row = 0; row < 3; row++) { /* each ends a read */
            assert_true(cpl_stream_read(stream, out, sizeof out, &got, &bench->err));
            assert_int_equal(got, 2 + n);
            assert_memory_equal(out, wanted + row * got, got);
            assert_true(stream->ops->ends_row(stream));
        }
        cpl_stream_close(stream);
        cpl_rejects_free(source);
    }
}

/* Headers of early versions end where too few bytes were kept. */
static void headers_that_were_cut_are_told(void **state)
{
    struct bench *bench = *state;
    static const char *const raws[] = {"1;2"};
    static const struct {
        const char *charset, *header;
        size_t size;
        unsigned skip;
        char newline, comment;
        bool whole;
    } cases[] = {
        {"UTF-8", "id;amt\n", 7, 0, '\n', '#', true},
        {"", "\xEF\xBB\xBFid;amt\r\n", 11, 0, '\n', 0, true},
        {"", "top\n\nid;amt\n", 12, 2, '\n', '#', true},
        {"", "id;amt\r", 7, 0, '\r', '#', true},
        {"", "#id;amt\n", 8, 0, '\n', 0, true},
        {"UTF-16LE", "\xFF\xFEi\0\n", 6, 0, '\n', '#', true},
        {"UTF-32BE", "\0\0\0i\0\0\0\n", 8, 0, '\n', '#', true},
        {"UTF-8", "id;amt", 6, 0, '\n', '#', false},
        {"", "", 0, 0, '\n', '#', false},
        {"", "\n\nid;\n", 6, 0, '\n', 0, false},
        {"", "\r\nid;a\n", 7, 0, '\n', 0, false},
        {"", "# c\n", 4, 0, '\n', '#', false},
        {"", "\xEF\xBB\xBF# c\n", 7, 0, '\n', '#', false},
        {"", "top\n# c\nid;a\n", 13, 1, '\n', '#', false},
        {"", "top\n", 4, 1, '\n', '#', false},
        {"", "# c\rid;\r", 8, 0, '\r', '#', false},
        {"UTF-16LE", "\xFF\xFE\n\0i\0\n", 8, 0, '\n', '#', false},
        {"UTF-16BE", "\0#\0i\0\n", 6, 0, '\n', '#', false},
        {"UTF-32BE", "\0\0\0\n\0\0\0i\0\0\0\n", 12, 0, '\n', '#', false},
    };
    make_rejects(bench, raws, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cpl_rejects_source *source = cpl_rejects_open(bench->storage, bench->path,
                                                             &bench->err);
        assert_non_null(source);
        struct cpl_rejects_frame frame = {
            .header = {(const uint8_t *)cases[i].header, cases[i].size},
            .charset = cases[i].charset,
            .newline = cases[i].newline,
            .dialect = CPL_NO_DIALECT};
        assert_true(cpl_rejects_set_frame(source, 0, &frame, &bench->err));
        if (cpl_rejects_header_is_whole(source, 0, cases[i].skip, cases[i].comment) !=
            cases[i].whole)
            fail_msg("case %zu", i);
        cpl_rejects_free(source);
    }
}

static void rows_without_bytes_are_not_forgotten(void **state)
{
    struct bench *bench = *state;
    static const char *const raws[] = {"1,x\n", NULL};
    make_rejects(bench, raws, 2);
    assert_null(cpl_rejects_open(bench->storage, bench->path, &bench->err));
    assert_int_equal(bench->err.code, CPL_E_UNSUPPORTED);
    assert_non_null(strstr(bench->err.message, "1 row whose"));
}

static void cut_rows_are_not_taken_for_whole_ones(void **state)
{
    struct bench *bench = *state;
    static const char *const raws[] = {"1,x\n", "2,\"the first bytes of a long row"};
    missing = 1;
    make_rejects(bench, raws, 2);
    missing = 0;
    assert_null(cpl_rejects_open(bench->storage, bench->path, &bench->err));
    assert_int_equal(bench->err.code, CPL_E_UNSUPPORTED);
    assert_non_null(strstr(bench->err.message, "1 row of which only the first bytes were kept"));
    assert_non_null(strstr(bench->err.message, "the first is at byte "));
}

static void other_files_are_refused(void **state)
{
    struct bench *bench = *state;
    FILE *file = fopen(bench->path, "w");
    fputs("id,name\n1,x\n", file);
    fclose(file);
    assert_null(cpl_rejects_open(bench->storage, bench->path, &bench->err));
    assert_null(cpl_rejects_open(bench->storage, "/nowhere/rejects.parquet", &bench->err));
    assert_int_equal(bench->err.code, CPL_E_NOT_FOUND);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(rows_come_again_as_they_were),
        T(ends_of_rows_are_told),
        T(newlines_are_of_the_charset),
        T(headers_that_were_cut_are_told),
        T(rows_without_bytes_are_not_forgotten),
        T(cut_rows_are_not_taken_for_whole_ones),
        T(other_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
