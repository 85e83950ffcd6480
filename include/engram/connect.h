/* Connectivity: who projects to whom, as compressed rows.
 *
 * Everything here is random in a reproducible way: the same options and sizes give the same connections on any machine
 * and for any number of threads.  Rows come sorted by target.  Connections belong to the context.
 */
#ifndef ENGRAM_CONNECT_H
#define ENGRAM_CONNECT_H

#include "engram/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The same as eg_csr_new without a copy: takes over arrays made by eg_alloc() (engram/parallel.h), whatever happens; do
 * not use them afterwards.  Rows must be ascending already.  Errors: as eg_csr_new, and a row that is not. */
EG_API eg_csr *(eg_csr_adopt)(eg_context *eg, int64_t num_pre, int64_t num_post, int64_t *indptr, int32_t *indices,
                              EG_PLACE);

/* The same where the user numbered the connections otherwise: number order[k] is the k-th here.  order: as the others.
 */
EG_API eg_csr *(eg_csr_adopt_numbered)(eg_context *eg, int64_t num_pre, int64_t num_post, int64_t *indptr,
                                       int32_t *indices, int64_t *order, EG_PLACE);

/* Seed for connections that are given none: made of the context's seed and the number of its connections so far. */
EG_API uint64_t eg_connection_seed(const eg_context *eg);

/* 0 means the default, but for prob, which has none. */
typedef struct eg_fixed_prob_options {
    double prob;       /* of a connection of each pair, 0 to 1 */
    double pre_ratio;  /* share of the sources that connect at all, at random; 0 = all */
    bool exclude_self; /* no connection i -> i; the populations must be equal */
    bool allow_multi;  /* targets drawn with replacement: a pair may be connected several times */
    bool bernoulli;    /* each pair on its own, instead of a fixed out-degree */
    uint64_t seed;     /* 0 = eg_connection_seed() */
} eg_fixed_prob_options;

/* Connects with a fixed probability: num_pre sources to num_post targets.
 *
 * Default: every source that connects has exactly floor(num_post * prob) different targets, each set of them as likely
 * as another (BrainPy's rule; a product that misses a whole number by rounding alone counts as that number: 100 * 0.29
 * gives 29).  Where that is 0 although prob is not, the rule would connect nothing at all: then each pair is connected
 * on its own, as by `bernoulli`.
 * exclude_self: drawn as before, then i -> i is left out: the out-degree is that number or one less.
 * bernoulli: each pair on its own with probability prob; out-degrees are binomial.
 * pre_ratio: floor(num_pre * pre_ratio) sources, at least one; rows of the others are empty.
 * Errors: sizes negative or above 2147483647, prob or pre_ratio outside 0 to 1 or NaN, exclude_self with unequal
 * sizes, allow_multi with bernoulli, options NULL. */
EG_API eg_csr *(eg_fixed_prob)(eg_context *eg, int64_t num_pre, int64_t num_post, const eg_fixed_prob_options *options,
                               EG_PLACE);

/* 0 means the default; give num or fraction. */
typedef struct eg_fixed_num_options {
    int64_t num;       /* connections of each ... */
    double fraction;   /* ... or floor(fraction * size of the other population) */
    bool exclude_self; /* no connection i -> i; the populations must be equal */
    bool allow_multi;  /* drawn with replacement */
    uint64_t seed;     /* 0 = eg_connection_seed() */
} eg_fixed_num_options;

/* Every target has exactly num sources (in-degree), or every source exactly num targets (out-degree): different ones
 * unless allow_multi, each set of them as likely as another.  Errors: sizes, num above what there is to draw from,
 * fraction outside 0 to 1 or of less than one, neither or both given, exclude_self with unequal sizes, options NULL. */
EG_API eg_csr *(eg_fixed_pre_num)(eg_context *eg, int64_t num_pre, int64_t num_post,
                                  const eg_fixed_num_options *options, EG_PLACE);
EG_API eg_csr *(eg_fixed_post_num)(eg_context *eg, int64_t num_pre, int64_t num_post,
                                   const eg_fixed_num_options *options, EG_PLACE);

/* i -> i, for populations of n. */
EG_API eg_csr *(eg_one_to_one)(eg_context *eg, int64_t n, EG_PLACE);
/* Every source to every target; without i -> i if include_self is false (which needs equal sizes). */
EG_API eg_csr *(eg_all_to_all)(eg_context *eg, int64_t num_pre, int64_t num_post, bool include_self, EG_PLACE);
/* i -> j where matrix[i * num_post + j] is true. */
EG_API eg_csr *(eg_from_matrix)(eg_context *eg, int64_t num_pre, int64_t num_post, const bool *matrix, EG_PLACE);
/* i -> j where the weight is not 0.  The matrix itself, as an array [pre, post], is then the weights of a synapse.
 * Errors: a weight that is not finite. */
EG_API eg_csr *(eg_from_weights)(eg_context *eg, int64_t num_pre, int64_t num_post, const double *matrix, EG_PLACE);
/* pre[k] -> post[k], in any order; a pair may occur several times.  Synapse k is number k for weights and delays.
 * Errors: num negative, lists NULL, a number outside of its population. */
EG_API eg_csr *(eg_from_pairs)(eg_context *eg, int64_t num_pre, int64_t num_post, int64_t num, const int32_t *pre,
                               const int32_t *post, EG_PLACE);
/* The connections the other way round, from targets to sources.  Each keeps its number: weights of single synapses of c
 * are those of the result as well. */
EG_API eg_csr *(eg_transposed)(eg_context *eg, const eg_csr *c, EG_PLACE);
/* Writes source and target of each connection, in the order of the rows; both take eg_csr_size(c). */
EG_API void eg_csr_pairs(const eg_csr *c, int32_t *pre, int32_t *post);
/* Writes the matrix [pre, post]: how many connections a pair has. */
EG_API void eg_csr_matrix(const eg_csr *c, int32_t *matrix);

#ifndef __cplusplus
#define eg_fixed_pre_num(...) (eg_fixed_pre_num)(__VA_ARGS__, EG_HERE)
#define eg_fixed_post_num(...) (eg_fixed_post_num)(__VA_ARGS__, EG_HERE)
#define eg_one_to_one(...) (eg_one_to_one)(__VA_ARGS__, EG_HERE)
#define eg_all_to_all(...) (eg_all_to_all)(__VA_ARGS__, EG_HERE)
#define eg_from_matrix(...) (eg_from_matrix)(__VA_ARGS__, EG_HERE)
#define eg_from_weights(...) (eg_from_weights)(__VA_ARGS__, EG_HERE)
#define eg_from_pairs(...) (eg_from_pairs)(__VA_ARGS__, EG_HERE)
#define eg_transposed(...) (eg_transposed)(__VA_ARGS__, EG_HERE)
#define eg_csr_adopt_numbered(...) (eg_csr_adopt_numbered)(__VA_ARGS__, EG_HERE)
#define eg_csr_adopt(...) (eg_csr_adopt)(__VA_ARGS__, EG_HERE)
#define eg_fixed_prob(...) (eg_fixed_prob)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
