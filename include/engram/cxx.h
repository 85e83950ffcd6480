/* Engram in C++17: what the macros of the headers are in C.  core.h and math.h include it and cxx_math.h by themselves.
 *
 * Calls are written as in C: eg_add(V, 20.0), eg_get(V), eg_sum(x, 0).  Plain numbers convert to eg_val, the place of
 * the call is a default argument (EG_PLACE), and what takes a list of numbers is a template.  All of it is inline; the
 * library stays plain C.  Callbacks can be lambdas that capture nothing, but exceptions must not leave them.
 */
#ifndef ENGRAM_CXX_H
#define ENGRAM_CXX_H

#include "engram/core.h"

#ifdef __cplusplus
inline eg_val::eg_val(const eg_header *header, uint32_t of_generation, uint32_t of_id)
    : of(header), generation(of_generation), id(of_id)
{
}
inline eg_val::eg_val(double x) : eg_val(eg_real(x)) {}
inline eg_val::eg_val(float x) : eg_val(eg_real(static_cast<double>(x))) {}
inline eg_val::eg_val(int x) : eg_val(eg_int(x)) {}
inline eg_val::eg_val(long x) : eg_val(eg_int(x)) {}
inline eg_val::eg_val(long long x) : eg_val(eg_int(x)) {}
inline eg_val::eg_val(unsigned x) : eg_val(eg_uint(x)) {}
inline eg_val::eg_val(unsigned long x) : eg_val(eg_uint(x)) {}
inline eg_val::eg_val(unsigned long long x) : eg_val(eg_uint(x)) {}

/* A value or plain number, and where the call stands that it is an argument of: for functions that take any number of
 * arguments, behind which there is no room for defaults. */
struct eg_arg {
    eg_val v;
    const char *in_file;
    int at_line;
    template <class T> eg_arg(T x, EG_PLACE) : v(x), in_file(file), at_line(line) {}
};

inline eg_spec eg_scalar(eg_dtype t) { return eg_spec{t, 0, {}}; }
inline eg_spec eg_vector(eg_dtype t, int64_t n) { return eg_spec{t, 1, {n}}; }
inline eg_spec eg_matrix(eg_dtype t, int64_t m, int64_t n) { return eg_spec{t, 2, {m, n}}; }
#endif

#endif
