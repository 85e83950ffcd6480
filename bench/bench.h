/* Shared by the benchmarks: options, pinning, the clock, warm timing, and the one JSON line of bench/peers/README.md.
 *
 *     int main(int argc, char **argv)
 *     {
 *         struct bench b = {.workload = "coba", .n = 4000, .steps = 10000, .threads = 2, .unit = "neuron-step"};
 *         int64_t delay = 0;
 *         bench_open(&b, argc, argv, (struct bench_option[]){{"--delay", &delay}, {0}});
 *         ... build the model ...                               bench_built(&b);
 *         bench_measure(&b, run, &model);                      run(void *) blocks until its result is in memory
 *         bench_check(&b, "rate_hz", rate);                    shows that the work was done
 *         bench_extra(&b, "us_per_step", b.run_s * 1e6 / (double)b.steps);
 *         return bench_close(&b, (double)b.n * (double)b.steps);
 *     }
 *
 * Include it first: it needs the GNU names of sched.h. */
#ifndef ENGRAM_BENCH_H
#define ENGRAM_BENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <engram/core.h>
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct bench {
    const char *workload, *unit; /* the work, and what ns_per_unit counts */
    int64_t n, steps;            /* --n, --steps */
    int threads;                 /* --threads; the process is pinned to as many cores, if there are */
    bool f64;                    /* --dtype f32 | f64 */
    bool fast;                   /* --math contract | fast */
    bool json;                   /* --json: print the JSON line alone */
    uint64_t seed;               /* --seed */
    int reps;                    /* --reps: warm calls, of which the best counts; 0 = 3 */
    double opened;               /* when bench_open returned */
    double setup_s, compile_s, run_s;
    char check[512], extra[1024]; /* "key": value, ... */
};

/* A further option "--name INTEGER", or, if its name is "--name word|word", "--name WORD", which gives the word's
 * number; a list of them ends with {0}. */
struct bench_option {
    const char *name;
    int64_t *value;
};

/* Seconds on the monotonic clock. */
static inline double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Largest resident memory of the process so far, in MB. */
static inline double bench_peak_mb(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_maxrss / 1024;
}

/* Seconds since the kernel started this process, to the 10 ms of its clock; loading of libraries counts.  -1: unknown.
 */
static inline double bench_since_start(void)
{
    char line[1024] = "";
    FILE *f = fopen("/proc/self/stat", "r");
    if (!f) return -1;
    size_t got = fread(line, 1, sizeof line - 1, f);
    fclose(f);
    line[got] = 0;
    const char *p = strrchr(line, ')'); /* field 2, which may hold anything; the start is field 22 */
    for (int field = 2; p && field < 22; field++) p = strchr(p + 1, ' ');
    if (!p) return -1;
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec - strtod(p, NULL) / (double)sysconf(_SC_CLK_TCK);
}

static inline void bench_usage(const struct bench *b, const struct bench_option *more)
{
    fprintf(stderr,
            "%s: --n INT --steps INT --threads INT --dtype f32|f64 --math contract|fast --seed INT --reps INT --json",
            b->workload);
    for (; more && more->name; more++) fprintf(stderr, " %s%s", more->name, strchr(more->name, ' ') ? "" : " INT");
    fputc('\n', stderr);
    exit(2);
}

/* Pins the process to the first `threads` of its cores, as every peer does; more threads than cores are left alone. */
static inline void bench_pin(int threads)
{
    cpu_set_t all, some;
    if (sched_getaffinity(0, sizeof all, &all)) return;
    CPU_ZERO(&some);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&some) < threads; i++)
        if (CPU_ISSET(i, &all)) CPU_SET(i, &some);
    sched_setaffinity(0, sizeof some, &some);
}

/* Reads the value of a further option; false if it is none of those. */
static inline bool bench_read(const struct bench_option *o, const char *name, const char *value)
{
    size_t n = strlen(name), m = strlen(value);
    while (o && o->name && (strncmp(o->name, name, n) != 0 || (o->name[n] && o->name[n] != ' '))) o++;
    if (!o || !o->name || !m) return false;
    if (!o->name[n]) {
        char *end = NULL;
        *o->value = strtoll(value, &end, 0);
        return !*end;
    }
    const char *word = o->name + n + 1;
    for (*o->value = 0; word; ++*o->value) {
        if (strncmp(word, value, m) == 0 && (!word[m] || word[m] == '|')) return true;
        word = strchr(word, '|');
        word = word ? word + 1 : NULL;
    }
    return false;
}

