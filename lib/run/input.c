/* What is put into variables: checked when the runner is made, traced in front of the update. */
#include "runner.h"

static const char *const op_name[] = {"+", "-", "*", "/", "="};
/* Inside a kind: '=' first, then as the operations are numbered. */
static const eg_input_op order[] = {EG_INPUT_SET, EG_INPUT_ADD, EG_INPUT_SUB, EG_INPUT_MUL, EG_INPUT_DIV};

/* In modes that have batches the array is that of one sample. */
static int time_axis(const runner *r)
{
    return r->o.data_first_axis == EG_BATCH_FIRST && eg_mode_of(r->target) == EG_NONBATCHING ? 1 : 0;
}

/* A row of the array, as the update will see it. */
static eg_spec row_of(eg_spec s, int axis)
{
    s.rank--;
    for (int k = axis; k < s.rank; k++) s.dim[k] = s.dim[k + 1];
    return s;
}

static bool broadcasts(eg_spec from, eg_spec to)
{
    if (from.rank > to.rank) return false;
    for (int k = 0; k < from.rank; k++) {
        int64_t have = from.dim[from.rank - 1 - k];
        if (have != 1 && have != to.dim[to.rank - 1 - k]) return false;
    }
    return true;
}

static void put_dims(eg_spec s, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "[");
    for (int k = 0; k < s.rank && used < size; k++)
        used += (size_t)snprintf(text + used, size - used, "%s%lld", k ? ", " : "", (long long)s.dim[k]);
    if (used < size) snprintf(text + used, size - used, "]");
}

static bool check_array(runner *r, const eg_input *in, int k, eg_spec to)
{
    eg_spec s = eg_array_spec(in->array);
    bool iter = in->kind == EG_INPUT_ITER;
    int axis = iter ? time_axis(r) : 0;
    if (iter && s.rank <= axis) {
        eg_system_fail(r->self, EG_ERR_SHAPE, "input %d of '%s': the array has no time axis; its shape is %s", k,
                       in->variable, axis ? "[B, T, ...]" : "[T, ...]");
        return false;
    }
    eg_spec row = iter ? row_of(s, axis) : s;
    if (broadcasts(row, to) && (!axis || !iter || row.rank == to.rank)) return true;
    char have[200], want[200];
    put_dims(row, have, sizeof have);
    put_dims(to, want, sizeof want);
    eg_system_fail(r->self, EG_ERR_SHAPE, "input %d: %s array has shape %s, the variable '%s' %s; make them fit", k,
                   iter ? "a row of its" : "its", have, in->variable, want);
    return false;
}

static bool check_one(runner *r, int k)
{
    const eg_input *in = &r->o.inputs[k];
    if (!in->variable) {
        eg_system_fail(r->self, EG_ERR_ARGUMENT, "input %d has no variable; give its path below '%s'", k,
                       eg_system_path(r->target));
        return false;
    }
    place *p = &r->place[k];
    p->var = egr_variable(r, in->variable, &p->spec, &p->first);
    if (!p->var) return false;
    eg_spec to = p->spec;
    if ((unsigned)in->kind > EG_INPUT_FUNC || (unsigned)in->op > EG_INPUT_SET)
        eg_system_fail(r->self, EG_ERR_ARGUMENT, "input %d of '%s': %s %d is unknown; use one of the enum's", k,
                       in->variable, (unsigned)in->kind > EG_INPUT_FUNC ? "kind" : "op",
                       (unsigned)in->kind > EG_INPUT_FUNC ? (int)in->kind : (int)in->op);
    else if (to.dtype == EG_BOOL && in->op != EG_INPUT_SET)
        eg_system_fail(r->self, EG_ERR_TYPE, "input %d: '%s' is bool, which has no '%s'; use EG_INPUT_SET", k,
                       in->variable, op_name[in->op]);
    else if ((in->kind == EG_INPUT_FUNC) != (in->fn != NULL) || (in->kind == EG_INPUT_ITER && !in->array))
        eg_system_fail(r->self, EG_ERR_ARGUMENT, "input %d of '%s': %s", k, in->variable,
                       in->kind == EG_INPUT_FUNC   ? "EG_INPUT_FUNC needs fn"
                       : in->kind == EG_INPUT_ITER ? "EG_INPUT_ITER needs an array, and no fn"
                                                   : "fn is given; its kind is EG_INPUT_FUNC");
    else if (in->array && in->kind != EG_INPUT_FUNC)
        return check_array(r, in, k, to);
    return !eg_error(r->eg);
}

