/* Charsets: against iconv(3) as a second opinion, random text with damage, and the way back for
 * every range. */
#include "decode/stream.h"
#include "decode/stream_fixture.h"

#include "decode/charset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

static uint32_t random_state = 1;
static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)random_state * n >> 32);
}

static void read_through(struct cpl_stream *stream, size_t piece, struct cpl_buffer *out)
{
    struct cpl_error err;
    for (size_t got = 1; got; out->size += got) {
        assert_true(cpl_buffer_reserve(out, piece, NULL));
        assert_true(cpl_stream_read(stream, out->data + out->size, piece, &got, &err));
    }
    assert_int_equal(stream->position, out->size);
}

static void transcode(const char *charset, const void *data, size_t size, size_t piece,
                      struct cpl_buffer *out)
{
    struct cpl_error err;
    struct cpl_stream *stream = cpl_stream_transcode(pieces_new(data, size, piece), charset, &err);
    if (!stream)
        print_error("%s\n", err.message);
    assert_non_null(stream);
    out->size = 0;
    read_through(stream, 5000, out);
    cpl_stream_close(stream);
}

/* ---- single bytes ---- */

static const char *const single_names[] = {
#define X(name, ...) name,
#include "decode/charset_single.def"
#undef X
    "ISO-8859-1"};

static void single_bytes_agree_with_iconv(void **state)
{
    (void)state;
    struct cpl_buffer out = {0};
    int compared = 0;
    for (size_t s = 0; s < sizeof single_names / sizeof *single_names; s++) {
        const char *name = single_names[s];
        /* glibc composes combining marks there, or has another idea of private characters */
        if (!strcmp(name, "windows-1255") || !strcmp(name, "windows-1258") || strstr(name, "mac") ||
            !strcmp(name, "TIS-620"))
            continue;
        iconv_t oracle = iconv_open("UTF-8", !strcmp(name, "windows-874") ? "CP874" : name);
        if (oracle == (iconv_t)-1)
            continue;
        for (int byte = 0; byte < 256; byte++) {
            char in = (char)byte, expected[8];
            char *from = &in, *to = expected;
            size_t in_left = 1, out_left = sizeof expected;
            iconv(oracle, NULL, NULL, NULL, NULL);
            bool valid = iconv(oracle, &from, &in_left, &to, &out_left) != (size_t)-1;
            transcode(name, &in, 1, 1, &out);
            if (!valid) {
                assert_int_equal(out.size, 1);
                assert_int_equal(out.data[0], 0xFF);
                continue;
            }
            if (out.size != (size_t)(to - expected) || memcmp(out.data, expected, out.size))
                print_error("%s byte %02X\n", name, (unsigned)byte);
            assert_int_equal(out.size, to - expected);
            assert_memory_equal(out.data, expected, out.size);
            compared++;
        }
        iconv_close(oracle);
    }
    assert_true(compared > 4000);
    cpl_buffer_release(&out);
}

/* ---- random text, with damage, forth and back ---- */

struct sample {
    struct cpl_buffer source, utf8;
    struct cpl_buffer
        marks; /* struct mark[]: where each character begins on both sides, and the ends */
};
struct mark {
    size_t source, utf8;
};

static void sample_release(struct sample *sample)
{
    cpl_buffer_release(&sample->source);
    cpl_buffer_release(&sample->utf8);
    cpl_buffer_release(&sample->marks);
}

static void add_mark(struct sample *sample)
{
    struct mark mark = {sample->source.size, sample->utf8.size};
    assert_true(cpl_buffer_append(&sample->marks, &mark, sizeof mark, NULL));
}

static void add_unit(struct cpl_buffer *out, uint32_t value, int bytes, bool big_endian)
{
    uint8_t unit[4];
    for (int i = 0; i < bytes; i++)
        unit[big_endian ? bytes - 1 - i : i] = (uint8_t)(value >> (8 * i));
    assert_true(cpl_buffer_append(out, unit, (size_t)bytes, NULL));
}

