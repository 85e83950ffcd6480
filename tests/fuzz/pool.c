/* The values there are while a program is traced. */
#include "fuzz.h"

int64_t fz_count(eg_spec s)
{
    int64_t n = 1;
    for (int k = 0; k < s.rank; k++) n *= s.dim[k];
    return n;
}

bool fz_same(eg_spec a, eg_spec b)
{
    return a.rank == b.rank && a.dtype == b.dtype && !memcmp(a.dim, b.dim, (size_t)a.rank * sizeof *a.dim);
}

static bool same_shape(eg_spec a, eg_spec b)
{
    b.dtype = a.dtype;
    return fz_same(a, b);
}

/* Do they broadcast, into something that is not much larger?  If only their sizes forbid it, other sizes may not. */
static bool broadcasts(fz_trace *c, eg_spec a, eg_spec b)
{
    int rank = a.rank > b.rank ? a.rank : b.rank;
    int64_t count = 1;
    for (int k = 1; k <= rank; k++) {
        int64_t x = k <= a.rank ? a.dim[a.rank - k] : 1, y = k <= b.rank ? b.dim[b.rank - k] : 1;
        if (x != y && x != 1 && y != 1) return false;
        count *= x == 1 ? y : x;
    }
    c->derived |= count > 20000;
    return count <= 20000;
}

eg_spec fz_meet(eg_spec a, eg_spec b)
{
    eg_spec s = a.rank >= b.rank ? a : b;
    s.dtype = a.dtype;
    for (int k = 1; k <= a.rank && k <= b.rank; k++) {
        int64_t x = a.dim[a.rank - k], y = b.dim[b.rank - k];
        s.dim[s.rank - k] = x == 1 ? y : x;
    }
    return s;
}

static bool wanted(fz_trace *c, const fz_val *v, const fz_want *w)
{
    if (!(w->types >> v->spec.dtype & 1) || v->spec.rank < w->min_rank) return false;
    if (w->max_rank && v->spec.rank > w->max_rank) return false;
    if (w->extent && (v->spec.rank < 1 || v->spec.dim[0] != w->extent - 1)) return false;
    switch (w->fit) {
    case FZ_NO_FIT: return true;
    case FZ_SAME_SHAPE: return same_shape(v->spec, *w->like);
    case FZ_SAME_SPEC: return fz_same(v->spec, *w->like);
    case FZ_BROADCASTS: return broadcasts(c, v->spec, *w->like);
    }
    return false;
}

fz_val *fz_pick(fz_trace *c, fz_rng *r, fz_want want)
{
    uint64_t best = 0, key = fz_next(r);
    fz_val *found = NULL;
    bool newest = fz_chance(r, c->p->policy == FZ_chain ? 75 : 40);
    for (int k = c->n; k-- > 0;) {
        fz_val *v = &c->pool[k];
        if (!wanted(c, v, &want)) continue;
        /* The one with the highest score for this draw: others may come and go. */
        uint64_t score = fz_mix(key ^ fz_mix(v->id + 1));
        if (!found || score > best) {
            found = v;
            best = score;
        }
        if (newest) break;
    }
    if (found) found->used = true;
    return found;
}

double fz_number(fz_trace *c, fz_rng *r, double low, double high)
{
    double x = low + (high - low) * fz_unit(r);
    if (fz_chance(r, 30)) x = (double)(int64_t)(x * 4) / 4;
    if (x == 0 || x == 1 || x == -1) return x;
    return c->variant ? x * 1.03125 : x;
}

eg_val fz_literal(fz_trace *c, fz_rng *r, eg_dtype t)
{
    if (t == EG_BOOL) return eg_int(fz_below(r, 2));
    if (t == EG_F32 || t == EG_F64) {
        static const double common[] = {0, 1, -1, 0.5, 2, -0.0};
        if (fz_chance(r, 30)) return eg_real(common[fz_below(r, EGI_LEN(common))]);
        return eg_real(fz_number(c, r, -2, 2));
    }
    return eg_int(fz_below(r, 24) - (t == EG_U32 ? 0 : 6));
}

eg_val fz_as(eg_val v, eg_dtype t) { return eg_spec_of(v).dtype == t ? v : eg_convert(v, t); }

