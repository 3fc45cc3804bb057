#define PCRE2_CODE_UNIT_WIDTH 8
#include "expression/pattern.h"
#include "expression/pattern_automaton.h"
#include <pcre2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* behind those */
#include <cmocka.h>

static struct cpl_slice slice(const char *text, size_t length)
{
    return (struct cpl_slice){.data = (const uint8_t *)text, .length = (uint32_t)length};
}

static struct cpl_pattern *compiled(const char *text, bool ignore_case)
{
    size_t at;
    struct cpl_error err = {0};
    struct cpl_pattern *pattern = cpl_pattern_compile(text, strlen(text), ignore_case, &at, &err);
    if (!pattern)
        fail_msg("`%s`: %s", text, err.message);
    return pattern;
}

/* The answer of PCRE2's interpreter, of valid UTF-8; 2 where it gives up. */
static uint8_t judge(const pcre2_code *code, const struct cpl_slice *text)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    int result = pcre2_match(code, text->data, text->length, 0, PCRE2_NO_JIT, data, NULL);
    pcre2_match_data_free(data);
    return result >= 0 ? 1 : result == PCRE2_ERROR_NOMATCH ? 0 : 2;
}

static pcre2_code *judges_code(const char *text, bool ignore_case)
{
    int code;
    size_t at;
    return pcre2_compile((PCRE2_SPTR)text, strlen(text),
                         PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | (ignore_case ? PCRE2_CASELESS : 0),
                         &code, &at, NULL);
}

static uint8_t test_one(const struct cpl_pattern *pattern, const struct cpl_slice *text)
{
    uint8_t out = 99;
    uint32_t effort;
    struct cpl_pattern_scratch *scratch = cpl_pattern_scratch_new(NULL);
    assert_non_null(scratch);
    assert_true(cpl_pattern_test(pattern, scratch, text, 1, &out, &effort, NULL));
    assert_int_equal(effort, out == CPL_PATTERN_EFFORT);
    cpl_pattern_scratch_free(scratch);
    return out;
}

/* ---- patterns and texts ---- */

enum { PLAIN, FOLD, LIBRARY, FOLD_LIBRARY }; /* ignore_case; without an automaton */

struct example {
    const char *pattern;
    int how;
    const char *yes[6], *no[6];
};

