/* Runs: in pieces, after each of which records are taken and progress is told. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "runner.h"

enum { PIECE_BYTES = 512 * 1024, MAX_RESULTS = 64 };

/* A run in progress. */
typedef struct drive {
    runner *r;
    const eg_dsrun_options *o;
    int64_t steps, at; /* all of them; those done by pieces that ended */
    int64_t unit;      /* steps of a block of the piece that runs */
    double begun, compiled_before, told;
    bool cancelled;
} drive;

static double now(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* -- progress --------------------------------------------------------------------------------------------------------
 */

static double compiling(const runner *r)
{
    eg_stats s = eg_get_stats(r->eg);
    return s.trace_s + s.pass_s + s.codegen_s;
}

static int tell(drive *d, int64_t step)
{
    eg_run_progress p = {.step = step, .steps = d->steps, .compile_s = compiling(d->r) - d->compiled_before};
    double t = now();
    p.run_s = t - d->begun - p.compile_s;
    d->told = t;
    d->cancelled |= d->o->progress(d->o->user, &p) != 0;
    return d->cancelled;
}

/* Of the loop in a piece. */
static int inside(void *user, int64_t at, int64_t num)
{
    drive *d = user;
    (void)num;
    return tell(d, d->at + at * d->unit);
}

/* -- pieces
 * ------------------------------------------------------------------------------------------------------------ */

static int64_t clock_of(runner *r, eg_state *state)
{
    const int64_t *i = eg_data(state, r->i0);
    return i ? *i : 0;
}

/* What a run on a state of the user's says is left there. */
static eg_status call(drive *d, const program *p, int levels, int64_t blocks)
{
    runner *r = d->r;
    void *out[MAX_RESULTS] = {0};
    const void *in[4];
    int num = 0;
    int64_t *scalar = r->scalars.at;
    scalar[0] = r->first;
    scalar[1] = r->first + d->at;
    scalar[2] = blocks;
    in[num++] = &scalar[0];
    in[num++] = &scalar[1];
    if (p->blocks < 0) in[num++] = &scalar[2];
    if (r->x.rank >= 0) in[num++] = (char *)r->xs.at + (size_t)d->at * egr_row_bytes(r->x);
    record *m;
    for (int k = 0; k < MAX_RESULTS && (m = egr_record(r, levels, k)); k++) out[k] = m->out;
    eg_run_options o = {.threads = d->o->threads, .interpret = d->o->interpret, .in_place = true};
    if (d->o->progress) {
        o.progress = inside;
        o.user = d;
    }
    return eg_call(p->func, d->o->state, in, out, &o);
}

static eg_status piece(drive *d, int levels, int64_t blocks)
{
    runner *r = d->r;
    program *p = egr_program(r, levels, blocks);
    d->unit = levels ? r->stride[levels - 1] : 1;
    if (!p || !egr_begin_piece(r, levels, blocks)) return eg_error(r->eg);
    eg_status status = call(d, p, levels, blocks);
    int64_t done = status ? (clock_of(r, d->o->state) - r->first - d->at) / d->unit : blocks;
    bool taken = egr_end_piece(r, levels, d->at, done);
    d->at += done * d->unit;
    r->done = d->at;
    if (status) return status;
    if (!taken) return eg_error(r->eg);
    return d->o->progress && now() - d->told > 0.02 && tell(d, d->at) ? EG_ERR_CANCELLED : EG_OK;
}

/* Blocks of a piece: all, if nothing has to be taken from it. */
static int64_t blocks_of(runner *r, int levels, int64_t left)
{
    size_t bytes = egr_piece_bytes(r, levels);
    int64_t most = bytes ? (int64_t)(PIECE_BYTES / bytes) : left;
    if (most < 1) most = 1;
    return left < most ? left : most;
}

static eg_status drive_all(drive *d)
{
    runner *r = d->r;
    eg_status status = d->o->progress && tell(d, 0) ? EG_ERR_CANCELLED : EG_OK;
    for (int levels = r->num_levels; levels >= 0 && !status; levels--) {
        int64_t unit = levels ? r->stride[levels - 1] : 1;
        while (!status && d->steps - d->at >= unit)
            status = piece(d, levels, blocks_of(r, levels, (d->steps - d->at) / unit));
    }
    if (!status && d->o->progress && d->cancelled) status = EG_ERR_CANCELLED;
    return status;
}

/* -- runs
 * ---------------------------------------------------------------------------------------------------------------- */

static bool long_enough(runner *r, int64_t steps, const char *what, const char *file, int line)
{
    int which = 0;
    int64_t left = egr_rows_left(r, r->first, &which);
    if (left >= steps) return true;
    eg_fail(r->eg, EG_ERR_ARGUMENT, file, line,
            "%s: input %d of '%s' has %lld rows%s, the run %lld steps; give one row for each step", what, which,
            r->o.inputs[which].variable, (long long)(left > 0 ? left : 0),
            r->o.inputs[which].by_clock ? " left at this time" : "", (long long)steps);
    return false;
}

static bool reset(runner *r, const eg_dsrun_options *o)
{
    if (!o->reset_state) return true;
    eg_reset_state(r->target, o->state);
    return !eg_error(r->eg);
}

static eg_status go(runner *r, int64_t steps, eg_spec x, const eg_dsrun_options *o, const char *what, const char *file,
                    int line)
{
    static const eg_dsrun_options defaults;
    drive d = {.r = r, .o = o ? o : &defaults, .steps = steps, .begun = now(), .compiled_before = compiling(r)};
    if (!egr_reserve(r, &r->scalars, 64) || !egr_probe(r, d.o->fit, x) || !reset(r, d.o)) return eg_error(r->eg);
    const double *t0 = eg_data(d.o->state, r->t0);
    r->first = clock_of(r, d.o->state);
    r->origin = t0 ? *t0 : 0;
    r->done = 0;
    if (eg_error(r->eg) || !long_enough(r, steps, what, file, line)) return eg_error(r->eg);
    bool ready = egr_begin_records(r, steps);
    eg_status status = ready ? drive_all(&d) : eg_error(r->eg);
    egr_end_records(r, !status);
    if (!status && d.o->progress) tell(&d, steps);
    if (status == EG_ERR_CANCELLED && !d.o->state) {
        /* What the piece has said counts from its own beginning. */
        eg_clear_error(r->eg);
        eg_fail(r->eg, EG_ERR_CANCELLED, file, line, "%s of '%s' was cancelled after %lld of %lld steps", what,
                eg_system_path(r->self), (long long)r->done, (long long)steps);
    }
    return status ? status : eg_error(r->eg);
}

eg_status(eg_run)(eg_system *system, double duration, const eg_dsrun_options *options, const char *file, int line)
{
    runner *r = egr_of(system, "eg_run", file, line);
    if (!r) return system ? eg_error(eg_system_context(system)) : EG_ERR_ARGUMENT;
    double steps = floor(duration / r->o.dt + 0.5);
    if (!(duration >= 0 && steps < 0x1p53 && fabs(steps * r->o.dt - duration) <= 1e-6 * (duration + r->o.dt))) {
        eg_fail(r->eg, EG_ERR_ARGUMENT, file, line,
                "eg_run: the duration is %g ms, no whole number of steps of %g ms; %g would be one", duration, r->o.dt,
                duration >= 0 && steps < 0x1p53 ? steps * r->o.dt : 0);
        return eg_error(r->eg);
    }
    return go(r, (int64_t)steps, (eg_spec){.rank = -1}, options, "eg_run", file, line);
}

eg_status(eg_run_inputs)(eg_system *system, eg_spec spec, const void *x, const eg_dsrun_options *options,
                         const char *file, int line)
{
    runner *r = egr_of(system, "eg_run_inputs", file, line);
    if (!r) return system ? eg_error(eg_system_context(system)) : EG_ERR_ARGUMENT;
    int axis = r->o.data_first_axis == EG_BATCH_FIRST;
    bool good = spec.rank > axis && spec.rank <= EG_MAX_RANK && eg_dtype_size(spec.dtype);
    for (int k = 0; good && k < spec.rank; k++) good = spec.dim[k] >= 0;
    if (!good || (!x && egr_elements(spec))) {
        eg_fail(r->eg, EG_ERR_ARGUMENT, file, line, "eg_run_inputs: %s",
                good   ? "the inputs are NULL"
                : axis ? "inputs are [B, T, ...]"
                       : "inputs are [T, ...]");
        return eg_error(r->eg);
    }
    eg_spec row = spec;
    int64_t steps = spec.dim[axis];
    row.rank--;
    for (int k = axis; k < row.rank; k++) row.dim[k] = row.dim[k + 1];
    size_t bytes = egr_row_bytes(row) * (size_t)steps;
    if (!egr_reserve(r, &r->xs, bytes + 1)) return eg_error(r->eg);
    if (axis)
        egr_swap_axes(x, r->xs.at, spec.dim[0], steps, spec.dim[0] ? egr_row_bytes(row) / (size_t)spec.dim[0] : 0);
    else if (bytes)
        memcpy(r->xs.at, x, bytes);
    return go(r, steps, row, options, "eg_run_inputs", file, line);
}
