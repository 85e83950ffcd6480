/* Making trainers: their options, class and memory. */
#include "trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* -- options ------------------------------------------------------------------------------------------------------- */

static bool wrong(egt_trainer *t, eg_status status, const char *what)
{
    eg_system_fail(t->self, status, "%s", what);
    return false;
}

static bool check_loss(egt_trainer *t)
{
    const eg_bptt_options *o = &t->o;
    if (!o->loss == !o->loss_fn)
        return wrong(t, EG_ERR_ARGUMENT,
                     o->loss ? "it has two losses; give a name or a function" : "it has no loss; give one by its name");
    if (o->num_metrics < 0 || (o->num_metrics && (!o->metrics || !o->loss_fn)))
        return wrong(t, EG_ERR_ARGUMENT, "metrics are what loss_fn returns behind the loss; give it and their names");
    for (int k = 0; k < o->num_metrics; k++) {
        if (!o->metrics[k]) return wrong(t, EG_ERR_ARGUMENT, "the name of a metric is NULL");
    }
    if (!o->loss) return true;
    int line;
    const char *file = eg_system_place(t->self, &line);
    t->named = (eg_loss_by_name)(t->eg, o->loss, file, line);
    return t->named != NULL;
}

static bool check_numbers(egt_trainer *t)
{
    const eg_bptt_options *o = &t->o;
    if (!eg_check_param(t->self, o->clip_value >= 0, "clip_value", o->clip_value, "use a number above 0, 0 for none") ||
        !eg_check_param(t->self, o->clip_norm >= 0, "clip_norm", o->clip_norm, "use a number above 0, 0 for none") ||
        !eg_check_param(t->self, isfinite(o->t0), "t0", o->t0, "use a time in ms"))
        return false;
    if ((unsigned)o->policy > EG_CHECKPOINT_EVERY || (o->policy == EG_CHECKPOINT_EVERY && o->every < 1))
        return wrong(t, EG_ERR_ARGUMENT, "its policy is unknown, or every how many steps is missing");
    if (o->steps < 0)
        return wrong(t, EG_ERR_ARGUMENT, "steps is negative; use a number of steps, 0 if x has a time axis");
    if (!t->through_time && (o->steps || o->data_first_axis == EG_TIME_FIRST))
        return wrong(t, EG_ERR_ARGUMENT, "it has no time: leave out steps and EG_TIME_FIRST, or use eg_bptt");
    if (!t->through_time && (o->num_monitors || o->num_inputs || o->dt != 0))
        return wrong(t, EG_ERR_ARGUMENT, "it has no runner; monitors, inputs and dt are for eg_bptt");
    if (o->steps && o->data_first_axis == EG_TIME_FIRST)
        return wrong(t, EG_ERR_ARGUMENT, "with steps x has no time axis; leave out EG_TIME_FIRST");
    return true;
}

static bool check_mode(egt_trainer *t)
{
    if (eg_mode_of(t->target) == EG_TRAINING) return true;
    return wrong(
        t, EG_ERR_STATE,
        "its model is not in training mode, in which spikes have gradients; call eg_set_mode(net, EG_TRAINING, "
        "0) first");
}

/* -- parts --------------------------------------------------------------------------------------------------------- */

static bool is_parameter(const eg_system *top, const eg_var *v)
{
    eg_var *p = NULL;
    for (int k = 0; (p = eg_parameter(top, k)) && p != v;) k++;
    return p != NULL;
}

/* The gradient of anything else would be 0, and nothing be trained. */
static bool check_optimizer(egt_trainer *t)
{
    const eg_system *top = t->target;
    while (eg_system_parent(top)) top = eg_system_parent(top);
    for (int k = 0; k < eg_optimizer_num_trained(t->optimizer); k++) {
        const eg_var *v = eg_optimizer_trained(t->optimizer, k);
        if (is_parameter(top, v)) continue;
        eg_system_fail(t->self, EG_ERR_ARGUMENT, "its optimizer trains '%s', which is no parameter of this network",
                       eg_variable_name(v));
        return false;
    }
    return true;
}

static bool make_optimizer(egt_trainer *t)
{
    t->optimizer = t->o.optimizer;
    if (t->optimizer) return check_optimizer(t);
    int line;
    const char *file = eg_system_place(t->self, &line);
    if (!eg_num_parameters(t->target))
        return wrong(t, EG_ERR_STATE,
                     "its model has no parameters to train; make them by eg_add_parameter, or by layers");
    eg_optimizer_params p = eg_optimizer_defaults(EG_ADAM);
    p.lr = t->o.lr.lr != 0 || t->o.lr.kind != 0 ? t->o.lr : eg_exponential_decay(0.025, 1, 0.99975);
    char name[400];
    snprintf(name, sizeof name, "%s.optimizer", eg_system_path(t->self));
    t->optimizer = (eg_optimizer_of)(t->target, name, &p, file, line);
    return t->optimizer != NULL;
}

