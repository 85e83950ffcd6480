/* The static guard against races: in every order in which stages can follow each other, no stage touches what another
 * slice wrote, nor overwrites what another slice may still read, without a barrier between.
 *
 * It does not ask how the barriers were found (plan_sync.c): it writes down the stages in the order they run, loops
 * twice around, and looks at every pair that a way through the arms of conds can meet. */
#include "core/context.h"
#include "opt/plan.h"

/* BARRIER: one stands here (a chunk begins).  IF, ELSE, END: around the arms of a cond. */
typedef enum event_kind { STAGE, BARRIER, IF, ELSE, END } event_kind;

typedef struct event {
    event_kind kind;
    const egi_stage *stage;
    uint16_t region;
    int turn;     /* of the innermost loop */
    int64_t next; /* of IF: its ELSE; of ELSE: its END */
} event;

typedef struct sequence {
    const egi_plan *p;
    EGI_VEC(event) at;
    bool failed;
} sequence;

static int64_t push(sequence *q, event_kind kind, const egi_stage *s, uint16_t region, int turn)
{
    if (!egi_push(&q->p->g->eg->allocator, &q->at, ((event){kind, s, region, turn, 0}))) q->failed = true;
    return q->at.n - 1;
}

static void write_list(sequence *q, const egi_stages *list, uint16_t region, int turn);

static void write_region(sequence *q, egi_id owner)
{
    const egi_graph *g = q->p->g;
    const egi_node *n = egi_at(g, owner);
    const int64_t *at = egi_ints_of(g, n);
    uint16_t first = (uint16_t)at[0], second = n->op == EGI_LOOP ? first : (uint16_t)at[1];
    const egi_region_plan *body = &q->p->region[n->op == EGI_WHILE ? second : first];
    if (n->op == EGI_COND) {
        int64_t begin = push(q, IF, NULL, first, 0);
        write_list(q, &q->p->region[first].stages, first, 0);
        int64_t middle = push(q, ELSE, NULL, second, 0);
        write_list(q, &q->p->region[second].stages, second, 0);
        int64_t end = push(q, END, NULL, second, 0);
        if (q->failed) return;
        q->at.at[begin].next = middle;
        q->at.at[middle].next = end;
        return;
    }
    write_list(q, &body->before, n->op == EGI_WHILE ? second : first, 0);
    if (n->op == EGI_LOOP) {
        if (n->region == 0) push(q, BARRIER, NULL, first, 0);
        write_list(q, &body->enter, first, 0);
    }
    for (int turn = 0; turn < 2; turn++) {
        write_list(q, &q->p->region[first].stages, first, turn);
        if (n->op == EGI_WHILE) write_list(q, &q->p->region[second].stages, second, turn);
    }
}

static void write_list(sequence *q, const egi_stages *list, uint16_t region, int turn)
{
    for (int64_t k = 0; k < list->n && !q->failed; k++) {
        const egi_stage *s = &list->at[k];
        bool owns = s->kind == EGI_STAGE_NODE && (egi_flags((egi_op)egi_at(q->p->g, s->node)->op) & FL);
        if (!owns) {
            push(q, STAGE, s, region, turn);
            continue;
        }
        if (s->barrier) push(q, BARRIER, NULL, region, turn);
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

typedef struct race {
    int64_t with; /* 0 = none */
    uint32_t buffer;
} race;

/* From x on, over the events [k, end): false if every way comes to a barrier. */
static bool follow(const sequence *q, const event *x, int64_t k, int64_t end, race *found)
{
    while (k < end && !found->with) {
        const event *y = &q->at.at[k];
        if (y->kind == BARRIER || (y->kind == STAGE && y->stage->barrier)) return false;
        if (y->kind == IF) {
            int64_t middle = y->next, after = q->at.at[middle].next;
            bool yes = follow(q, x, k + 1, middle, found), no = follow(q, x, middle + 1, after, found);
            if (!yes && !no) return false;
            k = after;
        } else if (y->kind == ELSE) {
            k = y->next; /* x is in the first arm: the second does not run */
        } else if (y->kind == STAGE && races(x, y, &found->buffer)) {
            found->with = k;
        }
        k++;
    }
    return true;
}

static bool check_from(const sequence *q, int64_t from, egi_text *why)
{
    const event *x = &q->at.at[from];
    race found = {0};
    if (x->kind == STAGE) follow(q, x, from + 1, q->at.n, &found);
    if (!found.with) return true;
    egi_put(why, "stages %lld and %lld of the sequence (regions %d and %d) meet in buffer b%u without a barrier",
            (long long)from, (long long)found.with, x->region, q->at.at[found.with].region, found.buffer);
    return false;
}

bool egi_verify_stages(const egi_plan *p, egi_text *why)
{
    sequence q = {.p = p};
    bool ok = true;
    write_list(&q, &p->region[0].stages, 0, 0);
    for (int64_t k = 0; k < q.at.n && ok && !q.failed; k++) ok = check_from(&q, k, why);
    egi_vec_free(&p->g->eg->allocator, &q.at);
    return ok && !q.failed;
}
