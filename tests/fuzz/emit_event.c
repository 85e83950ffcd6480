/* Records of events and networks. */
#include "fuzz.h"

/* Spikes of so many sources: those that there are, or values above a threshold. */
static eg_val spikes(fz_trace *c, fz_rng *r, int64_t pre)
{
    eg_spec s = eg_vector(EG_BOOL, pre);
    fz_val *v = fz_pick(c, r, (fz_want){.types = fz_chance(r, 80) ? FZ_B : FZ_F, .fit = FZ_SAME_SHAPE, .like = &s});
    if (v && fz_chance(r, 70)) {
        if (v->spec.dtype != EG_BOOL && fz_chance(r, 60)) return eg_where(eg_gt(v->v, 0.25), v->v, 0);
        return v->v;
    }
    for (int k = 0; k < c->p->num_vars && fz_chance(r, 70); k++) {
        if (fz_same(eg_variable_spec(c->var[k]), s)) return eg_get(c->var[k]);
    }
    return eg_gt(fz_like(c, r, eg_vector(EG_F32, pre), 4), fz_number(c, r, 0, 1.5));
}

static eg_val weight_of(fz_trace *c, fz_rng *r, int k, eg_dtype t)
{
    static const double plain[] = {0.25, 0.25, 0.5, -0.125};
    switch (fz_below(r, 6)) {
    case 0: {
        fz_val *v = fz_pick(c, r, (fz_want){.types = 1u << t});
        if (v && v->spec.rank == 0) return fz_tame(c, r, v->v, v->bound, 2);
        break;
    }
    case 1: return fz_like(c, r, eg_vector(t, eg_csr_num_pre(c->csr[k])), 1);
    case 2: c->derived = true; return fz_as(eg_constant(c->weights[k]), t);
    default: break;
    }
    return eg_real(plain[fz_below(r, EGI_LEN(plain))]);
}

void fz_emit_event(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    if (!c->p->num_csrs) return;
    int k = (int)fz_below(r, c->p->num_csrs), n = 1 + (int)fz_below(r, 2);
    eg_csr *csr = c->csr[k];
    eg_dtype t = fz_chance(r, 75) ? EG_F32 : EG_F64;
    if (fz_chance(r, 20)) {
        eg_spec s = eg_vector(fz_chance(r, 50) ? EG_BOOL : t, eg_csr_num_post(csr));
        fz_keep(c, r, eg_event_transposed(csr, fz_like(c, r, s, 3), weight_of(c, r, k, t)), 50);
        return;
    }
    eg_val s = spikes(c, r, eg_csr_num_pre(csr));
    for (int j = 0; j < n; j++) {
        eg_val w = weight_of(c, r, k, t);
        eg_spec post = eg_vector(t, eg_csr_num_post(csr));
        eg_val y = fz_chance(r, 40)
                       ? eg_event(csr, s, w)
                       : eg_event_add(fz_chance(r, 80) ? fz_like(c, r, post, 4) : fz_literal(c, r, t), csr, s, w);
        fz_keep(c, r, y, 50);
        for (int v = 0; v < c->p->num_vars && fz_chance(r, 70); v++) {
            if (fz_same(eg_variable_spec(c->var[v]), eg_spec_of(y))) {
                eg_set(c->var[v], fz_tame(c, r, y, 50, 6));
                break;
            }
        }
        int other = (int)fz_below(r, c->p->num_csrs);
        if (eg_csr_num_pre(c->csr[other]) == eg_csr_num_pre(csr)) csr = c->csr[k = other];
    }
}

/* The same product along the connections and with the dense matrix: weights are small whole numbers, sums exact. */
void fz_emit_dense(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    if (!c->p->num_csrs) return;
    int k = (int)fz_below(r, c->p->num_csrs);
    if (!c->dense[k] || c->num_equal == (int)EGI_LEN(c->equal)) return;
    int64_t pre = eg_csr_num_pre(c->csr[k]), post = eg_csr_num_post(c->csr[k]);
    bool other_way = fz_chance(r, 25);
    eg_val x = other_way ? fz_like(c, r, eg_vector(fz_chance(r, 50) ? EG_BOOL : EG_F32, post), 3) : spikes(c, r, pre),
           y[2];
    if (eg_spec_of(x).dtype != EG_BOOL) {
        x = eg_round(eg_clip(eg_convert(x, EG_F32), -3, 3));
        x = eg_where(eg_isnan(x), 0, x);
    }
    eg_val w = eg_constant(c->synapse[k]), dense = eg_constant(c->dense[k]), f = fz_as(x, EG_F32);
    if (other_way) {
        y[0] = eg_event_transposed(c->csr[k], x, w);
        y[1] = eg_dot(dense, f);
    } else {
        y[0] = eg_event(c->csr[k], x, w);
        y[1] = fz_chance(r, 50) ? eg_dot(f, dense) : eg_sum(eg_mul(dense, eg_new_axis(f, 1)), 0);
    }
    c->derived = true;
    /* -0 and +0 are the same sum. */
    for (int j = 0; j < 2; j++) y[j] = eg_add(y[j], 0.0);
    if (c->depth == 0) {
        c->equal[c->num_equal][0] = y[0];
        c->equal[c->num_equal++][1] = y[1];
    } else {
        for (int j = 0; j < 2; j++) fz_keep(c, r, y[j], 100);
    }
}

/* -- networks
 * ---------------------------------------------------------------------------------------------------------- */

static const fz_population *population(fz_trace *c, const fz_record *rec)
{
    if (!c->p->num_populations) return NULL;
    return &c->p->population[rec->number % (uint32_t)c->p->num_populations];
}

