/* Rule checksum: numbers that carry a digit which proves the others.
 *
 * Blanks and dashes are taken for separators, as people write such numbers; anything else that is no digit (in an IBAN: no digit and no
 * capital letter) breaks the rule. An IBAN must have its country's length, too. */
#include "quality/rule_kinds.h"
#include "quality/text_rule.h"

#include <stddef.h>
#include <string.h>

struct checksum_options {
    struct cpl_strings columns;
    int of;
};

static const struct cpl_option options[] = {
    {.name = "columns",
     .type = CPL_OPTION_STRINGS,
     .offset = offsetof(struct checksum_options, columns),
     .flags = CPL_OPTION_REQUIRED | CPL_OPTION_COLUMNS,
     .summary = "The columns meant, of text or whole numbers; each makes a rule of its own.",
     .example = "[card]"},
    {.name = "of",
     .type = CPL_OPTION_ENUM,
     .offset = offsetof(struct checksum_options, of),
     .flags = CPL_OPTION_REQUIRED,
     .values = "luhn|iban|ean13|isbn13",
     .summary =
         "What the numbers are: ones that end in a digit by Luhn (cards, IMEI), bank accounts, "
         "articles (GTIN-13), books. Blanks and dashes in them are ignored.",
     .example = "iban"},
    {.name = NULL}};

static bool is_separator(uint8_t c)
{
    return c == ' ' || c == '-';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Doubled every second from the right, which is every one whose place from the right is odd. */
static bool is_luhn(const uint8_t *text, size_t length)
{
    unsigned sum = 0;
    size_t n = 0;
    while (length--) {
        uint8_t c = text[length];
        if (is_separator(c))
            continue;
        if (!is_digit(c))
            return false;
        unsigned digit = (unsigned)(c - '0') << (n++ & 1);
        sum = (sum + digit / 10 + digit % 10) % 10;
    }
    return n >= 2 && !sum;
}

/* The characters without separators; 0 when there are more than `room`. */
static size_t gather(const uint8_t *text, size_t length, uint8_t *out, size_t room)
{
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        if (is_separator(text[i]))
            continue;
        if (n == room)
            return 0;
        out[n++] = text[i];
    }
    return n;
}

static bool is_ean13(const uint8_t *text, size_t length)
{
    uint8_t digits[13];
    unsigned sum = 0;
    if (gather(text, length, digits, sizeof digits) != sizeof digits)
        return false;
    for (size_t i = 0; i < sizeof digits; i++) {
        if (!is_digit(digits[i]))
            return false;
        sum += (unsigned)(digits[i] - '0') * (i & 1 ? 3 : 1);
    }
    return sum % 10 == 0;
}

static bool is_isbn13(const uint8_t *text, size_t length)
{
    uint8_t digits[13];
    return gather(text, length, digits, sizeof digits) == sizeof digits &&
           (!memcmp(digits, "978", 3) || !memcmp(digits, "979", 3)) && is_ean13(text, length);
}

/* Countries that have an IBAN, and its length. */
static const char iban_lengths[] =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29"
    "ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20"
    "LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29"
    "PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20"
    "YE30";
enum { IBAN_MAX = 34 };

static size_t iban_length(const uint8_t *country)
{
    for (const char *at = iban_lengths; *at; at += 4)
        if (!memcmp(at, country, 2))
            return (size_t)(at[2] - '0') * 10 + (size_t)(at[3] - '0');
    return 0;
}

/* The country and its two digits go behind the rest; letters count 10 to 35; the whole is 1 modulo 97. */
static bool is_iban(const uint8_t *text, size_t length)
{
    uint8_t all[IBAN_MAX];
    unsigned rest = 0;
    size_t n = gather(text, length, all, sizeof all);
    if (n < 5 || n != iban_length(all) || !is_digit(all[2]) || !is_digit(all[3]))
        return false;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = all[(i + 4) % n];
        if (is_digit(c))
            rest = (rest * 10 + (unsigned)(c - '0')) % 97;
        else if (c >= 'A' && c <= 'Z')
            rest = (rest * 100 + (unsigned)(c - 'A') + 10) % 97;
        else
            return false;
    }
    return rest == 1;
}

/* In the order of the option's words. */
static const struct {
    bool (*fits)(const uint8_t *text, size_t length);
    const char *wanted;
} checksums[] = {
    {is_luhn, "whose last digit is not the one that Luhn's sum proves"},
    {is_iban, "which is no IBAN: its country, length or check digits are wrong"},
    {is_ean13, "which is no EAN-13: it has not 13 digits, or its last is wrong"},
    {is_isbn13, "which is no ISBN-13: 978 or 979 in front, or its last digit, is wrong"}};

static bool is_number_of_digits(const struct cpl_type *type)
{
    return (type->kind >= CPL_I8 && type->kind <= CPL_U64) ||
           (type->kind == CPL_DECIMAL && !type->scale);
}

static bool bind(const void *options_of, const char *name, const struct cpl_schema *schema,
                 const struct cpl_rule_env *env, void **rule, const char **key,
                 struct cpl_error *err)
{
    const struct checksum_options *o = options_of;
    struct cpl_text_rule like = {.fits = checksums[o->of].fits, .wanted = checksums[o->of].wanted};
    (void)env;
    *key = "columns";
    if (!cpl_rule_column(schema, name, &like.column, err))
        return false;
    const struct cpl_type *type = &schema->fields[like.column].type;
    if (type->kind != CPL_STRING && !is_number_of_digits(type))
        return cpl_fail(err, CPL_E_CONFIG,
                        "column `%.100s` is neither text nor a whole number: a checksum needs one",
                        name);
    *rule = cpl_text_rule_new(&like, err);
    return *rule != NULL;
}

const struct cpl_rule_ops cpl_rule_checksum = {
    .name = "checksum",
    .summary = "Numbers must agree with the digits in them that prove the others.",
    .example = "checksum: {columns: [account], of: iban}",
    .options = options,
    .options_size = sizeof(struct checksum_options),
    .per_column = true,
    .metric = CPL_METRIC_ACCURACY,
    .bind = bind,
    .unbind = cpl_text_rule_free,
    .test = cpl_text_rule_test,
    .explain = cpl_text_rule_explain,
};
