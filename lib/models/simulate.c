/* Running a network: its step inside a loop, traced once for each choice of what is recorded. */
#include <string.h>

#include "engram/parallel.h"
#include "system.h"

/* A traced run. */
typedef struct stepper {
    struct stepper *next;
    eg_system *net;
    eg_func *func;
    int64_t made;  /* root->made when traced */
    int64_t steps; /* -1: an argument of the function */
    int num_record;
    eg_var **record;
    eg_val *rows; /* what a step records, while tracing */
    eg_val dt;    /* f64 */
} stepper;

/* -- tracing ------------------------------------------------------------------------------------------------------- */

/* Inputs are cleared, added to, read and then put back to what they were before the step.  So they are values of the
 * step, and the loop neither carries nor stores them. */
static void hold_inputs(eg_system *s, bool restore)
{
    for (member *m = s->first_member; m; m = m->next) {
        if (m->kind == MEMBER_INPUT && restore)
            eg_set(m->var, m->held);
        else if (m->kind == MEMBER_INPUT)
            m->held = eg_get(m->var);
    }
    for (eg_system *c = s->first; c; c = c->next) hold_inputs(c, restore);
}

void eg_hold_inputs(eg_system *s)
{
    if (s && !eg_error(s->eg)) hold_inputs(s, false);
}

void eg_restore_inputs(eg_system *s)
{
    if (s && !eg_error(s->eg)) hold_inputs(s, true);
}

static eg_val one_step(void *user, eg_val x)
{
    stepper *r = user;
    eg_system *net = r->net;
    eg_val step = eg_get(net->root->step);
    eg_shared shared = eg_shared_at(net, step, r->dt);
    (void)x;
    hold_inputs(net, false);
    eg_clear_input(net);
    eg_update(net, shared, eg_no_input());
    for (int k = 0; k < r->num_record; k++) r->rows[k] = eg_get(r->record[k]);
    hold_inputs(net, true);
    eg_set(net->root->step, eg_add(step, 1));
    eg_val done[2] = {eg_nothing(), eg_nothing()};
    if (r->num_record) done[1] = eg_tuple(net->eg, r->num_record, r->rows);
    return eg_tuple(net->eg, 2, done);
}

static eg_val all_steps(void *user, eg_val args)
{
    stepper *r = user;
    eg_context *eg = r->net->eg;
    bool fixed = r->steps >= 0;
    r->dt = fixed ? args : eg_item(args, 1);
    eg_val done = fixed ? eg_loop(eg, r->steps, one_step, r, eg_nothing(), eg_nothing())
                        : eg_loop(eg, eg_item(args, 0), one_step, r, eg_nothing(), eg_nothing());
    return r->num_record ? eg_item(done, 1) : eg_nothing();
}

/* The run of one sample as that of all. */
static eg_func *batch_of(const stepper *r, const char *file, int line)
{
    static const int args[] = {0, 1};
    eg_batched_options o = {.num_shared = eg_num_args(r->func), .shared = args};
    eg_func *all = r->func ? (eg_batched)(r->net, r->func, r->net->root->batch, &o, file, line) : NULL;
    eg_func_free(r->func);
    return all;
}

static bool same(const stepper *r, const eg_system *net, int64_t steps, int num, eg_var *const *record)
{
    if (r->made != net->root->made || r->num_record != num || (num && r->steps != steps)) return false;
    for (int k = 0; k < num; k++) {
        if (r->record[k] != record[k]) return false;
    }
    return true;
}

static stepper *stepper_of(eg_system *net, int64_t steps, int num, eg_var *const *record, const char *file, int line)
{
    stepper *r = net->root->steppers;
    while (r && !same(r, net, steps, num, record)) r = r->next;
    if (r) return r;
    eg_context *eg = net->eg;
    r = eg_keep(eg, sizeof *r);
    eg_var **copy = eg_keep(eg, (size_t)num * sizeof *copy);
    eg_val *rows = eg_keep(eg, (size_t)num * sizeof *rows);
    if (!r || !copy || !rows) return NULL;
    *r = (stepper){.net = net, .made = net->root->made, .steps = num ? steps : -1, .num_record = num};
    if (num) memcpy(copy, record, (size_t)num * sizeof *copy);
    r->record = copy;
    r->rows = rows;
    eg_spec args[] = {eg_scalar(EG_I64), eg_scalar(EG_F64)};
    r->func = num ? (eg_trace)(eg, "simulate", all_steps, r, 1, args + 1, file, line)
                  : (eg_trace)(eg, "simulate", all_steps, r, 2, args, file, line);
    if (net->root->mode != EG_NONBATCHING) r->func = batch_of(r, file, line);
    if (!r->func) return NULL;
    r->next = net->root->steppers;
    net->root->steppers = r;
    return r;
}

/* -- running ------------------------------------------------------------------------------------------------------- */

static bool is_root(eg_system *net, const char *what, const char *file, int line)
{
    if (net && !net->parent) return true;
    if (net)
        eg_fail(net->eg, EG_ERR_ARGUMENT, file, line, "%s: '%s' is inside another system; give the network it is in",
                what, net->path);
    return false;
}

static bool in_tree(const eg_system *s, const eg_var *v)
{
    for (const member *m = s->first_member; m; m = m->next) {
        if (m->var == v || (v && m->floating == v)) return true;
    }
    for (const eg_system *c = s->first; c; c = c->next) {
        if (in_tree(c, v)) return true;
    }
    return false;
}

static bool checked(eg_system *net, int64_t steps, const eg_simulate_options *o, const char *file, int line)
{
    if (eg_error(net->eg)) return false;
    if (steps < 0)
        eg_fail(net->eg, EG_ERR_ARGUMENT, file, line, "eg_simulate: steps is %lld; it cannot be negative",
                (long long)steps);
    if (o->num_record < 0 || (o->num_record && (!o->record || !o->out)))
        eg_fail(net->eg, EG_ERR_ARGUMENT, file, line,
                "eg_simulate: %d variables are to be recorded, but %s missing; give record and out", o->num_record,
                o->record ? "out is" : "they are");
    for (int k = 0; k < o->num_record && !eg_error(net->eg); k++) {
        if (!in_tree(net, o->record[k]))
            eg_fail(net->eg, EG_ERR_ARGUMENT, file, line,
                    "eg_simulate: record[%d] is '%s', no variable of this network; find it by eg_system_variable", k,
                    o->record[k] ? eg_variable_name(o->record[k]) : "NULL");
    }
    return !eg_error(net->eg);
}

eg_status(eg_simulate)(eg_system *net, int64_t steps, const eg_simulate_options *options, const char *file, int line)
{
    if (!is_root(net, "eg_simulate", file, line)) return net ? eg_error(net->eg) : EG_ERR_ARGUMENT;
    eg_simulate_options o = options ? *options : (eg_simulate_options){0};
    if (!checked(net, steps, &o, file, line)) return eg_error(net->eg);
    stepper *r = stepper_of(net, steps, o.num_record, o.record, file, line);
    if (!r) return eg_error(net->eg);
    const void *in[] = {&steps, &net->root->dt};
    return eg_call(r->func, o.state, o.num_record ? in + 1 : in, o.out, o.run);
}

eg_func *(eg_stepper)(eg_system *net, const char *file, int line)
{
    if (!is_root(net, "eg_stepper", file, line) || eg_error(net->eg)) return NULL;
    stepper *r = stepper_of(net, -1, 0, NULL, file, line);
    return r ? r->func : NULL;
}
