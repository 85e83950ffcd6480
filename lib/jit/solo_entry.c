/* The function around solo code: checks the block, brings in arguments, sets the floating-point mode, gives results.
 *
 * It and the body are two functions, as LLVM moves arithmetic across changes of the floating-point mode. */
#include "core/context.h"
#include "jit/solo.h"

enum { FLUSH = 0x9FC0, EXACT = 0x1F80 }; /* MXCSR: exceptions masked, to nearest; flush and denormals-are-zero */
enum { PAGE = 4096 };

typedef LLVMValueRef value;

typedef struct entry {
    egi_solo *s;
    egi_irb b;
    value state, data, in, out;
    LLVMBasicBlockRef refuse; /* returns why */
    value why;
} entry;

/* Goes on if ok (i1), else returns `status`. */
static void demand(entry *e, value ok, int status)
{
    LLVMBasicBlockRef on = LLVMAppendBasicBlockInContext(e->b.ctx, e->b.fn, ""), here = LLVMGetInsertBlock(e->b.b);
    value x = egi_irb_i32(&e->b, status);
    LLVMAddIncoming(e->why, &x, &here, 1);
    LLVMBuildCondBr(e->b.b, ok, on, e->refuse);
    LLVMPositionBuilderAtEnd(e->b.b, on);
}

static value field(entry *e, size_t offset)
{
    return egi_irb_at(&e->b, e->b.i8, e->state, egi_irb_i64(&e->b, (int64_t)offset));
}

static void check_block(entry *e)
{
    egi_irb *b = &e->b;
    value magic = egi_irb_load(b, b->i64, field(e, offsetof(egi_block, magic)));
    demand(e, LLVMBuildICmp(b->b, LLVMIntEQ, magic, LLVMConstInt(b->i64, e->s->magic, 0), ""), EG_STEP_BAD_STATE);
    if (e->s->kind != EGI_SOLO_HERE) return;
    /* Blocks of one layout have room for different functions. */
    value bytes = egi_irb_load(b, b->i64, field(e, offsetof(egi_block, bytes)));
    demand(e, LLVMBuildICmp(b->b, LLVMIntUGE, bytes, egi_irb_i64(b, e->s->size), ""), EG_STEP_BAD_STATE);
}

static void check_data(entry *e)
{
    egi_irb *b = &e->b;
    demand(e, LLVMBuildIsNotNull(b->b, e->data, ""), EG_STEP_BAD_ARGUMENT);
    value magic = egi_irb_load(b, b->i64, e->data);
    demand(e, LLVMBuildICmp(b->b, LLVMIntEQ, magic, LLVMConstInt(b->i64, e->s->data_magic, 0), ""),
           EG_STEP_BAD_ARGUMENT);
}

/* Code loads whole vectors at the end of an array.  What lies behind it in its page can be read; where that page ends,
 * and where the array lies in the block that the code changes, it takes a copy. */
static value brought_in(entry *e, value p, int64_t copy_at, int64_t n)
{
    egi_irb *b = &e->b;
    LLVMBuilderRef x = b->b;
    egi_irb_if f;
    value from = LLVMBuildPtrToInt(x, p, b->i64, ""), block = LLVMBuildPtrToInt(x, e->state, b->i64, "");
    value room = LLVMBuildAnd(x, LLVMBuildAdd(x, from, egi_irb_i64(b, n - 1), ""), egi_irb_i64(b, PAGE - 1), "");
    value ends = LLVMBuildICmp(x, LLVMIntUGT, room, egi_irb_i64(b, PAGE - 1 - EGI_SLACK), "");
    value far = LLVMBuildSub(x, LLVMBuildAdd(x, from, egi_irb_i64(b, n), ""), block, "");
    value inside = LLVMBuildICmp(x, LLVMIntULT, far, egi_irb_i64(b, e->s->size + n), "");
    value needed = LLVMBuildOr(x, ends, inside, "");
    /* Sanitizers do not take a page for memory that is there. */
    if (e->s->kind == EGI_SOLO_HERE && egi_code_is_watched()) needed = LLVMConstInt(b->i1, 1, 0);
    egi_irb_if_begin(b, &f, needed);
    value copy = field(e, (size_t)copy_at);
    LLVMBuildMemMove(x, copy, EGI_ALIGN, p, 1, egi_irb_i64(b, n));
    egi_irb_if_end(b, &f);
    return egi_irb_if_merge(b, &f, copy, p);
}

static value argument(entry *e, int64_t k)
{
    egi_irb *b = &e->b;
    value p = egi_irb_load(b, b->ptr, egi_irb_at(b, b->ptr, e->in, egi_irb_i64(b, k)));
    demand(e, LLVMBuildIsNotNull(b->b, p, ""), EG_STEP_BAD_ARGUMENT);
    int64_t n = egi_spec_count(e->s->g->args.at[k]) * (int64_t)eg_dtype_size(e->s->g->args.at[k].dtype);
    return e->s->copy_at[k] < 0 || n == 0 ? p : brought_in(e, p, e->s->copy_at[k], n);
}

