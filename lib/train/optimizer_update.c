/* Optimisers in a trace: updates, and clipping of gradients before them. */
#include <math.h>
#include <stdio.h>

#include "loss.h"
#include "optimizer.h"

/* -- updates ------------------------------------------------------------------------------------------------------- */

/* The gradient as a value of the variable's type and shape. */
static bool take(const ego_place *at, const eg_optimizer *o, int k, eg_val *g)
{
    eg_spec want = eg_variable_spec(o->var[k]), got = eg_spec_of(*g);
    if (eg_is_number(*g, NULL)) {
        *g = eg_full(at->eg, want, *g);
        return !eg_error(at->eg);
    }
    bool value = eg_tuple_size(*g) == 1 && got.rank >= 0;
    if (value && got.dtype == want.dtype && loss_equal(got, want)) return true;
    eg_fail(at->eg, value && got.dtype != want.dtype ? EG_ERR_TYPE : EG_ERR_SHAPE, at->file, at->line,
            "%s: the gradient of '%s' is %s, the variable %s; give one of just its type and shape", at->who,
            eg_variable_name(o->var[k]), value ? loss_spec(got).s : "no value", loss_spec(want).s);
    return false;
}

static bool enough(const ego_place *at, const eg_optimizer *o, int num, const eg_val *grads)
{
    if (num == o->num && grads) return true;
    bool fewer = num >= 0 && num < o->num;
    eg_fail(at->eg, EG_ERR_ARGUMENT, at->file, at->line,
            "%s: %d gradients%s for %d variables, the %s is '%s'; give one for each, in their order", at->who, num,
            grads ? "" : " (NULL)", o->num, fewer ? "first without one" : "last",
            eg_variable_name(o->var[fewer ? num : o->num - 1]));
    return false;
}

static eg_val decayed(const ego_step *at, ego_decay how)
{
    double rate = at->p->weight_decay;
    if (rate == 0 || how == EGO_DECAY_IN_RULE) return at->x;
    if (how == EGO_DECAY_PLAIN) return eg_mul(at->x, 1 - rate);
    return eg_mul(at->x, eg_convert(eg_sub(1.0, eg_mul(rate, at->lr)), at->type));
}

static void update(const ego_place *at, eg_optimizer *o, const eg_val *grads)
{
    const ego_rule *rule = &ego_rules[o->p.kind];
    eg_val done = eg_get(o->own[0]);
    if (eg_error(at->eg)) return;
    eg_val after = eg_add(done, eg_int(1));
    ego_step s = {.place = at, .file = at->file, .line = at->line, .p = &o->p, .k = eg_convert(after, EG_F64)};
    s.lr = eg_schedule_at(at->eg, done, &o->p.lr);
    for (int k = 0; k < o->num && !eg_error(at->eg); k++) {
        eg_spec spec = eg_variable_spec(o->var[k]);
        s.g = grads[k];
        if (!take(at, o, k, &s.g)) return;
        s.type = spec.dtype;
        s.rank = spec.rank;
        s.x = eg_get(o->var[k]);
        s.x = decayed(&s, rule->decay);
        s.slots = o->own + o->first[k];
        eg_set(o->var[k], rule->next(&s));
    }
    eg_set(o->own[0], after);
}

void(eg_optimizer_update)(eg_optimizer *opt, int num_grads, const eg_val *grads, const char *file, int line)
{
    if (!opt || eg_error(opt->eg)) return;
    char who[EGO_WHO];
    snprintf(who, sizeof who, "eg_optimizer_update: %s '%.80s'", eg_optimizer_kind_name(opt->p.kind), opt->name);
    const ego_place at = {opt->eg, who, file, line};
    if (enough(&at, opt, num_grads, grads)) update(&at, opt, grads);
}

/* -- clipping ------------------------------------------------------------------------------------------------------ */

static bool can_clip(const ego_place *at, int num, const eg_val *grads, const char *name, double limit)
{
    if (!at->eg || eg_error(at->eg)) return false;
    if (num < 0 || (num > 0 && !grads)) {
        eg_fail(at->eg, EG_ERR_ARGUMENT, at->file, at->line, "%s: %d gradients%s; give an array of them", at->who, num,
                grads ? "" : " (NULL)");
        return false;
    }
    if (!(limit > 0)) {
        eg_fail(at->eg, EG_ERR_ARGUMENT, at->file, at->line, "%s: %s is %g; use a number above 0", at->who, name,
                limit);
        return false;
    }
    for (int k = 0; k < num; k++) {
        eg_spec s = eg_spec_of(grads[k]);
        if (eg_tuple_size(grads[k]) == 1 && s.rank >= 0 && (s.dtype == EG_F32 || s.dtype == EG_F64)) continue;
        eg_fail(at->eg, EG_ERR_TYPE, at->file, at->line, "%s: gradient %d is no float; give what eg_gradient() makes",
                at->who, k);
        return false;
    }
    return true;
}

/* eg_clip() would make a number of NaN, and hide what went wrong. */
static eg_val clipped(const ego_place *at, eg_val g, double limit)
{
    return eg_where(eg_lt(g, -limit), -limit, eg_where(eg_gt(g, limit), limit, g));
}

void(eg_clip_by_value)(eg_context *eg, int num_grads, eg_val *grads, double limit, const char *file, int line)
{
    const ego_place at = {eg, "eg_clip_by_value", file, line};
    if (!can_clip(&at, num_grads, grads, "limit", limit)) return;
    for (int k = 0; k < num_grads; k++) grads[k] = clipped(&at, grads[k], limit);
}

/* All times max_norm / norm where the norm, not NaN, is above it.  The norm itself may be infinite where no element is,
 * and that quotient too small for a double: each is divided by the unit first. */
static eg_val clip_all(const ego_place *at, int num, eg_val *grads, double max_norm)
{
    ego_norm n = ego_norm_of(at, num, grads);
    eg_val norm = eg_mul(n.unit, n.root), one = eg_full(at->eg, eg_scalar(EG_F64), 1.0);
    if (isinf(max_norm)) return norm;
    eg_val above = eg_gt(norm, max_norm), unit = eg_where(above, n.unit, one);
    eg_val scale = eg_where(above, eg_div(max_norm, eg_where(above, n.root, one)), one);
    eg_val both = eg_convert(eg_div(scale, unit), EG_F32);
    for (int k = 0; k < num; k++) {
        bool wide = eg_spec_of(grads[k]).dtype == EG_F64;
        grads[k] = wide ? eg_mul(eg_div(grads[k], unit), scale) : eg_mul(grads[k], both);
    }
    return norm;
}

eg_val(eg_clip_by_global_norm)(eg_context *eg, int num_grads, eg_val *grads, double max_norm, const char *file,
                               int line)
{
    const ego_place at = {eg, "eg_clip_by_global_norm", file, line};
    if (!can_clip(&at, num_grads, grads, "max_norm", max_norm)) return eg_nothing();
    return clip_all(&at, num_grads, grads, max_norm);
}