static uint32_t random_code(void)
{
    static const uint32_t below[] = {0x80, 0x80, 0x80, 0x800, 0xD800, 0x110000};
    uint32_t code = random_below(below[random_below(6)]);
    return code >= 0xD800 && code < 0xE000 ? '\n' : code;
}

/* A run of ASCII now and then, as in real files. */
static void random_wide(struct sample *sample, size_t characters, int bytes, bool big_endian)
{
    uint32_t run = 0;
    bool after_high = false;
    for (size_t i = 0; i < characters; i++) {
        uint32_t code = run ? 'a' + run-- % 26 : random_code();
        if (!run && !random_below(40))
            run = random_below(60);
        bool damage = !random_below(50);
        if (damage && bytes == 2)
            code = after_high ? 0xD800 + random_below(0x400) : 0xD800 + random_below(0x800);
        else if (damage)
            code = random_below(2) ? 0xD800 + random_below(0x800) : 0x110000 + random_below(0xFFFF);
        add_mark(sample);
        if (bytes == 2 && code >= 0x10000) {
            add_unit(&sample->source, 0xD800 + ((code - 0x10000) >> 10), 2, big_endian);
            add_unit(&sample->source, 0xDC00 + ((code - 0x10000) & 0x3FF), 2, big_endian);
        } else {
            add_unit(&sample->source, code, bytes, big_endian);
        }
        after_high = damage && bytes == 2;
        uint8_t utf8[4] = {0xFF};
        size_t length = damage ? 1 : cpl_utf8_put(utf8, code);
        assert_true(cpl_buffer_append(&sample->utf8, utf8, length, NULL));
    }
    add_mark(sample);
}

/* A low surrogate right behind a damaged high one would make a pair; the generator must not do
 * that. */
static void check_locate(struct cpl_stream *stream, const struct sample *sample, int rounds)
{
    const struct mark *marks = (const struct mark *)(const void *)sample->marks.data;
    uint32_t n = (uint32_t)(sample->marks.size / sizeof *marks);
    struct cpl_buffer raw = {0};
    struct cpl_error err;
    for (int round = 0; round < rounds; round++) {
        uint32_t a = random_below(n), b = a + random_below(round % 2 ? 50 : n - a);
        if (b >= n)
            b = n - 1;
        uint64_t from, to;
        raw.size = 0;
        if (!stream->ops->locate(stream, marks[a].utf8, marks[b].utf8, &from, &to, &raw, &err))
            print_error("%s\n", err.message);
        assert_int_equal(from, marks[a].source);
        assert_int_equal(to, marks[b].source);
        assert_int_equal(raw.size, to - from);
        if (raw.size)
            assert_memory_equal(raw.data, sample->source.data + from, raw.size);
    }
    cpl_buffer_release(&raw);
}

static void check_sample(const char *charset, const struct sample *sample)
{
    struct cpl_buffer out = {0};
    struct cpl_error err;
    static const size_t pieces[] = {1, 7, 4096, 1 << 20};
    for (size_t p = 0; p < 5; p++) { /* the last: memory, which can be read again */
        struct cpl_stream *inner =
            p < 4 ? pieces_new(sample->source.data, sample->source.size, pieces[p])
                  : cpl_stream_memory(sample->source.data, sample->source.size, &err);
        struct cpl_stream *stream = cpl_stream_transcode(inner, charset, &err);
        assert_non_null(stream);
        out.size = 0;
        read_through(stream, p % 2 ? 100003 : 311, &out);
        assert_int_equal(out.size, sample->utf8.size);
        assert_memory_equal(out.data, sample->utf8.data, out.size);
        check_locate(stream, sample, 300);
        cpl_stream_close(stream);
    }
    cpl_buffer_release(&out);
}

static void wide_text_forth_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int bytes;
        bool big_endian;
    } kinds[] = {{"UTF-16LE", 2, false},
                 {"utf16be", 2, true},
                 {"UTF-32LE", 4, false},
                 {"UTF-32BE", 4, true}};
    for (size_t k = 0; k < 4; k++) {
        for (size_t characters = 0; characters < 100000; characters = characters * 7 + 1) {
            struct sample sample = {0};
            random_wide(&sample, characters, kinds[k].bytes, kinds[k].big_endian);
            check_sample(kinds[k].name, &sample);
            sample_release(&sample);
        }
    }
}

