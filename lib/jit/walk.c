/* Strided axes as run-time values, and calls that pass them; walk.h explains. */
#include "jit/walk.h"

void egi_walk_add(egi_walk *w, LLVMValueRef dim, LLVMValueRef step)
{
    w->dim[w->rank] = dim;
    w->step[w->rank++] = step;
}

LLVMValueRef egi_walk_offset(egi_irb *b, const egi_walk *w, LLVMValueRef k)
{
    LLVMValueRef offset = NULL;
    for (int j = 0; j < w->rank; j++) {
        /* Of the first axis k is the index. */
        bool first = j == w->rank - 1;
        LLVMValueRef i = first ? k : LLVMBuildURem(b->b, k, w->dim[j], "");
        LLVMValueRef at = LLVMBuildMul(b->b, i, w->step[j], "");
        offset = offset ? LLVMBuildAdd(b->b, offset, at, "") : at;
        if (!first) k = LLVMBuildUDiv(b->b, k, w->dim[j], "");
    }
    return offset ? offset : egi_irb_i64(b, 0);
}

LLVMValueRef egi_walk_count(egi_irb *b, const egi_walk *w)
{
    LLVMValueRef n = egi_irb_i64(b, 1);
    for (int j = 0; j < w->rank; j++) n = LLVMBuildMul(b->b, n, w->dim[j], "");
    return n;
}

void egi_call_push(egi_call *c, LLVMValueRef v) { c->arg[c->n++] = v; }

void egi_call_walk(egi_call *c, const egi_walk *w)
{
    for (int j = 0; j < w->rank; j++) {
        egi_call_push(c, w->dim[j]);
        egi_call_push(c, w->step[j]);
    }
}

egi_walk egi_call_param_walk(LLVMValueRef fn, unsigned *next, int rank)
{
    egi_walk w = {0};
    for (int j = 0; j < rank; j++, *next += 2) egi_walk_add(&w, LLVMGetParam(fn, *next), LLVMGetParam(fn, *next + 1));
    return w;
}

bool egi_call_function(egi_lower *l, const char *key, const egi_call *c, LLVMTypeRef ret, LLVMValueRef *fn,
                       egi_irb *body)
{
    LLVMTypeRef type[EGI_CALL_ARGS];
    *fn = egi_lower_find(l, key);
    if (*fn) return false;
    for (unsigned k = 0; k < c->n; k++) type[k] = LLVMTypeOf(c->arg[k]);
    *fn = egi_lower_function(l, key, key, ret, c->n, type, body);
    return true;
}

LLVMValueRef egi_call_emit(egi_irb *b, LLVMValueRef fn, egi_call *c) { return egi_irb_call(b, fn, c->arg, c->n); }

unsigned egi_lower_lanes(const egi_lower *l, eg_dtype t)
{
    unsigned n = eg_dtype_size(t) == 8 ? l->lanes / 2 : l->lanes;
    return n ? n : 1;
}

LLVMValueRef egi_lower_array(egi_lower *l, egi_id id, uint32_t k)
{
    egi_id a = egi_arg(l->g, id, k);
    if (egi_is_view(l->g, a) && !l->p->forced[a]) a = egi_view_plain(l->g, id, a);
    /* below a transpose there may be a reshape */
    if (egi_at(l->g, a)->op == EGI_RESHAPE && !l->p->forced[a]) a = egi_arg(l->g, a, 0);
    return egi_lower_pointer(l, a);
}
