/* Losses and metrics of a fit: their means, and histories. */
#include <string.h>

#include "trainer.h"

static bool push(egt_trainer *t, egt_series *s, double x)
{
    if (s->num == s->room) {
        int64_t room = s->room ? 2 * s->room : 256;
        double *more = eg_alloc(t->eg, room, sizeof *more);
        if (!more) return false;
        if (s->num) memcpy(more, s->at, (size_t)s->num * sizeof *more);
        eg_release(t->eg, s->at);
        s->at = more;
        s->room = room;
    }
    s->at[s->num++] = x;
    return true;
}

void egt_free_records(egt_trainer *t)
{
    for (int phase = 0; phase < EGT_PHASES; phase++) {
        egt_record *r = &t->record[phase];
        for (int k = 0; r->report && k < t->num_values; k++) {
            eg_release(t->eg, r->report[k].at);
            eg_release(t->eg, r->batch[k].at);
            r->report[k] = r->batch[k] = (egt_series){0};
        }
    }
}

bool egt_begin_records(egt_trainer *t, int first, int last)
{
    size_t n = (size_t)t->num_values;
    for (int phase = first; phase <= last; phase++) {
        egt_record *r = &t->record[phase];
        if (!r->batch) {
            r->sum = eg_keep(t->eg, n * sizeof *r->sum);
            r->mean = eg_keep(t->eg, n * sizeof *r->mean);
            r->report = eg_keep(t->eg, n * sizeof *r->report);
            r->batch = r->report ? eg_keep(t->eg, n * sizeof *r->batch) : NULL;
            if (!r->sum || !r->mean || !r->batch) {
                r->batch = r->report = NULL;
                return false;
            }
        }
        for (int k = 0; k < t->num_values; k++) r->report[k].num = r->batch[k].num = 0;
        memset(r->sum, 0, n * sizeof *r->sum);
        r->since = r->batches = 0;
    }
    return true;
}

bool egt_add_batch(egt_trainer *t, int phase, const double *value)
{
    egt_record *r = &t->record[phase];
    r->since++;
    r->batches++;
    for (int k = 0; k < t->num_values; k++) {
        r->sum[k] += value[k];
        if (!push(t, &r->batch[k], value[k])) return false;
    }
    return true;
}

eg_metrics egt_report(egt_trainer *t, int phase)
{
    egt_record *r = &t->record[phase];
    if (!r->since) return (eg_metrics){0};
    for (int k = 0; k < t->num_values; k++) {
        r->mean[k] = r->sum[k] / (double)r->since;
        r->sum[k] = 0;
        push(t, &r->report[k], r->mean[k]);
    }
    r->since = 0;
    return (eg_metrics){.num = t->num_values, .name = t->name, .value = r->mean};
}

static int phase_of(const char *name)
{
    if (name && (!strcmp(name, "fit") || !strcmp(name, "train"))) return EGT_FIT;
    return name && (!strcmp(name, "test") || !strcmp(name, "predict")) ? EGT_TEST : -1;
}

const double *(eg_fit_history)(eg_system *trainer, const char *phase, const char *metric, eg_history_of_fit which,
                               int64_t *num, const char *file, int line)
{
    if (num) *num = 0;
    egt_trainer *t = egt_of(trainer, "eg_fit_history", file, line);
    if (!t) return NULL;
    int p = phase_of(phase), k = 0;
    while (k < t->num_values && (!metric || strcmp(metric, t->name[k]) != 0)) k++;
    if (p < 0 || k == t->num_values) {
        char known[400] = "";
        for (int j = 0; j < t->num_values; j++) {
            size_t used = strlen(known);
            snprintf(known + used, sizeof known - used, "%s%.60s", used ? ", " : "", t->name[j]);
        }
        eg_fail(t->eg, EG_ERR_ARGUMENT, file, line,
                "eg_fit_history: '%s' has no '%.60s' of '%.60s'; phases are fit and test, metrics %s",
                eg_system_path(trainer), metric ? metric : "NULL", phase ? phase : "NULL", known);
        return NULL;
    }
    const egt_record *r = &t->record[p];
    const egt_series *s = !r->batch ? NULL : which == EG_BY_BATCH ? &r->batch[k] : &r->report[k];
    if (num && s) *num = s->num;
    return s ? s->at : NULL;
}
