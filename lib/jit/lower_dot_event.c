/*
 * DOT_EVENT: for every row of the result, list what fired, then add these rows of the weights (kernels: dot_fired.c).
 *
 *     spikes in rows      a row of the result: its spikes lie side by side, and are listed EGI_FIRED_LIST at a time
 *     spikes in columns   (the weights' gradient: x' d) rows of the spikes are listed one after the other, until there
 *                         are EGI_FIRED_ROOM; then the lists are turned by sorting them
 *
 * Either way a row of the result is read and written once a list, and no bit depends on how rows and columns are
 * divided: rows among the threads, or, where the weights do not fit into a core's cache, columns, so that each reads a
 * part of them only.
 */
#include "jit/dot_fired.h"
#include "jit/lower.h"
#include "jit/walk.h"

#include <stdio.h>

enum {
    CACHED = 384 * 1024, /* bytes of weights that a core keeps */
    DENSE = 60,          /* of a hundred spikes, from so many on a tile is faster than lists */
    FIRST = 8,           /* spikes of a row that are looked at for one that fired */
    SAMPLE = 16,         /* rows of spikes in columns that are counted */
    AHEAD = 4096,        /* bytes of spikes that are fetched before they are listed */
    SPLIT_ROWS = 4,      /* rows that a thread must have for rows to be split rather than columns */
    /* of a thread's scratch: lists; the same turned, and where they begin; counts; one vector of the base */
    AT_TURNED = 2 * (EGI_FIRED_ROOM + EGI_FIRED_COLUMNS + EGI_FIRED_SLACK),
    AT_FIRST = 2 * AT_TURNED,
    AT_COUNT = AT_FIRST + 4 * (EGI_FIRED_COLUMNS + 16),
    AT_BASE = AT_COUNT + 8 * EGI_FIRED_ROWS,
};
_Static_assert((EGI_FIRED_LIST + EGI_FIRED_SLACK) * 2 <= AT_TURNED && AT_BASE + 64 <= EGI_SCRATCH,
               "lists fit into a thread's scratch");

enum { P_BASE, P_X, P_W, P_OUT, P_SCRATCH, P_PART, P_PARTS, P_M, P_N, P_K, P_KEEP, P_PARAMS };

/* One product: what its loops share. */
typedef struct job {
    const egi_fired *f;
    egi_irb *b;
    LLVMValueRef arg[P_PARAMS];
    LLVMValueRef r0, r1, c0, c1; /* this part's rows and columns */
    LLVMValueRef count;
    LLVMTypeRef spike;
} job;

/* &base[i * stride + j] */
static LLVMValueRef at(const job *d, LLVMTypeRef t, LLVMValueRef base, LLVMValueRef i, LLVMValueRef stride,
                       LLVMValueRef j)
{
    LLVMBuilderRef ir = d->b->b;
    return egi_irb_at(d->b, t, base, LLVMBuildAdd(ir, LLVMBuildMul(ir, i, stride, ""), j, ""));
}

/* Bound number `part` of even runs of `unit`. */
static LLVMValueRef bound(const job *d, LLVMValueRef size, int64_t unit, LLVMValueRef part)
{
    egi_irb *b = d->b;
    LLVMValueRef u = egi_irb_i64(b, unit);
    LLVMValueRef units = LLVMBuildUDiv(b->b, LLVMBuildAdd(b->b, size, egi_irb_i64(b, unit - 1), ""), u, "");
    LLVMValueRef mine = LLVMBuildUDiv(b->b, LLVMBuildMul(b->b, units, part, ""), d->arg[P_PARTS], "");
    return egi_irb_min(b, LLVMBuildMul(b->b, mine, u, ""), size);
}

