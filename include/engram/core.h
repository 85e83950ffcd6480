/* Engram core: contexts, traced values, functions, variables, loops, running.
 *
 * Ownership.  A context owns everything made in it: variables, functions, states, arrays, connections.  eg_close()
 *   frees all of it; there are few other destructors, and each accepts NULL.
 * Errors.  The first error of a context sticks: later calls do nothing and return an empty value, NULL or the error's
 *   code.  Build a whole model, then ask eg_error() once.  Every entry point survives NULL and wrong arguments.
 *   A run reports into its state; wrong arguments of eg_call, and runs on the context's own state, into the context.
 * Threads.  A context is used by one host thread at a time.  A compiled function is immutable: many host threads may
 *   run it at once, each with a state of its own.
 * Numbers.  Plain C numbers stand wherever a value can; they take the type of the other operand.
 */
#ifndef ENGRAM_CORE_H
#define ENGRAM_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Last parameters of whatever can fail while a model is built: where the user's call stands.  In C the macro of the
 * function's name gives them, in C++ they have defaults. */
#ifdef __cplusplus
#define EG_PLACE const char *file = __builtin_FILE(), int line = __builtin_LINE()
#else
#define EG_PLACE const char *file, int line
#endif

#if defined(__GNUC__)
#define EG_API __attribute__((visibility("default")))
#define EG_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define EG_API
#define EG_PRINTF(f, a)
#endif

#define EG_VERSION_MAJOR 0
#define EG_VERSION_MINOR 1
#define EG_VERSION_PATCH 0
#define EG_VERSION (EG_VERSION_MAJOR * 10000 + EG_VERSION_MINOR * 100 + EG_VERSION_PATCH)

/* Version of the library that is loaded; equal to EG_VERSION unless header and library were mixed. */
EG_API int eg_version(void);

/* -- errors ------------------------------------------------------------------------------------------------------ */

/* X(name, text): what functions return and contexts keep: EG_OK and the kinds of errors. */
#define EG_STATUS_MAP(X)                                                                                               \
    X(OK, "no error")                                                                                                  \
    X(ERR_ARGUMENT, "wrong argument")                                                                                  \
    X(ERR_SHAPE, "shapes do not fit")                                                                                  \
    X(ERR_TYPE, "types do not fit")                                                                                    \
    X(ERR_SCOPE, "value used outside its place")                                                                       \
    X(ERR_STATE, "not possible in this state")                                                                         \
    X(ERR_MEMORY, "out of memory")                                                                                     \
    X(ERR_COMPILE, "compilation failed")                                                                               \
    X(ERR_RUN, "run failed")                                                                                           \
    X(ERR_CANCELLED, "cancelled")                                                                                      \
    X(ERR_IO, "input or output failed")                                                                                \
    X(ERR_INTERNAL, "internal error")

/* EG_OK, or the kind of error: the names above with EG_ before them. */
typedef enum eg_status {
#define X(name, text) EG_##name,
    EG_STATUS_MAP(X)
#undef X
        EG_STATUS_COUNT
} eg_status;

/* One line of text for a status; never NULL. */
EG_API const char *eg_status_text(eg_status status);

/* -- types --------------------------------------------------------------------------------------------------------- */

#define EG_MAX_RANK 6

/* Type of an element. */
typedef enum eg_dtype {
    EG_BOOL, /* stored as one byte: 0 or 1; where one is read, any other is 1 */
    EG_I32,
    EG_U32,
    EG_I64,
    EG_F32,
    EG_F64,
    EG_C64,  /* complex numbers: two f32, real part first */
    EG_C128, /* two f64 */
    EG_DTYPE_COUNT
} eg_dtype;

/* Bytes of one element; 0 for an unknown type. */
EG_API size_t eg_dtype_size(eg_dtype t);
/* "f32" and so on; never NULL. */
EG_API const char *eg_dtype_name(eg_dtype t);

