/* For code on top of the public API that makes large data: memory of the context, loops on its threads, its errors.
 *
 * What stands here is used by Engram's own connectivity and models, and by yours.
 */
#ifndef ENGRAM_PARALLEL_H
#define ENGRAM_PARALLEL_H

#include "engram/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Memory for count elements of size bytes from the context's allocator: not zeroed, 64-byte aligned, readable 128 bytes
 * behind its end.  NULL after an error.  It is yours until you give it to eg_release() or to a function that says that
 * it takes it; eg_close() does not free it. */
EG_API void *eg_alloc(eg_context *eg, int64_t count, size_t size);
/* Frees such memory.  NULL is fine, and so is a context with an error. */
EG_API void eg_release(eg_context *eg, void *p);

/* An array of the context without a copy: takes over data made by eg_alloc(), whatever happens; do not use it
 * afterwards but through the array. */
EG_API eg_array *(eg_array_adopt)(eg_context *eg, eg_spec spec, void *data, EG_PLACE);

/* Has eg_close() call free(object), of the last one registered first.  If that cannot be, after an error or without
 * memory, calls it at once and gives false.  eg_disown() forgets the object without freeing it. */
EG_API bool eg_own(eg_context *eg, void *object, void (*free)(void *object));
EG_API void eg_disown(eg_context *eg, const void *object);

/* Seconds on a clock that only goes forward. */
EG_API double eg_seconds(void);

/* How many variables the context has.  eg_drop_variables() takes back those made since there were `num`: for code that
 * makes several and failed half way, so that their names are free for another try.  Whoever still has them gets
 * nothing, NULL or EG_ERR_ARGUMENT for them.  If a function that was traced uses one of them, all stay. */
EG_API int64_t eg_num_variables(const eg_context *eg);
EG_API void eg_drop_variables(eg_context *eg, int64_t num);

/* Calls fn(user, lo, hi) for pieces that together are [0, n), on the context's threads, in no order and some at once;
 * pieces are at least grain long, but for the last.  Returns when all are done.  Numbers round to nearest with
 * denormals kept on all threads.  Results should depend on the elements alone, not on how they were cut.
 * fn must not call functions of the context.  Errors: n negative, fn NULL. */
EG_API eg_status eg_parallel_for(eg_context *eg, int64_t n, int64_t grain,
                                 void (*fn)(void *user, int64_t lo, int64_t hi), void *user);

/* Makes an error of the context, as Engram's own functions do: say what was wrong, with the numbers, and what to do.
 * file and line: where the user is (NULL: unknown).  Ignored if the context has an error already, or status is EG_OK.
 */
EG_API void eg_fail(eg_context *eg, eg_status status, const char *file, int line, const char *format, ...)
    EG_PRINTF(5, 6);

#ifndef __cplusplus
#define eg_array_adopt(eg, spec, data) (eg_array_adopt)(eg, spec, data, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
