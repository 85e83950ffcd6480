#include "support/context.h"

#include <check.h>
#include <stdarg.h>
#include <string.h>

eg_context *test_open_math(int way, eg_math math)
{
    eg_context *eg = eg_open(&(eg_options){.threads = way > 0 ? way : 1, .interpret = way == 0, .math = math});
    ck_assert_ptr_nonnull(eg);
    return eg;
}

eg_context *test_open(int way) { return test_open_math(way, EG_MATH_CONTRACT); }

void test_fine(eg_context *eg) { ck_assert_msg(eg_error(eg) == EG_OK, "%s", eg_message(eg)); }

void test_close(eg_context *eg)
{
    test_fine(eg);
    eg_close(eg);
}

void test_expect(eg_context *eg, eg_status status, ...)
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
