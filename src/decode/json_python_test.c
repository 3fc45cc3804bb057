/* Random nested documents, against Python's json: Python writes them, the decoder reads them into
 * columns, the columns are printed as JSON, and Python compares value by value. Numbers are compared
 * as decimals, so that nothing may be rounded; a missing member equals null. */
#include "decode/json_fixture.h"
#include <stdlib.h>
#include <unistd.h>

static const char script[] =
    "import json, random, sys, datetime, uuid\n"
    "from decimal import Decimal\n"
    "def text(r):\n"
    "    return ''.join(r.choice(['a', 'Z', '7', ' ', '\"', '\\\\', '/', '\\n', '\\t', '\\x01', "
    "'\\xe9', '\\u6771', '\\U0001f600', '.', '_']) for _ in range(r.choice([0, 1, 3, 15, 16, 17, "
    "40, 100])))\n"
    "def scalar(r, kind):\n"
    "    if kind == 'int': return r.choice([0, 1, -1, 7, 12345678, 123456789, -2**63, 2**63 - 1, "
    "r.randrange(-10**r.randrange(1, 19), 10**18)])\n"
    "    if kind == 'big': return r.randrange(-10**30, 10**30)\n"
    "    if kind == 'float': return r.choice([0.0, 1.5, -0.25, 1e300, 5e-324, r.random(), "
    "r.uniform(-1e9, 1e9), round(r.uniform(-180, 180), 6)])\n"
    "    if kind == 'cents': return r.randrange(-10**9, 10**9) / 100\n"
    "    if kind == 'bool': return r.random() < .5\n"
    "    if kind == 'date': return str(datetime.date(1, 1, 1) + "
    "datetime.timedelta(days=r.randrange(3000000)))\n"
    "    if kind == 'uuid': return str(uuid.UUID(int=r.getrandbits(128)))\n"
    "    if kind == 'text': return text(r)\n"
    "    return scalar(r, r.choice(['int', 'float', 'bool', 'text', 'big']))\n"
    "def shape(r, depth):\n"
    "    k = r.random()\n"
    "    if depth < 4 and k < .3: return {text(r) or 'k%d' % i: shape(r, depth + 1) for i in "
    "range(r.randrange(5))}\n"
    "    if depth < 4 and k < .5: return [shape(r, depth + 1)]\n"
    "    return r.choice(['int', 'big', 'float', 'cents', 'bool', 'date', 'uuid', 'text', 'text', "
    "'any'])\n"
    "def value(r, s):\n"
    "    if r.random() < .1: return None\n"
    "    if isinstance(s, dict):\n"
    "        keys = [k for k in s if r.random() < .8]\n"
    "        if r.random() < .2: r.shuffle(keys)\n"
    "        return {k: value(r, s[k]) for k in keys}\n"
    "    if isinstance(s, list): return [value(r, s[0]) for _ in range(r.choice([0, 1, 2, 5]))]\n"
    "    return scalar(r, s)\n"
    "def same(a, b):\n"
    "    if isinstance(a, dict) and isinstance(b, dict):\n"
    "        return all(same(a.get(k), b.get(k)) for k in {**a, **b})\n"
    "    if isinstance(a, list) and isinstance(b, list):\n"
    "        return len(a) == len(b) and all(map(same, a, b))\n"
    "    return type(a) == type(b) and a == b\n"
    "def numbers(t): return json.loads(t, parse_int=Decimal, parse_float=Decimal)\n"
    "def make(path, seed):\n"
    "    r = random.Random(seed)\n"
    "    s = {'c%d' % i: shape(r, 0) for i in range(8)}\n"
    "    sep = r.choice([(',', ':'), (', ', ': ')])\n"
    "    with open(path, 'w') as f:\n"
    "        for _ in range(200):\n"
    "            row = value(r, s) or {}\n"
    "            f.write(json.dumps(row, ensure_ascii=r.random() < .3, separators=sep if "
    "r.random() < .9 else (' ,\\t', ' : ')) + '\\n')\n"
    "def check(path, printed):\n"
    "    a, b = open(path).read().split('\\n'), open(printed).read().split('\\n')\n"
    "    assert len(a) == len(b), (len(a), len(b))\n"
    "    for x, y in zip(a[:-1], b[:-1]):\n"
    "        assert same(numbers(x), numbers(y)), (x, y)\n"
    "{'make': make, 'check': check}[sys.argv[1]](*sys.argv[2:])\n";

static bool python(const char *folder, const char *arguments)
{
    char command[1000];
    snprintf(command, sizeof command, "cd %s && python3 compare.py %s", folder, arguments);
    return system(command) == 0;
}

static void write_file(const char *folder, const char *name, const void *data, size_t size)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    fclose(file);
}

static void read_rows(const char *folder, struct cpl_buffer *text)
{
    char path[600];
    snprintf(path, sizeof path, "%s/rows.json", folder);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    text->size = 0;
    assert_true(cpl_buffer_reserve(text, 4 << 20, NULL));
    text->size = fread(text->data, 1, 4 << 20, file);
    assert_true(feof(file));
    fclose(file);
}

/* `sample` bytes are seen before; the rest must widen. */
static void round_trip(const char *folder, int seed, size_t sample)
{
    char arguments[100];
    struct cpl_buffer text = {0};
    struct fixture f = {.sample = sample};
    snprintf(arguments, sizeof arguments, "make rows.json %d", seed);
    assert_true(python(folder, arguments));
    read_rows(folder, &text);
    if (!fixture_decode(&f, (const char *)text.data, text.size))
        fail_msg("seed %d: %s", seed, f.err.message);
    assert_int_equal(f.sum.rows_rejected, 0);
    assert_int_equal(f.sum.rows_decoded, 200);
    write_file(folder, "printed.json", f.rows.data, f.rows.size);
    if (!python(folder, "check rows.json printed.json"))
        fail_msg("seed %d", seed);
    fixture_release(&f);
    cpl_buffer_release(&text);
}

static void random_documents(void **state)
{
    (void)state;
    char folder[] = "/tmp/cupel-json-XXXXXX", clean[100];
    assert_non_null(mkdtemp(folder));
    write_file(folder, "compare.py", script, strlen(script));
    if (system("command -v python3 >/dev/null"))
        skip();
    for (int seed = 0; seed < 12; seed++)
        round_trip(folder, seed, seed % 3 ? 5000 : 0);
    snprintf(clean, sizeof clean, "rm -r %s", folder);
    assert_int_equal(system(clean), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_documents)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
