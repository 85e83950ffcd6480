/* .npz: .npy files in a zip archive. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engram/io.h"
#include "engram/parallel.h"
#include "npy.h"
#include "zip.h"

/* -- reading ------------------------------------------------------------------------------------------------------ */

struct eg_npz {
    input in;
    zip_directory directory;
    char *path;
};

static void destroy(void *object)
{
    eg_npz *z = object;
    eg_context *eg = z->in.eg;
    egi_input_close(&z->in);
    egi_zip_free(eg, &z->directory);
    eg_release(eg, z->path);
    eg_release(eg, z);
}

/* Takes over an input that is open. */
static eg_npz *enter(input *in)
{
    eg_context *eg = in->eg;
    size_t n = strlen(in->name) + 1;
    eg_npz *z = eg_alloc(eg, 1, sizeof *z);
    char *path = eg_alloc(eg, (int64_t)n, 1);
    if (!z || !path) {
        eg_release(eg, z);
        eg_release(eg, path);
        egi_input_close(in);
        return NULL;
    }
    *z = (eg_npz){.in = *in, .path = memcpy(path, in->name, n)};
    z->in.name = z->path;
    if (egi_zip_directory(&z->in, &z->directory)) return eg_own(eg, z, destroy) ? z : NULL;
    destroy(z);
    return NULL;
}

eg_npz *(eg_npz_open)(eg_context *eg, const char *path, const char *file, int line)
{
    input in;
    return egi_input_open(&in, eg, "eg_npz_open", path, file, line) ? enter(&in) : NULL;
}

eg_npz *(eg_npz_parse)(eg_context *eg, const char *name, const void *data, size_t bytes, const char *file, int line)
{
    input in;
    return egi_input_memory(&in, eg, "eg_npz_parse", name, data, bytes, file, line) ? enter(&in) : NULL;
}

void eg_npz_close(eg_npz *z)
{
    if (!z) return;
    eg_disown(z->in.eg, z);
    destroy(z);
}

int64_t eg_npz_count(const eg_npz *z) { return z ? z->directory.num : 0; }

const char *eg_npz_name(const eg_npz *z, int64_t k)
{
    return z && k >= 0 && k < z->directory.num ? z->directory.member[k].name : NULL;
}

bool eg_npz_has(const eg_npz *z, const char *name) { return z && name && egi_zip_find(&z->directory, name) >= 0; }

static void unknown(const eg_npz *z, const char *name)
{
    char list[300] = "", text[80];
    size_t n = 0;
    for (int64_t k = 0; k < z->directory.num && n < sizeof list - 90; k++) {
        const char *has = z->directory.member[k].name;
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", k ? ", " : "",
                              egi_printable(text, sizeof text, has, strlen(has)));
        if (n >= sizeof list - 90 && k + 1 < z->directory.num) snprintf(list + n, sizeof list - n, ", ...");
    }
    if (!name) name = "NULL";
    eg_fail(z->in.eg, EG_ERR_ARGUMENT, z->in.file, z->in.line, "eg_npz_read: '%.200s' has no array '%s'; %s%s", z->path,
            egi_printable(text, sizeof text, name, strlen(name)), *list ? "there are: " : "there is none", list);
}

eg_array *(eg_npz_read)(eg_npz *z, const char *name, const char *file, int line)
{
    if (!z || eg_error(z->in.eg)) return NULL;
    z->in.what = "eg_npz_read";
    z->in.file = file;
    z->in.line = line;
    int64_t k = name ? egi_zip_find(&z->directory, name) : -1;
    if (k < 0) {
        unknown(z, name);
        return NULL;
    }
    source s;
    eg_array *a = NULL;
    if (egi_zip_member(&z->in, &z->directory, k, &s)) a = egi_npy_array(&s, &z->directory.member[k].crc);
    egi_source_close(&s);
    return a;
}

/* -- writing ------------------------------------------------------------------------------------------------------ */

static const char *wrong_name(const char *s)
{
    if (!s || !*s) return "a name is missing";
    if (strlen(s) > 60000) return "a name is longer than 60000 bytes";
    if (*s == '/' || strstr(s, "..")) return "a name begins with '/' or contains '..'";
    for (; *s; s++) {
        if ((unsigned char)*s < 32 || *s == '\\' || *s == 127) return "a name has a control character or '\\'";
    }
    return NULL;
}

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* Checks all before anything is written. */
static bool checked(eg_context *eg, int64_t num, const eg_npz_item *items, int level, const char *file, int line)
{
    const char *why = num < 0 || (num && !items) ? "there are no items"
                      : level < 0 || level > 9   ? "level goes from 0 to 9"
                                                 : NULL;
    for (int64_t k = 0; k < num && !why; k++) why = wrong_name(items[k].name);
    if (why)
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_npz_write: %s; %lld items, level %d", why, (long long)num, level);
    const char **sorted = eg_alloc(eg, num, sizeof *sorted);
    if (!sorted) return false;
    for (int64_t k = 0; k < num; k++) sorted[k] = items[k].name;
    if (num) qsort(sorted, (size_t)num, sizeof *sorted, by_name);
    for (int64_t k = 1; k < num; k++) {
        if (strcmp(sorted[k - 1], sorted[k]) != 0) continue;
        eg_fail(eg, EG_ERR_ARGUMENT, file, line,
                "eg_npz_write: there are two items '%.100s'; give them different names", sorted[k]);
        break;
    }
    eg_release(eg, sorted);
    size_t bytes;
    for (int64_t k = 0; k < num && !eg_error(eg); k++)
        egi_output_spec(eg, "eg_npz_write", items[k].name, items[k].spec, items[k].data, &bytes, file, line);
    return !eg_error(eg);
}

eg_status(eg_npz_write)(eg_context *eg, const char *path, int64_t num, const eg_npz_item *items,
                        const eg_npz_options *options, const char *file, int line)
{
    zip_writer z = {.level = options ? options->level : 0};
    if (eg_error(eg) || !checked(eg, num, items, z.level, file, line) ||
        !egi_output_open(&z.out, eg, "eg_npz_write", path, file, line))
        return eg_error(eg);
    bool ok = true;
    for (int64_t k = 0; k < num && ok; k++) {
        char head[NPY_HEAD];
        size_t bytes;
        ok = egi_output_spec(eg, "eg_npz_write", items[k].name, items[k].spec, items[k].data, &bytes, file, line) &&
             egi_zip_add(&z, items[k].name, head, egi_npy_format(items[k].spec, head), items[k].data, bytes);
    }
    if (ok) egi_zip_end(&z);
    eg_release(eg, z.entries);
    return egi_output_commit(&z.out);
}
