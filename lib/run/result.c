/* What users read: histories, outputs, times. */
#include <stdio.h>
#include <string.h>

#include "runner.h"

void egr_swap_axes(const void *from, void *to, int64_t a, int64_t b, size_t bytes)
{
    for (int64_t i = 0; i < a; i++) {
        for (int64_t k = 0; k < b; k++)
            memcpy((char *)to + (size_t)(k * a + i) * bytes, (const char *)from + (size_t)(i * b + k) * bytes, bytes);
    }
}

static eg_spec with_rows(eg_spec row, int64_t rows)
{
    eg_spec s = {.dtype = row.dtype, .rank = row.rank + 1 < EG_MAX_RANK ? row.rank + 1 : EG_MAX_RANK};
    s.dim[0] = rows;
    for (int k = 1; k < s.rank; k++) s.dim[k] = row.dim[k - 1];
    return s;
}

/* Rows as the user wants them: [B, T', ...] is made anew. */
static eg_history rows_of(runner *r, record *m)
{
    eg_history h = {with_rows(m->row, m->rows), m->m.file ? NULL : m->history.at};
    if (r->o.data_first_axis != EG_BATCH_FIRST || m->row.rank < 1 || !h.data) return h;
    int64_t batch = m->row.dim[0];
    size_t bytes = batch ? egr_row_bytes(m->row) / (size_t)batch : 0;
    if (!egr_reserve(r, &m->turned, egr_row_bytes(m->row) * (size_t)m->rows + 1))
        return (eg_history){{.rank = -1}, NULL};
    egr_swap_axes(m->history.at, m->turned.at, m->rows, batch, bytes);
    h.spec.dim[0] = batch;
    h.spec.dim[1] = m->rows;
    h.data = m->turned.at;
    return h;
}

static eg_history nothing(void) { return (eg_history){{.rank = -1}, NULL}; }

static record *monitor_named(runner *r, const char *key, const char *what, const char *file, int line)
{
    char known[400] = "";
    for (int k = 0; k < r->o.num_monitors; k++) {
        if (key && !strcmp(r->monitor[k].m.key, key)) return &r->monitor[k];
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", r->monitor[k].m.key);
    }
    eg_fail(r->eg, EG_ERR_ARGUMENT, file, line, "%s: '%s' has no monitor '%.100s'; there is %s", what,
            eg_system_path(r->self), key ? key : "NULL", *known ? known : "none");
    return NULL;
}

static bool has_run(runner *r, const char *what, const char *file, int line)
{
    if (r->probed) return true;
    eg_fail(r->eg, EG_ERR_STATE, file, line, "%s: '%s' has not run yet; call eg_run first", what,
            eg_system_path(r->self));
    return false;
}

eg_history(eg_history_of)(eg_system *system, const char *key, const char *file, int line)
{
    runner *r = egr_of(system, "eg_history_of", file, line);
    record *m = r ? monitor_named(r, key, "eg_history_of", file, line) : NULL;
    if (!m || !has_run(r, "eg_history_of", file, line)) return nothing();
    if (!m->m.events) return rows_of(r, m);
    static const int64_t none[2];
    return (eg_history){eg_matrix(EG_I64, m->rows, 2), m->m.file       ? NULL
                                                       : m->history.at ? m->history.at
                                                                       : (const void *)none};
}

eg_history(eg_output_of)(eg_system *system, int k, const char *file, int line)
{
    runner *r = egr_of(system, "eg_output_of", file, line);
    if (!r || !has_run(r, "eg_output_of", file, line)) return nothing();
    if (k >= 0 && k < r->num_outputs) return rows_of(r, &r->output[k]);
    eg_fail(r->eg, EG_ERR_ARGUMENT, file, line,
            "eg_output_of: the update of '%s' returned %d values; there is no part %d", eg_system_path(r->target),
            r->num_outputs, k);
    return nothing();
}

int eg_num_outputs(eg_system *system)
{
    runner *r = egr_of(system, "eg_num_outputs", NULL, 0);
    return r && r->probed ? r->num_outputs : 0;
}

eg_history(eg_times_of)(eg_system *system, const char *key, const char *file, int line)
{
    runner *r = egr_of(system, "eg_times_of", file, line);
    record *m = r && key ? monitor_named(r, key, "eg_times_of", file, line) : NULL;
    if (!r || (key && !m) || !has_run(r, "eg_times_of", file, line)) return nothing();
    int64_t every = m ? m->m.every : 1, rows = r->done / every;
    block *b = m ? &m->times : &r->times;
    if (!egr_reserve(r, b, (size_t)(rows + 1) * sizeof(double))) return nothing();
    double *t = b->at;
    for (int64_t k = 0; k < rows; k++) t[k] = r->origin + (double)(r->first + (k + 1) * every) * r->o.dt;
    return (eg_history){eg_vector(EG_F64, rows), t};
}

int64_t eg_steps_done(const eg_system *system)
{
    if (!system || eg_class_of(system) != &egr_class) return 0;
    const runner *r = eg_self((eg_system *)(uintptr_t)system);
    return r->done;
}