void fz_emit_neuron(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    const fz_population *n = population(c, rec);
    if (!n) return;
    /* The code is the same for all populations; numbers may differ. */
    fz_rng code = fz_rng_of(c->p->seed, 1u << 28), own = fz_chance(&code, 50) ? *r : code;
    eg_val V = eg_get(c->var[n->V]), ge = eg_get(c->var[n->g[0]]), gi = eg_get(c->var[n->g[1]]);
    eg_val refractory = eg_get(c->var[n->refractory]), old = V;
    eg_spec s = eg_variable_spec(c->var[n->V]);
    bool coba = fz_chance(&code, 60);
    eg_val I = coba ? eg_add(eg_mul(ge, eg_sub(fz_number(c, &own, 1, 3), V)),
                             eg_mul(gi, eg_sub(fz_number(c, &own, -3, -1), V)))
                    : eg_sub(ge, gi);
    if (fz_chance(&code, 50)) I = eg_add(I, fz_number(c, &own, 0, 1));
    if (fz_chance(&code, 25)) I = eg_add(I, eg_mul(fz_like(c, &own, s, 2), 0.25));
    double dt = fz_number(c, &own, 0.05, 0.4);
    eg_val dV = eg_mul(eg_sub(I, V), dt), V_new;
    switch (fz_below(&code, 4)) {
    case 0: {
        eg_val decay = eg_exp(eg_neg(eg_full(c->eg, eg_scalar(s.dtype), dt)));
        V_new = eg_add(I, eg_mul(eg_sub(V, I), decay));
        break;
    }
    case 1: V_new = eg_add(V, eg_tanh(dV)); break;
    default: V_new = eg_add(V, dV);
    }
    V_new = eg_clip(V_new, -6, 6);
    eg_val rest = eg_gt(refractory, 0);
    if (fz_chance(&code, 80)) V_new = eg_where(rest, old, V_new);
    eg_val spike = eg_gt(V_new, fz_number(c, &own, 0.3, 1));
    if (fz_chance(&code, 50)) spike = eg_and(spike, eg_not(rest));
    eg_set(c->var[n->V], eg_where(spike, fz_number(c, &own, -1, 0.25), V_new));
    eg_set(c->var[n->refractory], eg_where(spike, eg_int(fz_below(&code, 4)), eg_max(eg_sub(refractory, 1), 0)));
    if (fz_chance(&code, 30)) { /* conductances decay with the neurons */
        for (int j = 0; j < 2; j++)
            eg_set(c->var[n->g[j]], eg_mul(eg_get(c->var[n->g[j]]), fz_number(c, &own, 0.7, 0.95)));
    }
    eg_set(c->var[n->spike], spike);
    if (fz_chance(r, 15)) fz_keep(c, r, spike, 1);
    if (fz_chance(r, 10)) fz_keep(c, r, V_new, 6);
}

void fz_emit_decay(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    double decay[2] = {fz_number(c, r, 0.6, 0.95), fz_number(c, r, 0.6, 0.95)};
    for (int k = 0; k < c->p->num_populations; k++) {
        for (int j = 0; j < 2; j++) {
            eg_var *g = c->var[c->p->population[k].g[j]];
            eg_set(g, eg_mul(eg_get(g), decay[j]));
        }
    }
}

void fz_emit_project(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    const fz_population *from = population(c, rec);
    if (!from) return;
    static const double plain[] = {0.25, 0.25, 0.5};
    int n = 1 + (int)fz_below(r, 3), j = (int)fz_below(r, 2);
    double w = plain[fz_below(r, EGI_LEN(plain))];
    for (int k = 0; k < n; k++) {
        int which = (int)fz_below(r, c->p->num_csrs), to = (int)fz_below(r, c->p->num_populations);
        bool found = false;
        for (int t = 0; t < c->p->num_populations * c->p->num_csrs && !found; t++) {
            const fz_csr *q = &c->p->csr[which];
            found = c->p->size[q->pre] == c->p->size[from->size] &&
                    c->p->size[q->post] == c->p->size[c->p->population[to].size];
            if (found) break;
            if (++which == c->p->num_csrs) which = 0, to = (to + 1) % c->p->num_populations;
        }
        if (!found) return;
        eg_var *g = c->var[c->p->population[to].g[fz_chance(r, 80) ? j : 1 - j]];
        eg_dtype t = eg_variable_spec(g).dtype;
        eg_val base = eg_get(g), s = eg_get(c->var[from->spike]);
        if (fz_chance(r, 20)) base = eg_mul(base, fz_number(c, r, 0.6, 0.95));
        eg_val weight = fz_chance(r, 75) ? eg_real(w) : weight_of(c, r, which, t);
        if (fz_chance(r, 10)) s = eg_mul(eg_convert(s, t), fz_like(c, r, eg_vector(t, c->p->size[from->size]), 2));
        if (fz_chance(r, 90))
            eg_set(g, eg_event_add(base, c->csr[which], s, weight));
        else
            eg_set(g, eg_add(base, eg_event(c->csr[which], s, weight)));
    }
}

void fz_emit_monitor(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    const fz_population *n = population(c, rec);
    if (!n || c->num_monitored == (int)EGI_LEN(c->monitored)) return;
    eg_val x = eg_get(c->var[fz_chance(r, 40) ? n->spike : fz_chance(r, 60) ? n->V : n->g[0]]);
    switch (fz_below(r, 4)) {
    case 0: x = eg_slice(x, 0, 0, 3, 1); break;
    case 1: x = eg_sum(x); break;
    default: break;
    }
    c->monitored[c->num_monitored++] = x;
}
