/* Loops over time, traced.
 *
 * What is recorded every k-th step costs nothing in the steps between: loops are nested, one for each stride, and a
 * record stands behind the loop that makes its stride's steps.  Strides form a chain in which each divides the next:
 * the first is the greatest common divisor of all, the next that of those that are left, and so on; what has no level
 * of its own is recorded at the one below and thinned out afterwards. */
#include "runner.h"

#include <math.h>

typedef struct tracing {
    runner *r;
    int levels;
    bool fit, has_x;
    eg_val first; /* the clock at the beginning of the run, and of this piece */
    eg_val base;
    eg_val x; /* inputs of the piece */
    eg_val y; /* what the update of the last step returned */
} tracing;

/* -- one step ------------------------------------------------------------------------------------------------------ */

/* What the updates of step i share; its time is that of step `at`: t0 + at dt, rounded once. */
static eg_shared shared_of(const tracing *t, eg_val i, eg_val at)
{
    const runner *r = t->r;
    eg_val dt = eg_convert(eg_real(r->o.dt), EG_F64);
    eg_shared s = eg_shared_at(r->target, i, dt);
    s.t64 = eg_fma(eg_convert(at, EG_F64), dt, eg_get(r->t0));
    s.t = eg_convert(s.t64, eg_float_type(r->target));
    s.fit = t->fit;
    return s;
}

static eg_val fed(const tracing *t, eg_val i)
{
    eg_val x = eg_row(t->x, eg_sub(i, t->base));
    eg_dtype have = eg_spec_of(x).dtype, want = eg_float_type(t->r->target);
    bool floats = have == EG_F32 || have == EG_F64;
    return floats && have != want ? eg_convert(x, want) : x;
}

static void step(tracing *t)
{
    runner *r = t->r;
    eg_val i = eg_get(r->i0);
    eg_shared s = shared_of(t, i, i);
    eg_clear_input(r->target);
    egr_apply_inputs(r, s, eg_sub(i, t->first));
    t->y = eg_update(r->target, s, t->has_x ? fed(t, i) : eg_no_input());
    eg_set(r->i0, eg_add(i, 1));
}

/* -- records ------------------------------------------------------------------------------------------------------- */

/* Calls visit for each part of an output that is a value. */
static void each_part(eg_val y, void (*visit)(void *user, eg_val part), void *user)
{
    if (eg_is_number(y, NULL)) return;
    if (eg_spec_of(y).rank >= 0) {
        visit(user, y);
        return;
    }
    for (int k = 0; k < eg_tuple_size(y); k++) each_part(eg_item(y, k), visit, user);
}

typedef struct parts {
    eg_val *at;
    int num, most;
} parts;

static void add_part(void *user, eg_val part)
{
    parts *p = user;
    if (p->num < p->most) p->at[p->num] = part;
    p->num++;
}

/* A stacked value gets an axis for each loop: where that would be too many, its own become one. */
static eg_val stackable(const tracing *t, eg_val v)
{
    return eg_spec_of(v).rank + t->levels > EG_MAX_RANK ? eg_reshape(v, -1) : v;
}

/* Memory is there for what the first trace saw. */
static void check_row(const runner *r, const record *m, eg_val v)
{
    if (!eg_error(r->eg) && !eg_same_spec(eg_spec_of(v), m->one))
        eg_system_fail(r->self, EG_ERR_SHAPE,
                       "'%s' has another type or shape than when it was first run; make a second runner",
                       m->m.key ? m->m.key : "an output");
}

/* The records of a level behind its steps, in the order of egr_record(). */
static eg_val records_of(tracing *t, int level, eg_val inner)
{
    runner *r = t->r;
    int most = r->o.num_monitors + r->num_outputs + 1;
    eg_val *v = eg_keep(r->eg, (size_t)most * sizeof *v);
    if (!v) return eg_nothing();
    eg_val now = eg_get(r->i0); /* already counted: the end of the step */
    eg_shared s = shared_of(t, eg_sub(now, 1), now);
    parts p = {v, 0, most};
    v[p.num++] = inner;
    for (int k = 0; k < r->o.num_monitors; k++) {
        record *m = &r->monitor[k];
        if (m->level != level) continue;
        eg_val seen = egr_monitored(r, m, s);
        check_row(r, m, seen);
        if (eg_error(r->eg)) return eg_nothing();
        v[p.num++] = stackable(t, egr_recorded(r, m, seen));
    }
    int before = p.num, outputs = level == 0 ? r->num_outputs : 0;
    if (outputs) each_part(t->y, add_part, &p);
    if (p.num != before + outputs)
        eg_system_fail(r->self, EG_ERR_SHAPE,
                       "the update returns another number of outputs than when it was first run; make a second runner");
    for (int k = 0; k < outputs && !eg_error(r->eg); k++) {
        check_row(r, &r->output[k], v[before + k]);
        v[before + k] = stackable(t, v[before + k]);
    }
    return eg_error(r->eg) ? eg_nothing() : (eg_tuple)(r->eg, p.num, v, __FILE__, __LINE__);
}

