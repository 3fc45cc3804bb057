#include "run/receipt.h"

#include "base/tree.h"
#include "batch/schema_json.h"
#include "run/record_parts.h"
#include "run/seal.h"

#include <string.h>

/* Version 1 had no checksum of its own. */
enum { FORMAT_VERSION = 2, UNSEALED_VERSION = 1 };
static const struct cpl_seal seal = {.head = ",\n  \"checksum\": \"", .end = "\"\n}\n"};

/* ---- writing ---- */

static void write_input_bytes(struct cpl_json_writer *writer, const struct cpl_input_account *input)
{
    cpl_json_object(writer, "bytes");
    cpl_json_uint(writer, "header", input->header_bytes);
    cpl_json_uint(writer, "comment", input->comment_bytes);
    cpl_json_uint(writer, "blank", input->blank_bytes);
    cpl_json_uint(writer, "row", input->row_bytes);
    cpl_json_uint(writer, "reject", input->reject_bytes);
    cpl_json_close(writer);
}

static void write_input(struct cpl_json_writer *writer, const struct cpl_input_account *input)
{
    cpl_json_object(writer, NULL);
    cpl_json_string(writer, "path", input->path);
    if (input->size == UINT64_MAX)
        cpl_json_raw(writer, "size", "null");
    else
        cpl_json_uint(writer, "size", input->size);
    cpl_json_string(writer, "etag", cpl_text_or_empty(input->etag));
    cpl_json_string(writer, "checksum", cpl_text_or_empty(input->checksum));
    cpl_json_string(writer, "compression", cpl_text_or_empty(input->compression));
    cpl_json_string(writer, "charset", cpl_text_or_empty(input->charset));
    cpl_json_uint(writer, "from", input->from);
    cpl_json_uint(writer, "to", input->to);
    cpl_json_uint(writer, "decompressed", input->decompressed);
    cpl_json_uint(writer, "text_bytes", input->text_bytes);
    cpl_json_uint(writer, "rows_read", input->rows_read);
    cpl_json_uint(writer, "rows_decoded", input->rows_decoded);
    cpl_json_uint(writer, "rows_rejected", input->rows_rejected);
    cpl_json_bool(writer, "text", input->text);
    write_input_bytes(writer, input);
    cpl_json_close(writer);
}

static void write_inputs(struct cpl_json_writer *writer, const struct cpl_account *account)
{
    cpl_json_list(writer, "inputs");
    for (size_t i = 0; i < account->n_inputs; i++)
        write_input(writer, &account->inputs[i]);
    cpl_json_close(writer);
}

static void write_files(struct cpl_json_writer *writer, const struct cpl_receipt *receipt,
                        enum cpl_file_role role, const char *key)
{
    cpl_json_list(writer, key);
    for (size_t i = 0; i < receipt->n_files; i++)
        if (receipt->files[i].role == role)
            cpl_put_file_entry(writer, &receipt->files[i], CPL_IN_RECEIPT);
    cpl_json_close(writer);
}

static void write_head(struct cpl_json_writer *writer, const struct cpl_receipt *receipt)
{
    cpl_json_uint(writer, "version", FORMAT_VERSION);
    cpl_json_string(writer, "program", "cupel " CUPEL_VERSION);
    cpl_json_string(writer, "run_id", cpl_text_or_empty(receipt->run_id));
    cpl_json_string(writer, "pipeline", cpl_text_or_empty(receipt->pipeline));
    cpl_json_string(writer, "dialect", cpl_text_or_empty(receipt->dialect));
    cpl_json_string(writer, "config_hash", cpl_text_or_empty(receipt->config_hash));
    cpl_json_string(writer, "plan_hash", cpl_text_or_empty(receipt->plan_hash));
    cpl_json_int(writer, "now_ms", receipt->now_ms);
    cpl_json_string(writer, "previous", cpl_text_or_empty(receipt->previous));
    cpl_json_string(writer, "decoder", cpl_text_or_empty(receipt->decoder));
    if (receipt->decoder_settings)
        cpl_json_raw(writer, "decoder_settings", receipt->decoder_settings);
    cpl_json_string(writer, "format", cpl_text_or_empty(receipt->format));
    if (receipt->encoder_settings)
        cpl_json_raw(writer, "encoder_settings", receipt->encoder_settings);
}

