/* Memory of what is recorded: histories, pairs, files. */
#include <string.h>

#include "runner.h"

static int64_t stride_of(const runner *r, int levels) { return levels ? r->stride[levels - 1] : 1; }

/* Does compiled code write rows where they stay? */
static bool direct(const runner *r, const record *m)
{
    return !m->m.events && !m->m.file && m->m.every == r->stride[m->level];
}

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

/* Rows that a piece of so many blocks records of m. */
static int64_t piece_rows(const runner *r, const record *m, int levels, int64_t blocks)
{
    return blocks * (stride_of(r, levels) / r->stride[m->level]);
}

size_t egr_piece_bytes(runner *r, int levels)
{
    size_t bytes = 0;
    record *m;
    for (int k = 0; (m = egr_record(r, levels, k)); k++) {
        if (!direct(r, m)) bytes += egr_row_bytes(m->row) * (size_t)piece_rows(r, m, levels, 1);
    }
    return bytes;
}

static eg_spec pair_row(void) { return eg_vector(EG_I64, 2); }

static bool begin_record(runner *r, record *m, int64_t steps)
{
    m->rows = 0;
    if (m->m.every == 0) m->m.every = 1; /* outputs */
    if (m->m.file) {
        m->stream = eg_npy_create(r->eg, m->m.file, m->m.events ? pair_row() : m->row);
        return m->stream != NULL;
    }
    return m->m.events || egr_reserve(r, &m->history, egr_row_bytes(m->row) * (size_t)(steps / m->m.every) + 1);
}

bool egr_begin_records(runner *r, int64_t steps)
{
    record *m;
    for (int k = 0; (m = egr_record(r, r->num_levels, k)); k++) {
        if (!begin_record(r, m, steps)) return false;
    }
    return true;
}

bool egr_begin_piece(runner *r, int levels, int64_t blocks)
{
    record *m;
    for (int k = 0; (m = egr_record(r, levels, k)); k++) {
        size_t row = egr_row_bytes(m->row);
        if (direct(r, m)) {
            m->out = (char *)m->history.at + row * (size_t)m->rows;
        } else {
            if (!egr_reserve(r, &m->piece, row * (size_t)piece_rows(r, m, levels, blocks) + 1)) return false;
            m->out = m->piece.at;
        }
    }
    return true;
}

/* -- pairs ----------------------------------------------------------------------------------------------------------
 */

enum { BLOCK = 64 };

/* First of the blocks from k on in which something is true, n if there is none.  Most are empty, and looking at them is
 * what recording spikes costs. */
__attribute__((target_clones("avx512f", "avx2", "default"))) static int64_t next_block(const uint8_t *row, int64_t k,
                                                                                       int64_t n)
{
    for (; k + BLOCK <= n; k += BLOCK) {
        uint64_t word[BLOCK / 8], any = 0;
        memcpy(word, row + k, BLOCK);
        for (int j = 0; j < BLOCK / 8; j++) any |= word[j];
        if (any) return k;
    }
    return k;
}

/* Appends (step, k) for each k that is true in a row of n; false without memory. */
static bool take_row(runner *r, record *m, const uint8_t *row, int64_t n, int64_t step)
{
    for (int64_t k = next_block(row, 0, n); k < n; k = next_block(row, k, n)) {
        int64_t end = n - k < BLOCK ? n : k + BLOCK;
        size_t needed = (size_t)(m->rows + BLOCK) * 2 * sizeof(int64_t);
        if (needed > m->history.bytes && !egr_grow(r, &m->history, needed)) return false;
        int64_t *pair = (int64_t *)m->history.at + 2 * m->rows;
        for (; k < end; k++) {
            if (!row[k]) continue;
            *pair++ = step;
            *pair++ = k;
            m->rows++;
        }
    }
    return true;
}

static bool take_pairs(runner *r, record *m, int64_t at, int64_t rows)
{
    int64_t n = egr_elements(m->row), stride = r->stride[m->level];
    for (int64_t k = 0; k < rows; k++) {
        int64_t step = at + (k + 1) * stride;
        if (step % m->m.every == 0 && !take_row(r, m, (const uint8_t *)m->out + k * n, n, step - 1)) return false;
    }
    if (!m->stream) return true;
    /* Those of this piece go to the file; their memory is used again. */
    eg_npy_append(m->stream, m->rows, m->history.at);
    m->rows = 0;
    return !eg_error(r->eg);
}

/* -- rows ------------------------------------------------------------------------------------------------------------
 */

static bool take_rows(runner *r, record *m, int64_t at, int64_t rows)
{
    size_t bytes = egr_row_bytes(m->row);
    int64_t stride = r->stride[m->level];
    if (m->stream && m->m.every == stride) {
        m->rows += rows;
        return eg_npy_append(m->stream, rows, m->out) == EG_OK;
    }
    for (int64_t k = 0; k < rows; k++) {
        if ((at + (k + 1) * stride) % m->m.every) continue;
        const char *from = (const char *)m->out + bytes * (size_t)k;
        if (m->stream)
            eg_npy_append(m->stream, 1, from);
        else
            memcpy((char *)m->history.at + bytes * (size_t)m->rows, from, bytes);
        m->rows++;
    }
    return !eg_error(r->eg);
}

bool egr_end_piece(runner *r, int levels, int64_t at, int64_t blocks)
{
    record *m;
    for (int k = 0; (m = egr_record(r, levels, k)); k++) {
        int64_t rows = piece_rows(r, m, levels, blocks);
        if (direct(r, m))
            m->rows += rows;
        else if (!(m->m.events ? take_pairs(r, m, at, rows) : take_rows(r, m, at, rows)))
            return false;
    }
    return true;
}

bool egr_end_records(runner *r, bool keep_files)
{
    record *m;
    for (int k = 0; (m = egr_record(r, r->num_levels, k)); k++) {
        if (!m->stream) continue;
        if (keep_files)
            eg_npy_finish(m->stream);
        else
            eg_npy_discard(m->stream);
        m->stream = NULL;
    }
    return !eg_error(r->eg);
}
