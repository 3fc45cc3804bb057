/* make_data — the bench's inputs that no public generator makes, written fast enough to feed a
 * pipe.
 *
 *   make_data events N SEED        nested web events, NDJSON, about 510 bytes each
 *   make_data integers N SEED      CSV, 200 columns of integers of many widths
 *   make_data text N SEED          CSV of long quoted text, full of quotes and embedded newlines
 *   make_data wide N SEED          CSV of 10,000 columns of numbers and words
 *   make_data partitions N SEED    CSV whose column `shop` has 2,000 values, in no order
 *   make_data pipe BYTES SEED      CSV of mixed columns, at least BYTES of it: one block of 64 MiB
 *                                  again and again, so that making it costs next to nothing
 *   make_data quote < in.csv       every field quoted
 *   make_data shuffle < in.csv     columns in another order (a fixed permutation)
 *   make_data spoil < in.csv       the last row's first field made no number
 *
 * All output is a function of the arguments and the input alone. `pipe` says on standard error how many rows
 * it wrote. The CSV filters expect RFC 4180 input without newlines inside fields, which is what the
 * TPC-H generator writes. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_COLUMNS = 256, OUT_SIZE = 1 << 20, LINE_SIZE = 1 << 17, PIPE_BLOCK = 64 << 20 };

static char out[OUT_SIZE + LINE_SIZE];
static size_t out_used;
static uint64_t seed;

static void flush_out(void)
{
    if (fwrite(out, 1, out_used, stdout) != out_used) {
        perror("make_data: writing");
        exit(1);
    }
    out_used = 0;
}

/* Room for one more line is always there: called after each. */
static void line_done(void)
{
    out[out_used++] = '\n';
    if (out_used >= OUT_SIZE)
        flush_out();
}

static void put(const char *text, size_t size)
{
    memcpy(out + out_used, text, size);
    out_used += size;
}

static void put_text(const char *text)
{
    put(text, strlen(text));
}

static void put_uint(uint64_t value)
{
    char digits[20];
    size_t n = sizeof digits;
    do
        digits[--n] = (char)('0' + value % 10);
    while (value /= 10);
    put(digits + n, sizeof digits - n);
}

static void put_padded(uint64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--, value /= 10)
        out[out_used + (size_t)i] = (char)('0' + value % 10);
    out_used += (size_t)width;
}

