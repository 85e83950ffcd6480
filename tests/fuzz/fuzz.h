/* Random programs, interpreter against compiled code.
 *
 * A seed gives a program: objects (arguments, variables, arrays, connections, delay lines) and a tree of records.  A
 * record is a kind and a number; everything else about it is drawn from (seed, number) while it is traced, by looking
 * at the values there are.  So any record can be left out, and any size changed, and what stays means nearly the same:
 * that is how a failing program is reduced.
 *
 *   program.c   seed -> objects and records            emit*.c     one record -> calls of the public API
 *   pool.c      values there are; picking, taming      session.c   context, data, trace, run, comparison
 *   check.c     what must agree with what              batch.c     B at once against B singles
 *   copies.c    eg_vmap against single runs            gradients.c, slopes.c   eg_gradient, and differences
 *   reduce.c    smaller programs that still fail       regress.c   texts that failed once
 *   main.c      command line, worker processes */
#ifndef ENGRAM_TESTS_FUZZ_H
#define ENGRAM_TESTS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "engram/export.h"
#include "engram/math.h"

/* -- random numbers ------------------------------------------------------------------------------------------------ */

typedef struct fz_rng {
    uint64_t s;
} fz_rng;

static inline uint64_t fz_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xBF58476D1CE4E5B9u;
    x ^= x >> 27;
    x *= 0x94D049BB133111EBu;
    return x ^ x >> 31;
}
static inline uint64_t fz_next(fz_rng *r) { return fz_mix(r->s += 0x9E3779B97F4A7C15u); }
static inline fz_rng fz_rng_of(uint64_t seed, uint64_t number)
{
    return (fz_rng){fz_mix(seed * 0x9E3779B97F4A7C15u + fz_mix(number + 0x632BE59BD9B4E019u))};
}
static inline int64_t fz_below(fz_rng *r, int64_t n) { return n > 0 ? (int64_t)(fz_next(r) % (uint64_t)n) : 0; }
static inline bool fz_chance(fz_rng *r, int percent) { return fz_below(r, 100) < percent; }
static inline double fz_unit(fz_rng *r) { return (double)(fz_next(r) >> 11) * 0x1p-53; }

/* -- programs ------------------------------------------------------------------------------------------------------ */

#define FZ_POLICIES(X) X(chain) X(wide) X(reduce) X(shape) X(loop) X(net) X(event) X(tiny) X(mixed)
typedef enum fz_policy {
#define X(name) FZ_##name,
    FZ_POLICIES(X)
#undef X
        FZ_POLICY_COUNT
} fz_policy;
extern const char *const fz_policy_names[FZ_POLICY_COUNT];

#define FZ_KINDS(X)                                                                                                    \
    X(unary)                                                                                                           \
    X(binary)                                                                                                          \
    X(where)                                                                                                           \
    X(fma)                                                                                                             \
    X(convert)                                                                                                         \
    X(make)                                                                                                            \
    X(view)                                                                                                            \
    X(join)                                                                                                            \
    X(index)                                                                                                           \
    X(update)                                                                                                          \
    X(reduce)                                                                                                          \
    X(scan)                                                                                                            \
    X(dot)                                                                                                             \
    X(random)                                                                                                          \
    X(get)                                                                                                             \
    X(set)                                                                                                             \
    X(trap)                                                                                                            \
    X(delay)                                                                                                           \
    X(event)                                                                                                           \
    X(fired)                                                                                                           \
    X(dense) X(host) X(cond) X(loop) X(while) X(neuron) X(project) X(decay) X(monitor) X(poke) X(burst) X(spike)
typedef enum fz_kind {
#define X(name) FZ_K_##name,
    FZ_KINDS(X)
#undef X
        FZ_KIND_COUNT
} fz_kind;

typedef struct fz_record {
    uint32_t number;
    fz_kind kind;
    int block[2]; /* bodies; 0 = none */
} fz_record;

enum { FZ_MAX_RECORDS = 64, FZ_MAX_BLOCKS = 64, FZ_SIZES = 5, FZ_OBJECTS = 12, FZ_POOL = 400, FZ_CUTS = 2048 };

typedef struct fz_block {
    fz_record at[FZ_MAX_RECORDS];
    int n;
} fz_block;

/* An argument, variable or array: extents are numbers in the table of sizes, -1 = extent 1. */
typedef struct fz_object {
    eg_dtype dtype;
    int rank;
    int dim[EG_MAX_RANK];
    bool count; /* an i64 scalar, 0 to 5: length of a loop */
} fz_object;

typedef struct fz_csr {
    int pre, post; /* sizes */
    int degree;    /* largest number of synapses of a row */
} fz_csr;

/* A network: populations with the same code, and projections between them. */
typedef struct fz_population {
    int size;
    int V, g[2], refractory, spike; /* variables */
} fz_population;

