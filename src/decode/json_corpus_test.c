/* JSONTestSuite (RFC 8259 as test files): y_ must be taken, n_ must not, i_ may be either.
 *
 * Each file is decoded as one document. Taken means one row and no reject. Two y_ files have a key twice, so that is
 * allowed here (the last value holds). */
#include "decode/json_fixture.h"
#include <dirent.h>
#include <stdlib.h>

static bool read_whole(const char *path, struct cpl_buffer *text)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    bool ok = true;
    for (size_t got = 1; ok && got;) {
        ok = cpl_buffer_reserve(text, 65536, NULL);
        got = ok ? fread(text->data + text->size, 1, 65536, file) : 0;
        text->size += got;
    }
    fclose(file);
    return ok && cpl_buffer_reserve(text, 64, NULL);
}

static bool is_taken(const struct cpl_buffer *text)
{
    struct fixture f = {.options = "{\"layout\": \"documents\", \"duplicate_keys\": \"last\"}"};
    bool ok = fixture_decode(&f, (const char *)text->data, text->size);
    bool taken = ok && f.sum.rows_decoded == 1 && !f.sum.rows_rejected;
    fixture_release(&f);
    return taken;
}

static void corpus(void **state)
{
    (void)state;
    unsigned expected[128] = {0}, taken[128] = {0};
    char folder[3000], path[4000];
    const char *corpora = getenv("CUPEL_CORPORA");
    snprintf(folder, sizeof folder, "%s/JSONTestSuite/test_parsing", corpora ? corpora : "");
    DIR *listing = corpora ? opendir(folder) : NULL;
    if (!listing) {
        print_message("JSONTestSuite: skipped (CUPEL_CORPORA does not name it)\n");
        skip();
    }
    for (struct dirent *entry; (entry = readdir(listing));) {
        struct cpl_buffer text = {0};
        char kind = entry->d_name[0];
        if (entry->d_name[1] != '_' || !strchr("yni", kind))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        assert_true(read_whole(path, &text));
        bool is = is_taken(&text);
        cpl_buffer_release(&text);
        expected[(unsigned char)kind]++;
        taken[(unsigned char)kind] += is;
        if (is != (kind == 'y') && kind != 'i')
            fail_msg("%s was %s", entry->d_name, is ? "taken" : "rejected");
    }
    closedir(listing);
    print_message("JSONTestSuite: y_ taken %u of %u, n_ rejected %u of %u, i_ taken %u of %u\n",
                  taken['y'], expected['y'], expected['n'] - taken['n'], expected['n'], taken['i'],
                  expected['i']);
    assert_int_equal(expected['y'], 95);
    assert_int_equal(expected['n'], 188);
    assert_int_equal(taken['y'], expected['y']);
    assert_int_equal(taken['n'], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(corpus)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
