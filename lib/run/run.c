/* Running: a number of steps as pieces, each a call of a traced function. */
#include <math.h>
#include <string.h>

#include "runner.h"

/* Records that are taken from memory of their own come in pieces of so many bytes: they are then still in the cache of
 * a core (512 KB to 2 MB), and a piece of COBA is a millisecond, of which its call takes ten microseconds. */
enum { PIECE_BYTES = 1 << 19, MOST_PROGRAMS = 24 };

typedef struct run {
    runner *r;
    eg_dsrun_options o;
    int64_t steps;
    const char *x; /* inputs, time first, padded; NULL: none */
    size_t x_row;
    /* Progress: */
    double compile_s, run_s; /* of pieces that are over */
    double last_s;           /* when progress was last told, in seconds of running */
    int64_t at;              /* step at which the piece begins */
    int64_t block;           /* steps in an iteration of its outermost loop */
    double started;
    eg_status status; /* of the call that ended it */
} run;

/* -- steps --------------------------------------------------------------------------------------------------------- */

/* A duration that misses a whole number of steps by rounding alone is that number. */
static bool steps_of(runner *r, double duration, int64_t *steps, const char *file, int line)
{
    double n = round(duration / r->o.dt);
    if (!(duration >= 0) || n > 1e15) {
        eg_fail(r->eg, EG_ERR_ARGUMENT, file, line, "eg_run: the duration is %g ms; use a time of 0 to 1e15 steps",
                duration);
        return false;
    }
    if (fabs(duration - n * r->o.dt) > 1e-6 * duration) {
        eg_fail(r->eg, EG_ERR_ARGUMENT, file, line,
                "eg_run: %.9g ms is no whole number of steps of %.9g ms; %.9g ms are %.0f steps", duration, r->o.dt,
                n * r->o.dt, n);
        return false;
    }
    *steps = (int64_t)n;
    return true;
}

/* -- pieces -------------------------------------------------------------------------------------------------------- */

/* Blocks of the slowest stride that there is room for, in as few sizes as can be: each is a function of its own. */
static int64_t pieces_of(const runner *r, int levels, int64_t blocks)
{
    size_t bytes = levels ? egr_piece_bytes(r, levels) : 0;
    if (!bytes) return 1;
    int64_t most = (int64_t)(PIECE_BYTES / bytes);
    if (most < 1) most = 1;
    return (blocks + most - 1) / most;
}

typedef bool (*piece_fn)(run *u, int levels, int64_t blocks);

/* Calls fn for all pieces: as long as possible blocks of all levels, then of one level less, and so on. */
static bool each_piece(run *u, piece_fn fn)
{
    const runner *r = u->r;
    int64_t left = u->steps;
    u->at = 0;
    for (int levels = r->num_levels; levels >= 0 && left > 0; levels--) {
        int64_t stride = levels ? r->stride[levels - 1] : 1, blocks = left / stride;
        if (!blocks) continue;
        int64_t pieces = pieces_of(r, levels, blocks), size = blocks / pieces, more = blocks % pieces;
        for (int64_t k = 0; k < pieces; k++) {
            if (!fn(u, levels, size + (k < more))) return false;
            u->at += (size + (k < more)) * stride;
        }
        left -= blocks * stride;
    }
    return true;
}

static bool prepare_piece(run *u, int levels, int64_t blocks)
{
    program *p = egr_program(u->r, levels, blocks);
    return p && (u->o.interpret || !eg_compile(p->func));
}

static int tell(run *u, int64_t step, double run_s)
{
    eg_run_progress p = {step, u->steps, u->compile_s, run_s};
    u->last_s = run_s;
    return u->o.progress ? u->o.progress(u->o.user, &p) : 0;
}

static int on_progress(void *user, int64_t step, int64_t steps)
{
    run *u = user;
    double now = u->run_s + eg_seconds() - u->started;
    (void)steps;
    if (u->at + step * u->block >= u->steps) return 0; /* do_run tells the end */
    if (now - u->last_s < 0.018) return 0;
    return tell(u, u->at + step * u->block, now);
}

static int64_t clock_of(const run *u)
{
    const int64_t *i0 = eg_data(u->o.state, u->r->i0);
    return i0 ? *i0 : 0;
}

