/* From a path or a text to pipelines: reading files and directories, variables, documents,
 * dialects.
 *
 * Nothing but configuration is read: the file or the *.json of a directory, the .env beside it, and
 * what ${file:…} and ${exec:…} name. No input is opened, nothing is looked up in a network. */
#include "config/load.h"
#include "base/plural.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILE = 16 << 20, MAX_FILES = 10000 };

static const struct cpl_config_env no_env;

static void begin(struct cpl_loading *loading, struct cpl_config *config,
                  const struct cpl_config_env *env, struct cpl_problems *problems,
                  struct cpl_error *err)
{
    *config = (struct cpl_config){.arena = {0}};
    *loading = (struct cpl_loading){
        .arena = &config->arena,
        .env = env ? env : &no_env,
        .problems = problems,
        .err = err,
        .variables = {.arena = &config->arena, .takes_secret = cpl_node_takes_secret}};
    loading->variables.allow_exec = loading->env->allow_exec;
}

static bool make_tables(struct cpl_loading *loading)
{
    for (int section = 0; section < CPL_SECTION_COUNT; section++) {
        loading->tables[section] = cpl_section_table((enum cpl_section)section, !loading->partial,
                                                     loading->arena, loading->err);
        if (!loading->tables[section])
            return false;
    }
    return true;
}

/* ---- documents ---- */

/* The file's name without directory and ending, as a pipeline's name. */
static char *stem_of(struct cpl_loading *loading, const char *file)
{
    const char *slash = strrchr(file, '/'), *start = slash ? slash + 1 : file;
    const char *dot = strrchr(start, '.');
    size_t length = dot && dot > start ? (size_t)(dot - start) : strlen(start);
    if (length > 200)
        length = 200;
    char *name = cpl_arena_strndup(loading->arena, start, length, loading->err);
    for (char *c = name; c && *c; c++) {
        bool fine = (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') ||
                    (*c >= '0' && *c <= '9') || *c == '_' || *c == '-' || (*c == '.' && c > name);
        if (!fine)
            *c = '_';
    }
    return name;
}

static const char *default_name(struct cpl_loading *loading, const char *file)
{
    const char *stem = stem_of(loading, file);
    return stem && !*stem ? "pipeline" : stem;
}

/* The maps that are pipelines or metadata: of a document that is a list, or has the key
 * `pipelines`, its items. */
static bool load_unit(struct cpl_loading *loading, struct cpl_node *root, const char *name)
{
    if (cpl_metadata_unwanted(loading, root))
        return true;
    if (cpl_metadata_is(root))
        return cpl_load_metadata(loading, root);
    if (loading->only_metadata || loading->env->metadata_ocs) {
        cpl_tree_fail(
            root, loading->err, CPL_E_CONFIG,
            "this is no ingestion metadata: it has neither ocs_group_name nor dataset_config");
        return cpl_loading_wrong(loading);
    }
    return cpl_load_pipeline(loading, root, "pipeline", name);
}

static const struct cpl_node *list_of(const struct cpl_node *root)
{
    const struct cpl_node *pipelines = cpl_tree_get(root, "pipelines");
    if (pipelines)
        return pipelines;
    return root->kind == CPL_NODE_LIST ? root : NULL;
}

/* Beside `pipelines` only x-… keys may stand. */
static bool check_alone(struct cpl_loading *loading, const struct cpl_node *root)
{
    static const struct cpl_option rows[] = {{.name = "pipelines", .type = CPL_OPTION_NODE},
                                             {.name = NULL}};
    for (const struct cpl_node *child = root->kind == CPL_NODE_MAP ? root->first : NULL; child;
         child = child->next) {
        if (!strcmp(child->key, "pipelines") || !strncmp(child->key, "x-", 2))
            continue;
        cpl_option_unknown(rows, child, "a file with `pipelines`", loading->err);
        if (!cpl_loading_wrong(loading))
            return false;
    }
    return true;
}

static bool load_document(struct cpl_loading *loading, struct cpl_node *root, const char *name)
{
    const struct cpl_node *list = list_of(root);
    if (!list)
        return load_unit(loading, root, name);
    if (!check_alone(loading, root))
        return false;
    if (list->kind != CPL_NODE_LIST) {
        cpl_tree_fail(list, loading->err, CPL_E_CONFIG, "`pipelines` is a list of pipelines");
        return cpl_loading_wrong(loading);
    }
    for (struct cpl_node *item = list->first; item; item = item->next)
        if (!load_unit(loading, item, name))
            return false;
    return true;
}

static size_t count_units(struct cpl_node **roots, size_t n)
{
    size_t units = 0;
    for (size_t i = 0; i < n; i++) {
        const struct cpl_node *list = list_of(roots[i]);
        if (list)
            units += list->n_children;
        else
            units += roots[i]->kind != CPL_NODE_NULL;
    }
    return units;
}

static bool load_text(struct cpl_loading *loading, const char *text, size_t length,
                      const char *name)
{
    size_t n;
    struct cpl_node **roots = cpl_tree_parse_all(text, length, name, cpl_loading_problems(loading),
                                                 loading->arena, &n, loading->err);
    if (!roots) {
        loading->unread = true;
        return cpl_loading_wrong(loading);
    }
    loading->many = count_units(roots, n) > 1;
    const char *stem = default_name(loading, name);
    if (!stem)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (roots[i]->kind == CPL_NODE_NULL)
            continue;
        if (cpl_metadata_unwanted(loading, roots[i]))
            continue;
        if (!cpl_interpolate(roots[i], &loading->variables, cpl_loading_problems(loading),
                             loading->err) ||
            !load_document(loading, roots[i], stem))
            return false;
    }
    return true;
}

