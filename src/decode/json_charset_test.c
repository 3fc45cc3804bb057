/* Rejects of JSON behind a charset stage: places and bytes are the object's, and so are its books. */
#include "decode/json_fixture.h"

/* Text of one-byte and of wider characters as UTF-16LE. */
static void to_utf16(const char *text, struct cpl_buffer *out)
{
    for (const uint8_t *p = (const uint8_t *)text; *p;) {
        uint32_t code = *p++;
        for (unsigned more = code < 0xC0 ? 0 : code < 0xE0 ? 1 : 2, i = 0; i < more; i++)
            code = ((i ? code : code & (more == 1 ? 0x1F : 0x0F)) << 6) | (*p++ & 0x3F);
        assert_true(
            cpl_buffer_append(out, (uint8_t[]){(uint8_t)code, (uint8_t)(code >> 8)}, 2, NULL));
    }
}

/* One stage's memory stream that cannot be read again. */
static struct cpl_stream_ops once;

struct original_sink {
    struct cpl_reject_sink base;
    const struct cpl_buffer *object;
    struct cpl_buffer *out;
    uint64_t bytes;
};
static bool check_reject(struct cpl_reject_sink *base, const struct cpl_reject *reject,
                         struct cpl_error *err)
{
    struct original_sink *sink = (struct original_sink *)base;
    assert_true(reject->position + reject->length <= sink->object->size);
    assert_true(reject->raw_length <= reject->length);
    assert_memory_equal(reject->raw, sink->object->data + reject->position, reject->raw_length);
    size_t said = strlen(reject->message);
    assert_true(said > 2 && cpl_utf8_valid((const uint8_t *)reject->message, said));
    assert_true(reject->message[said - 1] != ' ' && reject->message[said - 1] != ':');
    sink->bytes += reject->length;
    return cpl_buffer_printf(
        sink->out, err, "%s@%llu+%llu/%llu\n", reject->rule, (unsigned long long)reject->position,
        (unsigned long long)reject->length, (unsigned long long)reject->raw_length);
}

static void decode(struct fixture *f, const struct cpl_decode_plan *plan,
                   const struct cpl_buffer *object, bool again)
{
    struct cpl_error err = {0};
    struct cpl_stream *memory = cpl_stream_memory(object->data, object->size, &err);
    once = *memory->ops;
    once.reread = NULL;
    if (!again)
        memory->ops = &once;
    struct cpl_stream *stream = cpl_stream_transcode(memory, "UTF-16LE", &err);
    struct original_sink sink = {.base = {.add = check_reject}, .object = object};
    sink.out = &f->rejects;
    struct cpl_decoder *d = cpl_decoder_json.open(plan, stream, 0, UINT64_MAX, true, &sink.base,
                                                  &err);
    struct cpl_batch *batch;
    struct cpl_split_report report;
    while (cpl_decoder_json.next(d, &batch, &err) && batch->rows)
        ;
    assert_string_equal(err.message, "");
    cpl_decoder_json.report(d, &report);
    assert_int_equal(report.object.reject, sink.bytes);
    assert_int_equal(report.true_end, report.header_bytes + report.blank_bytes + report.row_bytes +
                                          report.reject_bytes);
    /* separators are ASCII here */
    assert_int_equal(report.object.header, 2 * report.header_bytes);
    assert_int_equal(report.object.blank, 2 * report.blank_bytes);
    cpl_decoder_json.close(d);
    cpl_stream_close(stream);
}

static void expect_utf16(enum json_layout layout, const char *text, const char *rejects)
{
    for (int again = 0; again < 2; again++) {
        struct fixture f = {0};
        struct cpl_buffer object = {0};
        struct cpl_error err = {0};
        to_utf16(text, &object);
        f.settings = (struct cpl_json_settings){.layout = layout, .block_size = 1024};
        const struct cpl_field field = {
            .name = (char *)(uintptr_t)"a", .type = {.kind = CPL_I64}, .nullable = true};
        f.schema = cpl_schema_new(&field, 1, &err);
        struct cpl_column_plan columns[1] = {{0}};
        struct cpl_decode_plan plan = {.ops = &cpl_decoder_json,
                                       .settings = &f.settings,
                                       .schema = f.schema,
                                       .columns = columns,
                                       .max_row_bytes = 5000};
        decode(&f, &plan, &object, again);
        assert_string_equal(cpl_buffer_text(&f.rejects, NULL), rejects);
        cpl_buffer_release(&object);
        fixture_release(&f);
    }
}

static void lines(void **state)
{
    (void)state;
    expect_utf16(JSON_LINES, "{\"a\":1}\n{\"a\":\"\xE6\x9D\xB1\"}\n{\"a\":3}\n\n{\"a\":\xC3\xA9}",
                 "type@16+20/20\nsyntax@54+14/14\n");
}

static void arrays(void **state)
{
    (void)state;
    expect_utf16(JSON_ARRAY,
                 "[\n {\"a\":1},\n {\"a\":\"\xE6\x9D\xB1\"},\n {\"a\":\"\xC3\xA9\xC3\xA9\"}\n]\n",
                 "type@26+18/18\ntype@50+20/20\n");
}

/* A row of `ahead` letters and many characters of three bytes, which blocks cut in two. */
static void long_row(bool array, size_t ahead)
{
    enum { WIDE = 100000, SHOWN = 65536 };
    struct cpl_buffer text = {0};
    char rejects[64];
    assert_true(cpl_buffer_append_text(&text, array ? "[{\"a\":\"" : "{\"a\":\"", NULL));
    assert_true(cpl_buffer_append(&text, "xyz", ahead, NULL));
    for (int i = 0; i < WIDE; i++)
        assert_true(cpl_buffer_append_text(&text, "\xE6\x9D\xB1", NULL));
    assert_true(cpl_buffer_append_text(&text, array ? "\"},{\"a\":1}]" : "\"}\n{\"a\":1}\n", NULL));
    /* 64 KiB of UTF-8 are shown, the last character of them whole */
    size_t narrow = 6 + ahead, shown = 2 * (narrow + (SHOWN - narrow + 2) / 3);
    snprintf(rejects, sizeof rejects, "limit@%d+%zu/%zu\n", array ? 2 : 0,
             2 * (WIDE + narrow + (array ? 2 : 3)), shown);
    expect_utf16(array ? JSON_ARRAY : JSON_LINES, cpl_buffer_text(&text, NULL), rejects);
    cpl_buffer_release(&text);
}

/* Rows far longer than blocks: only the first bytes are kept, the length is whole. */
static void long_rows(void **state)
{
    (void)state;
    for (size_t ahead = 0; ahead < 3; ahead++) {
        long_row(false, ahead);
        long_row(true, ahead);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lines), cmocka_unit_test(arrays),
                                       cmocka_unit_test(long_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
