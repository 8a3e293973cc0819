/* Whose is the client's end: see owner.h. */
#include "sys/owner.h"

#include "base/page.h"
#include "base/str.h"
#include "sys/apart.h"
#include "sys/await.h"
#include "sys/clock.h"
#include "sys/io.h"
#include "sys/peer.h"
#include "sys/sandbox.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IDENT_PORT 113

/* Waits until fd can be written to. */
static int wait_connected(int fd, int64_t end)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    int error = 0;
    socklen_t len = sizeof error;

    for (;;) {
        int64_t left = end - clock_mono_ms();
        if (left <= 0)
            return -1;
        int r = await_ready(&p, 1, left, NULL);
        if (r > 0)
            break;
        if (r < 0 && errno != EINTR)
            return -1;
    }
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) || error ? -1 : 0;
}

/* What is asked, and of whom: all that the work needs, so that it can be done apart. */
struct question {
    struct net_addr client, server;
    unsigned client_port, server_port;
};

static int call(const struct question *q, int64_t end)
{
    struct sockaddr_storage from, to;
    socklen_t len = peer_sockaddr(&q->server, 0, &from);
    int fd = socket(from.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    peer_sockaddr(&q->client, IDENT_PORT, &to);
    if (bind(fd, (struct sockaddr *)&from, len) == 0 &&
        (connect(fd, (struct sockaddr *)&to, len) == 0 || (errno == EINPROGRESS && wait_connected(fd, end) == 0)))
        return fd;
    close(fd);
    return -1;
}

static void converse(int fd, const struct question *q, int64_t end, char user[IDENT_USER])
{
    static PAGE_ALONE struct io io;
    char question[IDENT_QUESTION];
    const char *line;
    size_t n;

    ident_question(q->client_port, q->server_port, question);
    io_start(&io, fd, fd);
    io.deadline = end;                           /* one for all of it */
    io_put(&io, question, strlen(question));
    if (io_line(&io, IDENT_LINE, true, &line, &n) == IO_OK)
        (void)ident_read(line, n, q->client_port, q->server_port, user);
}

/* Asks; *answer is a char[IDENT_USER], "" when nothing was told by `deadline`. */
static void ask(const void *question, void *answer, int64_t deadline)
{
    const struct question *q = question;
    int fd = call(q, deadline);

    if (fd < 0)
        return;
    converse(fd, q, deadline, answer);
    close(fd);
}

static void ask_apart(const void *question, void *answer, int64_t deadline)
{
    if (sandbox_filter(SECCOMP_LOOKUP) == 0)
        ask(question, answer, deadline);
}

void owner_ask(const struct access_facts *facts, unsigned seconds, char user[IDENT_USER])
{
    const struct question q = { facts->client, facts->server, facts->client_port, facts->server_port };
    int64_t deadline = clock_after(seconds);

    memset(user, 0, IDENT_USER);
    bool can = q.client.family != NET_NONE && q.client.family == q.server.family && q.client_port && q.server_port;
    if (can && geteuid() != 0)
        ask(&q, user, deadline);
    else if (can)                                /* root reads nothing that a stranger sent */
        (void)apart_run(ask_apart, &q, user, IDENT_USER, APART_NOBODY, APART_NOBODY, deadline);
    user[IDENT_USER - 1] = '\0';
    if (!*user)
        (void)str_copy(user, IDENT_USER, ACCESS_NO_USER);
}
