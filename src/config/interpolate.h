/* `${…}` in configuration values.
 *
 *   ${NAME}            the environment's, else the .env file's; an error when neither has it
 *   ${NAME:-default}   default when unset or empty; may itself hold ${…}
 *   ${file:/path}      the content of a regular file of up to 64 KiB, without the newlines at its
 * end
 *   ${exec:argv …}     what a program prints, likewise; only when allowed. No shell: words are
 * split at blanks, quotes and backslashes as in sh, nothing is expanded; 10 seconds, then it is
 * killed
 *   $$                 one $. A $ before any other character stands for itself
 *
 * Files and programs give secrets: they may stand only where takes_secret says so, and anywhere
 * else are refused before they are read or run.
 *
 * What is put in is never looked at again, so a value cannot smuggle in a ${…} of its own. Nodes
 * that got something are marked secret: no message shows them, and config_hash covers the text with
 * its ${…} instead. Threads: variables belong to one load. */
#pragma once
#include "base/option.h"
#include "base/tree.h"

enum { CPL_SECRET_MAX_BYTES = 64 << 10, CPL_EXEC_SECONDS = 10 };

struct cpl_variables {
    struct cpl_arena *arena;
    struct cpl_pairs dotenv;
    const char *config_dir; /* ${CUPEL_CONFIG_DIR}: where the file stands; NULL = none */
    bool allow_exec;
    /* Whether ${file:…} and ${exec:…} may stand in this scalar; NULL = in none. */
    bool (*takes_secret)(const struct cpl_node *node);
};
/* The .env file of a directory into variables->dotenv; absent is fine. */
bool cpl_variables_read_dotenv(struct cpl_variables *variables, const char *directory,
                               struct cpl_error *err) CPL_CHECKED;
/* The text of a .env file; `name` is for messages. */
bool cpl_variables_parse_dotenv(struct cpl_variables *variables, const char *text, const char *name,
                                struct cpl_error *err) CPL_CHECKED;
/* NULL when neither the environment nor .env has it. */
const char *cpl_variables_get(const struct cpl_variables *variables, const char *name);

/* Every scalar of the tree, in place. With `problems` all mistakes are reported, and false means
 * stop. */
bool cpl_interpolate(struct cpl_node *node, const struct cpl_variables *variables,
                     struct cpl_problems *problems, struct cpl_error *err) CPL_CHECKED;

/* secret_source.c: the content of a file, the output of a program; in the arena, NULL on failure.
 * What a program writes to standard error is shown nowhere: errors say how much it was. */
const char *cpl_secret_file(const char *path, struct cpl_arena *arena, struct cpl_error *err);
const char *cpl_secret_exec(const char *command, struct cpl_arena *arena, struct cpl_error *err);
