#include "config/settings.h"
#include "base/text.h"
#include "base/tree.h"
#include "decode/stream.h"

#include <stdio.h>
#include <string.h>

void cpl_settings_release(struct cpl_settings *settings)
{
    cpl_free(settings->items);
    cpl_free(settings->flags);
    cpl_arena_release(&settings->arena);
    *settings = (struct cpl_settings){.items = NULL};
}

static bool grow(struct cpl_settings *settings, struct cpl_error *err)
{
    size_t capacity = settings->capacity ? 2 * settings->capacity : 16;
    if (settings->n + 1 < settings->capacity)
        return true;
    const char **items = cpl_realloc(settings->items, capacity * sizeof *items, err);
    if (!items)
        return false;
    settings->items = items;
    const char **flags = cpl_realloc(settings->flags, capacity * sizeof *flags, err);
    if (!flags)
        return false;
    settings->flags = flags;
    settings->capacity = capacity;
    return true;
}

bool cpl_settings_add_written(struct cpl_settings *settings, const char *item, const char *flag,
                              struct cpl_error *err)
{
    if (!grow(settings, err))
        return false;
    settings->items[settings->n] = item;
    settings->flags[settings->n++] = flag;
    settings->items[settings->n] = NULL;
    return true;
}

/* Words of the command line are taken as they are: `$` must not begin an interpolation. */
static bool append_plain(struct cpl_buffer *out, const char *text, struct cpl_error *err)
{
    for (; *text; text++)
        if (!cpl_buffer_append(out, text, 1, err) ||
            (*text == '$' && !cpl_buffer_append(out, "$", 1, err)))
            return false;
    return true;
}

static bool add_buffer(struct cpl_settings *settings, struct cpl_buffer *item, const char *flag,
                       struct cpl_error *err)
{
    const char *copy = cpl_arena_strndup(&settings->arena, (const char *)item->data, item->size,
                                         err);
    return copy && cpl_settings_add_written(settings, copy, flag, err);
}

/* Words of the command line may be any bytes; options hold UTF-8. */
static bool check_word(const char *word, const char *flag, struct cpl_error *err)
{
    char shown[300];
    if (cpl_utf8_valid((const uint8_t *)word, strlen(word)))
        return true;
    cpl_text_escape(shown, sizeof shown, word);
    return cpl_fail(err, CPL_E_USAGE,
                    "%s%s%s is not valid UTF-8; a file of such a name must be renamed, or read as "
                    "standard input (- < FILE)",
                    flag ? flag : "", flag ? " " : "", shown);
}

bool cpl_settings_add(struct cpl_settings *settings, const char *option, const char *value,
                      const char *flag, struct cpl_error *err)
{
    struct cpl_buffer item = {0};
    if (!check_word(value, flag, err))
        return false;
    bool ok = cpl_buffer_printf(&item, err, "%s=", option) && append_plain(&item, value, err) &&
              add_buffer(settings, &item, flag, err);
    cpl_buffer_release(&item);
    return ok;
}

/* `option=<json>`, where the JSON has been written to `json`. */
bool cpl_settings_add_json(struct cpl_settings *settings, const char *option,
                           struct cpl_buffer *json, const char *flag, struct cpl_error *err)
{
    const char *text = cpl_buffer_text(json, err);
    return text && cpl_settings_add(settings, option, text, flag, err);
}

bool cpl_settings_add_list(struct cpl_settings *settings, const char *option,
                           const char *const *words, size_t n, const char *flag,
                           struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    struct cpl_json_writer json;
    for (size_t i = 0; i < n; i++)
        if (!check_word(words[i], flag, err))
            return false;
    cpl_json_begin(&json, &text, 0, err);
    cpl_json_list(&json, NULL);
    for (size_t i = 0; i < n; i++)
        cpl_json_string(&json, NULL, words[i]);
    cpl_json_close(&json);
    bool ok = cpl_json_end(&json) && cpl_settings_add_json(settings, option, &text, flag, err);
    cpl_buffer_release(&text);
    return ok;
}

/* ---- loading ---- */

/* "--set sink.path: sink.path: …" */
static void say_option_once(char *message, const char *path, size_t length)
{
    char *again = message + (path - message) + length;
    if (!strncmp(again, ": ", 2) && !strncmp(again + 2, path, length) && again[2 + length] == ':')
        memmove(again, again + 2 + length, strlen(again + 2 + length) + 1);
}

void cpl_settings_name_flag(const struct cpl_settings *settings, struct cpl_error *err)
{
    static const char set[] = "--set ";
    char text[sizeof err->message];
    const char *path = err->message + sizeof set - 1;
    if (strncmp(err->message, set, sizeof set - 1) != 0)
        return;
    size_t length = strcspn(path, ":");
    say_option_once(err->message, path, length);
    for (size_t i = settings->n; i-- > 0;) {
        if (strncmp(settings->items[i], path, length) != 0 || settings->items[i][length] != '=')
            continue;
        if (settings->flags[i]) {
            const char *rest = path + length;
            rest += *rest ? 1 + strspn(rest + 1, "0123456789:") : 0; /* no line in a flag */
            cpl_text_set(text, sizeof text, "%s:%s%s", settings->flags[i], *rest == ' ' ? "" : " ",
                         rest);
            memcpy(err->message, text, sizeof text);
            err->code = err->code == CPL_E_CONFIG ? CPL_E_USAGE : err->code;
        }
        return;
    }
}

bool cpl_settings_load(const struct cpl_settings *settings, const char *name,
                       struct cpl_config *config, struct cpl_error *err)
{
    struct cpl_config_env env = {.flags = settings->items};
    if (cpl_config_command(name, &env, config, err))
        return true;
    cpl_settings_name_flag(settings, err);
    return false;
}
