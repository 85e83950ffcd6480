/* Records of reductions, scans, products, random draws. */
#include "fuzz.h"

#include "engram/random.h"

typedef eg_val (*reduce_fn)(eg_val x, int n, const int *axes, bool keep, const char *file, int line);
static const reduce_fn reductions[] = {
#define X(name) (eg_##name),
    EG_REDUCTIONS(X)
#undef X
};

void fz_emit_reduce(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    fz_val *v =
        fz_pick(c, r, (fz_want){.types = fz_chance(r, 75) ? FZ_F : FZ_ANY, .min_rank = fz_chance(r, 35) ? 2 : 1});
    if (!v) v = fz_pick(c, r, (fz_want){.types = FZ_ANY, .min_rank = 1});
    if (!v) return;
    int axes[EG_MAX_RANK], n = 0, k = (int)fz_below(r, (int64_t)EGI_LEN(reductions));
    if (fz_chance(r, 65)) {
        for (int a = 0; a < v->spec.rank; a++) {
            if (fz_chance(r, 50)) axes[n++] = fz_chance(r, 30) ? a - v->spec.rank : a;
        }
    }
    eg_val x = v->v;
    double bound = v->bound;
    double count = (double)fz_count(v->spec) + 1;
    bool is_float = v->spec.dtype == EG_F32 || v->spec.dtype == EG_F64;
    if (k == 1 && is_float && bound > 1.1) x = eg_clip(x, -1.1, 1.1), bound = 1;
    if (k == 8 && is_float) x = fz_tame(c, r, x, bound, 20), bound = 40;
    double result[] = {bound * count, bound * 100, bound, bound, 1, 1, bound, bound * bound, bound + 10};
    fz_keep(c, r, reductions[k](x, n, axes, fz_chance(r, 30), __FILE__, (int)rec->number), result[k]);
}

void fz_emit_scan(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    fz_val *v = fz_pick(c, r, (fz_want){.types = fz_chance(r, 60) ? FZ_F : FZ_ANY, .min_rank = 1});
    if (!v) return;
    int axis = (int)fz_below(r, v->spec.rank);
    bool number = v->spec.dtype != EG_BOOL;
    switch (fz_below(r, 5)) {
    case 0:
        if (number) fz_keep(c, r, eg_cumsum(v->v, axis), v->bound * (double)(v->spec.dim[axis] + 1));
        break;
    case 1: fz_keep(c, r, eg_sort(v->v, axis), v->bound); break;
    case 2: fz_keep(c, r, eg_argsort(v->v, axis), 1000); break;
    case 3:
        if (number) fz_keep(c, r, eg_argmin(v->v, axis), 1000);
        break;
    default:
        if (number) fz_keep(c, r, eg_argmax(v->v, axis), 1000);
    }
}

void fz_emit_dot(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    if (fz_chance(r, 20) && c->depth < 2) {
        fz_layer(c, r);
        return;
    }
    fz_val *a = fz_pick(c, r, (fz_want){.types = fz_chance(r, 80) ? FZ_F : FZ_I, .min_rank = 1});
    if (!a) return;
    int64_t K = a->spec.dim[a->spec.rank - 1];
    double bound = a->bound * 8 * (double)(K + 1);
    if (fz_chance(r, 20) && a->spec.rank == 1 && K <= 130) {
        fz_val *b = fz_pick(c, r, (fz_want){.types = 1u << a->spec.dtype, .min_rank = 1, .max_rank = 1});
        if (b && fz_count(b->spec) * K < 20000) fz_keep(c, r, eg_outer(a->v, b->v), a->bound * b->bound);
        return;
    }
    if (a->spec.rank == 2 && fz_chance(r, 25) && a->spec.dim[0] * a->spec.dim[0] < 20000) {
        fz_keep(c, r, eg_dot(a->v, eg_transpose(a->v)), bound);
        return;
    }
    fz_val *b = fz_pick(c, r, (fz_want){.types = 1u << a->spec.dtype, .min_rank = 1, .max_rank = 2, .extent = K + 1});
    eg_spec other = fz_chance(r, 40) ? eg_vector(a->spec.dtype, K) : eg_matrix(a->spec.dtype, K, c->p->size[1]);
    eg_val y = b && fz_chance(r, 70) ? b->v : fz_like(c, r, other, 2);
    eg_spec s = eg_spec_of(y);
    if (fz_count(a->spec) / (K ? K : 1) * (s.rank > 1 ? s.dim[1] : 1) > 20000) return;
    fz_keep(c, r, eg_dot(a->v, y), bound);
}

static eg_val distribution(fz_trace *c, fz_rng *r, eg_spec s)
{
    eg_spec f = s, n = s;
    f.dtype = fz_chance(r, 75) ? EG_F32 : EG_F64;
    n.dtype = fz_chance(r, 50) ? EG_I32 : f.dtype;
    double x = fz_number(c, r, 0.1, 2);
    switch (fz_below(r, 12)) {
    case 0: return eg_integers(c->eg, (n.dtype = EG_I32, n), eg_int(-3), eg_int(20));
    case 1: return eg_bernoulli(c->eg, (f.dtype = EG_BOOL, f), x / 2.5);
    case 2: return eg_normal(c->eg, f, fz_like(c, r, f, 3), x);
    case 3: return eg_exponential(c->eg, f, x);
    case 4: return eg_truncated_normal(c->eg, f, x, 1.5, -1.0, 1.0);
    case 5: return c->depth ? eg_uniform(c->eg, f, -1, x) : eg_gamma(c->eg, f, x, 0.5);
    case 6: return c->depth ? eg_uniform(c->eg, f, x, x) : eg_poisson(c->eg, n, x * (fz_chance(r, 50) ? 1 : 10));
    case 7: return c->depth ? eg_normal(c->eg, f, 0, 1) : eg_binomial(c->eg, n, 30, x / 2.5);
    case 8: return eg_permutation(c->eg, c->p->size[fz_below(r, FZ_SIZES)]);
    default: return eg_uniform(c->eg, f, -1, x);
    }
}

void fz_emit_random(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    eg_dtype t = fz_chance(r, 70) ? EG_U32 : EG_I64;
    int64_t n = c->p->size[fz_below(r, FZ_SIZES)];
    fz_val *like = fz_pick(c, r, (fz_want){.types = FZ_ANY});
    eg_spec s = like && fz_chance(r, 60) ? like->spec : fz_chance(r, 80) ? eg_vector(t, n) : eg_scalar(t);
    s.dtype = t;
    if (fz_chance(r, 30)) {
        fz_keep(c, r, eg_random_bits(c->eg, s), 1e9);
    } else if (fz_chance(r, 30)) {
        eg_dtype f = t == EG_I64 ? EG_F64 : EG_F32;
        eg_val u = eg_mul(eg_convert(eg_shr(eg_random_bits(c->eg, s), 8), f), t == EG_I64 ? 0x1p-55 : 0x1p-24);
        fz_keep(c, r, eg_lt(u, fz_number(c, r, 0.05, 0.9)), 1);
    } else {
        fz_keep(c, r, distribution(c, r, s), 10);
    }
}
