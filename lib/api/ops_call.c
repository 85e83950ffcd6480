/* What every operation does first: context, checks, messages; types and shapes in which operands meet. */
#include <math.h>
#include <stdio.h>

#include "api/ops.h"
#include "ir/complex.h"

egi_call egi_begin_in(eg_context *eg, const char *op, const char *file, int line, int n, const eg_val *v)
{
    egi_call c = {.eg = eg, .op = op, .file = file, .line = line};
    egi_graph *g = egi_tracing(eg, op, file, line);
    if (!g) return c;
    egi_here(g, file, line);
    for (int k = 0; k < n; k++) {
        if (!egi_is_plain(v[k]) && !egi_use(eg, v[k], op, false, file, line)) return c;
    }
    c.g = g;
    return c;
}

egi_call egi_begin_plain(const char *op, const char *file, int line, int n, const eg_val *v)
{
    egi_call c = {.op = op, .file = file, .line = line, .plain = n > 0};
    for (int k = 0; k < n; k++) {
        c.plain = c.plain && egi_is_plain(v[k]);
        if (!c.eg) c.eg = egi_context_of(v[k]);
    }
    if (c.eg) return egi_begin_in(c.eg, op, file, line, n, v);
    if (n && !c.plain) egi_lost(op, "an operand is nothing (eg_nothing, or the result of a failed call)", file, line);
    return c;
}

egi_call egi_begin(const char *op, const char *file, int line, int n, const eg_val *v)
{
    egi_call c = egi_begin_plain(op, file, line, n, v);
    if (n > 0 && egi_are_numbers(&c, n, v))
        egi_wrong(&c, EG_ERR_ARGUMENT, "takes a traced value, not the plain number %s; make one of it with eg_full",
                  egi_show(&c, v[0]).s);
    if (c.plain)
        egi_lost(op, "takes a traced value, not plain numbers alone; make one of a number with eg_full", file, line);
    if (!c.eg) c.eg = egi_traced_here();
    return c;
}

eg_val egi_end(egi_call *c, egi_id id) { return c->g && id ? egi_wrap(c->eg, id) : eg_nothing(); }

egi_id egi_wrong(egi_call *c, eg_status status, const char *format, ...)
{
    char text[900];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    egi_fail(c->eg, status, c->file, c->line, "%s: %s", c->op, text);
    c->g = NULL;
    return 0;
}

bool egi_traced(egi_call *c, eg_val v, const char *what)
{
    if (c->g && egi_is_number(c, v))
        egi_wrong(c, EG_ERR_TYPE, "%s is the plain number %s; make a value of it with eg_full", what, egi_show(c, v).s);
    return c->g;
}

/* -- messages ----------------------------------------------------------------------------------------------------- */

egi_shown egi_show_shape(const egi_shape *s)
{
    egi_shown out = {"[]"};
    size_t n = 0;
    for (int k = 0; k < s->rank; k++)
        n += (size_t)snprintf(out.s + n, sizeof out.s - n, "%s%lld", k ? "," : "[", (long long)s->dim[k]);
    if (s->rank) snprintf(out.s + n, sizeof out.s - n, "]");
    return out;
}

static const char *name_of(const egi_graph *g, egi_id id)
{
    const char *name = g->locs.at[egi_at(g, id)->loc].name;
    return name ? name : "";
}

egi_shown egi_show(const egi_call *c, eg_val v)
{
    egi_shown out = {"nothing"};
    if (egi_is_plain(v)) {
        if (egi_plain_is_int(v))
            snprintf(out.s, sizeof out.s, "%lld", (long long)egi_plain_int(v));
        else
            snprintf(out.s, sizeof out.s, "%g", egi_plain_real(v));
    } else if (c->g && egi_is_number(c, v)) {
        const uint64_t re = egi_at(c->g, egi_re(c->g, v.id))->imm, im = egi_at(c->g, egi_im(c->g, v.id))->imm;
        snprintf(out.s, sizeof out.s, "%g%+gi", egi_real_of_bits(EG_F64, re), egi_real_of_bits(EG_F64, im));
    } else if (c->g && v.of) {
        const char *name = name_of(c->g, v.id);
        const egi_shape *s = egi_shape_of(c->g, v.id);
        snprintf(out.s, sizeof out.s, "%.60s%s%s%.120s", name, *name ? " " : "",
                 eg_dtype_name(egi_dtype_of(c->g, v.id)), s->rank ? egi_show_shape(s).s : "");
    }
    return out;
}

/* -- types -------------------------------------------------------------------------------------------------------- */

bool egi_is_number(const egi_call *c, eg_val v)
{
    return egi_is_plain(v) || (c->g && v.of && egi_is_literal_pair(c->g, v.id));
}

bool egi_are_numbers(const egi_call *c, int n, const eg_val *v)
{
    bool all = c->g;
    for (int k = 0; k < n; k++) all = all && egi_is_number(c, v[k]);
    return all;
}

