/* Rule format: texts that are written as the world agreed to write such things.
 *
 * An e-mail address is what mail systems take: a local part of the usual characters (dots between them) of up to 64, and a name of a host
 * with a dot in it; quoted local parts and addresses by number are not. A URL has a scheme of http, https, ftp or ftps and a host, and no
 * blanks. A tag of BCP 47 is well formed; whether its parts are registered is not looked up. */
#include "quality/iso_codes.h"
#include "quality/rule_kinds.h"
#include "quality/text_rule.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

struct format_options {
    struct cpl_strings columns;
    int is;
};

static const struct cpl_option options[] = {
    {.name = "columns",
     .type = CPL_OPTION_STRINGS,
     .offset = offsetof(struct format_options, columns),
     .flags = CPL_OPTION_REQUIRED | CPL_OPTION_COLUMNS,
     .summary = "The columns of text meant; each makes a rule of its own.",
     .example = "[contact]"},
    {.name = "is",
     .type = CPL_OPTION_ENUM,
     .offset = offsetof(struct format_options, is),
     .flags = CPL_OPTION_REQUIRED,
     .values = "email|url|uuid|ipv4|ipv6|iso_country|iso_country3|iso_currency|iso_language|bcp47",
     .summary = "What the texts are: an address of mail, the web or the net, a UUID, a code of ISO "
                "3166 (countries, of two letters or three), 4217 (currencies) or 639-1 (languages) "
                "in the case in which ISO writes it, or a language tag (BCP 47: de-CH).",
     .example = "email"},
    {.name = NULL}};

/* As text of an address of the net; the library wants it ended. */
static bool is_address(int family, const uint8_t *text, size_t length)
{
    char copy[INET6_ADDRSTRLEN + 1];
    uint8_t address[16];
    if (length >= sizeof copy || memchr(text, 0, length))
        return false;
    memcpy(copy, text, length);
    copy[length] = 0;
    return inet_pton(family, copy, address) == 1;
}

static bool is_ipv4(const uint8_t *text, size_t length)
{
    return is_address(AF_INET, text, length);
}

static bool is_ipv6(const uint8_t *text, size_t length)
{
    return is_address(AF_INET6, text, length);
}

static bool is_country(const uint8_t *text, size_t length)
{
    return cpl_iso_code(CPL_ISO_COUNTRY, text, length);
}

static bool is_country3(const uint8_t *text, size_t length)
{
    return cpl_iso_code(CPL_ISO_COUNTRY3, text, length);
}

static bool is_currency(const uint8_t *text, size_t length)
{
    return cpl_iso_code(CPL_ISO_CURRENCY, text, length);
}

static bool is_language(const uint8_t *text, size_t length)
{
    return cpl_iso_code(CPL_ISO_LANGUAGE, text, length);
}

/* What mail systems have room for. */
static bool is_email_size(const uint8_t *text, size_t length)
{
    const uint8_t *at = length <= 254 ? memchr(text, '@', length) : NULL;
    return at && at - text <= 64;
}

#define LABEL "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#define ATOM  "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"

/* In the order of the option's words. */
static const struct {
    bool (*fits)(const uint8_t *text, size_t length);
    const char *pattern, *wanted;
} formats[] = {
    {.fits = is_email_size,
     .pattern = "^" ATOM "(\\." ATOM ")*@(" LABEL "\\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$",
     .wanted = "which is no e-mail address"},
    {.pattern = "^(?:[Hh][Tt][Tt][Pp][Ss]?|[Ff][Tt][Pp][Ss]?)://"
                "([A-Za-z0-9._~%!$&'()*+,;=:-]*@)?"
                "([A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?|\\[[0-9A-Fa-f:.]+\\])"
                "(:[0-9]{1,5})?([/?#][!-~\\x{A0}-\\x{10FFFF}]*)?$",
     .wanted = "which is no URL"},
    {.pattern = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
     .wanted = "which is no UUID"},
    {.fits = is_ipv4, .wanted = "which is no IPv4 address"},
    {.fits = is_ipv6, .wanted = "which is no IPv6 address"},
    {.fits = is_country, .wanted = "which is no country code (ISO 3166-1 alpha-2)"},
    {.fits = is_country3, .wanted = "which is no country code (ISO 3166-1 alpha-3)"},
    {.fits = is_currency, .wanted = "which is no currency code (ISO 4217)"},
    {.fits = is_language, .wanted = "which is no language code (ISO 639-1)"},
    {.pattern = "^([A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})(-[A-Za-z]{4})?"
                "(-([A-Za-z]{2}|[0-9]{3}))?(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*"
                "(-[0-9A-WY-Za-wy-z](-[A-Za-z0-9]{2,8})+)*(-[Xx](-[A-Za-z0-9]{1,8})+)?$",
     .wanted = "which is no language tag (BCP 47)"},
};
enum { FORMAT_UUID = 2 };

static bool bind_format(const void *of, const char *name, const struct cpl_schema *schema,
                        const struct cpl_rule_env *env, void **rule, const char **key,
                        struct cpl_error *err)
{
    const struct format_options *o = of;
    struct cpl_text_rule like = {.fits = formats[o->is].fits, .wanted = formats[o->is].wanted};
    size_t at;
    (void)env;
    *key = "columns";
    if (!cpl_rule_column(schema, name, &like.column, err))
        return false;
    enum cpl_kind kind = schema->fields[like.column].type.kind;
    like.always = kind == CPL_UUID && o->is == FORMAT_UUID;
    if (kind != CPL_STRING && !like.always)
        return cpl_fail(err, CPL_E_CONFIG, "column `%.100s` is no text: a format needs one", name);
    *key = "is";
    const char *pattern = formats[o->is].pattern;
    if (pattern && !like.always) {
        like.pattern = cpl_pattern_compile(pattern, strlen(pattern), false, &at, err);
        if (!like.pattern)
            return false;
    }
    *rule = cpl_text_rule_new(&like, err);
    return *rule != NULL;
}

const struct cpl_rule_ops cpl_rule_format = {
    .name = "format",
    .summary = "Texts must be addresses, codes or tags as the world writes them.",
    .example = "format: {columns: [contact], is: email}",
    .options = options,
    .options_size = sizeof(struct format_options),
    .per_column = true,
    .metric = CPL_METRIC_ACCURACY,
    .bind = bind_format,
    .unbind = cpl_text_rule_free,
    .test = cpl_text_rule_test,
    .explain = cpl_text_rule_explain,
};
