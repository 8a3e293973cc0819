/* A peer's descriptor: the only place where one is read or written. Every call has a deadline, a point on
 * clock_mono_ms. */
#ifndef SYS_IO_H
#define SYS_IO_H

#include "base/page.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IO_IN  16384
#define IO_OUT 16384

/* Both directions of a connection. `in` and `out` are separate descriptors for inetd's fd 0 and 1. The buffers are
 * whole pages, so that all of what a client who pauses does not fill is given back. */
struct io {
    PAGE_ALONE char out[IO_OUT], in[IO_IN];
    int in_fd, out_fd;
    int64_t deadline;                /* for what is done now; set it anew for each command */
    size_t in_at, in_n, out_n;
    bool skipping;                   /* the rest of an over-long line is still to come … */
    bool skipped_cr;                 /* … and what was skipped so far ends in a CR */
    const volatile sig_atomic_t *stop;   /* NULL, or set by a signal that is blocked: no further line is waited for */
    const sigset_t *stop_mask;       /* what is blocked while waiting: not that signal */
    bool finishing;                  /* … but now it is, for something is to be finished */
    bool dead;                       /* an error or a deadline: nothing more will work */
};

enum io_result {
    IO_OK,
    IO_EOF,                          /* the peer has closed its side */
    IO_TIMEOUT,                      /* the deadline has passed */
    IO_ERROR,                        /* reset, or any other errno */
    IO_LONG,                         /* io_line: over the limit; it was skipped */
    IO_BARE,                         /* io_line: ended by a bare LF or holding a bare CR */
    IO_STOPPED,                      /* io_line: *stop was set, no line had begun and nothing is to be finished */
    IO_UNASKED                       /* io_quiet: the peer has spoken before it was asked */
};

/* Empty buffers and no deadline; sockets become non-blocking. The descriptors stay the caller's to close. */
void io_start(struct io *io, int in_fd, int out_fd);

/* Sets the deadline to so many seconds from now. */
void io_allow(struct io *io, uint32_t seconds);

/* The next line without its end; *line points into the buffer until the next call. `most` counts the line end and is
 * less than IO_IN. With `lf_ends` a bare LF ends a line too; else it is IO_BARE, as is a CR inside. Sends what waits in
 * the output first when nothing more is in the input: so pipelined commands get their replies in one segment. */
enum io_result io_line(struct io *io, size_t most, bool lf_ends, const char **line, size_t *n);

/* Whatever bytes are there, at least one: *data points into the buffer; say with io_used how many were taken. */
enum io_result io_some(struct io *io, const char **data, size_t *n);
void io_used(struct io *io, size_t n);

/* IO_OK when the peer stays silent for so many seconds: no bytes of its, and no end, are here by then. With 0 it does
 * not wait. */
enum io_result io_quiet(struct io *io, uint32_t seconds);

/* Has the signal for *stop come? */
bool io_is_stopping(struct io *io);

/* Are bytes here that were not asked for yet? */
bool io_has_input(const struct io *io);

/* Queues bytes for sending, sending when the buffer is full; io_flush sends what waits. */
enum io_result io_put(struct io *io, const void *data, size_t n);
enum io_result io_flush(struct io *io);

/* Waits; but not for a peer that has hung up. */
void io_pause(struct io *io, uint32_t seconds);

/* For a last word after a deadline: the connection may be used again, for a few seconds. */
void io_revive(struct io *io);

/* Sends what waits, tells the peer that no more will come, and reads away what is here of his, but does not wait: for a
 * client who is refused, and may be one of many. */
void io_part(struct io *io);

/* A last word to a connection that is not served, which is closed. Does not wait. */
void io_turn_away(int fd, const char *reply);

/* Sends what waits, tells the peer that no more will come, and reads its rest away for at most two seconds, so that a
 * last reply is not lost in a reset. Does not close the descriptors. */
void io_finish(struct io *io);

/* The sender of the datagram that waits on a socket without a peer, which stays there. Returns 0, or -1: none is there,
 * or it is another kind of socket. */
struct sockaddr;
int io_sender(int fd, struct sockaddr *from, unsigned size);

/* Takes that datagram away, where there is one, so that inetd does not find it again. */
void io_drop_datagram(int fd);

#endif