/* Type and shape of a value.  Of complex numbers the rank is at most EG_MAX_RANK - 1 where they lie in memory: in
 * variables, arrays, arguments and results. */
typedef struct eg_spec {
    eg_dtype dtype;
    int rank;
    int64_t dim[EG_MAX_RANK];
} eg_spec;

/* Specs of rank 0, 1 and 2 with these extents: eg_matrix(EG_F32, 10, 20). */
#ifndef __cplusplus
#define eg_scalar(t) ((eg_spec){.dtype = (t)})
#define eg_vector(t, n) ((eg_spec){.dtype = (t), .rank = 1, .dim = {(n)}})
#define eg_matrix(t, m, n) ((eg_spec){.dtype = (t), .rank = 2, .dim = {(m), (n)}})
#endif

/* Number of elements of that shape; 1 for scalars. */
static inline int64_t eg_num_elements(eg_spec s)
{
    int64_t n = 1;
    for (int k = 0; k < s.rank; k++) n *= s.dim[k];
    return n;
}
/* Of the same type and shape; two negative ranks (there is nothing) are the same. */
static inline bool eg_same_spec(eg_spec a, eg_spec b)
{
    bool same = a.rank == b.rank && (a.rank < 0 || a.dtype == b.dtype);
    for (int k = 0; k < a.rank && same; k++) same = a.dim[k] == b.dim[k];
    return same;
}

/* -- context ------------------------------------------------------------------------------------------------------- */

typedef struct eg_context eg_context;
typedef struct eg_var eg_var;
typedef struct eg_func eg_func;
typedef struct eg_state eg_state;
typedef struct eg_array eg_array;
typedef struct eg_csr eg_csr;

/* How sums and products of floats are rounded. */
typedef enum eg_math {
    EG_MATH_CONTRACT, /* default: a*b+c in user's code is one fma; everything agrees bit for bit */
    EG_MATH_STRICT,   /* every operation is rounded on its own */
    EG_MATH_FAST      /* passes may reassociate: results agree within a tolerance only */
} eg_math;

/* Allocator of a context: alignment is a power of two; returns NULL when there is no memory.  Runs in several host
 * threads call it at once.  All memory comes from it but what LLVM (while compiling) and OpenMP keep for themselves,
 * and 128 bytes for each thread of a team while it runs. */
typedef struct eg_allocator {
    void *(*alloc)(void *user, size_t size, size_t align);
    void (*free)(void *user, void *p);
    void *user;
} eg_allocator;

/* Does a run look for its first NaN or infinity?  What that is, what it costs and what it finds: docs/checking.md. */
typedef enum eg_check {
    EG_CHECK_DEFAULT, /* of a context: off; of a run: the context's */
    EG_CHECK_OFF,
    EG_CHECK_OUTPUT, /* at chunk ends, in variables, carried values and results: a few percent slower */
    EG_CHECK_ALL     /* after every operation, also what is masked later: the run is interpreted */
} eg_check;

/* 0 means the default everywhere; a NULL pointer means all defaults. */
typedef struct eg_options {
    int threads;     /* size of the team; 0 = OMP_NUM_THREADS or one per core */
    int lanes;       /* elements of 32 bits in a vector: 4, 8, 16; 0 = what the CPU has */
    const char *cpu; /* "native" (default), "x86-64-v3", "x86-64-v4" */
    eg_math math;
    bool keep_denormals;           /* default: denormals are flushed to zero */
    bool interpret;                /* run everything in the interpreter */
    bool no_passes;                /* skip the optimising passes: for tests */
    eg_check check;                /* of runs that do not say: an operation that makes a NaN or infinity is an error */
    bool perf_map;                 /* write /tmp/perf-PID.map so that perf names compiled functions */
    const char *dump;              /* stages to print to the log: "trace,simplify,lift,stage,llvm,asm" or "all" */
    double chunk_ms;               /* time between looks at progress and cancelling; 0 = 20 ms */
    uint64_t seed;                 /* of all random streams */
    const eg_allocator *allocator; /* copied; NULL = malloc */
} eg_options;

