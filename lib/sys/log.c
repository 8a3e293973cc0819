/* The log: see log.h. */
#include "sys/log.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LOG_FILE_MOST 262144         /* then run/log starts anew: it may live in RAM */
#define LOG_PATIENCE  1              /* seconds: a syslogd that takes nothing must not stop the mail */

static const char *tag_name = "buzon";
static const char *file_path;
static int syslog_fd = -1;
static bool to_syslog, to_stderr;
static bool stuck;                   /* syslogd takes nothing just now */
static int usual = LOG_MAIL;         /* facility */

static void syslog_connect(void)
{
    const struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
    const struct timeval patience = { .tv_sec = LOG_PATIENCE };

    if (syslog_fd >= 0)
        close(syslog_fd);
    syslog_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (syslog_fd < 0)
        return;
    setsockopt(syslog_fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(syslog_fd, (const struct sockaddr *)&a, sizeof a) == 0)
        return;
    close(syslog_fd);
    syslog_fd = -1;
}

void log_fallback(const char *path)
{
    file_path = path;
}

void log_open(const char *tag, bool echo)
{
    tag_name = tag;
    to_stderr = echo;
    to_syslog = true;
    syslog_connect();
}

void log_quiet(void)
{
    to_stderr = false;
}

void log_facility(int facility)
{
    usual = facility;
}

void log_to_stderr(const char *tag)
{
    tag_name = tag;
    to_stderr = true;
}

/* Past stdio, whose call a sandbox does not know. */
static void say(const char *who, const char *what)
{
    char text[1200];
    int n = snprintf(text, sizeof text, "%s: %s\n", who, what);

    (void)!write(2, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

static void line_to_file(const char *line)
{
    char stamp[32], text[1200];
    struct tm tm;
    struct stat st;
    time_t now = time(NULL);
    int flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, fd = open(file_path, flags, 0600);

    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        if (st.st_size > LOG_FILE_MOST) {        /* by its name: a sandbox knows no ftruncate */
            close(fd);
            fd = open(file_path, flags | O_TRUNC, 0600);
            if (fd < 0)
                return;
        }
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
        int n = snprintf(text, sizeof text, "%s %s[%d]: %s\n", stamp, tag_name, (int)getpid(), line);
        if (write(fd, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1) < 0 && to_stderr)
            say(file_path, strerror(errno));
    }
    close(fd);
}

/* The same with the rights of the folder's owner, when we are root. */
static void line_as_owner(const char *line)
{
    char folder[64];
    struct stat st;

    if (geteuid() != 0) {
        line_to_file(line);
        return;
    }
    (void)str_copy(folder, sizeof folder, file_path);
    *strrchr(folder, '/') = '\0';
    if (lstat(folder, &st) || !S_ISDIR(st.st_mode))
        return;
    if (setegid(st.st_gid) == 0 && seteuid(st.st_uid) == 0)
        line_to_file(line);
    if (seteuid(0) || setegid(0))
        file_path = NULL;            /* cannot happen; the drop that follows would fail too, and say so */
}

/* As syslog(3) does it, which does not say whether anybody was there to take the line. */
static bool line_to_syslog(int level, const char *line)
{
    char stamp[20], text[1200];
    struct tm tm;
    time_t now = time(NULL);

    strftime(stamp, sizeof stamp, "%b %e %H:%M:%S", gmtime_r(&now, &tm));
    snprintf(text, sizeof text, "<%d>%s %s[%d]: %s", level, stamp, tag_name, (int)getpid(), line);
    if (syslog_fd >= 0 && send(syslog_fd, text, strlen(text), stuck ? MSG_DONTWAIT : 0) >= 0) {
        stuck = false;
        return true;
    }
    if (syslog_fd >= 0 && errno == EAGAIN) {
        stuck = true;                /* waited for once: clients must not wait in line behind it */
        return false;
    }
    syslog_connect();                /* it was started, or started anew, since; from a jail there may be no way to it */
    return syslog_fd >= 0 && send(syslog_fd, text, strlen(text), 0) >= 0;
}

void log_line(int level, const char *format, ...)
{
    char raw[1024], line[1024];
    struct str s;
    va_list args;
    int kept = errno;

    va_start(args, format);
    vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    str_init(&s, line, sizeof line);
    str_add_clean(&s, raw, strlen(raw));
    bool told = to_syslog && line_to_syslog(level & LOG_FACMASK ? level : level | usual, line);
    if (!told && file_path)
        line_as_owner(line);
    if (to_stderr)
        say(tag_name, line);
    errno = kept;
}
