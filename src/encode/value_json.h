/* Values as JSON text (RFC 8259), for NDJSON files and for nested values inside CSV.
 *
 *   boolean, integers, decimals   true/false and numbers, every digit of them
 *   float, double                 shortest digits that give the value back; NaN and infinities by `non_finite`
 *   string                        string; " \ and control characters escaped, the rest as UTF-8
 *   binary                        string in base64 (RFC 4648 §4)
 *   json                          as it is, line breaks between its tokens made blanks
 *   uuid, date, time, timestamp   strings: 2026-11-01, 12:30:00.5, 2026-11-01T12:30:00.500Z
 *   struct, list                  object, array
 *   map                           object when keys are strings, else an array of {"key": …, "value": …}
 * Nulls are written as null. Thread-safe. */
#pragma once
#include "batch/batch.h"

enum cpl_non_finite { CPL_NON_FINITE_STRING, CPL_NON_FINITE_NULL, CPL_NON_FINITE_FAIL };

bool cpl_json_put_value(struct cpl_buffer *out, const struct cpl_column *column, uint32_t row,
                        enum cpl_non_finite non_finite, struct cpl_error *err) CPL_CHECKED;
/* A string in quotes. */
bool cpl_json_put_string(struct cpl_buffer *out, const uint8_t *data, size_t length,
                         struct cpl_error *err) CPL_CHECKED;
/* Base64 without quotes. */
bool cpl_base64_put(struct cpl_buffer *out, const uint8_t *data, size_t length,
                    struct cpl_error *err) CPL_CHECKED;