static const struct example examples[] = {
    {"^[A-Z]{3}-\\d{4}$",
     PLAIN,
     {"ABC-1234"},
     {"ABC-123", "ABC-12345", "abc-1234", "ABC-1234\n", ""}},
    {"^(TRUCK|MAIL|SHIP|AIR|RAIL|FOB|REG AIR)$",
     PLAIN,
     {"TRUCK", "AIR", "REG AIR"},
     {"TRUC", "REG", "AIRR"}},
    {"^[a-z0-9._%+-]+@[a-z0-9.-]+\\.[a-z]{2,}$",
     PLAIN,
     {"a.b+c@example.org"},
     {"a@b", "a b@c.de", "a@b.c"}},
    {"b", PLAIN, {"b", "abc", "aab"}, {"", "a", "B"}},
    {"", PLAIN, {"", "a"}, {NULL}},
    {"^$", PLAIN, {""}, {"a", "\n"}},
    {"\\Aab\\z", PLAIN, {"ab"}, {"ab\n", "aab"}},
    {"a$|^b", PLAIN, {"xa", "bx"}, {"ax", "xb"}},
    {"(?:ab|c)*d", PLAIN, {"d", "ababcd", "xd"}, {"ab"}},
    {"^(?:ab|c)*?d$", PLAIN, {"d", "ababcd"}, {"aabd"}},
    {"^a{2,3}$", PLAIN, {"aa", "aaa"}, {"a", "aaaa"}},
    {"^a{2}b{0}c{1,}$", PLAIN, {"aac", "aaccc"}, {"aabc", "aa"}},
    {"^(a|b?){3}$", PLAIN, {"", "aba", "bb"}, {"aaaa"}},
    {"^(?<x>a)(?P<y>b)(?'z'c)$", PLAIN, {"abc"}, {"ab"}},
    {"^.$", PLAIN, {"a", "é", "€", "😀"}, {"", "\n", "ab"}},
    {"(?s)^.$", PLAIN, {"\n"}, {""}},
    {"^[^a]$", PLAIN, {"b", "é", "\n"}, {"a", ""}},
    {"^[à-ö]+$", PLAIN, {"é", "àö"}, {"e", "ÿ"}},
    {"^[é-€]$", PLAIN, {"é", "א", "€"}, {"è", "₭"}},
    {"^[^\\x{0}-\\x{7f}]$", PLAIN, {"é", "😀"}, {"e"}},
    {"^[\\x{fff0}-\\x{10010}]$", PLAIN, {"\xEF\xBF\xB0", "\xF0\x90\x80\x90"}, {"\xF0\x90\x80\x91"}},
    {"^[]a-]+$", PLAIN, {"]", "a-]"}, {"b"}},
    {"^[^]a]$", PLAIN, {"b"}, {"]", "a"}},
    {"^[\\d\\-x-z]$", PLAIN, {"1", "-", "y"}, {"w"}},
    {"^[[:alpha:]_]+$", PLAIN, {"aZ_"}, {"a1", "é"}},
    {"^[[:^alpha:]]$", PLAIN, {"1", "é"}, {"a"}},
    {"^[\\D]\\W\\S$", PLAIN, {"aéx", "é !"}, {"1 a", "aaa", "a! "}},
    {"^[a\\b]$", PLAIN, {"a", "\b"}, {"b"}},
    {"^\\h\\v\\N$", PLAIN, {"\t\nx", "\xC2\xA0\xE2\x80\xA8x"}, {"a\nx"}},
    {"^\\Qa.b*\\E+$", PLAIN, {"a.b*", "a.b**"}, {"axb*", "a.b"}},
    {"^\\x41\\x{20AC}\\t\\.$", PLAIN, {"A€\t."}, {"A€ ."}},
    {"\\bcat\\b", PLAIN, {"cat", "a cat.", "(cat)", "écat"}, {"cats", "concat", "cat_"}},
    {"a\\b|\\bé", PLAIN, {"a", "aé", "xé"}, {"é", "ab"}},
    {"(?m)^b$", PLAIN, {"b", "a\nb", "b\nc", "a\nb\nc"}, {"ab", "a\nbc"}},
    {"(?m)^", PLAIN, {"", "\n", "a"}, {NULL}},
    {"(?m)a\n^$", PLAIN, {"a\n\n"}, {"a\n", "a\nb"}},
    {"a(?i)b|c", PLAIN, {"aB", "ab", "C"}, {"Ab"}},
    {"(?i:a)b", PLAIN, {"Ab"}, {"aB"}},
    {"(a(?i)b)c", PLAIN, {"aBc"}, {"aBC"}},
    {"^k$", FOLD, {"k", "K", "\xE2\x84\xAA"}, {"l"}},
    {"^[^s]$", FOLD, {"t"}, {"s", "S", "\xC5\xBF"}},
    {"^[a-f]É[[:upper:]]$", FOLD, {"Fég", "aÉZ"}, {"gÉg", "aé1"}},
    {"^ĳōđ東$", FOLD, {"ĲŌĐ東"}, {"ijōđ東"}},
    {"^ω$", FOLD_LIBRARY, {"Ω", "ω"}, {"o"}},
    {"^[À-ÿ]ß$", FOLD, {"ßẞ", "Ÿß"}, {"ss"}},
    {"^(a+)\\1$", LIBRARY, {"aa", "aaaa"}, {"a", "aaa"}},
    {"a(?=b)", LIBRARY, {"ab"}, {"ac"}},
    {"(?<!a)b", LIBRARY, {"b", "cb"}, {"ab"}},
    {"^a++a", LIBRARY, {NULL}, {"aaa"}},
    {"^(?>a*)a", LIBRARY, {NULL}, {"aaa"}},
    {"^\\p{Lu}$", LIBRARY, {"Ä"}, {"ä"}},
    {"\\Ba", LIBRARY, {"ba"}, {"a", " a"}},
    {"a\\Z", LIBRARY, {"a", "a\n"}, {"ab"}},
    {"^(?x) a b # c", LIBRARY, {"ab"}, {"a b"}},
    {"^a{,2}$", LIBRARY, {"a{,2}"}, {"aaa"}},
    {"(*UCP)^\\w$", LIBRARY, {"é"}, {"!"}},
    {"^(?:a|b(?1)c)(d)$", LIBRARY, {"ad", "bdcd"}, {"bcd"}},
    {"^[\\W[:alpha:]]$", LIBRARY, {"a", "!"}, {"1"}},
    {"^\\R$", LIBRARY, {"\r\n", "\n"}, {"a"}},
    {"^[\\w-]$", PLAIN, {"a", "-"}, {"!"}},
};

