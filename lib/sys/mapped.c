/* Files that are mapped: see mapped.h. */
#include "sys/mapped.h"

#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>

static struct mapped *guarded;

/* All of it is replaced: what is left is of no use either. */
static void page_is_gone(int number, siginfo_t *info, void *context)
{
    const uintptr_t at = (uintptr_t)info->si_addr;

    (void)context;
    for (const struct mapped *m = guarded; m; m = m->next) {
        if (at < (uintptr_t)m->at || at - (uintptr_t)m->at >= m->n)
            continue;
        *m->gone = true;
        if (mmap(m->at, m->n, m->protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
            return;
    }
    signal(number, SIG_DFL);         /* the same again, and then it is over */
}

static void forget(const struct mapped *m)
{
    struct mapped **p = &guarded;

    while (*p && *p != m)
        p = &(*p)->next;
    if (*p)
        *p = m->next;
}

int mapped_open(struct mapped *m, int fd, size_t n, int protection, int flags, bool *gone)
{
    struct sigaction a = { .sa_sigaction = page_is_gone, .sa_flags = SA_SIGINFO };
    void *at = mmap(NULL, n, protection, flags, fd, 0);

    forget(m);
    m->at = NULL;
    if (at == MAP_FAILED)
        return -1;
    *m = (struct mapped){ at, n, protection, gone, guarded };
    guarded = m;
    sigaction(SIGBUS, &a, NULL);
    return 0;
}

void mapped_close(struct mapped *m)
{
    if (!m->at)
        return;
    forget(m);
    munmap(m->at, m->n);
    m->at = NULL;
}
