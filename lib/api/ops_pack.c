/* Bools as bits, and back. */
#include "api/ops.h"

eg_val(eg_pack)(eg_val x, const char *file, int line)
{
    egi_call c = egi_begin("eg_pack", file, line, 1, &x);
    if (!c.g) return eg_nothing();
    if (egi_dtype_of(c.g, x.id) != EG_BOOL || egi_shape_at(&c, x.id).rank == 0) {
        egi_wrong(&c, EG_ERR_TYPE, "%s is no array of bool; make one by a comparison", egi_show(&c, x).s);
        return eg_nothing();
    }
    return egi_end(&c, egi_pack(c.g, x.id));
}

eg_val(eg_unpack)(eg_val words, int64_t n, const char *file, int line)
{
    egi_call c = egi_begin("eg_unpack", file, line, 1, &words);
    if (!c.g) return eg_nothing();
    egi_shape s = egi_shape_at(&c, words.id);
    bool good = egi_dtype_of(c.g, words.id) == EG_U32 && s.rank > 0;
    if (!good || n < 0 || s.dim[s.rank - 1] != n / 32 + (n % 32 != 0)) {
        egi_wrong(&c, good ? EG_ERR_SHAPE : EG_ERR_TYPE, "%s are no bits of %lld elements; give what eg_pack makes",
                  egi_show(&c, words).s, (long long)n);
        return eg_nothing();
    }
    return egi_end(&c, egi_unpack(c.g, words.id, n));
}