static void latin_text_forth_and_back(void **state)
{
    (void)state;
    struct sample sample = {0};
    for (size_t i = 0; i < 200000; i++) {
        uint8_t byte = (uint8_t)(random_below(4) ? random_below(128) : random_below(256)), utf8[4];
        add_mark(&sample);
        assert_true(cpl_buffer_append(&sample.source, &byte, 1, NULL));
        assert_true(cpl_buffer_append(&sample.utf8, utf8, cpl_utf8_put(utf8, byte), NULL));
    }
    add_mark(&sample);
    check_sample("latin1", &sample);
    sample_release(&sample);
}

static void cut_off_units(void **state)
{
    (void)state;
    struct cpl_buffer out = {0};
    transcode("UTF-16LE", "a\0b", 3, 1, &out);
    assert_int_equal(out.size, 2);
    assert_memory_equal(out.data, "a\xFF", 2);
    transcode("UTF-16LE", "a\0\x3D\xD8", 4, 1, &out);
    assert_memory_equal(out.data, "a\xFF", 2);
    transcode("UTF-16LE", "\x3D\xD8\0", 3, 1, &out);
    assert_int_equal(out.size, 2);
    assert_memory_equal(out.data, "\xFF\xFF", 2);
    transcode("UTF-32BE", "\0\0\0a\0\0", 6, 1, &out);
    assert_int_equal(out.size, 2);
    assert_memory_equal(out.data, "a\xFF", 2);
    transcode("UTF-16BE", "", 0, 1, &out);
    assert_int_equal(out.size, 0);
    cpl_buffer_release(&out);
}

/* ---- through ICU ---- */

static bool has_icu(void)
{
    struct cpl_converter converter;
    struct cpl_error err = {0};
    if (!cpl_converter_open("Shift_JIS", &converter, &err)) {
        assert_int_equal(err.code, CPL_E_LIBRARY);
        print_message("skipped: %s\n", err.message);
        return false;
    }
    cpl_converter_close(&converter);
    return true;
}

/* Random characters that iconv can write in the charset and read back the same. */
static void random_by_iconv(struct sample *sample, const char *charset, uint32_t low, uint32_t high)
{
    iconv_t to = iconv_open(charset, "UTF-8"), back = iconv_open("UTF-8", charset);
    assert_true(to != (iconv_t)-1 && back != (iconv_t)-1);
    for (int i = 0; i < 40000; i++) {
        uint8_t utf8[4];
        char coded[16], again[16];
        bool ascii = random_below(3) == 0;
        size_t length = cpl_utf8_put(utf8, ascii ? 0x20 + random_below(0x3B)
                                                 : low + random_below(high - low));
        char *in = (char *)utf8, *out = coded;
        size_t in_left = length, out_left = sizeof coded;
        if (iconv(to, &in, &in_left, &out, &out_left) != 0)
            continue;
        size_t size = (size_t)(out - coded);
        in = coded, out = again, in_left = size, out_left = sizeof again;
        if (iconv(back, &in, &in_left, &out, &out_left) != 0 || (size_t)(out - again) != length ||
            memcmp(again, utf8, length))
            continue;
        add_mark(sample);
        assert_true(cpl_buffer_append(&sample->source, coded, size, NULL));
        assert_true(cpl_buffer_append(&sample->utf8, utf8, length, NULL));
    }
    add_mark(sample);
    iconv_close(to);
    iconv_close(back);
}

static void east_asian_text_forth_and_back(void **state)
{
    (void)state;
    if (!has_icu())
        skip();
    static const struct {
        const char *charset, *iconv;
        uint32_t low, high;
    } kinds[] = {{"Shift_JIS", "CP932", 0x3041, 0x3097},   {"windows-31j", "CP932", 0x4E00, 0x9000},
                 {"EUC-JP", "EUC-JP", 0x4E00, 0x9000},     {"GB18030", "GB18030", 0x4E00, 0x9FA0},
                 {"GB18030", "GB18030", 0x10000, 0x20000}, {"Big5", "BIG5", 0x4E00, 0x9000},
                 {"EUC-KR", "EUC-KR", 0xAC00, 0xD7A4}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct sample sample = {0};
        random_by_iconv(&sample, kinds[k].iconv, kinds[k].low, kinds[k].high);
        assert_true(sample.marks.size / sizeof(struct mark) > 10000);
        check_sample(kinds[k].charset, &sample);
        sample_release(&sample);
    }
}

