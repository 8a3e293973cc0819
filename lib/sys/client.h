/* The client at the door: who it is, and whether rules, table, limits, names and blocklists let it in. smtpd(8) gives
 * the order. */
#ifndef SYS_CLIENT_H
#define SYS_CLIENT_H

#include "mail/conf.h"
#include "sys/access_table.h"
#include "sys/dns.h"
#include "sys/limits.h"
#include "sys/peer.h"
#include "sys/rules.h"
#include "sys/verdict.h"

#include <stdbool.h>

struct client {
    const struct conf *conf;
    struct peer peer;
    struct access_rules rules;
    struct access_facts facts;
    struct dns_names names;          /* the client's and our own, as far as they were asked for */
    struct verdict_names verdict;
    struct access_table table;
    struct table_answer answer;      /* of the question asked last; TABLE_SKIP when no key spoke of it */
    struct limits *limits;           /* NULL for who is no remote client */
    bool admitted;                   /* it has its place in them already */
    bool relay;                      /* may send to anywhere */
    bool lan;                        /* of lan-clients */
    bool welcome;                    /* the table lets it in, whatever its name and the blocklists say */
    bool discard;                    /* whatever it sends is taken and thrown away */
};

/* The facts that need no look-up, for the rules: the server is called by the name of argv[0], be it smtpd or sendmail.
 * c->peer and c->conf are set. */
void client_facts(struct client *c, const char *called);

/* Loads the rules (NULL: they are loaded already) and the table, and what look-ups need. In the tree; rules of /etc
 * only before the jail. */
void client_load(struct client *c, const struct imagefile_paths *paths);

/* Logs what of all that cannot be used, and whether rules will refuse for want of commands. */
void client_foresee(const struct client *c);

/* hosts.allow and hosts.deny: NULL when they let the client in, else the reply, which is logged. */
const char *client_judge_rules(struct client *c);

/* The access table's word on connections, the limits, the name, the blocklists. Likewise. It sets relay, lan, welcome
 * and discard. */
const char *client_judge(struct client *c);

/* A place in the limits for this client: this process's own, or, where slot is not NULL, one for a child. NULL, or the
 * reply, which is logged. */
const char *client_admit(struct limits *l, const struct conf *conf, const struct net_addr *client, int *slot);

/* May the client be kept waiting and judged as strangers are? Not those of relay-clients and lan-clients, nor whom the
 * table lets in, nor who is no remote client. */
bool client_is_stranger(const struct client *c);

/* Asks the table about an address, for remote clients only. Returns the refusal (`reject`, or the table's own words),
 * or NULL; c->answer has the rest. */
const char *client_ask_table(struct client *c, enum table_tag tag, const struct address *a, const char *reject);

/* ` by FILE:LINE: the line` of the last answer, or why the table cannot be used. */
const char *client_by_table(const struct client *c);

/* How the client is called in the log: `name [address]` as the relay of a message, and without the blank in a refusal,
 * as fail2ban's filters know it. */
const char *client_relay_label(const struct client *c);
const char *client_label(const struct client *c);

/* Logs that the client is refused at the door with this reply, which it returns. */
const char *client_refused(const struct client *c, const char *reply);

/* The reply where the administrator must mend something first. */
extern const char client_not_set_up[];

/* Its verified name, or "". */
const char *client_name(const struct client *c);

#endif
