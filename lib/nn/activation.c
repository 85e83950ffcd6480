/* Activation functions: each in a line or two of operations, all of which stand at the user's line. */
#include "engram/activations.h"

#include <stdio.h>
#include <string.h>

#include "engram/parallel.h"
#include "engram/transform.h"

/* Operations at the user's line. */
#define ADD(a, b) (eg_add)(a, b, file, line)
#define SUB(a, b) (eg_sub)(a, b, file, line)
#define MUL(a, b) (eg_mul)(a, b, file, line)
#define DIV(a, b) (eg_div)(a, b, file, line)
#define NEG(a) (eg_neg)(a, file, line)
#define LE(a, b) (eg_le)(a, b, file, line)
#define WHERE(c, a, b) (eg_where)(c, a, b, file, line)
#define R(x) eg_real(x)
#define I(x) eg_int(x)
#define DEFINE(name) eg_val(eg_##name)(eg_val x, const char *file, int line)
#define CALL(name, x) (eg_##name)(x, file, line)

/* -- elementwise --------------------------------------------------------------------------------------------------- */

/* By a choice, not by max: the gradient at 0 is 0, and NaN stays. */
DEFINE(relu) { return WHERE(LE(x, I(0)), I(0), x); }
DEFINE(relu6) { return WHERE(LE(x, I(0)), I(0), WHERE((eg_ge)(x, I(6), file, line), I(6), x)); }
DEFINE(hard_tanh) { return WHERE(LE(x, I(-1)), I(-1), WHERE((eg_ge)(x, I(1), file, line), I(1), x)); }
DEFINE(hard_sigmoid) { return DIV(CALL(relu6, ADD(x, R(3))), R(6)); }
DEFINE(hard_silu) { return MUL(x, CALL(hard_sigmoid, x)); }
DEFINE(hard_swish) { return CALL(hard_silu, x); }
DEFINE(silu) { return MUL(x, (eg_sigmoid)(x, file, line)); }
DEFINE(swish) { return CALL(silu, x); }
DEFINE(soft_sign) { return DIV(x, ADD((eg_abs)(x, file, line), R(1))); }
DEFINE(log_sigmoid) { return NEG((eg_softplus)(NEG(x), file, line)); }
DEFINE(identity) { return (void)file, (void)line, x; }

/* exp only of what is not above 0: what is not chosen does not overflow. */
static eg_val below(eg_val x, double alpha, double scale, const char *file, int line)
{
    eg_val above = (eg_gt)(x, I(0), file, line), y = WHERE(above, R(0), DIV(x, R(scale)));
    return WHERE(above, x, MUL((eg_expm1)(y, file, line), R(alpha)));
}

eg_val(eg_celu)(eg_val x, double alpha, const char *file, int line) { return below(x, alpha, alpha, file, line); }
eg_val(eg_elu)(eg_val x, double alpha, const char *file, int line) { return below(x, alpha, 1, file, line); }

DEFINE(selu)
{
    const double alpha = 1.6732632423543772848170429916717, scale = 1.0507009873554804934193349852946;
    return MUL(below(x, alpha, 1, file, line), R(scale));
}

DEFINE(gelu)
{
    const double root = 0.79788456080286535587989211986876; /* sqrt(2 / pi) */
    eg_val inner = MUL(MUL(x, R(root)), ADD(MUL(MUL(x, x), R(0.044715)), R(1)));
    return MUL(MUL(x, R(0.5)), ADD((eg_tanh)(inner, file, line), R(1)));
}

eg_val(eg_leaky_relu)(eg_val x, double slope, const char *file, int line)
{
    return WHERE((eg_ge)(x, I(0), file, line), x, MUL(x, R(slope)));
}

/* -- along an axis ------------------------------------------------------------------------------------------------- */

/* x less its largest along the axis, through which no gradient goes: it changes nothing. */
static eg_val less_most(eg_val x, int axis, const char *file, int line)
{
    return SUB(x, (eg_stop_gradient)((eg_amax)(x, 1, &axis, true, file, line), file, line));
}

