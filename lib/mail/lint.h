/* Lint for hosts.allow and hosts.deny: what would refuse at run time, and what does not do what it seems to. */
#ifndef MAIL_LINT_H
#define MAIL_LINT_H

#include "mail/access.h"
#include "mail/cover.h"

#include <stdbool.h>
#include <stddef.h>

struct lint_finding {
    const char *file;
    unsigned line;               /* the rule's first, from 1; 0 for the file as a whole */
    bool error;                  /* somebody is refused because of it; else a warning */
    const char *text;            /* one printable line, `what: the mend`; lives during the call */
};

/* What is known of the place that the rules are for, and who is told. */
struct lint_site {
    const char *daemons;         /* the names of the daemons that ask the rules, in words; NULL: not known, and only
                                    slips in smtpd's names are found */
    const char *bare;            /* the names of those that are started without asking them, in words, or NULL */
    const char *internal;        /* the services that inetd answers by itself, in words, or NULL */
    bool names;                  /* is there a name server? */
    bool strict;                 /* warn of rules that let in without saying `allow`, too */
    const char *doubt_allow, *doubt_deny;    /* what is doubtful about the files, apart from their text, or NULL */
    /* Looks a host's name up and returns NULL, or what is wrong with it, where clients stand, or a server behind a
     * daemon; NULL: names are not looked up. */
    const char *(*host)(void *ctx, const char *name, bool server);
    /* Looks at a program that inetd.conf starts, tcpd itself perhaps, and returns NULL, or what is wrong; NULL: they
     * are not looked at. */
    const char *(*program)(void *ctx, const char *path, bool is_tcpd);
    /* Is there such a user, or group? NULL: they are not looked up. */
    bool (*account)(void *ctx, const char *name, bool group);
    void (*found)(void *ctx, const struct lint_finding *finding);
    void *ctx;
    struct cover_entry *seen;    /* room to find rules that can never decide: lint_room() entries, or NULL */
    size_t seen_n;               /* a power of two, or 0 */
};

#define LINT_ROOM (1u << 22)     /* the most entries, 64 MB: of huge files, not all rules are compared */

/* How many entries lint_rules can use; a power of two. */
size_t lint_room(const struct access_rules *rules);

/* Tells all findings, those of hosts.allow first, each file's by line. Each fault that access_decide can refuse by is
 * an error in its line; a pattern that refuses some clients by their names is a warning. Returns the number of
 * errors. */
unsigned lint_rules(const struct access_rules *rules, const struct lint_site *site);

#endif
