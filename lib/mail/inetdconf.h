/* inetd.conf, as far as access rules are concerned: which daemons does it start, and are rules asked for them? */
#ifndef MAIL_INETDCONF_H
#define MAIL_INETDCONF_H

#include "base/str.h"
#include "mail/rule.h"

#include <stdbool.h>
#include <stddef.h>

enum inetdconf_kind {
    INETDCONF_BROKEN,            /* something is missing; `program` may be there */
    INETDCONF_INTERNAL,          /* inetd answers by itself */
    INETDCONF_WRAPPED,           /* tcpd asks the rules, and starts the daemon */
    INETDCONF_OWN,               /* buzon's smtpd, which asks by itself */
    INETDCONF_BARE               /* nobody asks */
};

/* One line. Words that are not there have n == 0. */
struct inetdconf_service {
    unsigned line;
    enum inetdconf_kind kind;
    struct rule_span service, protocol, program;
    struct rule_span argv[2];    /* the program's first words, argv[0] being its own name or, for tcpd, the daemon */
    struct rule_span daemon;     /* what rules know it by: empty in a broken line */
};

/* Walks over the lines that are services or should be. The caller sets `at` and `end`, and next = 1. */
struct inetdconf_reader {
    const char *at, *end;
    unsigned next;
};

/* The next service; false at the end. */
bool inetdconf_next(struct inetdconf_reader *r, struct inetdconf_service *s);

/* The last part of a path. */
struct rule_span inetdconf_base(struct rule_span path);

/* Adds to `asked`, each with a blank behind it, the names that rules know the daemons by which n bytes of inetd.conf
 * start through tcpd, and buzon's own smtpd; to `bare` those that are started without either, and to `internal` the
 * services that inetd answers by itself. Broken lines are passed over. */
void inetdconf_daemons(const char *text, size_t n, struct str *asked, struct str *bare, struct str *internal);

#endif
