/* Making runners: their options, class and memory. */
#include "runner.h"

#include <math.h>
#include <string.h>

/* -- memory -------------------------------------------------------------------------------------------------------- */

bool egr_reserve(runner *r, block *b, size_t bytes)
{
    if (b->bytes >= bytes && b->at) return true;
    eg_release(r->eg, b->at);
    b->bytes = 0;
    b->at = eg_alloc(r->eg, (int64_t)bytes, 1);
    if (b->at) b->bytes = bytes;
    return b->at != NULL;
}

bool egr_grow(runner *r, block *b, size_t bytes)
{
    if (b->bytes >= bytes && b->at) return true;
    if (bytes < 2 * b->bytes) bytes = 2 * b->bytes;
    void *more = eg_alloc(r->eg, (int64_t)bytes, 1);
    if (!more) return false;
    if (b->bytes) memcpy(more, b->at, b->bytes);
    eg_release(r->eg, b->at);
    *b = (block){more, bytes};
    return true;
}

size_t egr_row_bytes(eg_spec row) { return (size_t)eg_num_elements(row) * eg_dtype_size(row.dtype); }

void egr_free_record(runner *r, record *m)
{
    block *b[] = {&m->history, &m->turned, &m->times, &m->piece, &m->scratch};
    for (size_t k = 0; k < sizeof b / sizeof *b; k++) eg_release(r->eg, b[k]->at);
    eg_npy_discard(m->stream);
}

static void destroy(void *object)
{
    runner *r = object;
    for (int k = 0; r->monitor && k < r->o.num_monitors; k++) egr_free_record(r, &r->monitor[k]);
    for (int k = 0; k < r->num_outputs; k++) egr_free_record(r, &r->output[k]);
    eg_release(r->eg, r->xs.at);
    eg_release(r->eg, r->times.at);
}

/* -- options ------------------------------------------------------------------------------------------------------- */

static void *copy(runner *r, const void *from, int64_t num, size_t size)
{
    void *p = eg_keep(r->eg, (size_t)num * size + 1);
    if (p && num > 0) memcpy(p, from, (size_t)num * size);
    return p;
}

static const char *copy_text(runner *r, const char *s) { return s ? copy(r, s, (int64_t)strlen(s) + 1, 1) : NULL; }

static bool check_counts(runner *r)
{
    const eg_dsrunner_options *o = &r->o;
    if (o->num_monitors < 0 || (o->num_monitors && !o->monitors))
        eg_system_fail(r->self, EG_ERR_ARGUMENT, "%d monitors, but no array of them; give both or none",
                       o->num_monitors);
    if (o->num_inputs < 0 || (o->num_inputs && !o->inputs))
        eg_system_fail(r->self, EG_ERR_ARGUMENT, "%d inputs, but no array of them; give both or none", o->num_inputs);
    if ((unsigned)o->data_first_axis > EG_BATCH_FIRST)
        eg_system_fail(r->self, EG_ERR_ARGUMENT, "data_first_axis is %d; use EG_TIME_FIRST or EG_BATCH_FIRST",
                       (int)o->data_first_axis);
    eg_check_param(r->self, isfinite(o->t0), "t0", o->t0, "use a time in ms");
    eg_check_param(r->self, o->dt >= 0 && o->dt < 1e12, "dt", o->dt, "use a time in ms above 0, 0 for the network's");
    return !eg_error(r->eg);
}

static bool copy_options(runner *r)
{
    eg_dsrunner_options *o = &r->o;
    if (!check_counts(r)) return false;
    if (o->dt == 0) o->dt = eg_dt(r->target);
    eg_input *inputs = copy(r, o->inputs, o->num_inputs, sizeof *inputs);
    r->monitor = eg_keep(r->eg, (size_t)o->num_monitors * sizeof *r->monitor + 1);
    r->place = eg_keep(r->eg, (size_t)o->num_inputs * sizeof *r->place + 1);
    if (!inputs || !r->monitor || !r->place) return false;
    for (int k = 0; k < o->num_inputs; k++) inputs[k].variable = copy_text(r, inputs[k].variable);
    for (int k = 0; k < o->num_monitors; k++) {
        eg_monitor *m = &r->monitor[k].m;
        *m = o->monitors[k];
        m->key = copy_text(r, m->key ? m->key : m->variable);
        m->variable = copy_text(r, m->variable);
        m->file = copy_text(r, m->file);
        if (m->indices && m->num_indices > 0) m->indices = copy(r, m->indices, m->num_indices, sizeof *m->indices);
    }
    o->inputs = inputs;
    o->monitors = NULL;
    return !eg_error(r->eg);
}

/* -- class --------------------------------------------------------------------------------------------------------- */

static void setup(eg_system *self)
{
    runner *r = eg_self(self);
    r->eg = eg_system_context(self);
    r->self = self;
    r->target = eg_system_parent(self);
    if (!copy_options(r) || !egr_check_monitors(r) || !egr_check_inputs(r)) return;
    r->i0 = eg_add_variable(self, "i0", eg_scalar(EG_I64), eg_init_constant(0));
    r->t0 = eg_add_variable(self, "t0", eg_scalar(EG_F64), eg_init_constant(r->o.t0));
    if (r->t0 && !eg_own(r->eg, r, destroy))
        eg_system_fail(self, EG_ERR_MEMORY, "out of memory; make the model smaller");
}

const eg_class egr_class = {
    .name = "DSRunner", .role = EG_APART, .size = sizeof(runner), .setup = setup, .update = egr_update};

eg_system *(eg_dsrunner)(eg_system *target, const char *name, const eg_dsrunner_options *options, const char *file,
                         int line)
{
    runner r = {.o = options ? *options : (eg_dsrunner_options){0}, .file = file, .line = line};
    return (eg_system_new)(target, name, &egr_class, 0, &r, file, line);
}

runner *egr_of(eg_system *s, const char *what, const char *file, int line)
{
    if (!s || eg_error(eg_system_context(s))) return NULL;
    if (eg_class_of(s) == &egr_class) return eg_self(s);
    eg_fail(eg_system_context(s), EG_ERR_ARGUMENT, file, line,
            "%s: '%s' is a %s, not a runner; make one by eg_dsrunner", what, eg_system_path(s), eg_class_of(s)->name);
    return NULL;
}