/* Opens a context; NULL only when out of memory.  Wrong options are an error of the context. */
EG_API eg_context *eg_open(const eg_options *options);
/* Frees the context and all it owns.  NULL is fine. */
EG_API void eg_close(eg_context *eg);

/* The first error since eg_open or eg_clear_error; EG_ERR_ARGUMENT for a NULL context. */
EG_API eg_status eg_error(const eg_context *eg);
/* What went wrong, where, and what to do; "" without an error; never NULL; valid until the context changes. */
EG_API const char *eg_message(const eg_context *eg);
/* Forgets the error.  Values and objects made before it stay valid. */
EG_API void eg_clear_error(eg_context *eg);

/* Text the library would like to tell (dumps, notes).  Nothing is ever printed without it.  The callback must not call
 * Engram. */
typedef void (*eg_log_fn)(void *user, const char *text);
EG_API void eg_set_log(eg_context *eg, eg_log_fn fn, void *user);

/* -- values -------------------------------------------------------------------------------------------------------- */

typedef struct eg_header eg_header;

/* A traced value, a tuple of values, or a plain number.  Passed by value; never freed.  A value of a trace that has
 * ended is an error when used, never a crash. */
typedef struct eg_val {
    const eg_header *of;
    uint32_t generation, id;
#ifdef __cplusplus /* plain numbers convert */
    eg_val() = default;
    inline eg_val(const eg_header *header, uint32_t of_generation, uint32_t of_id);
    inline eg_val(double x);
    inline eg_val(float x);
    inline eg_val(int x);
    inline eg_val(long x);
    inline eg_val(long long x);
    inline eg_val(unsigned x);
    inline eg_val(unsigned long x);
    inline eg_val(unsigned long long x);
#endif
} eg_val;

/* Plain numbers as values; the macros below call them. */
EG_API eg_val eg_real(double x);
EG_API eg_val eg_int(long long x);
EG_API eg_val eg_uint(unsigned long long x);
/* A plain complex number, while this thread traces a function; otherwise nothing.  In C what is written with I of
 * <complex.h> is one by itself. */
EG_API eg_val eg_complex_number(double re, double im);
static inline eg_val eg_as_val(eg_val v) { return v; }
/* Is it a plain number?  *x: which, if x is not NULL. */
EG_API bool eg_is_number(eg_val v, double *x);
/* No value: an empty tuple, the default of "nothing to pass". */
static inline eg_val eg_nothing(void)
{
    eg_val v;
    v.of = 0;
    v.generation = v.id = 0;
    return v;
}

#ifndef __cplusplus
/* One of C's. */
static inline eg_val eg_of_complex(double _Complex z)
{
    return eg_complex_number(((const double *)&z)[0], ((const double *)&z)[1]);
}
#define EG_CAT_(a, b) a##b
#define EG_CAT(a, b) EG_CAT_(a, b)
/* One evaluation and one copy of the text, however deep the calls nest. */
#define EG_VAL_1(x, t)                                                                                                 \
    __extension__({                                                                                                    \
        __auto_type t = (x);                                                                                           \
        _Generic(t,                                                                                                    \
            eg_val: eg_as_val,                                                                                         \
            float: eg_real,                                                                                            \
            double: eg_real,                                                                                           \
            float _Complex: eg_of_complex,                                                                             \
            double _Complex: eg_of_complex,                                                                            \
            unsigned: eg_uint,                                                                                         \
            unsigned long: eg_uint,                                                                                    \
            unsigned long long: eg_uint,                                                                               \
            default: eg_int)(t);                                                                                       \
    })
#define EG_VAL(x) EG_VAL_1(x, EG_CAT(eg_t_, __COUNTER__))
#define EG_HERE __FILE__, __LINE__
#endif

