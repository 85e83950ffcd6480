/* Operations that take lists, in C++17 (cxx.h): eg_sum(x, axis...), eg_reshape(x, 3, -1), eg_concat(axis, a, b...). */
#ifndef ENGRAM_CXX_MATH_H
#define ENGRAM_CXX_MATH_H

#include "engram/cxx.h"
#include "engram/math.h"

#ifdef __cplusplus
#define X(name)                                                                                                        \
    template <class... A> inline eg_val eg_##name(eg_arg x, A... axes)                                                 \
    {                                                                                                                  \
        const int list[] = {static_cast<int>(axes)..., 0};                                                             \
        return eg_##name(x.v, static_cast<int>(sizeof...(A)), list, false, x.in_file, x.at_line);                      \
    }                                                                                                                  \
    inline eg_val eg_##name##_axes(eg_val x, int n, const int *axes, bool keep, EG_PLACE)                              \
    {                                                                                                                  \
        return eg_##name(x, n, axes, keep, file, line);                                                                \
    }
EG_REDUCTIONS(X)
#undef X

template <class... A> inline eg_val eg_broadcast(eg_arg x, A... dims)
{
    const int64_t list[] = {static_cast<int64_t>(dims)..., 0};
    return eg_broadcast(x.v, static_cast<int>(sizeof...(A)), list, x.in_file, x.at_line);
}
inline eg_val eg_broadcast_to(eg_val x, int rank, const int64_t *dims, EG_PLACE)
{
    return eg_broadcast(x, rank, dims, file, line);
}

template <class... A> inline eg_val eg_reshape(eg_arg x, A... dims)
{
    const int64_t list[] = {static_cast<int64_t>(dims)..., 0};
    return eg_reshape(x.v, static_cast<int>(sizeof...(A)), list, x.in_file, x.at_line);
}
inline eg_val eg_reshape_to(eg_val x, int rank, const int64_t *dims, EG_PLACE)
{
    return eg_reshape(x, rank, dims, file, line);
}

template <class... A> inline eg_val eg_transpose(eg_arg x, A... perm)
{
    const int list[] = {static_cast<int>(perm)..., 0};
    return eg_transpose(x.v, static_cast<int>(sizeof...(A)), list, x.in_file, x.at_line);
}

template <class... A> inline eg_val eg_concat(int axis, eg_arg x, A... more)
{
    const eg_val list[] = {x.v, eg_val(more)...};
    return eg_concat(axis, 1 + static_cast<int>(sizeof...(A)), list, x.in_file, x.at_line);
}
inline eg_val eg_concat_n(int axis, int n, const eg_val *x, EG_PLACE) { return eg_concat(axis, n, x, file, line); }

template <class... A> inline eg_val eg_stack(int axis, eg_arg x, A... more)
{
    const eg_val list[] = {x.v, eg_val(more)...};
    return eg_stack(axis, 1 + static_cast<int>(sizeof...(A)), list, x.in_file, x.at_line);
}
inline eg_val eg_stack_n(int axis, int n, const eg_val *x, EG_PLACE) { return eg_stack(axis, n, x, file, line); }
#endif

#endif