eg_val(eg_softmax)(eg_val x, int axis, const char *file, int line)
{
    eg_val e = (eg_exp)(less_most(x, axis, file, line), file, line);
    return DIV(e, (eg_sum)(e, 1, &axis, true, file, line));
}

eg_val(eg_log_softmax)(eg_val x, int axis, const char *file, int line)
{
    eg_val y = less_most(x, axis, file, line);
    return SUB(y, (eg_log)((eg_sum)((eg_exp)(y, file, line), 1, &axis, true, file, line), file, line));
}

eg_val(eg_normalize)(eg_val x, int axis, double epsilon, const char *file, int line)
{
    eg_val y = SUB(x, (eg_mean)(x, 1, &axis, true, file, line));
    eg_val variance = (eg_mean)(MUL(y, y), 1, &axis, true, file, line);
    return MUL(y, (eg_rsqrt)(ADD(variance, R(epsilon)), file, line));
}

eg_val(eg_glu)(eg_val x, int axis, const char *file, int line)
{
    eg_spec s = eg_spec_of(x);
    const int at = axis < 0 ? axis + s.rank : axis;
    if (at < 0 || at >= s.rank || s.dim[at] % 2) {
        eg_fail(eg_context_of(x), EG_ERR_SHAPE, file, line, "eg_glu: %s",
                at < 0 || at >= s.rank ? "x has no such axis" : "the extent of the axis is odd and has no halves");
        return eg_nothing();
    }
    eg_val a = (eg_slice)(x, at, 0, s.dim[at] / 2, 1, file, line);
    eg_val b = (eg_slice)(x, at, s.dim[at] / 2, s.dim[at], 1, file, line);
    return MUL(a, (eg_sigmoid)(b, file, line));
}

/* -- by name ------------------------------------------------------------------------------------------------------- */

static eg_val celu(eg_val x, const char *file, int line) { return (eg_celu)(x, 1, file, line); }
static eg_val elu(eg_val x, const char *file, int line) { return (eg_elu)(x, 1, file, line); }
static eg_val leaky_relu(eg_val x, const char *file, int line) { return (eg_leaky_relu)(x, 0.01, file, line); }
static eg_val softmax(eg_val x, const char *file, int line) { return (eg_softmax)(x, -1, file, line); }
static eg_val log_softmax(eg_val x, const char *file, int line) { return (eg_log_softmax)(x, -1, file, line); }
static eg_val normalize(eg_val x, const char *file, int line) { return (eg_normalize)(x, -1, 1e-5, file, line); }
static eg_val glu(eg_val x, const char *file, int line) { return (eg_glu)(x, -1, file, line); }

static const struct {
    const char *name;
    eg_activation_fn fn;
} table[] = {
#define X(name) {#name, (eg_##name)},
    EG_ACTIVATIONS(X)
#undef X
        {"tanh", (eg_tanh)},
    {"sigmoid", (eg_sigmoid)},
    {"softplus", (eg_softplus)},
    {"celu", celu},
    {"elu", elu},
    {"leaky_relu", leaky_relu},
    {"softmax", softmax},
    {"log_softmax", log_softmax},
    {"normalize", normalize},
    {"glu", glu},
};

eg_activation_fn(eg_activation_by_name)(eg_context *eg, const char *name, const char *file, int line)
{
    const size_t num = sizeof table / sizeof *table;
    char names[400] = "";
    if (!name || !*name) return (eg_identity);
    for (size_t k = 0; k < num; k++) {
        if (!strcmp(table[k].name, name)) return table[k].fn;
        size_t n = strlen(names);
        snprintf(names + n, sizeof names - n, "%s%s", k ? ", " : "", table[k].name);
    }
    eg_fail(eg, EG_ERR_ARGUMENT, file, line, "there is no activation '%.60s'; there are %s", name, names);
    return NULL;
}
