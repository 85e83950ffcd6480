/* Records of variables, delay lines, host calls, and patterns that tempt to overwrite what is still needed. */
#include "fuzz.h"

static int any_var(fz_trace *c, fz_rng *r, int min_rank)
{
    int n = c->p->num_vars, first = (int)fz_below(r, n ? n : 1);
    for (int k = 0; k < n; k++) {
        int v = (first + k) % n;
        if (c->p->var[v].rank >= min_rank) return v;
    }
    return -1;
}

void fz_emit_get(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    int k = any_var(c, r, 0);
    if (k >= 0) fz_keep(c, r, eg_get(c->var[k]), 8);
}

void fz_emit_set(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    int k = any_var(c, r, 0);
    if (k < 0) return;
    eg_spec s = eg_variable_spec(c->var[k]);
    eg_val x = fz_chance(r, 90) ? fz_like(c, r, s, 6) : fz_literal(c, r, s.dtype);
    eg_set(c->var[k], x);
}

static eg_val changed(fz_trace *c, fz_rng *r, eg_val x)
{
    eg_dtype t = eg_spec_of(x).dtype;
    if (t == EG_BOOL) return eg_not(x);
    if (t != EG_F32 && t != EG_F64) return eg_add(x, eg_int(1 + fz_below(r, 5)));
    return eg_add(eg_mul(x, fz_number(c, r, 0.3, 0.95)), fz_number(c, r, -1, 1));
}

static eg_val shifted(fz_trace *c, eg_val x, int by)
{
    c->derived = true;
    eg_spec s = eg_spec_of(x);
    if (s.dim[0] < 2) return x;
    eg_val a = eg_slice(x, 0, by > 0 ? -by : -by, EG_END, 1), b = eg_slice(x, 0, 0, by > 0 ? -by : -by, 1);
    return eg_concat(0, a, b);
}

static eg_val mixed(fz_trace *c, fz_rng *r, eg_val x, eg_val y)
{
    eg_dtype t = eg_spec_of(x).dtype;
    if (t == EG_BOOL) return eg_xor(x, y);
    if (t != EG_F32 && t != EG_F64) return eg_sub(x, y);
    return eg_add(eg_mul(x, fz_number(c, r, 0.2, 0.6)), eg_mul(y, fz_number(c, r, -0.4, 0.4)));
}

/* Another variable of the same type and shape, or -1. */
static int twin(fz_trace *c, int k)
{
    for (int j = 0; j < c->p->num_vars; j++) {
        if (j != k && fz_same(eg_variable_spec(c->var[j]), eg_variable_spec(c->var[k]))) return j;
    }
    return -1;
}

static eg_val first_of(void *user, eg_val x) { return (void)x, ((eg_val *)user)[0]; }
static eg_val second_of(void *user, eg_val x) { return (void)x, ((eg_val *)user)[1]; }