static void split(job *d)
{
    egi_irb *b = d->b;
    LLVMBuilderRef ir = b->b;
    const LLVMValueRef *a = d->arg;
    const int64_t lanes = d->f->p.lanes, size = d->f->p.size;
    LLVMValueRef zero = egi_irb_i64(b, 0), next = LLVMBuildAdd(ir, a[P_PART], egi_irb_i64(b, 1), "");
    LLVMValueRef weights = LLVMBuildMul(ir, LLVMBuildMul(ir, a[P_N], a[P_K], ""), egi_irb_i64(b, size), "");
    LLVMValueRef large = LLVMBuildICmp(ir, LLVMIntSGT, weights, egi_irb_i64(b, CACHED), "");
    LLVMValueRef some = LLVMBuildMul(ir, a[P_PARTS], egi_irb_i64(b, SPLIT_ROWS), "");
    LLVMValueRef few = LLVMBuildICmp(ir, LLVMIntSLT, a[P_M], some, "");
    LLVMValueRef wide = LLVMBuildMul(ir, a[P_PARTS], egi_irb_i64(b, 2 * lanes), "");
    LLVMValueRef by_columns =
        LLVMBuildAnd(ir, LLVMBuildOr(ir, large, few, ""), LLVMBuildICmp(ir, LLVMIntSGE, a[P_N], wide, ""), "");
    d->r0 = LLVMBuildSelect(ir, by_columns, zero, bound(d, a[P_M], 1, a[P_PART]), "");
    d->r1 = LLVMBuildSelect(ir, by_columns, a[P_M], bound(d, a[P_M], 1, next), "");
    d->c0 = LLVMBuildSelect(ir, by_columns, bound(d, a[P_N], lanes, a[P_PART]), zero, "");
    d->c1 = LLVMBuildSelect(ir, by_columns, bound(d, a[P_N], lanes, next), a[P_N], "");
}

/* Some rows further on: what is listed there comes from memory while rows are added. */
static LLVMValueRef ahead(const job *d, LLVMValueRef row)
{
    egi_irb *b = d->b;
    LLVMValueRef rows = LLVMBuildUDiv(b->b, egi_irb_i64(b, AHEAD / (d->f->values ? d->f->p.size : 1)),
                                      egi_irb_max(b, row, egi_irb_i64(b, 1)), "");
    return LLVMBuildMul(b->b, LLVMBuildAdd(b->b, rows, egi_irb_i64(b, 1), ""), row, "");
}

/* Row m of the result: from the base, or (k > 0) from itself, with the spikes of a list that begins at k. */
static void add_row(const job *d, LLVMValueRef m, LLVMValueRef k, LLVMValueRef list, LLVMValueRef n, LLVMValueRef x,
                    LLVMValueRef x_step)
{
    egi_irb *b = d->b;
    LLVMBuilderRef ir = b->b;
    const LLVMValueRef *a = d->arg;
    LLVMTypeRef t = d->f->p.element;
    LLVMValueRef zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1);
    LLVMValueRef to = at(d, t, a[P_OUT], m, a[P_N], d->c0);
    LLVMValueRef base = LLVMBuildAdd(ir, LLVMBuildMul(ir, m, a[P_N], ""), d->c0, "");
    base = egi_irb_at(b, t, a[P_BASE], LLVMBuildMul(ir, base, a[P_KEEP], ""));
    LLVMValueRef first = LLVMBuildICmp(ir, LLVMIntEQ, k, zero, "");
    LLVMValueRef from = LLVMBuildSelect(ir, first, base, to, ""), keep = LLVMBuildSelect(ir, first, a[P_KEEP], one, "");
    LLVMValueRef args[] = {list,   at(d, t, a[P_W], k, a[P_N], d->c0), from, to, x, n, a[P_N],
                           x_step, LLVMBuildSub(ir, d->c1, d->c0, ""), keep};
    egi_irb_if some;
    LLVMValueRef moves = LLVMBuildICmp(ir, LLVMIntNE, from, to, "");
    egi_irb_if_begin(b, &some, LLVMBuildOr(ir, moves, LLVMBuildICmp(ir, LLVMIntSGT, n, zero, ""), ""));
    egi_irb_call(b, d->f->add, args, 10);
    egi_irb_if_end(b, &some);
}

/* Of no spikes at all there is one list, which is empty. */
static LLVMValueRef lists_end(const job *d) { return egi_irb_max(d->b, d->arg[P_K], egi_irb_i64(d->b, 1)); }

