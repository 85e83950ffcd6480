/* fuzz N [--seed S] [--policy P] [--time SECONDS] [--jobs J] [--stop] [--no-regress] [--no-reduce] [--out DIR]
 *                                              N random programs; --stop: until the first that fails
 * fuzz --one SEED [--policy P] [--text FILE]   one, in this process
 * fuzz --batch SEED                            one batch against singles
 * fuzz --regress FILE                          a text that failed once
 *
 * Programs are run by worker processes (this executable, started anew: a forked child of libgomp has one thread), so a
 * crash is a finding and not the end.  The closing line is `N passed, M failed`. */
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

extern char **environ;

enum { MAX_JOBS = 16, BATCH = 40, MAX_REDUCED = 5, HANG_S = 120 };

typedef struct options {
    uint64_t seed;
    int64_t n;
    int policy, jobs;
    double seconds;
    bool reduce, regress, stop;
    const char *out;
} options;

typedef struct worker {
    pid_t pid;
    int fd;
    uint64_t next, end, at; /* seeds; at: being run */
    bool busy;
    char line[FZ_WHY + 64];
    size_t n;
} worker;

typedef struct tally {
    int64_t passed, failed;
    uint64_t found[MAX_REDUCED];
    int num_found;
} tally;

/* -- a worker: programs [a, b), one line about each ---------------------------------------------------------------- */

static bool check_seed(uint64_t seed, int policy, char *why)
{
    why[0] = 0;
    if (policy < 0 && seed % 16 == 7) return fz_check_batch(seed, why);
    fz_program *p = malloc(sizeof *p);
    if (!p) abort();
    fz_program_of(seed, policy, p);
    bool ok = fz_check(p, why);
    free(p);
    return ok;
}

static int work(uint64_t a, uint64_t b, int policy)
{
    char why[FZ_WHY];
    for (uint64_t seed = a; seed < b; seed++) {
        printf("s %llu\n", (unsigned long long)seed);
        fflush(stdout);
        alarm(HANG_S);
        bool ok = check_seed(seed, policy, why);
        for (char *q = why; *q; q++) {
            if (*q == '\n') *q = ' ';
        }
        printf(ok ? "p\n" : "f %s\n", why);
        fflush(stdout);
    }
    return 0;
}

/* -- the parent ---------------------------------------------------------------------------------------------------- */

static void start(worker *w, int policy)
{
    char a[32], b[32];
    int fd[2];
    if (pipe(fd)) abort();
    snprintf(a, sizeof a, "%llu", (unsigned long long)w->next);
    snprintf(b, sizeof b, "%llu", (unsigned long long)w->end);
    const char *argv[] = {"fuzz", "--range", a, b, "--policy", policy < 0 ? "any" : fz_policy_names[policy], NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd[1], 1);
    posix_spawn_file_actions_addclose(&actions, fd[0]);
    if (posix_spawn(&w->pid, "/proc/self/exe", &actions, NULL, (char *const *)(uintptr_t)argv, environ)) abort();
    posix_spawn_file_actions_destroy(&actions);
    close(fd[1]);
    w->fd = fd[0];
    w->n = 0;
    w->busy = true;
    w->at = UINT64_MAX;
}

static void fail(tally *t, uint64_t seed, const char *why)
{
    t->failed++;
    if (t->num_found < MAX_REDUCED) t->found[t->num_found++] = seed;
    printf("seed %llu: %s\n", (unsigned long long)seed, why);
    fflush(stdout);
}

static void said(worker *w, tally *t, const char *line)
{
    if (line[0] == 's') {
        w->at = strtoull(line + 2, NULL, 10);
        w->next = w->at + 1;
        return;
    }
    if (line[0] == 'p')
        t->passed++;
    else if (line[0] == 'f')
        fail(t, w->at, line + 2);
    w->at = UINT64_MAX;
}

/* False at the end of its output: it has ended, well or by a crash. */
static bool listen_to(worker *w, tally *t)
{
    char part[4096];
    ssize_t got = read(w->fd, part, sizeof part);
    for (ssize_t k = 0; k < got; k++) {
        if (part[k] != '\n') {
            if (w->n < sizeof w->line - 1) w->line[w->n++] = part[k];
            continue;
        }
        w->line[w->n] = 0;
        w->n = 0;
        said(w, t, w->line);
    }
    if (got > 0) return true;
    int status = 0;
    char why[80];
    close(w->fd);
    waitpid(w->pid, &status, 0);
    w->busy = false;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && w->at == UINT64_MAX) return false;
    if (WIFSIGNALED(status))
        snprintf(why, sizeof why, "%s (signal %d)", WTERMSIG(status) == SIGALRM ? "hangs" : "crashes",
                 WTERMSIG(status));
    else
        snprintf(why, sizeof why, "ends with exit code %d", WEXITSTATUS(status));
    fail(t, w->at == UINT64_MAX ? w->next : w->at, why);
    return false;
}

