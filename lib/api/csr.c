/* Public functions of connections. */
#include <stdio.h>

#include "api/api.h"
#include "engram/connect.h"
#include "engram/parallel.h"
#include "runtime/csr.h"

static void destroy(void *object)
{
    eg_csr *c = object;
    const eg_allocator *a = &c->eg->allocator;
    egi_csr_clear(c, a);
    egi_free(a, c);
}

/* Gives the context what was made: a CSR, or NULL after an error; `made` is empty afterwards. */
static eg_csr *enter(eg_context *eg, eg_csr *made)
{
    eg_csr *c = egi_alloc(&eg->allocator, sizeof *c, EGI_ALIGN);
    if (!c || !egi_reserve(&eg->allocator, &eg->csrs, 1)) {
        egi_no_memory(eg);
        egi_csr_clear(made, &eg->allocator);
        egi_free(&eg->allocator, c);
        return NULL;
    }
    *c = *made;
    c->eg = eg;
    c->index = (uint32_t)eg->csrs.n;
    if (!egi_own(eg, c, destroy)) return NULL; /* it is freed */
    eg->csrs.at[eg->csrs.n++] = c;
    return c;
}

static void fail(eg_context *eg, eg_status status, const char *what, const char *message, const char *file, int line)
{
    if (status == EG_ERR_MEMORY)
        egi_no_memory(eg);
    else
        egi_fail(eg, status, file, line, "%s: %s", what, message);
}

eg_csr *(eg_csr_new)(eg_context *eg, int64_t num_pre, int64_t num_post, const int64_t *indptr, const int32_t *indices,
                     const char *file, int line)
{
    if (!egi_ready(eg)) return NULL;
    if (!indptr || (!indices && num_pre > 0 && indptr[num_pre] != 0)) {
        egi_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_csr_new: %s is NULL", indptr ? "indices" : "indptr");
        return NULL;
    }
    eg_csr made;
    char message[EGI_CSR_MESSAGE];
    eg_status status =
        egi_csr_copy(&made, &eg->allocator, eg->options.threads, num_pre, num_post, indptr, indices, message);
    if (status) {
        fail(eg, status, "eg_csr_new", message, file, line);
        return NULL;
    }
    return enter(eg, &made);
}

eg_csr *(eg_csr_adopt)(eg_context *eg, int64_t num_pre, int64_t num_post, int64_t *indptr, int32_t *indices,
                       const char *file, int line)
{
    if (!eg) return NULL;
    eg_csr made = {0};
    if (egi_ready(eg)) {
        char message[EGI_CSR_MESSAGE] = "";
        eg_status status = EG_ERR_ARGUMENT;
        if (!indptr || !indices)
            snprintf(message, sizeof message, "%s is NULL", indptr ? "indices" : "indptr");
        else
            status =
                egi_csr_take(&made, &eg->allocator, eg->options.threads, num_pre, num_post, indptr, indices, message);
        if (status == EG_OK) return enter(eg, &made);
        fail(eg, status, "eg_csr_adopt", message, file, line);
    }
    eg_release(eg, indptr);
    eg_release(eg, indices);
    return NULL;
}

eg_csr *(eg_csr_adopt_numbered)(eg_context *eg, int64_t num_pre, int64_t num_post, int64_t *indptr, int32_t *indices,
                                int64_t *order, const char *file, int line)
{
    eg_csr *c = (eg_csr_adopt)(eg, num_pre, num_post, indptr, indices, file, line);
    if (c)
        c->order = order;
    else
        eg_release(eg, order);
    return c;
}

uint64_t eg_connection_seed(const eg_context *eg)
{
    if (!eg) return 0;
    uint64_t key[2] = {eg->options.seed, (uint64_t)eg->csrs.n};
    return egi_hash(key, sizeof key, 0x436F6E6E65637473); /* "Connects" */
}

int64_t eg_csr_num_pre(const eg_csr *c) { return c ? c->num_pre : 0; }

int64_t eg_csr_num_post(const eg_csr *c) { return c ? c->num_post : 0; }

int64_t eg_csr_size(const eg_csr *c) { return c ? c->size : 0; }

const int64_t *eg_csr_indptr(const eg_csr *c) { return c ? c->indptr : NULL; }

const int32_t *eg_csr_indices(const eg_csr *c) { return c ? c->indices : NULL; }

const int64_t *eg_csr_order(const eg_csr *c) { return c ? c->order : NULL; }