/* i1: are `fired` many of `all`? */
static LLVMValueRef dense(const job *d, LLVMValueRef fired, LLVMValueRef all)
{
    egi_irb *b = d->b;
    LLVMValueRef hundred = LLVMBuildMul(b->b, fired, egi_irb_i64(b, 100), "");
    return LLVMBuildICmp(b->b, LLVMIntSGE, hundred, LLVMBuildMul(b->b, all, egi_irb_i64(b, DENSE), ""), "");
}

/* A tile of rows of the result from m on; its spikes lie at x, x_row from row to row and x_step from one to the next.
 */
static void add_tile(const job *d, LLVMValueRef m, LLVMValueRef x, LLVMValueRef x_row, LLVMValueRef x_step)
{
    egi_irb *b = d->b;
    LLVMBuilderRef ir = b->b;
    const LLVMValueRef *a = d->arg;
    LLVMTypeRef t = d->f->p.element;
    LLVMValueRef base = LLVMBuildAdd(ir, LLVMBuildMul(ir, m, a[P_N], ""), d->c0, "");
    base = egi_irb_at(b, t, a[P_BASE], LLVMBuildMul(ir, base, a[P_KEEP], ""));
    LLVMValueRef args[] = {x,
                           egi_irb_at(b, t, a[P_W], d->c0),
                           base,
                           at(d, t, a[P_OUT], m, a[P_N], d->c0),
                           a[P_K],
                           a[P_N],
                           x_row,
                           x_step,
                           LLVMBuildMul(ir, a[P_N], a[P_KEEP], ""),
                           LLVMBuildSub(ir, d->c1, d->c0, ""),
                           a[P_KEEP]};
    egi_irb_call(b, d->f->tile, args, 11);
}

/* i1: does something fire among the first few of n spikes in every row of a tile?  In a row without any spike, which is
 * then left to lists, the base has to stay as it is to the bit, and adding -0 would flush it. */
static LLVMValueRef each_fires(const job *d, LLVMValueRef x, LLVMValueRef x_row, LLVMValueRef x_step, LLVMValueRef n)
{
    egi_irb *b = d->b;
    LLVMBuilderRef ir = b->b;
    LLVMValueRef zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1);
    egi_irb_loop rows, l;
    LLVMValueRef r = egi_irb_loop_begin(b, &rows, zero, egi_irb_i64(b, EGI_FIRED_TILE_ROWS), one);
    LLVMValueRef all = egi_irb_carry(b, &rows, LLVMConstInt(b->i1, 1, 0));
    LLVMValueRef k = egi_irb_loop_begin(b, &l, zero, egi_irb_min(b, n, egi_irb_i64(b, FIRST)), one);
    LLVMValueRef any = egi_irb_carry(b, &l, LLVMConstInt(b->i1, 0, 0));
    LLVMValueRef p = egi_irb_load(
        b, d->spike, at(d, d->spike, egi_irb_at(b, d->spike, x, LLVMBuildMul(ir, r, x_row, "")), k, x_step, zero));
    LLVMValueRef none = LLVMConstNull(d->spike);
    LLVMValueRef yes =
        d->f->values ? LLVMBuildFCmp(ir, LLVMRealUNE, p, none, "") : LLVMBuildICmp(ir, LLVMIntNE, p, none, "");
    egi_irb_carry_next(&l, any, LLVMBuildOr(ir, any, yes, ""));
    egi_irb_loop_end(b, &l);
    egi_irb_carry_next(&rows, all, LLVMBuildAnd(ir, all, egi_irb_carry_out(&l, any), ""));
    egi_irb_loop_end(b, &rows);
    return egi_irb_carry_out(&rows, all);
}

/* How many of `n` spikes fire in each of `rows` rows that begin at x, `row` apart. */
static LLVMValueRef count_rows(const job *d, LLVMValueRef x, LLVMValueRef row, LLVMValueRef rows, LLVMValueRef n)
{
    egi_irb *b = d->b;
    egi_irb_loop l;
    LLVMValueRef k = egi_irb_loop_begin(b, &l, egi_irb_i64(b, 0), rows, egi_irb_i64(b, 1));
    LLVMValueRef total = egi_irb_carry(b, &l, egi_irb_i64(b, 0));
    LLVMValueRef args[] = {egi_irb_at(b, d->spike, x, LLVMBuildMul(b->b, k, row, "")), d->count, n};
    egi_irb_call(b, d->f->count, args, 3);
    egi_irb_carry_next(&l, total, LLVMBuildAdd(b->b, total, egi_irb_load(b, b->i64, d->count), ""));
    egi_irb_loop_end(b, &l);
    return egi_irb_carry_out(&l, total);
}

