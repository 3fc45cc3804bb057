/* What the files of config/ share while one configuration is loaded.
 *
 *   text ──base/tree──▶ tree ──interpolate──▶ dialect_metadata (only metadata JSON) ──▶ pipeline
 * tree ──overrides (environment, then flags)──▶ pipeline.c ──▶ struct cpl_pipeline
 *
 * With `problems`, a mistake is reported and loading goes on; without, it stops. A failing step
 * fills *err and ends with `return wrong(loading)`, which says whether to go on. Threads: one
 * loading, one thread. */
#pragma once
#include "config/interpolate.h"
#include "config/sections.h"

enum { CPL_MOST_PROBLEMS = 200 }; /* then a check stops: the file is something else altogether */

struct cpl_loading {
    struct cpl_problems counting; /* must be first: counts, and hands on to `problems` */
    struct cpl_arena *arena;
    const struct cpl_config_env *env;
    struct cpl_variables variables;
    struct cpl_problems *problems; /* NULL: stop at the first */
    size_t n_problems;
    size_t n_outside; /* of them in variables and flags */
    bool unread;      /* a file ended the reading with its first mistake: it is no YAML or JSON */
    struct cpl_error *err; /* never NULL */
    bool partial;          /* source.path and sink.path may be missing: the caller fills them in */
    bool many;             /* several pipelines: each must have a name */
    bool only_metadata;    /* a directory: other dialects have no business there */
    const struct cpl_option *tables[CPL_SECTION_COUNT];
    struct cpl_pipeline *pipelines;
    size_t n_pipelines, capacity;
    const struct cpl_node **roots; /* of each pipeline, for messages */
    const char *nearest_group;     /* a group whose name is like the one wanted */
};

/* Report *loading->err; true = go on. */
bool cpl_loading_wrong(struct cpl_loading *loading);
/* Where callees report; NULL = stop at the first. */
struct cpl_problems *cpl_loading_problems(struct cpl_loading *loading);
/* A new, empty pipeline at the end of the list; NULL without memory. */
struct cpl_pipeline *cpl_loading_add(struct cpl_loading *loading, const struct cpl_node *root);

/* pipeline.c: one pipeline tree, in which every key has been interpolated. */
bool cpl_load_pipeline(struct cpl_loading *loading, struct cpl_node *root, const char *dialect,
                       const char *default_name) CPL_CHECKED;
/* Refuse a section that nothing runs yet, unless it is empty. */
bool cpl_load_refuse(struct cpl_loading *loading, const struct cpl_node *section);
/* schema_section.c; the second: a type's text into *type, at `node`'s place: "the type of column
 * `x`: …". */
bool cpl_load_type(struct cpl_loading *loading, const char *text, const char *what,
                   const char *name, const struct cpl_node *node,
                   struct cpl_type *type) CPL_CHECKED;
bool cpl_load_schema(struct cpl_loading *loading, const struct cpl_node *node,
                     struct cpl_schema_config *schema) CPL_CHECKED;
/* sink_section.c, source_section.c */
bool cpl_load_source(struct cpl_loading *loading, const struct cpl_node *node,
                     struct cpl_source_config *source) CPL_CHECKED;
bool cpl_load_sink(struct cpl_loading *loading, const struct cpl_node *node,
                   struct cpl_sink_config *sink) CPL_CHECKED;
/* transform_section.c, quality_section.c */
bool cpl_load_transform(struct cpl_loading *loading, const struct cpl_node *list,
                        struct cpl_transform_config *transform) CPL_CHECKED;
bool cpl_load_quality(struct cpl_loading *loading, const struct cpl_node *node,
                      struct cpl_quality_config *quality) CPL_CHECKED;
/* Folders that tell of grades are the outermost that rows are partitioned by. */
bool cpl_load_grade_folder(struct cpl_loading *loading, const struct cpl_node *quality,
                           struct cpl_pipeline *pipeline) CPL_CHECKED;
/* component_item.c: a list's item that is a component with its options, `{range: {min: 1}, id: …}`: exactly one key is the name of a
 * component of that kind, the others are options of `common`, which fill *beside. *found is NULL after a mistake that
 * was reported. */
