/* What the random draws share: checks, raw draws, loops until every element has its value. */
#include "api/random.h"

enum { MOST_ROUNDS = 1000, MOST_STEPS = 128, STEPS_A_ROUND = 4 };

/* -- calls --------------------------------------------------------------------------------------------------------- */

static const char *type_names(unsigned types)
{
    if (types == EGI_DRAW_FLOAT) return "EG_F32 or EG_F64";
    if (types == EGI_DRAW_INT) return "EG_I32, EG_U32 or EG_I64";
    if (types == EGI_DRAW_COUNT) return "EG_I32, EG_I64, EG_F32 or EG_F64";
    return "EG_U32 or EG_I64";
}

egi_draw egi_draw_begin(const char *op, eg_context *eg, eg_spec spec, unsigned types, bool wide, int n, const eg_val *v,
                        const char *file, int line)
{
    egi_draw d = {.c = egi_begin_in(eg, op, file, line, n, v), .spec = spec};
    if (!d.c.g) return d;
    if (!egi_check_spec(eg, spec, op, file, line)) {
        d.c.g = NULL;
    } else if (!(types >> spec.dtype & 1)) {
        egi_wrong(&d.c, EG_ERR_TYPE, "does not draw %s; use a spec of type %s", eg_dtype_name(spec.dtype),
                  type_names(types));
    }
    bool single = spec.dtype == EG_F32 && !wide;
    d.m = (egi_maths){.g = d.c.g,
                      .f = single ? EG_F32 : EG_F64,
                      .i = single ? EG_I32 : EG_I64,
                      .mant = single ? 23 : 52,
                      .width = single ? 32 : 64};
    d.shape.rank = spec.rank;
    if (d.c.g) memcpy(d.shape.dim, spec.dim, (size_t)spec.rank * sizeof *spec.dim);
    return d;
}

eg_val egi_draw_end(egi_draw *d, egi_id id)
{
    if (!d->c.g || !id) return eg_nothing();
    return egi_end(&d->c, egi_broadcast(d->c.g, egi_convert(d->c.g, d->spec.dtype, id), &d->shape));
}

egi_id egi_draw_param_as(egi_draw *d, eg_val v, const char *name, eg_dtype t)
{
    if (!d->c.g) return 0;
    egi_shape s = egi_is_plain(v) ? (egi_shape){0} : egi_shape_at(&d->c, v.id);
    if (!egi_fits(&s, &d->shape))
        return egi_wrong(&d->c, EG_ERR_SHAPE,
                         "%s %s does not broadcast to %s, the shape to draw; align its extents at the last axis, with "
                         "eg_reshape or eg_new_axis",
                         name, egi_show(&d->c, v).s, egi_show_shape(&d->shape).s);
    egi_id id = egi_operand(&d->c, v, t);
    return id && s.rank ? egi_broadcast(d->c.g, id, &d->shape) : id;
}

egi_param egi_draw_param(egi_draw *d, eg_val v, const char *name, double low, double high)
{
    egi_param p = {.id = egi_draw_param_as(d, v, name, d->m.f), .plain = egi_is_plain(v)};
    if (!d->c.g || !p.plain) return p;
    p.x = egi_plain_real(v);
    if (p.x >= low && p.x <= high) return p;
    p.id = 0;
    if (high < INFINITY)
        egi_wrong(&d->c, EG_ERR_ARGUMENT, "%s is %g; give a number from %g to %g", name, p.x, low, high);
    else if (low > -INFINITY)
        egi_wrong(&d->c, EG_ERR_ARGUMENT, "%s is %g; give a number >= %g", name, p.x, low);
    else
        egi_wrong(&d->c, EG_ERR_ARGUMENT, "%s is not a number", name);
    return p;
}

/* -- raw draws ----------------------------------------------------------------------------------------------------- */

egi_id egi_draw_bits(egi_draw *d, eg_dtype t)
{
    egi_graph *g = d->c.g;
    if (!g) return 0;
    egi_id lane = egi_const_i(g, EG_U32, 0);
    return egi_node_make(g, &(egi_make){.op = EGI_BITS,
                                        .dtype = t,
                                        .shape = egi_shape_intern(g, &d->shape),
                                        .num_args = 1,
                                        .args = &lane,
                                        .imm = g->streams++});
}

egi_id egi_draw_unit(egi_draw *d)
{
    const egi_maths *m = &d->m;
    egi_id k;
    if (m_is64(m)) {
        k = m_and(m, m_shr(m, egi_draw_bits(d, EG_I64), 11), m_ci(m, (1ll << 53) - 1));
    } else {
        egi_id bits = egi_draw_bits(d, EG_U32);
        k = egi_convert(m->g, EG_I32, egi_op2(m->g, EGI_SHR, bits, egi_const_i(m->g, EG_U32, 8)));
    }
    return m_mul(m, m_convert(m, k), m_c2(m, 0x1p-24, 0x1p-53));
}

