/* What plan_late.c tells plan_level.c. */
#ifndef EGI_LATE_H
#define EGI_LATE_H

#include "opt/plan.h"

/* `then`, a stage, comes at a later level than `first`, of the same region. */
typedef struct egi_order {
    egi_id first, then;
} egi_order;
typedef EGI_VEC(egi_order) egi_orders;

/* Orders that nothing depends on, without which arrays would be copied; without memory there are none. */
void egi_plan_late(const egi_plan *p, egi_orders *orders);

#endif
