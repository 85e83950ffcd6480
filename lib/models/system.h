/* What system.c, network.c and simulate.c share.  Models see engram/dynsys.h only. */
#ifndef EGM_SYSTEM_H
#define EGM_SYSTEM_H

#include "engram/dynsys.h"

/* A variable of a system. */
typedef struct member {
    struct member *next;
    eg_var *var;
    const char *name;
    eg_initializer init;
    bool input;
    /* Inputs, while a step is traced: */
    eg_val held;   /* value at its beginning */
    eg_val sum;    /* what arrived, while it is the same number for all ... */
    eg_val filled; /* ... and the variable's value then */
} member;

/* What only the root of a tree has. */
typedef struct root {
    double dt;
    eg_dtype dtype;
    uint64_t seed;
    int64_t made; /* systems and variables so far: what was traced before is out of date */
    eg_var *step;
    struct stepper *steppers;
} root;

struct eg_system {
    eg_context *eg;
    const eg_class *type;
    const char *name, *path;
    void *self;
    int64_t num;
    root *root;
    eg_system *parent, *first, *last, *next;
    member *first_member, *last_member;
    const char *file; /* where the user made it */
    int line;
};

/* Traced: an input starts a step at 0. */
void fill_input(member *m);
/* Draws the elements of a variable into memory. */
void draw_initial(const eg_system *s, const member *m, void *to);
/* Checks the numbers of an initialiser against the elements of the variable; an error names both. */
bool check_initial(eg_system *s, const char *name, int64_t elements, const eg_initializer *i);
int64_t elements_of(eg_spec spec);

#endif
