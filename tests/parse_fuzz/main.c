/* parse_fuzz N [FIRST]: gives N damaged files (EG_LONG=1: at least a million) to the parsers of .npy, .npz and IDX, in
 * memory and now and then on disk.  A file is a valid one with some bytes changed, removed, doubled or joined with
 * another, or random bytes; each is a function of its number.  What is read must be whole: its elements are summed.  A
 * crash is a finding; run it under sanitizers. */
#include <engram/io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/bytes.h"
#include "support/support.h"

enum { PER_CONTEXT = 200, PER_FILE = 1000, SEEDS = 14 };

static blob seed_npy[6];
static blob seed[SEEDS]; /* those, and archives of them */
static uint64_t state;

/* splitmix64 */
static uint64_t draw(void)
{
    uint64_t x = state += 0x9E3779B97F4A7C15;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
    x = (x ^ x >> 27) * 0x94D049BB133111EB;
    return x ^ x >> 31;
}
static size_t below(size_t n) { return n ? (size_t)(draw() % n) : 0; }

static void make_seeds(void)
{
    static const char *const text[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }\n",
        "{'descr': '>i2', 'fortran_order': True, 'shape': (4, 6), }\n",
        "{'descr': '|b1', 'fortran_order': False, 'shape': (48,), }\n",
        "{'descr': '<u8', 'fortran_order': False, 'shape': (1, 2, 3, 1), }\n",
        "{'descr': '<f2', 'fortran_order': True, 'shape': (2, 3, 4), }\n",
        "{'descr': '>c16', 'fortran_order': True, 'shape': (3, 1), }\n",
    };
    uint8_t data[48];
    for (int k = 0; k < 48; k++) data[k] = (uint8_t)(k % 2);
    for (int k = 0; k < 6; k++) {
        seed_npy[k] = npy_bytes(k < 3 ? 1 : k < 5 ? k - 1 : 1, text[k], data, sizeof data);
        seed[k < 5 ? k : 13] = seed_npy[k];
    }
    for (int k = 0; k < 4; k++) seed[5 + k] = zip_bytes(k == 3 ? "E.spike.npy" : "V.npy", &seed_npy[k], k).file;
    seed[9] = zip_bytes("notes.txt", &seed_npy[0], 0).file;
    seed[10].n = 0;
    seed[11] = idx_bytes(0x08, 2, (const uint32_t[]){6, 8}, data, sizeof data);
    seed[12] = gzip_bytes(&seed[11]);
}

/* Numbers that lengths and offsets trip over. */
static uint64_t odd_number(void)
{
    static const uint64_t odd[] = {0,          1,          0x7F,       0x80,      0xFF,      0xFFFF,
                                   0x7FFFFFFF, 0xFFFFFFFF, 1ULL << 40, INT64_MAX, UINT64_MAX};
    return odd[below(sizeof odd / sizeof *odd)] + below(3);
}

static void cut(blob *b, size_t at, size_t n)
{
    memmove(b->at + at, b->at + at + n, b->n - at - n);
    b->n -= n;
}

static void insert(blob *b, size_t at, const void *data, size_t n)
{
    if (b->n + n > sizeof b->at) return;
    memmove(b->at + at + n, b->at + at, b->n - at);
    memcpy(b->at + at, data, n);
    b->n += n;
}

static void mutate(blob *b)
{
    static const char *const words[] = {"(",
                                        ")",
                                        ",",
                                        "'",
                                        "{",
                                        "}",
                                        "True",
                                        "9223372036854775807",
                                        "0",
                                        "'descr': '<f8', ",
                                        "'shape': (1, 1, 1, 1, 1, 1, 1), ",
                                        "\\",
                                        "L",
                                        "PK\1\2",
                                        "PK\3\4",
                                        "PK\5\6",
                                        "PK\6\6",
                                        "\x93NUMPY"};
    const char *word = words[below(sizeof words / sizeof *words)];
    const blob *other = &seed[below(SEEDS)];
    uint8_t copy[64];
    size_t at = below(b->n), n = 1 + below(16);
    if (n > b->n - at) n = b->n - at;
    switch (below(b->n ? 9 : 2)) {
    case 0: insert(b, at, word, strlen(word)); break;
    case 1: insert(b, at, other->at, other->n); break;
    case 2: b->at[at] ^= (uint8_t)(1 << below(8)); break;
    case 3: b->at[at] = (uint8_t)draw(); break;
    case 4: {
        uint64_t x = odd_number();
        memcpy(b->at + at, &x, n < 8 ? n : 8);
        break;
    }
    case 5: cut(b, at, n); break;
    case 6: b->n = at; break;
    case 7: b->at[at] = (uint8_t)(b->at[at] + below(5) - 2); break;
    default: memcpy(copy, b->at + at, n); insert(b, below(b->n), copy, n);
    }
}

