/* The verifier: a good graph passes, and a graph that breaks one rule is refused with that rule's words.
 *
 * One row, one rule: the graph of graphs.h is built, the first node of an operation is found (id, n) and broken by the
 * row's statement. */
#include <stdio.h>

#include "support/support.h"
#include "unit/graphs.h"

static eg_context *eg;

static void setup(void)
{
    eg = test_context();
    ck_assert_msg(eg && !eg_error(eg), "%s", eg_message(eg));
}

static void teardown(void) { eg_close(eg); }

static egi_id find(const egi_graph *g, egi_op op)
{
    egi_id id = 1;
    while (id < g->nodes.n && egi_at(g, id)->op != op) id++;
    ck_assert_msg(id < g->nodes.n, "no %s in the graph", egi_ops[op].text);
    return id;
}

static void arg(egi_graph *g, egi_id id, uint32_t k, egi_id to) { g->operands.at[g->nodes.at[id].args + k] = to; }

static void attr(egi_graph *g, egi_id id, int k, int64_t to)
{
    g->ints.at[g->nodes.at[id].attr + 1 + (uint32_t)k] = to;
}

static void ints(egi_graph *g, egi_id id, int n, const int64_t *v) { g->nodes.at[id].attr = egi_ints(g, n, v); }

/* The k-th region that a node owns. */
static egi_region *region(egi_graph *g, egi_id id, int k) { return &g->regions.at[egi_ints_of(g, egi_at(g, id))[k]]; }

/* A node that some rule of placing forbids egi_node_make to make. */
static egi_id raw(egi_graph *g, egi_node n, uint32_t num_args, const egi_id *args)
{
    n.args = (uint32_t)g->operands.n;
    n.num_args = num_args;
    for (uint32_t k = 0; k < num_args; k++) (void)egi_push(&g->eg->allocator, &g->operands, args[k]);
    (void)egi_push(&g->eg->allocator, &g->nodes, n);
    return (egi_id)g->nodes.n - 1;
}

/* Turns the k-th result of a region into one more parameter of it. */
static void as_param(egi_graph *g, egi_region *r, int64_t k)
{
    egi_id id = r->results.at[k];
    egi_node *n = &g->nodes.at[id];
    *n = (egi_node){
        .op = EGI_PARAM, .dtype = n->dtype, .region = n->region, .shape = n->shape, .imm = (uint64_t)r->params.n};
    (void)egi_push(&g->eg->allocator, &r->params, id);
    ints(g, id, INTS(n->region));
}

