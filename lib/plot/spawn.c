/* Other programs: found in PATH and started without a shell.  What goes in and out lies in files in memory, so that a
 * program which does not read or write cannot block us, and no signal comes of it. */
#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { PATH_SIZE = 4096, PATIENCE_MS = 60000 };

/* Folders of PATH that are not absolute depend on where we are: they do not count. */
static bool find(const char *name, char *path)
{
    const char *from = getenv("PATH");
    while (from && *from) {
        size_t n = strcspn(from, ":");
        struct stat info;
        if (*from == '/' && n + strlen(name) + 2 <= PATH_SIZE) {
            snprintf(path, PATH_SIZE, "%.*s/%s", (int)n, from, name);
            if (!stat(path, &info) && S_ISREG(info.st_mode) && !access(path, X_OK)) return true;
        }
        from += n + (from[n] == ':');
    }
    return false;
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t got = write(fd, p, n);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        p += got;
        n -= (size_t)got;
    }
    return lseek(fd, 0, SEEK_SET) == 0;
}

/* All that lies in the file. */
static bool read_all(int fd, text *out)
{
    char buffer[16384];
    off_t at = 0;
    for (ssize_t n; (n = pread(fd, buffer, sizeof buffer, at)) != 0; at += n) {
        if (n < 0) return false;
        egi_text_add(out, buffer, (size_t)n);
    }
    return !eg_error(out->eg);
}

/* The first line, for messages. */
static void first_line(int fd, char *to, size_t size)
{
    char buffer[400];
    ssize_t n = pread(fd, buffer, sizeof buffer, 0), k = 0, used = 0;
    while (k < n && (buffer[k] == '\n' || buffer[k] == ' ' || buffer[k] == '^')) k++;
    for (; k < n && buffer[k] != '\n' && (size_t)used + 1 < size; k++)
        to[used++] = buffer[k] >= 32 && buffer[k] < 127 ? buffer[k] : ' ';
    to[used] = 0;
}

/* The program as host signals do not change it; 0 or an error number. */
static int start(const char *path, char *const *args, const int *fd, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t all, none;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed) return failed;
    failed = posix_spawnattr_init(&attributes);
    if (failed) {
        posix_spawn_file_actions_destroy(&actions);
        return failed;
    }
    /* fd ascends, so that none is overwritten before it is used. */
    for (int k = 0; k < 3 && !failed; k++) failed = posix_spawn_file_actions_adddup2(&actions, fd[k], k);
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    if (!failed) failed = posix_spawn(child, path, &actions, &attributes, args, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* Its exit status; -1 if it was killed for taking too long.  0 if the host's own handling of children took it away:
 * what came out tells. */
static int finish(pid_t child)
{
    for (int ms = 0; ms < PATIENCE_MS; ms += 2) {
        int status;
        pid_t got = waitpid(child, &status, WNOHANG);
        if (got == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
        if (got < 0 && errno != EINTR) return 0;
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    return -1;
}

bool egi_spawn(const char *name, char *const *args, const text *in, text *out, char *why, size_t size)
{
    char path[PATH_SIZE];
    if (!find(name, path)) {
        snprintf(why, size, "%s is not in PATH", name);
        return false;
    }
    int fd[3];
    for (int k = 0; k < 3; k++) fd[k] = memfd_create("engram", MFD_CLOEXEC);
    bool ok = fd[0] >= 0 && fd[1] >= 0 && fd[2] >= 0 && write_all(fd[0], in->at, in->n);
    if (!ok) snprintf(why, size, "no file in memory: %s", strerror(errno));
    pid_t child = 0;
    int failed = ok ? start(path, args, fd, &child) : 0;
    if (failed) snprintf(why, size, "%s cannot be started: %s", path, strerror(failed));
    if (ok && !failed) {
        int status = finish(child);
        char line[200];
        first_line(fd[2], line, sizeof line);
        if (status < 0)
            snprintf(why, size, "%s took more than %d s", path, PATIENCE_MS / 1000);
        else
            snprintf(why, size, "%s: exit status %d: %s", path, status, line);
        ok = status == 0 && read_all(fd[1], out);
    }
    for (int k = 0; k < 3; k++) {
        if (fd[k] >= 0) close(fd[k]);
    }
    return ok && !failed;
}