static void check_text(const struct example *example, const struct cpl_pattern *pattern,
                       const char *text, uint8_t expected)
{
    struct cpl_slice one = slice(text, strlen(text));
    pcre2_code *code = judges_code(example->pattern, example->how & 1);
    assert_non_null(code);
    if (test_one(pattern, &one) != expected || judge(code, &one) != expected)
        fail_msg("`%s` on `%s`: %d, PCRE2's %d, expected %d", example->pattern, text,
                 test_one(pattern, &one), judge(code, &one), expected);
    pcre2_code_free(code);
}

static void patterns_match_what_they_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct example *example = &examples[i];
        struct cpl_pattern *pattern = compiled(example->pattern, example->how & 1);
        if (cpl_pattern_is_automaton(pattern) != (example->how < LIBRARY))
            fail_msg("`%s` is%s an automaton", example->pattern,
                     example->how < LIBRARY ? " not" : "");
        for (size_t k = 0; k < 6 && example->yes[k]; k++)
            check_text(example, pattern, example->yes[k], CPL_PATTERN_YES);
        for (size_t k = 0; k < 6 && example->no[k]; k++)
            check_text(example, pattern, example->no[k], CPL_PATTERN_NO);
        cpl_pattern_free(pattern);
    }
}

static void mistakes_are_named_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        size_t at;
        const char *says;
    } mistakes[] = {
        {"a(b", 3, "missing closing parenthesis"},
        {"ab)", 2, "unmatched closing parenthesis"},
        {"[a", 2, "missing terminating ]"},
        {"*a", 0, "quantifier does not follow"},
        {"a\\", 2, "\\ at end of pattern"},
        {"[z-a]", 3, "range out of order"},
        {"(a)\\2", 4, "non-existent subpattern"},
        {"a{2,1}", 5, "out of order"},
        {"\\C", 2, "\\C is disabled"},
        {"a\xFF", 1, "UTF-8 error"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct cpl_error err = {0};
        size_t at = 99;
        const char *text = mistakes[i].pattern;
        assert_null(cpl_pattern_compile(text, strlen(text), false, &at, &err));
        assert_int_equal(err.code, CPL_E_CONFIG);
        if (at != mistakes[i].at || !strstr(err.message, mistakes[i].says))
            fail_msg("`%s`: at %zu: %s", text, at, err.message);
    }
    char *large = calloc(1, PATTERN_LENGTH + 1);
    size_t at;
    struct cpl_error err = {0};
    memset(large, 'a', PATTERN_LENGTH + 1);
    assert_null(cpl_pattern_compile(large, PATTERN_LENGTH + 1, false, &at, &err));
    assert_non_null(strstr(err.message, "16384 bytes"));
    struct cpl_pattern *pattern = cpl_pattern_compile(large, PATTERN_LENGTH, false, &at, &err);
    assert_non_null(pattern);
    cpl_pattern_free(pattern);
    free(large);
}

/* ---- against PCRE2 ---- */

static size_t put(char *out, uint32_t c)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(n == 1 ? c : (0xF0u << (4 - n) & 0xFF) | c);
    return n;
}

enum { CHARACTERS = 0x600 };
static char character_bytes[CHARACTERS][16];

/* Each a text of one character: what lies below U+0500, and what is special to case, space and bounds above. */
static uint32_t all_characters(struct cpl_slice *texts)
{
    static const uint32_t more[] = {0x1680,  0x180E,  0x1E9E,  0x1FBE,  0x2000,   0x200A,  0x2028,
                                    0x2029,  0x202F,  0x205F,  0x20AC,  0x212A,   0x212B,  0x2E80,
                                    0x3000,  0x6771,  0xAC00,  0xD7FF,  0xE000,   0xFFFF,  0x10000,
                                    0x10FFF, 0x3FFFF, 0x40000, 0xFFFFF, 0x100000, 0x10FFFF};
    uint32_t n = 0;
    for (; n < 0x500; n++)
        texts[n] = slice(character_bytes[n], put(character_bytes[n], n));
    for (size_t i = 0; i < sizeof more / sizeof *more; i++, n++)
        texts[n] = slice(character_bytes[n], put(character_bytes[n], more[i]));
    return n;
}