/* Rows [m, end) by lists: how many spikes they had. */
static LLVMValueRef list_and_add(const job *d, LLVMValueRef m, LLVMValueRef end)
{
    egi_irb *b = d->b;
    const LLVMValueRef *a = d->arg;
    LLVMValueRef block = egi_irb_i64(b, EGI_FIRED_LIST), one = egi_irb_i64(b, 1), zero = egi_irb_i64(b, 0);
    egi_irb_loop rows, lists;
    m = egi_irb_loop_begin(b, &rows, m, end, one);
    LLVMValueRef all = egi_irb_carry(b, &rows, zero);
    LLVMValueRef k = egi_irb_loop_begin(b, &lists, zero, lists_end(d), block), total = egi_irb_carry(b, &lists, all);
    LLVMValueRef x = at(d, d->spike, a[P_X], m, a[P_K], k);
    LLVMValueRef args[] = {x, a[P_SCRATCH], d->count, egi_irb_min(b, LLVMBuildSub(b->b, a[P_K], k, ""), block),
                           ahead(d, a[P_K])};
    egi_irb_call(b, d->f->list, args, 5);
    LLVMValueRef n = egi_irb_load(b, b->i64, d->count);
    add_row(d, m, k, a[P_SCRATCH], n, x, one);
    egi_irb_carry_next(&lists, total, LLVMBuildAdd(b->b, total, n, ""));
    egi_irb_loop_end(b, &lists);
    egi_irb_carry_next(&rows, all, egi_irb_carry_out(&lists, total));
    egi_irb_loop_end(b, &rows);
    return egi_irb_carry_out(&rows, all);
}

/* As many rows as a tile has at a time: by a tile if many fired in those before, else by lists. */
static void by_rows(const job *d)
{
    egi_irb *b = d->b;
    const LLVMValueRef *a = d->arg;
    LLVMValueRef tile = egi_irb_i64(b, EGI_FIRED_TILE_ROWS);
    egi_irb_loop rows;
    egi_irb_if many;
    LLVMValueRef m = egi_irb_loop_begin(b, &rows, d->r0, d->r1, tile);
    LLVMValueRef before = egi_irb_carry(b, &rows, egi_irb_i64(b, -1));
    LLVMValueRef end = egi_irb_min(b, LLVMBuildAdd(b->b, m, tile, ""), d->r1);
    LLVMValueRef whole = LLVMBuildICmp(b->b, LLVMIntEQ, LLVMBuildSub(b->b, end, m, ""), tile, "");
    LLVMValueRef likely = dense(d, before, LLVMBuildMul(b->b, a[P_K], tile, ""));
    LLVMValueRef x = at(d, d->spike, a[P_X], m, a[P_K], egi_irb_i64(b, 0)), one = egi_irb_i64(b, 1);
    egi_irb_if here;
    egi_irb_if_begin(b, &here, LLVMBuildAnd(b->b, whole, likely, ""));
    LLVMValueRef fires = each_fires(d, x, a[P_K], one, a[P_K]);
    egi_irb_if_end(b, &here);
    egi_irb_if_begin(b, &many, egi_irb_if_merge(b, &here, fires, LLVMConstInt(b->i1, 0, 0)));
    LLVMValueRef counted = count_rows(d, x, a[P_K], tile, a[P_K]);
    add_tile(d, m, x, a[P_K], one);
    egi_irb_if_else(b, &many);
    LLVMValueRef listed = list_and_add(d, m, end);
    egi_irb_if_end(b, &many);
    egi_irb_carry_next(&rows, before, egi_irb_if_merge(b, &many, counted, listed));
    egi_irb_loop_end(b, &rows);
}

