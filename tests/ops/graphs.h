/* Small graphs for tests of the interpreter, made with the internal builders in a context without API. */
#ifndef ENGRAM_TESTS_GRAPHS_H
#define ENGRAM_TESTS_GRAPHS_H

#include "core/context.h"
#include "ir/eval.h"
#include "ir/ref.h"
#include "support/support.h"

/* One at a time: graph_begin() to graph_end(). */
egi_graph *graph_begin(void);
void graph_end(egi_graph *g);

egi_id graph_arg(egi_graph *g, eg_spec spec);
egi_id graph_var(egi_graph *g, eg_var *v);
/* Any node of given type and shape; ints are its attributes. */
egi_id graph_node(egi_graph *g, egi_op op, eg_spec spec, uint32_t num_args, const egi_id *args, int num_ints,
                  const int64_t *ints, uint64_t imm);
void graph_result(egi_graph *g, egi_id id);
void graph_write(egi_graph *g, uint32_t slot, egi_id id);

/* A region and its parameters; region_result adds a result; close hands it to its owner when that is made. */
uint16_t region_open(egi_graph *g, bool arm);
egi_id region_param(egi_graph *g, uint16_t region, eg_spec spec);
void region_result(egi_graph *g, uint16_t region, egi_id id);
void region_close(egi_graph *g, uint16_t region);
egi_id region_owner(egi_graph *g, egi_op op, uint32_t num_args, const egi_id *args, int num_ints, const int64_t *ints);

/* Runs with default options and expects EG_OK. */
void graph_run(const egi_graph *g, const void *const *args, void *const *results);
/* One operation of one to three operands, run once. */
void run_op(egi_op op, eg_spec result, uint32_t num_args, const eg_spec *specs, const void *const *args, int num_ints,
            const int64_t *ints, void *out);

/* Halves its argument (f32) while that is above 1; its result (i64) is how often. */
egi_graph *graph_halving(void);

#define AXES(...)                                                                                                      \
    (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]) { __VA_ARGS__ }

#endif
