/* Files that appear together: written beside their places, brought to disk, then renamed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/export.h"

static bool bad(egi_files *fs, const char *path, const char *why)
{
    egi_fail(fs->eg, EG_ERR_IO, NULL, 0, "eg_export: '%.300s' cannot be written: %s", path, why);
    return false;
}

/* Contexts of one process may export to one path at once. */
static atomic_uint parts;

int egi_files_add(egi_files *fs, const char *suffix)
{
    const eg_allocator *a = &fs->eg->allocator;
    int k = fs->n;
    struct stat old;
    if (fs->eg->status || k == EGI_MOST_FILES) return -1;
    egi_text path = {.allocator = a}, part = {.allocator = a};
    egi_put(&path, "%s%s", fs->prefix, suffix);
    egi_put(&part, "%s%s.%ld.%u.part", fs->prefix, suffix, (long)getpid(),
            atomic_fetch_add_explicit(&parts, 1, memory_order_relaxed));
    fs->at[k].path = path;
    fs->at[k].part = part;
    fs->n++;
    if (path.failed || part.failed) {
        egi_no_memory(fs->eg);
        return -1;
    }
    /* Renaming would fail, or put a file in place of a device, when others are in place already. */
    if (!stat(path.s, &old) && !S_ISREG(old.st_mode)) {
        bad(fs, path.s, S_ISDIR(old.st_mode) ? strerror(EISDIR) : "what is there is no regular file");
        return -1;
    }
    return k;
}

/* All bytes, whatever interrupts. */
static int put(int fd, const char *p, size_t bytes)
{
    while (bytes) {
        ssize_t n = write(fd, p, bytes < (size_t)1 << 30 ? bytes : (size_t)1 << 30);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n ? errno : EIO;
        p += n;
        bytes -= (size_t)n;
    }
    return fsync(fd) ? errno : 0;
}

bool egi_files_write(egi_files *fs, const char *suffix, const void *data, size_t bytes)
{
    int k = egi_files_add(fs, suffix);
    if (k < 0) return false;
    const char *part = fs->at[k].part.s;
    unlink(part); /* of a process that died, which had our number */
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0) return bad(fs, fs->at[k].path.s, strerror(errno));
    int why = put(fd, data, bytes);
    if (close(fd) && !why) why = errno;
    return why ? bad(fs, fs->at[k].path.s, strerror(why)) : true;
}

bool egi_files_sync(egi_files *fs, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return bad(fs, path, strerror(errno));
    int why = fsync(fd) ? errno : 0;
    close(fd);
    return why ? bad(fs, path, strerror(why)) : true;
}

/* Renames are on disk when the folder is.  Not every file system can tell, and the files are in place by then. */
static void sync_folder(char *part)
{
    char *end = strrchr(part, '/');
    if (end) end[end == part] = 0;
    int fd = open(end ? part : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void)fsync(fd);
    close(fd);
}

bool egi_files_commit(egi_files *fs)
{
    for (int k = 0; k < fs->n && !fs->eg->status; k++) {
        if (rename(fs->at[k].part.s, fs->at[k].path.s)) bad(fs, fs->at[k].path.s, strerror(errno));
    }
    fs->in_place = !fs->eg->status;
    if (fs->n && fs->in_place) sync_folder(fs->at[0].part.s);
    return !fs->eg->status;
}

void egi_files_discard(egi_files *fs)
{
    for (int k = 0; k < fs->n; k++) {
        if (fs->at[k].part.s && !fs->in_place) unlink(fs->at[k].part.s);
        egi_text_free(&fs->at[k].path);
        egi_text_free(&fs->at[k].part);
    }
    fs->n = 0;
}