eg_dtype egi_promote(eg_dtype a, eg_dtype b)
{
    if ((a == EG_I32 && b == EG_U32) || (a == EG_U32 && b == EG_I32)) return EG_I64;
    if ((a == EG_F64 && b == EG_C64) || (a == EG_C64 && b == EG_F64)) return EG_C128;
    return a > b ? a : b;
}

static bool holds(unsigned allowed, eg_dtype t)
{
    return allowed & (t == EG_BOOL        ? EGI_ALLOW_B
                      : egi_is_complex(t) ? EGI_ALLOW_C
                      : egi_is_float(t)   ? EGI_ALLOW_F
                                          : EGI_ALLOW_I);
}

/* Type of plain numbers among themselves. */
static eg_dtype type_of_plain(const egi_call *c, eg_val v)
{
    if (!egi_is_plain(v)) return c->eg->default_complex;
    if (!egi_plain_is_int(v)) return egi_default_float(c->eg);
    return egi_plain_int(v) == (int32_t)egi_plain_int(v) ? EG_I32 : EG_I64;
}

static egi_id float_operand(egi_call *c, int n, const eg_val *v)
{
    for (int k = 0; k < n; k++) {
        bool plain = egi_is_plain(v[k]);
        if (plain ? egi_plain_is_int(v[k]) : !egi_is_float(egi_dtype_of(c->g, v[k].id))) continue;
        return egi_wrong(c, EG_ERR_TYPE,
                         "takes booleans or integers, not %s; compare first (eg_ne(x, 0)) or use eg_convert",
                         egi_show(c, v[k]).s);
    }
    return egi_wrong(c, EG_ERR_TYPE, "takes other types");
}

bool egi_no_complex(egi_call *c, int n, const eg_val *v)
{
    for (int k = 0; c->g && k < n; k++) {
        if (egi_is_plain(v[k]) || egi_is_nothing(v[k]) || !egi_is_complex(egi_dtype_of(c->g, v[k].id))) continue;
        egi_wrong(c, EG_ERR_TYPE,
                  "is not defined for complex values such as %s; use its parts or its size: eg_re, eg_im, "
                  "eg_abs",
                  egi_show(c, v[k]).s);
    }
    return c->g;
}

/* The type t of traced operands and that of a plain number beside them. */
static eg_dtype beside(const egi_call *c, eg_dtype t, eg_val number)
{
    const eg_dtype own = type_of_plain(c, number);
    if (egi_is_complex(t)) return t;
    if (egi_is_complex(own)) return egi_is_float(t) ? egi_complex_type(t) : own;
    if (egi_is_float(own)) return egi_is_float(t) ? t : own;
    const int64_t i = egi_plain_int(number);
    return t == EG_BOOL && i != 0 && i != 1 ? EG_I32 : t; /* 0 and 1 beside booleans are booleans */
}

eg_dtype egi_meet(egi_call *c, unsigned allowed, int n, const eg_val *v)
{
    if (!c->g) return EG_DTYPE_COUNT;
    eg_dtype t = EG_BOOL;
    bool traced = false;
    for (int k = 0; k < n; k++) {
        if (egi_is_number(c, v[k])) continue;
        t = egi_promote(t, egi_dtype_of(c->g, v[k].id));
        traced = true;
    }
    for (int k = 0; k < n; k++) {
        if (!egi_is_number(c, v[k])) continue;
        t = traced ? beside(c, t, v[k]) : egi_promote(t, type_of_plain(c, v[k]));
    }
    if (t == EG_BOOL && !holds(allowed, t)) t = EG_I32;
    if (egi_is_int(t) && !holds(allowed, t)) t = egi_default_float(c->eg);
    if (holds(allowed, t)) return t;
    if (!egi_is_complex(t) || egi_no_complex(c, n, v)) float_operand(c, n, v);
    return EG_DTYPE_COUNT;
}

static bool fits_type(eg_dtype t, int64_t x)
{
    switch (t) {
    case EG_BOOL: return x == 0 || x == 1;
    case EG_I32: return x >= INT32_MIN && x <= INT32_MAX;
    case EG_U32: return x >= 0 && x <= UINT32_MAX;
    case EG_I64:
    case EG_F32:
    case EG_F64:
    case EG_C64:
    case EG_C128:
    case EG_DTYPE_COUNT: break;
    }
    return true;
}

egi_id egi_operand(egi_call *c, eg_val v, eg_dtype t)
{
    if (!c->g || t == EG_DTYPE_COUNT) return 0;
    if (!egi_is_plain(v)) {
        if (!egi_is_pair(c->g, v.id) || egi_is_complex(t) || t == EG_BOOL) return egi_convert(c->g, t, v.id);
        return egi_wrong(c, EG_ERR_TYPE, "%s would lose its imaginary part in %s; say which part: eg_re, eg_im, eg_abs",
                         egi_show(c, v).s, eg_dtype_name(t));
    }
    if (!egi_plain_is_int(v)) {
        const double real = egi_plain_real(v);
        if (!egi_is_float(t) && !egi_is_complex(t) &&
            !(real == trunc(real) && fabs(real) < 0x1p53 && fits_type(t, (int64_t)real)))
            return egi_wrong(c, EG_ERR_TYPE, "%g does not fit into %s; use a type that holds it", real,
                             eg_dtype_name(t));
        return egi_const_f(c->g, t, real);
    }
    int64_t x = egi_plain_int(v);
    if (egi_is_float(t) || egi_is_complex(t)) return egi_const_f(c->g, t, egi_plain_real(v));
    if (!fits_type(t, x))
        return egi_wrong(c, EG_ERR_TYPE, "%lld does not fit into %s; use a type that holds it (eg_convert)",
                         (long long)x, eg_dtype_name(t));
    return egi_const_i(c->g, t, x);
}

