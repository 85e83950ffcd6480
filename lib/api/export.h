/* The parts of eg_export: what it writes, and how files appear. */
#ifndef EGI_EXPORT_H
#define EGI_EXPORT_H

#include "api/api.h"
#include "engram/export.h"
#include "runtime/solo.h"

/* Errors unless the function can be a step; false then (pointer.c). */
bool egi_steps_alone(const eg_func *f, const char *what);

/* The header (export_header.c). */
void egi_export_header(const egi_solo *s, const eg_func *f, const char *cpu, egi_text *out);
/* A C identifier that is no keyword of C or C++ (export_name.c). */
bool egi_is_identifier(const char *s);
/* One that no header which the exported one includes defines, nor that one itself for this function (or NULL). */
bool egi_is_free_name(const char *s, const char *function);
/* The text with every character that cannot stand in an identifier as '_'. */
void egi_put_identifier(egi_text *t, const char *s);
/* The text as it may stand in a comment. */
void egi_put_comment(egi_text *t, const char *s);

/* Files that appear together, each whole or not at all (export_file.c). */
enum { EGI_MOST_FILES = 4 };
typedef struct egi_files {
    eg_context *eg;
    const char *prefix; /* of their paths */
    bool in_place;      /* all renamed */
    int n;
    struct {
        egi_text path, part; /* where it goes, and where it is until then */
    } at[EGI_MOST_FILES];
} egi_files;
/* Names the next file, prefix + suffix: its number; -1 after an error. */
int egi_files_add(egi_files *fs, const char *suffix);
/* The same with what stands in it. */
bool egi_files_write(egi_files *fs, const char *suffix, const void *data, size_t bytes);
/* Brings a file that others have written to the disk. */
bool egi_files_sync(egi_files *fs, const char *path);
/* All of them, once nothing has failed.  Otherwise, or before, nothing is left by egi_files_discard. */
bool egi_files_commit(egi_files *fs);
void egi_files_discard(egi_files *fs);
/* Makes a shared library of file `object` (export_link.c). */
bool egi_files_link(egi_files *fs, int object, const char *suffix);

#endif
