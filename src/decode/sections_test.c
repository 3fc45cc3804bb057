/* Sections: readers at several places of one stream, each by its own thread; errors at their place; what is given up. */
#include "decode/sections.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

/* Bytes that tell their offset; fails behind `fail_at`. */
struct numbers {
    struct cpl_stream base;
    uint64_t size, fail_at;
    size_t piece;
};

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 2654435761u >> 13);
}

static bool numbers_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                         struct cpl_error *err)
{
    struct numbers *numbers = (struct numbers *)base;
    uint64_t end = numbers->fail_at < numbers->size ? numbers->fail_at : numbers->size;
    uint64_t left = end - base->position;
    if (!left && end < numbers->size)
        return cpl_fail(err, CPL_E_DATA, "damaged at %llu", (unsigned long long)end);
    *got = left < numbers->piece ? (size_t)left : numbers->piece;
    *got = *got < size ? *got : size;
    for (size_t i = 0; i < *got; i++)
        ((uint8_t *)data)[i] = byte_at(base->position + i);
    base->position += *got;
    return true;
}

static void numbers_close(struct cpl_stream *base)
{
    free(base);
}

static const struct cpl_stream_ops numbers_ops = {
    .name = "numbers", .read = numbers_read, .close = numbers_close};

static struct cpl_sections *sections_of(uint64_t size, uint64_t fail_at, size_t piece)
{
    struct numbers *numbers = calloc(1, sizeof *numbers);
    *numbers = (struct numbers){
        .base = {.ops = &numbers_ops}, .size = size, .fail_at = fail_at, .piece = piece};
    struct cpl_sections *sections = cpl_sections_new(&numbers->base, NULL);
    assert_non_null(sections);
    return sections;
}

struct reader {
    struct cpl_sections *sections;
    uint64_t from, to, give_up_to;
    uint64_t read, wrong;
    enum cpl_code code;
};

static void *read_section(void *argument)
{
    struct reader *reader = argument;
    struct cpl_error err = {0};
    uint8_t *data = malloc(70000);
    struct cpl_stream *stream = cpl_sections_open(reader->sections, reader->from,
                                                  reader->give_up_to, UINT64_MAX, &err);
    for (size_t got = 1; got && stream->position < reader->to;) {
        uint64_t at = stream->position;
        if (!cpl_stream_read(stream, data, 70000, &got, &err))
            break;
        for (size_t i = 0; i < got; i++)
            reader->wrong += data[i] != byte_at(at + i);
        reader->read += got;
    }
    reader->code = err.code;
    cpl_stream_close(stream);
    free(data);
    return NULL;
}

static void several_read_at_once(void **state)
{
    (void)state;
    enum { N = 4, EACH = 3000000 };
    struct cpl_sections *sections = sections_of((uint64_t)N * EACH, UINT64_MAX, 300000);
    struct reader readers[N];
    pthread_t threads[N];
    for (unsigned i = 0; i < N; i++) {
        readers[i] = (struct reader){
            .sections = sections, .from = (uint64_t)i * EACH, .to = (uint64_t)(i + 1) * EACH};
        if (!i)
            readers[i].give_up_to = EACH;
    }
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_section, &readers[N - 1 - i]), 0);
    for (unsigned i = 0; i < N; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < N; i++) {
        assert_true(readers[i].read >= EACH);
        assert_int_equal(readers[i].wrong, 0);
        assert_int_equal(readers[i].code, CPL_E_NONE);
    }
    assert_true(cpl_sections_reach(sections, (uint64_t)N * EACH - 1));
    assert_false(cpl_sections_reach(sections, (uint64_t)N * EACH));
    cpl_sections_free(sections);
}

static void sections_may_be_read_again(void **state)
{
    (void)state;
    struct cpl_sections *sections = sections_of(9000000, UINT64_MAX, 1 << 20);
    for (int i = 0; i < 2; i++) {
        struct reader reader = {.sections = sections, .from = 4000000, .to = UINT64_MAX};
        read_section(&reader);
        assert_int_equal(reader.read, 5000000);
        assert_int_equal(reader.wrong, 0);
        cpl_sections_forget(sections, 4000000);
    }
    cpl_sections_forget(sections, UINT64_MAX);
    assert_false(cpl_sections_reach(sections, 9000000));
    cpl_sections_free(sections);
}

static void errors_stay_at_their_place(void **state)
{
    (void)state;
    struct cpl_sections *sections = sections_of(9000000, 5000000, 77777);
    assert_false(cpl_sections_reach(sections, 5000000)); /* met here, and kept */
    assert_true(cpl_sections_reach(sections, 4999999));
    struct reader whole = {.sections = sections, .to = 4000000},
                  cut = {.sections = sections, .from = 4000000, .to = UINT64_MAX};
    read_section(&whole);
    assert_int_equal(whole.code, CPL_E_NONE);
    read_section(&cut);
    assert_int_equal(cut.code, CPL_E_DATA);
    assert_int_equal(cut.read, 1000000);
    cpl_sections_free(sections);
}

