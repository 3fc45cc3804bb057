#include "decode/json_fixture.h"

static void lines(void **state)
{
    (void)state;
    expect(
        NULL, "{\"a\":1,\"b\":\"x\"}\n{\"a\":-22,\"b\":null}\n{\"b\":\"y\\u00e9\\n\"}",
        "{\"a\":1,\"b\":\"x\"}\n{\"a\":-22,\"b\":null}\n{\"a\":null,\"b\":\"y\xC3\xA9\\u000a\"}\n",
        "");
    expect(NULL, "\xEF\xBB\xBF{\"a\":1}\r\n\n  \n {\"a\" : 2 } \n", "{\"a\":1}\n{\"a\":2}\n", "");
}

static void order_of_keys_may_change(void **state)
{
    (void)state;
    expect(NULL,
           "{\"a\":1,\"b\":2,\"c\":3}\n{\"c\":3,\"b\":2,\"a\":1}\n{\"b\":2}\n{\"a\":1,\"c\":3}\n{ "
           "\"a\":1, \"b\":2}\n"
           "{\"\\u0061\":1}\n{}\n",
           "{\"a\":1,\"b\":2,\"c\":3}\n{\"a\":1,\"b\":2,\"c\":3}\n{\"a\":null,\"b\":2,\"c\":null}\n"
           "{\"a\":1,\"b\":null,\"c\":3}\n{\"a\":1,\"b\":2,\"c\":null}\n{\"a\":1,\"b\":null,\"c\":"
           "null}\n"
           "{\"a\":null,\"b\":null,\"c\":null}\n",
           "");
}

/* A comma belongs to the place before a key, not to the key. */
static void predicted_keys_are_still_checked(void **state)
{
    (void)state;
    expect(
        NULL, "{\"a\":1,\"b\":2}\n{,\"b\":2}\n{\"a\":1 \"b\":2}\n{\"a\":1,}\n{\"b\":1,\"a\":2}\n",
        "{\"a\":1,\"b\":2}\n{\"a\":2,\"b\":1}\n", "syntax@14+9 -\nsyntax@23+14 -\nsyntax@37+9 -\n");
}

static void nested(void **state)
{
    (void)state;
    expect(NULL,
           "{\"u\":{\"id\":1,\"tags\":[\"a\",null,\"b\"]},\"e\":[]}\n{\"u\":null,\"e\":[1]}\n{"
           "\"u\":{},\"e\":[null]}\n{\"u\":{\"tags\":[]}}\n",
           "{\"u\":{\"id\":1,\"tags\":[\"a\",null,\"b\"]},\"e\":[]}\n{\"u\":null,\"e\":[1]}\n"
           "{\"u\":{\"id\":null,\"tags\":null},\"e\":[null]}\n{\"u\":{\"id\":null,\"tags\":[]},"
           "\"e\":null}\n",
           "");
    expect(NULL, "{\"l\":[{\"x\":1},{\"y\":[[1],[]]}]}\n",
           "{\"l\":[{\"x\":1,\"y\":null},{\"x\":null,\"y\":[[1],[]]}]}\n", "");
}

static void types_of(const char *text, const char *kinds)
{
    struct fixture f = {0};
    if (!fixture_decode(&f, text, strlen(text)))
        fail_msg("%s", f.err.message);
    for (uint32_t i = 0; i < f.schema->n_fields; i++) {
        const char letters[] = "bcsilCSILfdDtBJUATTEOM"; /* in the order of enum cpl_kind */
        assert_true(kinds[i] != 0);
        if (letters[f.schema->fields[i].type.kind] != kinds[i])
            fail_msg("%s: column %s is of kind %d", text, f.schema->fields[i].name,
                     (int)f.schema->fields[i].type.kind);
    }
    fixture_release(&f);
}

static void inference(void **state)
{
    (void)state;
    const struct {
        const char *values;
        char kind;
    } cases[] = {
        {"true,false,null", 'b'},
        {"1,-5,null", 'l'},
        {"1.5,2", 'D'},
        {"1e5,1.25", 'd'},
        {"0.12345678901234", 'd'},
        {"9223372036854775808", 'D'},
        {"123456789012345678901234567890123456789012345", 'J'},
        {"\"a\",\"b\"", 't'},
        {"\"2026-01-01\"", 'A'},
        {"\"2026-01-01T00:00:00Z\",null", 'T'},
        {"\"128b2f33-0c5c-7fd0-a6a3-a4506513270e\"", 'U'},
        {"\"2026-01-01\",\"x\"", 't'},
        {"\"\"", 't'},
        {"\"123\"", 't'},
        {"\"true\"", 't'},
        {"null", 't'},
        {"1,\"a\"", 'J'},
        {"1,true", 'J'},
        {"{\"a\":1},5", 'J'},
        {"[1],5", 'J'},
        {"[]", 'O'},
        {"{}", 'J'},
        {"{\"a\":1}", 'E'},
        {"-0", 'J'},
        {"-0.0", 'd'},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2000] = "", kinds[2] = {cases[i].kind, 0};
        size_t used = 0, depth = 0;
        used += (size_t)snprintf(text, sizeof text, "{\"v\":");
        for (const char *at = cases[i].values; *at; at++) {
            depth += *at == '{' || *at == '[';
            depth -= *at == '}' || *at == ']';
            bool next = *at == ',' && !depth;
            used += (size_t)snprintf(text + used, sizeof text - used, next ? "}\n{\"v\":" : "%c",
                                     *at);
        }
        snprintf(text + used, sizeof text - used, "}\n");
        types_of(text, kinds);
    }
}

static void values_stay_what_they_are(void **state)
{
    (void)state;
    expect(NULL,
           "{\"v\":1}\n{\"v\":\"a\\u0041\"}\n{\"v\":{\"x\": [1, 2]}}\n{\"v\":1.50}\n{\"v\":null}\n",
           "{\"v\":1}\n{\"v\":\"a\\u0041\"}\n{\"v\":{\"x\": [1, 2]}}\n{\"v\":1.50}\n{\"v\":null}\n",
           "");
    expect(NULL, "{\"v\":9223372036854775807}\n{\"v\":9223372036854775808}\n",
           "{\"v\":9223372036854775807}\n{\"v\":9223372036854775808}\n", "");
    expect(NULL, "{\"v\":-77.426024}\n{\"v\":0.5}\n{\"v\":100}\n",
           "{\"v\":-77.426024}\n{\"v\":0.500000}\n{\"v\":100.000000}\n", "");
    expect(NULL, "{\"v\":1e3}\n{\"v\":0.1}\n{\"v\":123456789.123456}\n",
           "{\"v\":1000.0}\n{\"v\":0.1}\n{\"v\":123456789.123456}\n", "");
}