typedef struct fz_program {
    uint64_t seed;
    fz_policy policy;
    int64_t size[FZ_SIZES], steps;
    bool specials, keep_denormals;
    eg_math math;
    fz_object arg[FZ_OBJECTS], var[32], array[FZ_OBJECTS];
    int num_args, num_vars, num_arrays, num_csrs, num_delays, num_blocks, num_populations;
    fz_csr csr[6];
    fz_object delay[2];
    int delay_steps[2];
    fz_population population[3];
    fz_block block[FZ_MAX_BLOCKS]; /* [0] = the function's body */
    uint32_t records;              /* numbers given out */
    bool cut[FZ_CUTS];             /* records left out */
    int only_result;               /* -1 = all */
} fz_program;

void fz_program_of(uint64_t seed, int policy, fz_program *p); /* policy -1: drawn */
eg_spec fz_spec_of(const fz_program *p, const fz_object *o);

/* -- a trace ------------------------------------------------------------------------------------------------------- */

typedef struct fz_val {
    eg_val v;
    eg_spec spec;
    double bound; /* |x| is about at most this */
    uint32_t id;
    bool used;
} fz_val;

typedef struct fz_host_data {
    eg_spec in, out;
} fz_host_data;

typedef struct fz_trace {
    eg_context *eg;
    const fz_program *p;
    eg_var *var[32];
    eg_array *array[FZ_OBJECTS];
    eg_csr *csr[6];
    eg_array *weights[6], *synapse[6], *dense[6]; /* of each csr; dense: of the whole numbers `synapse` */
    eg_delay *delay[2];
    fz_val pool[FZ_POOL];
    int n;
    uint32_t record; /* being traced */
    int made;        /* values by it so far */
    int depth;       /* regions around */
    int variant;     /* 1: other numbers in place of the user's literals */
    double cost, factor;
    bool derived; /* sizes were computed from others */
    bool has_host, has_mean, uses_step;
    bool loss;         /* its last result is a scalar of all others and the variables that are floats */
    bool smooth;       /* records that have no gradient are left out */
    bool has_own_rule; /* a gradient that is not the derivative */
    fz_host_data host[16];
    int num_hosts;
    eg_val monitored[8]; /* values of the step, to be stacked */
    int num_monitored;
    eg_val equal[8][2]; /* pairs of values that must be equal */
    int num_equal;
} fz_trace;

/* Records of a block, one after the other. */
void fz_emit_block(fz_trace *c, int block);
eg_val fz_emit(void *trace, eg_val args); /* an eg_fn: the whole function */

/* -- pool.c -------------------------------------------------------------------------------------------------------- */

enum {
    FZ_B = 1 << EG_BOOL,
    FZ_I = 1 << EG_I32 | 1 << EG_U32 | 1 << EG_I64,
    FZ_F = 1 << EG_F32 | 1 << EG_F64,
    FZ_ANY = FZ_B | FZ_I | FZ_F
};
typedef enum fz_fit { FZ_NO_FIT, FZ_SAME_SHAPE, FZ_SAME_SPEC, FZ_BROADCASTS } fz_fit;
typedef struct fz_want {
    unsigned types;
    int min_rank, max_rank; /* max_rank 0: up to 6 */
    fz_fit fit;
    const eg_spec *like;
    int64_t extent; /* != 0: of the first axis, - 1 */
} fz_want;

/* A value that there is, or NULL.  Leaving out other values does not change the choice. */
fz_val *fz_pick(fz_trace *c, fz_rng *r, fz_want want);
/* A value of this spec: picked, converted, broadcast or made; about within `bound`. */
eg_val fz_like(fz_trace *c, fz_rng *r, eg_spec spec, double bound);
/* Enters a result into the pool, tamed if it may be huge. */
fz_val *fz_keep(fz_trace *c, fz_rng *r, eg_val v, double bound);
eg_val fz_tame(fz_trace *c, fz_rng *r, eg_val v, double bound, double limit);
/* A plain number fit for the type; floats other than 0, 1, -1 differ between variants. */
eg_val fz_literal(fz_trace *c, fz_rng *r, eg_dtype t);
double fz_number(fz_trace *c, fz_rng *r, double low, double high);
eg_val fz_as(eg_val v, eg_dtype t); /* converted if needed */
/* Spikes of so many sources: those that there are, or values above a threshold; bool or floats. */
eg_val fz_spikes(fz_trace *c, fz_rng *r, int64_t pre);
/* A weight for connections k: plain, a scalar, of each source or of each synapse. */
eg_val fz_weight(fz_trace *c, fz_rng *r, int k, eg_dtype t);
/* A bool scalar. */
eg_val fz_condition(fz_trace *c, fz_rng *r);
int64_t fz_count(eg_spec s);
bool fz_same(eg_spec a, eg_spec b);
/* Of a's type, the shape in which both meet. */
eg_spec fz_meet(eg_spec a, eg_spec b);
/* Values not used by others since `from`, newest first; up to n. */
int fz_unused(fz_trace *c, int from, int n, eg_val *out);