/* Input number k. */
static void make_input(blob *b, uint64_t k)
{
    state = k * 0xD1342543DE82EF95;
    *b = seed[below(SEEDS)];
    if (below(20) == 0) {
        b->n = below(300);
        for (size_t j = 0; j < b->n; j++) b->at[j] = (uint8_t)draw();
    }
    for (size_t times = below(6); times > 0; times--) mutate(b);
}

/* The largest block of memory taken for an input: it must be in proportion to its size. */
static size_t largest;

static void *take(void *user, size_t size, size_t align)
{
    (void)user;
    void *p = NULL;
    if (size > largest) largest = size;
    return posix_memalign(&p, align < sizeof p ? sizeof p : align, size) ? NULL : p;
}
static void give(void *user, void *p)
{
    (void)user;
    free(p);
}

/* Every byte is looked at, so that a sanitizer sees what is missing. */
static unsigned look(eg_array *a)
{
    if (!a) return 0;
    eg_spec s = eg_array_spec(a);
    size_t n = eg_dtype_size(s.dtype);
    for (int k = 0; k < s.rank; k++) n *= (size_t)s.dim[k];
    const uint8_t *p = eg_array_data(a);
    unsigned sum = 1;
    for (size_t k = 0; k < n; k++) sum += p[k];
    return sum;
}

typedef struct tally {
    int64_t arrays, errors, unclear;
} tally;

/* An error must say something, and only that of a file or of its types. */
static void count(eg_context *eg, bool read, tally *t)
{
    eg_status status = eg_error(eg);
    t->arrays += read;
    t->errors += status != EG_OK;
    bool fine = status == EG_OK || status == EG_ERR_IO || status == EG_ERR_TYPE || status == EG_ERR_SHAPE;
    if (!fine || (status && !strstr(eg_message(eg), "'fuzz"))) {
        t->unclear++;
        fprintf(stderr, "unclear: %s: %s\n", eg_status_text(status), eg_message(eg));
    }
    eg_clear_error(eg);
}

static void try_archive(eg_context *eg, eg_npz *z, tally *t)
{
    unsigned read = 0;
    for (int64_t k = 0; k < eg_npz_count(z) && k < 8; k++) {
        read += look(eg_npz_read(z, eg_npz_name(z, k)));
        count(eg, read, t);
    }
    if (!z) count(eg, false, t);
    eg_npz_close(z);
}

int main(int argc, char **argv)
{
    uint64_t num = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000, first = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    if (test_long() && num < 1000000) num = 1000000;
    char name[64];
    snprintf(name, sizeof name, "fuzz.%ld.tmp", (long)getpid());
    make_seeds();
    eg_context *eg = NULL;
    tally t = {0};
    blob b;
    for (uint64_t k = first; k < first + num; k++) {
        if (!eg || k % PER_CONTEXT == 0) {
            eg_close(eg);
            eg = eg_open(&(eg_options){.allocator = &(eg_allocator){take, give, NULL}});
        }
        make_input(&b, k);
        largest = 0;
        uint8_t *exact = malloc(b.n ? b.n : 1); /* reading behind it is seen */
        memcpy(exact, b.at, b.n);
        count(eg, look(eg_npy_parse(eg, "fuzz", exact, b.n)), &t);
        try_archive(eg, eg_npz_parse(eg, "fuzz", exact, b.n), &t);
        count(eg, look(eg_idx_parse(eg, "fuzz", exact, b.n)), &t);
        if (k % PER_FILE == 0) {
            file_put(name, b.at, b.n);
            count(eg, look(eg_npy_read(eg, name)), &t);
            try_archive(eg, eg_npz_open(eg, name), &t);
        }
        free(exact);
        if (largest > 4 * 1032 * b.n + (1 << 18)) {
            fprintf(stderr, "input %llu of %zu bytes: a block of %zu bytes\n", (unsigned long long)k, b.n, largest);
            t.unclear++;
        }
    }
    eg_close(eg);
    remove(name);
    printf("%llu inputs: %lld arrays, %lld errors, %lld of them unclear\n", (unsigned long long)num,
           (long long)t.arrays, (long long)t.errors, (long long)t.unclear);
    return t.unclear || !t.arrays || !t.errors;
}