egi_id egi_draw_open(egi_draw *d)
{
    const egi_maths *m = &d->m;
    return m_fma(m, m_convert(m, egi_draw_bits(d, EG_U32)), m_c(m, 0x1p-32), m_c(m, 0x1p-33));
}

egi_half egi_draw_half(egi_draw *d)
{
    const egi_maths *m = &d->m;
    bool wide = m_is64(m);
    egi_half r;
    r.sign = egi_convert(m->g, m->i, egi_draw_bits(d, wide ? EG_I64 : EG_U32));
    r.rest = m_or(m, m_and(m, r.sign, m_ci(m, wide ? INT64_MAX : INT32_MAX)), m_ci(m, 1));
    r.h = m_mul(m, m_convert(m, r.rest), m_c2(m, 0x1p-31, 0x1p-63));
    return r;
}

/* For h <= 1/2 (sign bit clear) -log h, for the other half -log(1 - h): no bit of the draw is lost at either end. */
egi_id egi_draw_standard_exponential(egi_draw *d)
{
    const egi_maths *m = &d->m;
    egi_half r = egi_draw_half(d);
    egi_id u = m_mul(m, r.h, m_c(m, 0.5));
    egi_id low = m_op(m, EGI_LOG, u), high = m_op(m, EGI_LOG1P, m_neg(m, u));
    return m_neg(m, m_select(m, m_lt(m, r.sign, m_ci(m, 0)), high, low));
}

/* z = x N(w) / D(w) with w = -log(1 - x^2) = -log(h (1 + x)), the variable of M. Giles, "Approximating the erfinv
 * function" (GPU Computing Gems Jade edition, 2011).  One rational function from the centre to w = 22 (f32, error 1e-8)
 * and 44 (f64, error 3e-15): least squares with Lawson's weights, on Chebyshev points of sqrt(w). */
static const double num_f32[] = {1.2533141249405662,    0.44753381815292260,   0.091071116849164477,
                                 0.012541368232198977,  0.0011410574726332481, 5.9743773225316835e-05,
                                 1.9408500114162227e-07};
static const double den_f32[] = {1,
                                 0.095280640976077241,
                                 0.034689148976687660,
                                 0.0023158070986078592,
                                 0.00024959895376795822,
                                 3.7779982329001191e-06};
static const double num_f64[] = {1.2533141373154969481,      0.47514572624494332682,    0.13124282387565970002,
                                 0.025787888228508757362,    0.003882925132347592372,   0.00046282952367429023216,
                                 0.000043899709360557615743, 3.3215941381818151297e-6,  2.0232198618444460198e-7,
                                 1.0001019731323954454e-8,   3.5144608370988733357e-10, 1.0239072882453858568e-11,
                                 6.7713643529602225916e-14,  4.2917718251241222671e-17};
static const double den_f64[] = {1,
                                 0.11731205130290956771,
                                 0.060972362728100461506,
                                 0.0057192956742448795776,
                                 0.001259808461660190186,
                                 0.000089942137451487232944,
                                 0.000010492033835787972748,
                                 5.4524694529514684058e-7,
                                 3.736821176516467741e-8,
                                 1.283309984685361971e-9,
                                 4.9506769631445702516e-11,
                                 7.3828889899202464928e-13,
                                 1.8109046163312984521e-15};

egi_id m_horner(const egi_maths *m, egi_id x, int n, const double *c)
{
    egi_id p = m_c(m, c[n - 1]);
    for (int k = n - 2; k >= 0; k--) p = m_fma(m, p, x, m_c(m, c[k]));
    return p;
}

egi_id egi_normal_tail(const egi_maths *m, egi_id h, egi_id x)
{
    egi_id w = m_neg(m, m_op(m, EGI_LOG, m_mul(m, h, m_add(m, m_c(m, 1), x))));
    bool wide = m_is64(m);
    egi_id num = m_horner(m, w, wide ? EGI_LEN(num_f64) : EGI_LEN(num_f32), wide ? num_f64 : num_f32);
    egi_id den = m_horner(m, w, wide ? EGI_LEN(den_f64) : EGI_LEN(den_f32), wide ? den_f64 : den_f32);
    return m_mul(m, x, m_div(m, num, den));
}

egi_id egi_draw_standard_normal(egi_draw *d)
{
    const egi_maths *m = &d->m;
    egi_half r = egi_draw_half(d);
    int64_t all = m_is64(m) ? INT64_MAX : INT32_MAX;
    egi_id rest = m_or(m, m_xor(m, r.rest, m_ci(m, all)), m_ci(m, 1)); /* of 1 - h */
    egi_id z = egi_normal_tail(m, r.h, m_mul(m, m_convert(m, rest), m_c2(m, 0x1p-31, 0x1p-63)));
    return m_float(m, m_xor(m, m_bits(m, z), m_and(m, r.sign, m_sign_bit(m))));
}

