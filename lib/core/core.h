/* What every layer uses: allocation, sticky errors, growable arrays, text, hashing, types. */
#ifndef EGI_CORE_H
#define EGI_CORE_H

#include <stdarg.h>
#include <string.h>

#include "engram/core.h"

#define EGI_LEN(a) (sizeof(a) / sizeof *(a))
#define EGI_ALIGN 64 /* of buffers: a cache line, and the widest vector */

static inline int64_t egi_min64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t egi_max64(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t egi_round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }

/* First member of every object whose pointer may reach us inside an eg_val. */
enum { EGI_KIND_CONTEXT = 0x45474358, EGI_KIND_REAL = 0x45475245, EGI_KIND_INT, EGI_KIND_UINT };
struct eg_header {
    uint32_t kind;
};

/* -- memory: lib/core/alloc.c ------------------------------------------------------------------------------------ */

/* Zeroed memory, or NULL.  Size 0 gives a valid pointer.  `align` a power of two. */
void *egi_alloc(const eg_allocator *a, size_t size, size_t align);
void egi_free(const eg_allocator *a, void *p);
extern const eg_allocator egi_malloc_allocator;

/* Arena: objects of many sizes, freed together. */
typedef struct egi_arena {
    const eg_allocator *allocator;
    struct egi_arena_chunk *head;
} egi_arena;
void *egi_arena_alloc(egi_arena *a, size_t size); /* zeroed, 16-byte aligned; NULL when out of memory */
char *egi_arena_string(egi_arena *a, const char *s);
void egi_arena_free(egi_arena *a);

/* Growable array of T: EGI_VEC(int) v = {0}; if (!egi_push(alloc, &v, x)) out of memory. */
#define EGI_VEC(T)                                                                                                     \
    struct {                                                                                                           \
        T *at;                                                                                                         \
        int64_t n, cap;                                                                                                \
    }
bool egi_vec_grow(const eg_allocator *a, void *vec, size_t elem, int64_t n);
#define egi_reserve(a, v, more) egi_vec_grow((a), (v), sizeof *(v)->at, (v)->n + (more))
#define egi_push(a, v, x) (egi_reserve((a), (v), 1) ? ((v)->at[(v)->n++] = (x), true) : false)
#define egi_vec_free(a, v) (egi_free((a), (v)->at), (v)->at = NULL, (v)->n = (v)->cap = 0)

/* -- errors: lib/core/error.c ------------------------------------------------------------------------------------ */

/* Records the context's first error (later ones are dropped): "what went wrong (file:line)".  NULL context: no-op. */
void egi_fail(eg_context *eg, eg_status status, const char *file, int line, const char *format, ...) EG_PRINTF(5, 6);
void egi_no_memory(eg_context *eg);
/* Text to the context's log callback, if there is one. */
void egi_log(eg_context *eg, const char *text);
/* Is the stage among those to dump (eg_options.dump), and is there a log to dump to? */
bool egi_wants_dump(const eg_context *eg, const char *stage);
/* "; stage of name" */
void egi_dump_title(eg_context *eg, const char *stage, const char *name);

/* -- text: lib/core/text.c ---------------------------------------------------------------------------------------- */

/* A growing string; after running out of memory it stays short and `failed` is set. */
typedef struct egi_text {
    const eg_allocator *allocator;
    char *s;
    size_t n, cap;
    bool failed;
} egi_text;
void egi_put(egi_text *t, const char *format, ...) EG_PRINTF(2, 3);
void egi_vput(egi_text *t, const char *format, va_list ap);
void egi_text_free(egi_text *t);

/* -- hashing: lib/core/hash.c ------------------------------------------------------------------------------------- */

uint64_t egi_hash(const void *data, size_t n, uint64_t seed);

/* -- types: lib/core/dtype.c --------------------------------------------------------------------------------------- */

static inline bool egi_is_float(eg_dtype t) { return t == EG_F32 || t == EG_F64; }
static inline bool egi_is_complex(eg_dtype t) { return t == EG_C64 || t == EG_C128; }
/* Type of the parts of complex numbers, and of complex numbers of such parts. */
static inline eg_dtype egi_part_type(eg_dtype t) { return t == EG_C64 ? EG_F32 : t == EG_C128 ? EG_F64 : t; }
static inline eg_dtype egi_complex_type(eg_dtype t) { return t == EG_F64 || t == EG_C128 ? EG_C128 : EG_C64; }
static inline bool egi_is_int(eg_dtype t) { return t == EG_I32 || t == EG_U32 || t == EG_I64; }
/* The bits of a number in a type (low bytes), converted as the CONVERT operation does. */
uint64_t egi_bits_of_real(eg_dtype t, double x);
uint64_t egi_bits_of_int(eg_dtype t, int64_t x);
double egi_real_of_bits(eg_dtype t, uint64_t bits);
int64_t egi_int_of_bits(eg_dtype t, uint64_t bits);
/* What lies in memory, and in graphs, where users see s: complex numbers are reals with one more axis, of extent 2. And
 * back. */
eg_spec egi_stored(eg_spec s);
eg_spec egi_read_as_complex(eg_spec s);
/* "f32[20,30]" */
void egi_put_spec(egi_text *t, eg_spec s);
int64_t egi_spec_count(eg_spec s); /* elements; -1 on overflow or a negative extent */
bool egi_spec_equal(eg_spec a, eg_spec b);

/* -- time: lib/core/clock.c ---------------------------------------------------------------------------------------- */
double egi_now(void); /* seconds, monotonic */

#endif