static void put_hex(uint64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--)
        out[out_used++] = "0123456789abcdef"[value >> (4 * i) & 15];
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next(void)
{
    uint64_t z = seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t below(uint64_t limit)
{
    return next() % limit;
}

#define PICK(array) ((array)[below(sizeof(array) / sizeof *(array))])

/* value / 10^digits as Python's repr writes a rounded float: no trailing zeros but one. */
static void put_fraction(uint64_t value, int digits)
{
    uint64_t unit = 1;
    for (int i = 0; i < digits; i++)
        unit *= 10;
    uint64_t fraction = value % unit;
    put_uint(value / unit);
    put_text(".");
    while (digits > 1 && fraction % 10 == 0) {
        fraction /= 10;
        digits--;
    }
    put_padded(fraction, digits);
}

static void put_signed_fraction(uint64_t value, uint64_t middle, int digits)
{
    if (value < middle)
        put_text("-");
    put_fraction(value < middle ? middle - value : value - middle, digits);
}

/* ---- events ---- */
static void put_event_time(uint64_t milliseconds)
{
    uint64_t seconds = milliseconds / 1000, day = seconds / 86400;
    put_text("2026-11-");
    put_padded(1 + day % 30, 2);
    put_text("T");
    put_padded(seconds / 3600 % 24, 2);
    put_text(":");
    put_padded(seconds / 60 % 60, 2);
    put_text(":");
    put_padded(seconds % 60, 2);
    put_text(".");
    put_padded(milliseconds % 1000, 3);
    put_text("Z");
}

static void put_tags(void)
{
    static const char *const tags[] = {"\"a\"", "\"b\"", "\"vip\"", "\"trial\"", "\"beta\""};
    uint64_t n = below(3), first = below(5), second = (first + 1 + below(4)) % 5;
    if (n > 0)
        put_text(tags[first]);
    if (n > 1) {
        put_text(",");
        put_text(tags[second]);
    }
}

static void put_head(uint64_t number)
{
    static const char *const types[] = {"page_view", "click", "scroll", "purchase", "signup"};
    put_text("{\"event_id\":\"");
    put_hex(next(), 8);
    for (int i = 0; i < 3; i++) {
        put_text("-");
        put_hex(next(), 4);
    }
    put_text("-");
    put_hex(next(), 12);
    put_text("\",\"event_type\":\"");
    put_text(PICK(types));
    put_text("\",\"event_time\":\"");
    put_event_time(number * 37 + below(1000));
    put_text("\",\"session\":{\"id\":\"s");
    put_hex(below(1 << 20), 8);
    put_text("\",\"seq\":");
    put_uint(below(100));
    put_text(below(5) == 0 ? ",\"is_new\":true}" : ",\"is_new\":false}");
    put_text(",\"user\":{\"id\":");
    put_uint(1 + below(499999));
    put_text(",\"tags\":[");
    put_tags();
}

static void put_tail(void)
{
    static const char *const places[] = {
        "\"DE\",\"city\":\"Berlin\"",    "\"US\",\"city\":\"New York\"",
        "\"LK\",\"city\":\"Colombo\"",   "\"JP\",\"city\":\"東京\"",
        "\"BR\",\"city\":\"São Paulo\"", "\"IN\",\"city\":\"Pune\""};
    static const char *const widths[] = {"1280", "1920", "390"}, *const heights[] = {"720", "1080",
                                                                                     "844"};
    put_text("]},\"device\":{\"user_agent\":\"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
             "(KHTML, like Gecko) Chrome/");
    put_uint(100 + below(25));
    put_text(".0.0.0 Safari/537.36\",\"screen\":{\"w\":");
    put_text(PICK(widths));
    put_text(",\"h\":");
    put_text(PICK(heights));
    put_text("}},\"location\":{\"country\":");
    put_text(PICK(places));
    put_text(",\"lat\":");
    put_signed_fraction(below(180000001), 90000000, 6);
    put_text(",\"lon\":");
    put_signed_fraction(below(360000001), 180000000, 6);
    put_text("},\"engagement\":{\"duration_ms\":");
    put_uint(below(60000));
    put_text(",\"scroll_depth\":");
    put_fraction(below(1001), 3);
    put_text("},\"price\":");
    if (below(10) < 7)
        put_text("null}");
    else {
        put_fraction(100 + below(99801), 2);
        put_text("}");
    }
}

static void make_events(uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        put_head(i);
        put_tail();
        line_done();
    }
}

/* ---- integers, text, pipe ---- */
/* Column c's values: a run, a small set, a walk, or noise of 4 to 48 bits — as measurement tables
 * have them. */
static uint64_t integer_cell(uint64_t row, uint64_t column)
{
    switch (column % 5) {
    case 0:
        return row * (column + 1);
    case 1:
        return below(10 + column);
    case 2:
        return 1000000 + row / (column + 1) + below(16);
    case 3:
        return next() >> (16 + column % 44);
    default:
        return below(100000);
    }
}

static void make_integers(uint64_t n)
{
    enum { COLUMNS = 200 };
    for (uint64_t c = 0; c < COLUMNS; c++) {
        put_text(c ? ",c" : "c");
        put_uint(c);
    }
    line_done();
    for (uint64_t row = 0; row < n; row++) {
        for (uint64_t c = 0; c < COLUMNS; c++) {
            if (c)
                put_text(",");
            if (c % 7 == 3 && below(8) == 0)
                put_text("-");
            put_uint(1 + integer_cell(row, c));
        }
        line_done();
    }
}