eg_val fz_tame(fz_trace *c, fz_rng *r, eg_val v, double bound, double limit)
{
    eg_spec s = eg_spec_of(v);
    if ((s.dtype != EG_F32 && s.dtype != EG_F64) || bound <= limit) return v;
    switch (fz_below(r, 8)) {
    case 0:
        if (limit >= 1) return eg_tanh(v);
        break;
    case 1: return eg_where(eg_lt(eg_abs(v), limit), v, fz_number(c, r, -0.5, 0.5));
    case 2:
        if (bound < 1e30) return eg_mul(v, limit / bound);
        break;
    case 3: return eg_fmod(v, limit * 0.75);
    default: break;
    }
    return eg_clip(v, -limit, limit);
}

fz_val *fz_keep(fz_trace *c, fz_rng *r, eg_val v, double bound)
{
    static fz_val nowhere;
    eg_spec s = eg_spec_of(v);
    if (s.rank < 0 || c->n == FZ_POOL) return &nowhere;
    bool is_float = s.dtype == EG_F32 || s.dtype == EG_F64;
    if (!is_float) bound = s.dtype == EG_BOOL ? 1 : 1e9;
    if (is_float && bound > 1e4 && fz_chance(r, 90)) {
        v = fz_tame(c, r, v, bound, 8);
        bound = 8;
    }
    c->cost += (double)fz_count(s) * c->factor;
    uint32_t id = c->record * 16 + (uint32_t)(c->made++ & 15);
    c->pool[c->n] = (fz_val){.v = v, .spec = s, .bound = bound, .id = id};
    return &c->pool[c->n++];
}

eg_val fz_like(fz_trace *c, fz_rng *r, eg_spec spec, double bound)
{
    bool is_float = spec.dtype == EG_F32 || spec.dtype == EG_F64;
    fz_val *v = fz_pick(c, r, (fz_want){.types = 1u << spec.dtype, .fit = FZ_SAME_SPEC, .like = &spec, .max_rank = 0});
    if (!v || fz_chance(r, 15)) {
        fz_val *other = fz_pick(c, r, (fz_want){.types = FZ_ANY, .fit = FZ_SAME_SHAPE, .like = &spec});
        if (other) v = other;
    }
    if (v) {
        double b = v->bound;
        eg_val x = v->v;
        if (is_float && v->spec.dtype != EG_F32 && v->spec.dtype != EG_F64 && v->spec.dtype != EG_BOOL) {
            x = eg_mul(eg_convert(x, spec.dtype), 0x1p-28);
            b = 8;
        }
        return fz_tame(c, r, fz_as(x, spec.dtype), b, bound);
    }
    fz_val *scalar = fz_pick(c, r, (fz_want){.types = is_float ? FZ_F : 1u << spec.dtype, .max_rank = 0});
    if (scalar && scalar->spec.rank == 0 && fz_chance(r, 40))
        return eg_full(c->eg, spec, fz_tame(c, r, fz_as(scalar->v, spec.dtype), scalar->bound, bound));
    if (spec.rank >= 1 && spec.dtype != EG_BOOL && fz_count(spec) > 0 && fz_chance(r, 60)) {
        eg_val x = eg_reshape_to(eg_iota(c->eg, fz_count(spec), spec.dtype), spec.rank, spec.dim);
        return is_float ? eg_sin(eg_mul(x, fz_number(c, r, 0.01, 0.7))) : x;
    }
    return eg_full(c->eg, spec, fz_literal(c, r, spec.dtype));
}

eg_val fz_condition(fz_trace *c, fz_rng *r)
{
    fz_val *v = fz_pick(c, r, (fz_want){.types = FZ_ANY});
    if (!v) return eg_full(c->eg, eg_scalar(EG_BOOL), eg_int(1));
    if (v->spec.dtype == EG_BOOL) return v->spec.rank ? (fz_chance(r, 50) ? eg_any(v->v) : eg_all(v->v)) : v->v;
    eg_val x = v->spec.rank == 0 ? v->v : fz_chance(r, 50) ? eg_amax(v->v) : eg_mean(v->v);
    double limit = v->bound < 1e6 ? v->bound : 8;
    return fz_chance(r, 50) ? eg_lt(x, limit * 0.3) : eg_gt(x, limit * 0.1);
}

int fz_unused(fz_trace *c, int from, int n, eg_val *out)
{
    int m = 0;
    for (int k = c->n; k-- > from && m < n;) {
        if (!c->pool[k].used) out[m++] = c->pool[k].v;
    }
    return m;
}
