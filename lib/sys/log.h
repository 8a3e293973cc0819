/* The log: syslog, or run/log in the tree where no syslogd listens. */
#ifndef SYS_LOG_H
#define SYS_LOG_H

#include <stdbool.h>
#include <syslog.h>      /* the LOG_ERR … LOG_DEBUG levels */

/* Opens the log under `tag` (the applet's name, which must outlive the log). Call it before the jail: the socket
 * to syslogd is taken along. When syslogd has gone, or takes nothing for a second, /dev/log is tried anew for the next
 * line, that of the jail then. With `echo` lines go to stderr too: never under inetd, where fd 2 is the client. */
void log_open(const char *tag, bool echo);

/* From now on nothing goes to stderr. */
void log_quiet(void);

/* The facility of all lines that name none; LOG_MAIL until then. */
void log_facility(int facility);

/* For a program that is asked by hand: lines go to stderr alone. */
void log_to_stderr(const char *tag);

/* A line that /dev/log does not take goes from now on to this file in a folder, relative to the working directory. Root
 * writes it as the owner of its folder, who could otherwise make root write elsewhere, or be left with a file that is
 * not his. */
void log_fallback(const char *path);

/* One line. Control characters and 8-bit bytes in it become '?'. Keeps errno. */
void log_line(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