/* Type and shape of a value; rank -1 if it is a tuple, nothing or stale. */
EG_API eg_spec eg_spec_of(eg_val v);
/* Are they one and the same value of a trace?  Not: are they equal. */
static inline bool eg_same_value(eg_val a, eg_val b)
{
    return a.of == b.of && a.generation == b.generation && a.id == b.id;
}
/* Number of parts of a tuple; 0 for nothing, 1 for a value that is not a tuple. */
EG_API int eg_tuple_size(eg_val v);
/* Context that a value belongs to; of plain numbers and nothing the one in which this thread is tracing; else NULL. */
EG_API eg_context *eg_context_of(eg_val v);

/* -- tracing ------------------------------------------------------------------------------------------------------- */

/* What is traced: receives its arguments as one value (a tuple if there are several, nothing if none) and returns its
 * result (a tuple if there are several, nothing if none). */
typedef eg_val (*eg_fn)(void *user, eg_val x);

/* Traces fn once and returns it as a function; NULL after an error.  `name` appears in dumps, errors and profiles.
 * The arguments have the types and shapes of args[0..num_args).  May be called while another function is traced, too:
 * fn cannot use the values of that one, and eg_apply() there calls what was made. */
EG_API eg_func *(eg_trace)(eg_context *eg, const char *name, eg_fn fn, void *user, int num_args, const eg_spec *args,
                           EG_PLACE);

/* Frees a function before its context is closed; its compiled code stays in the context's cache. */
EG_API void eg_func_free(eg_func *f);

/* Number and types of what it takes and gives. */
EG_API int eg_num_args(const eg_func *f);
EG_API int eg_num_results(const eg_func *f);
EG_API eg_spec eg_arg_spec(const eg_func *f, int k);
EG_API eg_spec eg_result_spec(const eg_func *f, int k);
/* Variables that it reads or sets: their number, and the k-th; NULL behind the last. */
EG_API int eg_num_used_variables(const eg_func *f);
EG_API eg_var *eg_used_variable(const eg_func *f, int k);
/* The traced graph as text (docs/ir.md); owned by the function. */
EG_API const char *eg_text(eg_func *f);
/* Reads such text back; variables and captured objects must exist in the context.  Text is what runs, and
 * eg_batch_mean(): it has neither custom nor stopped gradients. */
EG_API eg_func *eg_parse(eg_context *eg, const char *text);

/* Calls f inside the trace in progress: its graph is copied there, so that the call costs nothing when it runs.  x are
 * its arguments (a tuple if there are several, nothing if none), of just its types and shapes; variables are read and
 * set as if its C function had been called here; random draws are streams of their own.  Gives its result, a tuple if
 * there are several.  f may be freed afterwards.  Errors: nothing is being traced, arguments that do not fit. */
EG_API eg_val(eg_apply)(eg_func *f, eg_val x, EG_PLACE);

/* Tuples: eg_tuple(eg, n, values) packs, eg_item(t, k) takes the k-th part. */
EG_API eg_val(eg_tuple)(eg_context *eg, int n, const eg_val *v, EG_PLACE);
EG_API eg_val(eg_item)(eg_val t, int k, EG_PLACE);

/* Names the value in errors and dumps; returns it. */
EG_API eg_val eg_name(eg_val v, const char *name);

/* -- variables and states ---------------------------------------------------------------------------------------- */

/* Makes a variable named by its path ("E.V"); a second one of the same name is an error.  Initial value: zeros until
 * eg_write() or eg_fill(). */
EG_API eg_var *(eg_variable)(eg_context *eg, const char *name, eg_spec spec, EG_PLACE);
EG_API eg_var *eg_find_variable(eg_context *eg, const char *name);
EG_API const char *eg_variable_name(const eg_var *v);
EG_API eg_spec eg_variable_spec(const eg_var *v);

/* Current value while tracing; the value last set in this trace. */
EG_API eg_val(eg_get)(eg_var *v, EG_PLACE);
/* Sets it: type and shape must fit (a scalar fills; plain numbers convert). */
EG_API void(eg_set)(eg_var *v, eg_val x, EG_PLACE);