static bool make_runner(egt_trainer *t)
{
    const eg_bptt_options *o = &t->o;
    if (!t->through_time) return true;
    char name[80];
    int line;
    const char *file = eg_system_place(t->self, &line);
    snprintf(name, sizeof name, "%.52s_runner", eg_system_name(t->self));
    eg_dsrunner_options r = {.num_monitors = o->num_monitors,
                             .monitors = o->monitors,
                             .num_inputs = o->num_inputs,
                             .inputs = o->inputs,
                             .dt = o->dt,
                             .t0 = o->t0,
                             .data_first_axis = o->data_first_axis};
    t->runner = (eg_dsrunner)(t->target, name, &r, file, line);
    t->i0 = t->runner ? (eg_system_variable)(t->runner, "i0", file, line) : NULL;
    return t->i0 != NULL;
}

/* "loss" and the names of the metrics. */
static bool keep_names(egt_trainer *t)
{
    t->num_values = 1 + t->o.num_metrics;
    t->name = eg_keep(t->eg, (size_t)t->num_values * sizeof *t->name);
    if (!t->name) return false;
    t->name[0] = "loss";
    for (int k = 0; k < t->o.num_metrics; k++) {
        size_t size = strlen(t->o.metrics[k]) + 1;
        char *copy = eg_keep(t->eg, size);
        if (!copy) return false;
        t->name[k + 1] = memcpy(copy, t->o.metrics[k], size);
    }
    return true;
}

static void destroy(void *object)
{
    egt_trainer *t = object;
    egt_free_records(t);
    eg_release(t->eg, t->predicted);
    eg_release(t->eg, t->x);
    eg_release(t->eg, t->y);
    eg_release(t->eg, t->order);
}

/* -- class --------------------------------------------------------------------------------------------------------- */

static void setup(eg_system *self)
{
    egt_trainer *t = eg_self(self);
    t->eg = eg_system_context(self);
    t->self = self;
    t->target = eg_system_parent(self);
    if (!check_mode(t) || !check_loss(t) || !check_numbers(t) || !make_runner(t) || !make_optimizer(t) ||
        !keep_names(t))
        return;
    t->epoch = eg_add_buffer(self, "epoch", eg_scalar(EG_I64), eg_init_constant(0));
    if (t->epoch && !eg_own(t->eg, t, destroy)) wrong(t, EG_ERR_MEMORY, "out of memory; make the model smaller");
}

static const eg_class bptt_class = {.name = "BPTT", .role = EG_APART, .size = sizeof(egt_trainer), .setup = setup};
static const eg_class bpff_class = {.name = "BPFF", .role = EG_APART, .size = sizeof(egt_trainer), .setup = setup};

eg_system *(eg_bptt)(eg_system *target, const char *name, const eg_bptt_options *options, const char *file, int line)
{
    egt_trainer t = {.through_time = true};
    if (options) t.o = *options;
    return (eg_system_new)(target, name, &bptt_class, 0, &t, file, line);
}

eg_system *(eg_bpff)(eg_system *target, const char *name, const eg_bptt_options *options, const char *file, int line)
{
    egt_trainer t = {.through_time = false};
    if (options) t.o = *options;
    return (eg_system_new)(target, name, &bpff_class, 0, &t, file, line);
}

static bool is_trainer(const eg_system *s)
{
    const eg_class *c = eg_class_of(s);
    return c == &bptt_class || c == &bpff_class;
}

egt_trainer *egt_of(eg_system *s, const char *what, const char *file, int line)
{
    if (!s || eg_error(eg_system_context(s))) return NULL;
    if (is_trainer(s)) return eg_self(s);
    eg_fail(eg_system_context(s), EG_ERR_ARGUMENT, file, line,
            "%s: '%s' is a %s, not a trainer; make one by eg_bptt or eg_bpff", what, eg_system_path(s),
            eg_class_of(s)->name);
    return NULL;
}

eg_system *eg_trainer_runner(eg_system *s) { return is_trainer(s) ? ((egt_trainer *)eg_self(s))->runner : NULL; }

eg_optimizer *eg_trainer_optimizer(eg_system *s)
{
    return is_trainer(s) ? ((egt_trainer *)eg_self(s))->optimizer : NULL;
}
