/* Systems that are called without shared arguments, and one update of a system as a function. */
#include <stdio.h>

#include "engram/loops.h"
#include "engram/parallel.h"
#include "system.h"

/* -- y = f(x) ------------------------------------------------------------------------------------------------------ */

/* What a target without t says of it is about an operand that is nothing: the message tells where it went. */
static void explain(eg_system *self)
{
    char message[1024];
    eg_status status = eg_error(self->eg);
    snprintf(message, sizeof message, "%s", eg_message(self->eg));
    eg_clear_error(self->eg);
    eg_fail(self->eg, status, NULL, 0,
            "%s; NoSharedArg '%s' calls it without t, dt and i: if it needs them, call it itself", message, self->path);
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    eg_shared none = {eg_nothing(), eg_nothing(), eg_nothing(), eg_nothing(), eg_nothing(), s.fit};
    eg_val y = eg_update(self->parent, none, x);
    if (eg_error(self->eg)) explain(self);
    return y;
}

static const eg_class no_shared_class = {.name = "NoSharedArg", .role = EG_APART, .update = update};

eg_system *(eg_no_shared_arg)(eg_system *target, const char *name, const char *file, int line)
{
    return (eg_system_new)(target, name, &no_shared_class, 0, NULL, file, line);
}

/* -- functions ----------------------------------------------------------------------------------------------------- */

static eg_val one_update(void *user, eg_val x)
{
    eg_system *s = user;
    eg_system *inner = s->type->role == EG_APART ? s->parent : s; /* whose inputs they are */
    eg_val dt = eg_full(s->eg, eg_scalar(EG_F64), s->root->dt);
    eg_shared shared = eg_shared_at(s, eg_full(s->eg, eg_scalar(EG_I64), 0), dt);
    bool none = eg_spec_of(x).rank < 0;
    eg_hold_inputs(inner);
    eg_clear_input(inner);
    eg_val y = eg_update(s, shared, none ? eg_no_input() : x);
    eg_restore_inputs(inner);
    return eg_is_number(y, NULL) ? eg_full(s->eg, eg_scalar(eg_float_type(s)), y) : y;
}

eg_func *(eg_system_function)(eg_system *s, eg_spec spec, const char *file, int line)
{
    if (!s || eg_error(s->eg)) return NULL;
    bool batches = s->root->mode != EG_NONBATCHING;
    int64_t batch = s->root->batch;
    if (batches && spec.rank >= 0) {
        if (spec.rank == 0 || spec.rank > EG_MAX_RANK) {
            eg_fail(s->eg, EG_ERR_SHAPE, file, line, "eg_system_function: x of '%s' must have the shape [B, ...]",
                    s->path);
            return NULL;
        }
        batch = spec.dim[0];
        spec.rank--;
        for (int k = 0; k < spec.rank; k++) spec.dim[k] = spec.dim[k + 1];
    }
    eg_func *f = (eg_trace)(s->eg, "update", one_update, s, spec.rank >= 0, &spec, file, line);
    if (!f || !batches) return f;
    eg_func *all = (eg_batched)(s, f, batch, NULL, file, line);
    eg_func_free(f);
    return all;
}