/* The sample sees the first row only; what comes later widens. */
static void schema_widens(void **state)
{
    (void)state;
    struct fixture f = {.sample = 8};
    expect_with(
        &f, "{\"a\":1}\n{\"a\":2.5}\n{\"a\":3,\"b\":{\"c\":1}}\n{\"b\":{\"d\":[true]}}\n",
        "{\"a\":1.0,\"b\":null}\n{\"a\":2.5,\"b\":null}\n{\"a\":3.0,\"b\":{\"c\":1,\"d\":null}}\n"
        "{\"a\":null,\"b\":{\"c\":null,\"d\":[true]}}\n",
        "");
    f = (struct fixture){.sample = 8};
    expect_with(&f, "{\"a\":1}\n{\"a\":\"x\"}\n{\"a\":[1]}\n",
                "{\"a\":1}\n{\"a\":\"x\"}\n{\"a\":[1]}\n", "");
    f = (struct fixture){.sample = 11};
    expect_with(&f, "{\"a\":null}\n{\"a\":7}\n", "{\"a\":null}\n{\"a\":7}\n", "");
    f = (struct fixture){.sample = 9};
    expect_with(&f, "{\"a\":[]}\n{\"a\":[{\"x\":1}]}\n", "{\"a\":[]}\n{\"a\":[{\"x\":1}]}\n", "");
}

static void widening_does_not_depend_on_splits(void **state)
{
    (void)state;
    const char *text = "{\"a\":1}\n{\"z\":\"x\",\"a\":2}\n{\"a\":2.5,\"m\":{\"q\":1}}\n{\"m\":{"
                       "\"p\":\"2026-01-01\"},\"y\":1}\n{\"a\":1}\n";
    struct fixture whole = {.sample = 8};
    assert_true(fixture_decode(&whole, text, strlen(text)));
    for (uint64_t cut = 1; cut < strlen(text); cut++) {
        uint64_t cuts[] = {cut, cut + (strlen(text) - cut) / 2};
        struct fixture f = {.sample = 8, .cuts = cuts, .n_cuts = cuts[1] > cut ? 2 : 1};
        assert_true(fixture_decode(&f, text, strlen(text)));
        assert_true(cpl_schema_equal(whole.schema, f.schema));
        assert_string_equal(cpl_buffer_text(&whole.rows, NULL), cpl_buffer_text(&f.rows, NULL));
        fixture_release(&f);
    }
    fixture_release(&whole);
}

static void policies_for_conflicts(void **state)
{
    (void)state;
    struct fixture f = {.sample = 8, .conflict = CPL_CONFLICT_REJECT};
    expect_with(&f, "{\"a\":1}\n{\"a\":\"x\"}\n{\"b\":1}\n{\"a\":2}\n", "{\"a\":1}\n{\"a\":2}\n",
                "type@8+10 a\nunknown_field@18+8 -\n");
    f = (struct fixture){.sample = 8, .conflict = CPL_CONFLICT_FAIL};
    expect_with(&f, "{\"a\":1}\n{\"a\":\"x\"}\n", "{\"a\":1}\n", "type@8+10 a conflict\n");
}

static void duplicate_keys(void **state)
{
    (void)state;
    const char *text = "{\"a\":1,\"b\":{\"x\":1}}\n{\"a\":1,\"a\":2}\n{\"b\":{\"x\":1,\"x\":2}}\n{"
                       "\"b\":{\"x\":1},\"b\":{\"x\":5}}\n";
    const char *first = "{\"a\":1,\"b\":{\"x\":1}}\n";
    expect(NULL, text, first,
           "duplicate_key@20+14 a\nduplicate_key@34+20 b\nduplicate_key@54+26 b\n");
    expect("{\"duplicate_keys\": \"first\"}", text,
           "{\"a\":1,\"b\":{\"x\":1}}\n{\"a\":1,\"b\":null}\n{\"a\":null,\"b\":{\"x\":1}}\n{\"a\":"
           "null,\"b\":{\"x\":1}}\n",
           "");
    expect("{\"duplicate_keys\": \"last\"}", text,
           "{\"a\":1,\"b\":{\"x\":1}}\n{\"a\":2,\"b\":null}\n{\"a\":null,\"b\":{\"x\":2}}\n{\"a\":"
           "null,\"b\":{\"x\":5}}\n",
           "");
    expect("{\"maps\": [\"m\"]}", "{\"m\":{\"k\":1,\"l\":2}}\n{\"m\":{\"k\":1,\"\\u006b\":2}}\n",
           "{\"m\":{\"k\":1,\"l\":2}}\n", "duplicate_key@20+25 m\n");
}

static void bad_rows(void **state)
{
    (void)state;
    expect(NULL,
           "{\"a\":\"x\"}\n{\"a\":\"\\ud800\"}\n{\"a\":\"\xFF\"}\n{\"a\":\"\xC3\xA9\"}\n{\"a\":"
           "\"t\tb\"}\n{\"a\":\"x\"} 1\n[1]\nnull\n{\"a\":\n\"x\"}\n",
           "{\"a\":\"x\"}\n{\"a\":\"\xC3\xA9\"}\n",
           "charset@10+15 -\ncharset@25+10 -\nsyntax@46+12 -\nsyntax@58+12 -\ntype@70+4 "
           "-\ntype@74+5 -\nsyntax@79+6 -\nsyntax@85+5 -\n");
    struct fixture f = {.max_depth = 3};
    expect_with(&f, "{\"a\":[[1]]}\n{\"a\":[[[1]]]}\n", "{\"a\":[[1]]}\n", "limit@12+14 -\n");
}