/* -- emit*.c ------------------------------------------------------------------------------------------------------- */

#define X(name) void fz_emit_##name(fz_trace *c, fz_rng *r, const fz_record *rec);
FZ_KINDS(X)
#undef X

void fz_layer(fz_trace *c, fz_rng *r); /* emit_layer.c: a loop with products of its input */

/* -- session.c ----------------------------------------------------------------------------------------------------- */

/* Memory whose end is the end of a page: reading or writing behind it is a crash. */
typedef struct fz_memory {
    char *base, *at;
    size_t bytes, mapped;
} fz_memory;

typedef struct fz_outcome {
    int n, num_results;
    eg_spec spec[192];
    char *data[192];
    eg_status status;
    char message[400];
} fz_outcome;

typedef struct fz_session {
    eg_context *eg;
    eg_func *f;
    fz_trace trace;
    fz_memory in[FZ_OBJECTS];
    int num_in;
    bool second;
    const fz_program *p;
} fz_session;

/* A new context; the environment variable FUZZ_DUMP names what it prints, as eg_options.dump. */
eg_context *fz_context(const eg_options *o);
/* A context with the program's objects, traced (unless text: parsed).  False after an error, told in `why`. */
bool fz_open(fz_session *s, const fz_program *p, const eg_options *o, const char *text, char *why);
/* The same in the context of another session, with other numbers as literals; fz_close closes it with `first`. */
bool fz_open_second(fz_session *s, const fz_session *first, const fz_program *p, char *why);
/* The program with a loss behind its results; smooth: without records that have no gradient.  first may be NULL. */
bool fz_open_loss(fz_session *s, const fz_session *first, const fz_program *p, const eg_options *o, bool smooth,
                  char *why);
void fz_close(fz_session *s);
/* Resets the state, runs `times` times. */
void fz_run(fz_session *s, const eg_run_options *o, int times, fz_outcome *out);
/* The same by function pointer. */
void fz_step(fz_session *s, int times, fz_outcome *out);
void fz_outcome_free(fz_outcome *o);
/* "" or what differs. */
bool fz_equal(const fz_outcome *a, const fz_outcome *b, char *why);
/* Deterministic elements. */
void fz_fill(eg_spec spec, uint64_t key, bool specials, bool count, void *data);
fz_memory fz_memory_new(size_t bytes);
void fz_memory_free(fz_memory *m);

enum { FZ_WHY = 1024 };

/* -- check.c, batch.c, regress.c, reduce.c ------------------------------------------------------------------------- */

/* True if all agrees; else `why` tells. */
bool fz_check(const fz_program *p, char *why);
bool fz_check_copies(const fz_program *p, const eg_options *o, fz_rng *r, char *why);
/* The program with other sizes. */
void fz_resized(const fz_program *p, fz_program *q);
/* May its copies be compared with single runs? */
bool fz_copies_fit(const fz_session *s);
/* Makes of a session one whose function is that of num copies; all: for each variable the one of all copies. */
bool fz_multiply(fz_session *s, int num, eg_var **all, char *why);
/* The function of `all` gives num times what that of `one` does, each copy with data of its own. */
bool fz_copies_agree(fz_session *one, fz_session *all, int num, fz_rng *r, char *why);

/* With respect to what, by number of arguments and of the program's variables. */
typedef struct fz_wrt {
    int num_args, num_vars, args[FZ_OBJECTS], vars[FZ_OBJECTS];
} fz_wrt;
/* True unless what `gradient` gives is no slope of the session's loss.  Moves arguments and variables a little. */
bool fz_slopes_agree(fz_session *s, eg_func *gradient, const fz_wrt *wrt, fz_rng *r, char *why);
/* The loss of a program, if it is a number: gradients of all policies, of copies, copies of gradients. */
bool fz_check_gradients(const fz_program *p, const eg_options *o, char *why);
bool fz_check_batch(uint64_t seed, char *why);
bool fz_regress(const char *path, char *why);

/* Command line of a worker for one program, reduced. */
typedef struct fz_cut {
    uint64_t seed;
    int policy;
    int64_t size[FZ_SIZES], steps; /* -1 = as they are */
    int only_result;
    char cut[FZ_CUTS]; /* '1' = left out */
} fz_cut;
void fz_apply(const fz_cut *cut, fz_program *p);
/* Runs this executable on the cut; 0 = passed, 1 = failed, 2 = crashed. */
int fz_spawn_one(const fz_cut *cut, const char *text_path, char *why);
void fz_reduce(uint64_t seed, int policy, const char *dir);

#endif
