/* A peer's descriptor over a socket pair: line ends, long lines, deadlines, and output that is sent once. */
#include "sys/io.h"

#include "sys/clock.h"
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct io io;
static int peer = -1, ours = -1;

static void fresh(void)
{
    int fds[2];

    if (peer >= 0)
        close(peer);
    if (ours >= 0)
        close(ours);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds)) {
        test_fail(__FILE__, __LINE__, "no socket pair");
        return;
    }
    ours = fds[0];
    peer = fds[1];
    fcntl(peer, F_SETFL, O_NONBLOCK);
    io_start(&io, ours, ours);
    io_allow(&io, 5);
}

static void peer_says(const char *text, size_t n)
{
    CHECK_EQ(write(peer, text, n), n);
}

/* All that has come to the peer. */
static const char *peer_got(size_t *total)
{
    static char all[300000];
    size_t n = 0;
    ssize_t r;

    while (n < sizeof all - 1 && (r = read(peer, all + n, sizeof all - 1 - n)) > 0)
        n += (size_t)r;
    all[n] = '\0';
    if (total)
        *total = n;
    return all;
}

static enum io_result line(size_t most, bool lf_ends, char *to)
{
    const char *p;
    size_t n;
    enum io_result r = io_line(&io, most, lf_ends, &p, &n);

    to[0] = '\0';
    if (r == IO_OK) {
        memcpy(to, p, n);
        to[n] = '\0';
    }
    return r;
}

static char got[20000];

static void lines(void)
{
    fresh();
    peer_says("one\r\ntwo\r\n\r\nthr", 15);
    CHECK_EQ(line(512, false, got), IO_OK);
    CHECK_STR(got, "one");
    CHECK(io_has_input(&io));
    CHECK_EQ(line(512, false, got), IO_OK);
    CHECK_STR(got, "two");
    CHECK_EQ(line(512, false, got), IO_OK);
    CHECK_STR(got, "");
    peer_says("ee\r", 3);
    peer_says("\n", 1);
    CHECK_EQ(line(512, false, got), IO_OK);
    CHECK_STR(got, "three");
    CHECK(!io_has_input(&io));
    peer_says("half", 4);
    shutdown(peer, SHUT_WR);
    CHECK_EQ(line(512, false, got), IO_EOF);
    CHECK_EQ(line(512, false, got), IO_EOF);
}

static void bare_line_ends(void)
{
    static const struct { const char *text; bool lf_ends; enum io_result want; const char *line; } rows[] = {
        { "a\n", false, IO_BARE, "" }, { "a\n", true, IO_OK, "a" }, { "a\r\n", true, IO_OK, "a" },
        { "\n", false, IO_BARE, "" },
        { "\n", true, IO_OK, "" }, { "a\rb\r\n", false, IO_BARE, "" }, { "a\rb\n", true, IO_BARE, "" },
        { "a\r\r\n", false, IO_BARE, "" },
        { "\r\r\n", true, IO_BARE, "" }, { "\r\n", false, IO_OK, "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fresh();
        peer_says(rows[i].text, strlen(rows[i].text));
        CHECK_EQ(line(512, rows[i].lf_ends, got), rows[i].want);
        CHECK_STR(got, rows[i].line);
        CHECK(!io_has_input(&io));
    }
}

static void d2_lines_of_512_and_513(void)
{
    char text[600];

    for (size_t n = 508; n < 516; n++) {
        fresh();
        memset(text, 'x', n);
        memcpy(text + n - 2, "\r\n", 2);
        peer_says(text, n);
        peer_says("next\r\n", 6);
        CHECK_EQ(line(512, false, got), n <= 512 ? IO_OK : IO_LONG);
        CHECK_EQ(strlen(got), n <= 512 ? n - 2 : 0);
        CHECK_EQ(line(512, false, got), IO_OK);
        CHECK_STR(got, "next");
    }
}

static void d2_a_long_line_is_skipped_in_any_pieces(void)
{
    static const size_t pieces[] = { 511, 512, 513, 1000, 4096, 16384, 20000 };
    static char text[100000];

    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        const char *p;
        size_t n;
        fresh();
        for (size_t at = 0; at < sizeof text; at += pieces[i]) {
            size_t part = sizeof text - at < pieces[i] ? sizeof text - at : pieces[i];
            peer_says(text + at, part);
            io.deadline = clock_mono_ms() - 1;
            io_allow(&io, 0);
            /* What is there is read away, then the deadline passes. */
            CHECK_EQ(io_line(&io, 512, false, &p, &n), IO_TIMEOUT);
            io.dead = false;
        }
        io_allow(&io, 5);
        peer_says("\r\nnext\r\n", 8);
        CHECK_EQ(line(512, false, got), IO_LONG);
        CHECK_EQ(line(512, false, got), IO_OK);
        CHECK_STR(got, "next");
    }
}

