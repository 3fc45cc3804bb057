/* The first streams, and reading ahead: order, errors behind good bytes, closing at any time. */
#include "decode/stream.h"

#include "storage/storage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- a stream that counts up and may fail at a byte ---- */

struct counting {
    struct cpl_stream base;
    uint64_t size, fail_at;
    size_t piece;
    int *closed;
};
static uint8_t byte_at(uint64_t i)
{
    return (uint8_t)(i * 7 + (i >> 9));
}

static bool counting_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                          struct cpl_error *err)
{
    struct counting *stream = (struct counting *)base;
    uint64_t left = (stream->fail_at < stream->size ? stream->fail_at : stream->size) -
                    base->position;
    *got = 0;
    if (!left && stream->fail_at < stream->size)
        return cpl_fail(err, CPL_E_DATA, "failed at %llu", (unsigned long long)base->position);
    if (size > stream->piece)
        size = stream->piece;
    *got = left < size ? (size_t)left : size;
    for (size_t i = 0; i < *got; i++)
        ((uint8_t *)data)[i] = byte_at(base->position + i);
    base->position += *got;
    return true;
}
static bool counting_locate(struct cpl_stream *base, uint64_t from, uint64_t to,
                            uint64_t *object_from, uint64_t *object_to, struct cpl_buffer *raw,
                            struct cpl_error *err)
{
    (void)raw;
    (void)err;
    assert_true(to <= base->position);
    *object_from = 2 * from;
    *object_to = 2 * to;
    return true;
}
static void counting_close(struct cpl_stream *base)
{
    ++*((struct counting *)base)->closed;
    free(base);
}
static const struct cpl_stream_ops counting_ops = {
    .name = "counting", .read = counting_read, .locate = counting_locate, .close = counting_close};

static int closed;
static struct cpl_stream *counting(uint64_t size, uint64_t fail_at, size_t piece)
{
    struct counting *stream = calloc(1, sizeof *stream);
    *stream = (struct counting){.base = {.ops = &counting_ops},
                                .size = size,
                                .fail_at = fail_at,
                                .piece = piece,
                                .closed = &closed};
    return &stream->base;
}

/* Bytes that came in order. */
static uint64_t check_bytes(struct cpl_stream *stream, size_t piece, uint64_t most, bool *ok,
                            struct cpl_error *err)
{
    uint8_t *data = malloc(piece);
    uint64_t at = 0;
    for (size_t got = 1; got && at < most;) {
        *ok = cpl_stream_read(stream, data, piece, &got, err);
        if (!*ok)
            break;
        for (size_t i = 0; i < got; i++)
            assert_int_equal(data[i], byte_at(at + i));
        at += got;
        assert_int_equal(stream->position, at);
    }
    free(data);
    return at;
}

static void ahead_in_order(void **state)
{
    (void)state;
    static const size_t sizes[][4] = {/* object, piece of inner, block, piece of reader */
                                      {0, 10, 64, 10},
                                      {1, 10, 64, 10},
                                      {1000000, 333, 4096, 100},
                                      {1000000, 100000, 4096, 1 << 20},
                                      {5000000, 1 << 20, 65536, 70000}};
    for (size_t i = 0; i < 5; i++)
        for (unsigned blocks = 0; blocks < 5; blocks += 2) {
            struct cpl_error err = {0};
            bool ok = false;
            closed = 0;
            struct cpl_stream *stream = cpl_stream_prefetch(
                counting(sizes[i][0], UINT64_MAX, sizes[i][1]), sizes[i][2], blocks, &err);
            assert_non_null(stream);
            assert_int_equal(check_bytes(stream, sizes[i][3], UINT64_MAX, &ok, &err), sizes[i][0]);
            assert_true(ok);
            uint64_t from, to;
            assert_true(stream->ops->locate(stream, 0, sizes[i][0], &from, &to, NULL, &err));
            assert_int_equal(to, 2 * sizes[i][0]);
            cpl_stream_close(stream);
            assert_int_equal(closed, 1);
        }
}

static void errors_come_behind_good_bytes(void **state)
{
    (void)state;
    for (uint64_t fail_at = 0; fail_at < 30000; fail_at = fail_at * 3 + 1) {
        struct cpl_error err = {0};
        bool ok = true;
        struct cpl_stream *stream = cpl_stream_prefetch(counting(100000, fail_at, 700), 1000, 3,
                                                        &err);
        assert_int_equal(check_bytes(stream, 600, UINT64_MAX, &ok, &err), fail_at);
        assert_false(ok);
        assert_int_equal(err.code, CPL_E_DATA);
        err = (struct cpl_error){0};
        size_t got;
        uint8_t byte;
        assert_false(cpl_stream_read(stream, &byte, 1, &got, &err)); /* and again */
        assert_int_equal(err.code, CPL_E_DATA);
        cpl_stream_close(stream);
    }
}