static void long_rows(void **state)
{
    (void)state;
    static char text[200000];
    size_t at = (size_t)snprintf(text, sizeof text, "{\"a\":\"x\"}\n{\"a\":\"");
    memset(text + at, 'y', 100000);
    snprintf(text + at + 100000, sizeof text - at - 100000, "\"}\n{\"a\":\"z\"}\n");
    struct fixture f = {.max_row_bytes = 5000, .options = "{\"block_size\": 1024}"};
    expect_with(&f, text, "{\"a\":\"x\"}\n{\"a\":\"z\"}\n", "limit@10+100009 -\n");
    memcpy(text, "[", 1);
    at = (size_t)snprintf(text, sizeof text, "[{\"a\":\"x\"},\n{\"a\":\"]}\\\"");
    memset(text + at, 'y', 100000);
    snprintf(text + at + 100000, sizeof text - at - 100000, "\"},{\"a\":\"z\"}]\n");
    f = (struct fixture){.max_row_bytes = 5000, .options = "{\"block_size\": 1024}", .sample = 30};
    expect_with(&f, text, "{\"a\":\"x\"}\n{\"a\":\"z\"}\n", "limit@12+100012 -\n");
}

static void limited(const char *options, enum cpl_type_conflict conflict, const char *text,
                    const char *rows, const char *rejects)
{
    const char *line = strchr(text, '\n');
    struct fixture f = {.options = options,
                        .max_field_bytes = 10,
                        .conflict = conflict,
                        .sample = line ? (size_t)(line + 1 - text) : 0};
    expect_with(&f, text, rows, rejects);
}

static void long_fields(void **state)
{
    (void)state;
    const char *good = "{\"a\":\"0123456789\",\"b\":1}\n";
    /* strings, keys and numbers, at any depth; a row of many short fields may be long */
    limited(NULL, CPL_CONFLICT_WIDEN,
            "{\"a\":\"0123456789\",\"b\":1}\n{\"a\":\"01234567890\",\"b\":1}\n", good,
            "limit@25+26 a\n");
    limited(NULL, CPL_CONFLICT_WIDEN, "{\"a\":{\"x\":[1,2]}}\n{\"a\":{\"x\":[1,123456789012]}}\n",
            "{\"a\":{\"x\":[1,2]}}\n", "limit@18+29 a\n");
    limited(NULL, CPL_CONFLICT_WIDEN, "{\"a\":1}\n{\"a\":1,\"01234567890\":2}\n", "{\"a\":1}\n",
            "limit@8+24 -\n");
    limited("{\"maps\": [\"m\"]}", CPL_CONFLICT_WIDEN,
            "{\"m\":{\"k\":\"v\"}}\n{\"m\":{\"k\":\"v\",\"l\":\"01234\\n678901\"}}\n",
            "{\"m\":{\"k\":\"v\"}}\n", "limit@16+36 m\n");
    limited("{\"rows\": \"r\"}", CPL_CONFLICT_REJECT,
            "{\"r\":[{\"a\":\"0123456789\",\"b\":1},{\"a\":\"01234567890\",\"b\":1}]}", good,
            "limit@31+25 a\n");
    /* such a row asks for no wider schema */
    limited("{\"infer_strings\": false}", CPL_CONFLICT_WIDEN,
            "{\"a\":1}\n{\"a\":2,\"c\":\"01234567890\"}\n{\"a\":\"01234567890\"}\n{\"a\":3}\n",
            "{\"a\":1}\n{\"a\":3}\n", "limit@8+26 -\nlimit@34+20 a\n");
}

static void arrays(void **state)
{
    (void)state;
    expect(NULL, " [ {\"a\":1} ,\n{\"a\":2}] \n", "{\"a\":1}\n{\"a\":2}\n", "");
    expect(NULL, "[{\"a\":1}]\n[{\"a\":2}]", "{\"a\":1}\n{\"a\":2}\n", "");
    struct fixture f = {0};
    assert_false(fixture_decode(&f, "[]", 2)); /* no columns to be known */
    assert_int_equal(f.err.code, CPL_E_DATA);
    fixture_release(&f);
}

static void broken_arrays(void **state)
{
    (void)state;
    expect(NULL, "[\n{\"a\":1},\n{\"a\":x},\n{\"a\":3}\n]", "{\"a\":1}\n{\"a\":3}\n",
           "syntax@11+7 -\n");
    expect(NULL, "[{\"a\":1},{\"a\":", "{\"a\":1}\n", "syntax@9+5 -\n");
    expect(NULL, "[{\"a\":1},{\"a\":x},{\"a\":3}]", "{\"a\":1}\n{\"a\":3}\n", "syntax@9+7 -\n");
}

#define A(n) "{\"a\":" #n "}"

