#include "run/account.h"

#include <inttypes.h>
#include <string.h>

static bool fail_books(struct cpl_error *err, const char *where, const char *left, uint64_t a,
                       const char *right, uint64_t b)
{
    return cpl_fail(err, CPL_E_BOOKS,
                    "the books do not balance%s%s: %s = %" PRIu64 ", but %s = %" PRIu64,
                    where[0] ? " for " : "", where, left, a, right, b);
}

/* Sums that overflow can only come from damaged numbers; they saturate and so never balance. */
static uint64_t sum2(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* ---- filling ---- */

bool cpl_account_split(struct cpl_input_account *input, const struct cpl_split_report *report,
                       struct cpl_error *err)
{
    bool first = !input->rows_read && input->from == input->to;
    if (!first && report->true_start != input->to)
        return fail_books(err, input->path, "the split begins at byte", report->true_start,
                          "the one before ended at byte", input->to);
    if (first)
        input->from = report->true_start;
    input->to = report->true_end;
    input->text_bytes += report->text_bytes;
    input->header_bytes += report->header_bytes;
    if (report->header_row.size)
        input->header_row = report->header_row;
    input->comment_bytes += report->comment_bytes;
    input->blank_bytes += report->blank_bytes;
    input->row_bytes += report->row_bytes;
    input->reject_bytes += report->reject_bytes;
    input->rows_read += report->rows_read;
    input->rows_decoded += report->rows_decoded;
    input->rows_rejected += report->rows_rejected;
    return true;
}

void cpl_account_release(struct cpl_account *account)
{
    cpl_free(account->rejected_by_rule);
    *account = (struct cpl_account){0};
}

bool cpl_account_reject(struct cpl_account *account, const char *rule, uint64_t n,
                        struct cpl_error *err)
{
    size_t i = 0;
    while (i < account->n_rules && strcmp(account->rejected_by_rule[i].name, rule) != 0)
        i++;
    if (i == account->rules_capacity) {
        size_t capacity = i ? 2 * i : 8;
        struct cpl_named_count *grown = cpl_realloc(account->rejected_by_rule,
                                                    capacity * sizeof *grown, err);
        if (!grown)
            return false;
        account->rejected_by_rule = grown;
        account->rules_capacity = capacity;
    }
    if (i == account->n_rules)
        account->rejected_by_rule[account->n_rules++] = (struct cpl_named_count){.name = rule};
    account->rejected_by_rule[i].n += n;
    account->rows.rejected += n;
    return true;
}

/* ---- checking ---- */

static bool check_bytes(const struct cpl_input_account *input, struct cpl_error *err)
{
    uint64_t parts = sum2(sum2(input->header_bytes, input->comment_bytes),
                          sum2(sum2(input->blank_bytes, input->row_bytes), input->reject_bytes));
    if (!input->text)
        return true;
    if (input->from)
        return fail_books(err, input->path, "the first position", input->from, "it must be", 0);
    if (input->to != input->decompressed)
        return fail_books(err, input->path, "the last position", input->to,
                          "the decompressed object's bytes", input->decompressed);
    return parts == input->decompressed ||
           fail_books(err, input->path, "header + comment + blank + row + reject bytes", parts,
                      "the decompressed object's bytes", input->decompressed);
}

static bool check_input(const struct cpl_input_account *input, struct cpl_error *err)
{
    uint64_t ends = sum2(input->rows_decoded, input->rows_rejected);
    if (input->rows_read != ends)
        return fail_books(err, input->path, "rows read", input->rows_read,
                          "rows decoded + rejected by the decoder", ends);
    return check_bytes(input, err);
}

static bool check_inputs(const struct cpl_account *account, struct cpl_error *err)
{
    uint64_t read = 0, rejected = 0;
    for (size_t i = 0; i < account->n_inputs; i++) {
        if (!check_input(&account->inputs[i], err))
            return false;
        read = sum2(read, account->inputs[i].rows_read);
        rejected = sum2(rejected, account->inputs[i].rows_rejected);
    }
    if (read != account->rows.read)
        return fail_books(err, "", "rows read from all inputs", read, "rows that the run read",
                          account->rows.read);
    return rejected <= account->rows.rejected ||
           fail_books(err, "", "rows that decoders rejected", rejected, "all rows rejected",
                      account->rows.rejected);
}

static bool check_ends(const struct cpl_row_counts *rows, struct cpl_error *err)
{
    uint64_t in = sum2(rows->read, rows->derived);
    uint64_t out = sum2(sum2(rows->landed, rows->rejected),
                        sum2(rows->filtered, rows->deduplicated));
    return in == out || fail_books(err, "", "rows read + derived", in,
                                   "rows landed + rejected + filtered + deduplicated", out);
}

static bool check_files(const struct cpl_account *account, const struct cpl_file_entry *files,
                        size_t n_files, struct cpl_error *err)
{
    uint64_t landed = 0, rejected = 0;
    for (size_t i = 0; i < n_files; i++) {
        if (files[i].role == CPL_FILE_DATA)
            landed = sum2(landed, files[i].rows);
        else if (files[i].role == CPL_FILE_REJECTS)
            rejected = sum2(rejected, files[i].rows);
    }
    if (landed != account->rows.landed)
        return fail_books(err, "", "rows in data files", landed, "rows landed",
                          account->rows.landed);
    return rejected == account->rows.rejected ||
           fail_books(err, "", "rows in reject files", rejected, "rows rejected",
                      account->rows.rejected);
}

bool cpl_account_check(const struct cpl_account *account, const struct cpl_file_entry *files,
                       size_t n_files, struct cpl_error *err)
{
    uint64_t by_rule = 0;
    if (!check_inputs(account, err) || !check_ends(&account->rows, err) ||
        !check_files(account, files, n_files, err))
        return false;
    for (size_t i = 0; i < account->n_rules; i++)
        by_rule = sum2(by_rule, account->rejected_by_rule[i].n);
    return by_rule == account->rows.rejected ||
           fail_books(err, "", "rows rejected by all rules", by_rule, "rows rejected",
                      account->rows.rejected);
}
