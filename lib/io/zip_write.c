/* Zip archives: members one after the other, then the directory.  The same content gives the same bytes. */
#include <stdio.h>
#include <string.h>

#include "engram/parallel.h"
#include "zip.h"

enum { PACKED = 1 << 15, DATE = 1 << 5 | 1 /* 1980-01-01, the first there is */ };
#define LARGE UINT64_C(0xFFFFFFFF)

/* A member while it is written. */
typedef struct member {
    const char *name;
    size_t name_bytes; /* with ".npy" */
    uint64_t size, packed, at;
    uint32_t crc;
    bool wide; /* sizes in a zip64 field */
    uint16_t method, flags;
} member;

/* -- data --------------------------------------------------------------------------------------------------------- */

static voidpf take(voidpf eg, uInt items, uInt size) { return eg_alloc(eg, items, size); }
static void give(voidpf eg, voidpf p) { eg_release(eg, p); }

/* All of the piece through the compressor, and to the end of the stream if it is the last. */
static bool deflate_piece(zip_writer *z, z_stream *d, const void *data, size_t bytes, bool last, uint8_t *packed)
{
    const uint8_t *p = data ? data : packed; /* NULL has no place to go on from */
    do {
        uInt n = bytes < 1U << 30 ? (uInt)bytes : 1U << 30;
        d->next_in = p;
        d->avail_in = n;
        bytes -= n;
        p += n;
        int mode = last && !bytes ? Z_FINISH : Z_NO_FLUSH;
        do {
            d->next_out = packed;
            d->avail_out = PACKED;
            if (deflate(d, mode) == Z_STREAM_ERROR || !egi_output_write(&z->out, packed, PACKED - d->avail_out))
                return false;
        } while (!d->avail_out);
    } while (bytes);
    return true;
}

