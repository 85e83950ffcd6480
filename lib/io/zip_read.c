/* The directory of a zip archive, and its members.  Nothing in it is believed that the file does not bear out. */
#include <stdlib.h>
#include <string.h>

#include "engram/parallel.h"
#include "zip.h"

/* What the end of the archive says. */
typedef struct ending {
    uint64_t num, size, start; /* of the directory */
    uint64_t limit;            /* where it ends at the latest */
} ending;

/* -- the end ------------------------------------------------------------------------------------------------------ */

/* The end record is the last that is followed by a comment of exactly the length it names. */
static bool find_end(const input *in, uint8_t *end, uint64_t *at)
{
    enum { TAIL = ZIP_END + 65535 };
    size_t n = in->size < TAIL ? (size_t)in->size : TAIL;
    if (n < ZIP_END) return egi_input_bad(in, "it has %llu bytes, fewer than any .npz", (unsigned long long)in->size);
    uint8_t *tail = eg_alloc(in->eg, (int64_t)n, 1);
    if (!tail || !egi_input_read(in, in->size - n, tail, n)) {
        eg_release(in->eg, tail);
        return false;
    }
    size_t k = n - ZIP_END + 1;
    bool found = false;
    while (k-- > 0 && !found)
        found = zip_get(tail + k, 4) == ZIP_END_MARK && zip_get(tail + k + 20, 2) == n - ZIP_END - k;
    if (found) {
        k++;
        memcpy(end, tail + k, ZIP_END);
        *at = in->size - n + k;
    }
    eg_release(in->eg, tail);
    return found || egi_input_bad(in, "it is no .npz, or its end is missing: no directory of a zip archive was found");
}

/* zip64: the record in front of the end, where one of its fields says so. */
static bool read_end64(const input *in, uint64_t at, ending *e)
{
    uint8_t locator[ZIP_LOCATOR], end[ZIP_END64];
    if (at < ZIP_LOCATOR || !egi_input_read(in, at - ZIP_LOCATOR, locator, ZIP_LOCATOR))
        return egi_input_bad(in, "its zip64 locator is missing");
    uint64_t where = zip_get(locator + 8, 8);
    if (zip_get(locator, 4) != ZIP_LOCATOR_MARK || zip_get(locator + 4, 4) || zip_get(locator + 16, 4) > 1)
        return egi_input_bad(in, "its zip64 locator is missing or damaged");
    if (where > at - ZIP_LOCATOR || at - ZIP_LOCATOR - where < ZIP_END64)
        return egi_input_bad(in, "its zip64 end is to be at byte %llu, which lies behind its locator",
                             (unsigned long long)where);
    if (!egi_input_read(in, where, end, ZIP_END64)) return false;
    if (zip_get(end, 4) != ZIP_END64_MARK || zip_get(end + 16, 4) || zip_get(end + 20, 4) ||
        zip_get(end + 24, 8) != zip_get(end + 32, 8))
        return egi_input_bad(in, "its zip64 end is damaged, or the archive has several volumes");
    *e = (ending){zip_get(end + 32, 8), zip_get(end + 40, 8), zip_get(end + 48, 8), where};
    return true;
}

static bool read_end(const input *in, ending *e)
{
    uint8_t end[ZIP_END];
    uint64_t at = 0;
    if (!find_end(in, end, &at)) return false;
    *e = (ending){zip_get(end + 10, 2), zip_get(end + 12, 4), zip_get(end + 16, 4), at};
    bool large = e->num == 0xFFFF || e->size == 0xFFFFFFFF || e->start == 0xFFFFFFFF;
    if (!large && (zip_get(end + 4, 4) || zip_get(end + 8, 2) != e->num))
        return egi_input_bad(in, "it is one volume of several");
    if (large && !read_end64(in, at, e)) return false;
    if (e->start > e->limit || e->size != e->limit - e->start || e->num > e->size / ZIP_ENTRY)
        return egi_input_bad(in, "its directory is to have %llu members in %llu bytes from %llu on, and end at %llu",
                             (unsigned long long)e->num, (unsigned long long)e->size, (unsigned long long)e->start,
                             (unsigned long long)e->limit);
    return true;
}

