/* Sums and differences that become an fma where one operand is a product (docs/ir.md, Contraction). */
#ifndef EGI_IR_CONTRACT_H
#define EGI_IR_CONTRACT_H

#include "ir/graph.h"

/* a + b and a - b of nodes of one type; a product of floats among them is contracted unless the context's mode is
 * strict.  An operand 0 gives 0. */
egi_id egi_sum(egi_graph *g, egi_id a, egi_id b);
egi_id egi_difference(egi_graph *g, egi_id a, egi_id b);

#endif
