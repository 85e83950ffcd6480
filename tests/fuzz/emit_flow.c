/* Records with bodies: loops, whiles, conds; blocks and the whole function. */
#include "fuzz.h"

void fz_emit_block(fz_trace *c, int block)
{
    typedef void (*emit_fn)(fz_trace *c, fz_rng *r, const fz_record *rec);
    static const emit_fn emit[FZ_KIND_COUNT] = {
#define X(name) fz_emit_##name,
        FZ_KINDS(X)
#undef X
    };
    const fz_block *b = &c->p->block[block];
    for (int k = 0; k < b->n && !eg_error(c->eg); k++) {
        const fz_record *rec = &b->at[k];
        if (c->p->cut[rec->number] || c->cost > 1.5e6) continue;
        if (c->smooth && (rec->kind == FZ_K_while || rec->kind == FZ_K_host || rec->kind == FZ_K_burst)) continue;
        uint32_t record = c->record;
        int made = c->made;
        fz_rng r = fz_rng_of(c->p->seed, rec->number);
        c->record = rec->number;
        c->made = 0;
        emit[rec->kind](c, &r, rec);
        c->record = record;
        c->made = made;
    }
}

typedef struct flow {
    fz_trace *c;
    fz_rng r;
    const fz_record *rec;
    eg_spec carried[4], stacked[4];
    int num_carried, num_rows, num_results, arm;
    double bound[4];
    eg_spec result[3];
    int64_t limit;
    bool swap;
} flow;

/* Values of a body are out of scope after it. */
typedef struct mark {
    int n, depth;
    double factor;
} mark;

static mark enter(fz_trace *c, double times)
{
    mark m = {c->n, c->depth, c->factor};
    c->depth++;
    c->factor *= times;
    return m;
}

static void leave(fz_trace *c, mark m)
{
    c->n = m.n;
    c->depth = m.depth;
    c->factor = m.factor;
}

static eg_val pack(fz_trace *c, int n, const eg_val *v) { return n ? eg_tuple(c->eg, n, v) : eg_nothing(); }

/* What the carried values become: anything of their types, the others, or themselves. */
static void next_carry(flow *f, const eg_val *old, eg_val *next)
{
    fz_trace *c = f->c;
    for (int k = 0; k < f->num_carried; k++) {
        next[k] = fz_chance(&f->r, 10) ? old[k] : fz_like(c, &f->r, f->carried[k], 4);
        if (!fz_chance(&f->r, 10) || !f->carried[k].rank) continue;
        next[k] = eg_flip(old[k], 0);
        c->derived = true;
    }
    if (f->swap && f->num_carried > 1 && fz_same(f->carried[0], f->carried[1])) {
        next[1] = old[0];
        if (fz_chance(&f->r, 60)) next[0] = old[1];
    }
}

static eg_val loop_body(void *user, eg_val x)
{
    flow *f = user;
    fz_trace *c = f->c;
    eg_val carry = eg_item(x, 1), old[4], next[4], rows = eg_item(x, 2), out[2] = {eg_nothing(), eg_nothing()};
    int step = c->n;
    fz_keep(c, &f->r, eg_item(x, 0), 20);
    for (int k = 0; k < f->num_carried; k++) {
        old[k] = eg_item(carry, k);
        fz_keep(c, &f->r, old[k], 4);
    }
    for (int k = 0; k < f->num_rows; k++) fz_keep(c, &f->r, eg_item(rows, k), f->bound[k]);
    int first = c->n;
    fz_emit_block(c, f->rec->block[0]);
    next_carry(f, old, next);
    if (f->rec->block[1] < 0 && step < c->n) c->uses_step |= c->pool[step].used;
    out[0] = pack(c, f->num_carried, next);
    if (f->num_results >= 0) {
        eg_val y[12];
        int n = fz_unused(c, first, 2 + (int)fz_below(&f->r, 2), y);
        for (int k = 0; k < c->num_monitored && n < 12; k++) y[n++] = c->monitored[k];
        int m = 0;
        for (int k = 0; k < n; k++) {
            if ((double)fz_count(eg_spec_of(y[k])) * c->factor < 2e5 && eg_spec_of(y[k]).rank < EG_MAX_RANK)
                y[m++] = y[k];
        }
        out[1] = pack(c, m, y);
        f->num_results = m;
    }
    return eg_tuple(c->eg, 2, out);
}

