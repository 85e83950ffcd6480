/* What the shared arguments of steps are, as arrays. */
#include <math.h>

#include "engram/inputs.h"
#include "engram/loops.h"
#include "engram/parallel.h"
#include "system.h"

static void put(eg_array *a, int64_t k, double x)
{
    void *at = eg_array_data(a);
    if (eg_array_spec(a).dtype == EG_F32)
        ((float *)at)[k] = (float)x;
    else
        ((double *)at)[k] = x;
}

static bool failed(const eg_system *s, const char *what, double value, const char *remedy, const char *file, int line)
{
    eg_fail(s->eg, EG_ERR_ARGUMENT, file, line, "eg_shared_over_time: %s is %g; %s", what, value, remedy);
    return true;
}

static bool wrong(const eg_system *s, const eg_over_time_options *o, const char *file, int line)
{
    if (!(o->dt > 0 && isfinite(o->dt))) return failed(s, "dt", o->dt, "use a time in ms above 0", file, line);
    if (!isfinite(o->t0)) return failed(s, "t0", o->t0, "use a time in ms", file, line);
    if (o->steps < 0) return failed(s, "steps", (double)o->steps, "it cannot be negative", file, line);
    if (o->steps == 0 && !(o->duration >= 0 && eg_num_steps(o->duration, o->dt) >= 0))
        return failed(s, "duration", o->duration, "use a time in ms of at least 0", file, line);
    return false;
}

eg_over_time(eg_shared_over_time)(eg_system *s, const eg_over_time_options *options, const char *file, int line)
{
    eg_over_time a = {0}, none = {0};
    eg_over_time_options o = options ? *options : (eg_over_time_options){0};
    if (!s || eg_error(s->eg)) return none;
    if (o.dt == 0) o.dt = s->root->dt;
    if (wrong(s, &o, file, line)) return none;
    int64_t n = o.steps > 0 ? o.steps : eg_num_steps(o.duration, o.dt);
    a.i = (eg_array_new)(s->eg, eg_vector(EG_I64, n), NULL, file, line);
    a.t = (eg_array_new)(s->eg, eg_vector(s->root->dtype, n), NULL, file, line);
    a.dt = (eg_array_new)(s->eg, eg_vector(s->root->dtype, n), NULL, file, line);
    if (!a.i || !a.t || !a.dt) return none;
    for (int64_t k = 0; k < n; k++) {
        ((int64_t *)eg_array_data(a.i))[k] = k;
        put(a.t, k, fma((double)k, o.dt, o.t0));
        put(a.dt, k, o.dt);
    }
    return a;
}