/* What the automaton says about each character is what PCRE2 says. False: there is no automaton. */
static bool check_characters(const char *text, bool ignore_case)
{
    static struct cpl_slice texts[CHARACTERS];
    uint8_t out[CHARACTERS];
    struct pattern_dfa *dfa;
    uint32_t n = all_characters(texts);
    assert_true(pattern_dfa_compile(text, strlen(text), ignore_case, &dfa, NULL));
    if (!dfa)
        return false;
    pattern_dfa_test(dfa, texts, n, out);
    pcre2_code *code = judges_code(text, ignore_case);
    for (uint32_t i = 0; i < n; i++)
        if (judge(code, &texts[i]) != out[i])
            fail_msg("`%s` on character %u (`%.*s`): %d", text, i, (int)texts[i].length,
                     (const char *)texts[i].data, out[i]);
    pcre2_code_free(code);
    pattern_dfa_free(dfa);
    return true;
}

static void case_is_unicodes(void **state)
{
    (void)state;
    int automata = 0;
    for (uint32_t c = 1; c < 0x500; c++) {
        char text[40];
        sprintf(text, "^\\x{%x}$", c);
        automata += check_characters(text, true);
    }
    assert_int_equal(automata, 0x179); /* below U+0180, but six */
    assert_true(check_characters("^[\\x{2e80}-\\x{3000}]$", true));
    assert_false(check_characters("^\\x{3b1}$", true));
}

static void sets_are_pcre2s(void **state)
{
    (void)state;
    static const char *const sets[] = {
        "\\d",       "\\D",       "\\w",       "\\W",       "\\s",       "\\S",       "\\h",
        "\\H",       "\\v",       "\\V",       "\\N",       ".",         "[:alpha:]", "[:lower:]",
        "[:upper:]", "[:alnum:]", "[:ascii:]", "[:blank:]", "[:cntrl:]", "[:digit:]", "[:graph:]",
        "[:print:]", "[:punct:]", "[:space:]", "[:word:]",  "[:xdigit:]"};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        char text[64];
        bool name = sets[i][0] == '[';
        for (int fold = 0; fold < 2; fold++) {
            sprintf(text, name ? "^[%s]$" : "^%s$", sets[i]);
            assert_true(check_characters(text, fold));
            sprintf(text, name ? "^[[:^%sZ]$" : "^%s$", sets[i] + (name ? 2 : 0));
            assert_true(check_characters(text, fold));
            if (!name && i < 10) {
                sprintf(text, "^[^%sé]$", sets[i]);
                assert_true(check_characters(text, fold));
            }
        }
    }
}

static uint32_t seed;