static eg_status call(run *u, const program *p, int64_t blocks, int64_t base, bool more)
{
    runner *r = u->r;
    const void *in[4] = {&r->first, &base};
    int num = 2, most = r->o.num_monitors + r->num_outputs;
    if (p->blocks < 0) in[num++] = &blocks;
    if (r->x.rank >= 0) in[num++] = u->x + (size_t)u->at * u->x_row;
    void *few[32], **out = few;
    if (most > 32 && !(out = eg_alloc(r->eg, most, sizeof *out))) return eg_error(r->eg);
    record *m;
    for (int k = 0; (m = egr_record(r, p->levels, k)); k++) out[k] = m->out;
    eg_run_options o = {.threads = u->o.threads,
                        .interpret = u->o.interpret,
                        .progress = u->o.progress ? on_progress : NULL,
                        .user = u,
                        .check = u->o.check,
                        .in_place = true,
                        .more = more};
    eg_status status = eg_call(p->func, u->o.state, in, out, &o);
    if (out != few) eg_release(r->eg, out);
    return status;
}

/* What a piece that ended early has recorded is kept; the context's error is set aside for that. */
static bool end_early(run *u, int levels, int64_t done)
{
    runner *r = u->r;
    char message[1100];
    eg_status status = eg_error(r->eg);
    snprintf(message, sizeof message, "%s", eg_message(r->eg));
    eg_clear_error(r->eg);
    egr_end_piece(r, levels, u->at, done);
    eg_clear_error(r->eg);
    eg_fail(r->eg, status, NULL, 0, "%s", message);
    return false;
}

static bool run_piece(run *u, int levels, int64_t blocks)
{
    runner *r = u->r;
    u->block = levels ? r->stride[levels - 1] : 1;
    program *p = egr_program(r, levels, blocks);
    if (!p || !egr_begin_piece(r, levels, blocks * u->block)) return false;
    u->started = eg_seconds();
    int64_t base = r->first + u->at, done = blocks * u->block;
    u->status = call(u, p, blocks, base, u->at + done < u->steps);
    if (u->status) { /* the clock says how far it came */
        done = clock_of(u) - base;
        if (done < 0 || done > blocks * u->block) done = 0;
        r->done += done;
        return end_early(u, levels, done);
    }
    r->done += done;
    bool good = egr_end_piece(r, levels, u->at, done);
    u->run_s += eg_seconds() - u->started;
    return good;
}

/* -- inputs -------------------------------------------------------------------------------------------------------- */

void egr_swap_axes(char *to, const char *from, int64_t a, int64_t b, size_t bytes)
{
    for (int64_t i = 0; i < a; i++) {
        for (int64_t j = 0; j < b; j++)
            memcpy(to + (size_t)(j * a + i) * bytes, from + (size_t)(i * b + j) * bytes, bytes);
    }
}

/* Type and shape of a row, and the number of steps; false after an error. */
static bool check_x(runner *r, eg_spec spec, const void *x, eg_spec *row, int64_t *steps, const char *file, int line)
{
    bool batch = eg_mode_of(r->target) != EG_NONBATCHING;
    int axis = egr_batch_first(r) ? 1 : 0;
    bool good = eg_dtype_size(spec.dtype) && spec.rank > (axis | batch) && spec.rank <= EG_MAX_RANK;
    for (int k = 0; good && k < spec.rank; k++) good = spec.dim[k] >= 0;
    if (batch && good) good = spec.dim[1 - axis] > 0;
    if (good && (x || eg_num_elements(spec) == 0)) {
        *steps = spec.dim[axis];
        *row = spec;
        row->rank--;
        for (int k = axis; k < row->rank; k++) row->dim[k] = spec.dim[k + 1];
        return true;
    }
    eg_fail(r->eg, good ? EG_ERR_ARGUMENT : EG_ERR_SHAPE, file, line, "eg_run_inputs: %s",
            good    ? "x is NULL"
            : axis  ? "x must have the shape [B, T, ...]"
            : batch ? "x must have the shape [T, B, ...]"
                    : "x must have the shape [T, ...]");
    return false;
}

/* A copy, time first and with room behind its end. */
static bool take_x(run *u, eg_spec spec, const void *x)
{
    runner *r = u->r;
    size_t bytes = egr_row_bytes(spec);
    u->x_row = egr_row_bytes(r->x);
    if (!egr_reserve(r, &r->xs, bytes)) return false;
    u->x = r->xs.at;
    if (!bytes) return true;
    if (egr_batch_first(r))
        egr_swap_axes(r->xs.at, x, spec.dim[0], spec.dim[1], u->x_row / (size_t)spec.dim[0]);
    else
        memcpy(r->xs.at, x, bytes);
    return true;
}

