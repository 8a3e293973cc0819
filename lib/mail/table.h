/* The access table: keys of clients, senders and recipients, and what is said of them; the narrowest key decides. Pure.
 *
 *     Connect:192.168.1        RELAY
 *     From:spam.example        REJECT
 *     To:boss@example.org      ERROR:5.7.1:550 not you
 *
 * A line has one key, which has one canonical text (`connect:192.168.1.0/24`). The keys that speak of somebody are made
 * in the same form, narrowest first, and asked of a source, which finds lines by their canonical text: a map over the
 * file, or an image of it. */
#ifndef MAIL_TABLE_H
#define MAIL_TABLE_H

#include "base/map.h"
#include "mail/access.h"
#include "mail/address.h"
#include "mail/limits.h"
#include "mail/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a key speaks of. One without a tag speaks of all that it can be. */
enum table_tag { TABLE_ANY, TABLE_CONNECT, TABLE_FROM, TABLE_TO };

enum table_kind {
    TABLE_ADDRESS,               /* user@domain */
    TABLE_USER,                  /* user@: in any domain */
    TABLE_DOMAIN,                /* the domain and all below it; or an address literal [192.0.2.1] */
    TABLE_SUBDOMAINS,            /* .domain: all below it */
    TABLE_NET,                   /* an address or a net */
    TABLE_NULL                   /* <>: the null sender */
};

enum table_action {
    TABLE_OK,                    /* let in; a wider key does not count */
    TABLE_RELAY,                 /* that, and may relay, or be relayed to */
    TABLE_REJECT,                /* refuse, in the server's words */
    TABLE_REPLY,                 /* refuse, in the table's words */
    TABLE_DISCARD,               /* take it and throw it away */
    TABLE_SKIP                   /* as if no key spoke of it */
};

#define TABLE_LINE  1024         /* the longest line, without its newline */
#define TABLE_KEY   (8 + LIMIT_LOCAL_PART + 1 + LIMIT_DOMAIN)    /* the longest canonical key, without a NUL */
#define TABLE_FAULT 300          /* room for the words about a fault */

struct table_line {
    enum table_tag tag;
    enum table_kind kind;
    struct net_addr net;                 /* TABLE_NET: the net, and how many bits of it count */
    unsigned bits;
    char key[TABLE_KEY + 1];             /* canonical, of n bytes */
    size_t n;
    enum table_action action;
    char reply[LIMIT_REPLY - 1];         /* TABLE_REPLY: the whole reply without CR LF, else "" */
};

/* Reads one line of n bytes without its newline. Returns 1 and fills *out; 0 for an empty line or a comment; -1 when it
 * cannot be understood, and says in fault (TABLE_FAULT bytes) what is wrong, and the mend. */
int table_line_parse(const char *line, size_t n, struct table_line *out, char *fault);

/* ---- whom it is asked about */

struct table_query {
    enum table_tag tag;                  /* CONNECT, FROM or TO */
    struct net_addr client;              /* CONNECT: who it is, and what is known of its name */
    enum access_name state;
    const char *name;
    const struct address *address;       /* FROM, TO */
    const char *hostname;                /* FROM, TO: the domain of an address that has none */
};

/* Makes a query of a tag and a text, as an administrator asks: a client's address; a mailbox, or `<>` for From. A
 * client's name is for the caller to add. *a holds the mailbox and must outlive *q. Returns 0, or -1 with the fault. */
int table_query_read(struct table_query *q, struct address *a, enum table_tag tag, const char *text, char *fault);

/* Which keys a table has, so that no others are looked for. */
struct table_kinds {
    unsigned tags, names;                /* bits by tag: has keys; has keys that are domains */
    uint64_t v4, v6[3];                  /* bits by prefix length: has nets of it */
};

/* Notes the kind of one more line. */
void table_kinds_add(struct table_kinds *kinds, const struct table_line *line);

