/* Bytes of files, put together by hand: .npy with any header, zip archives with any fields. */
#ifndef ENGRAM_TESTS_IO_BYTES_H
#define ENGRAM_TESTS_IO_BYTES_H

#include <stddef.h>
#include <stdint.h>

typedef struct blob {
    uint8_t at[4096];
    size_t n;
} blob;

void bytes_add(blob *b, const void *data, size_t n);
void bytes_number(blob *b, int width, uint64_t x);

/* Version major.0 with this text as its header, and the elements. */
blob npy_bytes(int major, const char *text, const void *data, size_t n);

/* A zip archive as NumPy writes it; each field of the directory can then be changed where it says. */
typedef struct zip {
    blob file;
    size_t local, entry, end; /* where the last member's records and the end begin */
} zip;
enum { ZIP_IS_DEFLATED = 1, ZIP_IS_WIDE = 2 };
/* One member of that name: the file npy; sizes in zip64 fields if wide. */
zip zip_bytes(const char *name, const blob *npy, int how);

/* An IDX file of that type, extents and elements; any file packed by gzip. */
blob idx_bytes(uint8_t type, int rank, const uint32_t *dim, const void *data, size_t n);
blob gzip_bytes(const blob *b);

/* Writes and reads a whole file. */
void file_put(const char *path, const void *data, size_t n);
size_t file_get(const char *path, void *to, size_t size);
/* Files in the folder that this process began to write and did not finish. */
int parts_left(const char *folder);

#endif