/* -- loops --------------------------------------------------------------------------------------------------------- */

typedef struct level_loop {
    tracing *t;
    int level;
} level_loop;

static eg_val block_of(tracing *t, int level);

static eg_val body(void *user, eg_val x)
{
    level_loop *l = user;
    (void)x;
    eg_val done[2] = {eg_nothing(), block_of(l->t, l->level)};
    return (eg_tuple)(l->t->r->eg, 2, done, __FILE__, __LINE__);
}

static eg_val repeat(tracing *t, int level, eg_val n)
{
    level_loop l = {t, level};
    eg_val done = eg_loop(t->r->eg, n, body, &l, eg_nothing(), eg_nothing());
    return eg_item(done, 1);
}

/* stride[level] steps and what is recorded behind them; level -1: one step. */
static eg_val block_of(tracing *t, int level)
{
    const runner *r = t->r;
    if (level < 0) {
        step(t);
        return eg_nothing();
    }
    int64_t times = r->stride[level] / (level ? r->stride[level - 1] : 1);
    if (times > 1) return records_of(t, level, repeat(t, level - 1, eg_int(times)));
    step(t);
    return records_of(t, level, eg_nothing());
}

/* -- probing ------------------------------------------------------------------------------------------------------- */

static void keep_row(void *user, eg_val part)
{
    runner *r = user;
    r->output[r->num_outputs++].one = eg_spec_of(part);
}

static void count_part(void *user, eg_val part)
{
    (void)part;
    ++*(int *)user;
}

static eg_val probe(void *user, eg_val args)
{
    tracing *t = user;
    runner *r = t->r;
    int num = 0;
    t->first = t->base = eg_item(args, 0);
    if (t->has_x) t->x = eg_item(args, 1);
    eg_hold_inputs(r->target);
    step(t);
    eg_val now = eg_get(r->i0);
    eg_shared s = shared_of(t, eg_sub(now, 1), now);
    for (int k = 0; k < r->o.num_monitors && !eg_error(r->eg); k++)
        r->monitor[k].one = eg_spec_of(egr_monitored(r, &r->monitor[k], s));
    if (!r->o.no_outputs) each_part(t->y, count_part, &num);
    if (num) r->output = eg_keep(r->eg, (size_t)num * sizeof *r->output);
    if (num && r->output) each_part(t->y, keep_row, r);
    eg_restore_inputs(r->target);
    return eg_nothing();
}

static int64_t gcd(int64_t a, int64_t b) { return b ? gcd(b, a % b) : a; }

/* Greatest common divisor of the strides that no level has yet; 0 without one. */
static int64_t next_stride(const runner *r)
{
    int64_t g = 0;
    for (int k = 0; k < r->o.num_monitors; k++) {
        if (r->monitor[k].level < 0) g = gcd(g, r->monitor[k].m.every);
    }
    return r->num_levels == 0 && r->num_outputs ? 1 : g;
}

/* A block of steps that is larger is not worth its level: slow monitors then pick from rows of faster ones. */
#define MOST_BLOCK (1 << 24)

/* What a block of g steps puts into memory that lasts for a piece. */
static double block_bytes(const runner *r, int64_t g)
{
    double bytes = 0;
    for (int k = 0; k < r->o.num_monitors; k++) {
        const record *m = &r->monitor[k];
        if (m->level < 0 || !(m->m.events || m->m.file)) continue;
        double row = m->m.events ? (double)eg_num_elements(m->row) / 8 : (double)egr_row_bytes(m->row);
        bytes += row * (double)(g / m->m.every);
    }
    return bytes;
}

