/* A fused stage while it is lowered: what fused_key.c describes and lower_fused.c emits. */
#ifndef EGI_FUSED_H
#define EGI_FUSED_H

#include "core/context.h"
#include "jit/lower.h"

typedef struct egi_fused {
    egi_lower *l;
    const egi_stage *s;
    egi_nest nest;
    egi_text key;
    unsigned lanes;
    LLVMValueRef arg[EGI_STAGE_PARAMS]; /* in the main function */
    LLVMTypeRef type[EGI_STAGE_PARAMS];
    unsigned num;
    bool window; /* see egi_window: slices begin and end anywhere, and nothing is loaded from behind them */
    bool masked; /* stores must not touch what lies behind the last element */
    /* in the stage's function */
    egi_irb b;
    LLVMValueRef fn;
    LLVMValueRef *value;                                  /* for each node */
    LLVMValueRef index[EG_MAX_RANK], extent[EG_MAX_RANK]; /* of each loop of the nest */
    LLVMValueRef last_index, left;                        /* of the innermost loop; elements from there on */
    LLVMValueRef whole;                                   /* are they a vector at least?  NULL: it does not matter */
    LLVMValueRef last;                                    /* mask: last step of a chunk */
} egi_fused;

/* What the text leaves open, as numbers of parameters. */
typedef struct egi_loaded {
    bool splat;            /* a scalar */
    unsigned pointer;      /* parameter, or the scalar's */
    int kind[EG_MAX_RANK]; /* stride along each loop: 0, 1 = contiguous, 2 = parameter, 3 = every second (innermost) */
    unsigned stride[EG_MAX_RANK];
} egi_loaded;

typedef struct egi_random_of {
    egi_id node;
    unsigned key[2];
} egi_random_of;

typedef struct egi_layout {
    egi_loaded *load, *words;
    unsigned *scalar; /* parameter of each scalar of the nest; embedded constants: none */
    unsigned *store, *from, *list, *gather, *gather_size;
    unsigned lo, hi, dim[EG_MAX_RANK], step, inner, last;
    egi_random_of *random;
    int64_t num_random;
} egi_layout;

/* Is the scalar written into the code? */
bool egi_fused_embedded(const egi_fused *f, egi_id id);
/* The stage's text and the arguments for it, in the main function. */
void egi_fused_describe(egi_fused *f, egi_layout *y, uint16_t region);
/* Which of the nest's words an UNPACK reads. */
int64_t egi_fused_words(const egi_fused *f, egi_id id);
unsigned egi_fused_lanes(const egi_fused *f);
/* Adds the scalars that only a rotated value uses to those of the nest. */
void egi_fused_rotated_scalars(egi_fused *f, egi_id id, const egi_store *st);

#endif
