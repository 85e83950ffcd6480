/* Text that grows, in memory of the context. */
#ifndef EGI_PLOT_TEXT_H
#define EGI_PLOT_TEXT_H

#include "engram/parallel.h"

typedef struct text {
    eg_context *eg; /* without memory it has the error, and the text stays short */
    char *at;
    size_t n, room;
} text;

void egi_text_add(text *t, const void *data, size_t n);
/* Length of the next character of a text, which is not at its end; good: it is UTF-8, and no control character. */
size_t egi_text_char(const char *s, bool *good);
void egi_text_put(text *t, const char *format, ...) EG_PRINTF(2, 3);

#endif