/* -- the directory ------------------------------------------------------------------------------------------------ */

/* Replaces what does not fit into 4 bytes by the 8 bytes in the extra field 1. */
static bool widen(const input *in, const uint8_t *extra, size_t n, zip_member *m)
{
    uint64_t *const field[] = {&m->size, &m->packed, &m->at};
    bool wanted = m->size == 0xFFFFFFFF || m->packed == 0xFFFFFFFF || m->at == 0xFFFFFFFF;
    while (n >= 4) {
        size_t kind = zip_get(extra, 2), length = zip_get(extra + 2, 2);
        if (length > n - 4) break;
        const uint8_t *p = extra + 4, *end = p + length;
        for (int k = 0; kind == 1 && k < 3; k++) {
            if (*field[k] != 0xFFFFFFFF) continue;
            if (end - p < 8) return egi_input_bad(in, "the zip64 sizes of a member are cut off");
            *field[k] = zip_get(p, 8);
            p += 8;
        }
        if (kind == 1) return true;
        extra = end;
        n -= 4 + length;
    }
    return !wanted || egi_input_bad(in, "the zip64 sizes of a member are missing");
}

/* Where the member is must be in front of the directory, and its size one that deflate can give. */
static bool check_member(const input *in, const zip_member *m, uint64_t start)
{
    char name[80];
    egi_printable(name, sizeof name, m->name, strlen(m->name));
    if (m->at > start || start - m->at < ZIP_LOCAL || m->packed > start - m->at - ZIP_LOCAL)
        return egi_input_bad(in, "array '%s': %llu bytes from %llu on do not lie in front of the directory at %llu",
                             name, (unsigned long long)m->packed, (unsigned long long)m->at, (unsigned long long)start);
    bool fits = m->method == ZIP_STORED ? m->size == m->packed : m->size / 1032 <= m->packed;
    if (m->method != ZIP_STORED && m->method != ZIP_DEFLATED)
        return egi_input_bad(in, "array '%s' is compressed by method %d; stored (0) and deflated (8) can be read", name,
                             m->method);
    if (m->flags & ZIP_ENCRYPTED) return egi_input_bad(in, "array '%s' is encrypted", name);
    return fits || egi_input_bad(in, "array '%s': %llu bytes cannot become %llu", name, (unsigned long long)m->packed,
                                 (unsigned long long)m->size);
}

/* One entry of n bytes or less; its length, or 0 after an error.  Names are moved down to where the directory began:
 * they are shorter than their entries. */
static size_t read_entry(const input *in, zip_directory *d, uint8_t *p, size_t n, char **names)
{
    if (n < ZIP_ENTRY || zip_get(p, 4) != ZIP_ENTRY_MARK) {
        egi_input_bad(in, "its directory is damaged");
        return 0;
    }
    size_t name = zip_get(p + 28, 2), extra = zip_get(p + 30, 2), length = name + extra + zip_get(p + 32, 2);
    if (length > n - ZIP_ENTRY) {
        egi_input_bad(in, "its directory is cut off");
        return 0;
    }
    zip_member m = {.flags = (uint16_t)zip_get(p + 8, 2),
                    .method = (uint16_t)zip_get(p + 10, 2),
                    .crc = (uint32_t)zip_get(p + 16, 4),
                    .packed = zip_get(p + 20, 4),
                    .size = zip_get(p + 24, 4),
                    .at = zip_get(p + 42, 4)};
    const char *text = (const char *)p + ZIP_ENTRY;
    if (name < 4 || memcmp(text + name - 4, ".npy", 4) != 0) return ZIP_ENTRY + length;
    if (memchr(text, 0, name)) {
        egi_input_bad(in, "the name of a member contains a zero byte");
        return 0;
    }
    if (!widen(in, p + ZIP_ENTRY + name, extra, &m)) return 0;
    memmove(*names, text, name - 4);
    (*names)[name - 4] = 0;
    m.name = *names;
    if (!check_member(in, &m, d->start)) return 0;
    *names += name - 3;
    d->member[d->num++] = m;
    return ZIP_ENTRY + length;
}

