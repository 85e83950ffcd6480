/* Making loops over time: options, class, memory. */
#include "loop_over_time.h"

#include <math.h>
#include <stddef.h>

#include "engram/inputs.h"

static bool copy_out_vars(loop *l)
{
    int n = l->o.num_out_vars;
    if (n < 0 || (n && !l->o.out_vars)) {
        eg_system_fail(l->self, EG_ERR_ARGUMENT, "%d out_vars, but no array of them; give both or none", n);
        return false;
    }
    int line;
    const char *file = eg_system_place(l->self, &line);
    const char **paths = eg_keep(l->eg, (size_t)n * sizeof *paths);
    l->seen = eg_keep(l->eg, (size_t)n * sizeof *l->seen);
    for (int k = 0; k < n && paths && l->seen; k++) {
        if (!(eg_system_variable)(l->target, l->o.out_vars[k], file, line)) return false;
        paths[k] = keep_text(l->eg, l->o.out_vars[k], "");
    }
    l->o.out_vars = paths;
    return !eg_error(l->eg);
}

static void destroy(void *object)
{
    loop *l = object;
    for (int k = 0; k < l->num_results; k++) eg_release(l->eg, l->result[k].at);
}

static void setup(eg_system *self)
{
    loop *l = eg_self(self);
    eg_data_axis axis = l->o.data_first_axis;
    l->eg = eg_system_context(self);
    l->self = self;
    l->target = eg_system_parent(self);
    eg_check_param(self, isfinite(l->o.t0), "t0", l->o.t0, "use a time in ms");
    eg_check_param(self, l->o.dt >= 0 && l->o.dt < 1e12, "dt", l->o.dt,
                   "use a time in ms above 0, 0 for the network's");
    if (axis != EG_AXIS_BY_MODE && axis != EG_TIME_FIRST && axis != EG_BATCH_FIRST)
        eg_system_fail(self, EG_ERR_ARGUMENT, "data_first_axis is %d; use EG_TIME_FIRST or EG_BATCH_FIRST", (int)axis);
    if (eg_error(l->eg) || !copy_out_vars(l)) return;
    if (!eg_own(l->eg, l, destroy)) eg_system_fail(self, EG_ERR_MEMORY, "out of memory; make the model smaller");
}

const eg_class loop_class = {
    .name = "LoopOverTime", .role = EG_APART, .size = sizeof(loop), .setup = setup, .update = loop_update};

eg_system *(eg_loop_over_time)(eg_system *target, const char *name, const eg_loop_over_time_options *options,
                               const char *file, int line)
{
    loop l = {.o = options ? *options : (eg_loop_over_time_options){0}};
    return (eg_system_new)(target, name, &loop_class, 0, &l, file, line);
}

int64_t loop_steps_until(const loop *l, double end, double t0, double dt)
{
    int64_t n = end >= t0 && isfinite(end) ? eg_num_steps(end - t0, dt) : -1;
    if (l->o.no_state)
        eg_system_fail(l->self, EG_ERR_ARGUMENT,
                       "without state it cannot run until a time, here %g ms; give it inputs, or make it with state",
                       end);
    else if (n < 0)
        eg_system_fail(l->self, EG_ERR_ARGUMENT, "the end time is %g ms; use a time from t0 = %g ms on", end, t0);
    return eg_error(l->eg) ? -1 : n;
}
