/* Files that are mapped although somebody may shorten them: a page that is taken away must not kill us. */
#ifndef SYS_MAPPED_H
#define SYS_MAPPED_H

#include <stdbool.h>
#include <stddef.h>

/* It must stay where it is while it is guarded. */
struct mapped {
    void *at;                        /* NULL when nothing is mapped */
    size_t n;
    int protection;                  /* PROT_… */
    bool *gone;                      /* set when a page was lost: all of it is zeros from then on */
    struct mapped *next;
};

/* Maps n bytes of the file (PROT_…, MAP_SHARED or MAP_PRIVATE) and catches SIGBUS for them from then on. Returns 0, or
 * -1 with errno. */
int mapped_open(struct mapped *m, int fd, size_t n, int protection, int flags, bool *gone);

/* Takes the mapping away; does nothing where there is none. */
void mapped_close(struct mapped *m);

#endif