static int regressions(void)
{
    const char *dir = EG_TEST_DIR "/fuzz/regress";
    DIR *d = opendir(dir);
    int failed = 0, n = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[512], why[FZ_WHY];
        size_t length = strlen(e->d_name);
        if (length < 5 || strcmp(e->d_name + length - 4, ".txt") != 0) continue;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        n++;
        if (fz_regress(path, why)) continue;
        printf("%s: %s\n", e->d_name, why);
        failed++;
    }
    if (d) closedir(d);
    printf("%d texts that failed once: %d fail\n", n, failed);
    fflush(stdout);
    return failed;
}

static void run_all(const options *o, tally *t)
{
    worker w[MAX_JOBS] = {{0}};
    uint64_t next = o->seed, end = o->seed + (uint64_t)o->n;
    double begin = egi_now(), told = begin;
    bool tty = isatty(2);
    for (;;) {
        struct pollfd p[MAX_JOBS];
        int running = 0, who[MAX_JOBS];
        bool late = o->seconds > 0 && egi_now() - begin > o->seconds;
        for (int k = 0; k < o->jobs; k++) {
            if (!w[k].busy && w[k].next >= w[k].end && next < end && !late) {
                w[k].next = next;
                w[k].end = next = next + BATCH < end ? next + BATCH : end;
            }
            if (!w[k].busy && w[k].next < w[k].end && !late) start(&w[k], o->policy);
            if (!w[k].busy) continue;
            who[running] = k;
            p[running++] = (struct pollfd){.fd = w[k].fd, .events = POLLIN};
        }
        if (!running) break;
        if (o->stop && t->failed) {
            for (int k = 0; k < running; k++) kill(w[who[k]].pid, SIGKILL);
            break;
        }
        poll(p, (nfds_t)running, 1000);
        for (int k = 0; k < running; k++) {
            if (p[k].revents) listen_to(&w[who[k]], t);
        }
        if (tty && egi_now() - told > 1) {
            told = egi_now();
            fprintf(stderr, "\r%lld passed, %lld failed ", (long long)t->passed, (long long)t->failed);
        }
    }
    if (tty) fprintf(stderr, "\r");
}

static int policy_of(const char *name)
{
    for (int k = 0; k < FZ_POLICY_COUNT; k++) {
        if (!strcmp(name, fz_policy_names[k])) return k;
    }
    return -1;
}

static int usage(void)
{
    fprintf(stderr, "fuzz N [--seed S] [--policy chain|wide|reduce|shape|loop|net|event|tiny|mixed] [--time SECONDS] "
                    "[--jobs J] [--stop] [--no-regress] [--no-reduce] [--out DIR]\nfuzz --one SEED [--policy P] "
                    "[--text FILE]\nfuzz --regress FILE\n");
    return 2;
}

/* -- one program --------------------------------------------------------------------------------------------------- */

/* The text without the places where values were built, behind its first line what it failed on. */
static void print_bare(FILE *f, const fz_program *p, const char *text)
{
    fprintf(f, "engram 1\n; data 1 %d\n; fuzz --one %llu, policy %s\n", p->specials, (unsigned long long)p->seed,
            fz_policy_names[p->policy]);
    const char *line = strchr(text, '\n');
    while (line && *++line) {
        const char *end = strchr(line, '\n'), *place = strstr(line, " ; ");
        if (!end) end = line + strlen(line);
        if (!place || place > end) place = end;
        fprintf(f, "%.*s\n", (int)(place - line), line);
        line = *end ? end : NULL;
    }
}

static void write_text(const fz_program *p, const char *path)
{
    fz_session s;
    char why[FZ_WHY];
    eg_options o = {.math = p->math, .interpret = true};
    if (!fz_open(&s, p, &o, NULL, why)) return;
    FILE *f = strcmp(path, "-") ? fopen(path, "w") : stdout;
    if (f) {
        print_bare(f, p, eg_text(s.f));
        if (f != stdout) fclose(f);
    }
    fz_close(&s);
}

static int one(const fz_cut *cut, const char *text)
{
    fz_program *p = malloc(sizeof *p);
    char why[FZ_WHY] = "";
    if (!p) abort();
    alarm(HANG_S);
    fz_apply(cut, p);
    if (text) write_text(p, text);
    bool ok = fz_check(p, why);
    printf("%s\n", ok ? "passed" : why);
    fflush(stdout);
    free(p);
    return !ok;
}

/* -- command line -------------------------------------------------------------------------------------------------- */

typedef enum mode { MANY, ONE, ONE_BATCH, RANGE, REGRESS } mode;

typedef struct command {
    options o;
    fz_cut cut;
    mode mode;
    uint64_t from, to;
    const char *text, *regress;
} command;

