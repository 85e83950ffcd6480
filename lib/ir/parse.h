/* Inside the parser: lines become records (parse_line.c), records become a graph (parse.c). */
#ifndef EGI_IR_PARSE_H
#define EGI_IR_PARSE_H

#include "core/context.h"
#include "ir/check.h"

/* A line that makes a node. */
typedef struct record {
    egi_id id;
    int line;
    uint16_t region;
    uint32_t loc;
    egi_make make; /* args are set when all lines are read */
    int64_t args;  /* first of its operands in parser.ids */
} record;

typedef struct parser {
    eg_context *eg;
    egi_graph *g;
    const char *s; /* next character */
    int line;
    int num_hosts;
    const egi_host *hosts; /* that may be named */
    int64_t arrays, csrs;  /* of the context, already taken */
    int64_t made_up;       /* bytes of arrays and connections that the context did not have */
    EGI_VEC(record) records;
    EGI_VEC(egi_id) ids;
    const char *file;                  /* last place's, in the graph's arena */
    uint16_t stack[EGI_MAX_DEPTH + 1]; /* open regions */
    int depth;
    int64_t region_of[2]; /* regions that the line before named, to be opened in this order */
    int regions_left;
    egi_id owner;
    bool cond;
    bool done[EGI_MAX_DEPTH + 1]; /* its result line has been read */
} parser;

/* An EG_ERR_ARGUMENT with the line's number; false. */
bool egi_bad_text(const parser *p, int line, const char *format, ...) EG_PRINTF(3, 4);
/* Out of memory; false. */
bool egi_parse_lost(const parser *p);

/* Words of a line: each skips blanks first and leaves p->s behind what it took. */
bool egi_take(parser *p, const char *word); /* exactly this, not followed by more of a word */
bool egi_take_char(parser *p, char c);
bool egi_take_name(parser *p, const char **name, int *length); /* letters, digits, _ */
bool egi_take_int(parser *p, int64_t low, int64_t high, int64_t *value, const char *what);
bool egi_take_id(parser *p, egi_id *id);
bool egi_take_spec(parser *p, eg_spec *spec);
char *egi_take_string(parser *p);              /* in quotes; kept by the graph */
bool egi_take_end(parser *p);                  /* end of the line, perhaps after blanks */
bool egi_take_place(parser *p, uint32_t *loc); /* the comment behind a node, and the end of the line */

/* Lines, read behind their first word. */
bool egi_parse_header(parser *p, bool *was); /* arg, variable, array, csr, host, streams */
bool egi_parse_node(parser *p);

#endif
