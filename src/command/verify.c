/* `cupel verify PATH`: everything recomputed from storage. */
#include "run/verify.h"
#include "base/plural.h"
#include "base/tree.h"
#include "command/console.h"
#include "run/single_settle.h"

#include <string.h>
#include <sys/stat.h>

static const struct cpl_flag verify_flags[] = {
    {.name = "receipt",
     .argument = "FILE",
     .summary = "The receipt of a single file, as `cupel convert --receipt` wrote it."},
    {.name = "inputs",
     .summary =
         "Also read the inputs again, where they still are: are they the bytes that were read?"},
    {.name = "json", .summary = "Print the result as one JSON object."},
    {.name = NULL},
};

static bool write_report(const char *path, const struct cpl_verify_report *report,
                         struct cpl_buffer *out, struct cpl_error *err)
{
    struct cpl_json_writer json;
    cpl_json_begin(&json, out, 0, err);
    cpl_json_object(&json, NULL);
    cpl_json_string(&json, "path", path);
    cpl_json_bool(&json, "ok", report->problems == 0);
    cpl_json_uint(&json, "records", report->records);
    cpl_json_uint(&json, "receipts", report->receipts);
    cpl_json_uint(&json, "files", report->files);
    cpl_json_uint(&json, "bytes", report->bytes);
    cpl_json_uint(&json, "rows", report->rows);
    if (report->alone)
        cpl_json_string(&json, "rejects", NULL); /* nobody has looked */
    else
        cpl_json_uint(&json, "rejects", report->rejects);
    cpl_json_uint(&json, "inputs", report->inputs);
    cpl_json_uint(&json, "outstanding_rejects", report->outstanding_rejects);
    cpl_json_uint(&json, "problems", report->problems);
    cpl_json_uint(&json, "notes", report->notes);
    cpl_json_list(&json, "findings");
    for (size_t i = 0; i < report->n_findings; i++) {
        const struct cpl_finding *finding = &report->findings[i];
        cpl_json_object(&json, NULL);
        cpl_json_bool(&json, "problem", finding->problem);
        cpl_json_string(&json, "kind", finding->kind);
        cpl_json_string(&json, "path", finding->path);
        cpl_json_string(&json, "text", finding->text);
        cpl_json_close(&json);
    }
    cpl_json_close(&json);
    cpl_json_close(&json);
    return cpl_json_end(&json) && cpl_buffer_append(out, "\n", 1, err);
}

/* What the reading proved. */
static const char *verdict(const struct cpl_verify_report *report)
{
    if (report->problems)
        return "";
    if (!report->alone)
        return report->receipts ? ": all is as the receipts say" : "";
    return report->whole ? ": every byte is as the file's checksum says"
                         : ": what the file says of itself agrees with its pages";
}

static void say_report(struct cpl_console *console, const char *path,
                       const struct cpl_verify_report *report)
{
    char files[CPL_COUNTED_TEXT], rows[CPL_COUNTED_TEXT], rejects[CPL_COUNTED_TEXT], size[32];
    for (size_t i = 0; i < report->n_findings; i++) {
        const struct cpl_finding *finding = &report->findings[i];
        bool named = cpl_error_names(finding->text, finding->path);
        cpl_console_say(console, finding->problem ? "error" : "info", "%s%s%s",
                        named ? "" : finding->path, named ? "" : ": ", finding->text);
    }
    cpl_console_say(console, "info", "%s: %s (%s) read whole, %s%s%s%s", path,
                    cpl_counted(report->files, "file", files), cpl_show_size(report->bytes, size),
                    cpl_counted(report->rows, "row", rows), report->alone ? "" : ", ",
                    report->alone ? "" : cpl_counted(report->rejects, "reject", rejects),
                    verdict(report));
    if (report->inputs)
        cpl_console_say(console, "info", "%s read again",
                        cpl_counted(report->inputs, "input", files));
    if (report->outstanding_rejects)
        cpl_console_say(console, "info", "%s %s rejected and not replayed yet",
                        cpl_counted(report->outstanding_rejects, "row", rows),
                        cpl_are(report->outstanding_rejects));
}

static int settle(struct cpl_console *console, const struct cpl_arguments *arguments,
                  const struct cpl_verify_report *report)
{
    struct cpl_error err = {0};
    struct cpl_buffer out = {0};
    const char *path = arguments->words[0];
    char text[CPL_COUNTED_TEXT];
    bool ok = true;
    if (cpl_flag_given(arguments, "json"))
        ok = write_report(path, report, &out, &err) && cpl_print(&out, &err);
    else
        say_report(console, path, report);
    cpl_buffer_release(&out);
    if (ok && report->problems)
        ok = cpl_fail(&err, CPL_E_CORRUPT, "%s: %s: stored data is not what was promised", path,
                      cpl_counted(report->problems, "problem", text));
    return ok ? 0 : cpl_console_fail(console, &err);
}

static bool is_directory(const char *path)
{
    struct stat info;
    return !stat(path, &info) && S_ISDIR(info.st_mode);
}

/* What a killed run had decided for a single file is finished first: whoever reads it wants it whole. */
static bool verify(const struct cpl_arguments *arguments, struct cpl_storage *storage,
                   struct cpl_verify_report *report, struct cpl_error *err)
{
    struct stat info;
    const char *path = arguments->words[0], *receipt = cpl_flag_value(arguments, "receipt");
    bool inputs = cpl_flag_given(arguments, "inputs");
    if (!is_directory(path) && !cpl_single_settle_both(storage, path, err))
        return false;
    if (receipt)
        return cpl_verify_file(storage, path, receipt, inputs, report, err);
    if (!stat(path, &info) && S_ISREG(info.st_mode))
        return inputs ? cpl_fail(err, CPL_E_USAGE,
                                 "%s is a single file, and only its receipt tells of its inputs: "
                                 "say --receipt FILE, or leave --inputs out",
                                 path)
                      : cpl_verify_parquet(storage, path, report, err);
    if (!cpl_verify(storage, path, report, err))
        return false;
    if (!inputs || cpl_verify_inputs(storage, path, report, err))
        return true;
    cpl_verify_report_release(report);
    return false;
}

static int run_verify(const struct cpl_arguments *arguments)
{
    struct cpl_error err = {0};
    struct cpl_verify_report report = {0};
    struct cpl_console console;
    int status;
    cpl_console_init(&console, arguments);
    struct cpl_storage *storage = cpl_storage_local(&(struct cpl_storage_limits){0}, &err);
    if (storage && verify(arguments, storage, &report, &err)) {
        status = settle(&console, arguments, &report);
        cpl_verify_report_release(&report);
    } else {
        status = cpl_console_fail(&console, &err);
    }
    cpl_storage_free(storage);
    return status;
}

const struct cpl_verb cpl_verb_verify = {
    .name = "verify",
    .summary = "Recompute every count and checksum of a dataset by reading it.",
    .usage = "PATH",
    .details = "PATH is a dataset's directory. A single file is checked against its receipt "
               "(--receipt). A Parquet file without one is checked against what it says of itself: "
               "checksums, "
               "counts, statistics, indexes; Cupel's own files hold a checksum over all their "
               "bytes, for others "
               "it is said what could not be proven. A problem makes the exit status 14.",
    .examples = "cupel verify lake/orders\n"
                "cupel verify out.parquet --receipt out.receipt.json\n",
    .groups = {{"Options", verify_flags}, {"Messages", cpl_console_flags}},
    .min_words = 1,
    .max_words = 1,
    .run = run_verify,
};
