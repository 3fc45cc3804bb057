/* One output file on its way: an encoder's file over a staged writer (or standard output).
 *
 * Threads: a writer belongs to whoever opened it; opening is safe from any thread. */
#pragma once
#include "encode/encoder.h"
#include "run/commit.h"

struct cpl_staged_file {
    struct cpl_staged staged;
    char *path; /* relative to the dataset; NULL = the single file itself */
    char *partition;
    uint64_t rows;
    enum cpl_file_role role;
};
void cpl_staged_file_release(struct cpl_staged_file *file);

struct cpl_file_writer {
    struct cpl_write_sink sink; /* first: the encoder writes through it */
    struct cpl_writer *writer;  /* NULL: standard output */
    const struct cpl_encoder_ops *encoder;
    struct cpl_file_encoder *file;
    char *path;
    uint64_t rows, bytes;
    uint64_t largest; /* bytes of a part */
};
/* attempt NULL: standard output. path NULL: the single file itself. */
struct cpl_file_writer *cpl_file_writer_open(struct cpl_attempt *attempt, const char *path,
                                             const struct cpl_encoder_ops *encoder,
                                             const struct cpl_schema *schema, const void *options,
                                             struct cpl_error *err) CPL_CHECKED;
/* Takes the part, also on failure; NULL is no part. */
bool cpl_file_writer_add(struct cpl_file_writer *w, struct cpl_part *part,
                         struct cpl_error *err) CPL_CHECKED;
/* Parts are cut at so many bytes for files of a target size; 0: they are small enough as they come. */
uint64_t cpl_part_target(uint64_t target_file_size);
/* Is the file as near to so many bytes as parts of such sizes bring it? 0 bytes: never. */
bool cpl_file_writer_full(const struct cpl_file_writer *w, uint64_t target);
/* Ends and frees the writer, also on failure. *file is empty when it was standard output. */
bool cpl_file_writer_finish(struct cpl_file_writer *w, enum cpl_file_role role,
                            struct cpl_staged_file *file, struct cpl_error *err) CPL_CHECKED;
/* Forget the file. Accepts NULL. */
void cpl_file_writer_close(struct cpl_file_writer *w);
