/* Smaller programs that still fail, each tried in a process of its own: a crash is as good as a mismatch. */
#include "fuzz.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

void fz_apply(const fz_cut *cut, fz_program *p)
{
    fz_program_of(cut->seed, cut->policy, p);
    for (int k = 0; k < FZ_SIZES; k++) {
        if (cut->size[k] >= 0) p->size[k] = cut->size[k];
    }
    if (cut->steps >= 0) p->steps = cut->steps;
    p->only_result = cut->only_result;
    for (uint32_t k = 0; k < p->records; k++) p->cut[k] = cut->cut[k] == '1';
}

int fz_spawn_one(const fz_cut *cut, const char *text_path, char *why)
{
    char seed[32], policy[32], sizes[120], steps[32], result[32], file[] = "/tmp/fuzz-why-XXXXXX";
    int fd = mkstemp(file), status = 0;
    if (fd < 0) abort();
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)cut->seed);
    snprintf(policy, sizeof policy, "%s", cut->policy < 0 ? "any" : fz_policy_names[cut->policy]);
    snprintf(steps, sizeof steps, "%lld", (long long)cut->steps);
    snprintf(result, sizeof result, "%d", cut->only_result);
    int n = 0;
    for (int k = 0; k < FZ_SIZES; k++)
        n += snprintf(sizes + n, sizeof sizes - (size_t)n, "%s%lld", k ? "," : "", (long long)cut->size[k]);
    const char *argv[] = {"fuzz",    "--one", seed,      "--policy", policy,
                          "--sizes", sizes,   "--steps", steps,      "--result",
                          result,    "--cut", cut->cut,  "--text",   text_path ? text_path : "",
                          NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd, 1);
    int failed = posix_spawn(&pid, "/proc/self/exe", &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed || waitpid(pid, &status, 0) != pid) abort();
    ssize_t got = why ? pread(fd, why, FZ_WHY - 1, 0) : 0;
    if (why) why[got > 0 ? got : 0] = 0;
    close(fd);
    unlink(file);
    if (WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) > 1)) {
        if (why) {
            size_t at = strlen(why);
            if (WIFSIGNALED(status))
                snprintf(why + at, FZ_WHY - at, "signal %d", WTERMSIG(status));
            else
                snprintf(why + at, FZ_WHY - at, "exit code %d", WEXITSTATUS(status));
        }
        return 2;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

/* Ways to fail: a find is the same as long as it fails the same way. */
static int way(const char *why)
{
    static const char *const ways[] = {"trace:",          "verify_stages", "status",      "interpreter",
                                       "slope:",          "text",          "other sizes", "steps twice",
                                       "event and dense", "gradient",      "threads"};
    for (int k = 0; k < (int)EGI_LEN(ways); k++) {
        if (strstr(why, ways[k])) return k;
    }
    return -1;
}

typedef struct find {
    int kind, way;
} find;

static bool still(const fz_cut *cut, find f)
{
    char why[FZ_WHY];
    return fz_spawn_one(cut, NULL, why) == f.kind && (f.kind == 2 || way(why) == f.way);
}

static int drop_records(fz_cut *cut, find f, uint32_t records, int *budget)
{
    int dropped = 0;
    for (uint32_t step = records; step >= 1; step /= 2) {
        for (uint32_t k = 0; k < records && *budget > 0; k += step) {
            fz_cut next = *cut;
            int changed = 0;
            for (uint32_t j = k; j < k + step && j < records; j++) {
                changed += next.cut[j] != '1';
                next.cut[j] = '1';
            }
            if (!changed) continue;
            --*budget;
            if (still(&next, f)) {
                *cut = next;
                dropped += changed;
            }
        }
    }
    return dropped;
}

static void shrink_numbers(fz_cut *cut, find f, const fz_program *p, int *budget)
{
    static const int64_t smaller[] = {1, 2, 3, 8, 17, 33};
    for (int k = 0; k <= FZ_SIZES; k++) {
        int64_t now = k == FZ_SIZES ? p->steps : p->size[k];
        for (size_t j = 0; j < EGI_LEN(smaller) && smaller[j] < now && *budget > 0; j++) {
            fz_cut next = *cut;
            if (k == FZ_SIZES)
                next.steps = smaller[j];
            else
                next.size[k] = smaller[j];
            --*budget;
            if (!still(&next, f)) continue;
            *cut = next;
            break;
        }
    }
    for (int k = 0; k < 24 && *budget > 0; k++) {
        fz_cut next = *cut;
        next.only_result = k;
        --*budget;
        if (!still(&next, f)) continue;
        *cut = next;
        break;
    }
}

/* Which data the text alone fails on, so that it can join the corpus. */
static void replay(const char *path)
{
    char line[64];
    FILE *file = fopen(path, "r+");
    if (!file) return;
    for (unsigned key = 1; key <= 9; key++) {
        snprintf(line, sizeof line, "engram 1\n; data %u %d\n", key, key > 6);
        rewind(file);
        fputs(line, file);
        fflush(file);
        pid_t pid;
        int status = 0;
        const char *argv[] = {"fuzz", "--regress", path, NULL};
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        if (posix_spawn(&pid, "/proc/self/exe", &actions, NULL, (char *const *)(uintptr_t)argv, environ)) abort();
        posix_spawn_file_actions_destroy(&actions);
        waitpid(pid, &status, 0);
        if (WIFSIGNALED(status) || WEXITSTATUS(status) == 1) {
            printf("  replays from its text\n");
            fclose(file);
            return;
        }
    }
    fclose(file);
    printf("  does not replay from its text alone\n");
}

void fz_reduce(uint64_t seed, int policy, const char *dir)
{
    fz_program *p = malloc(sizeof *p);
    fz_cut cut = {.seed = seed, .policy = policy, .steps = -1, .only_result = -1};
    char why[FZ_WHY], path[512];
    int budget = 400;
    if (!p) abort();
    fz_program_of(seed, policy, p);
    for (int k = 0; k < FZ_SIZES; k++) cut.size[k] = -1;
    memset(cut.cut, '0', p->records);
    int kind = fz_spawn_one(&cut, NULL, why);
    if (!kind) {
        printf("  seed %llu passes when run alone\n", (unsigned long long)seed);
        free(p);
        return;
    }
    find f = {kind, way(why)};
    while (drop_records(&cut, f, p->records, &budget) && budget > 0) continue;
    shrink_numbers(&cut, f, p, &budget);
    drop_records(&cut, f, p->records, &budget);
    snprintf(path, sizeof path, "%s/fuzz-%llu.txt", dir, (unsigned long long)seed);
    fz_spawn_one(&cut, path, why);
    int kept = 0;
    for (uint32_t k = 0; k < p->records; k++) kept += cut.cut[k] == '0';
    printf("  reduced to %d of %u records: %s\n  %s\n", kept, (unsigned)p->records, path, why);
    printf("  --one %llu --policy %s --sizes ", (unsigned long long)seed, policy < 0 ? "any" : fz_policy_names[policy]);
    for (int k = 0; k < FZ_SIZES; k++) printf("%s%lld", k ? "," : "", (long long)cut.size[k]);
    printf(" --steps %lld --result %d --cut %s\n", (long long)cut.steps, cut.only_result, cut.cut);
    replay(path);
    fflush(stdout);
    free(p);
}
