#include "model.h"

#include <stdio.h>

static eg_val decay(void *user, eg_val x)
{
    (void)user;
    return eg_exp(eg_div(eg_neg(eg_item(x, 0)), eg_item(x, 1)));
}

float model_decay(eg_context *eg, float dt, float tau)
{
    eg_spec args[2] = {eg_scalar(EG_F32), eg_scalar(EG_F32)};
    float out = 0;
    eg_call(eg_trace(eg, "decay", decay, NULL, 2, args), NULL, (const void *[]){&dt, &tau}, (void *[]){&out}, NULL);
    ck_assert_msg(!eg_error(eg), "%s", eg_message(eg));
    return out;
}
