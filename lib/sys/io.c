/* A peer's descriptor: see io.h. */
#include "sys/io.h"

#include "sys/await.h"
#include "sys/clock.h"
#include "sys/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IO_LINGER 2                  /* seconds */
#define IO_STALL  100                /* ms: who is silent for longer needs no room for what he may say */

static void set_nonblock(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    /* Only of sockets: a terminal or pipe is shared with whoever started us, and blocks at worst for its owner. */
    if (flags >= 0 && getsockopt(fd, SOL_SOCKET, SO_TYPE, &(int){ 0 }, &(socklen_t){ sizeof(int) }) == 0)
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

void io_start(struct io *io, int in_fd, int out_fd)
{
    io->in_fd = in_fd;
    io->out_fd = out_fd;
    io->deadline = INT64_MAX;
    io->in_at = io->in_n = io->out_n = 0;
    io->skipping = io->skipped_cr = io->dead = io->finishing = false;
    io->stop = NULL;
    io->stop_mask = NULL;
    set_nonblock(in_fd);
    set_nonblock(out_fd);
}

void io_allow(struct io *io, uint32_t seconds)
{
    io->deadline = clock_after(seconds);
}

static enum io_result broken(struct io *io, enum io_result why)
{
    io->dead = true;
    return why;
}

/* The parts of the buffers in which nothing is. */
static void give_back(struct io *io)
{
    char *sent = io->out + io->out_n, *end = io->in + sizeof io->in;

    if (io->in_n == 0) {
        proc_give_back(sent, (size_t)(end - sent));
        return;
    }
    proc_give_back(sent, sizeof io->out - io->out_n);
    proc_give_back(io->in + io->in_n, sizeof io->in - io->in_n);
}

static enum io_result wait_for(struct io *io, int fd, short event, bool may_stop)
{
    struct pollfd p = { .fd = fd, .events = event };

    for (bool stalled = false;;) {
        int64_t left = io->deadline == INT64_MAX ? -1 : io->deadline - clock_mono_ms();
        if (left < 0 && io->deadline != INT64_MAX)
            return broken(io, IO_TIMEOUT);
        if (may_stop && *io->stop)
            return IO_STOPPED;
        if (!stalled && (left < 0 || left > IO_STALL))
            left = IO_STALL;
        int r = await_ready(&p, 1, left, may_stop ? io->stop_mask : NULL);
        if (r > 0)
            return IO_OK;
        if (r < 0 && errno != EINTR)
            return broken(io, IO_ERROR);
        if (r == 0 && !stalled) {
            give_back(io);
            stalled = true;
        }
    }
}

/* Keeps what is still to be sent, so that a revived connection goes on behind it. */
static enum io_result stopped(struct io *io, size_t at, enum io_result why)
{
    memmove(io->out, io->out + at, io->out_n - at);
    io->out_n -= at;
    return why;
}

enum io_result io_flush(struct io *io)
{
    size_t at = 0;

    if (io->dead)
        return IO_ERROR;
    while (at < io->out_n) {
        ssize_t sent = write(io->out_fd, io->out + at, io->out_n - at);
        if (sent >= 0) {
            at += (size_t)sent;
        } else if (errno == EAGAIN) {
            enum io_result r = wait_for(io, io->out_fd, POLLOUT, false);
            if (r != IO_OK)
                return stopped(io, at, r);
        } else if (errno != EINTR) {
            return stopped(io, at, broken(io, IO_ERROR));
        }
    }
    io->out_n = 0;
    return IO_OK;
}

enum io_result io_put(struct io *io, const void *data, size_t n)
{
    const char *p = data;

    while (n) {
        size_t room = sizeof io->out - io->out_n, part = n < room ? n : room;
        memcpy(io->out + io->out_n, p, part);
        io->out_n += part;
        p += part;
        n -= part;
        if (io->out_n == sizeof io->out) {
            enum io_result r = io_flush(io);
            if (r != IO_OK)
                return r;
        }
    }
    return io->dead ? IO_ERROR : IO_OK;
}

/* Reads more behind what is in the buffer, which has room. */
static enum io_result fill(struct io *io, bool may_stop)
{
    enum io_result r = io_flush(io);

    if (r != IO_OK)
        return r;
    if (io->in_at == io->in_n)
        io->in_at = io->in_n = 0;
    for (;;) {
        /* The deadline counts even while bytes keep coming (CASES E3). */
        if (clock_mono_ms() > io->deadline)
            return broken(io, IO_TIMEOUT);
        ssize_t got = read(io->in_fd, io->in + io->in_n, sizeof io->in - io->in_n);
        if (got > 0) {
            io->in_n += (size_t)got;
            return IO_OK;
        }
        if (got == 0)
            return IO_EOF;
        if (errno == EAGAIN) {
            r = wait_for(io, io->in_fd, POLLIN, may_stop);
            if (r != IO_OK)
                return r;
        } else if (errno != EINTR) {
            return broken(io, IO_ERROR);
        }
    }
}

enum io_result io_quiet(struct io *io, uint32_t seconds)
{
    struct pollfd p = { .fd = io->in_fd, .events = POLLIN };

    if (io_has_input(io))
        return IO_UNASKED;
    if (io->dead || await_ready(&p, 1, (int64_t)seconds * 1000, NULL) < 0)
        return IO_ERROR;
    if (!p.revents)
        return IO_OK;
    enum io_result r = fill(io, false);      /* it will not wait */
    return r == IO_OK ? IO_UNASKED : r;
}

void io_pause(struct io *io, uint32_t seconds)
{
    struct pollfd p = { .fd = io->in_fd, .events = 0 };

    if (!io->dead)
        (void)await_ready(&p, 1, (int64_t)seconds * 1000, NULL);
}

static void make_room(struct io *io)
{
    if (io->in_n < sizeof io->in)
        return;
    memmove(io->in, io->in + io->in_at, io->in_n - io->in_at);
    io->in_n -= io->in_at;
    io->in_at = 0;
}

/* Takes the line of `whole` bytes, LF included, out of the buffer. */
static enum io_result take_line(struct io *io, size_t whole, bool lf_ends, const char **line, size_t *n)
{
    const char *start = io->in + io->in_at;
    size_t len = whole - 1;
    bool cr = len && start[len - 1] == '\r';

    io->in_at += whole;
    if (io->skipping) {
        io->skipping = false;
        return cr || (len == 0 && io->skipped_cr) || lf_ends ? IO_LONG : IO_BARE;
    }
    *line = start;
    *n = len - cr;
    return (cr || lf_ends) && !memchr(start, '\r', *n) ? IO_OK : IO_BARE;
}

enum io_result io_line(struct io *io, size_t most, bool lf_ends, const char **line, size_t *n)
{
    for (;;) {
        size_t have = io->in_n - io->in_at;
        const char *lf = memchr(io->in + io->in_at, '\n', have);
        size_t whole = lf ? (size_t)(lf - (io->in + io->in_at)) + 1 : 0;
        if (whole && whole <= most)
            return take_line(io, whole, lf_ends, line, n);
        if (whole || have > most) {
            size_t n_skipped = whole ? whole - 1 : have;         /* keep the LF, which ends the skipping */
            io->skipping = true;
            io->in_at += n_skipped;
            io->skipped_cr = io->in[io->in_at - 1] == '\r';
            continue;
        }
        make_room(io);
        enum io_result r = fill(io, io->stop && !io->finishing && io->in_at == io->in_n && !io->skipping);
        if (r != IO_OK)
            return r;
    }
}

enum io_result io_some(struct io *io, const char **data, size_t *n)
{
    if (io->in_at == io->in_n) {
        enum io_result r = fill(io, false);
        if (r != IO_OK)
            return r;
    }
    *data = io->in + io->in_at;
    *n = io->in_n - io->in_at;
    return IO_OK;
}

void io_used(struct io *io, size_t n)
{
    io->in_at += n;
}

bool io_is_stopping(struct io *io)
{
    if (io->stop && !*io->stop)      /* who never lets us wait must not keep the signal out */
        (void)await_ready(NULL, 0, 0, io->stop_mask);
    return io->stop && *io->stop;
}

bool io_has_input(const struct io *io)
{
    return io->in_at < io->in_n;
}

void io_revive(struct io *io)
{
    io->dead = false;
    io_allow(io, IO_LINGER);
}

void io_turn_away(int fd, const char *reply)
{
    char line[200];
    int n = snprintf(line, sizeof line, "%s\r\n", reply);

    (void)send(fd, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    close(fd);
}

void io_finish(struct io *io)
{
    if (io_flush(io) != IO_OK || shutdown(io->out_fd, SHUT_WR))
        return;
    io_allow(io, IO_LINGER);
    do
        io->in_at = io->in_n = 0;
    while (fill(io, false) == IO_OK);
}

void io_part(struct io *io)
{
    if (io_flush(io) != IO_OK || shutdown(io->out_fd, SHUT_WR))
        return;
    while (read(io->in_fd, io->in, sizeof io->in) > 0)
        ;                            /* else a reset would follow, and take the last word with it */
}

static bool is_datagram(int fd)
{
    int type = 0;

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){ sizeof type }) == 0 && type == SOCK_DGRAM;
}

int io_sender(int fd, struct sockaddr *from, unsigned size)
{
    socklen_t len = size;
    char byte;

    return is_datagram(fd) && recvfrom(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT, from, &len) >= 0 ? 0 : -1;
}

void io_drop_datagram(int fd)
{
    char byte;

    if (is_datagram(fd))
        (void)recv(fd, &byte, 1, MSG_DONTWAIT);
}