bool cpl_receipt_encode(const struct cpl_receipt *receipt, struct cpl_buffer *out,
                        struct cpl_error *err)
{
    char hash[CPL_HASH_TEXT];
    size_t from = out->size;
    struct cpl_json_writer writer;
    cpl_json_begin(&writer, out, 2, err);
    cpl_json_object(&writer, NULL);
    write_head(&writer, receipt);
    cpl_put_row_counts(&writer, &receipt->account->rows, receipt->account->rejected_by_rule,
                       receipt->account->n_rules);
    cpl_json_string(&writer, "first_reject", receipt->first_reject);
    if (receipt->remarks.n)
        cpl_json_strings(&writer, "remarks", &receipt->remarks);
    if (receipt->chain)
        cpl_json_raw(&writer, "quality", receipt->chain);
    write_inputs(&writer, receipt->account);
    cpl_schema_put(&writer, "schema", receipt->schema);
    write_files(&writer, receipt, CPL_FILE_DATA, "files");
    write_files(&writer, receipt, CPL_FILE_REJECTS, "rejects");
    cpl_put_texts(&writer, "removed", receipt->removed, receipt->n_removed);
    cpl_put_texts(&writer, "replayed", receipt->replayed, receipt->n_replayed);
    cpl_put_timings(&writer, &receipt->timings);
    cpl_json_close(&writer);
    if (!cpl_json_end(&writer))
        return false;
    out->size -= sizeof "\n}" - 1; /* the closing brace comes after the checksum */
    return cpl_seal_append(&seal, out, from, hash, err);
}

/* ---- reading ---- */

static void read_input(struct cpl_stored *in, const struct cpl_node *item,
                       struct cpl_input_account *input)
{
    const struct cpl_node *size = cpl_tree_get(item, "size");
    input->path = cpl_stored_text(in, item, "path");
    input->size = size && size->kind == CPL_NODE_NULL ? UINT64_MAX
                                                      : cpl_stored_uint(in, item, "size");
    input->etag = cpl_stored_text(in, item, "etag");
    input->checksum = cpl_stored_text(in, item, "checksum");
    input->compression = cpl_stored_text(in, item, "compression");
    input->charset = cpl_stored_text(in, item, "charset");
    input->from = cpl_stored_uint(in, item, "from");
    input->to = cpl_stored_uint(in, item, "to");
    input->decompressed = cpl_stored_uint(in, item, "decompressed");
    input->rows_read = cpl_stored_uint(in, item, "rows_read");
    input->rows_decoded = cpl_stored_uint(in, item, "rows_decoded");
    input->rows_rejected = cpl_stored_uint(in, item, "rows_rejected");
    input->text = cpl_stored_bool(in, item, "text");
    const struct cpl_node *bytes = cpl_stored_map(in, item, "bytes");
    input->header_bytes = cpl_stored_uint(in, bytes, "header");
    input->comment_bytes = cpl_stored_uint(in, bytes, "comment");
    input->blank_bytes = cpl_stored_uint(in, bytes, "blank");
    input->row_bytes = cpl_stored_uint(in, bytes, "row");
    input->reject_bytes = cpl_stored_uint(in, bytes, "reject");
}

static void read_inputs(struct cpl_stored *in, const struct cpl_node *top,
                        struct cpl_account *account)
{
    const struct cpl_node *list = cpl_stored_list(in, top, "inputs");
    account->inputs = cpl_stored_array(in, list, sizeof *account->inputs, &account->n_inputs);
    struct cpl_input_account *input = account->inputs;
    for (const struct cpl_node *item = input ? list->first : NULL; item && !in->failed;
         item = item->next)
        read_input(in, item, input++);
}

/* Settings stand as `"name": value` or `"name": {"value": …, …}`; what has no single value is left out. */
static void read_settings(struct cpl_stored *in, const struct cpl_node *top, const char *key,
                          struct cpl_pairs *pairs)
{
    const struct cpl_node *map = cpl_tree_get(top, key);
    if (!map || map->kind != CPL_NODE_MAP)
        return;
    pairs->items = cpl_stored_array(in, map, sizeof *pairs->items, &pairs->n);
    pairs->n = 0;
    for (const struct cpl_node *item = pairs->items ? map->first : NULL; item; item = item->next) {
        const struct cpl_node *value = cpl_tree_get(item, "value");
        value = value ? value : item;
        if (value->kind != CPL_NODE_SCALAR)
            continue;
        struct cpl_pair *pair = &pairs->items[pairs->n++];
        pair->key = cpl_arena_strndup(in->arena, item->key, strlen(item->key), in->err);
        pair->value = cpl_arena_strndup(in->arena, value->text, strlen(value->text), in->err);
        in->failed |= !pair->key || !pair->value;
    }
}

