/* The static guard against races: in every order in which stages can follow each other, no stage touches what another
 * slice wrote, nor overwrites what another slice may still read, without a barrier between.
 *
 * It does not ask how the barriers were found (plan_sync.c): it writes down the stages in the order they run, loops
 * twice around, and looks at every pair. */
#include "core/context.h"
#include "opt/plan.h"

typedef struct event {
    const egi_stage *stage; /* NULL: a barrier stands here (a chunk begins) */
    uint16_t region;
    int turn; /* of the innermost loop */
} event;

typedef struct sequence {
    const egi_plan *p;
    EGI_VEC(event) at;
    bool failed;
} sequence;

static void push(sequence *q, const egi_stage *s, uint16_t region, int turn)
{
    if (!egi_push(&q->p->g->eg->allocator, &q->at, ((event){s, region, turn}))) q->failed = true;
}

static void write_list(sequence *q, const egi_stages *list, uint16_t region, int turn);

static void write_region(sequence *q, egi_id owner)
{
    const egi_graph *g = q->p->g;
    const egi_node *n = egi_at(g, owner);
    const int64_t *at = egi_ints_of(g, n);
    uint16_t first = (uint16_t)at[0], second = n->op == EGI_LOOP ? first : (uint16_t)at[1];
    const egi_region_plan *body = &q->p->region[n->op == EGI_WHILE ? second : first];
    if (n->op != EGI_COND) write_list(q, &body->before, n->op == EGI_WHILE ? second : first, 0);
    if (n->op == EGI_LOOP) {
        if (n->region == 0) push(q, NULL, first, 0);
        write_list(q, &body->enter, first, 0);
    }
    for (int turn = 0; turn < (n->op == EGI_COND ? 1 : 2); turn++) {
        write_list(q, &q->p->region[first].stages, first, turn);
        if (n->op != EGI_LOOP) write_list(q, &q->p->region[second].stages, second, turn);
    }
}

static void write_list(sequence *q, const egi_stages *list, uint16_t region, int turn)
{
    for (int64_t k = 0; k < list->n && !q->failed; k++) {
        const egi_stage *s = &list->at[k];
        bool owns = s->kind == EGI_STAGE_NODE && (egi_flags((egi_op)egi_at(q->p->g, s->node)->op) & FL);
        if (!owns) {
            push(q, s, region, turn);
            continue;
        }
        if (s->barrier) push(q, NULL, region, turn);
        write_region(q, s->node);
    }
}

/* Which of the two lists an access means, seen from an even step. */
static int which_list(const egi_access *a, int turn) { return a->parity ? (a->parity + turn) & 1 : 2; }

static bool touches(const egi_access *a, const event *ea, const egi_access *b, const event *eb)
{
    if (a->buffer != b->buffer || (!a->write && !b->write)) return false;
    int la = which_list(a, ea->turn), lb = which_list(b, eb->turn);
    if (ea->region == eb->region && la != 2 && lb != 2 && la != lb) return false;
    return !(a->sliced && b->sliced && a->extent == b->extent && a->inner == b->inner);
}

static bool races(const event *x, const event *y, uint32_t *buffer)
{
    for (int64_t j = 0; j < x->stage->accesses.n; j++) {
        for (int64_t k = 0; k < y->stage->accesses.n; k++) {
            if (!touches(&x->stage->accesses.at[j], x, &y->stage->accesses.at[k], y)) continue;
            *buffer = x->stage->accesses.at[j].buffer;
            return true;
        }
    }
    return false;
}

/* From each stage forward to the next barrier. */
static bool check_from(const sequence *q, int64_t from, egi_text *why)
{
    const event *x = &q->at.at[from];
    uint32_t buffer = 0;
    if (!x->stage) return true;
    for (int64_t k = from + 1; k < q->at.n; k++) {
        const event *y = &q->at.at[k];
        if (!y->stage || y->stage->barrier) return true;
        if (!races(x, y, &buffer)) continue;
        egi_put(why, "stages %lld and %lld of the sequence (regions %d and %d) meet in buffer b%u without a barrier",
                (long long)from, (long long)k, x->region, y->region, buffer);
        return false;
    }
    return true;
}

bool egi_verify_stages(const egi_plan *p, egi_text *why)
{
    sequence q = {.p = p};
    bool ok = true;
    write_list(&q, &p->region[0].stages, 0, 0);
    for (int64_t k = 0; k < q.at.n && ok; k++) ok = check_from(&q, k, why);
    egi_vec_free(&p->g->eg->allocator, &q.at);
    return ok && !q.failed;
}