/* Reads on to `to`, and forgets all but the last `behind` bytes, as a decoder does within a row that it passes over. */
static bool pass_over(struct cpl_stream *stream, uint64_t to, uint64_t behind)
{
    static uint8_t data[1 << 20];
    size_t got = 1;
    while (got && stream->position < to) {
        if (!cpl_stream_read(stream, data, sizeof data, &got, NULL))
            return false;
        if (stream->position > behind)
            cpl_stream_forget(stream, stream->position - behind);
    }
    return true;
}

static bool reads_at(struct cpl_sections *sections, uint64_t from, bool *lost)
{
    struct cpl_stream *stream = cpl_sections_open(sections, from, 0, UINT64_MAX, NULL);
    uint8_t byte = 0;
    size_t got = 0;
    bool ok = cpl_stream_read(stream, &byte, 1, &got, NULL) && got == 1 && byte == byte_at(from);
    *lost = cpl_sections_lost(stream);
    cpl_stream_close(stream);
    return ok;
}

static void a_row_through_many_sections_is_not_kept(void **state)
{
    (void)state;
    enum { SECTION = 4 << 20, BEHIND = 3 << 20 };
    bool lost;
    struct cpl_sections *sections = sections_of(40000000, UINT64_MAX, 1 << 20);
    struct cpl_stream *first = cpl_sections_open(sections, 0, SECTION, UINT64_MAX, NULL);
    assert_true(pass_over(first, SECTION + BEHIND, BEHIND));
    assert_true(reads_at(sections, SECTION, &lost)); /* the next one may start there */
    assert_false(lost);
    assert_true(pass_over(first, 30000000, BEHIND));
    assert_false(reads_at(sections, SECTION, &lost));
    assert_true(lost);
    assert_false(reads_at(sections, 23 << 20, &lost));
    assert_true(lost);
    assert_true(reads_at(sections, 30000000 - BEHIND, &lost));
    assert_false(lost);
    assert_false(cpl_sections_lost(first));
    cpl_stream_close(first);
    cpl_sections_free(sections);
}

static void a_guess_goes_so_far_and_no_further(void **state)
{
    (void)state;
    bool lost;
    struct cpl_sections *sections = sections_of(40000000, UINT64_MAX, 1 << 20);
    struct cpl_stream *guess = cpl_sections_open(sections, 4 << 20, 0, 9 << 20, NULL);
    assert_true(pass_over(guess, 8 << 20, 0));
    assert_false(cpl_sections_lost(guess));
    assert_false(pass_over(guess, 40000000, 0));
    assert_true(cpl_sections_lost(guess));
    assert_true(guess->position < 11 << 20);
    assert_true(reads_at(sections, 0, &lost)); /* it gave nothing up */
    cpl_stream_close(guess);
    struct cpl_stream *proven = cpl_sections_open(sections, 4 << 20, 0, 9 << 20, NULL);
    cpl_sections_give_up(proven, 8 << 20);
    assert_true(pass_over(proven, 40000000, 0));
    assert_false(reads_at(sections, 4 << 20, &lost));
    cpl_stream_close(proven);
    cpl_sections_free(sections);
}

/* Guesses within the row read right bytes, or are lost, whatever goes meanwhile. */
static void guesses_are_overtaken(void **state)
{
    (void)state;
    enum { N = 3, EACH = 5000000 };
    struct cpl_sections *sections = sections_of((uint64_t)(N + 1) * EACH, UINT64_MAX, 300000);
    struct reader readers[N];
    pthread_t threads[N];
    for (unsigned i = 0; i < N; i++) {
        readers[i] = (struct reader){
            .sections = sections, .from = (uint64_t)(i + 1) * EACH, .to = (uint64_t)(i + 2) * EACH};
        assert_int_equal(pthread_create(&threads[i], NULL, read_section, &readers[i]), 0);
    }
    struct cpl_stream *first = cpl_sections_open(sections, 0, EACH, UINT64_MAX, NULL);
    assert_true(pass_over(first, (uint64_t)(N + 1) * EACH, 0));
    for (unsigned i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(readers[i].wrong, 0);
        assert_true(readers[i].code == CPL_E_NONE ? readers[i].read >= EACH
                                                  : readers[i].code == CPL_E_INTERNAL);
    }
    cpl_stream_close(first);
    cpl_sections_free(sections);
}

static void allocations_may_fail(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 5; n++) {
        struct cpl_error err = {0};
        struct cpl_sections *sections = sections_of(3000000, UINT64_MAX, 1 << 20);
        struct cpl_stream *stream = cpl_sections_open(sections, 0, 0, UINT64_MAX, &err);
        uint8_t data[100];
        size_t got = 1;
        bool ok = true;
        cpl_memory_fail_at(n);
        while (ok && got)
            ok = cpl_stream_read(stream, data, sizeof data, &got, &err);
        cpl_memory_fail_at(0);
        assert_true(ok || err.code == CPL_E_MEMORY);
        assert_true(n > 1 || !ok);
        cpl_stream_close(stream);
        cpl_sections_free(sections);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_read_at_once),
        cmocka_unit_test(sections_may_be_read_again),
        cmocka_unit_test(errors_stay_at_their_place),
        cmocka_unit_test(a_row_through_many_sections_is_not_kept),
        cmocka_unit_test(a_guess_goes_so_far_and_no_further),
        cmocka_unit_test(guesses_are_overtaken),
        cmocka_unit_test(allocations_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
