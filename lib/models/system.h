/* What system.c, network.c and simulate.c share.  Models see engram/dynsys.h only. */
#ifndef EGM_SYSTEM_H
#define EGM_SYSTEM_H

#include "engram/modes.h"

typedef enum member_kind { MEMBER_STATE, MEMBER_INPUT, MEMBER_PARAMETER, MEMBER_BUFFER } member_kind;

/* What holds a variable for a number of samples. */
typedef struct batch_var {
    struct batch_var *next;
    int64_t num;
    bool initial; /* holds what calls begin with, for functions that keep no state */
    const eg_var *one;
    eg_var *all;
} batch_var;

/* A variable of a system. */
typedef struct member {
    struct member *next;
    eg_var *var;
    eg_var *floating; /* of spikes: what stands for var in training; made for the first */
    const char *name;
    eg_initializer init;
    member_kind kind;
    bool fires; /* made by eg_add_spike */
    batch_var *batches;
    const struct member *from; /* what it was last reset from (eg_reset_from) */
    void *kept;                /* by eg_remember_parameters() */
    int64_t made;              /* root->made then */
    /* Inputs, while a step is traced: */
    eg_val held;   /* value at its beginning */
    eg_val sum;    /* what arrived, while it is the same number for all ... */
    eg_val filled; /* ... and the variable's value then */
} member;

/* A shared argument with a name. */
typedef struct extra {
    struct extra *next;
    const char *name;
    eg_var *var; /* f64 */
} extra;

/* What only the root of a tree has. */
typedef struct root {
    double dt;
    eg_dtype dtype;
    eg_mode mode;
    int64_t batch; /* samples, where no data say it */
    uint64_t seed;
    int64_t made; /* systems and variables so far: what was traced before is out of date */
    eg_var *step;
    struct stepper *steppers;
    extra *extras;
} root;

/* A child that moved away (eg_to_dynsys): its variables keep names that begin with its own. */
typedef struct gone {
    struct gone *next;
    const eg_system *child;
} gone;

struct eg_system {
    eg_context *eg;
    const eg_class *type;
    const char *name, *path;
    void *self;
    int64_t num;
    root *root;
    eg_system *parent, *first, *last, *next;
    gone *gone;
    member *first_member, *last_member;
    int64_t made;     /* root->made then */
    eg_system *whole; /* of a part: what it is a part of, */
    int64_t from;     /* and where it begins */
    const char *file; /* where the user made it */
    int line;
};

/* The variable that stands for the member in the tree's mode. */
static inline eg_var *variable_of(const eg_system *s, const member *m)
{
    return m->floating && s->root->mode == EG_TRAINING ? m->floating : m->var;
}

/* Do all samples of a batch have the same? */
static inline bool is_shared(const member *m) { return m->kind == MEMBER_PARAMETER || m->kind == MEMBER_BUFFER; }

/* The member of s, or of what is in it, that the variable is, and its system; NULL if it is none. */
member *owner_of(eg_system *s, const eg_var *v, eg_system **in);
/* Makes a variable of the system; NULL after an error. */
member *add_member(eg_system *s, const char *name, eg_spec spec, eg_initializer init, member_kind kind,
                   const char *file, int line);
/* A variable that was made by other means becomes a state that starts at 0: it is reset, and batches have their own.
 * What was traced stays up to date.  False after an error. */
bool adopt_variable(eg_system *s, eg_var *v);
/* Spikes of s and of all in it get their variables for training. */
bool make_all_floating(eg_system *s);
/* The variable that the path names, and the system it is found in; NULL after an error that lists what there is. */
member *find_member(eg_system *s, const char *path, eg_system **in, const char *file, int line);
/* Traced: an input starts a step at 0. */
void fill_input(member *m);
/* Draws the elements of a variable of the member into memory: of itself, or of a batch, sample by sample; errors go to
 * the context. */
void draw_initial(const eg_system *s, const member *m, eg_var *v, void *to);
/* The variable's initial value in states to come is drawn. */
bool give_initial(eg_system *s, const member *m, eg_var *v);
/* Checks the numbers of an initialiser and that it suits the shape of the variable; an error names both. */
bool check_initial(eg_system *s, const char *name, eg_spec spec, const eg_initializer *i);
bool good_name(const char *s);
/* The child whose name is the first `length` characters; NULL if there is none. */
eg_system *child_named(const eg_system *parent, const char *name, size_t length);
/* A name of the context's: the path a.b. */
const char *keep_text(eg_context *eg, const char *a, const char *b);

#endif
