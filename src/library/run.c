/* Runs by the library: see include/cupel.h. */
#include "config/settings.h"
#include "library/instance.h"

#include <string.h>

static void on_progress(void *context, const struct cpl_progress *progress)
{
    const struct cupel *instance = context;
    if (instance->callbacks.progress)
        instance->callbacks.progress(instance->callbacks.context, progress->phase,
                                     progress->bytes_done, progress->bytes_total, progress->rows,
                                     progress->rejects, progress->seconds);
}

static void on_log(void *context, const char *level, const char *message)
{
    const struct cupel *instance = context;
    if (instance->callbacks.log)
        instance->callbacks.log(instance->callbacks.context, level, message);
}

/* Keep the result as JSON; *problem NULL when the run went well. */
static bool keep_result(struct cupel *instance, const struct cpl_pipeline *pipeline,
                        const struct cpl_run_result *result, const struct cpl_error *problem,
                        struct cpl_error *err)
{
    struct cpl_buffer json = {0};
    bool ok = cpl_run_result_write(result, pipeline->name, problem, &json, err);
    cpl_free(instance->result);
    instance->result = ok ? cpl_strndup((const char *)json.data, json.size, err) : NULL;
    cpl_buffer_release(&json);
    return instance->result != NULL;
}

static bool run_one(struct cupel *instance, const struct cpl_pipeline *pipeline, const char *run_id,
                    struct cpl_error *err)
{
    struct cpl_error other;
    struct cpl_run_result result;
    struct cpl_run_options options = {.pipeline = pipeline,
                                      .run_id = run_id,
                                      .stop = &instance->stop,
                                      .context = instance,
                                      .progress = on_progress,
                                      .log = on_log};
    bool ok = cpl_run(&options, &result, err);
    bool kept = keep_result(instance, pipeline, &result, ok ? NULL : err, ok ? err : &other);
    cpl_run_result_release(&result);
    return ok && kept;
}

static bool run_all(struct cupel *instance, const struct cpl_config *config, const char *only,
                    const char *run_id, struct cpl_error *err)
{
    bool found = false;
    for (size_t i = 0; i < config->n_pipelines; i++) {
        const struct cpl_pipeline *pipeline = &config->pipelines[i];
        if (only && strcmp(pipeline->name, only) != 0)
            continue;
        found = true;
        if (!run_one(instance, pipeline, run_id, err))
            return false;
    }
    return found || cpl_fail(err, CPL_E_USAGE, "there is no pipeline `%.80s`; the first is `%.80s`",
                             only ? only : "", config->pipelines[0].name);
}

/* Where a configuration comes from: a file when `text` is NULL. */
struct origin {
    const char *path, *text;
    size_t length;
};

static bool run_origin(struct cupel *instance, const struct origin *origin, const char *only,
                       const char *run_id, cupel_error *err)
{
    struct cpl_error why = {0};
    struct cpl_settings settings = {0};
    struct cpl_config config = {.pipelines = NULL};
    atomic_store(&instance->stop, false);
    bool ok = cpl_instance_settings(instance, &settings, &why);
    struct cpl_config_env env = {.flags = settings.items, .only = only};
    ok = ok && (origin->text ? cpl_config_parse(origin->text, origin->length, origin->path, &env,
                                                &config, &why)
                             : cpl_config_load(origin->path, &env, &config, &why));
    ok = ok && run_all(instance, &config, only, run_id, &why);
    cpl_config_release(&config);
    cpl_settings_release(&settings);
    return ok || cpl_library_fail(&why, err);
}

bool cupel_run_file(cupel *instance, const char *path, const char *pipeline, const char *run_id,
                    cupel_error *err)
{
    return cpl_library_given(instance, __func__, "instance", err) &&
           cpl_library_given(path, __func__, "path", err) &&
           run_origin(instance, &(struct origin){.path = path}, pipeline, run_id, err);
}

bool cupel_run_text(cupel *instance, const char *text, size_t length, const char *name,
                    const char *pipeline, const char *run_id, cupel_error *err)
{
    struct origin origin = {.path = name ? name : "text", .text = text, .length = length};
    return cpl_library_given(instance, __func__, "instance", err) &&
           cpl_library_given(text, __func__, "text", err) &&
           run_origin(instance, &origin, pipeline, run_id, err);
}

/* Words of the call first, options of the instance behind them, so that they win. */
static bool convert_settings(const struct cupel *instance, const char *const *inputs, size_t n,
                             const char *output, struct cpl_settings *settings,
                             struct cpl_error *err)
{
    return cpl_settings_add_list(settings, "source.path", inputs, n, "inputs", err) &&
           cpl_settings_add(settings, "sink.path", output, "output", err) &&
           cpl_settings_add(settings, "sink.mode", "error", "sink.mode", err) &&
           cpl_instance_settings(instance, settings, err);
}

static bool convert_given(const cupel *instance, const char *const *inputs, size_t n,
                          const char *output, cupel_error *err)
{
    static const char function[] = "cupel_convert";
    bool ok = cpl_library_given(instance, function, "instance", err) &&
              cpl_library_given(output, function, "output", err) &&
              (!n || cpl_library_given(inputs, function, "inputs", err));
    for (size_t i = 0; ok && i < n; i++)
        ok = cpl_library_given(inputs[i], function, "one of the inputs", err);
    return ok;
}

bool cupel_convert(cupel *instance, const char *const *inputs, size_t n_inputs, const char *output,
                   cupel_error *err)
{
    struct cpl_error why = {0};
    struct cpl_settings settings = {0};
    struct cpl_config config = {.pipelines = NULL};
    if (!convert_given(instance, inputs, n_inputs, output, err))
        return false;
    atomic_store(&instance->stop, false);
    bool ok = convert_settings(instance, inputs, n_inputs, output, &settings, &why) &&
              cpl_settings_load(&settings, "convert", &config, &why) &&
              run_one(instance, &config.pipelines[0], NULL, &why);
    cpl_config_release(&config);
    cpl_settings_release(&settings);
    return ok || cpl_library_fail(&why, err);
}

const char *cupel_result(const cupel *instance)
{
    return instance ? instance->result : NULL;
}