/* -- a whole run --------------------------------------------------------------------------------------------------- */

static bool check_rows(run *u, int64_t i0, const char *file, int line)
{
    runner *r = u->r;
    int which = 0;
    int64_t left = egr_rows_left(r, i0, &which);
    if (left >= u->steps) return true;
    eg_fail(r->eg, EG_ERR_SHAPE, file, line,
            "eg_run: input %d of '%s' has %lld rows%s, %lld steps are to be run; give a longer array or run less",
            which, r->o.inputs[which].variable, (long long)(left < 0 ? 0 : left),
            r->o.inputs[which].by_clock ? " left" : "", (long long)u->steps);
    return false;
}

/* All that can go wrong before anything has changed. */
static bool prepare(run *u, eg_spec row, const char *file, int line)
{
    runner *r = u->r;
    double before = eg_compile_seconds(r->eg);
    int64_t i0 = clock_of(u);
    if (eg_error(r->eg) || !check_rows(u, u->o.reset_state ? 0 : i0, file, line)) return false;
    if (r->num_programs > MOST_PROGRAMS) egr_forget_programs(r);
    if (!egr_probe(r, u->o.fit, row) || !each_piece(u, prepare_piece)) return false;
    u->compile_s = eg_compile_seconds(r->eg) - before;
    return true;
}

static eg_status do_run(run *u, eg_spec row, eg_spec x_spec, const void *x, const char *file, int line)
{
    runner *r = u->r;
    if (!prepare(u, row, file, line)) return eg_error(r->eg);
    r->done = 0;
    bool good = egr_begin_records(r, u->steps) && (row.rank < 0 || take_x(u, x_spec, x));
    if (good && u->o.reset_state) good = !eg_reset_state(r->target, u->o.state);
    if (good) {
        const double *t0 = eg_data(u->o.state, r->t0);
        r->origin = t0 ? *t0 : 0;
        r->first = clock_of(u);
        if (tell(u, 0, 0)) {
            u->status = EG_ERR_CANCELLED;
            eg_fail(r->eg, EG_ERR_CANCELLED, file, line, "eg_run: cancelled before the first step");
        }
        good = !u->status && each_piece(u, run_piece);
    }
    good = egr_end_records(r, good) && good;
    if (good && u->steps > 0) tell(u, u->steps, u->run_s);
    return eg_error(r->eg) ? eg_error(r->eg) : u->status;
}

static eg_status start(runner *r, const eg_dsrun_options *options, int64_t steps, eg_spec row, eg_spec spec,
                       const void *x, const char *file, int line)
{
    run u = {.r = r, .steps = steps};
    if (options) u.o = *options;
    if (r->running) {
        eg_fail(r->eg, EG_ERR_STATE, file, line, "eg_run: '%s' is running; make a second runner",
                eg_system_path(r->self));
        return eg_error(r->eg);
    }
    r->running = true;
    eg_status status = do_run(&u, row, spec, x, file, line);
    r->running = false;
    return status;
}

static eg_status none(const eg_system *s)
{
    eg_status status = s ? eg_error(eg_system_context(s)) : EG_ERR_ARGUMENT;
    return status ? status : EG_ERR_ARGUMENT;
}

eg_status(eg_run)(eg_system *s, double duration, const eg_dsrun_options *options, const char *file, int line)
{
    runner *r = egr_of(s, "eg_run", file, line);
    int64_t steps = 0;
    if (!r || !steps_of(r, duration, &steps, file, line)) return none(s);
    return start(r, options, steps, (eg_spec){.rank = -1}, (eg_spec){.rank = -1}, NULL, file, line);
}

eg_status(eg_run_inputs)(eg_system *s, eg_spec spec, const void *x, const eg_dsrun_options *options, const char *file,
                         int line)
{
    runner *r = egr_of(s, "eg_run_inputs", file, line);
    eg_spec row = {.rank = -1};
    int64_t steps = 0;
    if (!r || !check_x(r, spec, x, &row, &steps, file, line)) return none(s);
    return start(r, options, steps, row, spec, x, file, line);
}