egi_id egi_part_operand(egi_call *c, eg_val v, eg_dtype t)
{
    bool real = c->g && (egi_is_plain(v) || !egi_is_pair(c->g, v.id));
    return egi_operand(c, v, real ? egi_part_type(t) : t);
}

egi_id egi_operand_like(egi_call *c, eg_val v, const char *what, eg_val whole)
{
    eg_val both[] = {whole, v};
    eg_dtype t = egi_meet(c, EGI_ALLOW_ALL, 2, both);
    if (c->g && t != egi_dtype_of(c->g, whole.id))
        return egi_wrong(c, EG_ERR_TYPE, "%s %s does not go into %s without loss; use eg_convert", what,
                         egi_show(c, v).s, egi_show(c, whole).s);
    return egi_operand(c, v, t);
}

egi_id egi_scalar_index(egi_call *c, eg_val v, eg_dtype t, const char *what)
{
    if (!c->g) return 0;
    bool good = egi_is_plain(v) ? egi_plain_is_int(v)
                                : egi_is_int(egi_dtype_of(c->g, v.id)) && egi_shape_of(c->g, v.id)->rank == 0;
    if (!good) return egi_wrong(c, EG_ERR_TYPE, "%s is %s; give an integer scalar", what, egi_show(c, v).s);
    return egi_operand(c, v, t);
}

/* -- shapes ------------------------------------------------------------------------------------------------------- */

egi_shape egi_shape_at(const egi_call *c, egi_id id) { return c->g && id ? *egi_shape_of(c->g, id) : (egi_shape){0}; }

bool egi_fits(const egi_shape *a, const egi_shape *b)
{
    if (a->rank > b->rank) return false;
    for (int k = 1; k <= a->rank; k++) {
        int64_t x = a->dim[a->rank - k];
        if (x != 1 && x != b->dim[b->rank - k]) return false;
    }
    return true;
}

/* Widens s to what s and t broadcast to; the distance from the last axis of two extents that do not fit, or 0. */
static int widen(egi_shape *s, const egi_shape *t)
{
    egi_shape out = s->rank >= t->rank ? *s : *t;
    for (int k = 1; k <= s->rank && k <= t->rank; k++) {
        int64_t a = s->dim[s->rank - k], b = t->dim[t->rank - k];
        if (a != b && a != 1 && b != 1) return k;
        out.dim[out.rank - k] = a == 1 ? b : a;
    }
    *s = out;
    return 0;
}

bool egi_common_shape(egi_call *c, int n, const eg_val *v, egi_shape *out)
{
    *out = (egi_shape){0};
    for (int k = 0; c->g && k < n; k++) {
        if (egi_is_plain(v[k])) continue;
        egi_shape s = egi_shape_at(c, v[k].id);
        int axis = widen(out, &s);
        if (!axis) continue;
        int first = 0; /* the operand that disagrees */
        for (int64_t e = s.dim[s.rank - axis]; first < k; first++) {
            egi_shape o = egi_is_plain(v[first]) ? (egi_shape){0} : egi_shape_at(c, v[first].id);
            if (o.rank >= axis && o.dim[o.rank - axis] != 1 && o.dim[o.rank - axis] != e) break;
        }
        egi_wrong(c, EG_ERR_SHAPE,
                  "%s and %s do not broadcast (axis %d from the end: %lld and %lld); make the extents equal or one of "
                  "them 1, with eg_reshape, eg_new_axis or eg_broadcast",
                  egi_show(c, v[first]).s, egi_show(c, v[k]).s, axis, (long long)out->dim[out->rank - axis],
                  (long long)s.dim[s.rank - axis]);
    }
    return c->g;
}

egi_id egi_broadcast_to(egi_graph *g, egi_id id, eg_spec spec)
{
    egi_shape s = {.rank = spec.rank};
    memcpy(s.dim, spec.dim, sizeof s.dim);
    return egi_broadcast(g, id, &s);
}

int egi_axis(egi_call *c, int axis, int rank)
{
    if (!c->g) return -1;
    if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
    egi_wrong(c, EG_ERR_SHAPE, "axis %d of %d; axes are %d to %d, or -%d to -1 from the end", axis, rank, 0, rank - 1,
              rank);
    return -1;
}

egi_id egi_fill(egi_call *c, egi_id scalar, const egi_shape *s) { return c->g ? egi_broadcast(c->g, scalar, s) : 0; }
