/* What the files that lower regions share: blocks, counters, ticks, host functions that fail. */
#ifndef EGI_FLOW_H
#define EGI_FLOW_H

#include "core/context.h"
#include "jit/lower.h"

LLVMBasicBlockRef egi_flow_block(egi_lower *l, const char *name);
void egi_flow_enter(egi_lower *l, LLVMBasicBlockRef b);
LLVMValueRef egi_flow_phi(egi_lower *l, LLVMTypeRef t, LLVMValueRef value, LLVMBasicBlockRef from);
/* Item k of a region node is a register. */
void egi_flow_item(egi_lower *l, egi_id owner, int64_t k, LLVMValueRef v);

/* Counters of random draws inside a loop at iteration i. */
typedef struct egi_counters {
    LLVMValueRef step, inner;
} egi_counters;
egi_counters egi_flow_in(egi_lower *l, LLVMValueRef i);
void egi_flow_out(egi_lower *l, egi_counters old);

/* How often an outermost loop ran, for the execution count. */
void egi_flow_advance(egi_lower *l, LLVMValueRef n);
/* Asks the runtime at step k of n for the end of the next chunk; all threads meet there.  In code
 * for one thread alone all steps are one chunk. */
LLVMValueRef egi_flow_tick(egi_lower *l, LLVMValueRef k, LLVMValueRef n);

/* Which buffers and scalars an outermost loop carries and stacks; gives its number. */
int64_t egi_flow_describe(egi_lower *l, egi_id id, uint16_t body, int64_t nc);
/* Before a tick: which loop it is, and the scalars it carries (NULL: not one). */
void egi_flow_report(egi_lower *l, int64_t loop, const LLVMValueRef *scalar, int64_t nc, const egi_id *like);

/* i1: a host function had failed at the last tick. */
LLVMValueRef egi_flow_failed(egi_lower *l);
/* i1: one has failed by now.  Between barriers: a thread that is late would see what a later call did. */
LLVMValueRef egi_flow_failed_now(egi_lower *l);

#endif
