/* How a public operation is written: find the context, check the operands, bring them to one type and shape, build.
 *
 *   eg_val (eg_hypot)(eg_val a, eg_val b, const char *file, int line)
 *   {
 *       eg_val v[] = {a, b};
 *       egi_call c = egi_begin_plain("eg_hypot", file, line, 2, v);
 *       if (c.plain) return a plain number;
 *       return egi_end(&c, egi_elementwise(&c, EGI_HYPOT, 2, v));
 *   }
 *
 * After a failure c.g is NULL: helpers then do nothing and give 0, and egi_end() gives eg_nothing(). */
#ifndef EGI_API_OPS_H
#define EGI_API_OPS_H

#include "api/api.h"
#include "engram/math.h"
#include "ir/shape.h"

typedef struct egi_call {
    eg_context *eg; /* NULL: no operand is traced */
    egi_graph *g;   /* NULL: failed, or no operand is traced */
    const char *op, *file;
    int line;
    bool plain; /* all operands are plain numbers */
} egi_call;

/* Starts a call in the context of its traced operands, of which there must be one, and checks them (alive, of one
 * context, no tuple, no nothing). */
egi_call egi_begin(const char *op, const char *file, int line, int n, const eg_val *v);
/* The same, but all may be plain numbers: `plain` tells. */
egi_call egi_begin_plain(const char *op, const char *file, int line, int n, const eg_val *v);
/* Starts a call in a given context; all operands may be plain.  `plain` is never set. */
egi_call egi_begin_in(eg_context *eg, const char *op, const char *file, int line, int n, const eg_val *v);
/* The result as a value. */
eg_val egi_end(egi_call *c, egi_id id);
/* Ends the call in an error "op: text (file:line)".  Returns 0, as an id or false. */
egi_id egi_wrong(egi_call *c, eg_status status, const char *format, ...) EG_PRINTF(3, 4);

/* "V f32[10]" or "2.5", for messages: egi_show(c, v).s */
typedef struct egi_shown {
    char s[200];
} egi_shown;
egi_shown egi_show(const egi_call *c, eg_val v);
egi_shown egi_show_shape(const egi_shape *s);

/* Is it a plain number, real or complex? */
bool egi_is_number(const egi_call *c, eg_val v);

bool egi_are_numbers(const egi_call *c, int n, const eg_val *v);
/* The operation of plain numbers alone, of which one at least is complex: in f64, a plain number again. */
eg_val egi_complex_op(egi_call *c, egi_op op, int n, const eg_val *v);

/* Is the operand traced?  A plain number is an error that calls it `what`. */
bool egi_traced(egi_call *c, eg_val v, const char *what);

/* -- types -------------------------------------------------------------------------------------------------------- */

/* The higher of two types: bool < i32 < u32 < i64 < f32 < f64 < c64 < c128, i32 with u32 = i64, f64 with c64 = c128. */
eg_dtype egi_promote(eg_dtype a, eg_dtype b);
/* Type in which the operands meet, raised to one that `allowed` (EGI_ALLOW_*) holds: bool to i32, integers to default
 * float.  EG_DTYPE_COUNT after an error. */
eg_dtype egi_meet(egi_call *c, unsigned allowed, int n, const eg_val *v);
/* An error, and false, if one of them is complex: for operations that are not defined for such. */
bool egi_no_complex(egi_call *c, int n, const eg_val *v);
/* The operand as a node of type t.  A plain integer that does not fit is an error. */
egi_id egi_operand(egi_call *c, eg_val v, eg_dtype t);
/* The same, but where t is complex a real operand stays real, in the type of its parts. */
egi_id egi_part_operand(egi_call *c, eg_val v, eg_dtype t);
/* The operand as an integer scalar of type t; wrong ones are an error that calls it `what`. */
egi_id egi_scalar_index(egi_call *c, eg_val v, eg_dtype t, const char *what);

/* The operand in the type of `whole`, which it must not raise: what is put into an array adapts to it. */
egi_id egi_operand_like(egi_call *c, eg_val v, const char *what, eg_val whole);

/* -- shapes ------------------------------------------------------------------------------------------------------- */

egi_shape egi_shape_at(const egi_call *c, egi_id id); /* rank 0 for id 0 */
/* Shape to which all broadcast; plain operands have rank 0. */
bool egi_common_shape(egi_call *c, int n, const eg_val *v, egi_shape *out);
/* Does a broadcast to b? */
bool egi_fits(const egi_shape *a, const egi_shape *b);
/* Right-aligned broadcast of a node that fits. */
egi_id egi_broadcast_to(egi_graph *g, egi_id id, eg_spec spec);
/* 0 .. rank - 1 for an axis that a user gave; -1 after an error. */
int egi_axis(egi_call *c, int axis, int rank);

/* -- building ----------------------------------------------------------------------------------------------------- */

/* Elementwise operation after all the rules: types, broadcasting, contraction. */
egi_id egi_elementwise(egi_call *c, egi_op op, int n, const eg_val *v);
/* a + b and a - b of nodes of one float type; a product among them is contracted if the context's mode says so. */
egi_id egi_sum_of(egi_call *c, egi_id a, egi_id b);
egi_id egi_difference_of(egi_call *c, egi_id a, egi_id b);
/* A scalar spread over the shape. */
egi_id egi_fill(egi_call *c, egi_id scalar, const egi_shape *s);
/* The operation of plain numbers alone: integers in i64, reals in f64. */
eg_val egi_plain_op(egi_op op, int n, const eg_val *v);

static inline eg_dtype egi_default_float(const eg_context *eg) { return eg->default_float; }
static inline eg_math egi_math_mode(const eg_context *eg) { return eg->options.math; }

#endif
