/* Where records go: histories, pairs of events, files; what a piece of a run has left is taken from it here. */
#include <emmintrin.h>
#include <string.h>

#include "runner.h"

record *egr_record(runner *r, int levels, int k)
{
    for (int level = 0; level < levels; level++) {
        for (int j = 0; j < r->o.num_monitors; j++) {
            if (r->monitor[j].level == level && k-- == 0) return &r->monitor[j];
        }
        for (int j = 0; level == 0 && j < r->num_outputs; j++) {
            if (k-- == 0) return &r->output[j];
        }
    }
    return NULL;
}

static int64_t every(const record *m) { return m->m.every ? m->m.every : 1; }

/* Of how many rows that compiled code records one is kept. */
static int64_t thinned(const runner *r, const record *m) { return every(m) / r->stride[m->level]; }

static int64_t words(const record *m) { return (eg_num_elements(m->row) + 31) / 32; }

static size_t recorded_bytes(const record *m)
{
    return m->m.events ? (size_t)words(m) * sizeof(uint32_t) : egr_row_bytes(m->row);
}

/* Does compiled code write into memory that lasts for a piece only? */
static bool in_pieces(const runner *r, const record *m) { return m->m.events || m->m.file || thinned(r, m) > 1; }

size_t egr_piece_bytes(const runner *r, int levels)
{
    size_t bytes = 0;
    runner *w = (runner *)(uintptr_t)r;
    record *m;
    for (int k = 0; (m = egr_record(w, levels, k)); k++) {
        if (in_pieces(r, m)) bytes += recorded_bytes(m) * (size_t)(r->stride[levels - 1] / r->stride[m->level]);
    }
    return bytes;
}

/* -- beginning ----------------------------------------------------------------------------------------------------- */

static eg_spec pair_spec(void) { return eg_vector(EG_I64, 2); }

static bool begin(runner *r, record *m, int64_t steps)
{
    m->rows = 0;
    m->stream = NULL;
    if (m->m.file) {
        m->stream = (eg_npy_create)(r->eg, m->m.file, m->m.events ? pair_spec() : m->row, NULL, 0);
        return m->stream != NULL;
    }
    if (m->m.events) return egr_reserve(r, &m->history, sizeof(int64_t[2]));
    size_t bytes;
    if (!__builtin_mul_overflow((size_t)(steps / every(m)), egr_row_bytes(m->row), &bytes))
        return egr_reserve(r, &m->history, bytes);
    eg_fail(r->eg, EG_ERR_MEMORY, NULL, 0, "monitor '%s': %lld rows do not fit into memory; write them to a file",
            m->m.key ? m->m.key : "output", (long long)(steps / every(m)));
    return false;
}

bool egr_begin_records(runner *r, int64_t steps)
{
    record *m;
    for (int k = 0; (m = egr_record(r, r->num_levels, k)); k++) {
        m->stream = NULL;
        m->rows = 0;
    }
    for (int k = 0; (m = egr_record(r, r->num_levels, k)); k++) {
        if (!begin(r, m, steps)) return false;
    }
    return true;
}

bool egr_begin_piece(runner *r, int levels, int64_t steps)
{
    record *m;
    for (int k = 0; (m = egr_record(r, levels, k)); k++) {
        int64_t rows = steps / r->stride[m->level];
        if (!in_pieces(r, m)) {
            m->out = (char *)m->history.at + (size_t)m->rows * egr_row_bytes(m->row);
        } else if (m->stream && !m->m.events && thinned(r, m) == 1) {
            m->out = eg_npy_rows(m->stream, rows);
        } else {
            egr_reserve(r, &m->piece, (size_t)rows * recorded_bytes(m));
            m->out = m->piece.at;
        }
        if (!m->out) return false;
    }
    return true;
}

/* -- events: from bits to pairs ------------------------------------------------------------------------------------
 *
 * Rows are cut into segments, which threads search at once, each into memory of its own; where that was too small, all
 * is searched again with more.  Which words are not 0 is found without branches, 16 at a time: spikes are where nobody,
 * and no predictor, expects them. */

enum { SEGMENTS = 8, FEW_WORDS = 1 << 14 /* one thread does them sooner */ };

typedef int64_t pair[2];

typedef struct search {
    const record *m;
    int64_t stride; /* steps from row to row */
    int64_t thin, first_row, rows;
    int64_t first_step; /* of the run, before row 0 */
    pair *found;        /* SEGMENTS times room */
    int64_t room, num[SEGMENTS];
} search;

static __m128i zeros(const uint32_t *w)
{
    return _mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)(const void *)w), _mm_setzero_si128());
}

/* Which of 16 words are not 0. */
static uint32_t some_of_16(const uint32_t *w)
{
    __m128i low = _mm_packs_epi32(zeros(w), zeros(w + 4)), high = _mm_packs_epi32(zeros(w + 8), zeros(w + 12));
    return ~(uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high)) & 0xffff;
}

/* Which of n words are not 0; n is at most 64. */
static uint64_t some_of(const uint32_t *w, int64_t n)
{
    uint64_t some = 0;
    int64_t k = 0;
    for (; k + 16 <= n; k += 16) some |= (uint64_t)some_of_16(w + k) << k;
    for (; k < n; k++) some |= (uint64_t)(w[k] != 0) << k;
    return some;
}

/* Pairs of a row's bits; as many as there is room for. */
static int64_t search_row(const search *s, const uint32_t *row, int64_t step, pair *to, int64_t num)
{
    int64_t n = words(s->m);
    for (int64_t first = 0; first < n; first += 64) {
        uint64_t some = some_of(row + first, n - first < 64 ? n - first : 64);
        for (; some; some &= some - 1) {
            int64_t k = first + __builtin_ctzll(some);
            for (uint32_t bits = row[k]; bits; bits &= bits - 1, num++) {
                if (num >= s->room) continue;
                to[num][0] = step;
                to[num][1] = 32 * k + __builtin_ctz(bits);
            }
        }
    }
    return num;
}