bool egr_check_inputs(runner *r)
{
    for (int k = 0; k < r->o.num_inputs; k++) {
        if (!check_one(r, k)) return false;
    }
    return true;
}

int64_t egr_rows_left(const runner *r, int64_t i0, int *which)
{
    int64_t least = INT64_MAX;
    for (int k = 0; k < r->o.num_inputs; k++) {
        const eg_input *in = &r->o.inputs[k];
        if (in->kind != EG_INPUT_ITER) continue;
        int64_t left = eg_array_spec(in->array).dim[time_axis(r)] - (in->by_clock ? i0 : 0);
        if (in->by_clock && i0 < 0) left = 0; /* there is no row before the first */
        if (left >= least) continue;
        least = left;
        *which = k;
    }
    return least;
}

/* -- tracing ------------------------------------------------------------------------------------------------------- */

static eg_val row_at(const runner *r, eg_array *a, eg_val k)
{
    eg_val x = eg_constant(a);
    if (time_axis(r) == 0) return eg_row(x, k);
    eg_spec row = row_of(eg_array_spec(a), 1);
    return eg_reshape_to(eg_slice_at(x, 1, k, 1), row.rank, row.dim);
}

static eg_val value_of(runner *r, const eg_input *in, eg_shared s, eg_val k)
{
    switch (in->kind) {
    case EG_INPUT_FUNC: return in->fn(in->user, r->target, s);
    case EG_INPUT_ITER: return row_at(r, in->array, in->by_clock ? s.i : k);
    case EG_INPUT_FIX: break;
    }
    return in->array ? eg_constant(in->array) : eg_real(in->value);
}

static void put(const eg_system *t, const place *p, eg_val x)
{
    eg_spec whole = eg_variable_spec(p->var);
    bool number = eg_is_number(x, NULL);
    if (!number && p->spec.rank) x = eg_broadcast_to(x, p->spec.rank, p->spec.dim);
    if (whole.rank && whole.dim[0] != p->spec.dim[0]) {
        eg_val all = eg_get(p->var);
        if (number) x = eg_full(eg_system_context(t), p->spec, x);
        x = eg_update_slice(all, x, 0, p->first);
    }
    eg_set(p->var, x);
}

/* What is added goes through eg_accumulate, which keeps sums of numbers apart from arrays as long as it can. */
static void apply(runner *r, const eg_input *in, const place *p, eg_val x)
{
    if (!eg_is_number(x, NULL) && eg_spec_of(x).rank >= 0 && eg_spec_of(x).dtype != p->spec.dtype)
        x = eg_convert(x, p->spec.dtype);
    /* Whole, so that a sum of numbers takes its shape. */
    if (!eg_is_number(x, NULL) && eg_spec_of(x).rank > 0) x = eg_broadcast_to(x, p->spec.rank, p->spec.dim);
    eg_val now = in->op == EG_INPUT_ADD || in->op == EG_INPUT_SET ? eg_nothing() : eg_value(r->target, in->variable);
    switch (in->op) {
    case EG_INPUT_ADD: eg_accumulate(r->target, in->variable, x); break;
    case EG_INPUT_SUB: put(r->target, p, eg_sub(now, x)); break;
    case EG_INPUT_MUL: put(r->target, p, eg_mul(now, x)); break;
    case EG_INPUT_DIV: put(r->target, p, eg_div(now, x)); break;
    case EG_INPUT_SET: put(r->target, p, x); break;
    }
}

void egr_apply_inputs(runner *r, eg_shared s, eg_val k)
{
    for (int kind = EG_INPUT_FIX; kind <= EG_INPUT_FUNC; kind++) {
        for (size_t op = 0; op < sizeof order / sizeof *order; op++) {
            for (int j = 0; j < r->o.num_inputs && !eg_error(r->eg); j++) {
                const eg_input *in = &r->o.inputs[j];
                if ((int)in->kind == kind && in->op == order[op]) apply(r, in, &r->place[j], value_of(r, in, s, k));
            }
        }
    }
    if (r->o.inputs_fn && !eg_error(r->eg)) r->o.inputs_fn(r->o.inputs_user, r->target, s);
}