static void damage_in_multibyte_text(void **state)
{
    (void)state;
    if (!has_icu())
        skip();
    struct cpl_buffer out = {0};
    /* a lead byte before a newline takes only itself; the row's end survives */
    transcode("Shift_JIS", "a\x81\nb\x82", 5, 1, &out);
    assert_int_equal(out.size, 5);
    assert_memory_equal(out.data, "a\xFF\nb\xFF", 5);
    transcode("GB18030", "x\xFF,\x81\x30\n", 6, 1, &out);
    assert_memory_equal(out.data, "x\xFF,", 3);
    assert_int_equal(out.data[out.size - 1], '\n');
    cpl_buffer_release(&out);
}

/* ASCII stands for itself in all that we offer but EBCDIC (IBM037) and the wide ones. */
static void ascii_is_ascii(void **state)
{
    (void)state;
    static const char *const own[] = {
        "ISO-8859-1",   "ISO-8859-2",   "ISO-8859-3",   "ISO-8859-4",     "ISO-8859-5",
        "ISO-8859-6",   "ISO-8859-7",   "ISO-8859-8",   "ISO-8859-9",     "ISO-8859-10",
        "windows-874",  "ISO-8859-13",  "ISO-8859-14",  "ISO-8859-15",    "ISO-8859-16",
        "windows-1250", "windows-1251", "windows-1252", "windows-1253",   "windows-1254",
        "windows-1255", "windows-1256", "windows-1257", "windows-1258",   "KOI8-R",
        "KOI8-U",       "IBM437",       "IBM850",       "IBM852",         "IBM855",
        "IBM858",       "IBM866",       "macintosh",    "x-mac-cyrillic", "x-mac-ce"};
    static const char *const icu[] = {"Shift_JIS", "windows-31j", "EUC-JP", "GB18030",
                                      "GBK",       "GB2312",      "Big5",   "Big5-HKSCS",
                                      "EUC-KR",    "windows-949", "EUC-TW"};
    size_t n_own = sizeof own / sizeof *own, n = n_own;
    n += has_icu() ? sizeof icu / sizeof *icu : 0;
    uint8_t ascii[128];
    struct cpl_buffer out = {0};
    for (unsigned i = 0; i < sizeof ascii; i++)
        ascii[i] = (uint8_t)i;
    for (size_t i = 0; i < n; i++) {
        transcode(i < n_own ? own[i] : icu[i - n_own], ascii, sizeof ascii, 7, &out);
        assert_int_equal(out.size, sizeof ascii);
        assert_memory_equal(out.data, ascii, sizeof ascii);
    }
    cpl_buffer_release(&out);
}

/* ---- names ---- */

static enum cpl_code open_named(const char *name, struct cpl_error *err)
{
    struct cpl_converter converter;
    *err = (struct cpl_error){0};
    if (!cpl_converter_open(name, &converter, err))
        return err->code;
    cpl_converter_close(&converter);
    return CPL_E_NONE;
}

static void names(void **state)
{
    (void)state;
    struct cpl_error err;
    assert_true(cpl_charset_is_utf8("utf8") && cpl_charset_is_utf8("UTF-8") &&
                cpl_charset_is_utf8("US-ASCII"));
    assert_false(cpl_charset_is_utf8("UTF-16LE") || cpl_charset_is_utf8("latin1"));
    assert_int_equal(open_named("CP1252", &err), CPL_E_NONE);
    assert_int_equal(open_named("Windows_1251", &err), CPL_E_NONE);
    assert_int_equal(open_named("UTF-16", &err), CPL_E_CONFIG);
    if (!has_icu())
        return;
    assert_int_equal(open_named("windows-1253x", &err), CPL_E_CONFIG);
    assert_non_null(strstr(err.message, "windows-1253"));
    assert_int_equal(open_named("ISO-2022-JP", &err), CPL_E_UNSUPPORTED);
    assert_null(cpl_stream_transcode(pieces_new("", 0, 1), "no such thing", &err));
    assert_int_equal(err.code, CPL_E_CONFIG);
}