/* A number and what it is sorted by. */
typedef struct named {
    const char *name;
    int64_t k;
} named;

static int by_name(const void *a, const void *b) { return strcmp(((const named *)a)->name, ((const named *)b)->name); }

static bool sort_names(const input *in, zip_directory *d)
{
    named *order = eg_alloc(in->eg, d->num, sizeof *order);
    if (!order) return false;
    for (int64_t k = 0; k < d->num; k++) order[k] = (named){d->member[k].name, k};
    if (d->num) qsort(order, (size_t)d->num, sizeof *order, by_name);
    bool ok = true;
    for (int64_t k = 0; k < d->num && ok; k++) {
        char name[80];
        d->sorted[k] = order[k].k;
        if (k && !strcmp(order[k].name, order[k - 1].name))
            ok = egi_input_bad(in, "it has two arrays '%s'",
                               egi_printable(name, sizeof name, order[k].name, strlen(order[k].name)));
    }
    eg_release(in->eg, order);
    return ok;
}

bool egi_zip_directory(const input *in, zip_directory *d)
{
    *d = (zip_directory){0};
    ending e;
    if (!read_end(in, &e)) return false;
    d->start = e.start;
    d->names = eg_alloc(in->eg, (int64_t)e.size, 1);
    d->member = eg_alloc(in->eg, (int64_t)e.num, sizeof *d->member);
    d->sorted = eg_alloc(in->eg, (int64_t)e.num, sizeof *d->sorted);
    if (!d->names || !d->member || !d->sorted || !egi_input_read(in, e.start, d->names, (size_t)e.size)) return false;
    uint8_t *p = (uint8_t *)d->names, *end = p + e.size;
    char *names = d->names;
    for (uint64_t k = 0; k < e.num; k++) {
        size_t n = read_entry(in, d, p, (size_t)(end - p), &names);
        if (!n) return false;
        p += n;
    }
    if (p != end) return egi_input_bad(in, "its directory has %zu bytes more than its members", (size_t)(end - p));
    return sort_names(in, d);
}

void egi_zip_free(eg_context *eg, zip_directory *d)
{
    eg_release(eg, d->names);
    eg_release(eg, d->member);
    eg_release(eg, d->sorted);
    *d = (zip_directory){0};
}

int64_t egi_zip_find(const zip_directory *d, const char *name)
{
    int64_t low = 0, high = d->num;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int order = strcmp(d->member[d->sorted[middle]].name, name);
        if (order == 0) return d->sorted[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

/* -- members ------------------------------------------------------------------------------------------------------ */

bool egi_zip_member(const input *in, const zip_directory *d, int64_t k, source *s)
{
    const zip_member *m = &d->member[k];
    uint8_t local[ZIP_LOCAL];
    *s = egi_source(in, m->at, 0);
    s->member = m->name;
    if (!egi_input_read(in, m->at, local, ZIP_LOCAL)) return false;
    uint64_t name = zip_get(local + 26, 2), extra = zip_get(local + 28, 2), room = d->start - m->at - ZIP_LOCAL;
    if (zip_get(local, 4) != ZIP_LOCAL_MARK || zip_get(local + 8, 2) != m->method || name != strlen(m->name) + 4)
        return egi_source_bad(s, EG_ERR_IO, "what is at byte %llu is not what the directory says",
                              (unsigned long long)m->at);
    if (name + extra > room || m->packed > room - name - extra)
        return egi_source_bad(s, EG_ERR_IO, "its %llu bytes reach into the directory at %llu",
                              (unsigned long long)m->packed, (unsigned long long)d->start);
    s->at += ZIP_LOCAL + name + extra;
    s->end = s->at + m->packed;
    s->left = m->size;
    return m->method == ZIP_STORED || egi_source_inflate(s, m->size, false);
}
