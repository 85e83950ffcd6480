/* Functions as steps: solo code with the data that it needs. */
#ifndef EGI_RUNTIME_SOLO_H
#define EGI_RUNTIME_SOLO_H

#include "jit/solo.h"
#include "runtime/csr.h"
#include "runtime/state.h"

/* The function as code of this process, on blocks laid out as states are.  Hangs on the function, newest first: the
 * host may still hold older ones, of layouts that the context has left behind. */
typedef struct egi_step {
    egi_solo solo;
    eg_step_fn fn;
    int64_t *all_at;      /* places of the context's variables, and */
    int64_t *var_at;      /* of graph->vars */
    egi_delivery **plans; /* for each delivery of the code */
    int64_t num_vars;     /* of the context, when it was made */
    struct egi_step *older;
} egi_step;

/* The step for the layout of now, made if need be; NULL after an error of the context. */
egi_step *egi_step_of(eg_func *f);
void egi_steps_free(eg_func *f);

/* Solo code for a file, and its data; false after an error of the context. */
typedef struct egi_image_options {
    egi_solo_kind kind;
    const char *name, *cpu;
    const eg_state *state; /* initial values; NULL = those of the variables */
} egi_image_options;
/* data: s->data_bytes of them, to be freed. */
bool egi_image_make(egi_solo *s, eg_func *f, const egi_image_options *o, char **data);

/* Data of which there can be so much in an object. */
#define EGI_MOST_EMBEDDED ((int64_t)1 << 30)

/* Plans of the deliveries that join several projections (others use the connections' rows); false: out of memory. */
bool egi_solo_plans(const egi_solo *s, egi_delivery ***plans);
void egi_solo_plans_free(const egi_solo *s, egi_delivery **plans);
/* Where the data of number k are: NULL if they are not used. */
const void *egi_solo_datum(const egi_solo *s, egi_delivery *const *plans, int64_t k);

#endif