/* One slip costs its own bytes, and no row behind it. */
static void slips_in_arrays(void **state)
{
    (void)state;
    static const struct {
        const char *text, *rows, *rejects;
    } slips[] = {
        {"[" A(1) " " A(2) "," A(3) "]", A(1) "\n" A(3) "\n", "syntax@9+7 -\n"},
        {"[" A(1) "\n\n" A(2) "\n" A(3) "]", A(1) "\n", "syntax@10+7 -\nsyntax@18+7 -\n"},
        {"[" A(1) A(2) "]", A(1) "\n", "syntax@8+7 -\n"},
        {"[" A(1) " {\"a\":2," A(3) "]", A(1) "\n" A(3) "\n", "syntax@9+7 -\n"},
        {"[" A(1) "\"b\" tru," A(3) "]", A(1) "\n" A(3) "\n", "syntax@8+3 -\nsyntax@12+3 -\n"},
        {"[" A(1) " x ," A(3) "]", A(1) "\n" A(3) "\n", "syntax@9+2 -\n"},
        {"[" A(1) ",," A(2) "]", A(1) "\n" A(2) "\n", "syntax@9+1 -\n"},
        {"[" A(1) ", ,\n," A(2) "]", A(1) "\n" A(2) "\n", "syntax@10+1 -\nsyntax@12+1 -\n"},
        {"[," A(1) "]", A(1) "\n", "syntax@1+1 -\n"},
        {"[" A(1) ",,]", A(1) "\n", "syntax@9+1 -\n"},
        {"[" A(1) ",, ", A(1) "\n", "syntax@9+1 -\n"},
        {"[" A(1) ",]", A(1) "\n", "syntax@8+1 -\n"},
        {"[" A(1) "}," A(2) "]", A(1) "\n" A(2) "\n", "syntax@8+1 -\n"},
        {"[" A(1) "]," A(2) "," A(3) "]", A(1) "\n",
         "syntax@9+1 -\nsyntax@10+7 -\nsyntax@17+1 -\n"
         "syntax@18+7 -\nsyntax@25+1 -\n"},
        {"[" A(1) ",{\"a\":[2}," A(3) "]", A(1) "\n" A(3) "\n", "syntax@9+8 -\n"},
        {"[" A(1) ",{\"a\":2]}," A(3) "]", A(1) "\n" A(3) "\n", "syntax@9+8 -\n"},
        {"[" A(1) ",{\"a\":2," A(3) "]", A(1) "\n" A(3) "\n", "syntax@9+7 -\n"},
        {"[" A(1) ",{\"a\":{\"b\":2}," A(3) "]", A(1) "\n" A(3) "\n", "syntax@9+13 -\n"},
        {"[" A(1) ",{\"a\":\"x}," A(3) "," A(4) "]", A(1) "\n" A(3) "\n" A(4) "\n",
         "syntax@9+8 -\n"},
        {"[" A(1) ",{\"a\":x\",\"b\":1}," A(3) "]", A(1) "\n" A(3) "\n", "syntax@9+14 -\n"},
        {"[" A(1) ",{\"a\":\"},{\" \"b\":2}," A(3) "]", A(1) "\n" A(3) "\n", NULL},
        {"[" A(1) ",{\"a\":\"\t},{\"}," A(3) "]", A(1) "\n" A(3) "\n", "syntax@9+12 -\n"},
        {"[" A(1) ",x," A(3) "]", A(1) "\n" A(3) "\n", "syntax@9+1 -\n"},
        {"[" A(1) ",x" A(3) "]", A(1) "\n" A(3) "\n", "syntax@9+1 -\n"},
        {"[" A(1) ",\"\xFF\"," A(3) ",{\"a\":\"\\ud800\"}," A(4) "]", A(1) "\n" A(3) "\n" A(4) "\n",
         "charset@9+3 -\ncharset@21+14 -\n"},
        {"[" A(1) ",{\"a\"2}\n]\n[" A(3) "]", A(1) "\n" A(3) "\n", "syntax@9+6 -\n"},
        {"[" A(1) "]\n[", A(1) "\n", "syntax@10+1 -\n"},
        {"[" A(1) ",x]\n[]\n [ ", A(1) "\n", "syntax@9+1 -\nsyntax@16+2 -\n"},
    };
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
        struct fixture f = {.options = "{\"layout\": \"array\"}"};
        if (!fixture_decode(&f, slips[i].text, strlen(slips[i].text)))
            fail_msg("%s", f.err.message);
        assert_string_equal(cpl_buffer_text(&f.rows, NULL), slips[i].rows);
        if (slips[i].rejects)
            assert_string_equal(cpl_buffer_text(&f.rejects, NULL), slips[i].rejects);
        fixture_release(&f);
    }
}

/* Where the input ends before the array does, the last element tells of it. */
static void arrays_cut_off(void **state)
{
    (void)state;
    const char *array = "{\"layout\": \"array\"}", *in_path = "{\"rows\": \"r\"}";
    expect(array, "[" A(1) "," A(2), A(1) "\n", "syntax@9+7 -\n");
    expect(array, "[" A(1) ",\n" A(2) " \n\t", A(1) "\n", "syntax@10+7 -\n");
    expect(array, "[" A(1) " " A(2) "\n", A(1) "\n", "syntax@9+7 -\n");
    expect(array, "[" A(1) "," A(2) ",\n", A(1) "\n" A(2) "\n", "syntax@16+2 -\n");
    expect(array, "[" A(1) ",{\"a\":x}\n", A(1) "\n", "syntax@9+7 -\n");
    expect(array, "[1,22,3", "{\"value\":1}\n{\"value\":22}\n", "syntax@6+1 -\n");
    expect(in_path, "{\"r\":[" A(1) "," A(2), A(1) "\n", "syntax@14+7 -\n");
    expect(in_path, "{\"r\":[" A(1) "," A(2) "]\n", A(1) "\n" A(2) "\n", "syntax@21+2 -\n");
    /* it asks for no wider schema */
    struct fixture f = {.sample = 9, .options = array};
    expect_with(&f, "[" A(1) "," A(2) "," A("x"), A(1) "\n" A(2) "\n", "syntax@17+9 -\n");
}

static void slips_in_documents(void **state)
{
    (void)state;
    const char *options = "{\"layout\": \"documents\"}";
    expect(options, A(1) " x " A(2) "," A(3), A(1) "\n" A(2) "\n" A(3) "\n",
           "syntax@8+2 -\nsyntax@17+1 -\n");
    expect(options, A(1) "}" A(2) "}}", A(1) "\n" A(2) "\n", "syntax@7+1 -\nsyntax@15+2 -\n");
    expect(options, "{\"a\":x}" A(2) "\nx\n" A(3), A(2) "\n" A(3) "\n",
           "syntax@0+7 -\nsyntax@15+1 -\n");
}

static void slips_around_the_rows(void **state)
{
    (void)state;
    const char *options = "{\"rows\": \"/x/items\"}";
    expect(options, "{\"x\":{\"items\":[" A(1) "]}}\n{\"x\":{}}\n{\"x\":{\"items\":[" A(2) "]}}\n",
           A(1) "\n" A(2) "\n", "syntax@26+8 -\n");
    expect(options,
           "[0]{\"x\":bad}\n{\"x\":{\"items\":[" A(1) "] 1}}\n{\"x\":{\"items\":[" A(2) "]}}",
           A(1) "\n" A(2) "\n", "syntax@0+3 -\nsyntax@3+9 -\nsyntax@35+5 -\n");
    expect("{\"rows\": \"r\"}", "{\"r\":[" A(1) "]}\n{\"r\":[] x}\n{\"r\":[" A(2) "]}\n{\"r\":[",
           A(1) "\n" A(2) "\n", "syntax@16+10 -\nsyntax@43+6 -\n");
    expect("{\"rows\": \"r\"}", "{\"r\":[" A(1) ",{\"a\":2]}\n{\"r\":[" A(3) "]}",
           A(1) "\n" A(3) "\n", "syntax@14+6 -\n");
    expect("{\"rows\": \"r\"}", "{\"r\": ,\"b\":1}\n{\"r\":}{\"r\":" A(3) "}", A(3) "\n",
           "syntax@6+7 -\nsyntax@19+1 -\n");
}

