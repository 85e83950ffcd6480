/* Bytes of files, put together by hand. */
#include "bytes.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ZLIB_CONST
#include <zlib.h>

/* Used by the fuzzer too, where Check's assertions cannot be. */
static void must(bool ok)
{
    if (!ok) abort();
}

void bytes_add(blob *b, const void *data, size_t n)
{
    must(b->n + n <= sizeof b->at);
    if (n) memcpy(b->at + b->n, data, n);
    b->n += n;
}

void bytes_number(blob *b, int width, uint64_t x)
{
    for (int k = 0; k < width; k++) bytes_add(b, &(uint8_t){(uint8_t)(x >> 8 * k)}, 1);
}

blob npy_bytes(int major, const char *text, const void *data, size_t n)
{
    blob b = {.n = 0};
    bytes_add(&b, "\x93NUMPY", 6);
    bytes_number(&b, 1, (uint64_t)major);
    bytes_number(&b, 1, 0);
    bytes_number(&b, major == 1 ? 2 : 4, strlen(text));
    bytes_add(&b, text, strlen(text));
    bytes_add(&b, data, n);
    return b;
}

static size_t deflate_raw(const blob *from, uint8_t *to, size_t size)
{
    z_stream d = {.next_in = from->at, .avail_in = (uInt)from->n, .next_out = to, .avail_out = (uInt)size};
    must(deflateInit2(&d, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    must(deflate(&d, Z_FINISH) == Z_STREAM_END);
    size_t n = d.total_out;
    deflateEnd(&d);
    return n;
}

/* From "version needed" to the length of the name. */
static void add_common(blob *b, int how, uint32_t crc, size_t packed, size_t size, size_t name)
{
    bytes_number(b, 2, how & ZIP_IS_WIDE ? 45 : 20);
    bytes_number(b, 2, 0);
    bytes_number(b, 2, how & ZIP_IS_DEFLATED ? 8 : 0);
    bytes_number(b, 4, 0x00210000);
    bytes_number(b, 4, crc);
    bytes_number(b, 4, how & ZIP_IS_WIDE ? 0xFFFFFFFF : packed);
    bytes_number(b, 4, how & ZIP_IS_WIDE ? 0xFFFFFFFF : size);
    bytes_number(b, 2, name);
}

static void add_wide(blob *b, size_t packed, size_t size)
{
    bytes_number(b, 2, 1);
    bytes_number(b, 2, 16);
    bytes_number(b, 8, size);
    bytes_number(b, 8, packed);
}

zip zip_bytes(const char *name, const blob *npy, int how)
{
    zip z = {.local = 0};
    blob *b = &z.file;
    uint8_t packed[4096];
    const bool wide = how & ZIP_IS_WIDE;
    size_t n = npy->n;
    memcpy(packed, npy->at, n);
    if (how & ZIP_IS_DEFLATED) n = deflate_raw(npy, packed, sizeof packed);
    uint32_t crc = (uint32_t)crc32_z(0, npy->at, npy->n);
    bytes_number(b, 4, 0x04034b50);
    add_common(b, how, crc, n, npy->n, strlen(name));
    bytes_number(b, 2, wide ? 20 : 0);
    bytes_add(b, name, strlen(name));
    if (wide) add_wide(b, n, npy->n);
    bytes_add(b, packed, n);
    z.entry = b->n;
    bytes_number(b, 4, 0x02014b50);
    bytes_number(b, 2, 0x032D);
    add_common(b, how, crc, n, npy->n, strlen(name));
    bytes_number(b, 2, wide ? 20 : 0);
    bytes_number(b, 6, 0); /* comment, volume, inner attributes */
    bytes_number(b, 4, 0);
    bytes_number(b, 4, z.local);
    bytes_add(b, name, strlen(name));
    if (wide) add_wide(b, n, npy->n);
    z.end = b->n;
    size_t directory = z.end - z.entry;
    if (wide) {
        bytes_number(b, 4, 0x06064b50);
        bytes_number(b, 8, 44);
        bytes_number(b, 4, 0x002D032D);
        bytes_number(b, 8, 0);
        bytes_number(b, 8, 1);
        bytes_number(b, 8, 1);
        bytes_number(b, 8, directory);
        bytes_number(b, 8, z.entry);
        bytes_number(b, 4, 0x07064b50);
        bytes_number(b, 4, 0);
        bytes_number(b, 8, z.end);
        bytes_number(b, 4, 1);
        z.end = b->n;
    }
    bytes_number(b, 4, 0x06054b50);
    bytes_number(b, 4, 0);
    bytes_number(b, 2, wide ? 0xFFFF : 1);
    bytes_number(b, 2, wide ? 0xFFFF : 1);
    bytes_number(b, 4, wide ? 0xFFFFFFFF : directory);
    bytes_number(b, 4, wide ? 0xFFFFFFFF : z.entry);
    bytes_number(b, 2, 0);
    return z;
}

blob idx_bytes(uint8_t type, int rank, const uint32_t *dim, const void *data, size_t n)
{
    blob b = {.n = 0};
    bytes_add(&b, (uint8_t[]){0, 0, type, (uint8_t)rank}, 4);
    for (int k = 0; k < rank; k++) {
        for (int shift = 24; shift >= 0; shift -= 8) bytes_add(&b, &(uint8_t){(uint8_t)(dim[k] >> shift)}, 1);
    }
    bytes_add(&b, data, n);
    return b;
}

blob gzip_bytes(const blob *b)
{
    blob out = {.n = 0};
    z_stream z = {.next_in = (Bytef *)(uintptr_t)b->at, .avail_in = (uInt)b->n};
    z.next_out = out.at;
    z.avail_out = sizeof out.at;
    if (deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) abort();
    if (deflate(&z, Z_FINISH) != Z_STREAM_END) abort();
    out.n = z.total_out;
    deflateEnd(&z);
    return out;
}

void file_put(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    must(f != NULL);
    must(fwrite(data, 1, n, f) == n);
    must(fclose(f) == 0);
}

size_t file_get(const char *path, void *to, size_t size)
{
    FILE *f = fopen(path, "rb");
    must(f != NULL);
    size_t n = fread(to, 1, size, f);
    fclose(f);
    return n;
}

int parts_left(const char *folder)
{
    DIR *d = opendir(folder);
    must(d != NULL);
    char mine[40];
    snprintf(mine, sizeof mine, ".%ld.", (long)getpid());
    int n = 0;
    for (struct dirent *e; (e = readdir(d));) {
        size_t length = strlen(e->d_name);
        n += length > 5 && !strcmp(e->d_name + length - 5, ".part") && strstr(e->d_name, mine);
    }
    closedir(d);
    return n;
}