static void find_levels(runner *r)
{
    r->num_levels = 0;
    for (int k = 0; k < r->o.num_monitors; k++) r->monitor[k].level = -1;
    for (int64_t g; r->num_levels < MAX_LEVELS && (g = next_stride(r)) > 0;) {
        if (r->num_levels && (r->stride[r->num_levels - 1] == g || block_bytes(r, g) > MOST_BLOCK)) break;
        int level = r->num_levels++;
        r->stride[level] = g;
        for (int k = 0; k < r->o.num_monitors; k++) {
            if (r->monitor[k].m.every == g) r->monitor[k].level = level;
        }
    }
    for (int k = 0; k < r->o.num_monitors; k++) {
        if (r->monitor[k].level < 0) r->monitor[k].level = r->num_levels - 1;
    }
}

void egr_forget_programs(runner *r)
{
    for (program *p = r->programs; p; p = p->next) {
        eg_func_free(p->func);
        p->func = NULL;
    }
    r->programs = NULL;
    r->num_programs = 0;
}

/* Inputs of one sample for so many steps. */
static eg_spec fed_spec(const runner *r, int64_t steps)
{
    eg_spec x = {.dtype = r->x.dtype, .rank = r->x.rank + 1, .dim = {steps}};
    int first = r->batch > 0;
    if (r->x.rank < 0) return x;
    x.rank -= first;
    for (int k = first; k < r->x.rank; k++) x.dim[k + 1 - first] = r->x.dim[k];
    return x;
}

static bool batch_rows(runner *r)
{
    for (int k = 0; k < r->o.num_monitors; k++) {
        if (!egr_batch_row(r, &r->monitor[k])) return false;
    }
    for (int k = 0; k < r->num_outputs; k++) {
        if (!egr_batch_row(r, &r->output[k])) return false;
    }
    return true;
}

bool egr_probe(runner *r, bool fit, eg_spec x)
{
    int64_t batch = eg_mode_of(r->target) == EG_NONBATCHING ? 0 : x.rank >= 1 ? x.dim[0] : eg_batch_size(r->target);
    bool same = r->made == eg_num_made(r->target) && r->fit == fit && eg_same_spec(r->x, x) && r->batch == batch;
    if (r->probed && same) return true;
    r->batch = batch;
    egr_forget_programs(r);
    r->probed = false;
    for (int k = 0; k < r->num_outputs; k++) egr_free_record(r, &r->output[k]);
    r->num_outputs = 0;
    for (int k = 0; k < r->o.num_monitors; k++) r->monitor[k].rows = 0;
    r->fit = fit;
    r->x = x;
    tracing t = {.r = r, .fit = fit, .has_x = x.rank >= 0};
    eg_spec args[2] = {eg_scalar(EG_I64), {.rank = -1}};
    if (x.rank < EG_MAX_RANK) args[1] = fed_spec(r, 1);
    if (x.rank + 1 > EG_MAX_RANK) {
        eg_system_fail(r->self, EG_ERR_SHAPE, "inputs may have %d axes, time among them", EG_MAX_RANK);
        return false;
    }
    eg_func *f = eg_trace(r->eg, "probe", probe, &t, t.has_x ? 2 : 1, args);
    eg_func_free(f);
    if (!f || !egr_check_batch(r) || !batch_rows(r)) return false;
    find_levels(r);
    r->made = eg_num_made(r->target);
    return r->probed = true;
}

/* -- programs ------------------------------------------------------------------------------------------------------ */

static eg_val all(void *user, eg_val args)
{
    tracing *t = user;
    runner *r = t->r;
    program *p = r->programs;
    int next = 0;
    t->first = eg_item(args, next++);
    t->base = eg_item(args, next++);
    eg_val n = p->blocks < 0 ? eg_item(args, next++) : eg_int(p->blocks);
    if (t->has_x) t->x = eg_item(args, next++);
    eg_hold_inputs(r->target);
    eg_val done = repeat(t, t->levels - 1, n);
    eg_restore_inputs(r->target);
    return t->levels ? done : eg_nothing();
}