/* The member that leads to the rows stands twice: none of its rows is lost in silence. */
static void rows_twice(void **state)
{
    (void)state;
    const char *text = "{\"i\":[" A(1) "],\"i\":[" A(2) "," A(3) "], \"\\u0069\":4}\n{\"i\":[" A(
        5) "]}";
    const char *two = A(1) "\n" A(5) "\n",
               *rejects = "duplicate_key@19+17 -\nduplicate_key@47+1 -\n";
    expect("{\"rows\": \"i\"}", text, two, rejects);
    expect("{\"rows\": \"i\", \"duplicate_keys\": \"last\"}", text, two, rejects);
    expect("{\"rows\": \"i\", \"duplicate_keys\": \"first\"}", text, two, "");
    expect("{\"rows\": \"x.i\"}", "{\"x\":{\"i\":[" A(1) "]},\"x\":{\"i\":[" A(2) "]}}", A(1) "\n",
           "duplicate_key@25+15 -\n");
    expect("{\"rows\": \"i\"}", "{\"i\":" A(1) ",\"i\":[bad]}\n{\"i\":[" A(2) "]}",
           A(1) "\n" A(2) "\n", "syntax@17+5 -\n");
}

static void layout_of_a_bad_start(void **state)
{
    (void)state;
    expect(NULL, "[1\n" A(2) "\n" A(3) "\n", A(2) "\n" A(3) "\n", "syntax@0+3 -\n");
    expect(NULL, "[" A(1) "\n" A(2) "\n" A(3) "\n]", A(1) "\n", "syntax@9+7 -\nsyntax@17+7 -\n");
    expect(NULL, "{\"a\":1\n" A(2) "\n" A(3) "\n", A(2) "\n" A(3) "\n", "syntax@0+7 -\n");
    expect(NULL, "[" A(x) ",\n" A(2) ",\n" A(3) "\n]", A(2) "\n" A(3) "\n", "syntax@1+7 -\n");
    expect(NULL, "[\n" A(2) "\n" A(3) "\n]", A(2) "\n", "syntax@10+7 -\n");
    expect(NULL, "{\n \"a\": x\n}\n{\n \"a\": 1\n}\n{\n \"a\": 2\n}\n", A(1) "\n" A(2) "\n",
           "syntax@0+11 -\n");
}

static void documents(void **state)
{
    (void)state;
    expect(NULL, "{\"a\":1}{\"a\":2} {\"a\":3}\n\n{\"a\":4}",
           "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n", "");
    expect(NULL, "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n", "{\"a\":1}\n{\"a\":2}\n", "");
    expect(NULL, "{\n  \"a\": 1\n}\n{\n  \"a\" 2\n}\n{\n  \"a\": 3\n}\n", "{\"a\":1}\n{\"a\":3}\n",
           "syntax@13+11 -\n");
}

static void path_to_rows(void **state)
{
    (void)state;
    const char *text = "{\"n\":{\"x\":[1]},\"data\":{\"k\":0,\"items\":[{\"a\":1},{\"a\":2}],\"z\":"
                       "[]},\"t\":\"}\"}";
    expect("{\"rows\": \"/data/items\"}", text, "{\"a\":1}\n{\"a\":2}\n", "");
    expect("{\"rows\": \"data.items\"}", text, "{\"a\":1}\n{\"a\":2}\n", "");
    expect("{\"rows\": \"/1/r\"}", "[0,{\"r\":[{\"a\":1}],\"s\":1},2]\n", "{\"a\":1}\n", "");
    expect("{\"rows\": \"r\"}", "{\"r\":[{\"a\":1}]}\n{\"r\":[]}\n{\"r\":[{\"a\":2}]}",
           "{\"a\":1}\n{\"a\":2}\n", "");
    expect("{\"rows\": \"x\"}", "{\"r\":[]}", "", "syntax@0+8 -\n");
}

/* Layouts that the samples' objects have, each told by itself unless it is set; types are joined. */
static void layouts_of_objects(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum json_layout layout;
    } objects[] = {{"{\"a\":1}\n{\"a\":2}\n", JSON_LINES},
                   {"[{\"b\":\"x\"},\n{\"b\":\"y\"}]", JSON_ARRAY},
                   {"{\"c\":true}{\"c\":\nfalse}", JSON_DOCUMENTS}};
    enum { N = sizeof objects / sizeof *objects };
    struct cpl_sample samples[N];
    char text[N][128] = {{0}};
    for (int i = 0; i < N; i++) {
        strcpy(text[i], objects[i].text);
        samples[i] = (struct cpl_sample){
            .data = (uint8_t *)text[i], .size = strlen(text[i]), .at_start = true, .whole = true};
    }
    for (int set = 0; set < 2; set++) {
        struct cpl_json_settings settings = {
            .layout = set ? JSON_LINES : JSON_AUTO, .separator = ".", .map_keys = 200};
        struct cpl_schema *schema;
        struct cpl_column_plan *columns;
        struct cpl_error err = {0};
        assert_true(json_infer(&settings, samples, N, NULL, true, &schema, &columns, &err));
        assert_int_equal(settings.layout, JSON_LINES);
        assert_int_equal(schema->n_fields, set ? 1 : 3);
        for (int i = 0; i < N; i++) {
            void *own;
            assert_true(json_for_object(&settings, NULL, &samples[i], schema, false, &own, &err));
            assert_int_equal(own != NULL, !set && i);
            if (own)
                assert_int_equal(((struct cpl_json_settings *)own)->layout, objects[i].layout);
            if (own)
                cpl_decoder_json.release_settings(own);
            cpl_free(own);
        }
        cpl_schema_free(schema);
        cpl_free(columns);
        cpl_decoder_json.release_settings(&settings);
    }
}

/* All are rejected; there is a column, though nothing is known of any. */
static void no_row_is_good(void **state)
{
    (void)state;
    expect(NULL, "{\"a\":}\n{\"a\":}\n", "", "syntax@0+7 -\nsyntax@7+7 -\n");
    expect(NULL, "[{\"a\":},{\"a\":}]", "", "syntax@1+6 -\nsyntax@8+6 -\n");
    struct fixture f = {0};
    assert_false(fixture_decode(&f, "[]", 2)); /* nothing is rejected: there is no row at all */
    fixture_release(&f);
    f = (struct fixture){0};
    assert_true(fixture_decode(&f, "{\"a\":}", 6));
    assert_int_equal(f.schema->n_fields, 1);
    assert_string_equal(f.schema->fields[0].name, "value");
    fixture_release(&f);
}

