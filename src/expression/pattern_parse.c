/* Reading a pattern that PCRE2 has found valid. Every function gives up (p->beyond) on what it does not know for sure. */
#include "expression/pattern_tree.h"

#include <string.h>

struct flags {
    bool ignore_case, dot_all, multi_line;
};
struct parser {
    const uint8_t *at, *end;
    struct flags flags;
    struct cpl_arena *arena;
    struct cpl_error *err;
    struct pattern_set set; /* the class that is being read */
    bool quoted;            /* between \Q and \E */
    bool beyond;            /* not known to be regular */
    bool failed;            /* no memory */
    bool named, complement; /* the class holds [:name:], or \D and the like */
    bool bare;              /* the last atom may not be repeated: an assertion, or flags */
    int depth;
};

static struct pattern_node *parse_choice(struct parser *p);

static struct pattern_node *give_up(struct parser *p)
{
    p->beyond = true;
    return NULL;
}

static struct pattern_node *new_node(struct parser *p, enum pattern_kind kind)
{
    struct pattern_node *node = cpl_arena_alloc(p->arena, sizeof *node, p->err);
    if (!node) {
        p->failed = true;
        return NULL;
    }
    *node = (struct pattern_node){.kind = kind};
    return node;
}

static struct pattern_node *new_assertion(struct parser *p, enum pattern_place place)
{
    struct pattern_node *node = new_node(p, PATTERN_ASSERTION);
    if (node)
        node->place = place;
    p->bare = true;
    return node;
}

/* What p->set holds, normalised, as a node. */
static struct pattern_node *new_characters(struct parser *p)
{
    if (p->set.full)
        return give_up(p);
    struct pattern_node *node = new_node(p, PATTERN_CHARACTERS);
    if (!node)
        return NULL;
    size_t size = p->set.n * sizeof *p->set.ranges;
    struct pattern_range *ranges = cpl_arena_alloc(p->arena, size, p->err);
    if (!ranges) {
        p->failed = true;
        return NULL;
    }
    memcpy(ranges, p->set.ranges, size);
    node->ranges = ranges;
    node->n_ranges = p->set.n;
    return node;
}

static void clear_set(struct parser *p)
{
    p->set.n = 0;
    p->set.full = false;
}

/* ---- characters ---- */

/* The character at p->at, which is passed; the pattern is valid UTF-8. */
static uint32_t take_character(struct parser *p)
{
    uint32_t c = *p->at++;
    if (c < 0x80)
        return c;
    int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
    c &= 0x3Fu >> more;
    while (more-- && p->at < p->end)
        c = c << 6 | (*p->at++ & 0x3Fu);
    return c;
}

