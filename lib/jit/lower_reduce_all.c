/* A reduction of everything to one element: blocks are dealt out to threads, which leave their results in their scratch
 * memory; the first thread joins them in order. */
#include "jit/lower_reduce.h"

typedef LLVMValueRef value;

/* Blocks that the first thread reduces alone, and results that a thread keeps. */
enum { ALONE = 3, SLOTS = EGI_SCRATCH / 8 };

typedef struct team {
    value scratch, tid, nt, barrier, team;
} team;

/* The thread's scratch memory. */
static value slots(egi_irb *b, const team *m, value thread)
{
    return egi_irb_at(b, b->i8, m->scratch, LLVMBuildMul(b->b, thread, egi_irb_i64(b, EGI_SCRATCH), ""));
}

static void wait(egi_irb *b, const team *m)
{
    LLVMTypeRef params[] = {b->ptr, b->i32};
    value args[] = {m->team, LLVMBuildTrunc(b->b, m->tid, b->i32, "")};
    LLVMBuildCall2(b->b, LLVMFunctionType(b->none, params, 2, 0), m->barrier, args, 2, "");
}

/* Blocks first to end, `per` of them a thread, joined to *out: by the first thread. */
static void combine(const egi_reduction *r, egi_irb *b, const team *m, value out, value first, value end, value per)
{
    egi_irb_loop by_thread, by_block;
    value zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1), before = egi_lower_load(b, r->t, out, 1);
    value t = egi_irb_loop_begin(b, &by_thread, zero, m->nt, one), total = egi_irb_carry(b, &by_thread, before);
    value lo = LLVMBuildAdd(b->b, first, LLVMBuildMul(b->b, t, per, ""), "");
    value hi = egi_irb_min(b, LLVMBuildAdd(b->b, lo, per, ""), end), from = slots(b, m, t);
    value k = egi_irb_loop_begin(b, &by_block, lo, hi, one), sum = egi_irb_carry(b, &by_block, total);
    value x = egi_lower_load(b, r->t, egi_reduce_at(r, b, from, LLVMBuildSub(b->b, k, lo, "")), 1);
    egi_irb_carry_next(&by_block, sum, egi_reduce_join(r, b, sum, x, 1));
    egi_irb_loop_end(b, &by_block);
    egi_irb_carry_next(&by_thread, total, egi_irb_carry_out(&by_block, sum));
    egi_irb_loop_end(b, &by_thread);
    egi_lower_store(b, r->t, egi_irb_carry_out(&by_thread, total), out, 1, NULL);
}

/* As many rounds as the scratch memory asks for, one nearly always. */
static void shared(const egi_reduction *r, egi_irb *b, const team *m, value x, value n, value out)
{
    egi_irb_if f;
    egi_irb_loop round, loop;
    value block = egi_reduce_block(r), blocks = egi_reduce_num_blocks(b, n);
    value one = egi_irb_i64(b, 1), zero = egi_irb_i64(b, 0);
    value is_first = LLVMBuildICmp(b->b, LLVMIntEQ, m->tid, zero, "");
    value per = LLVMBuildSub(b->b, LLVMBuildAdd(b->b, blocks, m->nt, ""), one, "");
    per = egi_irb_min(b, LLVMBuildUDiv(b->b, per, m->nt, ""), egi_irb_i64(b, SLOTS));
    egi_irb_if_begin(b, &f, is_first);
    egi_lower_store(b, r->t, egi_reduce_identity(r, b, 1), out, 1, NULL);
    egi_irb_if_end(b, &f);
    value first = egi_irb_loop_begin(b, &round, zero, blocks, LLVMBuildMul(b->b, per, m->nt, ""));
    value lo = LLVMBuildAdd(b->b, first, LLVMBuildMul(b->b, m->tid, per, ""), "");
    value hi = egi_irb_min(b, LLVMBuildAdd(b->b, lo, per, ""), blocks), own = slots(b, m, m->tid);
    value k = egi_irb_loop_begin(b, &loop, lo, hi, one);
    value to = egi_reduce_at(r, b, own, LLVMBuildSub(b->b, k, lo, ""));
    egi_lower_store(b, r->t, egi_reduce_call_block(r, b, block, x, k, n), to, 1, NULL);
    egi_irb_loop_end(b, &loop);
    wait(b, m);
    egi_irb_if_begin(b, &f, is_first);
    combine(r, b, m, out, first, blocks, per);
    egi_irb_if_end(b, &f);
    wait(b, m); /* before anybody uses the scratch memory again */
    egi_irb_loop_end(b, &round);
    egi_irb_if_begin(b, &f, is_first);
    value total = egi_reduce_join(r, b, egi_reduce_identity(r, b, 1), egi_lower_load(b, r->t, out, 1), 1);
    egi_lower_store(b, r->t, total, out, 1, NULL);
    egi_irb_if_end(b, &f);
}

/* void all(ptr x, i64 n, ptr out, ptr scratch, i64 tid, i64 nt, ptr barrier, ptr team) */
void egi_reduce_all(const egi_reduction *r, LLVMValueRef n, LLVMValueRef in, LLVMValueRef out)
{
    enum { ARGS = 8 };
    egi_lower *l = r->l;
    egi_irb b;
    egi_irb_if few, first;
    char key[64];
    value fn, row = egi_reduce_row(r), p[ARGS];
    value tid = LLVMBuildZExt(l->b.b, l->tid, l->b.i64, ""), nt = LLVMBuildZExt(l->b.b, l->nt, l->b.i64, "");
    value scratch = egi_lower_field(l, EGI_FRAME_SCRATCH, l->b.ptr);
    value barrier = egi_lower_field(l, EGI_FRAME_BARRIER, l->b.ptr);
    egi_call c = {.n = ARGS,
                  .arg = {in, n, out, scratch, tid, nt, barrier, egi_lower_field(l, EGI_FRAME_TEAM, l->b.ptr)}};
    egi_reduce_name(r, key, sizeof key, "all", 0, 0);
    if (egi_call_function(l, key, &c, l->b.none, &fn, &b)) {
        for (unsigned k = 0; k < ARGS; k++) p[k] = LLVMGetParam(fn, k);
        const team m = {p[3], p[4], p[5], p[6], p[7]};
        value small = LLVMBuildICmp(b.b, LLVMIntSLE, p[1], egi_irb_i64(&b, ALONE * EGI_REDUCE_BLOCK), "");
        value single = LLVMBuildICmp(b.b, LLVMIntEQ, m.nt, egi_irb_i64(&b, 1), "");
        egi_irb_if_begin(&b, &few, LLVMBuildOr(b.b, small, single, ""));
        egi_irb_if_begin(&b, &first, LLVMBuildICmp(b.b, LLVMIntEQ, m.tid, egi_irb_i64(&b, 0), ""));
        value total = egi_reduce_join(r, &b, egi_reduce_identity(r, &b, 1), egi_irb_call(&b, row, p, 2), 1);
        egi_lower_store(&b, r->t, total, p[2], 1, NULL);
        egi_irb_if_end(&b, &first);
        egi_irb_if_else(&b, &few);
        shared(r, &b, &m, p[0], p[1], p[2]);
        egi_irb_if_end(&b, &few);
        LLVMBuildRetVoid(b.b);
        egi_irb_close(&b);
    }
    egi_call_emit(&l->b, fn, &c);
}