static void give_results(entry *e)
{
    egi_irb *b = &e->b;
    const egi_solo *s = e->s;
    egi_irb_if any, wanted;
    if (!s->g->regions.at[0].results.n) return;
    egi_irb_if_begin(b, &any, LLVMBuildIsNotNull(b->b, e->out, ""));
    for (int64_t k = 1; k < s->code.buffers.n; k++) {
        const egi_code_buffer *c = &s->code.buffers.at[k];
        if (c->kind != EGI_BUF_RESULT) continue;
        value to = egi_irb_load(b, b->ptr, egi_irb_at(b, b->ptr, e->out, egi_irb_i64(b, c->slot)));
        egi_irb_if_begin(b, &wanted, LLVMBuildIsNotNull(b->b, to, ""));
        LLVMBuildMemCpy(b->b, to, 1, field(e, (size_t)s->at[k]), EGI_ALIGN, egi_irb_i64(b, s->bytes[k]));
        egi_irb_if_end(b, &wanted);
    }
    egi_irb_if_end(b, &any);
}

static void run_body(entry *e, value *args)
{
    egi_irb *b = &e->b;
    unsigned mode = e->s->g->eg->options.keep_denormals ? EXACT : FLUSH;
    value host = LLVMBuildAlloca(b->b, b->i32, ""), ours = LLVMBuildAlloca(b->b, b->i32, "");
    egi_irb_store(b, egi_irb_i32(b, (int32_t)mode), ours);
    egi_irb_intrinsic(b, "llvm.x86.sse.stmxcsr", NULL, 0, &host, 1);
    egi_irb_intrinsic(b, "llvm.x86.sse.ldmxcsr", NULL, 0, &ours, 1);
    value steps = egi_irb_call(b, e->s->body, args, 2 + (unsigned)e->s->g->args.n);
    egi_irb_intrinsic(b, "llvm.x86.sse.ldmxcsr", NULL, 0, &host, 1);
    value at = field(e, offsetof(egi_block, execution));
    steps = egi_irb_max(b, steps, egi_irb_i64(b, 1));
    egi_irb_store(b, LLVMBuildAdd(b->b, egi_irb_load(b, b->i64, at), steps, ""), at);
}

value egi_solo_public(egi_solo *s, const char *name, LLVMTypeRef *params, unsigned n)
{
    value f = LLVMGetNamedFunction(s->mod.mod, name), g = LLVMGetNamedGlobal(s->mod.mod, name);
    if (f) LLVMSetValueName2(f, "inner", 5);
    if (g) LLVMSetValueName2(g, "inner", 5);
    return egi_irb_function(s->mod.mod, name, LLVMInt32TypeInContext(s->mod.ctx), params, n, LLVMExternalLinkage);
}

void egi_solo_entry(egi_solo *s, value data)
{
    entry e = {.s = s};
    LLVMContextRef ctx = s->mod.ctx;
    const bool apart = s->kind == EGI_SOLO_APART;
    LLVMTypeRef ptr = LLVMPointerTypeInContext(ctx, 0), params[] = {ptr, ptr, ptr, ptr};
    value fn = egi_solo_public(s, s->symbol, params, apart ? 4 : 3);
    value *args = egi_alloc(&egi_malloc_allocator, (size_t)(2 + s->g->args.n) * sizeof *args, 16);
    if (!args) {
        egi_no_memory(s->g->eg);
        return;
    }
    egi_irb_open(&e.b, fn);
    e.state = LLVMGetParam(fn, 0);
    e.data = apart ? LLVMGetParam(fn, 1) : data;
    e.in = LLVMGetParam(fn, apart ? 2 : 1);
    e.out = LLVMGetParam(fn, apart ? 3 : 2);
    e.refuse = LLVMAppendBasicBlockInContext(ctx, fn, "refuse");
    LLVMBuilderRef refuse = LLVMCreateBuilderInContext(ctx);
    LLVMPositionBuilderAtEnd(refuse, e.refuse);
    e.why = LLVMBuildPhi(refuse, e.b.i32, "");
    LLVMBuildRet(refuse, e.why);
    LLVMDisposeBuilder(refuse);

    demand(&e, LLVMBuildIsNotNull(e.b.b, e.state, ""), EG_STEP_BAD_STATE);
    check_block(&e);
    if (apart) check_data(&e);
    if (s->g->args.n) demand(&e, LLVMBuildIsNotNull(e.b.b, e.in, ""), EG_STEP_BAD_ARGUMENT);
    args[0] = e.state;
    args[1] = e.data;
    for (int64_t k = 0; k < s->g->args.n; k++) args[2 + k] = argument(&e, k);
    run_body(&e, args);
    give_results(&e);
    LLVMBuildRet(e.b.b, egi_irb_i32(&e.b, EG_STEP_OK));
    egi_irb_close(&e.b);
    egi_free(&egi_malloc_allocator, args);
}
