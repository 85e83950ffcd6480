/* The environment of a context: what networks and plain numbers take where nothing is said. */
#include "engram/environment.h"

#include "api/api.h"

enum { DEPTH = 64 };

/* Hangs on the context from the first time that something is set. */
typedef struct egi_environments {
    eg_environment now;
    int depth; /* entered and not left */
    int floor; /* of these before the eg_with_environment() that runs: it cannot leave them */
    eg_environment before[DEPTH];
} egi_environments;

static const eg_environment initial = {.nonbatching = true,
                                       .batch_size = 1,
                                       .dt = 0.1,
                                       .x64 = EG_X64_OFF,
                                       .float_ = EG_F32,
                                       .int_ = EG_I32,
                                       .bool_ = EG_BOOL,
                                       .complex_ = EG_C64};

static egi_environments *own(eg_context *eg)
{
    if (!eg->environments) {
        eg->environments = egi_arena_alloc(&eg->arena, sizeof *eg->environments);
        if (!eg->environments)
            egi_no_memory(eg);
        else
            *eg->environments = (egi_environments){.now = initial};
    }
    return eg->environments;
}

eg_environment eg_get_environment(const eg_context *eg)
{
    return eg && eg->environments ? eg->environments->now : initial;
}

static void put(eg_context *eg, const eg_environment *e)
{
    eg->environments->now = *e;
    eg->default_float = e->float_;
    eg->default_complex = e->complex_;
}

/* -- setting ------------------------------------------------------------------------------------------------------- */

static bool failed(eg_context *eg, eg_status status, const char *file, int line, const char *what, double value,
                   const char *remedy)
{
    egi_fail(eg, status, file, line, "environment: %s is %g; %s", what, value, remedy);
    return false;
}

static bool wrong_type(eg_context *eg, const char *file, int line, const char *what, eg_dtype t, const char *remedy)
{
    egi_fail(eg, EG_ERR_TYPE, file, line, "environment: %s is %s; %s", what, eg_dtype_name(t), remedy);
    return false;
}

static bool check_types(eg_context *eg, const eg_environment *e, const char *file, int line)
{
    if (e->float_ && e->float_ != EG_F32 && e->float_ != EG_F64)
        return wrong_type(eg, file, line, "float_", e->float_, "use EG_F32 or EG_F64");
    if (e->int_ && e->int_ != EG_I32 && e->int_ != EG_U32 && e->int_ != EG_I64)
        return wrong_type(eg, file, line, "int_", e->int_, "use EG_I32, EG_U32 or EG_I64");
    if (e->complex_ && !egi_is_complex(e->complex_))
        return wrong_type(eg, file, line, "complex_", e->complex_, "use EG_C64 or EG_C128");
    if (e->bool_ != EG_BOOL) return wrong_type(eg, file, line, "bool_", e->bool_, "use EG_BOOL, there is no other");
    return true;
}

static bool check(eg_context *eg, const eg_environment *e, const char *file, int line)
{
    if (!(e->dt >= 0 && e->dt < 1e12))
        return failed(eg, EG_ERR_ARGUMENT, file, line, "dt", e->dt, "use a time in ms above 0");
    if ((unsigned)e->mode > EG_TRAINING)
        return failed(eg, EG_ERR_ARGUMENT, file, line, "mode", (int)e->mode,
                      "use EG_NONBATCHING, EG_BATCHING or EG_TRAINING");
    if (e->nonbatching && e->mode != EG_NONBATCHING)
        return failed(eg, EG_ERR_ARGUMENT, file, line, "mode", (int)e->mode,
                      "this contradicts `nonbatching`; give one");
    if (e->batch_size < 0 || e->batch_size > INT32_MAX)
        return failed(eg, EG_ERR_ARGUMENT, file, line, "batch_size", (double)e->batch_size,
                      "use 1 to 2147483647 samples");
    if ((unsigned)e->x64 > EG_X64_OFF)
        return failed(eg, EG_ERR_ARGUMENT, file, line, "x64", (int)e->x64, "use EG_X64_ON or EG_X64_OFF");
    return check_types(eg, e, file, line);
}

/* A type given along with x64 wins over what x64 makes of it. */
static void merge(eg_environment *to, const eg_environment *e)
{
    if (e->dt > 0) to->dt = e->dt;
    if (e->mode != EG_NONBATCHING || e->nonbatching) to->mode = e->mode;
    to->nonbatching = to->mode == EG_NONBATCHING;
    if (e->batch_size) to->batch_size = e->batch_size;
    if (e->x64) {
        to->x64 = e->x64;
        to->float_ = e->x64 == EG_X64_ON ? EG_F64 : EG_F32;
        to->int_ = e->x64 == EG_X64_ON ? EG_I64 : EG_I32;
        to->complex_ = e->x64 == EG_X64_ON ? EG_C128 : EG_C64;
    }
    if (e->float_) to->float_ = e->float_;
    if (e->int_) to->int_ = e->int_;
    if (e->complex_) to->complex_ = e->complex_;
}

eg_status(eg_set_environment)(eg_context *eg, const eg_environment *e, const char *file, int line)
{
    if (!eg) return EG_ERR_ARGUMENT;
    if (!egi_ready(eg) || !e || !check(eg, e, file, line) || !own(eg)) return eg->status;
    eg_environment next = eg->environments->now;
    merge(&next, e);
    put(eg, &next);
    return EG_OK;
}

/* -- scopes -------------------------------------------------------------------------------------------------------- */

eg_status(eg_with_environment)(eg_context *eg, const eg_environment *e, void (*fn)(void *user), void *user,
                               const char *file, int line)
{
    if (!eg) return EG_ERR_ARGUMENT;
    if (egi_ready(eg) && !fn) egi_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_with_environment: fn is NULL");
    if (!egi_ready(eg) || !own(eg)) return eg->status;
    const eg_environment before = eg->environments->now;
    egi_environments *all = eg->environments;
    const int depth = all->depth, floor = all->floor;
    all->floor = depth;
    if (!(eg_set_environment)(eg, e, file, line)) fn(user);
    put(eg, &before);
    all->depth = depth;
    all->floor = floor;
    return eg->status;
}

/* What fails is counted all the same, so that each leaving belongs to its entering. */
eg_status(eg_enter_environment)(eg_context *eg, const eg_environment *e, const char *file, int line)
{
    egi_environments *all = eg ? own(eg) : NULL;
    if (!all) return eg ? eg->status : EG_ERR_ARGUMENT;
    int depth = all->depth++;
    if (depth >= DEPTH) {
        egi_fail(eg, EG_ERR_STATE, file, line, "eg_enter_environment: %d are nested already; leave some", DEPTH);
        return eg->status;
    }
    all->before[depth] = all->now;
    return (eg_set_environment)(eg, e, file, line);
}

eg_status(eg_leave_environment)(eg_context *eg, const char *file, int line)
{
    if (!eg) return EG_ERR_ARGUMENT;
    egi_environments *all = eg->environments;
    if (!all || all->depth == all->floor)
        egi_fail(eg, EG_ERR_STATE, file, line, "eg_leave_environment: none was entered, or all were left");
    else if (--all->depth < DEPTH)
        put(eg, &all->before[all->depth]);
    return eg->status;
}