/* Lists rows of the spikes from k on, columns m0 .. m0 + mc, until there is no room: how many rows. */
static LLVMValueRef list_rows(const job *d, LLVMValueRef k, LLVMValueRef m0, LLVMValueRef mc)
{
    egi_irb *b = d->b;
    LLVMBuilderRef ir = b->b;
    const LLVMValueRef *a = d->arg;
    LLVMTypeRef number = LLVMInt16TypeInContext(b->ctx);
    LLVMValueRef zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1);
    LLVMValueRef most = egi_irb_min(b, LLVMBuildSub(ir, a[P_K], k, ""), egi_irb_i64(b, EGI_FIRED_ROWS));
    egi_irb_loop rows;
    LLVMValueRef j = egi_irb_loop_begin(b, &rows, zero, most, one);
    LLVMValueRef num = egi_irb_carry(b, &rows, zero), done = egi_irb_carry(b, &rows, zero);
    egi_irb_if room;
    egi_irb_if_begin(b, &room, LLVMBuildICmp(ir, LLVMIntSLT, num, egi_irb_i64(b, EGI_FIRED_ROOM), ""));
    LLVMValueRef x = at(d, d->spike, a[P_X], LLVMBuildAdd(ir, k, j, ""), a[P_M], m0);
    LLVMValueRef counter = egi_irb_at(b, b->i64, d->count, j);
    LLVMValueRef args[] = {x, egi_irb_at(b, number, a[P_SCRATCH], num), counter, mc, ahead(d, a[P_M])};
    egi_irb_call(b, d->f->list, args, 5);
    LLVMValueRef more = LLVMBuildAdd(ir, num, egi_irb_load(b, b->i64, counter), "");
    LLVMValueRef next = LLVMBuildAdd(ir, done, one, "");
    egi_irb_if_end(b, &room);
    LLVMValueRef num_next = egi_irb_if_merge(b, &room, more, num), done_next = egi_irb_if_merge(b, &room, next, done);
    egi_irb_carry_next(&rows, num, num_next);
    egi_irb_carry_next(&rows, done, done_next);
    egi_irb_loop_end(b, &rows);
    return egi_irb_carry_out(&rows, done);
}

/* Rows m0 .. m0 + mc of the result.  Blocks of k are as long as there is room: a loop over k in which most turns do
 * nothing. */
static void add_columns(const job *d, LLVMValueRef m0, LLVMValueRef mc)
{
    egi_irb *b = d->b;
    LLVMBuilderRef ir = b->b;
    const LLVMValueRef *a = d->arg;
    LLVMTypeRef number = LLVMInt16TypeInContext(b->ctx);
    LLVMValueRef zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1);
    LLVMValueRef turned = egi_irb_at(b, b->i8, a[P_SCRATCH], egi_irb_i64(b, AT_TURNED));
    LLVMValueRef first = egi_irb_at(b, b->i8, a[P_SCRATCH], egi_irb_i64(b, AT_FIRST));
    egi_irb_loop lists, rows;
    LLVMValueRef k = egi_irb_loop_begin(b, &lists, zero, lists_end(d), one), begin = egi_irb_carry(b, &lists, zero);
    egi_irb_if here;
    egi_irb_if_begin(b, &here, LLVMBuildICmp(ir, LLVMIntEQ, k, begin, ""));
    LLVMValueRef kc = list_rows(d, k, m0, mc);
    LLVMValueRef args[] = {a[P_SCRATCH], d->count, first, turned, kc, mc};
    egi_irb_call(b, d->f->sort, args, 6);
    LLVMValueRef x = at(d, d->spike, a[P_X], k, a[P_M], m0);
    LLVMValueRef j = egi_irb_loop_begin(b, &rows, zero, mc, one), p = egi_irb_at(b, b->i32, first, j);
    LLVMValueRef lo = LLVMBuildZExt(ir, egi_irb_load(b, b->i32, p), b->i64, "");
    LLVMValueRef hi = LLVMBuildZExt(ir, egi_irb_load(b, b->i32, egi_irb_at(b, b->i32, p, one)), b->i64, "");
    add_row(d, LLVMBuildAdd(ir, m0, j, ""), k, egi_irb_at(b, number, turned, lo), LLVMBuildSub(ir, hi, lo, ""),
            egi_irb_at(b, d->spike, x, j), a[P_M]);
    egi_irb_loop_end(b, &rows);
    LLVMValueRef next = LLVMBuildAdd(ir, begin, egi_irb_max(b, kc, one), "");
    egi_irb_if_end(b, &here);
    egi_irb_carry_next(&lists, begin, egi_irb_if_merge(b, &here, next, begin));
    egi_irb_loop_end(b, &lists);
}

