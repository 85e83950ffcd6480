/* Optimisers: making them, their names, their variables. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "optimizer.h"

/* Long enough for what eg_variable() takes and for the names in its way. */
enum { MAX_NAME = 480 };

typedef struct maker {
    eg_optimizer *o;
    const char *kind, *file;
    int line;
} maker;

/* -- what is wrong ------------------------------------------------------------------------------------------------- */

static bool fail(const maker *m, eg_status status, int k, const char *what)
{
    eg_fail(m->o->eg, status, m->file, m->line, "%s '%s': variable %d, '%s', %s", m->kind, m->o->name, k,
            m->o->var[k] ? eg_variable_name(m->o->var[k]) : "NULL", what);
    return false;
}

static bool check_variable(const maker *m, int k)
{
    eg_var *v = m->o->var[k];
    if (!v) return fail(m, EG_ERR_ARGUMENT, k, "is missing; functions that find or make one give NULL after an error");
    eg_dtype type = eg_variable_spec(v).dtype;
    if (eg_find_variable(m->o->eg, eg_variable_name(v)) != v)
        return fail(m, EG_ERR_ARGUMENT, k, "is of another context, or taken back; give those of this one");
    if (type != EG_F32 && type != EG_F64) return fail(m, EG_ERR_TYPE, k, "is no float; gradients are for f32 and f64");
    for (int j = 0; j < k; j++) {
        if (m->o->var[j] == v) return fail(m, EG_ERR_ARGUMENT, k, "is twice in the list; give it once");
    }
    return true;
}

/* -- making -------------------------------------------------------------------------------------------------------- */

static void *copy(eg_context *eg, const void *from, size_t size)
{
    void *to = eg_keep(eg, size + 1);
    if (to && size) memcpy(to, from, size);
    return to;
}

/* The name given, or the first <Kind><k> that is free; that of the counter goes into `step`. */
static const char *choose_name(const maker *m, const char *name, char *step)
{
    eg_context *eg = m->o->eg;
    char unnamed[40];
    for (int k = 0; !name; k++) {
        snprintf(unnamed, sizeof unnamed, "%s%d", m->kind, k);
        snprintf(step, MAX_NAME, "%s.step", unnamed);
        if (!eg_find_variable(eg, step)) name = unnamed;
    }
    snprintf(step, MAX_NAME, "%.240s.step", name);
    if (*name && !eg_find_variable(eg, step)) return copy(eg, name, strlen(name) + 1);
    eg_fail(eg, EG_ERR_ARGUMENT, m->file, m->line, "%s '%s': %s", m->kind, name,
            *name ? "there is a variable step of that name; give it another name"
                  : "this is no name; use letters, digits, '_' and '.', NULL for one by itself");
    return NULL;
}

/* The schedule's arrays are the user's. */
static bool keep_schedule(eg_context *eg, eg_schedule *s)
{
    if (s->kind != EG_SCHEDULE_PIECEWISE_CONSTANT) return true;
    size_t n = (size_t)s->num_boundaries;
    s->boundaries = copy(eg, s->boundaries, n * sizeof *s->boundaries);
    s->values = copy(eg, s->values, (n + 1) * sizeof *s->values);
    return s->boundaries && s->values;
}

static bool make_slots(const maker *m, int k)
{
    eg_optimizer *o = m->o;
    ego_slot slots[EGO_MAX_SLOTS];
    int n = ego_slots_of(&o->p, eg_variable_spec(o->var[k]), slots);
    for (int j = 0; j < n; j++) {
        char name[MAX_NAME];
        snprintf(name, sizeof name, "%s.%s.%s", o->name, slots[j].name, eg_variable_name(o->var[k]));
        eg_var *v = (eg_variable)(o->eg, name, slots[j].spec, m->file, m->line);
        if (!v) return false;
        o->own[o->num_own++] = v;
    }
    o->first[k + 1] = o->num_own;
    return true;
}

