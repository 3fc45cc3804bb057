/* Which decoder reads an input: as the pipeline says, or by what the input's first bytes look like.
 *
 * Its name breaks ties. What is called JSON, and is neither that nor a table, is refused: as CSV, a comment above JSON would be the
 * header of a table without rows. Threads: any. */
#pragma once
#include "config/pipeline.h"
#include "decode/decoder.h"

/* `recorded`: the decoder that read the input before (in a replay), or NULL. NULL: an error. */
const struct cpl_decoder_ops *cpl_plan_find_decoder(const struct cpl_source_config *source,
                                                    const char *recorded,
                                                    const struct cpl_sample *head, const char *path,
                                                    struct cpl_error *err);
