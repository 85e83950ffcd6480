/* Connections in compressed rows, and the plans by which teams deliver spikes along them. */
#ifndef EGI_CSR_H
#define EGI_CSR_H

#include "core/core.h"

/* Immutable once made.  Row i holds the targets indices[indptr[i]..indptr[i + 1]), ascending; equal ones (several
 * connections of one pair) in the order they were given. */
struct eg_csr {
    eg_context *eg;
    uint32_t index; /* in eg->csrs */
    int64_t num_pre, num_post, size;
    int64_t *indptr;
    int32_t *indices;      /* readable EGI_SLACK bytes behind the end */
    int64_t *order;        /* connection k here was number order[k] for the user; NULL: the same */
    eg_array *order_array; /* order as a value of traces; made when first needed */
    eg_array *ends[2];     /* source and target of each synapse (i32), for gradients; made when first needed */
};

enum { EGI_CSR_MESSAGE = 256 };

/* Connections a thread should have to itself: less is not worth waking it (10 to 50 us of work). */
#ifndef EGI_CSR_GRAIN
#define EGI_CSR_GRAIN 32768
#endif

/* Fills in c with checked, sorted copies of the arrays (indptr[0..num_pre], indices[0..indptr[num_pre])).
 * Anything but EG_OK leaves c empty and says in `message` what is wrong: the first row and position. */
eg_status egi_csr_copy(eg_csr *c, const eg_allocator *a, int threads, int64_t num_pre, int64_t num_post,
                       const int64_t *indptr, const int32_t *indices, char message[EGI_CSR_MESSAGE]);
/* The same without copying: the arrays come from `a` and become c's if all is well; rows must be ascending already. */
eg_status egi_csr_take(eg_csr *c, const eg_allocator *a, int threads, int64_t num_pre, int64_t num_post,
                       int64_t *indptr, int32_t *indices, char message[EGI_CSR_MESSAGE]);
/* Frees what c holds, not c. */
void egi_csr_clear(eg_csr *c, const eg_allocator *a);

/* One projection in a plan: where its target array begins, in elements from the base that all of the plan share. */
typedef struct egi_delivery_part {
    const eg_csr *csr;
    int64_t offset;
} egi_delivery_part;

/* How a team of nt delivers the spikes of one source population along several projections at once.  Thread t adds into
 * its own targets alone: egi_slice(num_post, 64, t, nt) of each projection.  Hence no atomics, and since every target
 * meets its sources in ascending order, the same bits for any nt.
 * For row i and thread t the targets are target[ptr[i * nt + t]..ptr[i * nt + t + 1]): projections in their order,
 * in each ascending, counted in elements from the common base. */
typedef struct egi_delivery {
    int64_t num_pre, size;
    int nt;
    const int64_t *ptr;    /* [num_pre * nt + 1] */
    const int32_t *target; /* [size], readable EGI_SLACK bytes behind the end */
    /* NULL unless asked for.  Weight of target[k] is number source[k] of all connections, the projections' (in the
     * order of csr->indices) one after the other. */
    const int64_t *source;
    bool borrowed; /* ptr and target are the connections' own */
} egi_delivery;

/* What a plan takes: bytes of each block, the last one only while it is made. */
typedef struct egi_delivery_room {
    int64_t size;  /* connections */
    bool borrowed; /* it needs none */
    size_t ptr, target, source, cursor;
} egi_delivery_room;
eg_status egi_delivery_need(egi_delivery_room *room, int nt, int num_parts, const egi_delivery_part *parts,
                            bool with_source);
/* Makes a plan; all parts have the same number of rows.  One part at offset 0 for a team of one costs no copy.
 * EG_ERR_MEMORY, or EG_ERR_ARGUMENT where a target's place does not fit 32 bits or rows differ. */
eg_status egi_delivery_new(egi_delivery **plan, const eg_allocator *a, int nt, int num_parts,
                           const egi_delivery_part *parts, bool with_source);
void egi_delivery_free(egi_delivery *plan, const eg_allocator *a);

#endif