/* Reads the options over the defaults that stand in *b; an unknown one ends the program with the list of all. */
static inline void bench_open(struct bench *b, int argc, char **argv, const struct bench_option *more)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(name, "--json")) {
            b->json = true;
            continue;
        }
        char *end = NULL;
        int64_t number = strtoll(value, &end, 0);
        bool is_number = *value && !*end;
        i++;
        if (!strcmp(name, "--dtype") && (!strcmp(value, "f32") || !strcmp(value, "f64"))) {
            b->f64 = value[1] == '6';
            continue;
        }
        if (!strcmp(name, "--math") && (!strcmp(value, "contract") || !strcmp(value, "fast"))) {
            b->fast = value[0] == 'f';
            continue;
        }
        if (bench_read(more, name, value)) continue;
        if (!is_number) bench_usage(b, more);
        if (!strcmp(name, "--n")) {
            b->n = number;
        } else if (!strcmp(name, "--steps")) {
            b->steps = number;
        } else if (!strcmp(name, "--threads") && number >= 1 && number <= 4096) {
            b->threads = (int)number;
        } else if (!strcmp(name, "--seed")) {
            b->seed = (uint64_t)number;
        } else if (!strcmp(name, "--reps") && number >= 1 && number <= 1000000) {
            b->reps = (int)number;
        } else {
            bench_usage(b, more);
        }
    }
    if (b->threads < 1) b->threads = 1;
    if (b->reps < 1) b->reps = 3;
    bench_pin(b->threads);
    b->opened = bench_now();
}

/* The model stands: setup_s is the time since bench_open. */
static inline void bench_built(struct bench *b) { b->setup_s = bench_now() - b->opened; }

/* A first call, with whatever it compiles, then the best of `reps` warm ones.  compile_s becomes their difference,
 * unless it was set before from better knowledge. */
static inline void bench_measure(struct bench *b, void (*run)(void *user), void *user)
{
    double start = bench_now();
    run(user);
    double first = bench_now() - start, best = 0;
    for (int i = 0; i < b->reps; i++) {
        start = bench_now();
        run(user);
        double took = bench_now() - start;
        if (i == 0 || took < best) best = took;
    }
    b->run_s = best;
    if (b->compile_s <= 0) b->compile_s = first > best ? first - best : 0;
}

static inline void bench_append(char *list, size_t size, const char *key, double value)
{
    size_t used = strlen(list);
    snprintf(list + used, size - used, "%s\"%s\": %.9g", used ? ", " : "", key, value);
}

/* A figure by which a reader sees that the same work was done. */
static inline void bench_check(struct bench *b, const char *key, double value)
{
    bench_append(b->check, sizeof b->check, key, value);
}

/* A figure of its own for the JSON line. */
static inline void bench_extra(struct bench *b, const char *key, double value)
{
    bench_append(b->extra, sizeof b->extra, key, value);
}

/* Prints what was measured for `units` units of work per call; returns the exit status of main. */
static inline int bench_close(struct bench *b, double units)
{
    double ns = b->run_s * 1e9 / units;
    const char *dtype = b->f64 ? "f64" : "f32", *math = b->fast ? "fast" : "contract";
    bench_extra(b, "peak_mb", bench_peak_mb());
    if (b->json)
        printf("{\"workload\": \"%s\", \"peer\": \"engram\", \"version\": \"%d.%d.%d\", \"n\": %" PRId64
               ", \"steps\": %" PRId64
               ", \"threads\": %d, \"dtype\": \"%s\", \"math\": \"%s\", \"setup_s\": %.6g, \"compile_s\": %.6g, "
               "\"run_s\": %.6g, \"ns_per_unit\": %.6g, \"unit\": \"%s\", \"check\": {%s}, %s}\n",
               b->workload, EG_VERSION_MAJOR, EG_VERSION_MINOR, EG_VERSION_PATCH, b->n, b->steps, b->threads, dtype,
               math, b->setup_s, b->compile_s, b->run_s, ns, b->unit, b->check, b->extra);
    else
        printf("%s n %" PRId64 " steps %" PRId64
               " threads %d %s %s: setup %.4g s, compile %.4g s, run %.5g s = %.5g ns per "
               "%s\n    check %s; %s\n",
               b->workload, b->n, b->steps, b->threads, dtype, math, b->setup_s, b->compile_s, b->run_s, ns, b->unit,
               b->check, b->extra);
    return ns > 0 && ns < 1e30 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
