/* The optimisers that are tried. */
#include <string.h>

#include "reference.h"

/* What is not 0 in `set` replaces the defaults. */
static const struct {
    eg_optimizer_kind kind;
    eg_optimizer_params set;
} variants[VARIANTS] = {
    {.kind = EG_SGD},
    {.kind = EG_SGD, .set = {.weight_decay = 0.1}},
    {.kind = EG_MOMENTUM},
    {.kind = EG_MOMENTUM, .set = {.momentum = 0.5, .weight_decay = 0.1}},
    {.kind = EG_MOMENTUM_NESTEROV},
    {.kind = EG_ADAGRAD},
    {.kind = EG_ADAGRAD, .set = {.eps = 0.1, .weight_decay = 0.01}},
    {.kind = EG_ADADELTA},
    {.kind = EG_ADADELTA, .set = {.rho = 0.5, .eps = 0.01, .weight_decay = 0.01}},
    {.kind = EG_RMSPROP},
    {.kind = EG_ADAM},
    {.kind = EG_ADAM, .set = {.beta1 = 0.5, .beta2 = 0.9, .eps = 0.1, .weight_decay = 0.01}},
    {.kind = EG_LARS},
    {.kind = EG_LARS, .set = {.tc = 0.5, .eps = 0.1, .weight_decay = 0.1, .momentum = 0.2}},
    {.kind = EG_ADAN},
    {.kind = EG_ADAN, .set = {.betas = {0.3, 1, 0.2}, .no_prox = true}},
    {.kind = EG_ADAMW},
    {.kind = EG_ADAMW, .set = {.amsgrad = true, .weight_decay = 0.3}},
    {.kind = EG_SM3},
    {.kind = EG_SM3, .set = {.beta = 0.5}},
    {.kind = EG_SM3, .set = {.beta = 0.9, .momentum = 0.9, .weight_decay = 0.01}},
};

eg_optimizer_params variant_params(int k)
{
    eg_optimizer_params p = eg_optimizer_defaults(variants[k].kind);
    const eg_optimizer_params *s = &variants[k].set;
    double *to[] = {&p.momentum, &p.rho, &p.beta1, &p.beta2, &p.beta, &p.eps, &p.tc, &p.weight_decay};
    const double from[] = {s->momentum, s->rho, s->beta1, s->beta2, s->beta, s->eps, s->tc, s->weight_decay};
    for (size_t j = 0; j < sizeof from / sizeof *from; j++) {
        if (from[j] != 0) *to[j] = from[j];
    }
    if (s->betas[0] != 0) memcpy(p.betas, s->betas, sizeof p.betas);
    p.amsgrad = s->amsgrad;
    p.no_prox = s->no_prox;
    p.lr = eg_exponential_decay(0.05, 3, 0.7);
    return p;
}
