/* Names in exported headers. */
#include <strings.h>

#include "api/export.h"

/* Of C11 and C++17, and the names of <stdbool.h>. */
static const char keywords[] =
    " alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t class compl const "
    "const_cast constexpr continue decltype default delete do double dynamic_cast else enum explicit export extern "
    "false float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or "
    "or_eq private protected public register reinterpret_cast restrict return short signed sizeof static "
    "static_assert static_cast struct switch template this thread_local throw true try typedef typeid typename union "
    "unsigned using virtual linux unix typeof concept requires co_await co_return co_yield char8_t consteval constinit "
    " void volatile wchar_t while xor xor_eq ";

static bool is_keyword(const char *s)
{
    size_t n = strlen(s);
    for (const char *at = keywords; (at = strstr(at, s)); at++) {
        if (at[-1] == ' ' && at[n] == ' ') return true;
    }
    return false;
}

static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool digit(char c) { return c >= '0' && c <= '9'; }

bool egi_is_identifier(const char *s)
{
    if (!letter(*s)) return false; /* names that begin with '_' are the implementation's */
    for (const char *c = s; *c; c++) {
        if (!letter(*c) && !digit(*c) && *c != '_') return false;
    }
    return !is_keyword(s);
}

/* Of <stdint.h>: INT8_MAX, SIZE_MAX, UINT64_C, and of the exported header: all that begins with ENGRAM_. */
static bool is_macro(const char *s)
{
    static const char *const first[] = {"INT", "UINT", "PTRDIFF_", "SIZE_", "SIG_ATOMIC_", "WCHAR_", "WINT_"};
    if (!strncasecmp(s, "engram_", 7)) return true;
    for (const char *c = s; *c; c++) {
        if (!digit(*c) && *c != '_' && (*c < 'A' || *c > 'Z')) return false;
    }
    for (size_t k = 0; k < EGI_LEN(first); k++) {
        if (!strncmp(s, first[k], strlen(first[k]))) return true;
    }
    return false;
}

bool egi_is_free_name(const char *s, const char *function)
{
    const size_t n = function ? strlen(function) : 0;
    return egi_is_identifier(s) && !is_macro(s) &&
           !(function && !strncmp(s, function, n) && !strcmp(s + n, "_data_size"));
}

void egi_put_identifier(egi_text *t, const char *s)
{
    if (!letter(*s)) egi_put(t, "v");
    for (; *s; s++) egi_put(t, "%c", letter(*s) || digit(*s) ? *s : '_');
}

void egi_put_comment(egi_text *t, const char *s)
{
    for (; *s; s++) {
        bool odd = (unsigned char)*s < ' ' || *s == 127 || *s == '\\' || (*s == '/' && s[1] == '*') || *s == '*';
        egi_put(t, "%c", odd ? '?' : *s);
    }
}