static bool write_deflated(zip_writer *z, const void *head, size_t head_bytes, const void *data, size_t bytes)
{
    eg_context *eg = z->out.eg;
    z_stream d = {.zalloc = take, .zfree = give, .opaque = eg};
    uint8_t *packed = eg_alloc(eg, PACKED, 1);
    bool ok = packed && deflateInit2(&d, z->level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    if (ok) {
        ok = deflate_piece(z, &d, head, head_bytes, false, packed) && deflate_piece(z, &d, data, bytes, true, packed);
        deflateEnd(&d);
    } else {
        eg_fail(eg, EG_ERR_MEMORY, z->out.file, z->out.line, "%s: out of memory", z->out.what);
    }
    eg_release(eg, packed);
    return ok;
}

/* -- records ------------------------------------------------------------------------------------------------------ */

/* The fields that both records of a member have, from "version needed" to the length of the name. */
static void put_common(uint8_t *p, const member *m)
{
    zip_put(p, 2, m->wide || m->at >= LARGE ? 45 : 20);
    zip_put(p + 2, 2, m->flags);
    zip_put(p + 4, 2, m->method);
    zip_put(p + 6, 2, 0);
    zip_put(p + 8, 2, DATE);
    zip_put(p + 10, 4, m->crc);
    zip_put(p + 14, 4, m->wide ? LARGE : m->packed);
    zip_put(p + 18, 4, m->wide ? LARGE : m->size);
    zip_put(p + 22, 2, m->name_bytes);
}

/* Writes a zip64 field of n numbers; its length. */
static size_t put_extra(uint8_t *p, int n, const uint64_t *numbers)
{
    if (!n) return 0;
    zip_put(p, 2, 1);
    zip_put(p + 2, 2, (uint64_t)(8 * n));
    for (int k = 0; k < n; k++) zip_put(p + 4 + 8 * k, 8, numbers[k]);
    return 4 + 8 * (size_t)n;
}

static bool write_local(zip_writer *z, const member *m, bool again)
{
    uint8_t p[ZIP_LOCAL + 20];
    uint64_t sizes[] = {m->size, m->packed};
    size_t extra = put_extra(p + ZIP_LOCAL, m->wide ? 2 : 0, sizes);
    zip_put(p, 4, ZIP_LOCAL_MARK);
    put_common(p + 4, m);
    zip_put(p + 28, 2, extra);
    if (!again)
        return egi_output_write(&z->out, p, ZIP_LOCAL) && egi_output_write(&z->out, m->name, m->name_bytes - 4) &&
               egi_output_write(&z->out, ".npy", 4) && egi_output_write(&z->out, p + ZIP_LOCAL, extra);
    return egi_output_patch(&z->out, m->at, p, ZIP_LOCAL) &&
           egi_output_patch(&z->out, m->at + ZIP_LOCAL + m->name_bytes, p + ZIP_LOCAL, extra);
}

/* Room for more bytes of the directory. */
static uint8_t *reserve(zip_writer *z, size_t more)
{
    if (z->room - z->used < more) {
        size_t room = 2 * z->room + more + 1024;
        uint8_t *p = eg_alloc(z->out.eg, (int64_t)room, 1);
        if (!p) return NULL;
        if (z->used) memcpy(p, z->entries, z->used);
        eg_release(z->out.eg, z->entries);
        z->entries = p;
        z->room = room;
    }
    return z->entries + z->used;
}

static bool add_entry(zip_writer *z, const member *m)
{
    uint8_t *p = reserve(z, ZIP_ENTRY + m->name_bytes + 28);
    if (!p) return false;
    uint64_t numbers[3];
    int n = 0;
    if (m->wide) {
        numbers[n++] = m->size;
        numbers[n++] = m->packed;
    }
    if (m->at >= LARGE) numbers[n++] = m->at;
    memset(p, 0, ZIP_ENTRY);
    zip_put(p, 4, ZIP_ENTRY_MARK);
    zip_put(p + 4, 2, 3 << 8 | 45); /* made on Unix */
    put_common(p + 6, m);
    zip_put(p + 38, 4, (uint64_t)0100644 << 16);
    zip_put(p + 42, 4, m->at >= LARGE ? LARGE : m->at);
    memcpy(p + ZIP_ENTRY, m->name, m->name_bytes - 4);
    memcpy(p + ZIP_ENTRY + m->name_bytes - 4, ".npy", 4);
    size_t extra = put_extra(p + ZIP_ENTRY + m->name_bytes, n, numbers);
    zip_put(p + 30, 2, extra);
    z->used += ZIP_ENTRY + m->name_bytes + extra;
    z->num++;
    return true;
}

bool egi_zip_add(zip_writer *z, const char *name, const void *head, size_t head_bytes, const void *data, size_t bytes)
{
    member m = {.name = name, .name_bytes = strlen(name) + 4, .size = head_bytes + bytes, .at = z->out.at};
    m.method = z->level ? ZIP_DEFLATED : ZIP_STORED;
    for (const char *c = name; *c; c++) m.flags |= *c & 0x80 ? ZIP_UTF8 : 0;
    m.wide = m.size + m.size / 1000 + 1024 >= LARGE; /* what does not shrink grows a little */
    m.crc = (uint32_t)crc32_z(crc32_z(0, NULL, 0), head, head_bytes);
    if (bytes) m.crc = (uint32_t)crc32_z(m.crc, data, bytes);
    if (!write_local(z, &m, false)) return false;
    uint64_t start = z->out.at;
    bool ok = z->level ? write_deflated(z, head, head_bytes, data, bytes)
                       : egi_output_write(&z->out, head, head_bytes) && egi_output_write(&z->out, data, bytes);
    m.packed = z->out.at - start;
    return ok && write_local(z, &m, true) && add_entry(z, &m);
}

bool egi_zip_end(zip_writer *z)
{
    uint8_t p[ZIP_END64 + ZIP_LOCATOR + ZIP_END] = {0}, *end = p;
    uint64_t start = z->out.at, num = (uint64_t)z->num;
    if (!egi_output_write(&z->out, z->entries, z->used)) return false;
    if (num >= 0xFFFF || z->used >= LARGE || start >= LARGE) {
        zip_put(p, 4, ZIP_END64_MARK);
        zip_put(p + 4, 8, ZIP_END64 - 12);
        zip_put(p + 12, 2, 3 << 8 | 45);
        zip_put(p + 14, 2, 45);
        zip_put(p + 24, 8, num);
        zip_put(p + 32, 8, num);
        zip_put(p + 40, 8, z->used);
        zip_put(p + 48, 8, start);
        zip_put(p + 56, 4, ZIP_LOCATOR_MARK);
        zip_put(p + 64, 8, z->out.at);
        zip_put(p + 72, 4, 1);
        end += ZIP_END64 + ZIP_LOCATOR;
    }
    zip_put(end, 4, ZIP_END_MARK);
    zip_put(end + 8, 2, num < 0xFFFF ? num : 0xFFFF);
    zip_put(end + 10, 2, num < 0xFFFF ? num : 0xFFFF);
    zip_put(end + 12, 4, z->used < LARGE ? z->used : LARGE);
    zip_put(end + 16, 4, start < LARGE ? start : LARGE);
    return egi_output_write(&z->out, p, (size_t)(end + ZIP_END - p));
}