static uint32_t roll(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

struct writer {
    char text[2000];
    size_t n;
};

static void put_text(struct writer *w, const char *text)
{
    size_t length = strlen(text);
    if (w->n + length < sizeof w->text)
        memcpy(w->text + w->n, text, length + 1);
    w->n += length;
}

static void write_choice(struct writer *w, int depth);

static void write_atom(struct writer *w, int depth)
{
    static const char *const atoms[] = {"a",
                                        "b",
                                        "c",
                                        "a",
                                        "b",
                                        "é",
                                        ".",
                                        "\\d",
                                        "\\w",
                                        "[ab]",
                                        "^",
                                        "$",
                                        "[^a]",
                                        "[à-ö]",
                                        "\\b",
                                        "\\W",
                                        "[^é]",
                                        "_",
                                        "[b-é]",
                                        "1",
                                        "(?i)",
                                        "\\n",
                                        "[\\W_]",
                                        "k",
                                        "(?m)",
                                        "\\s",
                                        "\\z",
                                        "(?i:É)",
                                        " ",
                                        "[^\\d]",
                                        "(?s:.)",
                                        "\\Q.\\E",
                                        "\\x{e9}",
                                        "[[:^alpha:]\\d]",
                                        "[^_[:upper:]]",
                                        "[\\W[:alpha:]]"};
    static const char *const groups[] = {"(", "(?:", "(?i:", "(?m:", "(?s-i:", "(?<n>"};
    if (depth > 0 && roll(4) == 0) {
        put_text(w, groups[roll(5)]);
        write_choice(w, depth - 1);
        put_text(w, ")");
    } else {
        put_text(w, atoms[roll(sizeof atoms / sizeof *atoms)]);
    }
}

static void write_choice(struct writer *w, int depth)
{
    static const char *const signs[] = {"*",      "+",  "?",  "{2}", "{1,3}",
                                        "{0,2}?", "*?", "+?", "{2,}"};
    for (uint32_t choices = 1 + (roll(3) == 0); choices > 0; choices--) {
        for (uint32_t n = roll(4) + (depth > 1); n > 0; n--) {
            write_atom(w, depth);
            if (roll(3) == 0 && !strchr("^$)", w->text[w->n - 1]) && w->text[w->n - 1] != 'b' &&
                w->text[w->n - 1] != 'z')
                put_text(w, signs[roll(9)]);
        }
        if (choices > 1)
            put_text(w, "|");
    }
}

enum { RANDOM_TEXTS = 24 };
static char random_bytes[RANDOM_TEXTS][80];

static void random_texts(struct cpl_slice *texts)
{
    static const char *const pieces[] = {
        "a", "b", "c", "é", "É", "\n", "_", " ", "1", "k", "K", "\xE2\x84\xAA", ".", "à", "a", "b"};
    for (int i = 0; i < RANDOM_TEXTS; i++) {
        size_t n = 0;
        for (uint32_t k = i < 2 ? (uint32_t)i : roll(i < 20 ? 9 : 24); k > 0; k--) {
            const char *piece = pieces[roll(16)];
            memcpy(random_bytes[i] + n, piece, strlen(piece));
            n += strlen(piece);
        }
        texts[i] = slice(random_bytes[i], n);
    }
}

static bool random_pattern_agrees(const char *text, bool ignore_case)
{
    struct cpl_slice texts[RANDOM_TEXTS];
    uint8_t out[RANDOM_TEXTS], portable[RANDOM_TEXTS];
    struct pattern_dfa *dfa;
    pcre2_code *code = judges_code(text, ignore_case);
    if (!code)
        return false;
    assert_true(pattern_dfa_compile(text, strlen(text), ignore_case, &dfa, NULL));
    random_texts(texts);
    if (dfa) {
        pattern_dfa_test(dfa, texts, RANDOM_TEXTS, out);
        pattern_test_portable(dfa, texts, RANDOM_TEXTS, portable);
        for (int i = 0; i < RANDOM_TEXTS; i++) {
            uint8_t expected = judge(code, &texts[i]);
            if (expected != 2 && (expected != out[i] || expected != portable[i]))
                fail_msg("`%s`%s on `%.*s`: %d and %d, PCRE2's %d", text,
                         ignore_case ? " (any case)" : "", (int)texts[i].length,
                         (const char *)texts[i].data, out[i], portable[i], expected);
        }
    }
    bool automaton = dfa;
    pattern_dfa_free(dfa);
    pcre2_code_free(code);
    return automaton;
}

static void random_patterns_agree_with_pcre2(void **state)
{
    (void)state;
    int automata = 0, rounds = getenv("CUPEL_TEST_FULL") ? 100000 : 4000;
    for (int i = 0; i < rounds; i++) {
        struct writer w = {.n = 0};
        seed = (uint32_t)i * 7919u + 1;
        write_choice(&w, 3);
        if (w.n < sizeof w.text)
            automata += random_pattern_agrees(w.text, roll(4) == 0);
    }
    assert_true(automata > rounds / 2); /* or this proves nothing */
}

/* All lengths around the strides of the loops, and ends that come early. */
static void long_texts_are_run_to_their_end(void **state)
{
    (void)state;
    static const char *const patterns[] = {"^a*b?$", "b", "^[^b]*$", "^.{0,300}b$", "ab|ba", "^c"};
    static char bytes[8][400];
    struct cpl_slice texts[8];
    uint8_t out[8], portable[8];
    for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++) {
        struct pattern_dfa *dfa;
        assert_true(pattern_dfa_compile(patterns[p], strlen(patterns[p]), false, &dfa, NULL));
        assert_non_null(dfa);
        pcre2_code *code = judges_code(patterns[p], false);
        for (uint32_t length = 0; length < 300; length++) {
            for (uint32_t k = 0; k < 8; k++) {
                memset(bytes[k], 'a', sizeof bytes[k]);
                uint32_t n = k < 4 ? length : roll(300);
                if (k & 1 && n)
                    bytes[k][k == 1 ? n - 1 : roll(n)] = 'b';
                texts[k] = slice(bytes[k], n);
            }
            pattern_dfa_test(dfa, texts, 8, out);
            pattern_test_portable(dfa, texts, 8, portable);
            for (uint32_t k = 0; k < 8; k++) {
                assert_int_equal(out[k], judge(code, &texts[k]));
                assert_int_equal(portable[k], out[k]);
            }
        }
        pcre2_code_free(code);
        pattern_dfa_free(dfa);
    }
}

