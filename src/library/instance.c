/* Instances, options, errors: see include/cupel.h. */
#include "library/instance.h"
#include "config/describe.h"
#include "config/settings.h"

#include <stdlib.h>
#include <string.h>

const char *cupel_version(void)
{
    return CUPEL_VERSION;
}

const char *cupel_code_name(int code)
{
    return code >= 0 && code < CPL_CODE_COUNT ? cpl_code_name((enum cpl_code)code) : "INTERNAL";
}

bool cpl_library_fail(const struct cpl_error *why, cupel_error *err)
{
    if (!err)
        return false;
    err->code = (int)why->code;
    err->exit_status = cpl_code_exit_status(why->code);
    err->retriable = why->retriable;
    _Static_assert(sizeof err->message >= sizeof why->message, "an error's text must fit");
    memcpy(err->message, why->message, sizeof why->message);
    return false;
}

bool cpl_library_given(const void *argument, const char *function, const char *name,
                       cupel_error *err)
{
    struct cpl_error why = {0};
    if (argument)
        return true;
    cpl_fail(&why, CPL_E_USAGE, "%s: %s is NULL", function, name);
    return cpl_library_fail(&why, err);
}

cupel *cupel_new(const cupel_callbacks *callbacks, cupel_error *err)
{
    struct cpl_error why = {0};
    cupel *instance = cpl_alloc_zero(1, sizeof *instance, &why);
    if (err)
        *err = (cupel_error){0};
    if (!instance) {
        cpl_library_fail(&why, err);
        return NULL;
    }
    atomic_store(&instance->references, 1);
    if (callbacks) { /* an older caller's table is shorter */
        size_t size = callbacks->size < sizeof *callbacks ? callbacks->size : sizeof *callbacks;
        memcpy(&instance->callbacks, callbacks, size);
    }
    return instance;
}

void cpl_instance_release(struct cupel *instance)
{
    if (!instance || atomic_fetch_sub(&instance->references, 1) > 1)
        return;
    for (size_t i = 0; i < instance->settings.n; i++) {
        cpl_free((char *)(uintptr_t)instance->settings.items[i].key);
        cpl_free((char *)(uintptr_t)instance->settings.items[i].value);
    }
    cpl_free(instance->settings.items);
    cpl_free(instance->result);
    cpl_free(instance);
}

void cupel_free(cupel *instance)
{
    cpl_instance_release(instance);
}

void cupel_stop(cupel *instance)
{
    if (instance)
        atomic_store(&instance->stop, true);
}

/* ---- options ---- */

static void forget(struct cupel *instance, const char *option)
{
    struct cpl_pairs *settings = &instance->settings;
    for (size_t i = 0; i < settings->n; i++) {
        if (strcmp(settings->items[i].key, option) != 0)
            continue;
        cpl_free((char *)(uintptr_t)settings->items[i].key);
        cpl_free((char *)(uintptr_t)settings->items[i].value);
        memmove(&settings->items[i], &settings->items[i + 1],
                (settings->n - i - 1) * sizeof *settings->items);
        settings->n--;
        return;
    }
}

static bool remember(struct cupel *instance, const char *option, const char *value,
                     struct cpl_error *err)
{
    struct cpl_pairs *settings = &instance->settings;
    if (settings->n == instance->capacity) {
        size_t capacity = instance->capacity ? 2 * instance->capacity : 8;
        struct cpl_pair *items = cpl_realloc(settings->items, capacity * sizeof *items, err);
        if (!items)
            return false;
        settings->items = items;
        instance->capacity = capacity;
    }
    struct cpl_pair pair = {.key = cpl_strdup(option, err), .value = cpl_strdup(value, err)};
    if (!pair.key || !pair.value) {
        cpl_free((char *)(uintptr_t)pair.key);
        cpl_free((char *)(uintptr_t)pair.value);
        return false;
    }
    settings->items[settings->n++] = pair;
    return true;
}

bool cupel_set(cupel *instance, const char *option, const char *value, cupel_error *err)
{
    struct cpl_error why = {0};
    if (!cpl_library_given(instance, __func__, "instance", err) ||
        !cpl_library_given(option, __func__, "option", err))
        return false;
    forget(instance, option);
    return !value || remember(instance, option, value, &why) || cpl_library_fail(&why, err);
}

bool cpl_instance_settings(const struct cupel *instance, struct cpl_settings *settings,
                           struct cpl_error *err)
{
    for (size_t i = 0; i < instance->settings.n; i++)
        if (!cpl_settings_add(settings, instance->settings.items[i].key,
                              instance->settings.items[i].value, NULL, err))
            return false;
    return true;
}

/* ---- describe ---- */

static bool describe(const char *what, struct cpl_buffer *out, struct cpl_error *err)
{
    if (!strcmp(what, "json"))
        return cpl_describe_json(out, err);
    if (!strcmp(what, "schema"))
        return cpl_describe_schema(CPL_DIALECT_PIPELINE, out, err);
    if (!strcmp(what, "metadata-schema"))
        return cpl_describe_schema(CPL_DIALECT_METADATA, out, err);
    return cpl_describe_text(what, out, err);
}

char *cupel_describe(const char *what, cupel_error *err)
{
    struct cpl_error why = {0};
    struct cpl_buffer out = {0};
    char *text = NULL;
    if (!cpl_library_given(what, __func__, "what", err))
        return NULL;
    if (describe(what, &out, &why))
        text = cpl_strndup((const char *)out.data, out.size, &why);
    cpl_buffer_release(&out);
    if (!text)
        cpl_library_fail(&why, err);
    return text;
}

void cupel_free_text(char *text)
{
    cpl_free(text);
}
