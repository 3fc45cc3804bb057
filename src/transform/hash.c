/* Transform hash: values become digests, so that rows can be told apart and joined without them. */
#include "transform/calculate.h"
#include "transform/transform_kinds.h"

#include <stddef.h>

struct hash_options {
    struct cpl_strings columns;
    int with;
    const char *salt;
};

static const struct cpl_option options[] = {
    {.name = "columns",
     .type = CPL_OPTION_STRINGS,
     .offset = offsetof(struct hash_options, columns),
     .flags = CPL_OPTION_REQUIRED | CPL_OPTION_COLUMNS,
     .summary = "Columns of plain values; nulls stay null.",
     .example = "[email]"},
    {.name = "with",
     .type = CPL_OPTION_ENUM,
     .offset = offsetof(struct hash_options, with),
     .values = "sha256|md5|xxh3",
     .default_text = "sha256",
     .summary = "The function. xxh3 is fast and protects nothing; the others need OpenSSL's "
                "libcrypto."},
    {.name = "salt",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct hash_options, salt),
     .flags = CPL_OPTION_SECRET,
     .summary = "A text that is put in front of each value. Without one, values that can be "
                "guessed (telephone numbers, addresses) can be found again by trying them.",
     .example = "'${HASH_SALT}'"},
    {.name = NULL}};

static bool check_options(const void *of, const char **key, struct cpl_error *why)
{
    const struct hash_options *o = of;
    *key = "columns";
    return o->columns.n || cpl_fail(why, CPL_E_CONFIG, "no column is named");
}

/* sha256('salt' || "name") */
static bool write(const void *of, const struct cpl_field *field, const char *value,
                  struct cpl_buffer *text, struct cpl_error *err)
{
    (void)value;
    static const char *const functions[] = {"sha256(", "md5(", "xxh3("};
    const struct hash_options *o = of;
    return cpl_buffer_append_text(text, functions[o->with], err) &&
           (!o->salt ||
            (cpl_put_text(text, o->salt, err) && cpl_buffer_append_text(text, " || ", err))) &&
           cpl_put_column_text(text, field, err) && cpl_buffer_append_text(text, ")", err);
}

static bool bind(const void *of, const struct cpl_schema *in, const struct cpl_transform_env *env,
                 void **transform, struct cpl_schema **out, const char **key, struct cpl_error *err)
{
    const struct hash_options *o = of;
    *key = "columns";
    return cpl_calculate_each(&o->columns, write, o, in, env, transform, out, err);
}

const struct cpl_transform_ops cpl_transform_hash = {
    .name = "hash",
    .summary = "Turns values into the hexadecimal digits of their texts' hash. Rows that are "
               "rejected, and quality.original, keep the bytes that came in.",
    .example = "hash: {columns: [email], with: sha256, salt: '${HASH_SALT}'}",
    .options = options,
    .options_size = sizeof(struct hash_options),
    .shorthand = "columns",
    .check_options = check_options,
    .bind = bind,
    .unbind = cpl_calculate_unbind,
    .apply = cpl_calculate_step,
};
