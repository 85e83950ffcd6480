/* Records whose gradient is said by someone: spikes with surrogates, rules of one's own, stops. */
#include "fuzz.h"

#include "engram/surrogate.h"
#include "engram/transform.h"

static const char *const names[] = {
    "sigmoid",
    "piecewise_quadratic",
    "piecewise_exp",
    "soft_sign",
    "arctan",
    "nonzero_sign_log",
    "erf",
    "piecewise_leaky_relu",
    "s2nn",
    "squarewave_fourier_series",
    "q_pseudo_spike",
    "leaky_relu",
    "relu_grad",
    "log_tailed_relu",
    "gaussian_grad",
    "multi_gaussian_grad",
    "slayer_grad",
    "inv_square_grad",
};

/* x y and x + y of a pair, or twice x. */
static eg_val forward(void *user, eg_val x)
{
    eg_context *eg = user;
    if (eg_tuple_size(x) != 2) return eg_mul(x, 2);
    eg_val a = eg_item(x, 0), b = eg_item(x, 1);
    return eg_tuple(eg, 2, ((eg_val[]){eg_mul(a, b), eg_add(a, b)}));
}

static eg_val backward(void *user, eg_val v)
{
    eg_context *eg = user;
    eg_val x = eg_item(v, 0), y = eg_item(v, 1), g = eg_item(v, 2);
    if (eg_tuple_size(x) != 2) return eg_mul(g, eg_tanh(y));
    eg_val a = eg_item(x, 0), d = eg_item(g, 0), e = eg_item(g, 1);
    return eg_tuple(eg, 2, ((eg_val[]){eg_fma(d, eg_item(x, 1), eg_mul(e, 0.5)), eg_mul(d, eg_cos(a))}));
}

static void custom(fz_trace *c, fz_rng *r, fz_val *v)
{
    fz_val *w = fz_chance(r, 60)
                    ? fz_pick(c, r, (fz_want){.types = FZ_F, .fit = FZ_SAME_SPEC, .like = &v->spec, .max_rank = 0})
                    : NULL;
    if (!w) {
        fz_keep(c, r, eg_custom_gradient(c->eg, forward, backward, c->eg, v->v), v->bound * 2);
        return;
    }
    eg_val pair = eg_tuple(c->eg, 2, ((eg_val[]){v->v, w->v}));
    eg_val y = eg_custom_gradient(c->eg, forward, backward, c->eg, pair);
    fz_keep(c, r, eg_item(y, 0), v->bound * w->bound);
    fz_keep(c, r, eg_item(y, 1), v->bound + w->bound);
}

void fz_emit_spike(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    fz_val *v = fz_pick(c, r, (fz_want){.types = FZ_F});
    if (!v) return;
    c->has_own_rule = true;
    int kind = (int)fz_below(r, 10);
    if (kind < 2) {
        custom(c, r, v);
        return;
    }
    if (kind == 2) {
        fz_keep(c, r, eg_stop_gradient(v->v), v->bound);
        return;
    }
    eg_surrogate s = eg_surrogate_named(c->eg, names[fz_below(r, EGI_LEN(names))], 0, NULL);
    s.origin = kind > 3 && s.primitive && fz_chance(r, 20);
    eg_val x = fz_chance(r, 60) ? eg_sub(v->v, fz_number(c, r, 0, 1)) : v->v, old = fz_like(c, r, v->spec, 4);
    eg_val z = kind == 3 ? eg_spike2(c->eg, x, old, s) : eg_spike(c->eg, x, s);
    fz_keep(c, r, z, s.origin ? v->bound + 2 : 1);
    if (fz_chance(r, 30)) fz_keep(c, r, eg_gt(z, 0.5), 1); /* spikes as truth values, for connections */
}