/* The base. */
static void begin_rows(const job *d)
{
    egi_irb *b = d->b;
    const LLVMValueRef *a = d->arg;
    LLVMValueRef zero = egi_irb_i64(b, 0);
    egi_irb_loop rows;
    LLVMValueRef m = egi_irb_loop_begin(b, &rows, d->r0, d->r1, egi_irb_i64(b, 1));
    add_row(d, m, zero, a[P_SCRATCH], zero, a[P_X], zero);
    egi_irb_loop_end(b, &rows);
}

/* Row by row of the spikes: their row of w is added to the rows of the result that they stand for. */
static void by_spreading(const job *d)
{
    egi_irb *b = d->b;
    const LLVMValueRef *a = d->arg;
    LLVMTypeRef t = d->f->p.element;
    LLVMValueRef block = egi_irb_i64(b, EGI_FIRED_LIST), zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1);
    egi_irb_loop groups, rows;
    begin_rows(d);
    LLVMValueRef m = egi_irb_loop_begin(b, &groups, d->r0, d->r1, block);
    LLVMValueRef mc = egi_irb_min(b, LLVMBuildSub(b->b, d->r1, m, ""), block);
    LLVMValueRef k = egi_irb_loop_begin(b, &rows, zero, a[P_K], one);
    LLVMValueRef x = at(d, d->spike, a[P_X], k, a[P_M], m);
    LLVMValueRef args[] = {x, a[P_SCRATCH], d->count, mc, ahead(d, a[P_M])};
    egi_irb_call(b, d->f->list, args, 5);
    LLVMValueRef w = at(d, t, a[P_W], k, a[P_N], d->c0), to = at(d, t, a[P_OUT], m, a[P_N], d->c0);
    LLVMValueRef rest[] = {a[P_SCRATCH], w,    w,
                           to,           x,    egi_irb_load(b, b->i64, d->count),
                           a[P_N],       zero, LLVMBuildSub(b->b, d->c1, d->c0, ""),
                           zero};
    egi_irb_call(b, d->f->spread, rest, 10);
    egi_irb_loop_end(b, &rows);
    egi_irb_loop_end(b, &groups);
}

static void by_sorting(const job *d)
{
    egi_irb *b = d->b;
    LLVMValueRef group = egi_irb_i64(b, EGI_FIRED_COLUMNS);
    egi_irb_loop groups;
    LLVMValueRef m0 = egi_irb_loop_begin(b, &groups, d->r0, d->r1, group);
    add_columns(d, m0, egi_irb_min(b, LLVMBuildSub(b->b, d->r1, m0, ""), group));
    egi_irb_loop_end(b, &groups);
}

/* Tiles, and where there is none, spreading. */
static void by_tiles(const job *d)
{
    egi_irb *b = d->b;
    const LLVMValueRef *a = d->arg;
    LLVMValueRef tile = egi_irb_i64(b, EGI_FIRED_TILE_ROWS), one = egi_irb_i64(b, 1);
    egi_irb_loop rows;
    egi_irb_if whole, fires;
    job rest = *d;
    LLVMValueRef m = egi_irb_loop_begin(b, &rows, d->r0, d->r1, tile), x = egi_irb_at(b, d->spike, a[P_X], m);
    LLVMValueRef end = LLVMBuildAdd(b->b, m, tile, "");
    egi_irb_if_begin(b, &whole, LLVMBuildICmp(b->b, LLVMIntSLE, end, d->r1, ""));
    LLVMValueRef all = each_fires(d, x, one, a[P_M], a[P_K]);
    egi_irb_if_end(b, &whole);
    egi_irb_if_begin(b, &fires, egi_irb_if_merge(b, &whole, all, LLVMConstInt(b->i1, 0, 0)));
    add_tile(d, m, x, one, a[P_M]);
    egi_irb_if_else(b, &fires);
    rest.r0 = m;
    rest.r1 = egi_irb_min(b, end, d->r1);
    by_spreading(&rest);
    egi_irb_if_end(b, &fires);
    egi_irb_loop_end(b, &rows);
}