static const char *const words[] = {
    "the",       "order",    "was",     "shipped", "late",    "customer", "said",
    "please",    "refund",   "quickly", "carton",  "broken",  "naïve",    "weiß",
    "carefully", "deposits", "sleep",   "final",   "pending", "among",    "requests"};

static void put_prose(uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        uint64_t chance = below(20);
        put_text(chance == 0 ? "\n" : chance < 3 ? ", " : i ? " " : "");
        if (chance == 5)
            put_text("\"\"");
        put_text(PICK(words));
        if (chance == 5)
            put_text("\"\"");
    }
}

static void make_text(uint64_t n)
{
    put_text("id,subject,body,reply,tag");
    line_done();
    for (uint64_t row = 0; row < n; row++) {
        put_uint(row);
        put_text(",\"");
        put_prose(6);
        put_text("\",\"");
        put_prose(40 + below(60));
        put_text("\",\"");
        put_prose(20 + below(30));
        put_text("\",");
        put_text(PICK(words));
        line_done();
    }
}

static void make_wide(uint64_t n)
{
    enum { COLUMNS = 10000 };
    for (uint64_t c = 0; c < COLUMNS; c++) {
        put_text(c ? ",c" : "c");
        put_uint(c);
    }
    line_done();
    for (uint64_t row = 0; row < n; row++) {
        for (uint64_t c = 0; c < COLUMNS; c++) {
            if (c)
                put_text(",");
            if (c % 10 == 9)
                put_text(PICK(words));
            else if (c % 10 == 8)
                put_fraction(below(100000), 2);
            else
                put_uint(below(1 + c));
        }
        line_done();
    }
}

static void put_money(void)
{
    put_uint(below(100000));
    put_text(".");
    put_padded(below(100), 2);
}

static void put_day(void)
{
    put_text("2026-");
    put_padded(1 + below(12), 2);
    put_text("-");
    put_padded(1 + below(28), 2);
}

static void make_partitions(uint64_t n)
{
    put_text("id,shop,amount,day,note");
    line_done();
    for (uint64_t row = 0; row < n; row++) {
        put_uint(row);
        put_text(",shop");
        put_padded(below(2000), 4);
        put_text(",");
        put_money();
        put_text(",");
        put_day();
        put_text(",");
        put_text(PICK(words));
        put_text(" ");
        put_text(PICK(words));
        line_done();
    }
}

/* ---- pipe ---- */
static void put_order(uint64_t row)
{
    put_uint(row);
    put_text(",C");
    put_padded(below(200000), 6);
    put_text(",");
    put_money();
    put_text(",");
    put_day();
    put_text(below(3) ? ",paid," : ",open,");
    for (uint64_t i = 0; i < 6; i++) {
        put_text(i ? " " : "");
        put_text(PICK(words));
    }
    out[out_used++] = '\n';
}

/* Whole rows, PIPE_BLOCK bytes of them but for the last row; how many rows they are. */
static uint64_t fill_block(char *block, size_t *size)
{
    uint64_t rows = 0;
    *size = 0;
    for (;; rows++) {
        put_order(rows);
        if (*size + out_used > PIPE_BLOCK)
            break;
        memcpy(block + *size, out, out_used);
        *size += out_used;
        out_used = 0;
    }
    out_used = 0;
    return rows;
}

static void write_all(const char *data, size_t size)
{
    while (size) {
        ssize_t written = write(STDOUT_FILENO, data, size);
        if (written < 0) {
            perror("make_data: writing");
            exit(1);
        }
        data += written;
        size -= (size_t)written;
    }
}

