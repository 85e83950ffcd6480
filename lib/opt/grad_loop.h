/* Steps of loops, forwards and backwards. */
#ifndef EGI_OPT_GRAD_LOOP_H
#define EGI_OPT_GRAD_LOOP_H

#include "opt/grad.h"

/* Steps first .. first + n - 1 of a loop; all sequences hold just these. */
typedef struct egi_steps {
    egi_id loop;   /* of from */
    egi_id first;  /* 0: from the first */
    egi_id length; /* if the number of steps is no constant; else 0 */
    uint16_t body, region;
    int64_t n, nc, ns, ny;
    int64_t every;   /* forwards: steps between the checkpoints to write; 0: none */
    unsigned flags;  /* forwards */
    egi_ids carried; /* forwards: what they start from; backwards: adjoints behind them, then before; 0 = zero */
    egi_ids rows;    /* sequences */
    egi_ids start;   /* backwards: what each step starts from, stacked */
    egi_ids init;    /* backwards: what the first step starts from */
    egi_ids y;       /* adjoints of what is stacked, or 0 */
    egi_ids leaves, leaf_values;
    egi_ids outer;        /* nodes from outside that have adjoints */
    egi_ids rows_adjoint; /* result of running backwards: adjoints of the sequences, or 0 */
} egi_steps;

/* Of a whole loop of from, still without values. */
egi_steps egi_grad_steps(const egi_grad *x, egi_id loop);
void egi_grad_steps_free(const egi_grad *x, egi_steps *s);
/* The loop of these steps in to->region; fills in start[] and saved[] as its flags say. */
egi_id egi_grad_forward(egi_grad *x, egi_steps *s);
/* The steps backwards: s->carried and the adjoints of nodes from outside go from behind them to before them. */
void egi_grad_backward(egi_grad *x, egi_steps *s);
/* Steps between the checkpoints of a loop; 0: every step is stored. */
int64_t egi_grad_interval(const egi_grad *x, egi_id loop);
/* Backwards from checkpoints: s as for egi_grad_backward, but start holds the rows of the checkpoints. */
void egi_grad_segments(egi_grad *x, egi_steps *s, int64_t every);
/* -- grad_row.c: how it is stored what a step starts from ------------------------------------------------------ */

/* The row of carried value k, where its parameter is known; what kind of value it is read back as; and the value it
 * stands for, init being what the loop starts from and is_first whether this is that step.  The last does all of it
 * with a row of the checkpoints. */
egi_id egi_grad_carried_row(egi_grad *x, const egi_steps *s, int64_t k);
eg_spec egi_grad_carried_spec(const egi_grad *x, const egi_steps *s, int64_t k);
egi_id egi_grad_carried_value(egi_grad *x, const egi_steps *s, int64_t k, egi_id kept, egi_id init, egi_id is_first);
egi_id egi_grad_checkpoint(egi_grad *x, const egi_steps *s, int64_t k, egi_id row, egi_id init, egi_id is_first);

/* Does carried value k take an adjoint from step to step? */
bool egi_grad_carries(const egi_grad *x, const egi_steps *s, int64_t k);

#endif
