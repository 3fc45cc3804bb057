/* Help and the man page, from the tables of verbs and flags. */
#include "command/command.h"
#include "command/console.h"

#include <stdio.h>
#include <string.h>

enum { FLAG_COLUMN = 28, LINE = 96 };

/* ---- text ---- */

/* Columns that UTF-8 text takes: one a character is right for what stands in our tables. */
static size_t width_of(const char *text, size_t length)
{
    size_t width = 0;
    for (size_t i = 0; i < length; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

/* Words of `text` in lines behind `indent` blanks; the first line begins at column `at`. */
static bool fill(struct cpl_buffer *out, const char *text, size_t at, size_t indent,
                 struct cpl_error *err)
{
    size_t column = at;
    for (const char *word = text; *word;) {
        size_t length = strcspn(word, " \n"), width = width_of(word, length);
        bool newline = column + 1 + width > LINE && column > indent;
        if (newline && !cpl_buffer_printf(out, err, "\n%*s", (int)indent, ""))
            return false;
        column = newline ? indent : column;
        if (column > indent && !newline && column != at && !cpl_buffer_append(out, " ", 1, err))
            return false;
        column += column > indent && column != at;
        if (!cpl_buffer_append(out, word, length, err))
            return false;
        column += width;
        word += length;
        if (*word == '\n') {
            if (!cpl_buffer_printf(out, err, "\n%*s", (int)indent, ""))
                return false;
            column = indent;
        }
        word += *word != 0;
    }
    return cpl_buffer_append(out, "\n", 1, err);
}

static void flag_text(const struct cpl_flag *flag, char *text, size_t size)
{
    char letter[8] = "    ";
    if (flag->letter)
        snprintf(letter, sizeof letter, "-%c, ", flag->letter);
    const char *argument = flag->argument ? flag->argument : "";
    const char *before = flag->optional ? "[=" : flag->argument ? " " : "";
    snprintf(text, size, "%s--%s%s%s%s", letter, flag->name, before, argument,
             flag->optional ? "]" : "");
}

static bool page_flag(const struct cpl_flag *flag, struct cpl_buffer *out, bool colour,
                      struct cpl_error *err)
{
    char text[100], summary[400];
    flag_text(flag, text, sizeof text);
    size_t width = width_of(text, strlen(text));
    bool wide = width + 2 > FLAG_COLUMN;
    if (!cpl_buffer_printf(out, err, "  %s%s%s", cpl_colour(colour, CPL_CYAN), text,
                           cpl_colour(colour, CPL_PLAIN_TEXT)))
        return false;
    int blanks = wide ? FLAG_COLUMN + 2 : FLAG_COLUMN - (int)width;
    snprintf(summary, sizeof summary, "%s%s%s%s", flag->summary, flag->values ? " (" : "",
             flag->values ? flag->values : "", flag->values ? ")" : "");
    return cpl_buffer_printf(out, err, "%s%*s", wide ? "\n" : "", blanks, "") &&
           fill(out, summary, FLAG_COLUMN + 2, FLAG_COLUMN + 2, err);
}

static bool page_group(const struct cpl_flag_group *group, struct cpl_buffer *out, bool colour,
                       struct cpl_error *err)
{
    if (!cpl_buffer_printf(out, err, "\n%s%s%s\n", cpl_colour(colour, CPL_BOLD), group->title,
                           cpl_colour(colour, CPL_PLAIN_TEXT)))
        return false;
    for (const struct cpl_flag *flag = group->flags; flag->name; flag++)
        if (!page_flag(flag, out, colour, err))
            return false;
    return true;
}

static bool page_examples(const char *examples, struct cpl_buffer *out, bool colour,
                          struct cpl_error *err)
{
    if (!cpl_buffer_printf(out, err, "\n%sExamples%s\n", cpl_colour(colour, CPL_BOLD),
                           cpl_colour(colour, CPL_PLAIN_TEXT)))
        return false;
    for (const char *line = examples; *line; line += strcspn(line, "\n") + 1)
        if (!cpl_buffer_printf(out, err, "  %.*s\n", (int)strcspn(line, "\n"), line))
            return false;
    return true;
}

bool cpl_page_verb(const struct cpl_verb *verb, struct cpl_buffer *out, bool colour,
                   struct cpl_error *err)
{
    if (!cpl_buffer_printf(out, err, "%s\n\n%susage:%s cupel %s %s\n", verb->summary,
                           cpl_colour(colour, CPL_BOLD), cpl_colour(colour, CPL_PLAIN_TEXT),
                           verb->name, verb->usage))
        return false;
    if (verb->details &&
        (!cpl_buffer_append(out, "\n", 1, err) || !fill(out, verb->details, 0, 0, err)))
        return false;
    for (int i = 0; i < CPL_MOST_GROUPS && verb->groups[i].flags; i++)
        if (!page_group(&verb->groups[i], out, colour, err))
            return false;
    return !verb->examples || page_examples(verb->examples, out, colour, err);
}

bool cpl_page_help(struct cpl_buffer *out, bool colour, struct cpl_error *err)
{
    const char *bold = cpl_colour(colour, CPL_BOLD), *plain = cpl_colour(colour, CPL_PLAIN_TEXT);
    bool ok = cpl_buffer_printf(out, err,
                                "cupel %s: raw files in, typed Parquet out, every byte accounted "
                                "for.\n\n%susage:%s cupel COMMAND …\n\n",
                                CUPEL_VERSION, bold, plain);
    for (const struct cpl_verb *const *verb = cpl_verbs(); ok && *verb; verb++)
        ok = cpl_buffer_printf(out, err, "  %s%-12s%s%s\n", cpl_colour(colour, CPL_CYAN),
                               (*verb)->name, plain, (*verb)->summary);
    return ok && cpl_buffer_printf(out, err,
                                   "\n`cupel help COMMAND` says more; `cupel describe "
                                   "--markdown=errors` lists the exit statuses.\n"
                                   "Begin with: cupel convert your.csv your.parquet\n");
}

/* ---- cupel(1) ---- */

/* Text for roff: `-` and `\\` are escaped, `code` becomes bold, a line never begins with a request. */
static bool roff(struct cpl_buffer *out, const char *text, struct cpl_error *err)
{
    bool bold = false, start = true;
    for (; *text; text++) {
        const char *put = NULL;
        char one[2] = {*text, 0};
        if (*text == '`') {
            put = bold ? "\\fR" : "\\fB";
            bold = !bold;
        } else if (*text == '-') {
            put = "\\-";
        } else if (*text == '\\') {
            put = "\\e";
        } else if (start && (*text == '.' || *text == '\'')) {
            put = *text == '.' ? "\\&." : "\\&'";
        } else {
            put = *text == '\n' ? "\n.PP\n" : one;
        }
        start = *text == '\n';
        if (!cpl_buffer_append_text(out, put, err))
            return false;
    }
    return true;
}

static bool man_line(struct cpl_buffer *out, const char *before, const char *text,
                     const char *after, struct cpl_error *err)
{
    return cpl_buffer_append_text(out, before, err) && roff(out, text, err) &&
           cpl_buffer_append_text(out, after, err);
}

static bool man_flag(const struct cpl_flag *flag, struct cpl_buffer *out, struct cpl_error *err)
{
    char text[100];
    flag_text(flag, text, sizeof text);
    return man_line(out, ".TP\n\\fB", text + strspn(text, " "), "\\fR\n", err) &&
           roff(out, flag->summary, err) &&
           (!flag->values || man_line(out, " (", flag->values, ")", err)) &&
           cpl_buffer_append(out, "\n", 1, err);
}

static bool man_examples(const char *examples, struct cpl_buffer *out, struct cpl_error *err)
{
    if (!cpl_buffer_append_text(out, ".PP\nExamples:\n.nf\n.RS 4\n", err))
        return false;
    for (const char *line = examples; *line; line += strcspn(line, "\n") + 1) {
        char copy[400];
        snprintf(copy, sizeof copy, "%.*s", (int)strcspn(line, "\n"), line);
        if (!man_line(out, "", copy, "\n", err))
            return false;
    }
    return cpl_buffer_append_text(out, ".RE\n.fi\n", err);
}

static bool man_verb(const struct cpl_verb *verb, struct cpl_buffer *out, struct cpl_error *err)
{
    if (!man_line(out, ".SS cupel ", verb->name, " ", err) ||
        !man_line(out, "", verb->usage, "\n", err) || !man_line(out, "", verb->summary, "\n", err))
        return false;
    if (verb->details && !man_line(out, ".PP\n", verb->details, "\n", err))
        return false;
    for (int i = 0; i < CPL_MOST_GROUPS && verb->groups[i].flags; i++) {
        if (!man_line(out, ".PP\n\\fI", verb->groups[i].title, "\\fR\n", err))
            return false;
        for (const struct cpl_flag *flag = verb->groups[i].flags; flag->name; flag++)
            if (!man_flag(flag, out, err))
                return false;
    }
    return !verb->examples || man_examples(verb->examples, out, err);
}

static bool man_statuses(struct cpl_buffer *out, struct cpl_error *err)
{
    if (!cpl_buffer_append_text(out, ".SH EXIT STATUS\n", err))
        return false;
    for (int code = 0; code < CPL_CODE_COUNT; code++)
        if (!cpl_buffer_printf(out, err, ".TP\n.B %d\n",
                               cpl_code_exit_status((enum cpl_code)code)) ||
            !man_line(out, "", cpl_code_summary((enum cpl_code)code), "", err) ||
            !cpl_buffer_printf(out, err, " (%s)\n", cpl_code_name((enum cpl_code)code)))
            return false;
    return true;
}

bool cpl_page_man(struct cpl_buffer *out, struct cpl_error *err)
{
    static const char begin[] =
        ".\\\" Printed by `cupel describe --man`.\n"
        ".TH CUPEL 1 \"\" \"cupel " CUPEL_VERSION "\" \"Cupel\"\n"
        ".SH NAME\ncupel \\- raw files in, typed Parquet out, every byte accounted for\n"
        ".SH SYNOPSIS\n.B cupel\n.I command\n[\\fIoption\\fR ...] [\\fIword\\fR ...]\n"
        ".SH DESCRIPTION\nCupel reads CSV and JSON files, gives every column its type, and lands "
        "them as Parquet. Every row of the source ends exactly once: landed, rejected (kept with "
        "its "
        "reason, its place and its bytes) or filtered. Messages go to standard error, results to "
        "standard output.\n"
        ".SH COMMANDS\n";
    static const char end[] =
        ".SH ENVIRONMENT\n"
        ".TP\n.B CUPEL_\\fISECTION\\fR_\\fIOPTION\\fR\n"
        "An option of a section, as CUPEL_LIMITS_THREADS: weaker than a flag, stronger than the "
        "file. Options of a format, as source.csv.delimiter, have none: use \\-\\-set, or "
        "${NAME} in the file.\n"
        ".TP\n.B NO_COLOR\nWhen it is set, nothing is coloured.\n";
    bool ok = cpl_buffer_append_text(out, begin, err);
    for (const struct cpl_verb *const *verb = cpl_verbs(); ok && *verb; verb++)
        ok = man_verb(*verb, out, err);
    return ok && man_statuses(out, err) && cpl_buffer_append_text(out, end, err);
}
