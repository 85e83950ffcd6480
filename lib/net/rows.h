/* Connections on the way to their rows: a sort by number, and turning rows round.  Parallel, and the same for any
 * number of threads. */
#ifndef EGN_ROWS_H
#define EGN_ROWS_H

#include "engram/connect.h"
#include "engram/parallel.h"

/* Stable counting sort of num items: to[] becomes from[] (NULL: 0, 1, ...) by ascending key[item], 0 <= key < size;
 * those of key k are to[start[k]..start[k + 1]).  start takes size + 1 numbers.  False after an error. */
bool rows_sort(eg_context *eg, int64_t num, const int64_t *from, const int32_t *key, int64_t size, int64_t *to,
               int64_t *start);

/* Rows the other way round: indices of the sources of each of num_post targets, ascending.  All by eg_alloc();
 * number[k] is the place that connection k had.  False after an error; then nothing is left to release. */
typedef struct rows_turned {
    int64_t *indptr, *number;
    int32_t *indices;
} rows_turned;
bool rows_turn(eg_context *eg, int64_t num_pre, int64_t num_post, const int64_t *indptr, const int32_t *indices,
               rows_turned *out);

#endif