/* An option that takes the word behind it; false if there is no such option. */
static bool take_word(command *c, const char *name, const char *v)
{
    if (!strcmp(name, "--seed"))
        c->o.seed = strtoull(v, NULL, 10);
    else if (!strcmp(name, "--time"))
        c->o.seconds = strtod(v, NULL);
    else if (!strcmp(name, "--jobs"))
        c->o.jobs = (int)strtol(v, NULL, 10);
    else if (!strcmp(name, "--out"))
        c->o.out = v;
    else if (!strcmp(name, "--policy"))
        c->o.policy = policy_of(v);
    else if (!strcmp(name, "--one"))
        c->cut.seed = strtoull(v, NULL, 10), c->mode = ONE;
    else if (!strcmp(name, "--batch"))
        c->cut.seed = strtoull(v, NULL, 10), c->mode = ONE_BATCH;
    else if (!strcmp(name, "--regress"))
        c->regress = v, c->mode = REGRESS;
    else if (!strcmp(name, "--text"))
        c->text = v;
    else
        return false;
    return true;
}

/* The same for those by which the reducer says what is left out; see fz_cut. */
static bool take_cut(fz_cut *cut, const char *name, const char *v)
{
    char *q = (char *)(uintptr_t)v;
    if (!strcmp(name, "--steps"))
        cut->steps = strtoll(v, NULL, 10);
    else if (!strcmp(name, "--result"))
        cut->only_result = (int)strtol(v, NULL, 10);
    else if (!strcmp(name, "--cut"))
        snprintf(cut->cut, sizeof cut->cut, "%s", v);
    else if (!strcmp(name, "--sizes"))
        for (int j = 0; j < FZ_SIZES; j++) cut->size[j] = strtoll(q, &q, 10), q += *q == ',';
    else
        return false;
    return true;
}

static bool parse(command *c, int argc, char **argv)
{
    for (int k = 1; k < argc; k++) {
        const char *a = argv[k];
        if (!strcmp(a, "--no-reduce")) {
            c->o.reduce = false;
        } else if (!strcmp(a, "--no-regress")) {
            c->o.regress = false;
        } else if (!strcmp(a, "--stop")) {
            c->o.stop = true;
        } else if (a[0] != '-') {
            c->o.n = strtoll(a, NULL, 10);
        } else if (!strcmp(a, "--range") && k + 2 < argc) {
            c->from = strtoull(argv[++k], NULL, 10);
            c->to = strtoull(argv[++k], NULL, 10);
            c->mode = RANGE;
        } else if (k + 1 < argc && (take_word(c, a, argv[k + 1]) || take_cut(&c->cut, a, argv[k + 1]))) {
            k++;
        } else {
            return false;
        }
    }
    c->cut.policy = c->o.policy;
    return c->mode != MANY || c->o.n > 0;
}

static int told(bool ok, const char *why)
{
    printf("%s\n", ok ? "passed" : why);
    return !ok;
}

static int many(const options *o)
{
    tally t = {0};
    double begin = egi_now();
    printf("seeds %llu to %llu\n", (unsigned long long)o->seed, (unsigned long long)(o->seed + (uint64_t)o->n - 1));
    if (o->regress) t.failed += regressions();
    run_all(o, &t);
    for (int k = 0; o->reduce && k < t.num_found && !o->stop; k++) {
        printf("seed %llu:\n", (unsigned long long)t.found[k]);
        if (o->policy < 0 && t.found[k] % 16 == 7)
            printf("  a batch: fuzz --batch %llu\n", (unsigned long long)t.found[k]);
        else
            fz_reduce(t.found[k], o->policy, o->out);
    }
    printf("%.1f s\n%lld passed, %lld failed\n", egi_now() - begin, (long long)t.passed, (long long)t.failed);
    return t.failed != 0;
}

int main(int argc, char **argv)
{
    char why[FZ_WHY];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    command c = {.o = {.policy = -1, .reduce = true, .regress = true, .out = "."},
                 .cut = {.steps = -1, .only_result = -1, .size = {-1, -1, -1, -1, -1}}};
    c.o.jobs = cores < 1 ? 1 : cores > 4 ? 4 : (int)cores;
    if (!parse(&c, argc, argv)) return usage();
    if (c.o.jobs < 1 || c.o.jobs > MAX_JOBS) c.o.jobs = 1;
    switch (c.mode) {
    case RANGE: return work(c.from, c.to, c.o.policy);
    case ONE_BATCH: return told(fz_check_batch(c.cut.seed, why), why);
    case ONE: return one(&c.cut, c.text && *c.text ? c.text : NULL);
    case REGRESS: return told(fz_regress(c.regress, why), why);
    case MANY: break;
    }
    return many(&c.o);
}
