/* Shared libraries: LLVM's C API has no linker, so the system's is run, without a shell. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/export.h"

enum { MESSAGE = 400 };

/* Its output goes to the log. */
static int spawn(pid_t *pid, char *const *argv, const char *log)
{
    posix_spawn_file_actions_t a;
    if (posix_spawn_file_actions_init(&a)) return ENOMEM;
    int why = posix_spawn_file_actions_addopen(&a, 0, "/dev/null", O_RDONLY, 0);
    if (!why) why = posix_spawn_file_actions_addopen(&a, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (!why) why = posix_spawn_file_actions_adddup2(&a, 1, 2);
    if (!why) why = posix_spawnp(pid, argv[0], &a, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&a);
    return why;
}

/* Is it a whole 64-bit ELF file?  Its sections' headers stand at its end. */
static bool is_whole(const char *made)
{
    Elf64_Ehdr h;
    struct stat st;
    FILE *f = fopen(made, "re");
    bool good = f && fread(&h, sizeof h, 1, f) == 1 && !fstat(fileno(f), &st) && !memcmp(h.e_ident, ELFMAG, SELFMAG) &&
                h.e_shoff && h.e_shoff + (uint64_t)h.e_shnum * h.e_shentsize <= (uint64_t)st.st_size;
    if (f) fclose(f);
    return good;
}

/* 0 if it ended well.  A host that ignores its children has nothing to tell: what was to be made tells. */
static int wait_for(pid_t pid, const char *made)
{
    int status = 0;
    pid_t got;
    while ((got = waitpid(pid, &status, 0)) < 0 && errno == EINTR) continue;
    if (got < 0) return is_whole(made) ? 0 : 1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

static void read_log(const char *log, char message[MESSAGE])
{
    FILE *f = fopen(log, "re");
    size_t n = f ? fread(message, 1, MESSAGE - 1, f) : 0;
    if (f) fclose(f);
    while (n && (unsigned char)message[n - 1] <= ' ') n--;
    message[n] = 0;
}

static bool run(egi_files *fs, const char *object, const char *made, const char *log, const char *soname)
{
    const char *const by_compiler[] = {"cc", "gcc", "clang"};
    char message[MESSAGE] = "";
    pid_t pid;
    int why = ENOENT;
    for (size_t k = 0; k < EGI_LEN(by_compiler) && (why == ENOENT || why == EACCES); k++) {
        const char *argv[] = {by_compiler[k], "-shared", "-z", "noexecstack", "-Xlinker", "-soname",
                              "-Xlinker",     soname,    "-o", made,          object,     NULL};
        why = spawn(&pid, (char *const *)(uintptr_t)argv, log);
    }
    if (why == ENOENT || why == EACCES) {
        const char *argv[] = {"ld", "-shared", "-z", "noexecstack", "-soname", soname, "-o", made, object, NULL};
        why = spawn(&pid, (char *const *)(uintptr_t)argv, log);
    }
    if (why) {
        egi_fail(fs->eg, EG_ERR_IO, NULL, 0,
                 "eg_export: a shared library needs a linker, and neither cc, gcc, clang nor ld can be run (%s); "
                 "install one, or link the object yourself",
                 strerror(why));
        return false;
    }
    if (wait_for(pid, made) == 0) return true;
    read_log(log, message);
    egi_fail(fs->eg, EG_ERR_IO, NULL, 0, "eg_export: the linker failed: %s", message[0] ? message : "it says nothing");
    return false;
}

bool egi_files_link(egi_files *fs, int object, const char *suffix)
{
    const eg_allocator *a = &fs->eg->allocator;
    int k = object < 0 ? -1 : egi_files_add(fs, suffix);
    if (k < 0) return false;
    const char *path = fs->at[k].path.s, *base = strrchr(path, '/');
    /* A path that begins with '-' is no option. */
    const char *here = path[0] == '/' ? "" : "./";
    egi_text from = {.allocator = a}, to = {.allocator = a}, log = {.allocator = a};
    egi_put(&from, "%s%s", here, fs->at[object].part.s);
    egi_put(&to, "%s%s", here, fs->at[k].part.s);
    egi_put(&log, "%s.log", to.s ? to.s : "");
    bool ok = !from.failed && !to.failed && !log.failed;
    if (!ok) egi_no_memory(fs->eg);
    ok = ok && run(fs, from.s, to.s, log.s, base ? base + 1 : path) && egi_files_sync(fs, to.s);
    if (log.s) unlink(log.s);
    egi_text_free(&from);
    egi_text_free(&to);
    egi_text_free(&log);
    return ok;
}