/* What was skipped does not make a bare LF a line end: the rest could be taken for a command elsewhere. */
static void a_long_line_with_a_bare_lf_is_bare(void)
{
    static char text[2000];

    memset(text, 'x', sizeof text);
    for (int split = 0; split < 2; split++) {
        const char *p;
        size_t n;
        fresh();
        peer_says(text, sizeof text);
        if (split) {
            io_allow(&io, 0);
            CHECK_EQ(io_line(&io, 512, false, &p, &n), IO_TIMEOUT);
            io.dead = false;
        }
        io_allow(&io, 5);
        peer_says("\nMAIL\r\n", 7);
        CHECK_EQ(line(512, false, got), IO_BARE);
        CHECK_EQ(line(512, false, got), IO_OK);
    }
}

static void raw_bytes(void)
{
    const char *p;
    size_t n;

    fresh();
    peer_says("DATA\r\nabc", 9);
    CHECK_EQ(line(512, false, got), IO_OK);
    CHECK_EQ(io_some(&io, &p, &n), IO_OK);
    CHECK_EQ(n, 3);
    CHECK_MEM(p, "abc", 3);
    io_used(&io, 1);
    CHECK_EQ(io_some(&io, &p, &n), IO_OK);
    CHECK_EQ(n, 2);
    io_used(&io, 2);
    peer_says("QUIT\r\n", 6);
    CHECK_EQ(line(512, false, got), IO_OK);
    CHECK_STR(got, "QUIT");
}

static void the_deadline(void)
{
    int64_t start = clock_mono_ms();

    fresh();
    io.deadline = clock_mono_ms() + 200;
    CHECK_EQ(line(512, false, got), IO_TIMEOUT);
    int64_t took = clock_mono_ms() - start;
    CHECK(took >= 150 && took < 10000);
    CHECK(io.dead);
    CHECK_EQ(io_flush(&io), IO_ERROR);
    fresh();
    io.deadline = clock_mono_ms() - 1;
    peer_says("late\r\n", 6);
    CHECK_EQ(line(512, false, got), IO_TIMEOUT);         /* CASES E3: even while bytes keep coming */
}

static void replies_wait_for_the_pipeline(void)
{
    fresh();
    peer_says("a\r\nb\r\n", 6);
    CHECK_EQ(line(512, false, got), IO_OK);
    CHECK_EQ(io_put(&io, "1\r\n", 3), IO_OK);
    CHECK_EQ(line(512, false, got), IO_OK);
    CHECK_STR(peer_got(NULL), "");
    CHECK_EQ(io_put(&io, "2\r\n", 3), IO_OK);
    io.deadline = clock_mono_ms() + 50;
    CHECK_EQ(line(512, false, got), IO_TIMEOUT);         /* nothing more is there: what waits goes out */
    CHECK_STR(peer_got(NULL), "1\r\n2\r\n");
}

static void more_than_the_buffer_goes_out(void)
{
    static char big[40000];
    size_t n;

    fresh();
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)('a' + i % 26);
    CHECK_EQ(io_put(&io, big, sizeof big), IO_OK);
    CHECK_EQ(io_flush(&io), IO_OK);
    const char *all = peer_got(&n);
    CHECK_EQ(n, sizeof big);
    CHECK_MEM(all, big, sizeof big);
}