static bool make(const maker *m, const char *name, eg_var *const *vars)
{
    eg_optimizer *o = m->o;
    char step[MAX_NAME];
    size_t n = (size_t)o->num;
    o->name = choose_name(m, name, step);
    if (!o->name || !ego_check_params(o->eg, o->name, &o->p, m->file, m->line)) return false;
    if (o->num < 1 || !vars) {
        eg_fail(o->eg, EG_ERR_ARGUMENT, m->file, m->line,
                "%s '%s': %d variables%s; give a list of at least one to train", m->kind, o->name, o->num,
                vars ? "" : ", and the list is NULL");
        return false;
    }
    o->var = copy(o->eg, vars, n * sizeof *vars);
    o->own = eg_keep(o->eg, (1 + n * EGO_MAX_SLOTS) * sizeof *o->own);
    o->first = eg_keep(o->eg, (n + 1) * sizeof *o->first);
    if (!o->var || !o->own || !o->first || !keep_schedule(o->eg, &o->p.lr)) return false;
    for (int k = 0; k < o->num; k++) {
        if (!check_variable(m, k)) return false;
    }
    o->own[0] = (eg_variable)(o->eg, step, eg_scalar(EG_I64), m->file, m->line);
    if (!o->own[0]) return false;
    o->first[0] = o->num_own = 1;
    for (int k = 0; k < o->num; k++) {
        if (!make_slots(m, k)) return false;
    }
    return true;
}

eg_optimizer *(eg_optimizer_new)(eg_context *eg, const char *name, const eg_optimizer_params *params, int num_vars,
                                 eg_var *const *vars, const char *file, int line)
{
    if (!eg || eg_error(eg)) return NULL;
    if (!params || (unsigned)params->kind >= EG_OPTIMIZER_COUNT) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line,
                "eg_optimizer_new: the parameters are %s; begin with those of eg_optimizer_defaults(EG_ADAM)",
                params ? "of no kind" : "NULL");
        return NULL;
    }
    eg_optimizer *o = eg_keep(eg, sizeof *o);
    if (!o) return NULL;
    *o = (eg_optimizer){.eg = eg, .p = *params, .num = num_vars};
    maker m = {o, eg_optimizer_kind_name(params->kind), file, line};
    int64_t before = eg_num_variables(eg);
    if (make(&m, name, vars)) return o;
    eg_drop_variables(eg, before); /* the names are free for another try */
    return NULL;
}

/* -- asking -------------------------------------------------------------------------------------------------------- */

const char *eg_optimizer_name(const eg_optimizer *opt) { return opt ? opt->name : ""; }

eg_optimizer_params eg_optimizer_params_of(const eg_optimizer *opt)
{
    return opt ? opt->p : eg_optimizer_defaults(EG_SGD);
}

int eg_optimizer_num_variables(const eg_optimizer *opt) { return opt ? opt->num_own : 0; }

eg_var *eg_optimizer_variable(const eg_optimizer *opt, int k)
{
    return opt && k >= 0 && k < opt->num_own ? opt->own[k] : NULL;
}

int64_t eg_optimizer_steps(const eg_optimizer *opt, eg_state *state)
{
    if (!opt) return -1;
    const int64_t *step = eg_data(state, opt->own[0]);
    return step ? *step : -1;
}

double eg_optimizer_lr(const eg_optimizer *opt, eg_state *state)
{
    int64_t steps = eg_optimizer_steps(opt, state);
    return steps < 0 ? NAN : eg_schedule_value(&opt->p.lr, steps);
}

eg_status eg_optimizer_reset(eg_optimizer *opt, eg_state *state)
{
    if (!opt) return EG_ERR_ARGUMENT;
    if (eg_error(opt->eg)) return eg_error(opt->eg);
    for (int k = 0; k < opt->num_own; k++) {
        eg_spec spec = eg_variable_spec(opt->own[k]);
        size_t bytes = eg_dtype_size(spec.dtype);
        for (int j = 0; j < spec.rank; j++) bytes *= (size_t)spec.dim[j];
        void *data = eg_data(state, opt->own[k]);
        if (!data) return eg_error(opt->eg) ? eg_error(opt->eg) : EG_ERR_STATE;
        memset(data, 0, bytes);
    }
    return EG_OK;
}
