/* Helpers of the tests of training. */
#include "train.h"

#include <stdarg.h>

eg_context *train_open(int way)
{
    eg_context *eg = eg_open(&(eg_options){.threads = way > 0 ? way : 1, .interpret = way == 0});
    ck_assert_ptr_nonnull(eg);
    return eg;
}

void train_fine(eg_context *eg) { ck_assert_msg(eg_error(eg) == EG_OK, "%s", eg_message(eg)); }

void train_close(eg_context *eg)
{
    train_fine(eg);
    eg_close(eg);
}

void train_expect(eg_context *eg, eg_status status, ...)
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

double train_number(uint64_t k, double low, double high)
{
    uint64_t z = (k + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return low + (high - low) * ((double)((z ^ (z >> 31)) >> 11) * 0x1p-53);
}

int64_t train_count(eg_spec s)
{
    int64_t n = 1;
    for (int k = 0; k < s.rank; k++) n *= s.dim[k];
    return n;
}