static void search_segments(void *user, int64_t lo, int64_t hi)
{
    search *s = user;
    const uint32_t *bits = s->m->out;
    int64_t w = words(s->m);
    for (int64_t segment = lo; segment < hi; segment++) {
        int64_t from = s->rows * segment / SEGMENTS, to = s->rows * (segment + 1) / SEGMENTS, num = 0;
        for (int64_t row = from; row < to; row++) {
            if (s->thin > 1 && (s->first_row + row + 1) % s->thin) continue;
            int64_t step = s->first_step + (row + 1) * s->stride - 1;
            num = search_row(s, bits + row * w, step, s->room ? s->found + segment * s->room : NULL, num);
        }
        s->num[segment] = num;
    }
}

/* Of elements that were picked, the index in the whole variable. */
static void map_indices(const record *m, pair *p, int64_t num)
{
    int64_t inner = eg_num_elements(m->row) / m->m.num_indices;
    for (int64_t k = 0; k < num; k++) p[k][1] = m->m.indices[p[k][1] / inner] * inner + p[k][1] % inner;
}

/* Finds all pairs; the scratch grows to what was needed, with as much again. */
static bool find_pairs(runner *r, record *m, search *s)
{
    for (;;) {
        int64_t most = 0;
        s->room = (int64_t)(m->scratch.bytes / sizeof(pair) / SEGMENTS);
        s->found = m->scratch.at;
        if (s->rows * words(m) < FEW_WORDS)
            search_segments(s, 0, SEGMENTS);
        else if (eg_parallel_for(r->eg, SEGMENTS, 1, search_segments, s))
            return false;
        for (int k = 0; k < SEGMENTS; k++) most = s->num[k] > most ? s->num[k] : most;
        if (most <= s->room) return true;
        if (!egr_reserve(r, &m->scratch, (size_t)most * 2 * SEGMENTS * sizeof(pair))) return false;
    }
}

static bool keep_pairs(runner *r, record *m, const search *s)
{
    int64_t num = 0;
    char *to;
    for (int k = 0; k < SEGMENTS; k++) num += s->num[k];
    if (m->stream) {
        to = eg_npy_rows(m->stream, num);
    } else {
        if (!egr_grow(r, &m->history, (size_t)(m->rows + num) * sizeof(pair))) return false;
        to = (char *)m->history.at + (size_t)m->rows * sizeof(pair);
    }
    if (!to) return false;
    for (int k = 0; k < SEGMENTS; k++) {
        size_t bytes = (size_t)s->num[k] * sizeof(pair);
        if (bytes) memcpy(to, s->found + k * s->room, bytes);
        if (bytes && m->m.num_indices) map_indices(m, (pair *)(void *)to, s->num[k]);
        to += bytes;
    }
    m->rows += num;
    return !m->stream || !eg_npy_put(m->stream, num);
}

/* -- ends of pieces ------------------------------------------------------------------------------------------------ */

/* Every thin-th row of those that were recorded. */
static bool keep_thinned(runner *r, record *m, int64_t first_row, int64_t rows)
{
    int64_t thin = thinned(r, m), num = (first_row + rows) / thin - first_row / thin;
    size_t bytes = egr_row_bytes(m->row);
    char *to = m->stream ? eg_npy_rows(m->stream, num) : (char *)m->history.at + (size_t)m->rows * bytes;
    if (!to) return false;
    for (int64_t row = 0; row < rows; row++) {
        if ((first_row + row + 1) % thin) continue;
        memcpy(to, (const char *)m->out + (size_t)row * bytes, bytes);
        to += bytes;
    }
    m->rows += num;
    return !m->stream || !eg_npy_put(m->stream, num);
}

static bool end_piece(runner *r, record *m, int64_t at, int64_t steps)
{
    int64_t stride = r->stride[m->level], rows = steps / stride, first_row = at / stride;
    if (m->m.events) {
        search s = {
            .m = m, .stride = stride, .thin = thinned(r, m), .first_row = first_row, .rows = rows, .first_step = at};
        return rows == 0 || words(m) == 0 || (find_pairs(r, m, &s) && keep_pairs(r, m, &s));
    }
    if (thinned(r, m) > 1) return keep_thinned(r, m, first_row, rows);
    m->rows += rows;
    return !m->stream || !eg_npy_put(m->stream, rows);
}

bool egr_end_piece(runner *r, int levels, int64_t at, int64_t steps)
{
    record *m;
    bool good = true;
    /* What stays in memory first: a file that fails must not cost its rows. */
    for (int files = 0; files < 2; files++) {
        for (int k = 0; (m = egr_record(r, levels, k)); k++) {
            if (!m->stream == !files) good = end_piece(r, m, at, steps) && good;
        }
    }
    return good;
}

/* All files are complete before the first is put in its place: where one cannot be, all the old ones stay. */
bool egr_end_records(runner *r, bool keep_files)
{
    record *m;
    for (int k = 0; keep_files && (m = egr_record(r, r->num_levels, k)); k++) {
        if (m->stream && !eg_error(r->eg)) eg_npy_complete(m->stream);
    }
    for (int k = 0; (m = egr_record(r, r->num_levels, k)); k++) {
        if (!m->stream) continue;
        if (keep_files && !eg_error(r->eg))
            eg_npy_finish(m->stream);
        else
            eg_npy_discard(m->stream);
        m->stream = NULL;
    }
    return !eg_error(r->eg);
}