/* ---- guessing ---- */

static struct cpl_charset_guess guess_of(const void *data, size_t size)
{
    struct cpl_charset_guess guess;
    cpl_charset_guess(data, size, true, &guess);
    return guess;
}

#define GUESS(literal) guess_of(literal, sizeof(literal) - 1)

static void guesses_by_marks_and_zeros(void **state)
{
    (void)state;
    struct cpl_charset_guess guess = GUESS("\xEF\xBB\xBFid");
    assert_string_equal(guess.name, "UTF-8");
    assert_int_equal(guess.certainty, CPL_CHARSET_BOM);
    assert_int_equal(guess.bom_length, 3);
    guess = GUESS("\xFF\xFE"
                  "i\0d\0");
    assert_string_equal(guess.name, "UTF-16LE");
    assert_int_equal(guess.bom_length, 2);
    assert_string_equal(GUESS("\xFE\xFF\0i\0d").name, "UTF-16BE");
    assert_string_equal(GUESS("\xFF\xFE\0\0i\0\0\0").name, "UTF-32LE");
    assert_string_equal(GUESS("\0\0\xFE\xFF\0\0\0i").name, "UTF-32BE");
    assert_string_equal(GUESS("i\0d\0,\0n\0\n\0").name, "UTF-16LE");
    assert_string_equal(GUESS("\0i\0d\0,\0n\0\n").name, "UTF-16BE");
    assert_string_equal(GUESS("i\0\0\0d\0\0\0,\0\0\0").name, "UTF-32LE");
    assert_string_equal(GUESS("\0\0\0i\0\0\0d\0\0\0,").name, "UTF-32BE");
    assert_string_equal(GUESS("").name, "UTF-8");
    assert_string_equal(GUESS("a,b\n1,2\n").name, "UTF-8");
    assert_string_equal(GUESS("a,b\n1,\0\0\0\n\0,2\n3,4\n").name, "UTF-8"); /* NULs in a CSV */
    assert_int_equal(GUESS("na\xC3\xAFve").certainty, CPL_CHARSET_VALID_UTF8);
    struct cpl_charset_guess cut;
    cpl_charset_guess((const uint8_t *)"na\xC3", 3, false, &cut);
    assert_string_equal(cut.name, "UTF-8");
    cpl_charset_guess((const uint8_t *)"na\xC3", 3, true, &cut);
    assert_string_not_equal(cut.name, "UTF-8");
}

/* A text in UTF-8, written in `charset`, must be guessed as `expected`. */
static void guess_text(const char *charset, const char *expected, const char *text, int times)
{
    iconv_t cd = iconv_open(charset, "UTF-8");
    assert_true(cd != (iconv_t)-1);
    struct cpl_buffer coded = {0};
    for (int i = 0; i < times; i++) {
        char *in = (char *)(uintptr_t)text;
        size_t in_left = strlen(text), out_left = in_left * 4;
        assert_true(cpl_buffer_reserve(&coded, out_left, NULL));
        char *out = (char *)coded.data + coded.size;
        assert_true(iconv(cd, &in, &in_left, &out, &out_left) != (size_t)-1);
        coded.size = (size_t)((uint8_t *)out - coded.data);
    }
    iconv_close(cd);
    struct cpl_charset_guess guess = guess_of(coded.data, coded.size);
    assert_string_equal(guess.name, expected);
    cpl_buffer_release(&coded);
}

