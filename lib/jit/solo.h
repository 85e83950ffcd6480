/* Solo code: one traced function as a plain C function of one thread, with all it needs in one block of memory.
 *
 *     int name(void *state, [const void *data,] const void *const *in, void *const *out)
 *
 * Sizes, literals and the places of buffers are part of the code; barriers and the runtime's call-outs fall away.
 *
 *     block:  egi_block | variables | copies of arguments, results, temporaries, lists, scratch
 *     data:   captured arrays and connections: embedded, handed over, or where they lie in this process
 *
 *     egi_solo_new -> egi_compile_solo -> egi_solo_code (this process)   or   egi_solo_object (a file)
 *
 * Between the two the runtime fills in what compiling has asked for: `data`, and the variables' first values. */
#ifndef EGI_SOLO_H
#define EGI_SOLO_H

#include "engram/export.h"
#include "jit/code.h"
#include "jit/lower.h"
#include "jit/orc.h"

typedef enum egi_solo_kind {
    EGI_SOLO_HERE,  /* for this process: data are pointers in `table` */
    EGI_SOLO_EMBED, /* for a file: data are constants of the object */
    EGI_SOLO_APART  /* for a file: data are handed to each call */
} egi_solo_kind;

/* What code reads: array k is number k, the two arrays of connections and of deliveries follow. */
typedef struct egi_datum {
    int64_t at, bytes; /* in the data, multiple of EGI_ALIGN; at -1: not used */
} egi_datum;

/* First value of a stretch of the block: bytes from the data, or one element again and again. */
typedef struct egi_image {
    int64_t to, bytes;
    int64_t from; /* in the data; -1: fill */
    int size;     /* of the element */
    uint64_t element;
} egi_image;

typedef struct egi_solo {
    const egi_graph *g;
    egi_solo_kind kind;
    /* given */
    const char *name;      /* in dumps, and of a file's functions */
    const int64_t *var_at; /* place of each graph->vars in the block; NULL: chosen, those that are used alone */
    int64_t begin;         /* of the function's own memory; with var_at NULL: of the variables */
    uint64_t data_magic;   /* of data that come by themselves: their layout too */
    uint64_t magic, seed;
    /* found by compiling */
    egi_code code;       /* tables alone */
    int64_t *at;         /* place of each buffer in the block; -1: arguments and arrays */
    int64_t *bytes;      /* of each buffer */
    int64_t *var_chosen; /* for each graph->vars; -1: not used */
    int64_t *copy_at;    /* for each argument: room for a copy; -1: none needed */
    egi_datum *datum;
    int64_t num_data, data_bytes;
    int64_t size;       /* of the block */
    bool too_large;     /* for 63 bits */
    const void **table; /* EGI_SOLO_HERE: for each datum */
    uint64_t execution; /* first values */
    EGI_VEC(egi_image) image;
    egi_module mod;
    char symbol[160]; /* of the function in the module */
    LLVMValueRef body;
    egi_machine machine; /* EGI_SOLO_EMBED, _APART: its own */
    void *handle;        /* EGI_SOLO_HERE: code in memory */
} egi_solo;

static inline int64_t egi_solo_csr(const egi_solo *s, int64_t k) { return s->g->arrays.n + 2 * k; }
static inline int64_t egi_solo_delivery(const egi_solo *s, int64_t k)
{
    return s->g->arrays.n + 2 * s->g->csrs.n + 2 * k;
}
static inline int64_t egi_solo_var_at(const egi_solo *s, int64_t slot)
{
    return s->var_at ? s->var_at[slot] : s->var_chosen[slot];
}

/* Room for a further datum (of no number): its place. */
int64_t egi_solo_reserve(egi_solo *s, int64_t bytes);

/* -- solo.c: called while the body is lowered ---------------------------------------------------------------------- */
LLVMValueRef egi_solo_function(egi_lower *l, const char *name);
void egi_solo_bind(egi_lower *l);
void egi_solo_return(egi_lower *l);
void egi_solo_rows(egi_lower *l, int field, int64_t k, LLVMValueRef rows[2]);
void egi_solo_key(egi_lower *l, uint64_t stream, LLVMValueRef key[2]);

/* -- solo_entry.c, solo_init.c: the functions around it ------------------------------------------------------------ */
/* A function of the module that others see; what had its name gets another. */
LLVMValueRef egi_solo_public(egi_solo *s, const char *name, LLVMTypeRef *params, unsigned n);
/* data: the embedded data, if any. */
void egi_solo_entry(egi_solo *s, LLVMValueRef data);
void egi_solo_init(egi_solo *s, LLVMValueRef data);

/* -- compile_solo.c ------------------------------------------------------------------------------------------------ */
/* Lowers g; cpu only for files.  false after an error of the context. */
bool egi_compile_solo(egi_solo *s, const char *cpu);
/* The function in this process, NULL after an error of the context. */
eg_step_fn egi_solo_code(egi_solo *s);
/* The object file; data: data_bytes of them, for EGI_SOLO_EMBED.  NULL after an error of the context. */
LLVMMemoryBufferRef egi_solo_object(egi_solo *s, const char *data);
void egi_solo_close(egi_solo *s);

#endif