void fz_emit_trap(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    int k = any_var(c, r, 1);
    if (k < 0) return;
    eg_var *v = c->var[k];
    eg_val x = eg_get(v);
    eg_spec s = eg_variable_spec(v);
    int j = twin(c, k);
    switch (fz_below(r, 13)) {
    case 0:
    case 1:
        if (j < 0) return;
        eg_set(v, fz_chance(r, 70) ? eg_get(c->var[j]) : changed(c, r, eg_get(c->var[j])));
        eg_set(c->var[j], x);
        break;
    case 2: eg_set(v, mixed(c, r, x, shifted(c, x, fz_chance(r, 50) ? 1 : 3))); break;
    case 3:
        c->derived = true; /* its start is n - 1 */
        eg_set(v, fz_chance(r, 50) ? eg_flip(x, 0) : mixed(c, r, x, eg_flip(x, s.rank - 1)));
        break;
    case 4: /* the old value is read after the new one is set, through a view */
        eg_set(v, changed(c, r, x));
        fz_keep(c, r, eg_slice(x, 0, fz_below(r, 3), EG_END, fz_chance(r, 70) ? 1 : 2), 8);
        c->derived = true;
        break;
    case 5: /* read after set */
        eg_set(v, changed(c, r, x));
        fz_keep(c, r, mixed(c, r, eg_get(v), x), 8);
        break;
    case 6:
        if (s.rank == 2 && s.dim[0] == s.dim[1])
            eg_set(v, mixed(c, r, x, eg_transpose(x)));
        else
            eg_set(v, eg_roll(x, 1, s.rank - 1)), c->derived = true;
        break;
    case 7:
        if (j < 0) return;
        x = changed(c, r, x);
        eg_set(v, x);
        eg_set(c->var[j], x);
        fz_keep(c, r, x, 8);
        break;
    case 8: { /* one row replaced, the old sum used after */
        if (!fz_count(s)) return;
        c->derived = true;
        eg_set(v, eg_update_row(x, eg_int(fz_below(r, s.dim[0])), fz_literal(c, r, s.dtype)));
        if (s.dtype != EG_BOOL) fz_keep(c, r, eg_sum(x), 8.0 * (double)fz_count(s));
        break;
    }
    case 9: {
        if (s.dtype == EG_BOOL || !fz_count(s)) return;
        eg_spec i = eg_vector(EG_I32, s.dim[0]);
        eg_set(v, eg_gather(x, fz_like(c, r, i, 1e9), 0));
        break;
    }
    case 10:
        if (s.dtype == EG_BOOL) return;
        eg_set(v, eg_scatter_add(x, fz_like(c, r, eg_vector(EG_I32, s.dim[0]), 1e9), changed(c, r, x)));
        eg_set(v, fz_tame(c, r, eg_get(v), 100, 6));
        break;
    case 11: { /* arms that give what was made outside: an update, and what it replaces a part of */
        if (!fz_count(s)) return;
        c->derived = true;
        eg_val old = changed(c, r, x), both[2] = {old, old};
        eg_val row = fz_chance(r, 50) ? eg_row(old, 0) : eg_row(x, 0);
        both[0] = eg_update_row(old, eg_int(fz_below(r, s.dim[0])), row);
        if (s.dtype != EG_BOOL && fz_chance(r, 50)) both[1] = mixed(c, r, old, x);
        eg_val chosen = eg_cond(fz_condition(c, r), first_of, second_of, both, eg_nothing());
        fz_keep(c, r, fz_chance(r, 50) ? eg_flip(chosen, 0) : chosen, 8);
        eg_set(v, chosen);
        break;
    }
    default: /* a part of itself moved */
        if (!fz_count(s)) return;
        c->derived = true;
        eg_set(v, eg_update_slice(x, eg_slice(x, 0, 0, (s.dim[0] + 1) / 2, 1), 0, eg_int(fz_below(r, s.dim[0]))));
    }
}

void fz_emit_delay(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    if (!c->p->num_delays) return;
    int k = (int)fz_below(r, c->p->num_delays);
    eg_spec s = fz_spec_of(c->p, &c->p->delay[k]);
    if (fz_chance(r, 60)) eg_delay_push(c->delay[k], fz_like(c, r, s, 8));
    if (fz_chance(r, 30)) return;
    int64_t steps = c->p->delay_steps[k];
    eg_val lag = eg_int(fz_below(r, steps + 1));
    if (fz_chance(r, 30))
        lag = fz_like(c, r, eg_scalar(EG_I32), 1e9);
    else if (s.rank == 1 && fz_chance(r, 40)) {
        s.dtype = EG_I32;
        lag = fz_like(c, r, s, 1e9);
        if (fz_chance(r, 70)) lag = eg_mod(lag, eg_int(steps + 1));
    }
    fz_keep(c, r, eg_delay_read(c->delay[k], lag), 8);
}

/* out[i] = i + 1 plus, of each input, element i (around the end), as a sum in double; small and exact. */
static int host(void *user, const void *const *in, void *const *out)
{
    const fz_host_data *h = user;
    int64_t n = fz_count(h->out), m = fz_count(h->in);
    for (int64_t i = 0; i < n; i++) {
        double x = (double)i + 1;
        if (m) {
            const void *from = in[0];
            int64_t j = i % m;
            switch (h->in.dtype) {
            case EG_BOOL: x += ((const uint8_t *)from)[j]; break;
            case EG_I32: x += ((const int32_t *)from)[j]; break;
            case EG_U32: x += ((const uint32_t *)from)[j]; break;
            case EG_I64: x += (double)(((const int64_t *)from)[j] % 1000); break;
            case EG_F32: x += (double)((const float *)from)[j]; break;
            default: x += ((const double *)from)[j];
            }
        }
        if (h->out.dtype == EG_F32)
            ((float *)out[0])[i] = (float)x;
        else
            ((int32_t *)out[0])[i] = x > -1e9 && x < 1e9 ? (int32_t)x : 0;
    }
    return 0;
}

void fz_emit_host(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    fz_val *v = fz_pick(c, r, (fz_want){.types = FZ_ANY});
    if (!v || c->num_hosts == (int)EGI_LEN(c->host)) return;
    fz_host_data *h = &c->host[c->num_hosts++];
    int64_t n = c->p->size[fz_below(r, FZ_SIZES)];
    h->in = v->spec;
    h->out = fz_chance(r, 60) ? eg_vector(EG_F32, n) : eg_scalar(fz_chance(r, 50) ? EG_F32 : EG_I32);
    c->has_host = true;
    fz_keep(c, r, eg_host(c->eg, "host", host, h, 1, &v->v, 1, &h->out), v->bound + 1000);
}