/* The keys that speak of somebody, narrowest first; with the tag before the same without it. For a sender or recipient:
 *
 *     user+detail@domain  user@domain  user+detail@  user@  a.b.c  .b.c  b.c  .c  c
 *
 * (sendmail's order, with Postfix's .domain), or <> alone. For a client: its address; its name, if it is KNOWN, and the
 * domains above it; the nets around its address. */
struct table_keys {
    const struct table_query *query;     /* private, up to here: */
    const struct table_kinds *kinds;
    char local[LIMIT_LOCAL_PART + 1], domain[LIMIT_DOMAIN + 2];
    size_t local_n, plain_n;             /* of the whole, and in front of a +detail */
    unsigned stage, bits;
    const char *suffix;                  /* of domain: what comes next; NULL when it is used up */
    bool tagged;                         /* the key was given with its tag */
    bool asks_name;                      /* the next keys depend on a name that was not looked up: it counts as none */
    bool past_name;                      /* the key comes after those of the name */
    char key[TABLE_KEY + 1];             /* the key, of n bytes */
    size_t n;
};

/* Begins; *query and *kinds must outlive the walk. */
void table_keys_start(struct table_keys *k, const struct table_query *query, const struct table_kinds *kinds);
/* The next key, in k->key and k->n; false when there are no more. */
bool table_keys_next(struct table_keys *k);

/* ---- where it is looked up */

struct table_source {
    const char *fault;                   /* NULL, or why the table cannot be used; fault_line is where, or 0 */
    unsigned fault_line;
    struct table_kinds kinds;
    /* Finds the line whose key has this canonical text: 1, its text without newline in *line and *line_n, its number in
     * *number; 0 when there is none; -1 when the source is damaged. */
    int (*get)(const void *context, const char *key, size_t n, const char **line, size_t *line_n, unsigned *number);
    const void *context;
};

enum table_result {
    TABLE_NOTHING,               /* no key speaks of it, or one with SKIP */
    TABLE_FOUND,
    TABLE_ASK_NAME,              /* look the client's name up, set it in the query, ask again */
    TABLE_BROKEN                 /* the table cannot be used: refuse for now; `fault` and `line` say why */
};

/* All text in it is printable ASCII. */
struct table_answer {
    enum table_action action;            /* TABLE_FOUND */
    char reply[LIMIT_REPLY - 1];         /* TABLE_REPLY: the reply */
    unsigned line;                       /* 0: the file as a whole */
    char rule[200];                      /* as written, cut to fit */
    char fault[TABLE_FAULT];
    bool past_name;                      /* TABLE_FOUND: only because no key spoke of the client's name */
};

/* The verdict of a table. A name is asked for only where the table has a key that could match on it, and the client's
 * own address does not decide before. */
enum table_result table_find(const struct table_source *source, const struct table_query *query,
                             struct table_answer *answer);

/* ---- the table as text, its lines in a map */

struct table_text {
    const char *text;                    /* n bytes, not owned */
    size_t n;
    struct map map;                      /* canonical key to the line's offset */
    struct table_kinds kinds;
};

/* Is told each fault of a table: its line, and what is wrong, with the mend. */
typedef void table_tell(void *context, unsigned line, const char *fault);

/* Reads a whole table of at most 4 GB, which must outlive *t, and tells every fault: lines that cannot be understood,
 * and keys that are there twice. Returns 0; 1 when there were faults; -1 when there is no memory. */
int table_text_read(struct table_text *t, const char *text, size_t n, uint64_t seed, table_tell *tell, void *context);
void table_text_free(struct table_text *t);

/* A source over *t, which must outlive it. */
struct table_source table_text_source(const struct table_text *t);

/* ---- the table compiled: see image.h */

struct table_image {
    struct access_index *index;
    char *line;                          /* TABLE_LINE + 1 bytes for the line found last */
};

/* A source over *t, which must outlive it. */
struct table_source table_image_source(const struct table_image *t);

#endif
