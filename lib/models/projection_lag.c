/* Connections whose synapses differ: weights by pair, delays by synapse. */
#include <string.h>

#include "engram/parallel.h"
#include "projection.h"

typedef struct job {
    const projection *p;
    const int64_t *row, *order; /* of the connections; order NULL: as they were given */
    const int32_t *target;
    size_t size; /* of a weight */
    const char *weight;
    char *by_synapse;      /* flattened weights */
    const int32_t *lag_of; /* by steps: which one */
    int64_t **indptr;      /* of each lag; while counting, that of row i at i + 1 */
    int32_t **indices;
    char **lag_weight;
} job;

static job job_of(const projection *p)
{
    job j = {.p = p, .row = eg_csr_indptr(p->csr), .order = eg_csr_order(p->csr), .target = eg_csr_indices(p->csr)};
    if (!p->weight) return j;
    j.size = eg_dtype_size(eg_array_spec(p->weight).dtype);
    j.weight = eg_array_data(p->weight);
    return j;
}

/* Number of connection e as the user gave it. */
static int64_t number(const job *j, int64_t e) { return j->order ? j->order[e] : e; }

/* -- weights ------------------------------------------------------------------------------------------------------- */

static void flatten(void *user, int64_t lo, int64_t hi)
{
    const job *j = user;
    int64_t num_post = eg_num(j->p->post);
    for (int64_t i = lo; i < hi; i++) {
        for (int64_t e = j->row[i]; e < j->row[i + 1]; e++) {
            int64_t from = i * num_post + j->target[e], to = number(j, e);
            memcpy(j->by_synapse + (size_t)to * j->size, j->weight + (size_t)from * j->size, j->size);
        }
    }
}

bool projection_flatten(eg_system *self, projection *p)
{
    eg_context *eg = eg_system_context(self);
    job j = job_of(p);
    eg_array *flat = eg_array_new(eg, eg_vector(eg_float_type(self), eg_csr_size(p->csr)), NULL);
    j.by_synapse = eg_array_data(flat);
    if (!j.by_synapse) return false;
    eg_parallel_for(eg, eg_num(p->pre), 64, flatten, &j);
    p->weight = flat;
    return !eg_error(eg);
}

/* -- delays -------------------------------------------------------------------------------------------------------- */

static int32_t lag_at(const job *j, int64_t e) { return j->lag_of[j->p->delay.each[number(j, e)]]; }

static void count(void *user, int64_t lo, int64_t hi)
{
    const job *j = user;
    for (int64_t i = lo; i < hi; i++) {
        for (int64_t e = j->row[i]; e < j->row[i + 1]; e++) j->indptr[lag_at(j, e)][i + 1]++;
    }
}

/* Row i of a lag begins at its indptr[i], which ends up where the next row begins. */
static void fill(void *user, int64_t lo, int64_t hi)
{
    const job *j = user;
    bool by_source = j->weight && eg_array_spec(j->p->weight).dim[0] != eg_csr_size(j->p->csr);
    for (int64_t i = lo; i < hi; i++) {
        for (int64_t e = j->row[i]; e < j->row[i + 1]; e++) {
            int32_t k = lag_at(j, e);
            int64_t to = j->indptr[k][i]++;
            j->indices[k][to] = j->target[e];
            if (!j->weight) continue;
            int64_t from = by_source ? i : number(j, e);
            memcpy(j->lag_weight[k] + (size_t)to * j->size, j->weight + (size_t)from * j->size, j->size);
        }
    }
}

/* Makes room for the connections of each lag; with all memory or none. */
static bool make_room(eg_system *self, const job *j, int num, lag *lags)
{
    eg_context *eg = eg_system_context(self);
    int64_t num_pre = eg_num(j->p->pre);
    for (int k = 0; k < num; k++) {
        j->indptr[k] = eg_alloc(eg, num_pre + 1, sizeof **j->indptr);
        if (!j->indptr[k]) return false;
        memset(j->indptr[k], 0, (size_t)(num_pre + 1) * sizeof **j->indptr);
    }
    eg_parallel_for(eg, num_pre, 64, count, (void *)(uintptr_t)j);
    for (int k = 0; k < num; k++) {
        int64_t *start = j->indptr[k];
        for (int64_t i = 0; i < num_pre; i++) start[i + 1] += start[i];
        j->indices[k] = eg_alloc(eg, start[num_pre], sizeof **j->indices);
        if (!j->indices[k]) return false;
        if (!j->weight) continue;
        lags[k].weight = eg_array_new(eg, eg_vector(eg_float_type(self), start[num_pre]), NULL);
        j->lag_weight[k] = eg_array_data(lags[k].weight);
        if (!j->lag_weight[k]) return false;
    }
    return !eg_error(eg);
}

/* Gives the context what was filled; after an error frees it. */
static bool adopt(eg_system *self, const job *j, int num, lag *lags)
{
    eg_context *eg = eg_system_context(self);
    int64_t num_pre = eg_num(j->p->pre);
    for (int k = 0; k < num; k++) {
        int64_t *start = j->indptr[k];
        if (!eg_error(eg) && num_pre) memmove(start + 1, start, (size_t)num_pre * sizeof *start);
        if (!eg_error(eg)) start[0] = 0;
        lags[k].csr = eg_csr_adopt(eg, num_pre, eg_num(j->p->post), start, j->indices[k]);
    }
    return !eg_error(eg);
}

/* Numbers the delays that occur, ascending: lag_of[steps], -1 where none has it.  Their number. */
static int number_lags(const eg_delay_step *d, int32_t most, int32_t *lag_of)
{
    int num = 0;
    for (int32_t s = 0; s <= most; s++) lag_of[s] = -1;
    for (int64_t k = 0; k < d->num; k++) lag_of[d->each[k]] = 0;
    for (int32_t s = 0; s <= most; s++) {
        if (lag_of[s] == 0) lag_of[s] = num++;
    }
    return num;
}

static bool divide(eg_system *self, projection *p, int32_t most, int num, const int32_t *lag_of)
{
    eg_context *eg = eg_system_context(self);
    job j = job_of(p);
    j.lag_of = lag_of;
    j.indptr = eg_keep(eg, (size_t)num * sizeof *j.indptr);
    j.indices = eg_keep(eg, (size_t)num * sizeof *j.indices);
    j.lag_weight = eg_keep(eg, (size_t)num * sizeof *j.lag_weight);
    p->lag = eg_keep(eg, (size_t)num * sizeof *p->lag);
    if (!j.indptr || !j.indices || !j.lag_weight || !p->lag) return false;
    p->num_lags = num;
    for (int32_t s = 0; s <= most; s++) {
        if (lag_of[s] >= 0) p->lag[lag_of[s]].steps = s;
    }
    if (make_room(self, &j, num, p->lag)) eg_parallel_for(eg, eg_num(p->pre), 64, fill, &j);
    return adopt(self, &j, num, p->lag);
}

bool projection_split(eg_system *self, projection *p, int32_t most)
{
    eg_context *eg = eg_system_context(self);
    int32_t *lag_of = eg_alloc(eg, most + 1, sizeof *lag_of);
    if (!lag_of) return false;
    int num = number_lags(&p->delay, most, lag_of);
    bool ok = num < 2 || divide(self, p, most, num, lag_of);
    if (num < 2) p->delay = (eg_delay_step){.steps = most};
    eg_release(eg, lag_of);
    return ok;
}