static void lengths_are_bounded_by_the_automaton(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        uint32_t min, max, states;
    } bounds[] = {
        {"^[A-Z]{3}-\\d{4}$", 8, 8, 11},
        {"^(AIR|REG AIR|FOB)$", 3, 7, 0},
        {"a", 1, UINT32_MAX, 3},
        {"^a?b{2,3}$", 2, 4, 0},
        {"^é$", 2, 2, 0},
        {"a^", 1, 0, 2},
        {"^$", 0, 0, 3},
        {"", 0, UINT32_MAX, 2},
        {"^(a|aa)+$", 1, UINT32_MAX, 4},
        {"^(abc|abd|xbc|xbd)$", 3, 3, 6},
        {"^a+", 1, UINT32_MAX, 3},
    };
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        struct pattern_dfa *dfa;
        const char *text = bounds[i].pattern;
        assert_true(pattern_dfa_compile(text, strlen(text), false, &dfa, NULL));
        assert_non_null(dfa);
        if (dfa->min_length != bounds[i].min || dfa->max_length != bounds[i].max ||
            (bounds[i].states && dfa->n_states != bounds[i].states))
            fail_msg("`%s`: %u…%u, %u states", text, dfa->min_length, dfa->max_length,
                     dfa->n_states);
        pattern_dfa_free(dfa);
    }
}

/* ---- bounds ---- */

static void bombs_go_to_pcre2_or_are_refused(void **state)
{
    (void)state;
    static const char *const bombs[] = {"[ab]*a[ab]{20}",
                                        "(a?){1000}b{1000}",
                                        "(((a{1,30}){1,30}){1,30}){1,3}",
                                        "(x{1000}|y{1000}|(zz?){1000}){2}",
                                        "(.*a.*b.*c.*d.*e.*f.*g){30}",
                                        "^.{1000}$",
                                        "a{1001}"};
    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        size_t at;
        struct cpl_error err = {0};
        struct cpl_pattern *pattern = cpl_pattern_compile(bombs[i], strlen(bombs[i]), false, &at,
                                                          &err);
        if (!pattern)
            assert_int_equal(err.code, CPL_E_CONFIG);
        else
            assert_false(cpl_pattern_is_automaton(pattern));
        cpl_pattern_free(pattern);
    }
    struct cpl_pattern *pattern = compiled("^a{1000}$", false);
    assert_true(cpl_pattern_is_automaton(pattern));
    cpl_pattern_free(pattern);
}

static void check_effort(const char *text, const char *piece, size_t times, const char *end,
                         uint8_t expected)
{
    size_t size = strlen(piece) * times + strlen(end), n = 0;
    char *bytes = calloc(1, size + 32);
    for (size_t i = 0; i < times; i++, n += strlen(piece))
        memcpy(bytes + n, piece, strlen(piece));
    memcpy(bytes + n, end, strlen(end));
    struct cpl_slice one = slice(bytes, size);
    struct cpl_pattern *pattern = compiled(text, false);
    uint8_t result = test_one(pattern, &one);
    if (result != expected)
        fail_msg("`%s` on %zu times `%s`: %d", text, times, piece, result);
    cpl_pattern_free(pattern);
    free(bytes);
}

static void efforts_are_bounded(void **state)
{
    (void)state;
    check_effort("^(a+)+$(?<!c)", "a", 60, "b", CPL_PATTERN_EFFORT);
    check_effort("^(a|a)*\\1c", "a", 60, "bc", CPL_PATTERN_EFFORT);
    check_effort("a*a*a*(?=b)", "a", 3000, "", CPL_PATTERN_EFFORT);
    check_effort("(?=a)a*a*c", "a", 100000, "bc", CPL_PATTERN_EFFORT);
    check_effort("a*+(?=b)", "a", 200000, "", CPL_PATTERN_EFFORT); /* far in few steps */
    check_effort("^(a(?1)?b)$", "a", 200000, "cb", CPL_PATTERN_EFFORT);
    /* and what is merely long is not given up */
    check_effort("(?=b)b$", "a", 1000000, "b", CPL_PATTERN_YES);
    check_effort("(\\w+)-\\1", "ab ", 20000, "xy-xy", CPL_PATTERN_YES);
    check_effort("^(?:\\w+,)*(?=x)x", "abc,", 5000, "x", CPL_PATTERN_YES);
    check_effort("^(a+)+$", "a", 100000, "b", CPL_PATTERN_NO); /* an automaton's */
}

