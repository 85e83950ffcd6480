/* Random numbers of connectivity: Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
 *
 * A stream belongs to (seed, row, purpose), so rows can be drawn in any order and on any thread. */
#ifndef EGN_DRAW_H
#define EGN_DRAW_H

#include <stdint.h>

/* Blocks drawn at once: enough to fill vectors and to hide the multiplications' latency. */
enum { DRAW_BLOCKS = 8 };

typedef enum draw_purpose { DRAW_TARGETS, DRAW_DEGREE, DRAW_SOURCES } draw_purpose;

typedef struct draw {
    uint32_t key[2], row[2], purpose, block;
    int left;
    uint32_t word[4 * DRAW_BLOCKS];
} draw;

static inline draw draw_of(uint64_t seed, int64_t row, draw_purpose purpose)
{
    draw d;
    d.key[0] = (uint32_t)seed;
    d.key[1] = (uint32_t)(seed >> 32);
    d.row[0] = (uint32_t)row;
    d.row[1] = (uint32_t)((uint64_t)row >> 32);
    d.purpose = purpose;
    d.block = 0;
    d.left = 0;
    return d;
}

/* Counter of block b: (b, row low, row high, purpose). */
static void draw_more(draw *d)
{
    uint32_t a[DRAW_BLOCKS], b[DRAW_BLOCKS], c[DRAW_BLOCKS], e[DRAW_BLOCKS], k0 = d->key[0], k1 = d->key[1];
    for (int j = 0; j < DRAW_BLOCKS; j++) {
        a[j] = d->block + (uint32_t)j;
        b[j] = d->row[0];
        c[j] = d->row[1];
        e[j] = d->purpose;
    }
    for (int round = 0; round < 10; round++) {
        for (int j = 0; j < DRAW_BLOCKS; j++) {
            uint64_t p = (uint64_t)0xD2511F53 * a[j], q = (uint64_t)0xCD9E8D57 * c[j];
            a[j] = (uint32_t)(q >> 32) ^ b[j] ^ k0;
            b[j] = (uint32_t)q;
            c[j] = (uint32_t)(p >> 32) ^ e[j] ^ k1;
            e[j] = (uint32_t)p;
        }
        k0 += 0x9E3779B9;
        k1 += 0xBB67AE85;
    }
    for (int j = 0; j < DRAW_BLOCKS; j++) {
        d->word[j] = a[j];
        d->word[DRAW_BLOCKS + j] = b[j];
        d->word[2 * DRAW_BLOCKS + j] = c[j];
        d->word[3 * DRAW_BLOCKS + j] = e[j];
    }
    d->block += DRAW_BLOCKS;
    d->left = 4 * DRAW_BLOCKS;
}

static inline uint32_t draw_bits(draw *d)
{
    if (d->left == 0) draw_more(d);
    return d->word[4 * DRAW_BLOCKS - d->left--];
}

/* Uniform in 0..n-1 for n >= 1, exactly (Lemire 2019, "Fast random integer generation in an interval"). */
static inline uint32_t draw_below(draw *d, uint32_t n)
{
    uint64_t product = (uint64_t)draw_bits(d) * n;
    if ((uint32_t)product < n) {
        uint32_t unfair = -n % n;
        while ((uint32_t)product < unfair) product = (uint64_t)draw_bits(d) * n;
    }
    return (uint32_t)(product >> 32);
}

/* Uniform in [0, 1), 53 bits. */
static inline double draw_unit(draw *d)
{
    uint64_t high = draw_bits(d) >> 5, low = draw_bits(d) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

#endif