/* CASES E6: a peer that does not read. */
static void a_write_deadline(void)
{
    char data[1024] = { 0 };
    enum io_result r = IO_OK;
    int n = 0;

    fresh();
    io.deadline = clock_mono_ms() + 200;
    while (r == IO_OK && n++ < 100000)
        r = io_put(&io, data, sizeof data);
    CHECK_EQ(r, IO_TIMEOUT);
    CHECK(io.dead);
    CHECK(io_put(&io, data, sizeof data) != IO_OK);
}

static char seen[200000];
static size_t seen_n;

static void peer_reads_on(void)
{
    size_t n;
    const char *all = peer_got(&n);

    CHECK(seen_n + n < sizeof seen);
    memcpy(seen + seen_n, all, n);
    seen_n += n;
}

/* After a deadline in the middle of a flush the last word follows what was sent, and nothing is sent twice. */
static void what_was_sent_is_not_sent_again(void)
{
    static char want[100000];
    enum io_result r = IO_OK;
    size_t put = 0;

    fresh();
    /* A small buffer of the kernel's, so that a flush stops within ours. */
    setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &(int){ 1 }, sizeof(int));
    io.deadline = clock_mono_ms() + 50;
    for (; r == IO_OK && put < sizeof want; put += 1000) {
        for (size_t i = put; i < put + 1000; i++)
            want[i] = (char)('a' + i / 100 % 26);
        r = io_put(&io, want + put, 1000);
    }
    CHECK_EQ(r, IO_TIMEOUT);
    seen_n = 0;
    for (int i = 0; i < 30 && r != IO_OK; i++) {
        peer_reads_on();
        io_revive(&io);
        io.deadline = clock_mono_ms() + 20;
        r = io_flush(&io);
    }
    peer_reads_on();
    CHECK_EQ(r, IO_OK);
    io_revive(&io);
    io_put(&io, "421\r\n", 5);
    io_flush(&io);
    peer_reads_on();
    CHECK(seen_n > 5 && seen_n <= put + 5);
    if (seen_n > 5 && seen_n <= sizeof want) {
        CHECK_MEM(seen + seen_n - 5, "421\r\n", 5);
        CHECK_MEM(seen, want, seen_n - 5);
    }
}

static void a_peer_that_is_gone(void)
{
    fresh();
    close(peer);
    peer = -1;
    CHECK_EQ(line(512, false, got), IO_EOF);
    CHECK_EQ(io_put(&io, "x", 1), IO_OK);
    CHECK_EQ(io_flush(&io), IO_ERROR);       /* and no signal: SIGPIPE is ignored */
    CHECK(io.dead);
}

static void finish_sends_the_rest_and_closes_our_side(void)
{
    fresh();
    io_put(&io, "221 bye\r\n", 9);
    shutdown(peer, SHUT_WR);
    io_finish(&io);
    CHECK_STR(peer_got(NULL), "221 bye\r\n");
    char c;
    CHECK_EQ(read(peer, &c, 1), 0);
}

static void finish_reads_the_peers_rest_away(void)
{
    fresh();
    peer_says("still talking\r\n", 15);
    shutdown(peer, SHUT_WR);
    io_put(&io, "421\r\n", 5);
    io_finish(&io);
    CHECK_STR(peer_got(NULL), "421\r\n");
    CHECK(!io_has_input(&io));
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    RUN(lines);
    RUN(bare_line_ends);
    RUN(d2_lines_of_512_and_513);
    RUN(d2_a_long_line_is_skipped_in_any_pieces);
    RUN(a_long_line_with_a_bare_lf_is_bare);
    RUN(raw_bytes);
    RUN(the_deadline);
    RUN(replies_wait_for_the_pipeline);
    RUN(more_than_the_buffer_goes_out);
    RUN(a_write_deadline);
    RUN(what_was_sent_is_not_sent_again);
    RUN(a_peer_that_is_gone);
    RUN(finish_sends_the_rest_and_closes_our_side);
    RUN(finish_reads_the_peers_rest_away);
    TEST_DONE();
}
