/* A reduction of everything to one element: blocks are dealt out to threads, which leave their results in their scratch
 * memory; the first thread joins them in order. */
#include "jit/lower_reduce.h"

typedef LLVMValueRef value;