static void make_pipe(uint64_t bytes)
{
    static char block[PIPE_BLOCK];
    static const char header[] = "id,customer,amount,day,status,note\n";
    size_t size;
    uint64_t rows = fill_block(block, &size), blocks = (bytes + size - 1) / size;
    fcntl(STDOUT_FILENO, F_SETPIPE_SZ, 1 << 20); /* fewer wake-ups; no pipe, no harm */
    write_all(header, sizeof header - 1);
    for (uint64_t i = 0; i < blocks; i++)
        write_all(block, size);
    fprintf(stderr, "%" PRIu64 "\n", rows * blocks);
}

/* ---- filters over plain CSV ---- */
struct cell {
    const char *text;
    size_t size;
};

/* Cuts a line at commas outside quotes; the cells keep their quotes. */
static size_t split_line(const char *line, size_t size, struct cell *cells)
{
    size_t n = 0, from = 0;
    bool quoted = false;
    for (size_t i = 0; i <= size; i++) {
        if (i < size && line[i] == '"')
            quoted = !quoted;
        if (i < size && (line[i] != ',' || quoted))
            continue;
        if (n == MAX_COLUMNS) {
            fprintf(stderr, "make_data: more than %d columns\n", MAX_COLUMNS);
            exit(1);
        }
        cells[n++] = (struct cell){line + from, i - from};
        from = i + 1;
    }
    return n;
}

static void put_quoted(struct cell cell)
{
    bool already = cell.size && cell.text[0] == '"';
    if (!already)
        put_text("\"");
    put(cell.text, cell.size);
    if (!already)
        put_text("\"");
}

/* Walks the columns by a step coprime with their number, so that every neighbour changes. */
static size_t shuffled(size_t i, size_t n)
{
    size_t step = n / 2 + 1;
    while (n % step == 0 || (n % 2 == 0 && step % 2 == 0) || (n % 3 == 0 && step % 3 == 0))
        step++;
    return (i * step + 3) % n;
}

static void filter_line(const char *line, size_t size, bool quote, bool shuffle)
{
    struct cell cells[MAX_COLUMNS];
    size_t n = split_line(line, size, cells);
    for (size_t i = 0; i < n; i++) {
        struct cell cell = cells[shuffle ? shuffled(i, n) : i];
        if (i)
            put_text(",");
        if (quote)
            put_quoted(cell);
        else
            put(cell.text, cell.size);
    }
    line_done();
}

/* Calls filter_line for each line of standard input; with `spoil` the last one gets a word for a
 * number. */
static void filter(bool quote, bool shuffle, bool spoil)
{
    static char line[LINE_SIZE], last[LINE_SIZE];
    size_t last_size = 0;
    bool any = false;
    while (fgets(line, sizeof line, stdin)) {
        size_t size = strlen(line);
        if (any)
            filter_line(last, last_size, quote, shuffle);
        last_size = size - (size && line[size - 1] == '\n');
        memcpy(last, line, last_size);
        any = true;
    }
    if (any && spoil)
        put_text("not-a-number");
    if (any)
        filter_line(last, last_size, quote, shuffle);
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    uint64_t amount = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 7;
    if (strcmp(verb, "events") == 0)
        make_events(amount);
    else if (strcmp(verb, "integers") == 0)
        make_integers(amount);
    else if (strcmp(verb, "text") == 0)
        make_text(amount);
    else if (strcmp(verb, "wide") == 0)
        make_wide(amount);
    else if (strcmp(verb, "partitions") == 0)
        make_partitions(amount);
    else if (strcmp(verb, "pipe") == 0)
        make_pipe(amount);
    else if (strcmp(verb, "quote") == 0)
        filter(true, false, false);
    else if (strcmp(verb, "shuffle") == 0)
        filter(false, true, false);
    else if (strcmp(verb, "spoil") == 0)
        filter(false, false, true);
    else {
        fputs("usage: make_data events|integers|text|wide|partitions|pipe AMOUNT [SEED], or "
              "quote|shuffle|spoil < in.csv\n",
              stderr);
        return 2;
    }
    flush_out();
    return fflush(stdout) ? 1 : 0;
}