static void flattened(void **state)
{
    (void)state;
    expect("{\"flatten\": true}",
           "{\"u\":{\"id\":1,\"n\":{\"x\":\"q\"}},\"u.k\":5}\n{\"u\":null}\n{\"u\":{\"n\":{}}}\n",
           "{\"u.id\":1,\"u.n.x\":\"q\",\"u.k\":5}\n{\"u.id\":null,\"u.n.x\":null,\"u.k\":null}\n"
           "{\"u.id\":null,\"u.n.x\":null,\"u.k\":null}\n",
           "");
    expect("{\"flatten\": true, \"separator\": \"_\", \"keep_document\": true}",
           "{\"u\":{\"id\":1}, \"l\":[{\"a\":1}]}\n",
           "{\"u_id\":1,\"l\":[{\"a\":1}],\"_doc\":{\"u\":{\"id\":1}, \"l\":[{\"a\":1}]}}\n", "");
    struct fixture f = {.options = "{\"flatten\": true}", .sample = 15};
    expect_with(&f, "{\"u\":{\"id\":1}}\n{\"u\":{\"x\":2}}\n",
                "{\"u.id\":1,\"u.x\":null}\n{\"u.id\":null,\"u.x\":2}\n", "");
    f = (struct fixture){.options = "{\"flatten\": true}", .sample = 15};
    expect_with(&f, "{\"u\":{\"id\":1}}\n{\"u\":2}\n", "{\"u\":{\"id\":1}}\n{\"u\":2}\n", "");
}

#define UNDERSCORE "{\"flatten\": true, \"separator\": \"_\"}"

/* Keys stay as they are though the separator stands in them; widening finds them again. */
static void flattened_by_what_keys_hold(void **state)
{
    (void)state;
    const char *text = "{\"created_at\":1,\"u_\":{\"_id\":{\"a_b\":\"x\"}}}\n"
                       "{\"created_at\":\"y\",\"u_\":{\"_id\":{\"a_b\":2},\"c_d\":3}}\n";
    struct fixture f = {.options = UNDERSCORE, .sample = 52};
    expect_with(&f, text,
                "{\"created_at\":1,\"u___id_a_b\":\"x\",\"u__c_d\":null}\n"
                "{\"created_at\":\"y\",\"u___id_a_b\":2,\"u__c_d\":3}\n",
                "");
    expect("{\"flatten\": true, \"separator\": \"__\"}", "{\"a_\":{\"_b\":1},\"c\\\\d\":2}\n",
           "{\"a____b\":1,\"c\\u005cd\":2}\n", "");
}

static void expect_one_name(size_t sample, const char *text, const char *places)
{
    struct fixture f = {.options = UNDERSCORE, .sample = sample};
    assert_false(fixture_decode(&f, text, strlen(text)));
    assert_int_equal(f.err.code, CPL_E_CONFIG);
    if (!strstr(f.err.message, places) || !strstr(f.err.message, "source.json.separator: "))
        fail_msg("%s", f.err.message);
    fixture_release(&f);
}

/* Two places that make one name: in the sample, in rows behind it, in two splits. */
static void flattened_to_one_name(void **state)
{
    (void)state;
    const char *text = "{\"u_id\":1}\n{\"u\":{\"id\":2}}\n";
    expect_one_name(0, text, "`/u_id` and `/u/id` of the input would both be column `u_id`");
    expect_one_name(11, text, "`/u_id` and `/u/id` of the input would both be column `u_id`");
    expect_one_name(0, "{\"a_b\":{\"c\":1},\"a\":{\"b\":{\"c\":1}}}", "`/a_b/c` and `/a/b/c`");
    expect("{\"flatten\": true, \"separator\": \"/\"}", text,
           "{\"u_id\":1,\"u/id\":null}\n"
           "{\"u_id\":null,\"u/id\":2}\n",
           "");
}

static void declare(struct fixture *f, const char *name, const char *text, size_t sample,
                    const char *rows)
{
    struct cpl_field field = {
        .name = name, .type = {.kind = CPL_I64}, .nullable = true, .field_id = -1};
    const struct cpl_schema schema = {.fields = &field, .n_fields = 1};
    f->declared = &schema;
    f->sample = sample;
    expect_with(f, text, rows, "");
}

/* Declared columns are found by name wherever they stand, though the sample lacks them. */
static void flattened_as_declared(void **state)
{
    (void)state;
    struct fixture f = {.options = UNDERSCORE};
    const char *nested = "{\"b\":1}\n{\"b\":2,\"u\":{\"x_y\":7}}\n";
    const char *top = "{\"b\":1}\n{\"b\":2,\"u_x_y\":7}\n";
    const char *rows = "{\"b\":1,\"u_x_y\":null}\n{\"b\":2,\"u_x_y\":7}\n";
    for (size_t sample = 0; sample <= 8; sample += 8) {
        f.options = UNDERSCORE;
        declare(&f, "u_x_y", nested, sample, rows);
        f.options = UNDERSCORE;
        declare(&f, "u_x_y", top, sample, rows);
        f.options = "{\"flatten\": true}";
        declare(&f, "u.x_y", nested, sample, "{\"b\":1,\"u.x_y\":null}\n{\"b\":2,\"u.x_y\":7}\n");
    }
    f = (struct fixture){.options = UNDERSCORE,
                         .closed = true}; /* `u` is an object of the sample */
    declare(&f, "u_x_y", "{\"u\":{\"z\":1}}\n{\"u\":{\"x_y\":7}}\n", 16,
            "{\"u_z\":1,\"u_x_y\":null}\n{\"u_z\":null,\"u_x_y\":7}\n");
    f = (struct fixture){.options = UNDERSCORE}; /* as such columns were called before */
    declare(&f, "u\\_x\\_y", top, 0,
            "{\"b\":1,\"u\\u005c_x\\u005c_y\":null}\n{\"b\":2,\"u\\u005c_x\\u005c_y\":7}\n");
}