/* A state holds a value for every variable of its context: one block of memory, one slot a variable, C order,
 * contiguous, 64-byte aligned.  Many states can run the same function.  NULL stands for the context's own state. */
EG_API eg_state *eg_state_new(eg_context *eg);
EG_API void eg_state_free(eg_state *s);
/* Puts every variable back to its initial value (eg_init, else zeros) and the random execution count to 0. */
EG_API eg_status eg_reset(eg_context *eg, eg_state *s);
/* The variable's memory in the state, to read or write between runs; valid until another variable is made.  NULL after
 * an error. */
EG_API void *eg_data(eg_state *s, eg_var *v);
/* Copies from and to the context's own state. `bytes` must be the size of the variable. */
EG_API eg_status eg_write(eg_var *v, const void *data, size_t bytes);
EG_API eg_status eg_read(eg_var *v, void *data, size_t bytes);
EG_API eg_status eg_fill(eg_var *v, double x);
/* Value that eg_reset and new states give the variable: a copy of data (whole array) is kept.  The context's own state
 * has it at once, other states from their next eg_reset. */
EG_API eg_status eg_init(eg_var *v, const void *data, size_t bytes);
EG_API eg_status eg_init_fill(eg_var *v, double x);

/* -- control ------------------------------------------------------------------------------------------------------- */

/* n times: body(user, (i, carry, x_i)) -> (carry', y).  i counts 0..n-1 (i64); carry starts as init; x_i is row i of
 * each part of xs; all variables the body sets are carried by themselves.  Result: (last carry, stacked y).
 * n is a plain number, or a traced i64 scalar (then xs and y must be nothing).  Time is never unrolled. */
EG_API eg_val(eg_loop)(eg_context *eg, eg_val n, eg_fn body, void *user, eg_val init, eg_val xs, EG_PLACE);
/* While cond(user, carry) (a bool scalar): carry = body(user, carry).  Result: carry. */
EG_API eg_val(eg_while)(eg_context *eg, eg_fn cond, eg_fn body, void *user, eg_val init, EG_PLACE);
/* yes(user, x) or no(user, x), by a bool scalar; both give the same types.  `no` may be NULL (gives x).  A variable
 * that one arm does not set keeps its value. */
EG_API eg_val(eg_cond)(eg_val pred, eg_fn yes, eg_fn no, void *user, eg_val x, EG_PLACE);

/* Calls a host function in the middle of a compiled one, on one thread: in[k] are the arguments' elements, out[k] is to
 * be filled.  Returns 0, or anything else to stop the run with an error. */
typedef int (*eg_host_fn)(void *user, const void *const *in, void *const *out);
EG_API eg_val(eg_host)(eg_context *eg, const char *name, eg_host_fn fn, void *user, int num_in, const eg_val *in,
                       int num_out, const eg_spec *out, EG_PLACE);

/* -- captured data ------------------------------------------------------------------------------------------------- */

/* An array of the context: a copy of data (zeros if NULL), 64-byte aligned. */
EG_API eg_array *(eg_array_new)(eg_context *eg, eg_spec spec, const void *data, EG_PLACE);
EG_API void *eg_array_data(eg_array *a);
EG_API eg_spec eg_array_spec(const eg_array *a);
EG_API eg_context *eg_array_context(const eg_array *a);
/* The array as a value of the current trace; read when the function runs, not copied into its code. */
EG_API eg_val(eg_constant)(eg_array *a, EG_PLACE);

/* Connections in compressed rows: row i holds the targets indices[indptr[i]..indptr[i+1]) of source i.  Both arrays are
 * copied; rows are sorted.  Errors: not ascending indptr, a target outside [0, num_post). */
EG_API eg_csr *(eg_csr_new)(eg_context *eg, int64_t num_pre, int64_t num_post, const int64_t *indptr,
                            const int32_t *indices, EG_PLACE);
