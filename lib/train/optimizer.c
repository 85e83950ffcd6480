/* Optimisers: making them, their names, their variables. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "optimizer.h"

enum {
    MOST_NAME = 200, /* what eg_variable() takes */
    NAME_SIZE = 512
};

typedef struct maker {
    eg_optimizer *o;
    ego_place at;
    const char *kind;
    char who[EGO_WHO];
} maker;

/* -- what is wrong ------------------------------------------------------------------------------------------------- */

static bool fail(const maker *m, eg_status status, int k, const char *what)
{
    eg_fail(m->o->eg, status, m->at.file, m->at.line, "%s: variable %d, '%s', %s", m->who, k,
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

static bool is_name(const char *name)
{
    static const char may[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
    return *name && !name[strspn(name, may)];
}

static void *copy(eg_context *eg, const void *from, size_t size)
{
    void *to = eg_keep(eg, size + 1);
    if (to && size) memcpy(to, from, size);
    return to;
}

/* -- names --------------------------------------------------------------------------------------------------------- */

/* Name of the counter, for k < 0, or of a slot of variable k. */
static void name_variable(const maker *m, const char *name, int k, const ego_slot *slot, char *to)
{
    if (k < 0)
        snprintf(to, NAME_SIZE, "%.240s.step", name);
    else
        snprintf(to, NAME_SIZE, "%.240s.%s.%s", name, slot->name, eg_variable_name(m->o->var[k]));
}

typedef enum fit { FREE, TAKEN, TOO_LONG } fit;

/* Can all variables have their names below that one?  If not, `full` is one that cannot be had. */
static fit fit_of(const maker *m, const char *name, char *full)
{
    ego_slot slots[EGO_MAX_SLOTS];
    for (int k = -1; k < m->o->num; k++) {
        int n = k < 0 ? 1 : ego_slots_of(&m->o->p, eg_variable_spec(m->o->var[k]), slots);
        for (int j = 0; j < n; j++) {
            name_variable(m, name, k, &slots[j], full);
            if (strlen(full) > MOST_NAME) return TOO_LONG;
            if (eg_find_variable(m->o->eg, full)) return TAKEN;
        }
    }
    return FREE;
}

/* The name given, or the first <Kind><k> that is free. */
static const char *choose_name(const maker *m, const char *name)
{
    char unnamed[40], full[NAME_SIZE];
    const char *between = m->o->p.kind == EG_SM3 ? "_" : ""; /* a digit before the number */
    bool given = name != NULL;
    fit is = given ? fit_of(m, name, full) : TAKEN;
    for (int k = 0; !given && is == TAKEN; k++) {
        snprintf(unnamed, sizeof unnamed, "%s%s%d", m->kind, between, k);
        name = unnamed;
        is = fit_of(m, name, full);
    }
    if (is == FREE) return copy(m->o->eg, name, strlen(name) + 1);
    if (is == TAKEN)
        eg_fail(m->o->eg, EG_ERR_ARGUMENT, m->at.file, m->at.line,
                "%s: the variable '%s' exists already; give it another name", m->who, full);
    else
        eg_fail(m->o->eg, EG_ERR_ARGUMENT, m->at.file, m->at.line,
                "%s: the name of its variable '%.40s...' is longer than %d; give shorter names", m->who, full,
                MOST_NAME);
    return NULL;
}

/* -- making -------------------------------------------------------------------------------------------------------- */

/* The schedule's arrays are the user's. */
static bool keep_schedule(eg_context *eg, eg_schedule *s)
{
    if (s->kind != EG_SCHEDULE_PIECEWISE_CONSTANT) return true;
    size_t n = (size_t)s->num_boundaries;
    s->boundaries = copy(eg, s->boundaries, n * sizeof *s->boundaries);
    s->values = copy(eg, s->values, (n + 1) * sizeof *s->values);
    return s->boundaries && s->values;
}

static bool make_variable(const maker *m, int k, const ego_slot *slot)
{
    eg_optimizer *o = m->o;
    char name[NAME_SIZE];
    name_variable(m, o->name, k, slot, name);
    eg_var *v = (eg_variable)(o->eg, name, slot->spec, m->at.file, m->at.line);
    if (v) o->own[o->num_own++] = v;
    return v != NULL;
}

static bool make_slots(const maker *m, int k)
{
    eg_optimizer *o = m->o;
    ego_slot slots[EGO_MAX_SLOTS];
    int n = ego_slots_of(&o->p, eg_variable_spec(o->var[k]), slots);
    for (int j = 0; j < n; j++) {
        if (!make_variable(m, k, &slots[j])) return false;
    }
    o->first[k + 1] = o->num_own;
    return true;
}

static bool take_variables(const maker *m, eg_var *const *vars)
{
    eg_optimizer *o = m->o;
    if (o->num < 1 || !vars) {
        eg_fail(o->eg, EG_ERR_ARGUMENT, m->at.file, m->at.line,
                "%s: %d variables%s; give a list of at least one to train", m->who, o->num,
                vars ? "" : ", and the list is NULL");
        return false;
    }
    size_t n = (size_t)o->num;
    o->var = copy(o->eg, vars, n * sizeof *vars);
    o->own = eg_keep(o->eg, (1 + n * EGO_MAX_SLOTS) * sizeof *o->own);
    o->first = eg_keep(o->eg, (n + 1) * sizeof *o->first);
    if (!o->var || !o->own || !o->first) return false;
    for (int k = 0; k < o->num; k++) {
        if (!check_variable(m, k)) return false;
    }
    return true;
}

static bool make(const maker *m, const char *name, eg_var *const *vars)
{
    eg_optimizer *o = m->o;
    if (name && !is_name(name)) {
        eg_fail(o->eg, EG_ERR_ARGUMENT, m->at.file, m->at.line,
                "%s: this is no name; use letters, digits, '_' and '.', NULL for one by itself", m->who);
        return false;
    }
    if (!ego_check_params(&m->at, &o->p) || !take_variables(m, vars) || !keep_schedule(o->eg, &o->p.lr)) return false;
    o->name = choose_name(m, name);
    if (!o->name || !make_variable(m, -1, &(ego_slot){.spec = eg_scalar(EG_I64)})) return false;
    o->first[0] = o->num_own;
    for (int k = 0; k < o->num; k++) {
        if (!make_slots(m, k)) return false;
    }
    return true;
}

eg_optimizer *(eg_optimizer_new)(eg_context *eg, const char *name, const eg_optimizer_params *params, int num_vars,
                                 eg_var *const *vars, const char *file, int line)
{
    static const char what[] = "eg_optimizer_new";
    if (!eg || eg_error(eg)) return NULL;
    if (!params || (unsigned)params->kind >= EG_OPTIMIZER_COUNT) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line,
                "%s: the parameters are %s; begin with those of eg_optimizer_defaults(EG_ADAM)", what,
                params ? "of no kind" : "NULL");
        return NULL;
    }
    eg_optimizer *o = eg_keep(eg, sizeof *o);
    if (!o) return NULL;
    *o = (eg_optimizer){.eg = eg, .p = *params, .num = num_vars};
    maker m = {.o = o, .kind = eg_optimizer_kind_name(params->kind)};
    m.at = (ego_place){eg, m.who, file, line};
    if (name)
        snprintf(m.who, sizeof m.who, "%s: %s '%.80s'", what, m.kind, name);
    else
        snprintf(m.who, sizeof m.who, "%s: %s", what, m.kind);
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

int eg_optimizer_num_trained(const eg_optimizer *opt) { return opt ? opt->num : 0; }

eg_var *eg_optimizer_trained(const eg_optimizer *opt, int k)
{
    return opt && k >= 0 && k < opt->num ? opt->var[k] : NULL;
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
