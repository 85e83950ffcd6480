/* Constant currents. */
#include <math.h>
#include <stddef.h>

#include "engram/models.h"

typedef struct current {
    eg_system *target;
    double I;
} current;

static void setup(eg_system *self)
{
    int line;
    const char *file = eg_system_place(self, &line);
    current *c = eg_self(self);
    eg_check_param(self, isfinite(c->I), "I", c->I, "use a finite current");
    if (!c->target)
        eg_system_fail(self, EG_ERR_ARGUMENT, "the target is NULL; give the group that gets the current");
    else if (eg_system_context(c->target) != eg_system_context(self))
        eg_system_fail(self, EG_ERR_SCOPE, "the target must be of its own context");
    (eg_system_variable)(c->target, "input", file, line);
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    current *c = eg_self(self);
    (void)s;
    (void)x;
    eg_accumulate(c->target, "input", c->I);
    return eg_nothing();
}

static const eg_class current_class = {
    .name = "Current", .role = EG_PROJECTION, .size = sizeof(current), .setup = setup, .update = update};

eg_system *(eg_current)(eg_system *parent, const char *name, eg_system *target, double I, const char *file, int line)
{
    return (eg_system_new)(parent, name, &current_class, eg_num(target), &(current){target, I}, file, line);
}