static void read_first_reject(struct cpl_stored *in, const struct cpl_node *top,
                              struct cpl_stored_receipt *receipt)
{
    const struct cpl_node *first = cpl_tree_get(top, "first_reject");
    if (first && first->kind != CPL_NODE_NULL)
        receipt->first_reject = cpl_stored_text(in, top, "first_reject");
}

/* An earlier build's receipt has no checksum, which is told of; any other must have it, and be it. */
static bool prove(struct cpl_stored *in, const struct cpl_node *top, const char *text, size_t size)
{
    char hash[CPL_HASH_TEXT];
    uint64_t version = cpl_stored_uint(in, top, "version");
    if (in->failed)
        return false;
    if (version == UNSEALED_VERSION && !cpl_tree_get(top, "checksum"))
        return false;
    if (version != FORMAT_VERSION && version != UNSEALED_VERSION)
        return cpl_stored_fail(in, "a version that this program does not know");
    return cpl_seal_proves(&seal, text, size, hash) ||
           cpl_stored_fail(in, "its bytes do not have the checksum that a receipt ends with");
}

bool cpl_receipt_parse(const char *text, size_t size, const char *name,
                       struct cpl_stored_receipt *receipt, struct cpl_error *err)
{
    *receipt = (struct cpl_stored_receipt){0};
    struct cpl_stored in = {.name = name, .arena = &receipt->arena, .err = err};
    struct cpl_files_taken data = {.in = &in, .teller = CPL_IN_RECEIPT, .role = CPL_FILE_DATA},
                           rejects = {
                               .in = &in, .teller = CPL_IN_RECEIPT, .role = CPL_FILE_REJECTS};
    const struct cpl_tree_items files[] = {{"files", cpl_take_files_item, &data},
                                           {"rejects", cpl_take_files_item, &rejects}};
    const struct cpl_node *top = cpl_stored_open_items(&in, text, size, files, 2);
    receipt->sealed = top && prove(&in, top, text, size);
    if (top) {
        receipt->run_id = cpl_stored_text(&in, top, "run_id");
        receipt->previous = cpl_stored_text(&in, top, "previous");
        receipt->plan_hash = cpl_stored_text(&in, top, "plan_hash");
        receipt->format = cpl_stored_text(&in, top, "format");
        read_settings(&in, top, "encoder_settings", &receipt->encoder_settings);
        receipt->account.rows = cpl_take_row_counts(&in, top, &receipt->account.rejected_by_rule,
                                                    &receipt->account.n_rules);
        read_first_reject(&in, top, receipt);
        receipt->schema = in.failed ? NULL : cpl_schema_take(cpl_tree_get(top, "schema"), err);
        in.failed |= !receipt->schema;
        read_inputs(&in, top, &receipt->account);
        (void)cpl_stored_list(&in, top, "files"); /* they must be there */
        (void)cpl_stored_list(&in, top, "rejects");
    }
    receipt->files = cpl_join_files(&data, &rejects, &receipt->n_files);
    cpl_stored_release(&in);
    if (in.failed)
        cpl_stored_receipt_release(receipt);
    return !in.failed;
}

bool cpl_receipt_read(struct cpl_storage *storage, const char *path,
                      struct cpl_stored_receipt *receipt, struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    *receipt = (struct cpl_stored_receipt){0};
    bool ok = cpl_storage_read_all(storage, path, CPL_LOG_RECORD_MAX, &text, err) &&
              cpl_receipt_parse((const char *)text.data, text.size, path, receipt, err);
    cpl_buffer_release(&text);
    return ok;
}

void cpl_stored_receipt_release(struct cpl_stored_receipt *receipt)
{
    cpl_schema_free(receipt->schema);
    cpl_arena_release(&receipt->arena);
    *receipt = (struct cpl_stored_receipt){0};
}
