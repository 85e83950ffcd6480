/* Parameters of optimisers: kinds, defaults, ranges. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "optimizer.h"

static const char *const names[] = {
#define X(kind, name) #name,
    EG_OPTIMIZERS(X)
#undef X
};

const char *eg_optimizer_kind_name(eg_optimizer_kind kind)
{
    return (unsigned)kind < EG_OPTIMIZER_COUNT ? names[kind] : "?";
}

eg_optimizer_kind(eg_optimizer_by_name)(eg_context *eg, const char *name, const char *file, int line)
{
    for (unsigned k = 0; name && k < EG_OPTIMIZER_COUNT; k++) {
        if (!strcmp(name, names[k])) return (eg_optimizer_kind)k;
    }
    char known[200] = "";
    for (unsigned k = 0; k < EG_OPTIMIZER_COUNT; k++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", names[k]);
    }
    if (eg)
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_optimizer_by_name: there is no optimiser '%.60s'; there is %s",
                name ? name : "NULL", known);
    return EG_OPTIMIZER_COUNT;
}

eg_optimizer_params eg_optimizer_defaults(eg_optimizer_kind kind)
{
    bool known = (unsigned)kind < EG_OPTIMIZER_COUNT;
    eg_optimizer_params p = known ? ego_rules[kind].defaults : (eg_optimizer_params){0};
    p.kind = kind;
    if (p.lr.lr == 0) p.lr.lr = NAN; /* to be given */
    return p;
}

/* -- ranges -------------------------------------------------------------------------------------------------------- */

typedef enum range {
    FRACTION,     /* [0, 1): shares of what was */
    WEIGHT,       /* (0, 1]: shares of what is new */
    SHARE,        /* [0, 1] */
    NOT_NEGATIVE, /* [0, infinity) */
    ABOVE_0       /* (0, infinity) */
} range;

static const struct {
    const char *name;
    size_t at; /* in the struct */
    unsigned field;
    range range;
} fields[] = {
#define F(name, field, range) {#name, offsetof(eg_optimizer_params, name), field, range}
    F(momentum, EGO_MOMENTUM, FRACTION), F(rho, EGO_RHO, FRACTION),
    F(beta1, EGO_BETA1, FRACTION),       F(beta2, EGO_BETA2, FRACTION),
    F(betas[0], EGO_BETAS, WEIGHT),      F(betas[1], EGO_BETAS, WEIGHT),
    F(betas[2], EGO_BETAS, WEIGHT),      F(beta, EGO_BETA, FRACTION),
    F(eps, EGO_EPS, NOT_NEGATIVE),       F(tc, EGO_TC, ABOVE_0),
    F(weight_decay, 0, SHARE),
#undef F
};

/* A decay that is multiplied by lr may be above 1. */
static range range_of(size_t field, eg_optimizer_kind kind)
{
    bool times_lr = fields[field].range == SHARE && ego_rules[kind].decay != EGO_DECAY_PLAIN;
    return times_lr ? NOT_NEGATIVE : fields[field].range;
}

/* What the value must be; NULL if it is. */
static const char *wrong(range r, double x)
{
    switch (r) {
    case FRACTION: return x >= 0 && x < 1 ? NULL : "a number from 0 to below 1";
    case WEIGHT: return x > 0 && x <= 1 ? NULL : "a number above 0, to 1";
    case SHARE: return x >= 0 && x <= 1 ? NULL : "a number from 0 to 1";
    case NOT_NEGATIVE: return x >= 0 && isfinite(x) ? NULL : "a finite number from 0 on";
    case ABOVE_0: return x > 0 && isfinite(x) ? NULL : "a finite number above 0";
    }
    return NULL;
}

bool ego_check_params(const ego_place *at, const eg_optimizer_params *p)
{
    unsigned has = ego_rules[p->kind].fields;
    if (!ego_check_schedule(at, &p->lr)) return false;
    for (size_t k = 0; k < sizeof fields / sizeof *fields; k++) {
        double x;
        memcpy(&x, (const char *)p + fields[k].at, sizeof x);
        bool own = fields[k].field == 0 || fields[k].field & has;
        const char *use = own ? wrong(range_of(k, p->kind), x) : x == 0 ? NULL : "0, it has no such parameter";
        if (!use) continue;
        eg_fail(at->eg, EG_ERR_ARGUMENT, at->file, at->line, "%s: %s is %g; use %s", at->who, fields[k].name, x, use);
        return false;
    }
    bool amsgrad = p->amsgrad && !(has & EGO_AMSGRAD), no_prox = p->no_prox && !(has & EGO_NO_PROX);
    if (amsgrad || no_prox)
        eg_fail(at->eg, EG_ERR_ARGUMENT, at->file, at->line, "%s: it has no %s; begin with its eg_optimizer_defaults()",
                at->who, amsgrad ? "amsgrad" : "no_prox");
    return !amsgrad && !no_prox;
}
