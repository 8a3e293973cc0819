/* One pattern of hosts_access(5), for a host or a word: read strictly, then matched. */
#ifndef MAIL_PATTERN_H
#define MAIL_PATTERN_H

#include "mail/access.h"
#include "mail/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pattern_kind {
    PATTERN_ALL, PATTERN_KNOWN, PATTERN_UNKNOWN, PATTERN_LOCAL, PATTERN_PARANOID,
    PATTERN_NAME,                /* the whole name */
    PATTERN_SUFFIX,              /* `.lan`: the end of a name, never the bare domain */
    PATTERN_NAME_GLOB,           /* `mx?.*`: tried on the address's text, then on the name */
    PATTERN_ADDRESS_GLOB,        /* `10.0.*`: digits, dots and wildcards: on the address; a name matched refuses */
    PATTERN_NET,                 /* an address, a prefix, a net with a mask */
    PATTERN_FILE,                /* `/file`: the patterns in a file; the caller's to follow (patfile.h) */
    PATTERN_LATER                /* understood, but not acted upon: it refuses */
};

struct pattern {
    enum pattern_kind kind;
    const char *text;            /* as written, n bytes, not owned */
    size_t n;
    struct net_addr net;         /* PATTERN_NET */
    uint8_t mask[16];
    const char *why;             /* PATTERN_LATER, globs: why it refuses when it does, with the mend */
};

/* A host as a pattern sees it. */
struct pattern_host {
    const struct net_addr *addr;
    enum access_name state;
    const char *name;            /* for ACCESS_NAME_KNOWN */
};

/* What a pattern says of a host: PATTERN_ASK when only the name could tell. Two are said by lists (patlist.h) alone:
 * PATTERN_ASK_USER when only the user could tell, PATTERN_ASK_FIRST when the name could, and what stands behind must
 * not decide before it is known. */
enum pattern_answer { PATTERN_NO, PATTERN_YES, PATTERN_ASK, PATTERN_ASK_USER, PATTERN_ASK_FIRST, PATTERN_REFUSE };

/* Reads one host pattern of n bytes without separators. Returns NULL and fills *p, or says what is wrong with it and
 * what to write instead. What the original would take and never match is wrong here, so that no rule is without
 * effect unseen. */
const char *pattern_read(const char *text, size_t n, struct pattern *p);

/* Matches on the address where that is enough. A host that is PARANOID has no name: only ALL, PARANOID and patterns
 * of addresses match it, and a glob that the words unknown or paranoid would match refuses it. Not for
 * PATTERN_FILE, which it answers with PATTERN_REFUSE. */
enum pattern_answer pattern_match(const struct pattern *p, const struct pattern_host *host);

/* The same for one that is matched against a word (a daemon's or a user's name): ALL, KNOWN, the word itself, or a
 * glob. pattern_word_read returns NULL or what is wrong. The word "unknown" is not KNOWN. */
const char *pattern_word_read(const char *text, size_t n);
bool pattern_word_match(const char *text, size_t n, const char *word, size_t word_n);

/* Is there a `*` or a `?`? */
bool pattern_has_glob(const char *text, size_t n);

/* Are these n bytes this keyword, whatever the case? */
bool pattern_is(const char *text, size_t n, const char *keyword);

#endif
