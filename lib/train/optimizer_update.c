/* Optimisers in a trace: updates, and clipping of gradients before them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "optimizer.h"

static const char *kind_of(const eg_optimizer *o) { return eg_optimizer_kind_name(o->p.kind); }

/* "f32[4,3]" */
static void put_spec(char *to, size_t size, eg_spec s)
{
    snprintf(to, size, "%s", eg_dtype_name(s.dtype));
    for (int k = 0; k < s.rank; k++) {
        size_t used = strlen(to);
        snprintf(to + used, size - used, "%s%lld%s", k ? "," : "[", (long long)s.dim[k], k + 1 < s.rank ? "" : "]");
    }
}

static bool same_spec(eg_spec a, eg_spec b)
{
    bool same = a.dtype == b.dtype && a.rank == b.rank;
    for (int k = 0; same && k < a.rank; k++) same = a.dim[k] == b.dim[k];
    return same;
}

/* -- updates ------------------------------------------------------------------------------------------------------- */

/* The gradient as a value of the variable's type and shape. */
static bool take(const eg_optimizer *o, int k, eg_val *g, const char *file, int line)
{
    eg_spec want = eg_variable_spec(o->var[k]), got = eg_spec_of(*g);
    if (eg_is_number(*g, NULL)) {
        *g = (eg_full)(o->eg, want, *g, file, line);
        return !eg_error(o->eg);
    }
    if (eg_tuple_size(*g) == 1 && same_spec(got, want)) return true;
    char a[120] = "no value", b[120];
    if (eg_tuple_size(*g) == 1 && got.rank >= 0) put_spec(a, sizeof a, got);
    put_spec(b, sizeof b, want);
    eg_fail(o->eg, got.rank >= 0 && got.dtype != want.dtype ? EG_ERR_TYPE : EG_ERR_SHAPE, file, line,
            "%s '%s': the gradient of '%s' is %s, the variable %s; give one of just its type and shape", kind_of(o),
            o->name, eg_variable_name(o->var[k]), a, b);
    return false;
}

static eg_val decayed(const ego_step *s, ego_decay how)
{
    double rate = s->p->weight_decay;
    if (rate == 0 || how == EGO_DECAY_IN_RULE) return s->x;
    if (how == EGO_DECAY_PLAIN) return eg_mul(s->x, 1 - rate);
    return eg_mul(s->x, eg_convert(eg_sub(1.0, eg_mul(rate, s->lr)), s->type));
}

void(eg_optimizer_update)(eg_optimizer *opt, int num_grads, const eg_val *grads, const char *file, int line)
{
    if (!opt || eg_error(opt->eg)) return;
    if (num_grads != opt->num || !grads) {
        bool fewer = num_grads >= 0 && num_grads < opt->num;
        eg_fail(opt->eg, EG_ERR_ARGUMENT, file, line,
                "%s '%s': %d gradients%s for %d variables, the %s is '%s'; give one for each, in their order",
                kind_of(opt), opt->name, num_grads, grads ? "" : " (NULL)", opt->num,
                fewer ? "first without one" : "last", eg_variable_name(opt->var[fewer ? num_grads : opt->num - 1]));
        return;
    }
    const ego_rule *rule = &ego_rules[opt->p.kind];
    eg_val done = (eg_get)(opt->own[0], file, line);
    if (eg_error(opt->eg)) return;
    eg_val after = (eg_add)(done, eg_int(1), file, line);
    ego_step s = {.p = &opt->p, .k = eg_convert(after, EG_F64)};
    s.lr = (eg_schedule_at)(opt->eg, &opt->p.lr, done, file, line);
    for (int k = 0; k < opt->num && !eg_error(opt->eg); k++) {
        eg_spec spec = eg_variable_spec(opt->var[k]);
        s.g = grads[k];
        if (!take(opt, k, &s.g, file, line)) return;
        s.type = spec.dtype;
        s.rank = spec.rank;
        s.x = (eg_get)(opt->var[k], file, line);
        s.x = decayed(&s, rule->decay);
        s.slots = opt->own + opt->first[k];
        (eg_set)(opt->var[k], rule->next(&s), file, line);
    }
    (eg_set)(opt->own[0], after, file, line);
}

/* -- clipping ------------------------------------------------------------------------------------------------------ */

static bool can_clip(eg_context *eg, const char *who, int num, const eg_val *grads, double limit, const char *file,
                     int line)
{
    if (!eg || eg_error(eg)) return false;
    if (num < 0 || (num > 0 && !grads)) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: %d gradients%s; give an array of them", who, num,
                grads ? "" : " (NULL)");
        return false;
    }
    if (!(limit > 0)) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: the limit is %g; use a number above 0", who, limit);
        return false;
    }
    for (int k = 0; k < num; k++) {
        eg_spec s = eg_spec_of(grads[k]);
        if (eg_tuple_size(grads[k]) == 1 && s.rank >= 0 && (s.dtype == EG_F32 || s.dtype == EG_F64)) continue;
        eg_fail(eg, EG_ERR_TYPE, file, line, "%s: gradient %d is no float; give what eg_gradient() makes", who, k);
        return false;
    }
    return true;
}

/* eg_clip() would make a number of NaN, and hide what went wrong. */
void(eg_clip_by_value)(eg_context *eg, int num_grads, eg_val *grads, double limit, const char *file, int line)
{
    if (!can_clip(eg, "eg_clip_by_value", num_grads, grads, limit, file, line)) return;
    for (int k = 0; k < num_grads; k++) {
        eg_val g = grads[k];
        grads[k] = eg_where(eg_lt(g, -limit), -limit, eg_where(eg_gt(g, limit), limit, g));
    }
}

eg_val(eg_clip_by_global_norm)(eg_context *eg, int num_grads, eg_val *grads, double max_norm, const char *file,
                               int line)
{
    if (!can_clip(eg, "eg_clip_by_global_norm", num_grads, grads, max_norm, file, line)) return eg_nothing();
    eg_val sum = (eg_full)(eg, eg_scalar(EG_F64), eg_real(0), file, line);
    for (int k = 0; k < num_grads; k++) sum = eg_add(sum, ego_sum_of_squares(grads[k]));
    eg_val norm = eg_sqrt(sum);
    /* A norm below the limit gives 1 exactly, one of NaN too: max takes the number. */
    eg_val scale = eg_div(max_norm, eg_max(norm, max_norm));
    for (int k = 0; k < num_grads; k++) grads[k] = eg_mul(grads[k], eg_convert(scale, eg_spec_of(grads[k]).dtype));
    return norm;
}