void fz_emit_loop(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    static const int8_t lengths[] = {0, 1, 2, 3, 3, 5, 9};
    flow f = {.c = c, .r = *r, .rec = rec, .swap = fz_chance(r, 35)};
    bool whole = rec->block[1] == -1; /* the time loop of a network */
    int64_t n = whole ? c->p->steps : c->depth ? 1 + fz_below(r, 3) : lengths[fz_below(r, EGI_LEN(lengths))];
    int which = whole ? 0 : (int)fz_below(r, 10);
    if (c->depth == 0 && which >= 7) n = c->p->steps;
    eg_val init[4], xs[3], count = eg_int(n);
    int carried = whole ? 0 : (int)fz_below(r, 4), rows = 0;
    for (int k = 0; k < carried; k++) {
        fz_val *v = k == 1 && fz_chance(r, 60)
                        ? fz_pick(c, r, (fz_want){.types = FZ_ANY, .fit = FZ_SAME_SPEC, .like = &f.carried[0]})
                        : fz_pick(c, r, (fz_want){.types = FZ_ANY});
        if (!v) break;
        init[f.num_carried] = fz_tame(c, r, v->v, v->bound, 8);
        f.carried[f.num_carried++] = v->spec;
    }
    if (which == 0 && !whole && !c->smooth) { /* a length known when running */
        f.num_results = -1;
        for (int k = 0; k < c->n; k++) {
            if (c->pool[k].spec.rank || c->pool[k].spec.dtype != EG_I64) continue;
            count = c->pool[k].v;
            c->pool[k].used = true;
        }
        count = eg_clip(count, 0, 6);
        n = 6;
    } else if (which < 5 && !whole) { /* sequences */
        fz_val *v = fz_pick(c, r, (fz_want){.types = FZ_ANY, .min_rank = 1});
        if (v && v->spec.dim[0] <= 70) {
            n = v->spec.dim[0];
            count = eg_int(n);
            for (int k = 0; k < 3 && v; k++) {
                xs[rows] = v->v;
                f.bound[rows++] = v->bound;
                v = fz_pick(c, r, (fz_want){.types = FZ_ANY, .min_rank = 1, .extent = n + 1});
            }
        }
    }
    f.num_rows = rows;
    c->derived |= n > 16;
    int monitored = c->num_monitored;
    c->num_monitored = 0;
    mark m = enter(c, n > 0 ? (double)n : 1);
    eg_val out = eg_loop(c->eg, count, loop_body, &f, pack(c, f.num_carried, init), pack(c, rows, xs));
    leave(c, m);
    c->num_monitored = monitored;
    if (eg_error(c->eg)) return;
    for (int k = 0; k < f.num_carried; k++) fz_keep(c, r, eg_item(eg_item(out, 0), k), 8);
    for (int k = 0; k < f.num_results; k++) fz_keep(c, r, eg_item(eg_item(out, 1), k), 1e3);
}

/* -- while: a counter, carried values, and perhaps a condition on them --------------------------------------------- */

static eg_val while_cond(void *user, eg_val x)
{
    flow *f = user;
    fz_rng r = f->r;
    eg_val go = eg_lt(eg_item(x, 0), eg_int(f->limit));
    if (f->num_carried && fz_chance(&r, 50)) {
        eg_val v = eg_item(x, 1);
        eg_spec s = f->carried[0];
        eg_val p = s.dtype == EG_BOOL ? (s.rank ? eg_any(v) : v) : eg_lt(s.rank ? eg_amax(v) : v, 3);
        go = eg_and(go, p);
    }
    return go;
}

static eg_val while_body(void *user, eg_val x)
{
    flow *f = user;
    fz_trace *c = f->c;
    eg_val next[5], old[4];
    fz_keep(c, &f->r, eg_item(x, 0), 20);
    for (int k = 0; k < f->num_carried; k++) fz_keep(c, &f->r, old[k] = eg_item(x, k + 1), 4);
    fz_emit_block(c, f->rec->block[0]);
    next[0] = eg_add(eg_item(x, 0), 1);
    next_carry(f, old, next + 1);
    return eg_tuple(c->eg, f->num_carried + 1, next);
}

