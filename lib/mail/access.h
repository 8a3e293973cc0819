/* The verdict on a client: hosts_access(5) rules against what is known of it. Pure: text and facts in, verdict out. */
#ifndef MAIL_ACCESS_H
#define MAIL_ACCESS_H

#include "mail/net.h"

#include <stdbool.h>
#include <stddef.h>

/* One of the two files, or a file of patterns. `text` is NULL when there is none (one of the two is an empty file
 * then); `fault` is a reason that it could not be read (it then refuses everybody), else NULL. Owned by the caller. */
struct access_file {
    const char *name;            /* as the verdict names it: "etc/hosts.allow"; a file of patterns as rules name it */
    const char *text;
    size_t n;
    const char *fault;
};

/* The files of patterns that the rules name, and those that these name; each once. One that a rule names and that is
 * not here, or that has no text, refuses where it is named. */
struct access_files {
    const struct access_file *at;
    size_t n;
};

#define ACCESS_FILES 64          /* how many of them there may be */

/* hosts.allow and hosts.deny compiled (image.h). `fetch` reads up to `cap` bytes of a text (0 for hosts.allow, 1 for
 * hosts.deny, 2 for the access table) from `offset` on; it returns how many, or -1 when they cannot be had.
 * Owned by the caller. */
struct image;
struct access_index {
    struct image *image;
    long (*fetch)(void *context, int source, uint32_t offset, char *buf, size_t cap);
    void *context;
};

/* One rule that was tried, and what became of it. */
enum access_tried {
    ACCESS_NOT_DAEMON, ACCESS_NOT_CLIENT, ACCESS_MATCHED,
    ACCESS_WANTS_NAME,           /* it depends on a name that was not looked up yet … */
    ACCESS_WANTS_USER,           /* … or on a user that was not asked for */
    ACCESS_FAULTY                /* it refuses by a fault */
};

struct access_step {
    const char *file;
    unsigned line;
    enum access_tried what;
    const char *rule;            /* as written, n bytes, its lines joined; lives during the call */
    size_t n;
};

/* Is told of each rule that was tried, in order. */
struct access_trace {
    void (*tried)(void *ctx, const struct access_step *step);
    void *ctx;
};

struct access_rules {
    struct access_file allow, deny;
    struct access_files files;   /* see mail/patfile.h for how to find them */
    struct access_index *index;  /* or NULL; with it the texts of the two files are not read */
    const struct access_trace *trace;    /* normally NULL */
};

/* What is known of a host's name: not looked up yet, none, one that leads back to the address, one that does not. */
enum access_name { ACCESS_NAME_UNASKED, ACCESS_NAME_UNKNOWN, ACCESS_NAME_KNOWN, ACCESS_NAME_PARANOID };

/* Zeroed facts are valid: a server without a name, so that only `ALL` speaks of it, and a client of which nothing is
 * known. A host without an address is not looked up: UNASKED then counts as UNKNOWN. */
struct access_facts {
    const char *daemons;         /* the names that the server answers to, separated by blanks: see access_daemons */
    struct net_addr client, server;
    enum access_name client_state, server_state;
    const char *client_name;     /* read when the state is KNOWN */
    const char *server_name;
    const char *user;            /* whose the client's end is (RFC 1413): NULL not asked yet, ACCESS_NO_USER not told */
    unsigned client_port, server_port;   /* for %r and %R; 0 when there is none */
    unsigned long pid;           /* for %p */
};

#define ACCESS_NO_USER "unknown" /* as in the original: a user who is called so counts as not told */

enum access_verdict {
    ACCESS_ALLOW,
    ACCESS_DENY,
    ACCESS_ASK_NAME,             /* look the client's name up, set it in the facts, decide again */
    ACCESS_ASK_SERVER_NAME,      /* the server's likewise. Each is asked for at most once when it is then set */
    ACCESS_ASK_USER,             /* ask the client's host for the user, for at most why->user_seconds, and set it */
    ACCESS_BAD_INDEX             /* the index is damaged, or a text behind it cannot be read: decide by the texts */
};

#define ACCESS_LINE 2046         /* the longest line, continuation lines joined, that the original reads; a longer one
                                    refuses */
#define ACCESS_OPTIONS 4096      /* the longest options of one rule, with a NUL; longer ones refuse */
#define ACCESS_CLIENT 400        /* bytes of `user@host` */
#define ACCESS_USER_SECONDS 10   /* how long the client's host is asked for the user, where no option says otherwise */

/* Why. All text in it but the options is printable ASCII. While a name is asked for it says which rule wants it. */
struct access_why {
    const char *file;            /* the deciding file's name; NULL when no rule matched (allowed) */
    unsigned line;               /* its first line there, from 1; 0 when the file as a whole decided */
    unsigned user_seconds;       /* with ACCESS_ASK_USER */
    uint32_t offset;             /* private, as is `source`: where access_explain finds the rule */
    int source;
    char rule[200];              /* as written, joined and cut to fit; with an index, see access_explain */
    char fault[300];             /* "" or why the rule could not be understood and so refuses, with the mend */
    char options[ACCESS_OPTIONS];    /* "", or the options of the deciding rule as written, without a fault in them:
                                        for the caller to carry out in their order (mail/option.h, sys/effect.h). On
                                        ACCESS_DENY, too. What they expand to is known by then. */
};

/* hosts.allow first, then hosts.deny, then allowed; the first rule that matches decides, in file order (docs/man/
 * buzon-hosts_access.5). A line that cannot be understood refuses when it is reached: one that is broken as a whole
 * or before its first colon refuses everybody, one that is broken behind it everybody who uses its daemons. A name is
 * asked for only where a rule is reached that needs it, and so is a user. Uses about ACCESS_LINE bytes of stack, no
 * recursion. */
enum access_verdict access_decide(const struct access_rules *rules, const struct access_facts *facts,
                                  struct access_why *why);

/* By an index a rule that decides need not be read, and why->rule is then "". Reads it. */
void access_explain(const struct access_rules *rules, struct access_why *why);

/* All the names of a server that is called `name`: buzon's smtpd goes by several, in old rule files and new; every
 * other server by its own. `name` itself comes first: it is what wildcards are tried on. The result is either a
 * constant or `name`. */
const char *access_daemons(const char *name);

/* Are all patterns of a list (as below) understood? Returns 0, or -1 and says in fault (of cap bytes) which is not, and
 * the mend. For a configuration's reader. */
int access_patterns_check(const char *patterns, char *fault, size_t cap);

/* Does the client match a pattern list as hosts_access(5) writes it (`192.168. .lan [fd00::]/8 EXCEPT …`)? For
 * relay-clients and lan-clients. Returns 1, 0, or -1 when a name must be looked up first to tell. A list with anything
 * in it that cannot be understood matches nobody; `bad` (may be NULL) is then set to where that stands in the list,
 * else to NULL. An empty list matches nobody. */
int access_client_in(const char *patterns, const struct access_facts *facts, const char **bad);

#endif