static void giving_up_is_counted_and_said(void **state)
{
    (void)state;
    struct cpl_slice texts[3] = {slice("aab", 3), slice("", 0), slice("xaaaax", 6)}, where;
    char bomb[80];
    memset(bomb, 'a', sizeof bomb);
    memcpy(bomb + 60, "xb", 2);
    texts[1] = slice(bomb, 62);
    uint8_t out[3];
    uint32_t effort;
    bool found;
    struct cpl_error err = {0};
    struct cpl_pattern *pattern = compiled("^(a|a)*\\1b", false);
    struct cpl_pattern_scratch *scratch = cpl_pattern_scratch_new(NULL);
    assert_true(cpl_pattern_test(pattern, scratch, texts, 3, out, &effort, &err));
    assert_int_equal(effort, 1);
    assert_int_equal(out[0], CPL_PATTERN_YES);
    assert_int_equal(out[1], CPL_PATTERN_EFFORT);
    assert_int_equal(out[2], CPL_PATTERN_NO);
    assert_false(cpl_pattern_find(pattern, scratch, &texts[1], 0, &found, &where, &err));
    assert_int_equal(err.code, CPL_E_LIMIT);
    cpl_pattern_scratch_free(scratch);
    cpl_pattern_free(pattern);
}

/* ---- find ---- */

static void groups_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        uint32_t group;
        const char *where; /* NULL: not found */
    } finds[] = {
        {"(\\d+)-(\\d+)?", "x 12-34 56-7", 0, "12-34"},
        {"(\\d+)-(\\d+)?", "x 12-34", 1, "12"},
        {"(\\d+)-(\\d+)?", "x 12-34", 2, "34"},
        {"(\\d+)-(\\d+)?", "x 12-", 2, NULL},
        {"(\\d+)-(\\d+)?", "x 12-", 3, NULL},
        {"(\\d+)-(\\d+)?", "x", 0, NULL},
        {"a*", "", 0, ""},
        {"a*?", "aaa", 0, ""},
        {"(?<=€)(.)", "5€é", 1, "é"},
        {"a|ab", "xab", 0, "a"},
    };
    struct cpl_pattern_scratch *scratch = cpl_pattern_scratch_new(NULL);
    for (size_t i = 0; i < sizeof finds / sizeof *finds; i++) {
        bool found;
        struct cpl_slice where, text = slice(finds[i].text, strlen(finds[i].text));
        struct cpl_pattern *pattern = compiled(finds[i].pattern, false);
        assert_true(
            cpl_pattern_find(pattern, scratch, &text, finds[i].group, &found, &where, NULL));
        assert_int_equal(found, finds[i].where != NULL);
        if (found) {
            assert_int_equal(where.length, strlen(finds[i].where));
            assert_memory_equal(where.data, finds[i].where, where.length);
        }
        cpl_pattern_free(pattern);
    }
    cpl_pattern_scratch_free(scratch);
}

/* ---- LIKE ---- */

