#include "decode/foreign.h"

#include <string.h>
#include <strings.h>

struct signature {
    size_t at;
    const char *bytes;
    size_t size;
    const char *what, *advice;
    bool textual; /* could begin a text, too: counts only before control characters */
};
#define SIGNATURE(text) .bytes = (text), .size = sizeof(text) - 1

static const char unpack[] = "unpack it first";
static const char export[] = "export it as CSV or JSON first";
static const char no_data[] = "there are no rows in it";

/* The first that fits counts: special ones before general ones. */
static const struct signature signatures[] = {
    {.at = 30,
     SIGNATURE("[Content_Types].xml"),
     .what = "an Office document (XLSX, DOCX …)",
     .advice = export},
    {.at = 30,
     SIGNATURE("_rels/.rels"),
     .what = "an Office document (XLSX, DOCX …)",
     .advice = export},
    {.at = 30,
     SIGNATURE("mimetypeapplication/vnd.oasis"),
     .what = "an OpenDocument file",
     .advice = export},
    {SIGNATURE("PK\3\4"), .what = "a ZIP archive", .advice = unpack},
    {SIGNATURE("PK\5\6"), .what = "an empty ZIP archive", .advice = no_data},
    {SIGNATURE("PK\7\10"), .what = "a ZIP archive", .advice = unpack},
    {.at = 257, SIGNATURE("ustar"), .what = "a tar archive", .advice = unpack},
    {SIGNATURE("7z\xBC\xAF\x27\x1C"), .what = "a 7z archive", .advice = unpack},
    {SIGNATURE("Rar!\x1A\7"), .what = "a RAR archive", .advice = unpack},
    {SIGNATURE("\x1F\x9D"), .what = "compressed by compress(1)", .advice = unpack},
    {SIGNATURE("\xFF\6\0\0sNaPpY"), .what = "compressed by Snappy", .advice = unpack},
    {SIGNATURE("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), .what = "an old Office document (XLS, DOC …)",
     .advice = export},
    {SIGNATURE("%PDF-"), .what = "a PDF document", .advice = export},
    {SIGNATURE("Obj\1"), .what = "Avro", .advice = export},
    {SIGNATURE("ORC"), .what = "ORC", .advice = export, .textual = true},
    {SIGNATURE("ARROW1\0\0"), .what = "an Arrow file (Feather)", .advice = export},
    {SIGNATURE("FEA1"), .what = "a Feather file", .advice = export, .textual = true},
    {SIGNATURE("SQLite format 3\0"), .what = "an SQLite database", .advice = export},
    {SIGNATURE("\x89HDF\r\n\x1A\n"), .what = "an HDF5 file", .advice = export},
    {SIGNATURE("\x89PNG\r\n\x1A\n"), .what = "a PNG image", .advice = no_data},
    {SIGNATURE("\xFF\xD8\xFF"), .what = "a JPEG image", .advice = no_data},
    {SIGNATURE("GIF87a"), .what = "a GIF image", .advice = no_data, .textual = true},
    {SIGNATURE("GIF89a"), .what = "a GIF image", .advice = no_data, .textual = true},
    {SIGNATURE("\x7F"
               "ELF"),
     .what = "a program (ELF)", .advice = no_data},
};

static bool has_controls(const uint8_t *head, size_t size)
{
    for (size_t i = 0; i < size && i < 512; i++)
        if (head[i] < 9)
            return true;
    return false;
}

static bool fits(const struct signature *s, const uint8_t *head, size_t size)
{
    return size >= s->at + s->size && !memcmp(head + s->at, s->bytes, s->size) &&
           (s->at != 30 || !memcmp(head, "PK\3\4", 4)) && (!s->textual || has_controls(head, size));
}

bool cpl_foreign_signature(const uint8_t *head, size_t size, struct cpl_foreign *found)
{
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
        if (fits(&signatures[i], head, size)) {
            *found = (struct cpl_foreign){.what = signatures[i].what,
                                          .advice = signatures[i].advice};
            return true;
        }
    return false;
}

static bool begins(const uint8_t *head, size_t size, const char *word)
{
    size_t length = strlen(word);
    return size >= length && !strncasecmp((const char *)head, word, length);
}

bool cpl_foreign_markup(const uint8_t *head, size_t size, struct cpl_foreign *found)
{
    size_t at = size >= 3 && !memcmp(head, "\xEF\xBB\xBF", 3) ? 3 : 0;
    while (at < size && (head[at] == ' ' || (head[at] >= '\t' && head[at] <= '\r')))
        at++;
    head += at;
    size -= at;
    if (begins(head, size, "<!doctype html") || begins(head, size, "<html"))
        *found = (struct cpl_foreign){
            .what = "an HTML page",
            .advice = "was an error page saved in place of the data? If it is data, say its "
                      "format (--from)"};
    else if (begins(head, size, "<?xml "))
        *found = (struct cpl_foreign){.what = "XML",
                                      .advice = "convert it first, or say its format (--from)"};
    else
        return false;
    return true;
}

bool cpl_foreign_binary(const uint8_t *head, size_t size, struct cpl_foreign *found)
{
    enum { LEAST = 64, MOST_NULS = 10, MOST_CONTROLS = 3 }; /* bytes; percent */
    size_t nuls = 0, controls = 0;
    if (size < LEAST)
        return false;
    for (size_t i = 0; i < size; i++) {
        uint8_t c = head[i];
        nuls += c == 0;
        /* ^A ^B ^C and 0x1B–0x1F delimit fields and switch charsets in some texts */
        controls += (c >= 4 && c <= 8) || (c >= 14 && c <= 26);
    }
    *found = (struct cpl_foreign){
        .what = "no text (too many control characters)",
        .advice = "if it is text, say its format (--from), and its charset where it has one",
        .unknown = true};
    return nuls * 100 > size * MOST_NULS || controls * 100 > size * MOST_CONTROLS;
}