/* Tiles if many fire in the first rows of the spikes.  Else results that a core keeps are gone through for every row of
 * spikes, and larger ones are written once a list. */
static void by_columns(const job *d)
{
    egi_irb *b = d->b;
    const LLVMValueRef *a = d->arg;
    LLVMValueRef m = LLVMBuildSub(b->b, d->r1, d->r0, ""), num = egi_irb_min(b, a[P_K], egi_irb_i64(b, SAMPLE));
    LLVMValueRef size = LLVMBuildMul(b->b, m, LLVMBuildSub(b->b, d->c1, d->c0, ""), "");
    egi_irb_if many, large;
    LLVMValueRef counted = count_rows(d, egi_irb_at(b, d->spike, a[P_X], d->r0), a[P_M], num, m);
    egi_irb_if_begin(b, &many, dense(d, counted, LLVMBuildMul(b->b, num, m, "")));
    by_tiles(d);
    egi_irb_if_else(b, &many);
    egi_irb_if_begin(b, &large, LLVMBuildICmp(b->b, LLVMIntSGT, size, egi_irb_i64(b, CACHED / d->f->p.size), ""));
    by_sorting(d);
    egi_irb_if_else(b, &large);
    by_spreading(d);
    egi_irb_if_end(b, &large);
    egi_irb_if_end(b, &many);
}

/* void f(base, x, w, out, scratch, part, parts, M, N, K, keep); keep 0: the base is one vector, all columns alike. */
static LLVMValueRef emit(egi_lower *l, eg_dtype t, bool values, bool turned)
{
    egi_irb irb, *b = &irb;
    const unsigned size = (unsigned)eg_dtype_size(t);
    egi_fired f = {.p = {.mod = l->mod, .element = egi_lower_memory(l, t), .size = size, .is_float = true},
                   .values = values,
                   .group = values ? 64 / size : 64,
                   .most = l->avx512 ? 16 : 13};
    f.p.lanes = (l->avx512 ? 64 : 32) / size;
    while (f.p.lanes > 2 && f.p.lanes > egi_lower_lanes(l, t)) f.p.lanes /= 2;
    snprintf(f.p.prefix, sizeof f.p.prefix, "egi_fired_%s_%s", eg_dtype_name(t), values ? "values" : "bool");
    LLVMValueRef fn;
    job d = {.f = &f, .b = b, .spike = values ? f.p.element : l->b.i8};
    if (!egi_dot_function(&f.p, b, turned ? "_by_columns" : "_by_rows", P_PART, P_PARAMS - P_PART, &fn, d.arg))
        return fn;
    d.count = egi_irb_at(b, b->i8, d.arg[P_SCRATCH], egi_irb_i64(b, AT_COUNT));
    egi_fired_emit_list(&f);
    egi_fired_emit_add(&f);
    egi_fired_emit_count(&f);
    egi_fired_emit_tile(&f);
    split(&d);
    if (turned) {
        egi_fired_emit_sort(&f);
        egi_fired_emit_spread(&f);
        by_columns(&d);
    } else {
        by_rows(&d);
    }
    LLVMBuildRetVoid(b->b);
    egi_irb_close(b);
    return fn;
}

/* -- operands ------------------------------------------------------------------------------------------------------ */

/* Where the spikes lie, and whether in columns. */
static LLVMValueRef spikes_of(egi_lower *l, egi_id id, bool *turned)
{
    egi_id x = egi_arg(l->g, id, 1);
    egi_view v;
    *turned = false;
    if (!egi_is_view(l->g, x) || l->p->forced[x]) return egi_lower_pointer(l, x);
    egi_view_spikes(l->p, x, &v, turned);
    LLVMTypeRef t = egi_lower_memory(l, egi_dtype_of(l->g, x));
    return egi_irb_at(&l->b, t, egi_lower_pointer(l, v.base), egi_lower_offset(l, &v));
}

