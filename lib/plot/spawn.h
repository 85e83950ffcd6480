/* Other programs, without a shell. */
#ifndef EGI_PLOT_SPAWN_H
#define EGI_PLOT_SPAWN_H

#include "text.h"

/* Runs a program that stands in a folder of PATH: args (argv, NULL at its end) and a text as its standard input; out
 * gets its standard output.  False, with a reason, if it is not there, fails, or takes more than a minute. */
bool egi_spawn(const char *name, char *const *args, const text *in, text *out, char *why, size_t size);

#endif