static void like_is_sqls(void **state)
{
    (void)state;
    static const struct {
        const char *like, *text;
        bool ignore_case;
        uint8_t result;
    } likes[] = {
        {"a%", "abc", false, 1},      {"a%", "bac", false, 0},
        {"%c", "abc", false, 1},      {"a_c", "aéc", false, 1},
        {"a_c", "ac", false, 0},      {"%b%", "abc", false, 1},
        {"%%_%%", "", false, 0},      {"%%_%%", "\n", false, 1},
        {"", "", false, 1},           {"", "a", false, 0},
        {"%", "", false, 1},          {"100\\%", "100%", false, 1},
        {"100\\%", "1000", false, 0}, {"a\\_b", "a_b", false, 1},
        {"a\\_b", "axb", false, 0},   {"\\\\", "\\", false, 1},
        {"a.c", "abc", false, 0},     {"(a|b)*", "(a|b)*", false, 1},
        {"[a]", "a", false, 0},       {"ABC", "abc", true, 1},
        {"ABC", "abc", false, 0},     {"É%", "éa", true, 1},
        {"a%", "a\nb", false, 1},     {"\\E%", "E", false, 1},
        {"%*%%", "a*", false, 1},     {"%special%requests%", "x special y requests", false, 1},
        {"a", "a\n", false, 0},       {"日_語", "日本語", true, 1},
    };
    for (size_t i = 0; i < sizeof likes / sizeof *likes; i++) {
        size_t at;
        struct cpl_slice text = slice(likes[i].text, strlen(likes[i].text));
        struct cpl_pattern *pattern = cpl_pattern_like(likes[i].like, strlen(likes[i].like),
                                                       likes[i].ignore_case, &at, NULL);
        assert_non_null(pattern);
        assert_true(cpl_pattern_is_automaton(pattern));
        if (test_one(pattern, &text) != likes[i].result)
            fail_msg("'%s' LIKE '%s'", likes[i].text, likes[i].like);
        cpl_pattern_free(pattern);
    }
}

static void mistakes_in_like_are_named(void **state)
{
    (void)state;
    size_t at = 99;
    struct cpl_error err = {0};
    assert_null(cpl_pattern_like("ab\\", 3, false, &at, &err));
    assert_int_equal(at, 2);
    assert_non_null(strstr(err.message, "nothing stands behind"));
    assert_null(cpl_pattern_like("%.é%\xC3x", 7, false, &at, &err));
    assert_int_equal(err.code, CPL_E_CONFIG);
    assert_int_equal(at, 5);
}

/* ---- memory ---- */

static bool everything(struct cpl_error *err)
{
    size_t at;
    uint8_t out[2];
    uint32_t effort;
    bool ok = false, found;
    struct cpl_slice texts[2] = {slice("abc", 3), slice("x", 1)}, where;
    struct cpl_pattern *like = NULL, *automaton = NULL, *library = NULL;
    struct cpl_pattern_scratch *scratch = NULL;
    if (!(like = cpl_pattern_like("a%c", 3, true, &at, err)) ||
        !(automaton = cpl_pattern_compile("(a|[b-d])+\\b", 12, false, &at, err)) ||
        !(library = cpl_pattern_compile("(a)(?=b)(b)(c)", 14, false, &at, err)) ||
        !(scratch = cpl_pattern_scratch_new(err)))
        goto out;
    ok = cpl_pattern_test(automaton, scratch, texts, 2, out, &effort, err) &&
         cpl_pattern_test(library, scratch, texts, 2, out, &effort, err) &&
         cpl_pattern_find(library, scratch, &texts[0], 3, &found, &where, err);
    if (ok)
        assert_true(found && where.length == 1 && out[0] == CPL_PATTERN_YES);
out:
    cpl_pattern_free(like);
    cpl_pattern_free(automaton);
    cpl_pattern_free(library);
    cpl_pattern_scratch_free(scratch);
    return ok;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct cpl_error err;
    uint64_t n = cpl_memory_allocations();
    assert_true(everything(&err));
    n = cpl_memory_allocations() - n;
    assert_true(n > 30);
    for (uint64_t i = 1; i <= n; i++) {
        err = (struct cpl_error){0};
        cpl_memory_fail_at(i);
        bool ok = everything(&err);
        cpl_memory_fail_at(0);
        /* PCRE2 does without what it merely compiles to machine code with */
        if (!ok)
            assert_int_equal(err.code, CPL_E_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_what_they_should),
        cmocka_unit_test(mistakes_are_named_with_their_place),
        cmocka_unit_test(case_is_unicodes),
        cmocka_unit_test(sets_are_pcre2s),
        cmocka_unit_test(random_patterns_agree_with_pcre2),
        cmocka_unit_test(long_texts_are_run_to_their_end),
        cmocka_unit_test(lengths_are_bounded_by_the_automaton),
        cmocka_unit_test(bombs_go_to_pcre2_or_are_refused),
        cmocka_unit_test(efforts_are_bounded),
        cmocka_unit_test(giving_up_is_counted_and_said),
        cmocka_unit_test(groups_are_found),
        cmocka_unit_test(like_is_sqls),
        cmocka_unit_test(mistakes_in_like_are_named),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