/* ---- files ---- */

static bool read_descriptor(int fd, const char *path, struct cpl_buffer *buffer,
                            struct cpl_error *err)
{
    for (;;) {
        if (!cpl_buffer_reserve(buffer, 1 << 16, err))
            return cpl_fail_in(err, path);
        ssize_t got = read(fd, buffer->data + buffer->size, 1 << 16);
        if (got == 0)
            return true;
        if (got < 0 && errno != EINTR)
            return cpl_fail_errno(err, errno, "cannot read %s", path);
        buffer->size += got > 0 ? (size_t)got : 0;
    }
}

static bool read_file(const char *path, struct cpl_buffer *buffer, struct cpl_error *err)
{
    if (!strcmp(path, "-"))
        return read_descriptor(0, "standard input", buffer, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cpl_fail_errno(err, errno, "cannot read %s", path);
    bool ok = read_descriptor(fd, path, buffer, err);
    close(fd);
    return ok;
}

static bool load_file(struct cpl_loading *loading, const char *path)
{
    struct cpl_buffer buffer = {.max = MAX_FILE + (1 << 17)};
    bool ok = read_file(path, &buffer, loading->err);
    ok = ok ? load_text(loading, buffer.data ? (const char *)buffer.data : "", buffer.size,
                        strcmp(path, "-") ? path : "standard input")
            : cpl_loading_wrong(loading);
    cpl_buffer_release(&buffer);
    return ok;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_json_name(const char *name)
{
    size_t length = strlen(name);
    return *name != '.' && length > 5 && !strcasecmp(name + length - 5, ".json");
}

/* Paths of the *.json in a directory, in name order; in the arena. */
static bool list_directory(struct cpl_loading *loading, const char *path, const char **files,
                           size_t *n)
{
    DIR *dir = opendir(path);
    if (!dir)
        return cpl_fail_errno(loading->err, errno, "cannot read %s", path);
    bool ok = true;
    *n = 0;
    for (struct dirent *entry; ok && (entry = readdir(dir));) {
        if (!is_json_name(entry->d_name))
            continue;
        if (*n == MAX_FILES) {
            ok = cpl_fail(loading->err, CPL_E_LIMIT, "%s holds more than %d files", path,
                          MAX_FILES);
            break;
        }
        size_t size = strlen(path) + strlen(entry->d_name) + 2;
        char *file = cpl_arena_alloc(loading->arena, size, loading->err);
        if ((ok = file != NULL)) {
            strcpy(file, path);
            if (path[strlen(path) - 1] != '/')
                strcat(file, "/");
            strcat(file, entry->d_name);
            files[(*n)++] = file;
        }
    }
    closedir(dir);
    qsort(files, *n, sizeof *files, by_text);
    return ok;
}

static bool load_directory(struct cpl_loading *loading, const char *path)
{
    size_t n = 0;
    const char **files = cpl_alloc(MAX_FILES * sizeof *files, loading->err);
    bool ok = files != NULL;
    if (ok && !list_directory(loading, path, files, &n)) {
        ok = cpl_loading_wrong(loading);
        n = 0;
    }
    if (ok && !n && !loading->n_problems) {
        cpl_fail(loading->err, CPL_E_NOT_FOUND, "%s holds no *.json", path);
        ok = cpl_loading_wrong(loading);
    }
    for (size_t i = 0; ok && i < n; i++)
        ok = load_file(loading, files[i]);
    cpl_free(files);
    return ok;
}

/* The directory in which a configuration stands, for .env and ${CUPEL_CONFIG_DIR}. */
static bool settle_directory(struct cpl_loading *loading, const char *path, bool is_directory)
{
    const char *slash = strrchr(path, '/');
    if (is_directory)
        loading->variables.config_dir = path;
    else if (!slash)
        loading->variables.config_dir = ".";
    else
        loading->variables.config_dir = cpl_arena_strndup(
            loading->arena, path, slash == path ? 1 : (size_t)(slash - path), loading->err);
    if (!loading->variables.config_dir)
        return false;
    return cpl_variables_read_dotenv(&loading->variables, loading->variables.config_dir,
                                     loading->err) ||
           cpl_loading_wrong(loading);
}

static bool load_path(struct cpl_loading *loading, const char *path)
{
    struct stat info;
    bool standard_input = !strcmp(path, "-");
    if (!standard_input && stat(path, &info)) {
        cpl_fail_errno(loading->err, errno, "cannot read %s", path);
        return cpl_loading_wrong(loading);
    }
    bool is_directory = !standard_input && S_ISDIR(info.st_mode);
    const char *copy = cpl_arena_strndup(loading->arena, path, strlen(path), loading->err);
    if (!copy || !settle_directory(loading, copy, is_directory))
        return false;
    loading->only_metadata = is_directory;
    return is_directory ? load_directory(loading, copy) : load_file(loading, copy);
}

/* ---- the end ---- */

static bool check_names(struct cpl_loading *loading)
{
    size_t n = loading->n_pipelines;
    struct cpl_named *named = cpl_alloc((n + 1) * sizeof *named, loading->err);
    if (!named)
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct cpl_node *name = cpl_tree_get(loading->roots[i], "name");
        named[i].name = loading->pipelines[i].name ? loading->pipelines[i].name : "";
        named[i].node = name ? name : loading->roots[i];
    }
    bool ok = cpl_names_differ(loading, named, n, "pipeline");
    cpl_free(named);
    return ok;
}

static bool finish(struct cpl_loading *loading, const char *name, struct cpl_config *config)
{
    if (!loading->n_pipelines && !loading->n_problems) {
        if (loading->env->metadata_ocs)
            cpl_fail(loading->err, CPL_E_NOT_FOUND, "%s: no ocs_group_name is `%.80s`%s%.80s%s",
                     name, loading->env->metadata_ocs,
                     loading->nearest_group ? "; did you mean `" : "",
                     loading->nearest_group ? loading->nearest_group : "",
                     loading->nearest_group ? "`?" : "");
        else
            cpl_fail(loading->err, CPL_E_CONFIG, "%s holds no pipeline", name);
        return cpl_loading_wrong(loading);
    }
    if (!check_names(loading) || !cpl_load_check_outputs(loading))
        return false;
    config->pipelines = loading->pipelines;
    config->n_pipelines = loading->n_pipelines;
    return true;
}

/* ---- the interface ---- */

bool cpl_config_load(const char *path, const struct cpl_config_env *env, struct cpl_config *config,
                     struct cpl_error *err)
{
    struct cpl_error own;
    struct cpl_loading loading;
    begin(&loading, config, env, NULL, err ? err : &own);
    if (make_tables(&loading) && load_path(&loading, path) && finish(&loading, path, config))
        return true;
    cpl_config_release(config);
    return false;
}

bool cpl_config_parse(const char *text, size_t length, const char *name,
                      const struct cpl_config_env *env, struct cpl_config *config,
                      struct cpl_error *err)
{
    struct cpl_error own;
    struct cpl_loading loading;
    begin(&loading, config, env, NULL, err ? err : &own);
    if (make_tables(&loading) && load_text(&loading, text, length, name) &&
        finish(&loading, name, config))
        return true;
    cpl_config_release(config);
    return false;
}

bool cpl_config_command(const char *name, const struct cpl_config_env *env,
                        struct cpl_config *config, struct cpl_error *err)
{
    struct cpl_error own;
    struct cpl_loading loading;
    begin(&loading, config, env, NULL, err ? err : &own);
    loading.partial = true;
    struct cpl_node *root = NULL;
    char *copy = cpl_arena_strndup(loading.arena, name, strlen(name), loading.err);
    if (copy && make_tables(&loading))
        root = cpl_make_node(&loading, CPL_NODE_MAP, NULL, NULL, NULL);
    if (root && cpl_load_pipeline(&loading, root, "command line", copy)) {
        config->pipelines = loading.pipelines;
        config->n_pipelines = loading.n_pipelines;
        return true;
    }
    cpl_config_release(config);
    return false;
}

bool cpl_config_default(const char *name, struct cpl_config *config, struct cpl_error *err)
{
    return cpl_config_command(name, NULL, config, err);
}

/* "p.yaml: 2 mistakes, and 1 in variables or flags" */
static void count_mistakes(const struct cpl_loading *loading, const char *path, bool whole)
{
    char outside[100] = "", text[CPL_COUNTED_TEXT];
    size_t own = loading->n_problems - loading->n_outside;
    if (loading->n_outside && own)
        snprintf(outside, sizeof outside, ", and %zu in variables or flags", loading->n_outside);
    else if (loading->n_outside)
        snprintf(outside, sizeof outside, "%s in variables or flags, none in the file",
                 cpl_counted(loading->n_outside, "mistake", text));
    cpl_fail(loading->err, CPL_E_CONFIG, "%s: %s%s%s", path, own ? CPL_COUNTED(own, "mistake") : "",
             outside, whole && !loading->unread ? "" : "; the rest of it was not looked at");
}

bool cpl_config_check(const char *path, const struct cpl_config_env *env,
                      struct cpl_problems *problems, struct cpl_config *config,
                      struct cpl_error *err)
{
    struct cpl_error own;
    struct cpl_loading loading;
    begin(&loading, config, env, problems, err ? err : &own);
    bool ok = make_tables(&loading) && load_path(&loading, path) && finish(&loading, path, config);
    if (loading.n_problems && loading.err->code != CPL_E_MEMORY)
        count_mistakes(&loading, path, ok);
    if (ok && !loading.n_problems)
        return true;
    cpl_config_release(config);
    return false;
}

bool cpl_config_take(struct cpl_node *kept, struct cpl_config *config, struct cpl_error *err)
{
    struct cpl_error own;
    struct cpl_loading loading;
    struct cpl_config_env env = {.kept = true};
    begin(&loading, config, &env, NULL, err ? err : &own);
    if (make_tables(&loading) && cpl_load_pipeline(&loading, kept, "kept", "kept") &&
        finish(&loading, "the kept configuration", config))
        return true;
    cpl_config_release(config);
    return false;
}

void cpl_config_release(struct cpl_config *config)
{
    cpl_arena_release(&config->arena);
    *config = (struct cpl_config){.arena = {0}};
}
