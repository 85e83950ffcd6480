/* Records of networks: populations with the same code, projections, and what is done to their conductances and spikes.
 */
#include "fuzz.h"

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

static void multiply(fz_trace *c, fz_rng *r, eg_var *g) { eg_set(g, eg_mul(eg_get(g), fz_number(c, r, 0.6, 0.95))); }

/* All conductances, or those of one kind in two steps between which something else reads them. */
void fz_emit_decay(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    bool twice = fz_chance(r, 35);
    fz_rng same = *r;
    for (int k = 0; k < c->p->num_populations; k++) {
        const fz_population *n = &c->p->population[k];
        for (int j = 0; j < 2; j++) {
            fz_rng own = same;
            multiply(c, &own, c->var[n->g[j]]);
            if (!twice || j != (int)(c->p->seed & 1)) continue;
            eg_val g = eg_get(c->var[n->g[j]]);
            switch (fz_below(&own, 4)) {
            case 0: fz_keep(c, &own, g, 8); break;
            case 1: fz_keep(c, &own, eg_sum(g), 1e3); break;
            case 2: eg_set(c->var[n->V], eg_clip(eg_add(eg_get(c->var[n->V]), eg_mul(g, 0.125)), -6, 6)); break;
            default:
                if (c->num_monitored < (int)EGI_LEN(c->monitored)) c->monitored[c->num_monitored++] = g;
            }
            multiply(c, &own, c->var[n->g[j]]);
        }
    }
}

/* Spikes that are carried to the next step, or delivered in this one, changed in part. */
void fz_emit_poke(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    const fz_population *n = population(c, rec);
    if (!n) return;
    eg_var *v = c->var[n->spike];
    eg_val s = eg_get(v);
    int64_t size = c->p->size[n->size];
    if (!size) return;
    c->derived = true;
    switch (fz_below(r, 4)) {
    case 0: s = eg_update_row(s, eg_int(fz_below(r, size)), fz_condition(c, r)); break;
    case 1: {
        int64_t part = 1 + fz_below(r, size);
        eg_val u = fz_chance(r, 50) ? eg_slice(s, 0, size - part, size, 1)
                                    : eg_gt(fz_like(c, r, eg_vector(EG_F32, part), 3), 0.5);
        s = eg_update_slice(s, u, 0, eg_int(fz_below(r, size)));
        break;
    }
    case 2: s = eg_flip(s, 0); break;
    default: s = eg_xor(s, eg_eq(eg_iota(c->eg, size, EG_I32), eg_int(fz_below(r, size))));
    }
    eg_set(v, s);
}

/* -- spikes that run through a while ------------------------------------------------------------------------------- */

typedef struct burst {
    fz_trace *c;
    fz_rng r;
    int csr;
    int64_t limit;
    eg_dtype t;
    bool quiet; /* ends when nothing fires */
} burst;

static eg_val burst_lasts(void *user, eg_val x)
{
    const burst *b = user;
    eg_val go = eg_lt(eg_item(x, 0), eg_int(b->limit));
    return b->quiet ? eg_and(go, eg_any(eg_item(x, 1))) : go;
}

static eg_val burst_turn(void *user, eg_val x)
{
    burst *b = user;
    fz_trace *c = b->c;
    fz_rng r = b->r;
    eg_csr *csr = c->csr[b->csr];
    eg_val s = eg_item(x, 1), g = eg_item(x, 2), next = s;
    int64_t pre = eg_csr_num_pre(csr), post = eg_csr_num_post(csr);
    if (fz_chance(&r, 50)) g = eg_mul(g, fz_number(c, &r, 0.5, 0.9));
    eg_val sum = eg_event_add(g, csr, s, eg_real(0.25));
    if (fz_chance(&r, 30)) sum = eg_event_add(sum, csr, s, eg_real(fz_chance(&r, 50) ? 0.25 : 0.5));
    switch (fz_below(&r, 4)) {
    case 0:
        if (pre == post) next = eg_gt(sum, fz_number(c, &r, 0, 1));
        break;
    case 1: next = eg_flip(s, 0); break;
    case 2: next = eg_and(s, eg_gt(fz_like(c, &r, eg_vector(EG_F32, pre), 3), 0)); break;
    default: next = eg_ne(s, eg_lt(eg_iota(c->eg, pre, EG_I32), eg_item(x, 0)));
    }
    return eg_tuple(c->eg, 3, ((eg_val[]){eg_add(eg_item(x, 0), 1), next, fz_tame(c, &r, sum, 50, 6)}));
}

void fz_emit_burst(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    if (!c->p->num_csrs) return;
    burst b = {.c = c,
               .csr = (int)fz_below(r, c->p->num_csrs),
               .limit = fz_below(r, 6),
               .t = fz_chance(r, 80) ? EG_F32 : EG_F64,
               .quiet = fz_chance(r, 50)};
    eg_csr *csr = c->csr[b.csr];
    eg_spec pre = eg_vector(EG_BOOL, eg_csr_num_pre(csr)), post = eg_vector(b.t, eg_csr_num_post(csr));
    const fz_population *n = population(c, rec);
    eg_val s = n && fz_same(eg_variable_spec(c->var[n->spike]), pre) ? eg_get(c->var[n->spike])
                                                                     : fz_as(fz_spikes(c, r, pre.dim[0]), EG_BOOL);
    eg_var *target = n && fz_same(eg_variable_spec(c->var[n->g[0]]), post) ? c->var[n->g[0]] : NULL;
    eg_val init[] = {eg_full(c->eg, eg_scalar(EG_I32), eg_int(0)), s, target ? eg_get(target) : fz_like(c, r, post, 4)};
    b.r = *r;
    c->depth++;
    eg_val out = eg_while(c->eg, burst_lasts, burst_turn, &b, eg_tuple(c->eg, 3, init));
    c->depth--;
    if (eg_error(c->eg)) return;
    if (target) eg_set(target, eg_item(out, 2));
    fz_keep(c, r, eg_item(out, 1), 1);
    fz_keep(c, r, eg_item(out, 2), 8);
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
        eg_val weight = fz_chance(r, 75) ? eg_real(w) : fz_weight(c, r, which, t);
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
