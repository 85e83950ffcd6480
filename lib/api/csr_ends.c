/* The ends of synapses as arrays of the context: what the gradient with respect to single weights gathers by. */
#include "api/api.h"
#include "opt/grad.h"
#include "runtime/csr.h"

eg_array *egi_csr_ends(eg_csr *c, bool post)
{
    if (c->ends[post]) return c->ends[post];
    if (c->num_pre > INT32_MAX) {
        egi_fail(c->eg, EG_ERR_ARGUMENT, NULL, 0, "eg_gradient: weights of more than 2147483647 sources");
        return NULL;
    }
    eg_array *a = (eg_array_new)(c->eg, eg_vector(EG_I32, c->size), post ? c->indices : NULL, NULL, 0);
    int32_t *source = a && !post ? eg_array_data(a) : NULL;
    for (int64_t row = 0; source && row < c->num_pre; row++) {
        for (int64_t k = c->indptr[row]; k < c->indptr[row + 1]; k++) source[k] = (int32_t)row;
    }
    return c->ends[post] = a;
}
