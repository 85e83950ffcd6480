/* The header of .npy: a Python dict literal, of which exactly what NumPy writes is understood. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "npy.h"

enum {
    ALIGN = 64,
    PREFIX = 10,    /* magic, version, length of the text in 2 bytes */
    LONGEST = 10000 /* text, as for NumPy; what it writes has less than 250 bytes */
};

/* -- writing ------------------------------------------------------------------------------------------------------ */

static const char *type_of(eg_dtype t)
{
    static const char *const name[EG_DTYPE_COUNT] = {
        [EG_BOOL] = "|b1", [EG_I32] = "<i4", [EG_U32] = "<u4", [EG_I64] = "<i8",
        [EG_F32] = "<f4",  [EG_F64] = "<f8", [EG_C64] = "<c8", [EG_C128] = "<c16"};
    return (unsigned)t < EG_DTYPE_COUNT ? name[t] : "?";
}

/* room: the text may grow by so much without another length. */
static size_t format(eg_spec s, size_t room, char *to)
{
    char dims[160] = "";
    size_t used = 0;
    for (int k = 0; k < s.rank; k++)
        used += (size_t)snprintf(dims + used, sizeof dims - used, "%s%" PRId64 "%s", k ? ", " : "", s.dim[k],
                                 s.rank == 1 ? "," : "");
    size_t text = (size_t)snprintf(to + PREFIX, NPY_HEAD - PREFIX,
                                   "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", type_of(s.dtype), dims);
    size_t end = (PREFIX + text + room + 1 + ALIGN - 1) / ALIGN * ALIGN;
    memset(to + PREFIX + text, ' ', end - PREFIX - text);
    to[end - 1] = '\n';
    memcpy(to, "\x93NUMPY\x01\x00", 8);
    to[8] = (char)((end - PREFIX) & 255);
    to[9] = (char)((end - PREFIX) >> 8);
    return end;
}

size_t egi_npy_format(eg_spec s, char *to) { return format(s, 0, to); }

size_t egi_npy_format_rows(eg_spec row, int64_t rows, char *to)
{
    eg_spec s = {.dtype = row.dtype, .rank = row.rank + 1, .dim = {rows}};
    for (int k = 0; k < row.rank; k++) s.dim[k + 1] = row.dim[k];
    char digits[24];
    return format(s, 20 - (size_t)snprintf(digits, sizeof digits, "%" PRId64, rows), to);
}

/* -- reading ------------------------------------------------------------------------------------------------------ */

/* The text, read from left to right. */
typedef struct reader {
    source *s;
    const char *at, *end;
} reader;

static bool wrong(const reader *r, const char *expected)
{
    char found[40];
    size_t n = (size_t)(r->end - r->at);
    if (n == 0) return egi_source_bad(r->s, EG_ERR_IO, "the header ends where %s is expected", expected);
    return egi_source_bad(r->s, EG_ERR_IO, "the header has '%s' where %s is expected",
                          egi_printable(found, sizeof found, r->at, n), expected);
}

static void skip_space(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n')) r->at++;
}

static bool accept(reader *r, char c)
{
    skip_space(r);
    if (r->at == r->end || *r->at != c) return false;
    r->at++;
    return true;
}

static bool word(reader *r, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, text, n) != 0) return false;
    r->at += n;
    return true;
}

/* 'text' or "text" without escapes, in place. */
static bool quoted(reader *r, const char *expected, const char **text, size_t *n)
{
    skip_space(r);
    char quote = r->at < r->end ? *r->at : 0;
    if (quote != '\'' && quote != '"') return wrong(r, expected);
    const char *close = memchr(r->at + 1, quote, (size_t)(r->end - r->at - 1));
    if (!close || memchr(r->at, '\\', (size_t)(close - r->at))) return wrong(r, expected);
    *text = r->at + 1;
    *n = (size_t)(close - *text);
    r->at = close + 1;
    return true;
}

static bool known(npy_type *t)
{
    static const npy_type types[] = {
        {'b', 1, 0, EG_BOOL}, {'i', 1, 0, EG_I32}, {'i', 2, 0, EG_I32}, {'i', 4, 0, EG_I32},  {'i', 8, 0, EG_I64},
        {'u', 1, 0, EG_U32},  {'u', 2, 0, EG_U32}, {'u', 4, 0, EG_U32}, {'u', 8, 0, EG_I64},  {'f', 2, 0, EG_F32},
        {'f', 4, 0, EG_F32},  {'f', 8, 0, EG_F64}, {'c', 8, 0, EG_C64}, {'c', 16, 0, EG_C128}};
    for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
        if (types[k].kind != t->kind || types[k].size != t->size) continue;
        t->dtype = types[k].dtype;
        return true;
    }
    return false;
}

static bool read_type(reader *r, npy_type *t)
{
    const char *text;
    size_t n;
    char found[40];
    skip_space(r);
    if (r->at < r->end && *r->at == '[')
        return egi_source_bad(r->s, EG_ERR_TYPE, "records with fields cannot be read; save each field as an array");
    if (!quoted(r, "the element type, such as '<f4',", &text, &n)) return false;
    const bool wide = n == 4 && !memcmp(text + 1, "c16", 3), sized = n == 3 || wide;
    const char order = sized ? text[0] : 0;
    *t = (npy_type){.kind = sized ? text[1] : 0,
                    .size = wide    ? 16
                            : sized ? text[2] - '0'
                                    : 0,
                    .swapped = order == '>'};
    bool ordered = order == '<' || order == '>' || order == '=' || (order == '|' && t->size == 1);
    if (ordered && known(t)) return true;
    return egi_source_bad(
        r->s, EG_ERR_TYPE,
        "elements of type '%s' cannot be read; Engram reads b1, i1 to i8, u1 to u8, f2, f4, f8, c8 and c16",
        egi_printable(found, sizeof found, text, n));
}

