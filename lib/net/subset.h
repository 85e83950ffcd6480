/* Random subsets in ascending order, by marking bits: no sort, 2 to 3 ns an element. */
#ifndef EGN_SUBSET_H
#define EGN_SUBSET_H

#include <stddef.h>
#include <string.h>

#include "draw.h"

/* Bits 0..n-1, and above them one bit for each word that holds any: sparse marks are found without a scan.
 * All clear between uses. */
typedef struct marks {
    uint64_t *word, *above;
    int64_t words, aboves;
} marks;

static inline int64_t marks_words(int64_t n)
{
    int64_t words = (n + 63) / 64;
    return words + (words + 63) / 64;
}

/* In `memory` of marks_words(n) words, which it clears. */
static inline marks marks_in(uint64_t *memory, int64_t n)
{
    int64_t words = (n + 63) / 64;
    memset(memory, 0, (size_t)marks_words(n) * sizeof *memory);
    return (marks){memory, memory + words, words, (words + 63) / 64};
}

/* Marks one; false if it was marked before. */
static inline bool marks_set(const marks *m, uint32_t x)
{
    uint64_t bit = UINT64_C(1) << (x & 63), *word = &m->word[x >> 6];
    if (*word & bit) return false;
    *word |= bit;
    m->above[x >> 12] |= UINT64_C(1) << (x >> 6 & 63);
    return true;
}

/* Writes the marked numbers, ascending, clears all, and returns how many there were. */
static inline int64_t marks_take(const marks *m, int32_t *out)
{
    int32_t *to = out;
    for (int64_t i = 0; i < m->aboves; i++) {
        for (uint64_t above = m->above[i]; above; above &= above - 1) {
            int64_t j = i * 64 + __builtin_ctzll(above);
            for (uint64_t word = m->word[j]; word; word &= word - 1) *to++ = (int32_t)(j * 64 + __builtin_ctzll(word));
            m->word[j] = 0;
        }
        m->above[i] = 0;
    }
    return to - out;
}

/* The same for the numbers below n that are not marked. */
static inline int64_t marks_take_others(const marks *m, int64_t n, int32_t *out)
{
    int32_t *to = out;
    for (int64_t j = 0; j < m->words; j++) {
        uint64_t last = n - j * 64 < 64 ? (UINT64_C(1) << (n - j * 64)) - 1 : UINT64_MAX;
        for (uint64_t word = ~m->word[j] & last; word; word &= word - 1)
            *to++ = (int32_t)(j * 64 + __builtin_ctzll(word));
        m->word[j] = 0;
    }
    memset(m->above, 0, (size_t)m->aboves * sizeof *m->above);
    return to - out;
}

/* k different numbers below n, ascending, every set as likely as another: draws again what is drawn already, and where
 * that would be often, draws what to leave out. */
static inline void subset_draw(draw *d, const marks *m, int64_t n, int64_t k, int32_t *out)
{
    int64_t marked = k <= n / 2 ? k : n - k;
    for (int64_t i = 0; i < marked; i++)
        while (!marks_set(m, draw_below(d, (uint32_t)n))) {}
    if (marked == k)
        marks_take(m, out);
    else
        marks_take_others(m, n, out);
}

#endif
