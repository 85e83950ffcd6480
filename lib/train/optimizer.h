/* What the files of optimisers share.
 *
 *     optimizer.c        making one, names, its variables      optimizer_update.c  updates and clipping, traced
 *     optimizer_params.c parameters and their ranges           optimizer_rules.c   the rules, one function each
 *     schedule.c         learning rates
 */
#ifndef EGO_OPTIMIZER_H
#define EGO_OPTIMIZER_H

#include "engram/dynsys.h"
#include "engram/math.h"
#include "engram/optimizers.h"
#include "engram/parallel.h"

/* A call by a user: where errors, the text of the graph and what a check for NaN names say it is. */
typedef struct ego_place {
    eg_context *eg;
    const char *who; /* begins its errors: "eg_schedule_at", "eg_optimizer_new: Adam 'fast'" */
    const char *file;
    int line;
} ego_place;

/* Every operation of an update, a clipping or a schedule stands where the user called it. */
#undef EG_HERE
#define EG_HERE at->file, at->line

enum {
    EGO_WHO = 160,                  /* bytes for the beginning of an error */
    EGO_MAX_SLOTS = EG_MAX_RANK + 1 /* variables of its own for one that it trains: SM3 has the most */
};

struct eg_optimizer {
    eg_context *eg;
    const char *name;
    eg_optimizer_params p; /* arrays of lr are copies */
    int num, num_own;
    eg_var **var; /* [num] trained */
    eg_var **own; /* [num_own]: the counter, then the slots of each */
    int *first;   /* [num + 1]: where in own those of variable k begin */
};

/* -- optimizer_rules.c */

/* What a rule sees of one variable in one update. */
typedef struct ego_step {
    const ego_place *place;
    const char *file; /* those of the place */
    int line;
    const eg_optimizer_params *p;
    eg_dtype type; /* of the variable */
    int rank;
    eg_val x, g;    /* its value, decayed where the rule does not do that itself; its gradient */
    eg_val lr, k;   /* f64: rate, number of the update from 1 on */
    eg_var **slots; /* what is remembered of it */
} ego_step;

/* A variable to be made for a variable that is trained. */
typedef struct ego_slot {
    char name[16];
    eg_spec spec;
} ego_slot;

/* How weight_decay comes in. */
typedef enum ego_decay {
    EGO_DECAY_PLAIN,    /* x (1 - weight_decay) before the rule sees it */
    EGO_DECAY_TIMES_LR, /* x (1 - lr weight_decay) before the rule sees it */
    EGO_DECAY_IN_RULE
} ego_decay;

/* Parameters that not every kind has. */
typedef enum ego_field {
    EGO_MOMENTUM = 1,
    EGO_RHO = 2,
    EGO_BETA1 = 4,
    EGO_BETA2 = 8,
    EGO_BETAS = 16,
    EGO_BETA = 32,
    EGO_EPS = 64,
    EGO_TC = 128,
    EGO_AMSGRAD = 256,
    EGO_NO_PROX = 512
} ego_field;

typedef struct ego_rule {
    eg_val (*next)(const ego_step *s); /* traced: sets the slots, returns the new value */
    const char *slots[5];              /* names; NULL ends them */
    unsigned fields;                   /* ego_field, those that it has */
    ego_decay decay;
    eg_optimizer_params defaults; /* but for kind, and lr without one */
} ego_rule;

extern const ego_rule ego_rules[EG_OPTIMIZER_COUNT];

/* What is remembered of a variable of that spec; their number. */
int ego_slots_of(const eg_optimizer_params *p, eg_spec spec, ego_slot *slots);

/* A norm that may be of numbers whose squares are no doubles: it is unit times root, both f64. */
typedef struct ego_norm {
    eg_val unit, root;
} ego_norm;
/* Traced: of all elements of the values together. */
ego_norm ego_norm_of(const ego_place *at, int num, const eg_val *x);

/* -- optimizer_params.c */

/* An error and false if one is outside of its range. */
bool ego_check_params(const ego_place *at, const eg_optimizer_params *p);

/* -- schedule.c */

/* An error and false if it is none. */
bool ego_check_schedule(const ego_place *at, const eg_schedule *s);

#endif
