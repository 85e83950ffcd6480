/* A fast 64-bit hash of bytes (multiply and fold over 128-bit products); not for hostile input. */
#include "core/core.h"

static uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 p = (unsigned __int128)a * b;
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

uint64_t egi_hash(const void *data, size_t n, uint64_t seed)
{
    const unsigned char *s = data;
    uint64_t h = seed ^ 0x9E3779B97F4A7C15u ^ n, w;
    for (; n >= 8; s += 8, n -= 8) {
        memcpy(&w, s, 8);
        h = fold(h ^ w, 0xD6E8FEB86659FD93u);
    }
    w = 0;
    if (n) memcpy(&w, s, n);
    return fold(h ^ w, 0xA0761D6478BD642Fu) ^ h;
}