static bool read_flag(reader *r, bool *flag)
{
    skip_space(r);
    *flag = word(r, "True");
    return *flag || word(r, "False") || wrong(r, "True or False");
}

static bool read_extent(reader *r, int64_t *x)
{
    *x = 0;
    const char *start = r->at;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
        if (__builtin_mul_overflow(*x, 10, x) || __builtin_add_overflow(*x, *r->at - '0', x)) {
            r->at = start;
            return wrong(r, "an extent below 2^63");
        }
    }
    if (r->at == start) return wrong(r, "an extent or ')'");
    if (r->at < r->end && *r->at == 'L') r->at++; /* Python 2 */
    return true;
}

static bool read_shape(reader *r, npy_header *h)
{
    if (!accept(r, '(')) return wrong(r, "'('");
    bool comma = true;
    for (h->rank = 0; !accept(r, ')'); h->rank++) {
        if (!comma) return wrong(r, "',' or ')'");
        if (h->rank == EG_MAX_RANK)
            return egi_source_bad(r->s, EG_ERR_SHAPE, "it has more than %d axes, which is the most", EG_MAX_RANK);
        if (!read_extent(r, &h->dim[h->rank])) return false;
        comma = accept(r, ',');
    }
    return h->rank != 1 || comma || wrong(r, "a tuple, such as '(3,)', before this");
}

static bool read_entry(reader *r, npy_header *h, unsigned *seen)
{
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    const char *text;
    size_t n;
    if (!quoted(r, "'descr', 'fortran_order' or 'shape'", &text, &n)) return false;
    unsigned key = 0;
    while (key < 3 && (strlen(keys[key]) != n || memcmp(keys[key], text, n) != 0)) key++;
    if (key == 3 || *seen >> key & 1) {
        r->at = text - 1;
        return wrong(r, key == 3 ? "'descr', 'fortran_order' or 'shape'" : "each key once and another");
    }
    *seen |= 1U << key;
    if (!accept(r, ':')) return wrong(r, "':'");
    return key == 0 ? read_type(r, &h->type) : key == 1 ? read_flag(r, &h->fortran) : read_shape(r, h);
}

static bool read_dict(reader *r, npy_header *h)
{
    unsigned seen = 0;
    if (!accept(r, '{')) return wrong(r, "'{'");
    for (bool comma = true; !accept(r, '}');) {
        if (!comma) return wrong(r, "',' or '}'");
        if (!read_entry(r, h, &seen)) return false;
        comma = accept(r, ',');
    }
    skip_space(r);
    if (r->at < r->end) return wrong(r, "its end");
    if (seen == 7) return true;
    return egi_source_bad(r->s, EG_ERR_IO, "the header lacks %s",
                          !(seen & 1)   ? "'descr'"
                          : !(seen & 2) ? "'fortran_order'"
                                        : "'shape'");
}

/* The elements are all that is left, no more and no less. */
static bool check_size(source *s, npy_header *h)
{
    if (h->type.kind == 'c' && h->rank == EG_MAX_RANK)
        return egi_source_bad(s, EG_ERR_SHAPE, "it has %d axes, of complex numbers %d are the most", h->rank,
                              EG_MAX_RANK - 1);
    uint64_t count = 1, bytes;
    bool big = false;
    for (int k = 0; k < h->rank; k++) big = big || __builtin_mul_overflow(count, (uint64_t)h->dim[k], &count);
    big = big || __builtin_mul_overflow(count, (uint64_t)h->type.size, &bytes);
    if (big) return egi_source_bad(s, EG_ERR_IO, "its shape has more elements than memory has bytes");
    h->count = (int64_t)count;
    if (bytes == s->left) return true;
    return egi_source_bad(s, EG_ERR_IO, "%llu bytes follow the header; %llu elements of %d bytes are expected",
                          (unsigned long long)s->left, (unsigned long long)count, h->type.size);
}

bool egi_npy_header(source *s, npy_header *h)
{
    uint8_t head[12];
    char text[LONGEST];
    *h = (npy_header){0};
    if (s->left < PREFIX)
        return egi_source_bad(s, EG_ERR_IO, "it has %llu bytes, fewer than any .npy", (unsigned long long)s->left);
    if (!egi_source_read(s, head, 8)) return false;
    if (memcmp(head, "\x93NUMPY", 6) != 0) return egi_source_bad(s, EG_ERR_IO, "it does not begin as a .npy");
    if (head[6] < 1 || head[6] > 3 || head[7])
        return egi_source_bad(s, EG_ERR_IO, "its version is %d.%d; 1.0, 2.0 and 3.0 can be read", head[6], head[7]);
    size_t width = head[6] == 1 ? 2 : 4, n = 0;
    if (!egi_source_read(s, head + 8, width)) return false;
    for (size_t k = 0; k < width; k++) n |= (size_t)head[8 + k] << 8 * k;
    if (n > s->left || n > LONGEST)
        return egi_source_bad(s, EG_ERR_IO, "its header is to have %zu bytes; %llu follow, and %d are the most", n,
                              (unsigned long long)s->left, LONGEST);
    if (!egi_source_read(s, text, n)) return false;
    return read_dict(&(reader){s, text, text + n}, h) && check_size(s, h);
}
