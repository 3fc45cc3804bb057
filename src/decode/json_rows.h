/* Does the way to the rows (`rows`) exist?
 *
 * A document that lacks it is rejected, as others may have it. When all are seen and none has it, the pipeline is wrong: that is told
 * once, with the keys that are there. A document that ends behind the sample, or is no JSON, decides nothing.
 * Threads: any. */
#pragma once
#include "decode/json.h"

/* CONFIG, with a text that begins with `source.json.rows: `, when the samples are all there is and none of their documents has the path. */
bool json_rows_exist(const struct cpl_json_settings *settings, const struct cpl_sample *samples,
                     size_t n_samples, struct cpl_error *err) CPL_CHECKED;
