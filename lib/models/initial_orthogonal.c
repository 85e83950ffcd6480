/* Orthogonal matrices, uniformly distributed: the Q of a normal matrix whose R has a positive diagonal (Stewart 1980,
 * Mezzadri 2007).  Modified Gram-Schmidt makes the diagonal positive by itself.  Its Q is orthogonal to rounding times
 * the condition of the matrix; done again to that Q, whose condition is 1, to rounding. */
#include <math.h>
#include <string.h>

#include "engram/parallel.h"
#include "initial.h"

/* Vectors one behind the other; `done` of them are orthonormal, and the others orthogonal to all of these but the last.
 */
typedef struct basis {
    double *v;
    int64_t length, count, done;
} basis;

/* Several sums at once, so that one addition need not wait for the other. */
static double dot(const double *x, const double *y, int64_t n)
{
    enum { SUMS = 8 };
    double sum[SUMS] = {0}, total = 0;
    int64_t k = 0;
    for (; k + SUMS <= n; k += SUMS)
        for (int j = 0; j < SUMS; j++) sum[j] += x[k + j] * y[k + j];
    for (; k < n; k++) total += x[k] * y[k];
    for (int j = 0; j < SUMS; j++) total += sum[j];
    return total;
}

static void take_off(void *user, int64_t lo, int64_t hi)
{
    basis *b = user;
    const double *q = b->v + (b->done - 1) * b->length;
    for (int64_t j = b->done + lo; j < b->done + hi; j++) {
        double *v = b->v + j * b->length, r = dot(q, v, b->length);
        for (int64_t k = 0; k < b->length; k++) v[k] -= r * q[k];
    }
}

static void orthonormalise(eg_context *eg, basis *b)
{
    enum { WORTH_A_THREAD = 16384 };
    for (b->done = 1; b->done <= b->count; b->done++) {
        double *q = b->v + (b->done - 1) * b->length, norm = sqrt(dot(q, q, b->length));
        for (int64_t k = 0; k < b->length; k++) q[k] /= norm;
        eg_parallel_for(eg, b->count - b->done, WORTH_A_THREAD / b->length + 1, take_off, b);
    }
}

/* Rows and columns: the axis, and all others in their order.  The vectors are the columns, or the rows if these are
 * fewer. */
void draw_orthogonal(eg_context *eg, uint64_t seed, const eg_initializer *i, eg_spec spec, void *to)
{
    int axis = axis_of(spec, i->out_axis, -1);
    int64_t rows = spec.dim[axis], inner = 1, columns = 1;
    for (int k = 0; k < spec.rank; k++) {
        if (k > axis) inner *= spec.dim[k];
        if (k != axis) columns *= spec.dim[k];
    }
    if (rows == 0 || columns == 0) return;
    bool tall = rows >= columns;
    basis b = {.length = tall ? rows : columns, .count = tall ? columns : rows};
    b.v = eg_alloc(eg, rows * columns, sizeof *b.v);
    if (!b.v) return;
    const eg_initializer normal = eg_init_normal(0, 1);
    const eg_spec drawn = {.dtype = EG_F64, .rank = 1, .dim = {rows * columns}};
    draw_values(eg, seed, &normal, drawn, b.v);
    for (int pass = 0; pass < 2; pass++) orthonormalise(eg, &b);
    for (int64_t k = 0; k < rows * columns; k++) {
        int64_t row = k / inner % rows, column = k / (inner * rows) * inner + k % inner;
        store_initial(spec.dtype, to, k, i->a * b.v[tall ? column * rows + row : row * columns + column]);
    }
    eg_release(eg, b.v);
}

void draw_delta_orthogonal(eg_context *eg, uint64_t seed, const eg_initializer *i, eg_spec spec, void *to)
{
    eg_spec middle = {.dtype = spec.dtype, .rank = 2, .dim = {spec.dim[spec.rank - 2], spec.dim[spec.rank - 1]}};
    int64_t places = 1, place = 0, matrix = middle.dim[0] * middle.dim[1];
    for (int k = 0; k < spec.rank - 2; k++) {
        places *= spec.dim[k];
        place = place * spec.dim[k] + (spec.dim[k] - 1) / 2;
    }
    if (places * matrix == 0) return;
    size_t size = (size_t)matrix * eg_dtype_size(spec.dtype);
    memset(to, 0, (size_t)places * size); /* zeros in every type */
    draw_orthogonal(eg, seed, i, middle, (char *)to + (size_t)place * size);
}
