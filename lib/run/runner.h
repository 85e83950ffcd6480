/* What the files of a runner share.
 *
 *     runner.c    making one, its class       input.c   what is put in, traced      monitor.c   what is recorded,
 * traced program.c   tracing loops over time     run.c     running them                record.c    memory, pairs, files
 *     result.c    what users read             progress.c  the bar
 *     batch.c     pieces of batches of samples
 */
#ifndef EGR_RUNNER_H
#define EGR_RUNNER_H

#include "engram/io.h"
#include "engram/parallel.h"
#include "engram/run.h"

enum { MAX_LEVELS = 4 };

/* A growing block of the context's memory. */
typedef struct block {
    void *at;
    size_t bytes;
} block;

/* Something that is recorded: a monitor, or a part of the update's output. */
typedef struct record {
    eg_monitor m;    /* texts and indices are copies */
    eg_array *index; /* indices that are no range */
    eg_spec one;     /* of the value, of one sample; known when the runner was probed */
    eg_spec row;     /* the same, or [B, ...] */
    int level;       /* at which it is recorded: each stride[level] steps */
    /* Of the last run: */
    int64_t rows;  /* recorded, or number of pairs */
    block history; /* rows or pairs */
    block turned;  /* batch first */
    block times;
    /* Of a piece: */
    block piece;   /* what compiled code writes, if not into the history itself */
    block scratch; /* pairs, by segment */
    void *out;
    eg_npy_stream *stream;
} record;

/* A traced function: blocks of stride[levels - 1] steps. */
typedef struct program {
    struct program *next;
    eg_func *func;
    int levels;
    int64_t blocks; /* -1: an argument */
} program;

/* What an input is put into: a variable, or the part of a group's. */
typedef struct place {
    eg_var *var;
    eg_spec spec; /* of the part */
    int64_t first;
} place;

typedef struct runner {
    eg_context *eg;
    eg_system *self, *target;
    const char *file; /* where the user made it */
    int line;
    eg_dsrunner_options o; /* arrays are copies */
    struct place *place;   /* of each input */
    eg_var *i0, *t0;
    record *monitor, *output;
    int num_outputs;
    /* What was traced is for: */
    int64_t made;
    bool probed, fit;
    eg_spec x;     /* of a row, of a batch [B, ...]; rank -1: none */
    int64_t batch; /* samples; 0: the mode has none */
    int num_levels;
    int64_t stride[MAX_LEVELS]; /* ascending, each divides the next */
    program *programs;
    int num_programs;
    /* The last run: */
    int64_t done, first; /* steps; the clock at its beginning */
    double origin;       /* t0 */
    block xs, times;
    bool running;
} runner;

extern const eg_class egr_class;

/* At least so many bytes, what was there is lost; false after an error. */
bool egr_reserve(runner *r, block *b, size_t bytes);
/* The same, what was there is kept. */
bool egr_grow(runner *r, block *b, size_t bytes);
/* What a record holds is given back. */
void egr_free_record(runner *r, record *m);
size_t egr_row_bytes(eg_spec row);
/* The runner behind a system; NULL and an error if it is none. */
runner *egr_of(eg_system *s, const char *what, const char *file, int line);

/* -- input.c */
bool egr_check_inputs(runner *r);
/* Traced: applies all inputs in step `k` of the run. */
void egr_apply_inputs(runner *r, eg_shared s, eg_val k);
/* Fewest rows that an iterated array has left for a run that begins at step i0 of the clock; INT64_MAX without one.
 * which: that input. */
int64_t egr_rows_left(const runner *r, int64_t i0, int *which);

/* -- monitor.c */
/* The variable behind a path below the target, type and shape of what the path means, and its first row: a part of a
 * group has some of the whole's.  NULL after an error that lists what there is. */
eg_var *egr_variable(runner *r, const char *path, eg_spec *spec, int64_t *first);
bool egr_check_monitors(runner *r);
/* Traced: the value; s.t is the end of the step. */
eg_val egr_monitored(runner *r, record *m, eg_shared s);
/* Traced: as it is recorded, bool values of events as bits. */
eg_val egr_recorded(runner *r, record *m, eg_val value);

/* -- program.c */
/* Finds out what there is to record, and the strides; false after an error. */
bool egr_probe(runner *r, bool fit, eg_spec x);
program *egr_program(runner *r, int levels, int64_t blocks);
void egr_forget_programs(runner *r);
/* Traced: all of the loop; see eg_dsrunner(). */
eg_val egr_update(eg_system *self, eg_shared s, eg_val x);

/* -- batch.c */
bool egr_batch_first(const runner *r);
/* Can all that is asked for be recorded of a batch? */
bool egr_check_batch(runner *r);
/* Finds the row of a record from that of one sample. */
bool egr_batch_row(runner *r, record *m);
/* The piece of one sample, which is freed, as that of the batch: x and results time first.  NULL after an error. */
eg_func *egr_batch_of(runner *r, const program *p, eg_func *one, bool has_x);

/* -- run.c */
/* to[b][a] = from[a][b], each of so many bytes. */
void egr_swap_axes(char *to, const char *from, int64_t a, int64_t b, size_t bytes);

/* -- record.c */
/* Records of level < levels, in the order of the program's results; NULL behind the last. */
record *egr_record(runner *r, int levels, int k);
/* Bytes that a block of that level puts into pieces. */
size_t egr_piece_bytes(const runner *r, int levels);
bool egr_begin_records(runner *r, int64_t steps);
/* Where results of a piece of `steps` steps, the first being step `at` of the run, go: sets each record's out. */
bool egr_begin_piece(runner *r, int levels, int64_t steps);
/* Takes what the piece has recorded. */
bool egr_end_piece(runner *r, int levels, int64_t at, int64_t steps);
bool egr_end_records(runner *r, bool keep_files);

#endif