static void maps(void **state)
{
    (void)state;
    expect("{\"maps\": [\"m\"]}",
           "{\"m\":{\"k\":1,\"l\":null}}\n{\"m\":{}}\n{\"m\":null}\n{\"m\":{\"z\":3}}\n",
           "{\"m\":{\"k\":1,\"l\":null}}\n{\"m\":{}}\n{\"m\":null}\n{\"m\":{\"z\":3}}\n", "");
    static char text[100000];
    size_t used = 0;
    for (int i = 0; i < 1000; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "{\"m\":{\"key%d\":%d}}\n", i, i);
    types_of(text, "M");
    for (int i = 0, at = 0; i < 100; i++) /* many keys in one map, one of them twice */
        used = (size_t)(at += snprintf(text + at, sizeof text - (size_t)at, "%s\"k%d\":%d",
                                       i ? "," : "{\"m\":{", i == 99 ? 17 : i, i));
    snprintf(text + used, sizeof text - used, "}}\n{\"m\":{}}\n");
    expect("{\"maps\": [\"m\"]}", text, "{\"m\":{}}\n", "duplicate_key@0+888 m\n");
}

static void unknown_fields(void **state)
{
    (void)state;
    struct fixture f = {.options = "{\"unknown_fields\": \"ignore\"}", .sample = 8};
    expect_with(&f, "{\"a\":1}\n{\"b\":[1,{}],\"a\":2}\n", "{\"a\":1}\n{\"a\":2}\n", "");
    f = (struct fixture){.options = "{\"unknown_fields\": \"reject\"}", .sample = 8};
    expect_with(&f, "{\"a\":1}\n{\"b\":1,\"a\":2}\n", "{\"a\":1}\n", "unknown_field@8+14 -\n");
    f = (struct fixture){.closed = true, .sample = 16};
    expect_with(&f, "{\"a\":{\"x\":1}}  \n{\"b\":1,\"a\":{\"y\":2}}\n",
                "{\"a\":{\"x\":1,\"y\":null}}\n{\"a\":{\"x\":null,\"y\":2}}\n", "");
}

static void declared_types_hold(void **state)
{
    (void)state;
    struct cpl_field members[] = {
        {.name = "x", .type = {.kind = CPL_I8}, .nullable = true, .field_id = -1}};
    struct cpl_field fields[] = {
        {.name = "i", .type = {.kind = CPL_I16}, .field_id = -1},
        {.name = "s",
         .type = {.kind = CPL_STRUCT, .n_children = 1, .children = members},
         .nullable = true,
         .field_id = -1},
        {.name = "b", .type = {.kind = CPL_BINARY}, .nullable = true, .field_id = -1},
    };
    struct cpl_schema *declared = cpl_schema_new(fields, 3, NULL);
    struct fixture f = {.declared = declared};
    expect_with(&f,
                "{\"i\":1,\"s\":{\"x\":-128},\"b\":\"YWI=\"}\n{\"i\":40000}\n{\"i\":null}\n{\"s\":"
                "null}\n{\"i\":\"5\"}\n{\"i\":1,\"s\":{\"x\":128}}\n"
                "{\"i\":1,\"s\":{\"z\":1}}\n{\"i\":1,\"b\":\"YWJ=\"}\n{\"i\":2}\n",
                "{\"i\":1,\"s\":{\"x\":-128},\"b\":\"ab\"}\n{\"i\":2,\"s\":null,\"b\":null}\n",
                "type@34+12 i\nnull@46+11 i\nnull@57+11 i\ntype@68+10 i\ntype@78+22 "
                "s\nunknown_field@100+20 s\ntype@120+19 b\n");
    cpl_schema_free(declared);
}

static void rows_that_are_no_objects(void **state)
{
    (void)state;
    expect(NULL, "[1,2]\n[3]\n", "{\"value\":[1,2]}\n{\"value\":[3]}\n", "");
    expect(NULL, "{}\n{ }\n", "{\"value\":{}}\n{\"value\":{ }}\n", "");
    expect("{\"layout\": \"documents\"}", "1 2\n3", "{\"value\":1}\n{\"value\":2}\n{\"value\":3}\n",
           "");
}

static void keys_with_a_nul(void **state)
{
    (void)state;
    expect(NULL, "{\"a\\u0000b\":1}\n{\"a\":1}\n{\"o\":{\"\\u0000\":2}}\n",
           "{\"a\":1,\"o\":null}\n{\"a\":null,\"o\":{\"\\u0000\":2}}\n", "unknown_field@0+15 -\n");
    struct fixture f = {.sample = 14};
    expect_with(&f, "{\"o\":{\"x\":1}}\n{\"o\":{\"\\u0000\":2}}\n{\"n\":1,\"a\\u0000b\":1}\n",
                "{\"o\":{\"x\":1},\"n\":null}\n{\"o\":{\"\\u0000\":2},\"n\":null}\n",
                "unknown_field@33+21 -\n");
}

/* Any read size, block size, batch size and cut gives the same rows and rejects. */
static void cuts_and_reads(void **state)
{
    (void)state;
    const char *text =
        "{\"a\":\"one\",\"n\":{\"x\":[1,2,3]}}\n{\"a\":\"tw\\u00f6\\ud83d\\ude00\"}\n\n{\"a\":bad}"
        "\n{\"n\":{\"x\":[]}}\r\n"
        "  {\"a\":\"four\\\\\\\"\"}\n{\"a\":\"\xE6\x9D\xB1\"}\n{\"n\":null,\"a\":\"last\"}";
    struct fixture whole = {0};
    assert_true(fixture_decode(&whole, text, strlen(text)));
    assert_int_equal(whole.sum.rows_decoded, 6);
    for (uint64_t cut = 0; cut < strlen(text); cut++) {
        struct fixture f = {.read_size = 1 + cut % 13,
                            .cuts = &cut,
                            .n_cuts = cut > 0,
                            .batch_rows = 1 + (uint32_t)(cut % 3)};
        assert_true(fixture_decode(&f, text, strlen(text)));
        assert_string_equal(cpl_buffer_text(&whole.rows, NULL), cpl_buffer_text(&f.rows, NULL));
        assert_string_equal(cpl_buffer_text(&whole.rejects, NULL),
                            cpl_buffer_text(&f.rejects, NULL));
        assert_int_equal(whole.sum.lines, f.sum.lines);
        fixture_release(&f);
    }
    fixture_release(&whole);
}

