/* Random bits: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011). */
#include "ir/eval.h"
#include "ir/ref.h"

void egi_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c[4] = {counter[0], counter[1], counter[2], counter[3]}, k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * c[0], b = (uint64_t)0xCD9E8D57u * c[2];
        c[0] = (uint32_t)(b >> 32) ^ c[1] ^ k0;
        c[2] = (uint32_t)(a >> 32) ^ c[3] ^ k1;
        c[1] = (uint32_t)b;
        c[3] = (uint32_t)a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    memcpy(out, c, sizeof c);
}

/* Vigna's splitmix64: one step of the generator from state x. */
static uint64_t splitmix64(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

void egi_stream_key(uint64_t seed, uint64_t stream, uint32_t key[2])
{
    uint64_t z = splitmix64(seed ^ splitmix64(stream + 0x9E3779B97F4A7C15u));
    key[0] = (uint32_t)z;
    key[1] = (uint32_t)(z >> 32);
}

/* A block's four words in memory order are its elements, 32 or 64 bits wide. */
void egi_ref_bits(eg_dtype t, const uint32_t key[2], uint64_t T, uint32_t inner, uint32_t lane, void *out, int64_t n)
{
    uint32_t counter[4] = {0, (uint32_t)T, inner, (uint32_t)(T >> 32) ^ lane * 0x85EBCA6Bu}, word[4];
    size_t bytes = (size_t)n * eg_dtype_size(t);
    for (size_t at = 0; at < bytes; at += sizeof word, counter[0]++) {
        egi_philox(counter, key, word);
        memcpy((char *)out + at, word, bytes - at < sizeof word ? bytes - at : sizeof word);
    }
}