static void guesses_texts(void **state)
{
    (void)state;
    static const char japanese[] =
        "番号,氏名,住所\n1,山田太郎,東京都千代田区丸の内一丁目\n2,鈴木花子,大阪府大阪市北区梅田\n"
        "3,佐藤一郎,これはテストのデータです。カタカナも含みます\n";
    static const char chinese[] =
        "编号,姓名,地址\n1,张伟,北京市朝阳区建国路八十八号\n2,王芳,上海市浦东新区世纪大道一百号\n"
        "3,李娜,这是一个测试数据文件，里面有中文字符\n";
    static const char russian[] =
        "номер,имя,адрес\n1,Иван Петров,Москва улица Ленина дом пять\n2,Мария Иванова,"
        "Санкт-Петербург Невский проспект\n3,Сергей,это проверка данных\n";
    static const char french[] =
        "numéro,nom,adresse\n1,Élodie Lefèvre,12 rue de la Paix à Paris – près de l’Opéra\n"
        "2,François,“café” crème 5 €\n3,Zoë,garçon très âgé\n";
    guess_text("CP932", "windows-31j", japanese, 20);
    guess_text("EUC-JP", "EUC-JP", japanese, 20);
    guess_text("GB18030", "GB18030", chinese, 20);
    guess_text("CP1251", "windows-1251", russian, 20);
    guess_text("KOI8-R", "KOI8-R", russian, 20);
    guess_text("CP1252", "windows-1252", french, 20);
    guess_text("UTF-16LE", "UTF-16LE", japanese, 1);
    guess_text("UTF-16BE", "UTF-16BE", chinese, 1);
    guess_text("UTF-16LE", "UTF-16LE", russian, 1);
    guess_text("UTF-32LE", "UTF-32LE", french, 1);
    guess_text("UTF-32BE", "UTF-32BE", russian, 1);
    guess_text("UTF-8", "UTF-8", japanese, 1);
}

/* A table of few words, which detectors of language are at a loss with. */
static void guess_table(const char *charset, const char *expected, bool doubtful, const char *text)
{
    iconv_t cd = iconv_open(charset, "UTF-8");
    char coded[512], *in = (char *)(uintptr_t)text, *out = coded;
    size_t in_left = strlen(text), out_left = sizeof coded;
    assert_true(cd != (iconv_t)-1);
    assert_true(iconv(cd, &in, &in_left, &out, &out_left) != (size_t)-1);
    iconv_close(cd);
    struct cpl_charset_guess guess = guess_of(coded, sizeof coded - out_left);
    assert_string_equal(guess.name, expected);
    assert_int_equal(guess.doubtful, doubtful);
}

static void guesses_tables(void **state)
{
    (void)state;
    static const char western[] = "id,name\n1,José\n2,Müller Straße\n3,façade\n4,Zoë Núñez\n";
    static const char polish[] = "id,name\n1,Łukasz\n2,Żółć\n3,Dvořák\n4,Čech Žižkov\n";
    static const char taiwan[] = "id,name\n0,臺北市信義區市府路\n1,王小明先生\n2,高雄市左營區\n";
    static const char mainland[] = "id,name\n0,北京市朝阳区建国路\n1,上海市浦东新区\n";
    static const char euro[] = "id,name\n1,José\n2,Müller\n3,10 €\n4,20 €\n";
    guess_table("CP1252", "windows-1252", false, western);
    guess_table("CP850", "IBM850", true, western);
    guess_table("CP437", "IBM850", true, western); /* the same letters */
    guess_table("MACINTOSH", "macintosh", true, western);
    guess_table("ISO-8859-15", "ISO-8859-15", true, euro);
    guess_table("CP1250", "windows-1250", false, polish);
    guess_table("ISO-8859-2", "ISO-8859-2", false, polish);
    guess_table("BIG5", "Big5", false, taiwan);
    guess_table("GBK", "GB18030", false, mainland);
}

static void a_broken_byte_in_utf8_is_one(void **state)
{
    (void)state;
    assert_string_equal(GUESS("a,b\n1,caf\xC3\xA9\n2,caf\xE9\n3,ok\n").name, "UTF-8");
    assert_string_equal(GUESS("a,b\n1,caf\xE9\n2,na\xEFve\n").name, "windows-1252");
    assert_false(GUESS("a,b\n1,caf\xE9\n2,na\xEFve\n").doubtful);
    assert_true(GUESS("a\nx\x81\x8D\x8Fy\xFF\xFE\x81z\n").doubtful);
}