/* The base, or a vector of the scalar that it repeats. */
static LLVMValueRef base_of(egi_lower *l, egi_id id, LLVMValueRef scratch, bool *repeats)
{
    egi_id base = egi_arg(l->g, id, 0), of = l->p->forced[base] ? 0 : egi_view_repeats(l->g, base);
    *repeats = of != 0;
    if (!of) return egi_lower_array(l, id, 0);
    egi_irb *b = &l->b;
    LLVMValueRef to = egi_irb_at(b, b->i8, scratch, egi_irb_i64(b, AT_BASE));
    egi_irb_store(b, egi_irb_splat(b, egi_lower_scalar(l, of), 64 / (unsigned)eg_dtype_size(egi_dtype_of(l->g, id))),
                  to);
    return to;
}

/* As many products as threads and more: each computes whole ones; else all share each. */
void egi_lower_dot_event(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    egi_irb *b = &l->b;
    LLVMBuilderRef ir = b->b;
    const egi_shape *s = egi_shape_of(g, id), *x = egi_shape_of(g, egi_arg(g, id, 1));
    const eg_dtype t = egi_dtype_of(g, id), tx = egi_dtype_of(g, egi_arg(g, id, 1));
    bool turned, repeats;
    LLVMTypeRef e = egi_lower_memory(l, t), spike = egi_lower_memory(l, tx);
    LLVMValueRef scratch = egi_lower_scratch(l), zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1);
    LLVMValueRef a[P_PARAMS] = {base_of(l, id, scratch, &repeats), spikes_of(l, id, &turned), egi_lower_array(l, id, 2),
                                egi_lower_pointer(l, id), scratch};
    a[P_PART] = LLVMBuildZExt(ir, l->tid, b->i64, "");
    a[P_PARTS] = LLVMBuildZExt(ir, l->nt, b->i64, "");
    a[P_M] = egi_lower_size(l, s->dim[s->rank - 2]);
    a[P_N] = egi_lower_size(l, s->dim[s->rank - 1]);
    a[P_K] = egi_lower_size(l, x->dim[x->rank - 1]);
    a[P_KEEP] = egi_irb_i64(b, !repeats);
    LLVMValueRef fn = emit(l, t, tx != EG_BOOL, turned);
    if (s->rank == 2) {
        egi_irb_call(b, fn, a, P_PARAMS);
        return;
    }
    LLVMValueRef batch = egi_lower_product(l, s->rank - 2, s->dim), lo, hi;
    LLVMValueRef own = LLVMBuildICmp(ir, LLVMIntSGE, batch, a[P_PARTS], "");
    egi_lower_slice(l, batch, 1, &lo, &hi);
    a[P_PART] = LLVMBuildSelect(ir, own, zero, a[P_PART], "");
    a[P_PARTS] = LLVMBuildSelect(ir, own, one, a[P_PARTS], "");
    egi_irb_loop loop;
    LLVMValueRef from = LLVMBuildSelect(ir, own, lo, zero, ""), end = LLVMBuildSelect(ir, own, hi, batch, "");
    LLVMValueRef i = egi_irb_loop_begin(b, &loop, from, end, one), each[P_PARAMS];
    LLVMValueRef sums = LLVMBuildMul(ir, i, LLVMBuildMul(ir, a[P_M], a[P_N], ""), "");
    LLVMValueRef spikes = LLVMBuildMul(ir, i, LLVMBuildMul(ir, a[P_M], a[P_K], ""), "");
    LLVMValueRef weights = LLVMBuildMul(ir, i, LLVMBuildMul(ir, a[P_K], a[P_N], ""), "");
    for (int k = 0; k < P_PARAMS; k++) each[k] = a[k];
    if (!repeats) each[P_BASE] = egi_irb_at(b, e, a[P_BASE], sums);
    each[P_X] = egi_irb_at(b, spike, a[P_X], spikes);
    each[P_W] = egi_irb_at(b, e, a[P_W], weights);
    each[P_OUT] = egi_irb_at(b, e, a[P_OUT], sums);
    egi_irb_call(b, fn, each, P_PARAMS);
    egi_irb_loop_end(b, &loop);
}
