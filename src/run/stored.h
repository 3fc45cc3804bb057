/* Reading back JSON that this program once wrote: records of the log and receipts.
 *
 * Strict getters with a sticky failure, so that a parser reads as a list of members and checks once
 * at its end. What is missing or of another shape makes the document CORRUPT, naming file and
 * member. Texts are copied into `arena`, so that the parsed tree can go. */
#pragma once
#include "base/tree.h"
#include "run/log_record.h"

/* A record or receipt of CPL_LOG_RECORD_MAX bytes has fewer values. */
enum { CPL_STORED_NODES = 4 << 20 };

struct cpl_stored {
    const char *name;         /* of the file, for messages */
    struct cpl_arena *arena;  /* where texts and arrays live */
    struct cpl_arena scratch; /* the parsed tree */
    struct cpl_error *err;
    bool failed;
};
/* The document's top map; NULL (and failed) when there is none. Release whatever happens. */
const struct cpl_node *cpl_stored_open(struct cpl_stored *in, const char *text, size_t size);
/* The same, handing out the items of long lists (tree.h). */
const struct cpl_node *cpl_stored_open_items(struct cpl_stored *in, const char *text, size_t size,
                                             const struct cpl_tree_items *items, size_t n_items);
void cpl_stored_release(struct cpl_stored *in);
bool cpl_stored_fail(struct cpl_stored *in, const char *format, ...) CPL_PRINTF(2, 3);

/* Never NULL; "" after a failure. */
const char *cpl_stored_text(struct cpl_stored *in, const struct cpl_node *map, const char *key);
/* As cpl_stored_text into `out` (with its NUL); too long is a failure. */
void cpl_stored_hash(struct cpl_stored *in, const struct cpl_node *map, const char *key, char *out,
                     size_t room);
uint64_t cpl_stored_uint(struct cpl_stored *in, const struct cpl_node *map, const char *key);
int64_t cpl_stored_int(struct cpl_stored *in, const struct cpl_node *map, const char *key);
bool cpl_stored_bool(struct cpl_stored *in, const struct cpl_node *map, const char *key);
/* The member `key`, which must be a map or list; NULL after a failure. */
const struct cpl_node *cpl_stored_map(struct cpl_stored *in, const struct cpl_node *map,
                                      const char *key);
const struct cpl_node *cpl_stored_list(struct cpl_stored *in, const struct cpl_node *map,
                                       const char *key);
/* Zeroed room for one item per child of `node` (NULL: none); NULL only after a failure or for none.
 */
void *cpl_stored_array(struct cpl_stored *in, const struct cpl_node *node, size_t item_size,
                       size_t *n);
/* A list of texts. */
const char **cpl_stored_texts(struct cpl_stored *in, const struct cpl_node *map, const char *key,
                              size_t *n);
/* A map of names to whole numbers. */
struct cpl_named_count *cpl_stored_counts(struct cpl_stored *in, const struct cpl_node *map,
                                          size_t *n);