struct cpl_item {
    const struct cpl_component *component;
    void *options; /* in the loading's arena */
    const struct cpl_node *node, *value;
};
bool cpl_load_item(struct cpl_loading *loading, const struct cpl_node *node,
                   enum cpl_component_kind kind, const struct cpl_option *common, void *beside,
                   struct cpl_item *found) CPL_CHECKED;
/* limits_section.c */
bool cpl_load_limits(struct cpl_loading *loading, const struct cpl_node *node,
                     struct cpl_limits_config *limits) CPL_CHECKED;

/* Parse a section's map by its table into `out`, which is zeroed first. */
bool cpl_load_section(struct cpl_loading *loading, enum cpl_section section,
                      const struct cpl_node *node, void *out) CPL_CHECKED;
/* Check a format's own options (`csv: {…}`) against its component's table. */
bool cpl_load_check_format(struct cpl_loading *loading, const struct cpl_component *component,
                           const struct cpl_node *node, const char *where) CPL_CHECKED;
/* "auto" or a component's name; else an error with the nearest. */
bool cpl_load_check_name(struct cpl_loading *loading, enum cpl_component_kind kind,
                         const char *name, const struct cpl_node *node, const char *where);

/* overrides.c: CUPEL_SECTION_OPTION of the environment, then --set section.option=value, into the
 * tree. */
bool cpl_load_overrides(struct cpl_loading *loading, struct cpl_node *root) CPL_CHECKED;
/* secret_option.c: is this the value of an option marked secret, in either dialect? Nodes that a
 * table does not know are none. */
bool cpl_node_takes_secret(const struct cpl_node *node);
/* column_names.c: columns that options of the sink's format name are among those declared, when no
 * others can come. */
bool cpl_load_check_columns(struct cpl_loading *loading,
                            const struct cpl_pipeline *pipeline) CPL_CHECKED;
/* hash.c: "xxh3:…" of the tree, secrets as they are written. */
bool cpl_load_hash(struct cpl_loading *loading, const struct cpl_node *root,
                   char hash[40]) CPL_CHECKED;

/* dialect_metadata.c: is this document ingestion metadata, and its pipelines. */
bool cpl_metadata_is(const struct cpl_node *root);
/* Of a group that the caller did not ask for. */
bool cpl_metadata_unwanted(struct cpl_loading *loading, const struct cpl_node *root);
bool cpl_load_metadata(struct cpl_loading *loading, struct cpl_node *root) CPL_CHECKED;

/* outputs.c: no two pipelines that run write one file. */
bool cpl_load_check_outputs(struct cpl_loading *loading) CPL_CHECKED;

/* make_node.c: nodes that stand for what a dialect, flag or variable says, with the place of
 * `origin`. */
struct cpl_node *cpl_make_node(struct cpl_loading *loading, enum cpl_node_kind kind,
                               const struct cpl_node *origin, const char *key, const char *text);
/* Put last into `parent`; a member of the same key is replaced. */
void cpl_make_member(struct cpl_node *parent, struct cpl_node *child);
/* Put behind *tail (start with &list->first). */
void cpl_make_item(struct cpl_node *list, struct cpl_node ***tail, struct cpl_node *item);
/* A scalar member at `origin`'s place; a NULL text adds nothing. */
bool cpl_make_text(struct cpl_loading *loading, struct cpl_node *map, const char *key,
                   const char *text, const struct cpl_node *origin) CPL_CHECKED;
/* The member called `key`, else the map itself: where a message should point. */
const struct cpl_node *cpl_tree_place_of(const struct cpl_node *map, const char *key);
/* A copy of `from` under another key; its children are shared. */
struct cpl_node *cpl_make_alias(struct cpl_loading *loading, const struct cpl_node *from,
                                const char *key);

struct cpl_named {
    const char *name;
    const struct cpl_node *node;
};
/* names.c: the same name twice, to the letter. */
bool cpl_names_unique(struct cpl_loading *loading, struct cpl_named *named, size_t n,
                      const char *what) CPL_CHECKED;
/* Words that must differ, however their ASCII letters are written. */
/* Report each of `named` (put into order by this) that repeats another; `what` is "column",
 * "dataset" …. */
bool cpl_names_differ(struct cpl_loading *loading, struct cpl_named *named, size_t n,
                      const char *what) CPL_CHECKED;
