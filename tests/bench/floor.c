/* The least that a durable SMTP receive under inetd can do: the ruler that buzon is measured with, not a mail server.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char in[65536];
static size_t have;

/* The next line into *n bytes at the buffer's front; 0 at the end of the input. */
static size_t line(void)
{
    for (;;) {
        char *lf = memchr(in, '\n', have);
        if (lf)
            return (size_t)(lf - in) + 1;
        ssize_t got = have < sizeof in ? read(0, in + have, sizeof in - have) : -1;
        if (got <= 0)
            return 0;
        have += (size_t)got;
    }
}

static void drop(size_t n)
{
    memmove(in, in + n, have -= n);
}

static int say(const char *text)
{
    return write(1, text, strlen(text)) < 0;
}

/* Takes the text up to its dot into new/, flushing the file and then the folder. Whole buffers are written at once. */
static int store(const char *name)
{
    char tmp[64], to[64];
    snprintf(tmp, sizeof tmp, "tmp/%s", name);
    snprintf(to, sizeof to, "new/%s", name);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL, 0600), end = 0;
    while (!end) {
        char *dot = have >= 5 ? memmem(in, have, "\r\n.\r\n", 5) : NULL;
        size_t n = dot ? (size_t)(dot - in) + 2 : have > 4 ? have - 4 : 0;
        if (n && write(fd, in, n) != (ssize_t)n)
            return -1;
        drop(dot ? n + 3 : n);
        end = dot != NULL;
        ssize_t got = end ? 1 : read(0, in + have, sizeof in - have);
        if (got <= 0)
            return -1;
        have += end ? 0 : (size_t)got;
    }
    if (fsync(fd) || close(fd) || rename(tmp, to))
        return -1;
    fd = open("new", O_RDONLY);
    return fsync(fd) || close(fd);
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    size_t n;

    if (argc != 2 || chdir(argv[1]) || say("220 floor ESMTP\r\n"))
        return 1;
    while ((n = line())) {
        char verb = in[0], name[64];
        drop(n);
        if (verb == 'D') {
            snprintf(name, sizeof name, "%d.%u", (int)getpid(), count++);
            if (say("354 go\r\n") || store(name) || say("250 ok\r\n"))
                return 1;
        } else if (say(verb == 'Q' ? "221 bye\r\n" : "250 ok\r\n") || verb == 'Q') {
            return 0;
        }
    }
    return 0;
}
