/* Waking the queue's runner: see wake.h. */
#include "sys/wake.h"

#include "base/str.h"
#include "sys/await.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WAKE_FILE  "run/etrn"
#define WAKE_TAKEN "run/etrn.taken"
#define WAKE_PIPE  "run/wake"
#define WAKE_LEAST 15                /* seconds from pass to pass: strangers may wake the runner */

static void poke(void)
{
    int fd = open(WAKE_PIPE, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);   /* ENXIO: no runner stays */

    if (fd < 0)
        return;
    (void)!write(fd, "!", 1);
    close(fd);
}

/* Is the open file still the one under the name? A pass may have taken it meanwhile. */
static bool is_current(const struct stat *mine)
{
    struct stat st;

    return lstat(WAKE_FILE, &st) == 0 && st.st_ino == mine->st_ino && st.st_dev == mine->st_dev;
}

/* Returns whether the line stands in a file that the next pass will take. */
static bool note(const char *line, size_t n)
{
    char had[WAKE_LIST + 1];
    struct stat st;
    int fd = open(WAKE_FILE, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    bool done = false;
    ssize_t got;

    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (got = pread(fd, had + 1, WAKE_LIST - 1, 0)) >= 0) {
        had[0] = '\n';
        done = memmem(had, (size_t)got + 1, line, n + 1);    /* with the line end before it */
        errno = ENOSPC;
        if (!done && (size_t)got + n < WAKE_LIST)
            done = write(fd, line + 1, n) == (ssize_t)n;
        done = done && is_current(&st);
    }
    close(fd);
    return done;
}

enum sys_result wake_ask(const char *domain)
{
    char line[270];
    size_t n = (size_t)snprintf(line, sizeof line, "\n%s\n", domain) - 1;

    if (!note(line, n) && !note(line, n))
        return SYS_TEMP;
    poke();
    return SYS_OK;
}

void wake_take(char list[WAKE_LIST + 1])
{
    ssize_t n = -1;

    list[0] = '\0';
    if (rename(WAKE_FILE, WAKE_TAKEN))       /* who writes meanwhile has opened this file, or makes a new one */
        return;
    int fd = open(WAKE_TAKEN, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, list, WAKE_LIST);
        close(fd);
    }
    unlink(WAKE_TAKEN);
    list[n > 0 ? n : 0] = '\0';
    for (char *p = list; *p; p++)
        if (*p == '\n')
            *p = ' ';
}

bool wake_wants(const char *list, const char *domain)
{
    size_t n, have = strlen(domain);
    const char *word;

    while ((word = str_word(&list, &n))) {
        if (n == have && str_case_eqn(word, domain, n))
            return true;
        /* `@example.org`: example.org, and what ends in .example.org */
        if (*word == '@' && have + 1 >= n && str_case_eqn(word + 1, domain + have + 1 - n, n - 1)
            && (have + 1 == n || domain[have - n] == '.'))
            return true;
    }
    return false;
}

void wake_prepare(void)
{
    (void)mkfifo(WAKE_PIPE, 0600);
}

int wake_open(void)
{
    struct stat st;
    int fd = open(WAKE_PIPE, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0 && (fstat(fd, &st) || !S_ISFIFO(st.st_mode))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void wake_wait(int fd, uint32_t seconds)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    uint32_t least = seconds < WAKE_LEAST ? seconds : WAKE_LEAST;
    char away[64];

    nanosleep(&(struct timespec){ .tv_sec = least }, NULL);
    (void)await_ready(&p, fd >= 0, (int64_t)(seconds - least) * 1000, NULL);
    while (fd >= 0 && read(fd, away, sizeof away) > 0)
        ;
}
