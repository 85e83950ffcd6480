/* Reference cases: a folder with case.json, whose field `run` says what to do, and one .npy file an array. */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include <engram/engram.h>
#include <jansson.h>

/* An array of a case, as doubles whatever its type. */
typedef struct golden_array {
    eg_dtype dtype; /* in its file */
    int rank;
    int64_t dim[8], num;
    double *data;
} golden_array;

/* A case being run. */
typedef struct golden {
    const char *dir;
    const json_t *json, *run; /* case.json and its field `run` */
    eg_context *eg;           /* f64, compiled or interpreted */
    double worst, tolerance;  /* largest error of a check as a share of what it may be; the check's rtol */
    double error;             /* the error itself */
    int checks;
    json_t *checked, *asked; /* results that were compared; parameters that were looked up, as "map.name" */
    char why[400];           /* what went wrong */
    bool unsupported;
    struct golden_loaded *loaded;
} golden;

/* Executes a case of its kind; results go to golden_check(). */
typedef void (*golden_fn)(golden *g);
void golden_neuron(golden *g);
void golden_synapse(golden *g);
void golden_network(golden *g);
void golden_input(golden *g);
void golden_runner(golden *g);
void golden_surrogate(golden *g);
void golden_optimizer(golden *g);
void golden_scheduler(golden *g);
void golden_loss(golden *g);
void golden_bptt(golden *g);
void golden_layer(golden *g);

/* Ends the case in an error. */
void golden_fail(golden *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* It asks for something that the library does not have. */
void golden_unsupported(golden *g, const char *what, const char *name);

/* -- what `run` says; a missing key ends the case ------------------------------------------------------------------ */

const char *golden_name(golden *g, const char *key);
double golden_number(golden *g, const char *key);
/* Number `name` of the map `key`; `otherwise` if it is null or not there. */
double golden_param(golden *g, const char *key, const char *name, double otherwise);
/* Entry `name` of the map `key`, of any type; NULL if it is not there. */
const json_t *golden_entry(golden *g, const char *key, const char *name);
/* Ends the case in an error if a result that it asks for was not compared, or a parameter never looked at. */
void golden_complete(golden *g);
/* The array that the key names, itself or as entry `name` of a map (NULL: itself). */
const golden_array *golden_input_array(golden *g, const char *key, const char *name);
bool golden_has(const golden *g, const char *key, const char *name);
/* Compares a history with the result's check array. */
void golden_check_history(golden *g, const char *result, eg_history h);
/* Scenarios of the kind `runner` with systems around systems; false: it is none of them. */
bool golden_loop(golden *g, const char *scenario);
/* Frees the arrays that it has read. */
void golden_free_arrays(golden *g);

/* The numbers of a json list, at most `most`; their number. */
int golden_numbers(golden *g, const json_t *list, double *to, int most);

/* -- schedules ----------------------------------------------------------------------------------------------------- */

enum { GOLDEN_PIECES = 16 };
/* A schedule by its name and parameters; boundaries and values go into the arrays. */
typedef struct golden_rates {
    eg_schedule schedule;
    int64_t boundaries[GOLDEN_PIECES];
    double values[GOLDEN_PIECES];
} golden_rates;
/* Every one of the parameters is used, or UNSUPPORTED. */
void golden_schedule(golden *g, const char *name, const json_t *params, golden_rates *r);

/* -- comparing ----------------------------------------------------------------------------------------------------- */

/* Compares a result, if the case asks for it, with its check array: |got - stored| <= atol + rtol |stored|. */
void golden_check(golden *g, const char *result, const double *got, int64_t num);

/* -- scenes -------------------------------------------------------------------------------------------------------- */

/* Adds row k of an array [steps] or [steps, num] to a variable of the group in step k. */
void golden_feed(golden *g, eg_system *group, const char *to, const golden_array *rows);
/* Keeps what a variable is at the end of each step, inputs too: the variable to record. */
eg_var *golden_keep(golden *g, eg_system *group, const char *variable);
/* Initial values. */
void golden_start(golden *g, eg_system *group, const char *variable, const golden_array *from);
/* Runs, recording f64, i32 or bool variables after every step into out[k], of the caller's to free. */
void golden_simulate(golden *g, eg_system *net, int64_t steps, int num, eg_var *const *record, double **out);
/* Rows every - 1, 2 every - 1, ... of [steps, width]; in place.  Their number. */
int64_t golden_every(double *rows, int64_t steps, int64_t width, int64_t every);

#endif
