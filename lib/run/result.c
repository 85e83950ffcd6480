/* What users read after a run. */
#include <math.h>
#include <string.h>

#include "runner.h"

static const eg_history nothing = {.spec = {.rank = -1}};

/* The error of an unknown key lists the known ones. */
static record *monitor_of(runner *r, const char *key, const char *file, int line)
{
    for (int k = 0; k < r->o.num_monitors; k++) {
        if (key && !strcmp(r->monitor[k].m.key, key)) return &r->monitor[k];
    }
    char known[400] = "";
    for (int k = 0; k < r->o.num_monitors; k++) {
        size_t used = strlen(known);
        const char *name = r->monitor[k].m.key;
        if (used + strlen(name) + 8 < sizeof known)
            snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", name);
        else if (used + 8 < sizeof known && strcmp(known + used - 3, "...") != 0)
            snprintf(known + used, sizeof known - used, ", ...");
    }
    eg_fail(r->eg, EG_ERR_ARGUMENT, file, line, "DSRunner '%s' has no monitor '%.100s'; there is %s",
            eg_system_path(r->self), key ? key : "NULL", *known ? known : "none");
    return NULL;
}

/* Rows with their batch axis in front: a copy, made when it is asked for. */
static const void *batch_first(runner *r, record *m, eg_spec *spec)
{
    int64_t rows = m->rows, batch = m->row.dim[0];
    size_t bytes = batch ? egr_row_bytes(m->row) / (size_t)batch : 0;
    spec->dim[0] = batch;
    spec->dim[1] = rows;
    if (!egr_reserve(r, &m->turned, (size_t)rows * egr_row_bytes(m->row))) return NULL;
    if (bytes) egr_swap_axes(m->turned.at, m->history.at, rows, batch, bytes);
    return m->turned.at;
}

static eg_history history(runner *r, record *m)
{
    if (!r->probed) return nothing; /* never run */
    if (m->m.events) {
        eg_history pairs = {.spec = eg_matrix(EG_I64, m->rows, 2), .data = m->m.file ? NULL : m->history.at};
        return pairs;
    }
    eg_history h = {.spec = m->row, .data = m->m.file ? NULL : m->history.at};
    if (m->row.rank == EG_MAX_RANK) {
        /* no axis is left for time: its own become one, behind the batch */
        const bool turn = egr_batch_first(r);
        int64_t n = eg_num_elements(m->row), batch = m->row.dim[0];
        h.spec.rank = turn ? 2 : 1;
        h.spec.dim[0] = turn ? batch : n;
        h.spec.dim[1] = turn && batch ? n / batch : 0;
    }
    memmove(h.spec.dim + 1, h.spec.dim, (size_t)h.spec.rank++ * sizeof *h.spec.dim);
    h.spec.dim[0] = m->rows;
    if (egr_batch_first(r) && m->row.rank >= 1 && h.data) h.data = batch_first(r, m, &h.spec);
    return h;
}

eg_history(eg_history_of)(eg_system *s, const char *key, const char *file, int line)
{
    runner *r = egr_of(s, "eg_history_of", file, line);
    record *m = r ? monitor_of(r, key, file, line) : NULL;
    return m ? history(r, m) : nothing;
}

eg_history(eg_output_of)(eg_system *s, int k, const char *file, int line)
{
    runner *r = egr_of(s, "eg_output_of", file, line);
    if (!r) return nothing;
    if (k >= 0 && k < r->num_outputs) return history(r, &r->output[k]);
    eg_fail(r->eg, EG_ERR_ARGUMENT, file, line, "eg_output_of: there is no output %d of '%s'; it has %d%s", k,
            eg_system_path(r->target), r->num_outputs,
            !r->probed        ? " before its first run"
            : r->o.no_outputs ? ", as its runner was made with no_outputs"
                              : "");
    return nothing;
}

int eg_num_outputs(eg_system *s)
{
    runner *r = egr_of(s, "eg_num_outputs", NULL, 0);
    return r ? r->num_outputs : 0;
}

eg_history(eg_times_of)(eg_system *s, const char *key, const char *file, int line)
{
    runner *r = egr_of(s, "eg_times_of", file, line);
    record *m = r && key ? monitor_of(r, key, file, line) : NULL;
    if (!r || (key && !m)) return nothing;
    int64_t every = m ? m->m.every : 1, rows = r->done / every;
    block *b = m ? &m->times : &r->times;
    if (!egr_reserve(r, b, (size_t)rows * sizeof(double))) return nothing;
    double *t = b->at;
    /* The time of a step is one product; compiled code computes the same. */
    for (int64_t k = 0; k < rows; k++) t[k] = fma((double)(r->first + (k + 1) * every), r->o.dt, r->origin);
    return (eg_history){.spec = eg_vector(EG_F64, rows), .data = t};
}

int64_t eg_steps_done(const eg_system *s)
{
    return s && eg_class_of(s) == &egr_class ? ((const runner *)eg_self((eg_system *)(uintptr_t)s))->done : 0;
}