EG_API eg_context *eg_csr_context(const eg_csr *c);
EG_API int64_t eg_csr_num_pre(const eg_csr *c);
EG_API int64_t eg_csr_num_post(const eg_csr *c);
EG_API int64_t eg_csr_size(const eg_csr *c);
EG_API const int64_t *eg_csr_indptr(const eg_csr *c);
EG_API const int32_t *eg_csr_indices(const eg_csr *c);
/* Connection k here was number order[k] as they were given; NULL if all are where they were. */
EG_API const int64_t *eg_csr_order(const eg_csr *c);

/* -- running ------------------------------------------------------------------------------------------------------- */

/* Progress of the outermost loop; returning other than 0 cancels the run at a step boundary. */
typedef int (*eg_progress_fn)(void *user, int64_t step, int64_t steps);

/* 0 means the default everywhere; a NULL pointer means all defaults. */
typedef struct eg_run_options {
    int threads;    /* 0 = the context's */
    bool interpret; /* run this call in the interpreter */
    eg_progress_fn progress;
    void *user;
    /* Arguments and results are used where they lie, without a copy: all of them (but NULL results) are memory of
     * eg_alloc() or parts of it, start at whole elements, and nothing else of the call reads or writes a result. */
    bool in_place;
    bool more;      /* a call that goes on follows: an eg_cancel() that is too late to stop this one stops that one */
    eg_check check; /* EG_ERR_RUN at the first NaN or infinity, naming operation, line, element, step and operands */
} eg_run_options;

/* Compiles f now (a run does it by itself at the first call). */
EG_API eg_status eg_compile(eg_func *f);
/* Runs f on a state (NULL = the context's own): in[k] points to the elements of argument k, out[k] receives result k
 * (NULL = not wanted).  After an error or cancelling the state is that of the last whole step. */
EG_API eg_status eg_call(eg_func *f, eg_state *s, const void *const *in, void *const *out, const eg_run_options *opt);
/* Status and message of the last run on the state (NULL = the context's own is asked through eg_message). */
EG_API eg_status eg_run_status(const eg_state *s);
EG_API const char *eg_run_message(const eg_state *s);
/* Asks a run on the state to stop at its next chunk; may be called from another thread or a signal handler. */
EG_API void eg_cancel(eg_state *s);
EG_API eg_state *eg_own_state(eg_context *eg);

/* -- how much memory ----------------------------------------------------------------------------------------------- */

/* X(name, text): what a run of compiled code keeps in memory. */
#define EG_MEMORY_MAP(X)                                                                                               \
    X(VARIABLES, "variables")           /* the state: all variables of the context */                                  \
    X(ARGUMENTS, "copies of arguments") /* room for them: arrays that are not the context's are copied */              \
    X(RESULTS, "copies of results")                                                                                    \
    X(VALUES, "intermediate values") /* what one stage writes and another one reads */                                 \
    X(CARRIED, "carried by loops")   /* states of loops; in gradients also checkpoints and sums of gradients */        \
    X(STACKS, "stacked by loops")    /* a row for each step: outputs, and what gradients store of each step */         \
    X(LISTS, "lists of spikes")                                                                                        \
    X(DELIVERIES, "delivery plans")      /* connections, ordered by the threads that own the targets */                \
    X(SCRATCH, "scratch of the threads") /* packed parts of products, parts of sums */                                 \
    X(HOST, "copies for host functions") /* what a step in which one fails falls back to */                            \
    X(TABLES, "tables")

/* What memory is for: the names above with EG_MEMORY_ before them. */
typedef enum eg_memory_kind {
#define X(name, text) EG_MEMORY_##name,
    EG_MEMORY_MAP(X)
#undef X
        EG_MEMORY_KINDS
} eg_memory_kind;

/* One line of text; never NULL. */
EG_API const char *eg_memory_kind_text(eg_memory_kind kind);

