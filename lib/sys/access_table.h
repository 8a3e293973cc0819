/* The access table from disk. */
#ifndef SYS_ACCESS_TABLE_H
#define SYS_ACCESS_TABLE_H

#include "mail/table.h"
#include "sys/imagefile.h"

#define ACCESS_TABLE_FILE "etc/access"   /* in the tree */

/* A table that was loaded. It points into itself: not to be copied. */
struct access_table {
    struct table_source source;
    struct imagefile *image;             /* NULL, or where it is looked up … */
    struct table_image compiled;
    char line[TABLE_LINE + 1];
    struct access_file file;             /* … or the text, also when the image turns out to be damaged */
    struct table_text text;
    char fault[TABLE_FAULT];             /* the first one, which the source then has */
};

/* Loads a table. A missing file is an empty one, and so is /dev/null. One that cannot be read, that everybody may
 * write, that is a link to nothing or has a fault on any line stands in the source with that fault, so that every
 * question is answered by TABLE_BROKEN. With an image (else NULL), which must be of this table and stay open, no text
 * is read. What is loaded lives until the process ends. Call it before the jail. */
void access_table_load(struct access_table *t, const char *path, struct imagefile *image);

/* table_find in it. When its image is damaged, or the text has changed since it was opened, the text is read through
 * the descriptor that is open, which is logged, and the question is put to that. */
enum table_result access_table_find(struct access_table *t, const struct table_query *q, struct table_answer *answer);

/* Tells every fault of a table, for a lint; line 0 for one of the file as a whole. Returns 0; 1 when there were faults;
 * -1 when there is no memory. */
int access_table_check(const char *path, table_tell *tell, void *context);

#endif