static void closes_at_any_time(void **state)
{
    (void)state;
    for (uint64_t most = 0; most < 20000; most = most * 2 + 1) {
        struct cpl_error err = {0};
        bool ok = true;
        closed = 0;
        struct cpl_stream *stream = cpl_stream_prefetch(counting(UINT64_MAX, UINT64_MAX, 700), 1000,
                                                        3, &err);
        uint64_t from, to;
        if (most)
            assert_true(check_bytes(stream, 600, most, &ok, &err) >= most);
        assert_true(
            stream->ops->locate(stream, 0, most / 2, &from, &to, NULL, &err)); /* while it runs */
        cpl_stream_close(stream);
        assert_int_equal(closed, 1);
    }
}

static void slow_input_is_not_held_back(void **state)
{
    (void)state;
    struct cpl_error err = {0};
    int ends[2];
    char data[100];
    size_t got;
    assert_int_equal(pipe(ends), 0);
    struct cpl_stream *stream = cpl_stream_prefetch(cpl_stream_fd(ends[0], &err), 1 << 20, 4, &err);
    for (int i = 0; i < 20; i++) { /* each line comes though no block is full */
        assert_int_equal(write(ends[1], "line\n", 5), 5);
        size_t seen = 0;
        while (seen < 5) {
            assert_true(cpl_stream_read(stream, data, sizeof data, &got, &err));
            seen += got;
        }
        assert_int_equal(seen, 5);
    }
    close(ends[1]);
    assert_true(cpl_stream_read(stream, data, sizeof data, &got, &err));
    assert_int_equal(got, 0);
    cpl_stream_close(stream);
    close(ends[0]);
}

static void memory_and_object(void **state)
{
    (void)state;
    struct cpl_error err = {0};
    char data[16], path[] = "/tmp/cupel-stream-XXXXXX";
    size_t got;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "0123456789", 10), 10);
    struct cpl_storage *storage = cpl_storage_local(NULL, &err);
    struct cpl_reader *reader = cpl_reader_open(storage, path, &err);
    struct cpl_stream *stream = cpl_stream_object(reader, 3, 8, &err);
    assert_int_equal(stream->position, 3);
    assert_true(cpl_stream_read(stream, data, 4, &got, &err));
    assert_int_equal(got, 4);
    assert_memory_equal(data, "3456", 4);
    assert_true(cpl_stream_read(stream, data, 16, &got, &err));
    assert_int_equal(got, 1);
    assert_true(cpl_stream_read(stream, data, 16, &got, &err));
    assert_int_equal(got, 0);
    assert_true(stream->ops->reread(stream, 4, data, 2, &got, &err));
    assert_memory_equal(data, "45", 2);
    cpl_stream_close(stream);
    stream = cpl_stream_object(reader, 20, UINT64_MAX, &err);
    assert_true(cpl_stream_read(stream, data, 16, &got, &err));
    assert_int_equal(got, 0);
    cpl_stream_close(stream);
    stream = cpl_stream_object(reader, 0, UINT64_MAX, &err);
    assert_int_equal(ftruncate(fd, 4), 0);
    assert_true(cpl_stream_read(stream, data, 16, &got, &err));
    assert_int_equal(got, 4);
    assert_false(cpl_stream_read(stream, data, 16, &got, &err));
    assert_non_null(strstr(err.message, "shrank"));
    cpl_stream_close(stream);
    cpl_reader_close(reader);
    cpl_storage_free(storage);
    unlink(path);
    close(fd);
    stream = cpl_stream_memory("abc", 3, &err);
    assert_true(cpl_stream_read(stream, data, 2, &got, &err));
    assert_true(cpl_stream_read(stream, data, 2, &got, &err));
    assert_int_equal(got, 1);
    assert_int_equal(data[0], 'c');
    assert_true(stream->ops->reread(stream, 1, data, 9, &got, &err));
    assert_int_equal(got, 2);
    cpl_stream_close(stream);
    cpl_stream_close(NULL);
}

static void allocations_may_fail(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 6; n++) {
        struct cpl_error err = {0};
        closed = 0;
        cpl_memory_fail_at(n);
        struct cpl_stream *stream = cpl_stream_prefetch(counting(10, UINT64_MAX, 5), 64, 3, &err);
        cpl_memory_fail_at(0);
        assert_true(stream || err.code == CPL_E_MEMORY);
        cpl_stream_close(stream);
        assert_int_equal(closed, 1); /* taken over even so */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ahead_in_order),     cmocka_unit_test(errors_come_behind_good_bytes),
        cmocka_unit_test(closes_at_any_time), cmocka_unit_test(slow_input_is_not_held_back),
        cmocka_unit_test(memory_and_object),  cmocka_unit_test(allocations_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