#define V(r, a, b) dims(g, r, a, b, 0)
/* name, operation, words of the rule, what breaks it */
#define RULES(X)                                                                                                       \
    X(op_exists, ADD, "its operation exists", n->op = EGI_OP_COUNT)                                                    \
    X(none_is_zero, ADD, "only node 0 is none", n->op = EGI_NONE)                                                      \
    X(type_exists, ADD, "its type exists", n->dtype = EG_DTYPE_COUNT + 1)                                              \
    X(complex_type, ADD, "complex values are pairs of real ones", n->dtype = EG_C64)                                   \
    X(complex_node, MUL, "complex values are pairs of real ones", n->op = EGI_COMPLEX)                                 \
    X(complex_result, ADD, "as complex result 0 it is of floats", egi_result_becomes_complex(g, 0))                    \
    X(complex_result_exists, ADD, "complex result 99 exists", egi_result_becomes_complex(g, 99))                       \
    X(complex_argument, ARG, "argument 0 is stored with an axis more",                                                 \
      g->args.at[0] = ((eg_spec){.dtype = EG_C64, .rank = EG_MAX_RANK}))                                               \
    X(region_exists, ADD, "its region exists", n->region = 999)                                                        \
    X(shape_exists, ADD, "its shape exists", n->shape = 9999)                                                          \
    X(place_exists, ADD, "its place exists", n->loc = 9999)                                                            \
    X(operands_exist, ADD, "its operands exist", n->args = UINT32_MAX)                                                 \
    X(attributes_exist, SUM, "its attributes exist", n->attr = UINT32_MAX)                                             \
    X(attributes_fit, SUM, "its attributes exist", g->ints.at[n->attr] = 1 << 30)                                      \
    X(arity, ADD, "it has 2 operands, not 1", n->num_args = 1)                                                         \
    X(operand_is_value, ADD, "operand 1 is a value", arg(g, id, 1, 0))                                                 \
    X(operand_before, ADD, "operand 0 has a smaller number", arg(g, id, 0, id))                                        \
    X(no_number, ADD, "it has no number", n->imm = 1)                                                                  \
    X(shape_rank, ADD, "has a rank of 0 to 6", g->shapes.at[1].rank = 7)                                               \
    X(shape_extent, ADD, "has extents >= 0 and a number of elements", g->shapes.at[1].dim[0] = -1)                     \
    X(scalar_first, ADD, "shape 0 has rank 0", g->shapes.at[0].rank = 1)                                               \
    X(argument_spec, ARG, "argument 0 has a type and a shape", g->args.at[0].rank = 9)                                 \
    X(variable_slot, VAR, "variable slot 0 holds a variable", g->vars.at[0] = NULL)                                    \
    X(variable_once, VAR, "has one slot", g->vars.at[1] = g->vars.at[0])                                               \
    X(array_slot, ARRAY, "array slot 0 holds an array", g->arrays.at[0] = NULL)                                        \
    X(csr_slot, EVENT, "CSR slot 0 holds connections", g->csrs.at[0] = NULL)                                           \
    /* regions and scope */                                                                                            \
    X(scope, LOOP, "is in scope in region 0",                                                                          \
      raw(g, (egi_node){.op = EGI_NEG, .dtype = EG_I64}, A_(region(g, id, 0)->params.at[0])))                          \
    X(top_region, ADD, "region 0 is the outermost", g->regions.at[0].owner = 3)                                        \
    X(region_parent, LOOP, "lies in one with a smaller number", region(g, id, 0)->parent = 60000)                      \
    X(region_depth, LOOP, "is one deeper than the region around it", region(g, id, 0)->depth = 5)                      \
    X(region_complete, LOOP, "is complete", region(g, id, 0)->open = true)                                             \
    X(region_owner, LOOP, "has an owner", region(g, id, 0)->owner = 0)                                                 \
    X(names_regions, COND, "it names its regions", n->attr = 0)                                                        \
    X(own_region_exists, LOOP, "its region 77 exists", attr(g, id, 0, 77))                                             \
    X(own_region, COND, "is its own and lies where it lies", attr(g, id, 0, egi_ints_of(g, n)[1]))                     \
    X(floor_of_arm, COND, "nothing may be moved out of the arm of a cond", region(g, id, 1)->floor = 0)                \
    X(owner_names, LOOP, "names it",                                                                                   \
      (void)egi_push(&eg->allocator, &g->regions, ((egi_region){.depth = 1, .owner = id})))                            \
    X(param_exists, LOOP, "parameter 0 of region 1 exists", region(g, id, 0)->params.at[0] = 0)                        \
    X(param_number, LOOP, "it is parameter 1 of region 1",                                                             \
      region(g, id, 0)->params.at[1] = region(g, id, 0)->params.at[0])                                                 \
    X(result_exists, LOOP, "result 0 of region 1 is made before its owner", region(g, id, 0)->results.at[0] = id)      \
    X(result_scope, COND, "of region 1 it is in scope there",                                                          \
      g->regions.at[n->region].results.at[0] = region(g, id, 1)->results.at[0])                                        \
    X(result_value, HOST, "it is a value, not a tuple", g->regions.at[0].results.at[0] = id)                           \
    X(before_owner, LOOP, "it is made before the owner of its region",                                                 \
      raw(g, (egi_node){.op = EGI_NEG, .dtype = EG_I64, .region = (uint16_t)egi_ints_of(g, n)[0]},                     \
          A_(region(g, id, 0)->params.at[0])))                                                                         \
    X(write_variable, VAR, "is to a variable that exists", g->writes.at[0].var = 99)                                   \
    X(write_value, VAR, "what is written to 'E.V' exists", g->writes.at[0].value = 0)                                  \
    X(write_scope, LOOP, "is in scope in region 0", g->writes.at[0].value = region(g, id, 0)->params.at[1])            \
    X(write_spec, VAR, "has its type and shape", g->writes.at[0].value = g->writes.at[1].value)                        \
    X(write_once, VAR, "'E.V' is written once", g->writes.at[1] = g->writes.at[0])                                     \
    X(sharing, NEG, "equal nodes of a region are one node", raw(g, *n, A_(egi_arg(g, id, 0))))                         \
    X(sharing_leaves, ARG, "equal nodes of a region are one node", raw(g, *n, NO_ARGS))                                \
    /* types */                                                                                                        \
    X(operand_not_tuple, TUPLE, "operand 0 is a value, not a tuple",                                                   \
      raw(g, (egi_node){.op = EGI_NEG, .dtype = EG_F32}, A_(id)))                                                      \
    X(allowed, NOT, "it takes no operand 0 of type f32", n->dtype = EG_F32; arg(g, id, 0, find(g, EGI_VAR)))           \
    X(gives_value, ADD, "it gives a value", n->dtype = EG_DTYPE_COUNT)                                                 \
    X(one_type, MUL, "operands have one type", arg(g, id, 1, 1 + 2 * EG_F64))                                          \
    X(condition_bool, SELECT, "the condition is bool", arg(g, id, 0, 1 + 2 * EG_F32))                                  \
    X(select_type, SELECT, "operands have one type", arg(g, id, 2, 1 + 2 * EG_F64))                                    \
    X(result_same, EXP, "its type is f32", n->dtype = EG_F64)                                                          \
    X(result_bool, LT, "its type is bool", n->dtype = EG_I32)                                                          \
    X(result_int, ARGMAX, "its type is i32", n->dtype = EG_I64)                                                        \
    X(bitcast_size, BITCAST, "its types have one size", n->dtype = EG_F64)                                             \
    /* shapes */                                                                                                       \
    X(elementwise_attr, ADD, "it has no attributes", ints(g, id, INTS(1)))                                             \
    X(elementwise_shape, ADD, "has the result's shape or rank 0", n->shape = V(1, 7, 0))                               \
    X(elementwise_full, CONVERT, "an operand has the result's shape", arg(g, id, 0, 2))                                \
    X(reduction_axes, SUM, "it names the reduced axes", n->attr = 0)                                                   \
    X(reduction_one, ARGMIN, "it names the reduced axes, one", ints(g, id, INTS(0, 1)))                                \
    X(reduction_order, SUM, "its axes are axes of the operand, ascending", ints(g, id, INTS(1, 0)))                    \
    X(reduction_range, SUM, "its axes are axes of the operand, ascending", attr(g, id, 0, 2))                          \
    X(reduction_shape, SUM, "without the reduced axes", n->shape = V(1, 3, 0))                                         \
    X(cumsum_axis, CUMSUM, "it names one axis", n->attr = 0)                                                           \
    X(cumsum_range, CUMSUM, "its axis is an axis of the operand", attr(g, id, 0, 2))                                   \
    X(sort_attr, SORT, "it has no attributes", ints(g, id, INTS(0)))                                                   \
    X(sort_rank, SORT, "the operand has an axis", arg(g, id, 0, 2 + 2 * EG_F32))                                       \
    X(sort_shape, SORT, "it has the operand's shape", n->shape = V(1, 12, 0))                                          \
    X(batch_mean_attr, BATCH_MEAN, "it has no attributes", ints(g, id, INTS(0)))                                       \
    X(batch_mean_shape, BATCH_MEAN, "it has the operand's shape", n->shape = V(1, 7, 0))                               \
    X(const_scalar, CONST, "it is a scalar", n->shape = V(1, 8, 0))                                                    \
    X(const_bits, CONST, "its bits fit its type", n->dtype = EG_F32; n->imm = 1ull << 40)                              \
    X(const_bool, CONST, "a bool is 0 or 1", n->dtype = EG_BOOL; n->imm = 2)                                           \
    X(iota_type, IOTA, "it is of numbers", n->dtype = EG_BOOL)                                                         \
    X(iota_axis, IOTA, "it names one axis of its own", attr(g, id, 0, 2))                                              \
    X(arg_number, ARG, "the function has that argument", n->imm = 99)                                                  \
    X(arg_spec, ARG, "it has the argument's type and shape", n->imm = 1)                                               \
    X(arg_region, ARG, "it lies in region 0", ints(g, id, INTS(0)))                                                    \
    X(var_number, VAR, "its variable is captured", n->imm = 99)                                                        \
    X(var_spec, VAR, "it has the variable's type and shape", n->imm = 1)                                               \
    X(array_number, ARRAY, "its array is captured", n->imm = 99)                                                       \
    X(array_spec, ARRAY, "it has the array's type and shape", n->dtype = EG_F64)                                       \
    X(broadcast_rank, BROADCAST, "it names an axis for each axis", n->attr = 0)                                        \
    X(broadcast_axis, BROADCAST, "different axes of the result", attr(g, id, 1, 0))                                    \
    X(broadcast_extent, BROADCAST, "extents are the result's, or 1", attr(g, id, 1, 1))                                \
    X(broadcast_type, BROADCAST, "it has its operand's type", n->dtype = EG_F64)                                       \
    X(reshape_count, RESHAPE, "it has as many elements as its operand", n->shape = V(1, 11, 0))                        \
    X(reshape_type, RESHAPE, "it has its operand's type", n->dtype = EG_I32)                                           \
    X(transpose_rank, TRANSPOSE, "it names every axis", ints(g, id, INTS(1)))                                          \
    X(transpose_perm, TRANSPOSE, "its axes are a permutation", attr(g, id, 1, 1))                                      \
    X(transpose_shape, TRANSPOSE, "is that of the operand's axis 1", n->shape = V(2, 3, 4))                            \
    X(slice_attr, SLICE, "it names start and step of each axis", ints(g, id, INTS(0, 1)))                              \
    X(slice_step, SLICE, "no step is 0", attr(g, id, 1, 0))                                                            \
    X(slice_start, SLICE, "axis 0 stays within the operand", attr(g, id, 0, 3))                                        \
    X(slice_end, SLICE, "axis 1 stays within the operand", attr(g, id, 3, 4))                                          \
    X(slice_far, SLICE, "axis 1 stays within the operand", attr(g, id, 3, INT64_MAX))                                  \
    X(dslice_operand, DSLICE, "it has an operand", n->num_args = 0)                                                    \
    X(dslice_starts, DSLICE, "it has a start for each axis", n->num_args = 2)                                          \
    X(dslice_rank, DSLICE, "the part has the rank of the whole", n->shape = V(1, 2, 0))                                \
    X(dslice_i64, DSLICE, "starts are i64 scalars", arg(g, id, 1, 2 + 2 * EG_I32))                                     \
    X(dslice_size, DSLICE, "the part is not larger than the whole in axis 1", n->shape = V(2, 2, 5))                   \
    X(update_operands, UPDATE, "it has two operands", n->num_args = 1)                                                 \
    X(update_type, UPDATE, "whole and part have one type", arg(g, id, 1, find(g, EGI_IOTA)))                           \
    X(update_shape, UPDATE, "it has the shape of the whole", n->shape = V(2, 2, 2))                                    \
    X(update_starts, UPDATE, "it has a start for each axis", n->num_args = 3)                                          \
    X(concat_operand, CONCAT, "it has an operand", n->num_args = 0)                                                    \
    X(concat_axis, CONCAT, "it names one axis", attr(g, id, 0, 2))                                                     \
    X(concat_type, CONCAT, "operands have one type", arg(g, id, 1, find(g, EGI_IOTA)))                                 \
    X(concat_rank, CONCAT, "operands have the result's rank", arg(g, id, 1, find(g, EGI_VAR)))                         \
    X(concat_extent, CONCAT, "has the result's extent in axis 1", n->shape = V(2, 6, 5))                               \
    X(concat_sum, CONCAT, "its extent is the sum of the operands'", n->shape = V(2, 7, 4))                             \
    X(pad_value, PAD, "the value is a scalar of the operand's type", arg(g, id, 1, 2 + 2 * EG_F64))                    \
    X(pad_attr, PAD, "it names the elements before each axis", ints(g, id, INTS(0)))                                   \
    X(pad_low, PAD, "the operand lies within axis 0", attr(g, id, 0, 4))                                               \
    X(pad_negative, PAD, "the operand lies within axis 1", attr(g, id, 1, -1))                                         \
    X(gather_index, GATHER, "the index is of integers", arg(g, id, 1, find(g, EGI_VAR)))                               \
    X(gather_axis, GATHER, "it names one axis of the operand", attr(g, id, 0, 2))                                      \
    X(gather_shape, GATHER, "with the index's in place of the axis", n->shape = V(2, 8, 3))                            \
    X(gather_empty, GATHER, "there is an element to take",                                                             \
      egi_id zero = node(g, EGI_CONST, EG_F32, 0, NO_ARGS, NO_INTS, 0);                                                \
      egi_id e = node(g, EGI_BROADCAST, EG_F32, V(1, 0, 0), A_(zero), NO_INTS, 0);                                     \
      raw(g, (egi_node){.op = EGI_GATHER, .dtype = EG_F32, .shape = V(1, 8, 0), .attr = egi_ints(g, INTS(0))},         \
          A_(e, egi_arg(g, id, 1))))                                                                                   \
    X(scatter_attr, SCATTER, "it has no attributes", ints(g, id, INTS(0)))                                             \
    X(scatter_index, SCATTER, "the index is of integers", arg(g, id, 1, find(g, EGI_VAR)))                             \
    X(scatter_type, SCATTER, "what is added has the operand's type", arg(g, id, 2, 1 + 2 * EG_F64))                    \
    X(scatter_shape, SCATTER, "it has the operand's shape, of rank > 0", n->shape = V(1, 9, 0))                        \
    X(scatter_rows, SCATTER, "has a row for each element of the index", arg(g, id, 2, find(g, EGI_ARRAY)))             \
    X(pack_attr, PACK, "it has no attributes", ints(g, id, INTS(0)))                                                   \
    X(pack_type, PACK, "it gives u32", n->dtype = EG_I32)                                                              \
    X(pack_shape, PACK, "its last axis has a word for 32 elements", n->shape = V(2, 3, 2))                             \
    X(pack_rank, PACK, "the operand has an axis", egi_id b = node(g, EGI_CONST, EG_BOOL, 0, NO_ARGS, NO_INTS, 1);      \
      raw(g, (egi_node){.op = EGI_PACK, .dtype = EG_U32, .shape = V(1, 1, 0)}, A_(b)))                                 \
    X(unpack_attr, UNPACK, "it has no attributes", ints(g, id, INTS(0)))                                               \
    X(unpack_operand, UNPACK, "it takes u32", arg(g, id, 0, find(g, EGI_IOTA)))                                        \
    X(unpack_type, UNPACK, "it gives bool", n->dtype = EG_U32)                                                         \
    X(unpack_shape, UNPACK, "the operand's last axis has a word for 32 elements", n->shape = V(2, 3, 40))              \
    X(unpack_rank, UNPACK, "it has the operand's axes, at least one", n->shape = V(1, 7, 0))                           \
    X(dot_attr, DOT, "it has no attributes", ints(g, id, INTS(0)))                                                     \
    X(dot_type, DOT, "operands have one type", arg(g, id, 1, find(g, EGI_IOTA)))                                       \
    X(dot_rank, DOT, "operands and result are matrices", arg(g, id, 1, find(g, EGI_VAR)))                              \
    X(dot_inner, DOT, "columns of the first are rows of the second", arg(g, id, 1, find(g, EGI_ARRAY)))                \
    X(dot_shape, DOT, "it is [..., M, N]", n->shape = V(2, 4, 4))                                                      \
    X(dot_args, DOT, "it has two matrices, and a base or none",                                                        \
      raw(g, (egi_node){.op = EGI_DOT, .dtype = EG_F32, .shape = n->shape}, A_(egi_arg(g, id, 0))))                    \
    X(dot_base, DOT, "the base has the result's shape",                                                                \
      raw(g, (egi_node){.op = EGI_DOT, .dtype = EG_F32, .shape = n->shape},                                            \
          A_(egi_arg(g, id, 0), egi_arg(g, id, 1), egi_arg(g, id, 0))))                                                \
    X(dot_lead, DOT, "leading extents are equal in axis 0",                                                            \
      egi_id zero = node(g, EGI_CONST, EG_F32, 0, NO_ARGS, NO_INTS, 0);                                                \
      egi_id a = node(g, EGI_BROADCAST, EG_F32, dims(g, 3, 2, 3, 3), A_(zero), NO_INTS, 0);                            \
      raw(g, (egi_node){.op = EGI_DOT, .dtype = EG_F32, .shape = dims(g, 3, 4, 3, 3)}, A_(a, a)))                      \
    X(dot_event_attr, DOT_EVENT, "it has no attributes", ints(g, id, INTS(0)))                                         \
    X(dot_event_type, DOT_EVENT, "base and weights are floats of one type", n->dtype = EG_F32;                         \
      arg(g, id, 0, egi_arg(g, id, 1)))                                                                                \
    X(dot_event_spikes, DOT_EVENT, "spikes are bool, or floats of the base's type", arg(g, id, 1, 1 + 2 * EG_F64))     \
    X(dot_event_base, DOT_EVENT, "it has the base's shape", arg(g, id, 0, egi_arg(g, id, 2)))                          \
    X(dot_event_inner, DOT_EVENT, "columns of the first are rows of the second", arg(g, id, 1, egi_arg(g, id, 0)))     \
    X(event_csr, EVENT, "its connections are captured", n->imm = 1)                                                    \
    X(event_attr, EVENT, "it has no attributes", ints(g, id, INTS(0)))                                                 \
    X(event_weight_type, EVENT, "base and weight are of one type of numbers", arg(g, id, 2, 2 + 2 * EG_F64))           \
    X(event_spike_type, EVENT, "spikes are bool, or floats of the base's type", arg(g, id, 1, 1 + 2 * EG_I32))         \
    X(event_base, EVENT, "the base has an element for each post neuron", arg(g, id, 0, find(g, EGI_VAR)))              \
    X(event_pre, EVENT, "spikes have an element for each pre neuron", arg(g, id, 1, egi_arg(g, id, 0)))                \
    X(event_weight, EVENT, "one for each pre neuron or one for each synapse", arg(g, id, 2, egi_arg(g, id, 0)))        \
    X(event_shape, EVENT, "it has the base's shape", n->shape = V(1, 8, 0))                                            \
    X(event_t_base, EVENT_T, "the base has an element for each pre neuron", arg(g, id, 0, egi_arg(g, id, 1)))          \
    X(event_t_post, EVENT_T, "spikes have an element for each post neuron", arg(g, id, 1, egi_arg(g, id, 0)))          \
    X(bits_attr, BITS, "it has no attributes", ints(g, id, INTS(0)))                                                   \
    X(bits_round, BITS, "the round is a u32 scalar", arg(g, id, 0, 1 + 2 * EG_U32))                                    \
    X(bits_type, BITS, "it gives u32 or i64", n->dtype = EG_I32)                                                       \
    X(bits_stream, BITS, "its stream is given out", n->imm = 99)                                                       \
    /* region nodes */                                                                                                 \
    X(gives_tuple, LOOP, "it gives a tuple", n->dtype = EG_F32)                                                        \
    X(tuple_attr, TUPLE, "it has no attributes", ints(g, id, INTS(0)))                                                 \
    X(loop_attr, LOOP, "it names body, carried, sequences and stacked", ints(g, id, INTS(egi_ints_of(g, n)[0])))       \
    X(loop_operands, LOOP, "the length, the carried values and the sequences", attr(g, id, 1, 2))                      \
    X(loop_negative, LOOP, "the length, the carried values and the sequences", attr(g, id, 3, -1))                     \
    X(loop_length, LOOP, "its length is an i64 scalar", arg(g, id, 0, 2))                                              \
    X(loop_long, LOOP, "its length is not negative", g->nodes.at[egi_arg(g, id, 0)].imm = UINT64_MAX)                  \
    X(loop_fixed, LOOP, "with sequences or stacked results its length is a constant", arg(g, id, 0, 2 + 2 * EG_I64))   \
    X(loop_params, LOOP, "its body has 3 parameters", as_param(g, region(g, id, 0), 1))                                \
    X(loop_results, LOOP, "its body has 2 results", region(g, id, 0)->results.n--)                                     \
    X(loop_counter, LOOP, "its counter is an i64 scalar", egi_id less = egi_arg(g, find(g, EGI_COND), 0);              \
      g->nodes.at[egi_arg(g, less, 0)].dtype = EG_F64; arg(g, less, 0, egi_arg(g, less, 1)))                           \
    X(loop_carried, LOOP, "carried value 0 has one type and shape", arg(g, id, 1, find(g, EGI_ARRAY)))                 \
    X(loop_row, LOOP, "parameter 2 is a row of its sequence", arg(g, id, 2, find(g, EGI_VAR)))                         \
    X(while_attr, WHILE, "it names condition and body",                                                                \
      ints(g, id, INTS(egi_ints_of(g, n)[0], egi_ints_of(g, n)[1], 0)))                                                \
    X(while_params, WHILE, "condition and body have its carried values", region(g, id, 1)->results.n--)                \
    X(while_condition, WHILE, "its condition is one bool scalar",                                                      \
      region(g, id, 0)->results.at[0] = region(g, id, 0)->params.at[0])                                                \
    X(while_carried, WHILE, "carried value 0 has one type and shape", arg(g, id, 0, find(g, EGI_VAR)))                 \
    X(cond_attr, COND, "it names two arms", ints(g, id, INTS(egi_ints_of(g, n)[0], egi_ints_of(g, n)[1], 0)))          \
    X(cond_predicate, COND, "its predicate is a bool scalar", arg(g, id, 0, find(g, EGI_VAR)))                         \
    X(cond_params, COND, "its arms have no parameters", as_param(g, region(g, id, 1), 0))                              \
    X(cond_count, COND, "its arms have equally many results", region(g, id, 0)->results.n = 0)                         \
    X(cond_same, COND, "result 0 of both arms has one type and shape",                                                 \
      region(g, id, 0)->results.at[0] = find(g, EGI_ARRAY))                                                            \
    X(host_attr, HOST, "it has no attributes", ints(g, id, INTS(0)))                                                   \
    X(host_number, HOST, "its function is captured", n->imm = 1)                                                       \
    X(host_operand, HOST, "operand 1 is a value",                                                                      \
      raw(g, (egi_node){.op = EGI_HOST, .dtype = EG_DTYPE_COUNT}, A_(1, id)))                                          \
    X(param_value, PARAM, "it is a value", n->dtype = EG_DTYPE_COUNT)                                                  \
    X(param_region, PARAM, "it names the region that it lies in", attr(g, id, 0, 0))                                   \
    X(param_known, PARAM, "its region has it as parameter",                                                            \
      raw(g, (egi_node){.op = EGI_PARAM, .dtype = EG_F32, .attr = egi_ints(g, INTS(0))}, NO_ARGS))                     \
    X(item_attr, ITEM, "it has no attributes", ints(g, id, INTS(0)))                                                   \
    X(item_tuple, TUPLE, "it is an item of the tuple",                                                                 \
      raw(g, (egi_node){.op = EGI_ITEM, .dtype = EG_F32, .imm = 5}, A_(id)))                                           \
    X(item_host, ITEM, "it is an output of the host function", n->imm = 2)                                             \
    X(item_source, ITEM, "it is taken from a tuple, loop, while, cond or host", arg(g, id, 0, 1))                      \
    X(item_result, WHILE, "its region has that result",                                                                \
      raw(g, (egi_node){.op = EGI_ITEM, .dtype = EG_F32, .imm = 1}, A_(id)))                                           \
    X(item_spec, WHILE, "it has the type and shape of that result",                                                    \
      raw(g, (egi_node){.op = EGI_ITEM, .dtype = EG_F64}, A_(id)))                                                     \
    X(item_stacked, LOOP, "of that result, stacked",                                                                   \
      raw(g, (egi_node){.op = EGI_ITEM, .dtype = EG_F32, .imm = 1}, A_(id)))

