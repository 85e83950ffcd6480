/* Zip archives, as far as .npz needs them (PKWARE's APPNOTE 6.3): members stored or deflated, zip64. */
#ifndef EGI_IO_ZIP_H
#define EGI_IO_ZIP_H

#include "input.h"
#include "output.h"

enum {
    ZIP_LOCAL = 30, /* bytes of the fixed parts */
    ZIP_ENTRY = 46,
    ZIP_END = 22,
    ZIP_LOCATOR = 20,
    ZIP_END64 = 56,
    ZIP_STORED = 0,
    ZIP_DEFLATED = 8,
    ZIP_ENCRYPTED = 1, /* flags */
    ZIP_UTF8 = 1 << 11
};
#define ZIP_LOCAL_MARK 0x04034b50U
#define ZIP_ENTRY_MARK 0x02014b50U
#define ZIP_END_MARK 0x06054b50U
#define ZIP_LOCATOR_MARK 0x07064b50U
#define ZIP_END64_MARK 0x06064b50U

static inline uint64_t zip_get(const uint8_t *p, int bytes)
{
    uint64_t x = 0;
    for (int k = 0; k < bytes; k++) x |= (uint64_t)p[k] << 8 * k;
    return x;
}
static inline void zip_put(uint8_t *p, int bytes, uint64_t x)
{
    for (int k = 0; k < bytes; k++) p[k] = (uint8_t)(x >> 8 * k);
}

typedef struct zip_member {
    const char *name; /* without ".npy" */
    uint64_t packed, size, at;
    uint32_t crc;
    uint16_t method, flags;
} zip_member;

/* The directory of an archive; it begins at byte start, behind all members. */
typedef struct zip_directory {
    int64_t num; /* of members that are .npy */
    zip_member *member;
    int64_t *sorted; /* members by name */
    char *names;
    uint64_t start;
} zip_directory;

/* Reads it; false after an error.  egi_zip_free() is fine after both. */
bool egi_zip_directory(const input *in, zip_directory *d);
void egi_zip_free(eg_context *eg, zip_directory *d);
/* Index of a name, or -1. */
int64_t egi_zip_find(const zip_directory *d, const char *name);
/* The bytes of a member, inflated; to be closed.  False after an error. */
bool egi_zip_member(const input *in, const zip_directory *d, int64_t k, source *s);

/* An archive being written. */
typedef struct zip_writer {
    output out;
    int level;
    uint8_t *entries; /* the directory so far */
    size_t used, room;
    int64_t num;
} zip_writer;

/* Adds "name.npy" made of two pieces; false after a failure, which is in the output or the context. */
bool egi_zip_add(zip_writer *z, const char *name, const void *head, size_t head_bytes, const void *data, size_t bytes);
/* Writes the directory. */
bool egi_zip_end(zip_writer *z);

#endif
