/* Numbers as numpy.random.RandomState(seed) gives them (MT19937, Matsumoto and Nishimura 1998), so that benchmarks work
 * on the very data of their peers. */
#ifndef BENCH_NUMPY_RANDOM_H
#define BENCH_NUMPY_RANDOM_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct numpy_random {
    uint32_t word[624];
    int at;
    bool has_normal; /* normals come in pairs */
    double normal;
} numpy_random;

static inline void numpy_seed(numpy_random *r, uint32_t seed)
{
    for (uint32_t k = 0; k < 624; k++) {
        r->word[k] = seed;
        seed = 1812433253u * (seed ^ seed >> 30) + k + 1;
    }
    r->at = 624;
    r->has_normal = false;
}

static inline void numpy_refill(numpy_random *r)
{
    for (int k = 0; k < 624; k++) {
        uint32_t y = (r->word[k] & 0x80000000u) | (r->word[(k + 1) % 624] & 0x7FFFFFFFu);
        r->word[k] = r->word[(k + 397) % 624] ^ y >> 1 ^ (y & 1 ? 0x9908B0DFu : 0);
    }
    r->at = 0;
}

static inline uint32_t numpy_bits(numpy_random *r)
{
    if (r->at == 624) numpy_refill(r);
    uint32_t y = r->word[r->at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9D2C5680u;
    y ^= y << 15 & 0xEFC60000u;
    return y ^ y >> 18;
}

/* rand(): [0, 1) with 53 bits. */
static inline double numpy_rand(numpy_random *r)
{
    uint32_t a = numpy_bits(r) >> 5, b = numpy_bits(r) >> 6;
    return (a * 67108864.0 + b) / 9007199254740992.0;
}

/* randn(): Marsaglia's polar method, the second number of a pair first. */
static inline double numpy_randn(numpy_random *r)
{
    if (r->has_normal) {
        r->has_normal = false;
        return r->normal;
    }
    double x, y, square;
    do {
        x = 2 * numpy_rand(r) - 1;
        y = 2 * numpy_rand(r) - 1;
        square = x * x + y * y;
    } while (square >= 1 || square == 0);
    double f = sqrt(-2 * log(square) / square);
    r->normal = f * x;
    r->has_normal = true;
    return f * y;
}

/* randint(0, n): bits under a mask until they are below n. */
static inline uint32_t numpy_randint(numpy_random *r, uint32_t n)
{
    uint32_t mask = n - 1, x;
    for (int k = 1; k < 32; k *= 2) mask |= mask >> k;
    do x = numpy_bits(r) & mask;
    while (x >= n);
    return x;
}

#endif
