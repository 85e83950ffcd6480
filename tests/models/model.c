#include "model.h"

#include <stdarg.h>
#include <stdio.h>

eg_context *model_open(int way, eg_math math)
{
    eg_context *eg = eg_open(&(eg_options){.threads = way > 0 ? way : 1, .interpret = way == 0, .math = math});
    ck_assert_ptr_nonnull(eg);
    return eg;
}

void model_close(eg_context *eg)
{
    ck_assert_msg(eg_error(eg) == EG_OK, "%s", eg_message(eg));
    eg_close(eg);
}

void model_expect(eg_context *eg, eg_status status, ...)
{
    ck_assert_msg(eg_error(eg) == status, "wanted '%s', got '%s': %s", eg_status_text(status),
                  eg_status_text(eg_error(eg)), eg_message(eg));
    va_list ap;
    va_start(ap, status);
    for (const char *text; (text = va_arg(ap, const char *));)
        ck_assert_msg(strstr(eg_message(eg), text), "'%s' is not in: %s", text, eg_message(eg));
    va_end(ap);
    eg_clear_error(eg);
}

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