static bool next_is(const struct parser *p, size_t ahead, char c)
{
    return (size_t)(p->end - p->at) > ahead && p->at[ahead] == (uint8_t)c;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* \Q and \E stand for nothing but how the rest is read. */
static void skip_quotes(struct parser *p)
{
    while (next_is(p, 0, '\\') && (next_is(p, 1, 'E') || (!p->quoted && next_is(p, 1, 'Q')))) {
        p->quoted = p->at[1] == 'Q';
        p->at += 2;
    }
}

static int hex_digit(uint8_t c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind \x: two digits, or any number of them in braces. */
static bool take_hex(struct parser *p, uint32_t *c)
{
    bool braces = next_is(p, 0, '{');
    int digits = 0;
    *c = 0;
    p->at += braces;
    for (; p->at < p->end && hex_digit(*p->at) >= 0 && (braces || digits < 2); p->at++, digits++) {
        *c = *c << 4 | (uint32_t)hex_digit(*p->at);
        if (*c > PATTERN_LAST_CHARACTER)
            return false;
    }
    if (!braces)
        return digits == 2;
    return digits > 0 && p->at < p->end && *p->at++ == '}';
}

/* An escape that is one character, wherever it stands; behind the backslash. */
static bool take_escaped(struct parser *p, uint32_t *c)
{
    static const char letters[] = "tnrfae", meanings[] = "\t\n\r\f\a\x1b";
    if (p->at == p->end)
        return false;
    const char *letter = *p->at ? strchr(letters, *p->at) : NULL;
    if (letter) {
        p->at++;
        *c = (uint8_t)meanings[letter - letters];
        return true;
    }
    if (*p->at == 'x') {
        p->at++;
        return take_hex(p, c);
    }
    uint8_t lower = *p->at | 0x20;
    if (is_digit(*p->at) || (lower >= 'a' && lower <= 'z' && *p->at < 0x80))
        return false;
    *c = take_character(p);
    return true;
}

static bool add_with_case(struct parser *p, uint32_t low, uint32_t high)
{
    pattern_set_add(&p->set, low, high);
    if (p->flags.ignore_case && !pattern_set_add_cases(&p->set, low, high))
        p->beyond = true;
    return !p->beyond;
}

static struct pattern_node *new_literal(struct parser *p, uint32_t c)
{
    clear_set(p);
    if (!add_with_case(p, c, c))
        return NULL;
    pattern_set_normalise(&p->set);
    return new_characters(p);
}

static struct pattern_node *new_named_set(struct parser *p, char letter)
{
    clear_set(p);
    if (!pattern_set_add_escape(&p->set, letter))
        return give_up(p);
    return new_characters(p);
}

/* ---- classes ---- */

/* [:name:] or [:^name:], or another thing in [: . = that PCRE2 may take for one. */
static bool is_posix_like(const struct parser *p)
{
    return next_is(p, 0, '[') && (next_is(p, 1, ':') || next_is(p, 1, '.') || next_is(p, 1, '='));
}

static void take_posix(struct parser *p)
{
    const uint8_t *name = p->at + 2;
    bool negated = name < p->end && *name == '^';
    name += negated;
    const uint8_t *stop = name;
    while (stop < p->end && *stop >= 'a' && *stop <= 'z')
        stop++;
    if (!next_is(p, 1, ':') || p->end - stop < 2 || stop[0] != ':' || stop[1] != ']' ||
        !pattern_set_add_posix(&p->set, (const char *)name, (size_t)(stop - name), negated,
                               p->flags.ignore_case))
        p->beyond = true;
    else
        p->at = stop + 2;
    p->named |= !negated;
    p->complement |= negated;
}

/* One character in a class, escaped or not. */
static bool take_class_character(struct parser *p, uint32_t *c)
{
    if (p->at == p->end)
        return false;
    if (*p->at != '\\') {
        *c = take_character(p);
        return true;
    }
    p->at++;
    if (next_is(p, 0, 'b')) {
        p->at++;
        *c = '\b';
        return true;
    }
    return take_escaped(p, c);
}

static bool is_set_escape(const struct parser *p)
{
    return next_is(p, 0, '\\') && p->end - p->at > 1 && p->at[1] && strchr("dDwWsShHvV", p->at[1]);
}

/* \d or [:digit:]; a hyphen behind has more than one meaning. */
static void take_class_set(struct parser *p)
{
    if (is_posix_like(p)) {
        take_posix(p);
    } else {
        if (!pattern_set_add_escape(&p->set, (char)p->at[1]))
            p->beyond = true;
        p->complement |= p->at[1] < 'a';
        p->at += 2;
    }
    if (next_is(p, 0, '-') && !next_is(p, 1, ']'))
        p->beyond = true;
}

static void take_class_range(struct parser *p)
{
    uint32_t low, high;
    if (!take_class_character(p, &low)) {
        p->beyond = true;
        return;
    }
    high = low;
    if (next_is(p, 0, '-') && !next_is(p, 1, ']')) {
        p->at++;
        if (is_posix_like(p) || is_set_escape(p) || !take_class_character(p, &high) || high < low) {
            p->beyond = true;
            return;
        }
    }
    (void)add_with_case(p, low, high);
}

/* Behind the opening bracket. Of [\W[:alpha:]], PCRE2 10.42 leaves out the characters above U+00FF: what it does is its own. */
static struct pattern_node *parse_class(struct parser *p)
{
    bool negated = next_is(p, 0, '^');
    p->at += negated;
    clear_set(p);
    p->named = p->complement = false;
    bool first = true;
    while (!p->beyond && (first || !next_is(p, 0, ']'))) {
        if (is_posix_like(p) || is_set_escape(p))
            take_class_set(p);
        else
            take_class_range(p);
        first = false;
    }
    if (p->beyond || p->set.full || (p->named && p->complement))
        return give_up(p);
    p->at++;
    pattern_set_normalise(&p->set);
    if (negated)
        pattern_set_invert(&p->set);
    return new_characters(p);
}

/* ---- groups ---- */

/* Behind (? — letters of flags up to ) or :. */
static bool take_flags(struct parser *p)
{
    bool on = true;
    for (; p->at < p->end && *p->at != ')' && *p->at != ':'; p->at++) {
        switch (*p->at) {
        case '-':
            on = false;
            break;
        case 'i':
            p->flags.ignore_case = on;
            break;
        case 's':
            p->flags.dot_all = on;
            break;
        case 'm':
            p->flags.multi_line = on;
            break;
        case 'U':
        case 'n': /* which is longest, and what is captured */
            break;
        default:
            return false;
        }
    }
    return p->at < p->end;
}

/* (?<name>, (?'name' and (?P<name>: behind the question mark. */
static bool take_group_name(struct parser *p)
{
    p->at += next_is(p, 0, 'P');
    char close = next_is(p, 0, '<') ? '>' : next_is(p, 0, '\'') ? '\'' : 0;
    if (!close || next_is(p, 1, '=') || next_is(p, 1, '!') || next_is(p, 1, '*'))
        return false;
    const uint8_t *stop = memchr(p->at + 1, close, (size_t)(p->end - p->at - 1));
    if (!stop)
        return false;
    p->at = stop + 1;
    return true;
}

/* Up to what the group holds; *flags_only: it was (?i), which holds nothing and lasts to the end of the group around it. */
static bool take_group_head(struct parser *p, bool *flags_only)
{
    *flags_only = false;
    if (next_is(p, 0, '*'))
        return false;
    if (!next_is(p, 0, '?'))
        return true;
    p->at++;
    if (next_is(p, 0, '<') || next_is(p, 0, '\'') || next_is(p, 0, 'P'))
        return take_group_name(p);
    if (!take_flags(p))
        return false;
    *flags_only = *p->at++ == ')';
    return true;
}

/* Behind the opening parenthesis. */
static struct pattern_node *parse_group(struct parser *p)
{
    struct flags around = p->flags;
    bool flags_only;
    if (++p->depth > PATTERN_DEPTH || !take_group_head(p, &flags_only))
        return give_up(p);
    if (flags_only) {
        p->depth--;
        p->bare = true;
        return new_node(p, PATTERN_EMPTY);
    }
    struct pattern_node *node = parse_choice(p);
    if (!node)
        return NULL;
    if (!next_is(p, 0, ')'))
        return give_up(p);
    p->at++;
    p->depth--;
    p->flags = around;
    p->bare = false;
    return node;
}

/* ---- atoms, quantifiers ---- */

static struct pattern_node *parse_escape(struct parser *p)
{
    uint32_t c;
    if (p->at == p->end)
        return give_up(p);
    switch (*p->at) {
    case 'A':
        p->at++;
        return new_assertion(p, PATTERN_START);
    case 'z':
        p->at++;
        return new_assertion(p, PATTERN_END);
    case 'b':
        p->at++;
        return new_assertion(p, PATTERN_WORD_EDGE);
    case 'N':
        if (next_is(p, 1, '{'))
            return give_up(p);
        p->at++;
        return new_named_set(p, 'N');
    default:
        break;
    }
    if (strchr("dDwWsShHvV", *p->at) && *p->at)
        return new_named_set(p, (char)*p->at++);
    if (!take_escaped(p, &c))
        return give_up(p);
    return new_literal(p, c);
}

static struct pattern_node *parse_dot(struct parser *p)
{
    if (!p->flags.dot_all)
        return new_named_set(p, 'N');
    clear_set(p);
    pattern_set_add(&p->set, 0, PATTERN_LAST_CHARACTER);
    return new_characters(p);
}

static struct pattern_node *parse_atom(struct parser *p)
{
    p->bare = false;
    if (p->quoted)
        return new_literal(p, take_character(p));
    switch (*p->at) {
    case '\\':
        p->at++;
        return parse_escape(p);
    case '[':
        p->at++;
        return parse_class(p);
    case '(':
        p->at++;
        return parse_group(p);
    case '.':
        p->at++;
        return parse_dot(p);
    case '^':
        p->at++;
        return new_assertion(p, p->flags.multi_line ? PATTERN_LINE_START : PATTERN_START);
    case '$':
        p->at++;
        return new_assertion(p, p->flags.multi_line ? PATTERN_LINE_END : PATTERN_END);
    case '*':
    case '+':
    case '?':
    case '{': /* versions of PCRE2 differ in what is a quantifier */
        return give_up(p);
    default:
        return new_literal(p, take_character(p));
    }
}

static bool take_number(struct parser *p, uint32_t *number)
{
    const uint8_t *from = p->at;
    *number = 0;
    for (; p->at < p->end && is_digit(*p->at) && *number <= PATTERN_REPEAT_MAX; p->at++)
        *number = *number * 10 + (uint32_t)(*p->at - '0');
    return p->at > from && *number <= PATTERN_REPEAT_MAX;
}

/* {n}, {n,} or {n,m}, behind the brace. */
static bool take_counts(struct parser *p, uint32_t *min, uint32_t *max)
{
    if (!take_number(p, min))
        return false;
    *max = *min;
    if (next_is(p, 0, ',')) {
        p->at++;
        *max = PATTERN_UNBOUNDED;
        if (!next_is(p, 0, '}') && !take_number(p, max))
            return false;
    }
    return p->at < p->end && *p->at++ == '}' && *min <= *max;
}

static bool at_quantifier(const struct parser *p)
{
    return !p->quoted &&
           (next_is(p, 0, '*') || next_is(p, 0, '+') || next_is(p, 0, '?') || next_is(p, 0, '{'));
}

/* The atom as often as the quantifier behind it says, if there is one. */
static struct pattern_node *parse_quantifier(struct parser *p, struct pattern_node *atom)
{
    if (!at_quantifier(p))
        return atom;
    uint8_t sign = *p->at++;
    uint32_t min = sign == '+', max = sign == '?' ? 1 : PATTERN_UNBOUNDED;
    if (p->bare || (sign == '{' && !take_counts(p, &min, &max)))
        return give_up(p);
    p->at += next_is(p, 0, '?'); /* lazy: the same texts match */
    if (at_quantifier(p))        /* possessive, or of a quantifier */
        return give_up(p);
    struct pattern_node *node = new_node(p, PATTERN_REPEAT);
    if (!node)
        return NULL;
    node->min = min;
    node->max = max;
    node->last = atom;
    return node;
}

static struct pattern_node *parse_sequence(struct parser *p)
{
    struct pattern_node *sequence = new_node(p, PATTERN_SEQUENCE);
    if (!sequence)
        return NULL;
    for (;;) {
        skip_quotes(p);
        if (p->at == p->end || (!p->quoted && (*p->at == '|' || *p->at == ')')))
            return sequence;
        struct pattern_node *atom = parse_atom(p);
        if (!atom)
            return NULL;
        skip_quotes(p);
        atom = parse_quantifier(p, atom);
        if (!atom)
            return NULL;
        atom->previous = sequence->last;
        sequence->last = atom;
    }
}

static struct pattern_node *parse_choice(struct parser *p)
{
    struct pattern_node *choice = new_node(p, PATTERN_CHOICE);
    if (!choice)
        return NULL;
    do {
        struct pattern_node *sequence = parse_sequence(p);
        if (!sequence)
            return NULL;
        sequence->previous = choice->last;
        choice->last = sequence;
    } while (next_is(p, 0, '|') && p->at++);
    return choice;
}

bool pattern_parse(const char *text, size_t length, bool ignore_case, struct cpl_arena *arena,
                   const struct pattern_node **tree, struct cpl_error *err)
{
    *tree = NULL;
    struct parser *p = cpl_alloc_zero(1, sizeof *p, err);
    if (!p)
        return false;
    p->at = (const uint8_t *)text;
    p->end = p->at + length;
    p->flags.ignore_case = ignore_case;
    p->arena = arena;
    p->err = err;
    struct pattern_node *root = parse_choice(p);
    if (root && p->at == p->end)
        *tree = root;
    bool failed = p->failed;
    cpl_free(p);
    return !failed;
}