/* Blocks of 1 KiB against rows of all lengths around it, in every layout. */
static void small_blocks(void **state)
{
    (void)state;
    static char text[300000];
    for (int layout = 0; layout < 3; layout++) {
        size_t used = (size_t)snprintf(text, sizeof text, layout == 1 ? "[" : "");
        for (int i = 0; i < 150; i++)
            used += (size_t)snprintf(text + used, sizeof text - used,
                                     "%s{\"a\":\"%0*d\", \"n\": %d}%s",
                                     i && layout == 1 ? ",\n " : "", i * 13 % 2000 + 1, i, i,
                                     layout == 0            ? "\n"
                                     : layout == 2 && i % 3 ? ""
                                                            : "\n");
        snprintf(text + used, sizeof text - used, layout == 1 ? "]" : "");
        struct fixture big = {.options = layout == 2 ? "{\"layout\":\"documents\"}" : NULL};
        struct fixture small = {.options = layout == 2
                                               ? "{\"layout\":\"documents\",\"block_size\":1024}"
                                               : "{\"block_size\":1024}",
                                .read_size = 700};
        assert_true(fixture_decode(&big, text, strlen(text)) &&
                    fixture_decode(&small, text, strlen(text)));
        assert_int_equal(big.sum.rows_decoded, 150);
        assert_string_equal(cpl_buffer_text(&big.rows, NULL), cpl_buffer_text(&small.rows, NULL));
        assert_int_equal(small.rejects.size + big.rejects.size, 0);
        fixture_release(&big);
        fixture_release(&small);
    }
}

/* Where a broken row is taken to end does not depend on the blocks that its bytes come in. */
static void cuts_of_broken_rows(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\t\t\r\t\t4\x7Fws;K\xCF\xEF\xCF\xCF\n{\n{{{\n\x0E,\n2\n\n{\n{{{{4443",
        "   {\"a\": 1}\n\n \n  {\"a\": 2}\n   {\"a\": {\n   {\"a\": 3}\n  {\"a\"\n  {\"a\": 4}\n",
        "\xEF\xBB\xBF {\"a\": 1} {\"a\": 2} \n\n {\"a\": \"\n {\"a\": 3}\n{]\n {\"a\": 4}",
        "\n\n[ {\"a\": 1}, {\"a\": \"\n[1], {\"a\": 2}, {\"a\": \n {\"a\": 3}]\n\n   [{\"a\": 4}",
        "[{\"a\": 1} \n {\"a\": 2}\n,  ,{\"a\": 3}, {\"a\": [4}    {\"a\": 5},  {\"a\": 6}   \n ",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *options = i > 2 ? "{\"layout\":\"array\"}" : "{\"layout\":\"documents\"}";
        struct fixture whole = {.options = options};
        assert_true(fixture_decode(&whole, texts[i], strlen(texts[i])));
        assert_true(whole.rejects.size > 0);
        for (size_t block = 3; block < strlen(texts[i]); block++) {
            struct fixture parts = {.options = options, .block_size = block};
            assert_true(fixture_decode(&parts, texts[i], strlen(texts[i])));
            assert_string_equal(cpl_buffer_text(&parts.rows, NULL),
                                cpl_buffer_text(&whole.rows, NULL));
            assert_string_equal(cpl_buffer_text(&parts.rejects, NULL),
                                cpl_buffer_text(&whole.rejects, NULL));
            fixture_release(&parts);
        }
        fixture_release(&whole);
    }
}

static void failing_memory(void **state)
{
    (void)state;
    const char *text = "{\"a\":1,\"s\":\"q\\n\"}\n{\"a\":\"x\",\"l\":[{\"k\":1}]}\n{\"a\":bad}\n{"
                       "\"m\":{\"\\u0061\":1}}\n";
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        struct fixture f = {.sample = 18,
                            .options = "{\"maps\": [\"m\"], \"keep_document\": true}"};
        cpl_memory_fail_at(n);
        done = fixture_decode(&f, text, strlen(text)) && f.rows.max != 1;
        uint64_t none = 0;
        cpl_memory_fail_at(none);
        if (!done && f.rows.max != 1)
            assert_int_equal(f.err.code, CPL_E_MEMORY);
        fixture_release(&f);
        assert_true(n < 5000);
    }
}

static void sniffing(void **state)
{
    (void)state;
    const char *json = "{\"a\":1}\n{\"a\":2}\n", *csv = "a,b\n1,2\n", *cut = "[{\"a\":1},{\"a";
    assert_true(cpl_decoder_json.sniff((const uint8_t *)json, strlen(json), true) > 90);
    assert_true(cpl_decoder_json.sniff((const uint8_t *)cut, strlen(cut), false) > 50);
    assert_true(cpl_decoder_json.sniff((const uint8_t *)cut, strlen(cut), true) < 50);
    assert_int_equal(cpl_decoder_json.sniff((const uint8_t *)csv, strlen(csv), true), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(order_of_keys_may_change),
        cmocka_unit_test(predicted_keys_are_still_checked),
        cmocka_unit_test(nested),
        cmocka_unit_test(inference),
        cmocka_unit_test(values_stay_what_they_are),
        cmocka_unit_test(schema_widens),
        cmocka_unit_test(widening_does_not_depend_on_splits),
        cmocka_unit_test(policies_for_conflicts),
        cmocka_unit_test(duplicate_keys),
        cmocka_unit_test(bad_rows),
        cmocka_unit_test(long_rows),
        cmocka_unit_test(long_fields),
        cmocka_unit_test(arrays),
        cmocka_unit_test(broken_arrays),
        cmocka_unit_test(arrays_cut_off),
        cmocka_unit_test(slips_in_arrays),
        cmocka_unit_test(slips_in_documents),
        cmocka_unit_test(slips_around_the_rows),
        cmocka_unit_test(rows_twice),
        cmocka_unit_test(layout_of_a_bad_start),
        cmocka_unit_test(documents),
        cmocka_unit_test(path_to_rows),
        cmocka_unit_test(no_row_is_good),
        cmocka_unit_test(layouts_of_objects),
        cmocka_unit_test(flattened),
        cmocka_unit_test(flattened_by_what_keys_hold),
        cmocka_unit_test(flattened_to_one_name),
        cmocka_unit_test(flattened_as_declared),
        cmocka_unit_test(maps),
        cmocka_unit_test(unknown_fields),
        cmocka_unit_test(declared_types_hold),
        cmocka_unit_test(rows_that_are_no_objects),
        cmocka_unit_test(keys_with_a_nul),
        cmocka_unit_test(cuts_and_reads),
        cmocka_unit_test(small_blocks),
        cmocka_unit_test(cuts_of_broken_rows),
        cmocka_unit_test(failing_memory),
        cmocka_unit_test(sniffing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