program *egr_program(runner *r, int levels, int64_t blocks)
{
    bool has_x = r->x.rank >= 0;
    if (levels == 0 && !has_x) blocks = -1; /* nothing depends on their number */
    for (program *p = r->programs; p; p = p->next) {
        if (p->levels == levels && p->blocks == blocks) return p;
    }
    program *p = eg_keep(r->eg, sizeof *p);
    if (!p) return NULL;
    *p = (program){.next = r->programs, .levels = levels, .blocks = blocks};
    int num = 0;
    eg_spec args[4] = {eg_scalar(EG_I64), eg_scalar(EG_I64)};
    num = 2;
    if (blocks < 0) args[num++] = eg_scalar(EG_I64);
    if (has_x) args[num++] = fed_spec(r, blocks * (levels ? r->stride[levels - 1] : 1));
    tracing t = {.r = r, .levels = levels, .fit = r->fit, .has_x = has_x};
    r->programs = p;
    p->func = eg_trace(r->eg, "run", all, &t, num, args);
    if (r->batch) p->func = egr_batch_of(r, p, p->func, has_x);
    if (p->func) {
        r->num_programs++;
        return p;
    }
    r->programs = p->next;
    return NULL;
}

/* -- inside another function --------------------------------------------------------------------------------------- */

static eg_val whole_body(void *user, eg_val x)
{
    tracing *t = user;
    runner *r = t->r;
    (void)x;
    eg_val *v = eg_keep(r->eg, (size_t)r->o.num_monitors * sizeof *v + 1);
    step(t);
    if (!v || eg_error(r->eg)) return eg_nothing();
    eg_val now = eg_get(r->i0), rows[2] = {r->o.no_outputs ? eg_nothing() : t->y, eg_nothing()};
    eg_shared s = shared_of(t, eg_sub(now, 1), now);
    for (int k = 0; k < r->o.num_monitors; k++) v[k] = egr_monitored(r, &r->monitor[k], s);
    if (eg_is_number(rows[0], NULL)) rows[0] = eg_nothing();
    rows[1] = (eg_tuple)(r->eg, r->o.num_monitors, v, __FILE__, __LINE__);
    eg_val done[2] = {eg_nothing(), (eg_tuple)(r->eg, 2, rows, __FILE__, __LINE__)};
    return (eg_tuple)(r->eg, 2, done, __FILE__, __LINE__);
}

/* The loop is one function with others: all is recorded in every step, and thinned out behind it. */
static eg_val whole(tracing *t, int64_t n)
{
    runner *r = t->r;
    t->first = t->base = eg_get(r->i0);
    eg_hold_inputs(r->target);
    eg_val rows = eg_item(eg_loop(r->eg, n, whole_body, t, eg_nothing(), eg_nothing()), 1);
    eg_restore_inputs(r->target);
    eg_val *v = eg_keep(r->eg, (size_t)r->o.num_monitors * sizeof *v + 1);
    if (!v || eg_error(r->eg)) return eg_nothing();
    eg_val seen = eg_item(rows, 1);
    for (int k = 0; k < r->o.num_monitors; k++) {
        int64_t every = r->monitor[k].m.every;
        v[k] = eg_item(seen, k);
        if (every > 1) v[k] = eg_slice(v[k], 0, every <= n ? every - 1 : n, n, every);
    }
    eg_val out[2] = {eg_item(rows, 0), (eg_tuple)(r->eg, r->o.num_monitors, v, __FILE__, __LINE__)};
    return (eg_tuple)(r->eg, 2, out, __FILE__, __LINE__);
}

eg_val egr_update(eg_system *self, eg_shared s, eg_val x)
{
    runner *r = eg_self(self);
    double n = -1;
    int which = 0;
    tracing t = {.r = r, .fit = s.fit};
    if (eg_is_number(x, &n) && (n != floor(n) || n < 0 || n > 1e15 || signbit(n))) {
        eg_system_fail(self, EG_ERR_ARGUMENT,
                       "inside a traced function it needs x: a whole number of steps, or inputs [T, ...]");
        return eg_nothing();
    }
    if (n < 0) {
        t.has_x = true;
        t.x = x;
        n = eg_spec_of(x).rank >= 1 ? (double)eg_spec_of(x).dim[0] : -1;
    }
    int64_t left = egr_rows_left(r, 0, &which);
    for (int k = 0; k < r->o.num_monitors; k++) {
        if (r->monitor[k].m.file) n = -1;
    }
    if (n < 0 || (double)left < n) {
        eg_system_fail(self, n < 0 ? EG_ERR_ARGUMENT : EG_ERR_SHAPE,
                       n < 0 ? "inside a traced function it writes no files, and x is a number or has a time axis"
                             : "input %d of '%s' has %lld rows, %lld steps are to be run",
                       which, r->o.num_inputs ? r->o.inputs[which].variable : "", (long long)left, (long long)n);
        return eg_nothing();
    }
    return whole(&t, (int64_t)n);
}