/* A value that lies in memory. */
typedef struct eg_memory_item {
    eg_memory_kind kind;
    const char *name; /* yours (eg_name, a variable's), or the operation that makes it; "": a list of spikes.  Lives as
                         long as the function */
    const char *file; /* where it was built; NULL: not known */
    int line;
    eg_spec spec; /* of a stack: [steps, shape of a row...]; of complex numbers (not variables): floats [..., 2] */
    int64_t bytes;
} eg_memory_item;

#define EG_MEMORY_LARGEST 16

/* Bytes that a run takes from the context's allocator. */
typedef struct eg_memory {
    int threads;
    int64_t total, bytes[EG_MEMORY_KINDS]; /* all, and by kind */
    int num_largest;
    eg_memory_item largest[EG_MEMORY_LARGEST]; /* of variables and all else that has a shape, largest first */
} eg_memory;

/* How much memory running f takes, before it runs: of a gradient what each checkpoint policy would take.  threads as in
 * eg_run_options.  It counts what the first run allocates and keeps for the next ones: a state and f's buffers in it.
 * Not among it: code, arrays and connections, which are there already; what checks (eg_check) and the interpreter take
 * besides.  It plans f, which takes milliseconds, but compiles, runs and allocates none of it.  Errors: memory is NULL,
 * threads, sizes that no memory holds (EG_ERR_MEMORY). */
EG_API eg_status eg_plan(eg_func *f, int threads, eg_memory *memory);
/* The same as lines of text: by kind, then the largest values; "" after an error.  Owned by the function until the next
 * call. */
EG_API const char *eg_plan_text(eg_func *f, int threads);

/* -- what happened ------------------------------------------------------------------------------------------------- */

/* What a context did so far. */
typedef struct eg_stats {
    int64_t traces, compiles, cache_hits, runs;
    double trace_s, pass_s, codegen_s; /* sums over the context's life */
    double last_trace_s, last_pass_s, last_codegen_s, last_run_s;
    int64_t last_nodes; /* nodes of the last traced function */
    int last_threads;   /* team of the last run */
} eg_stats;
/* Counts and times of the context; zeros for NULL. */
EG_API eg_stats eg_get_stats(const eg_context *eg);
/* Seconds that it has spent on tracing and compiling. */
static inline double eg_compile_seconds(const eg_context *eg)
{
    eg_stats s = eg_get_stats(eg);
    return s.trace_s + s.pass_s + s.codegen_s;
}

#ifndef __cplusplus
#define eg_trace(...) (eg_trace)(__VA_ARGS__, EG_HERE)
#define eg_apply(f, x) (eg_apply)(f, EG_VAL(x), EG_HERE)
#define eg_tuple(...) (eg_tuple)(__VA_ARGS__, EG_HERE)
#define eg_item(t, k) (eg_item)(t, k, EG_HERE)
#define eg_variable(...) (eg_variable)(__VA_ARGS__, EG_HERE)
#define eg_get(v) (eg_get)(v, EG_HERE)
#define eg_set(v, x) (eg_set)(v, EG_VAL(x), EG_HERE)
#define eg_loop(eg, n, body, user, init, xs) (eg_loop)(eg, EG_VAL(n), body, user, EG_VAL(init), EG_VAL(xs), EG_HERE)
#define eg_while(eg, cond, body, user, init) (eg_while)(eg, cond, body, user, EG_VAL(init), EG_HERE)
#define eg_cond(p, yes, no, user, x) (eg_cond)(EG_VAL(p), yes, no, user, EG_VAL(x), EG_HERE)
#define eg_host(...) (eg_host)(__VA_ARGS__, EG_HERE)
#define eg_array_new(...) (eg_array_new)(__VA_ARGS__, EG_HERE)
#define eg_constant(a) (eg_constant)(a, EG_HERE)
#define eg_csr_new(...) (eg_csr_new)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#include "engram/cxx.h"
#endif
#endif