#define X(name, op, rule, ...)                                                                                         \
    static void name(egi_graph *g, egi_id id, egi_node *n)                                                             \
    {                                                                                                                  \
        (void)g, (void)id, (void)n;                                                                                    \
        __VA_ARGS__;                                                                                                   \
    }
RULES(X)
#undef X

static const struct {
    const char *name, *rule;
    egi_op op;
    void (*break_it)(egi_graph *g, egi_id id, egi_node *n);
} rules[] = {
#define X(name, op, rule, ...) {#name, rule, EGI_##op, name},
    RULES(X)
#undef X
};

START_TEST(a_good_graph_passes)
{
    egi_graph *g = all_operations(eg);
    ck_assert_msg(egi_verify(g, "test"), "%s", eg_message(eg));
    egi_graph_free(g);
    g = egi_graph_new(eg);
    ck_assert_msg(egi_verify(g, "test"), "%s", eg_message(eg));
    egi_graph_free(g);
}
END_TEST

START_TEST(every_broken_rule_is_found_and_named)
{
    egi_graph *g = all_operations(eg);
    egi_id id = find(g, rules[_i].op);
    rules[_i].break_it(g, id, &g->nodes.at[id]);
    ck_assert_msg(!egi_verify(g, "stage"), "%s: nothing is found", rules[_i].name);
    ck_assert_int_eq(eg_error(eg), EG_ERR_INTERNAL);
    ck_assert_msg(strstr(eg_message(eg), rules[_i].rule) != NULL, "%s: '%s' does not say '%s'", rules[_i].name,
                  eg_message(eg), rules[_i].rule);
    ck_assert_ptr_eq(strstr(eg_message(eg), "stage: "), eg_message(eg));
    egi_text t = {.allocator = &eg->allocator}; /* broken graphs are printed, to be looked at */
    bool printable = true;
    for (int64_t k = 0; k < g->vars.n; k++) printable = printable && g->vars.at[k] && g->arrays.at[0] && g->csrs.at[0];
    if (printable) egi_print(g, &t);
    egi_text_free(&t);
    egi_graph_free(g);
}
END_TEST

START_TEST(an_error_names_stage_node_operation_and_the_users_line)
{
    egi_graph *g = all_operations(eg);
    egi_id id = find(g, EGI_FMA);
    g->nodes.at[id].dtype = EG_F64;
    ck_assert(!egi_verify(g, "fuse"));
    char want[128];
    snprintf(want, sizeof want, "fuse: node %%%u = fma breaks the rule: its type is f32 (model.c:41)", id);
    ck_assert_str_eq(eg_message(eg), want);
    egi_graph_free(g);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verify");
    TCase *tcase = tcase_create("verify");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_good_graph_passes);
    tcase_add_loop_test(tcase, every_broken_rule_is_found_and_named, 0, EGI_LEN(rules));
    tcase_add_test(tcase, an_error_names_stage_node_operation_and_the_users_line);
    suite_add_tcase(suite, tcase);
    return test_run(suite);
}