/* z m_stirling(z) as a rational function of 1/z^2: error 1e-10 at the whole numbers, for which it is fitted. */
egi_id m_stirling(const egi_maths *m, egi_id z)
{
    static const double num[] = {1.0 / 12, 0.0942453560684318613, 0.00872989333749562008};
    static const double den[] = {1, 1.16427655984520131, 0.134085286879923335};
    egi_id r = m_div(m, m_c(m, 1), z), t = m_mul(m, r, r);
    return m_mul(m, r, m_div(m, m_horner(m, t, EGI_LEN(num), num), m_horner(m, t, EGI_LEN(den), den)));
}

/* -- loops --------------------------------------------------------------------------------------------------------- */

/* (value, pending, rounds) or (k, term, sum, rounds) */
enum { MOST_PARTS = 4 };
typedef struct rounds {
    egi_draw *d;
    const void *user;
    egi_propose propose;
    egi_ratio ratio;
    egi_id u;
} rounds;

static void unpack(const egi_draw *d, eg_val x, int n, egi_id *part)
{
    for (int k = 0; k < n; k++) part[k] = (eg_item)(x, k, d->c.file, d->c.line).id;
}

static eg_val pack(const egi_draw *d, int n, const egi_id *part)
{
    eg_val v[MOST_PARTS];
    for (int k = 0; k < n; k++) v[k] = egi_wrap(d->c.eg, part[k]);
    return (eg_tuple)(d->c.eg, n, v, d->c.file, d->c.line);
}

/* Is there an element to do, and a round left? */
static egi_id go_on(egi_draw *d, egi_id pending, egi_id round, int64_t most)
{
    static const int64_t axes[EG_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    egi_graph *g = d->c.g;
    if (!pending || !round) return 0;
    egi_id any = egi_reduce(g, EGI_ANY, pending, egi_shape_of(g, pending)->rank, axes);
    return egi_op2(g, EGI_AND, any, egi_op2(g, EGI_LT, round, egi_const_i(g, EG_I32, most)));
}

static eg_val until_done(void *user, eg_val x)
{
    rounds *r = user;
    egi_id part[3];
    unpack(r->d, x, 3, part);
    return egi_wrap(r->d->c.eg, go_on(r->d, part[1], part[2], MOST_ROUNDS));
}

static eg_val propose(void *user, eg_val x)
{
    rounds *r = user;
    const egi_maths *m = &r->d->m;
    egi_id part[3], accepted = 0;
    unpack(r->d, x, 3, part);
    egi_id value = r->propose(r->d, r->user, &accepted);
    part[0] = m_select(m, m_and(m, part[1], accepted), value, part[0]);
    part[1] = m_and(m, part[1], m_not(m, accepted));
    part[2] = m_add(m, part[2], egi_const_i(m->g, EG_I32, 1));
    return pack(r->d, 3, part);
}

egi_id egi_draw_until(egi_draw *d, egi_id start, egi_id pending, egi_propose fn, const void *user)
{
    egi_graph *g = d->c.g;
    if (!start || !pending) return 0;
    rounds r = {.d = d, .user = user, .propose = fn};
    egi_id part[] = {egi_broadcast(g, start, &d->shape), egi_broadcast(g, pending, &d->shape),
                     egi_const_i(g, EG_I32, 0)};
    eg_val out = (eg_while)(d->c.eg, until_done, propose, &r, pack(d, 3, part), d->c.file, d->c.line);
    unpack(d, out, 1, part);
    return part[0];
}

static eg_val until_found(void *user, eg_val x)
{
    rounds *r = user;
    egi_id part[4];
    unpack(r->d, x, 4, part);
    return egi_wrap(r->d->c.eg, go_on(r->d, m_gt(&r->d->m, r->u, part[2]), part[3], MOST_STEPS));
}

/* All elements take the same steps; those that have arrived no longer count them. */
static eg_val search(void *user, eg_val x)
{
    rounds *r = user;
    const egi_maths *m = &r->d->m;
    egi_id part[4], one = egi_const_i(m->g, EG_I32, 1);
    unpack(r->d, x, 4, part);
    for (int k = 0; k < STEPS_A_ROUND; k++) {
        part[0] = m_add(m, part[0], egi_convert(m->g, EG_I32, m_gt(m, r->u, part[2])));
        part[3] = m_add(m, part[3], one);
        part[1] = m_mul(m, part[1], r->ratio(r->d, r->user, m_convert(m, part[3])));
        part[2] = m_add(m, part[2], part[1]);
    }
    return pack(r->d, 4, part);
}

egi_id egi_draw_search(egi_draw *d, egi_id u, egi_id first, egi_ratio ratio, const void *user)
{
    if (!u || !first) return 0;
    rounds r = {.d = d, .user = user, .ratio = ratio, .u = u};
    egi_id zero = egi_const_i(d->c.g, EG_I32, 0);
    egi_id part[] = {egi_broadcast(d->c.g, zero, &d->shape), first, first, zero};
    eg_val out = (eg_while)(d->c.eg, until_found, search, &r, pack(d, 4, part), d->c.file, d->c.line);
    unpack(d, out, 1, part);
    return egi_convert(d->c.g, d->m.f, part[0]);
}