void fz_emit_while(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    flow f = {.c = c, .r = *r, .rec = rec, .swap = fz_chance(r, 35), .limit = fz_below(r, 6)};
    eg_val init[5] = {eg_full(c->eg, eg_scalar(EG_I32), eg_int(0))};
    int carried = 1 + (int)fz_below(r, 3);
    for (int k = 0; k < carried; k++) {
        fz_val *v = fz_pick(c, r, (fz_want){.types = FZ_ANY});
        if (!v) break;
        f.carried[f.num_carried++] = v->spec;
        init[f.num_carried] = fz_tame(c, r, v->v, v->bound, 8);
    }
    if (!f.num_carried) return;
    mark m = enter(c, 3);
    eg_val out = eg_while(c->eg, while_cond, while_body, &f, eg_tuple(c->eg, f.num_carried + 1, init));
    leave(c, m);
    if (eg_error(c->eg)) return;
    for (int k = 0; k <= f.num_carried; k++) fz_keep(c, r, eg_item(out, k), 8);
}

/* -- cond ---------------------------------------------------------------------------------------------------------- */

static eg_val arm(void *user, eg_val x)
{
    flow *f = user;
    fz_trace *c = f->c;
    (void)x;
    mark m = enter(c, 1);
    eg_val out[3];
    fz_emit_block(c, f->rec->block[f->arm++]);
    for (int k = 0; k < f->num_results; k++) out[k] = fz_like(c, &f->r, f->result[k], 8);
    eg_val all = pack(c, f->num_results, out);
    leave(c, m);
    return all;
}

void fz_emit_cond(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    flow f = {.c = c, .r = *r, .rec = rec, .num_results = (int)fz_below(r, 3)};
    for (int k = 0; k < f.num_results; k++) {
        fz_val *v = fz_pick(c, r, (fz_want){.types = FZ_ANY});
        f.result[k] = v ? v->spec : eg_scalar(EG_F32);
    }
    eg_val p = fz_condition(c, r), out = eg_cond(p, arm, arm, &f, eg_nothing());
    if (eg_error(c->eg)) return;
    for (int k = 0; k < f.num_results; k++) fz_keep(c, r, f.num_results == 1 ? eg_item(out, 0) : eg_item(out, k), 8);
}

/* -- a number of all that there is ----------------------------------------------------------------------------------
 */

/* The sum of x, each element with a weight of its own. */
static eg_val weighted(fz_trace *c, eg_val x, int k)
{
    eg_spec s = eg_spec_of(x);
    eg_val i = eg_reshape_to(eg_iota(c->eg, fz_count(s), s.dtype), s.rank, s.dim);
    return eg_convert(eg_sum(eg_mul(x, eg_sin(eg_add(eg_mul(i, 0.37), 0.5 + 0.3 * k)))), EG_F64);
}

static void add_part(fz_trace *c, eg_val *sum, eg_val x, int k)
{
    eg_spec s = eg_spec_of(x);
    if ((s.dtype != EG_F32 && s.dtype != EG_F64) || !fz_count(s)) return;
    eg_val part = weighted(c, x, k);
    *sum = sum->of ? eg_add(*sum, part) : part;
}

/* Of all floating results and of what variables hold at the end; of the one result that is left when reduced. */
static eg_val loss_of(fz_trace *c, int n, const eg_val *out)
{
    eg_val sum = eg_nothing();
    const int only = c->p->only_result;
    for (int k = 0; k < n; k++) {
        if (only < 0 || only == k) add_part(c, &sum, out[k], k);
    }
    for (int k = 0; k < c->p->num_vars && only < 0; k++) add_part(c, &sum, eg_get(c->var[k]), n + k);
    return sum.of ? sum : eg_full(c->eg, eg_scalar(EG_F64), eg_real(0));
}

/* -- the whole function -------------------------------------------------------------------------------------------- */

eg_val fz_emit(void *trace, eg_val args)
{
    fz_trace *c = trace;
    const fz_program *p = c->p;
    fz_rng r = fz_rng_of(p->seed, 1u << 29);
    c->record = 1u << 20;
    for (int k = 0; k < p->num_args; k++) {
        eg_val v = p->num_args == 1 ? args : eg_item(args, k);
        fz_keep(c, &r, v, p->specials ? 1e30 : 4);
        c->pool[c->n - 1].used = true;
        c->record++;
    }
    fz_emit_block(c, 0);
    eg_val out[25];
    int n = fz_unused(c, 0, 8, out);
    if (!n && c->n) out[n++] = c->pool[c->n - 1].v;
    for (int k = 0; k < c->num_equal; k++) {
        out[n++] = c->equal[k][0];
        out[n++] = c->equal[k][1];
    }
    if (c->loss) {
        out[n] = loss_of(c, n, out);
        return pack(c, n + 1, out);
    }
    if (p->only_result >= 0 && p->only_result < n) return out[p->only_result];
    if (p->only_result >= n) return eg_nothing();
    return pack(c, n, out);
}