/* ---- bounds ---- */

static void history_is_bounded(void **state)
{
    (void)state;
    enum { SIZE = 72 << 20 };
    struct cpl_error err;
    struct cpl_buffer raw = {0};
    uint8_t *text = malloc(SIZE), *sink = malloc(1 << 20);
    for (size_t i = 0; i < SIZE; i++)
        text[i] = (uint8_t)('a' + i % 23 + (i >> 12) % 3);
    struct cpl_stream *stream = cpl_stream_transcode(pieces_new(text, SIZE, 1 << 20), "latin1",
                                                     &err);
    assert_non_null(stream);
    for (size_t got = 1; got;)
        assert_true(cpl_stream_read(stream, sink, 1 << 20, &got, &err));
    uint64_t from, to;
    assert_true(stream->ops->locate(stream, SIZE - (64 << 20), SIZE - (64 << 20) + 100, &from, &to,
                                    &raw, &err));
    assert_memory_equal(raw.data, text + SIZE - (64 << 20), 100);
    assert_false(stream->ops->locate(stream, 1 << 20, (1 << 20) + 1, &from, &to, &raw, &err));
    assert_int_equal(err.code, CPL_E_LIMIT);
    cpl_stream_close(stream);
    cpl_buffer_release(&raw);
    free(text);
    free(sink);
}

static void forgets_when_told(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    struct cpl_error err;
    struct cpl_buffer raw = {0};
    uint8_t *text = malloc(SIZE), sink[4096];
    for (size_t i = 0; i < SIZE; i++)
        text[i] = (uint8_t)('a' + i % 23);
    struct cpl_stream *stream = cpl_stream_transcode(pieces_new(text, SIZE, 5000), "latin1", &err);
    uint64_t from, to;
    for (size_t got = 1; got;) {
        assert_true(cpl_stream_read(stream, sink, sizeof sink, &got, &err));
        uint64_t row = stream->position -
                       got; /* the last piece is still asked about, those before are not */
        cpl_stream_forget(stream, row);
        raw.size = 0;
        assert_true(stream->ops->locate(stream, row, stream->position, &from, &to, &raw, &err));
        assert_int_equal(raw.size, got);
        if (got)
            assert_memory_equal(raw.data, text + row, got);
    }
    assert_false(stream->ops->locate(stream, 1000, 1001, &from, &to, &raw, &err));
    assert_int_equal(err.code, CPL_E_LIMIT);
    cpl_stream_close(stream);
    cpl_buffer_release(&raw);
    free(text);
}

static void allocations_may_fail(void **state)
{
    (void)state;
    uint8_t *text = calloc(1, 200000);
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        struct cpl_error err = {0};
        cpl_memory_fail_at(n);
        struct cpl_stream *stream = cpl_stream_transcode(pieces_new(text, 200000, 30000),
                                                         "UTF-16LE", &err);
        char sink[4096];
        bool ok = stream != NULL;
        for (size_t got = 1; ok && got;)
            ok = cpl_stream_read(stream, sink, sizeof sink, &got, &err);
        cpl_memory_fail_at(0);
        done = ok;
        if (!ok)
            assert_int_equal(err.code, CPL_E_MEMORY);
        cpl_stream_close(stream);
        assert_true(n < 100);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_bytes_agree_with_iconv),
        cmocka_unit_test(wide_text_forth_and_back),
        cmocka_unit_test(latin_text_forth_and_back),
        cmocka_unit_test(cut_off_units),
        cmocka_unit_test(east_asian_text_forth_and_back),
        cmocka_unit_test(damage_in_multibyte_text),
        cmocka_unit_test(ascii_is_ascii),
        cmocka_unit_test(names),
        cmocka_unit_test(guesses_by_marks_and_zeros),
        cmocka_unit_test(guesses_texts),
        cmocka_unit_test(guesses_tables),
        cmocka_unit_test(a_broken_byte_in_utf8_is_one),
        cmocka_unit_test(history_is_bounded),
        cmocka_unit_test(forgets_when_told),
        cmocka_unit_test(allocations_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
