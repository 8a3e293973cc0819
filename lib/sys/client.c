/* The client at the door: see client.h. */
#include "sys/client.h"

#include "base/str.h"
#include "mail/option.h"
#include "sys/clock.h"
#include "sys/dns_policy.h"
#include "sys/effect.h"
#include "sys/log.h"
#include "sys/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char client_not_set_up[] = "421 4.3.0 this server is not set up, closing";

const char *client_name(const struct client *c)
{
    return c->facts.client_state == ACCESS_NAME_KNOWN ? c->names.client : "";
}

static const char *label(const struct client *c, const char *blank)
{
    static char text[320];
    char addr[NET_TEXT];
    const char *name = client_name(c);

    net_format(&c->facts.client, addr);
    if (!c->peer.is_socket)
        return "local user";
    snprintf(text, sizeof text, "%s%s[%s]", *name ? name : "unknown", blank, addr);
    return text;
}

const char *client_label(const struct client *c)
{
    return label(c, "");
}

const char *client_relay_label(const struct client *c)
{
    return label(c, " ");
}

const char *client_refused(const struct client *c, const char *reply)
{
    log_line(LOG_NOTICE, "reject: CONNECT from %s: %s", client_label(c), reply);
    return reply;
}

void client_facts(struct client *c, const char *called)
{
    const char *slash = strrchr(called, '/'), *name = slash ? slash + 1 : called;
    const bool ours = str_in_words(access_daemons("smtpd"), name);

    c->facts = (struct access_facts){
        .daemons = access_daemons(ours ? name : "smtpd"), .client = c->peer.client, .server = c->peer.server,
        .client_port = c->peer.client_port, .server_port = c->peer.server_port, .pid = (unsigned long)getpid(),
    };
}

void client_load(struct client *c, const struct imagefile_paths *paths)
{
    if (paths)
        rules_load(&c->rules, paths);
    if (c->peer.is_socket)
        access_table_load(&c->table, ACCESS_TABLE_FILE, rules_image(&c->rules));
    resolve_load(true);
    dns_set_timeout(c->conf->name_timeout);
}

static void foresee_file(const struct access_file *f)
{
    if (f->fault)
        log_line(LOG_ERR, "%s: %s; until that is mended whoever it is asked about is refused", f->name, f->fault);
}

void client_foresee(const struct client *c)
{
    foresee_file(&c->rules.allow);
    foresee_file(&c->rules.deny);
    for (size_t i = 0; i < c->rules.files.n; i++)
        foresee_file(&c->rules.files.at[i]);
    if (c->table.source.fault)
        log_line(LOG_ERR, ACCESS_TABLE_FILE ":%u: %s; until that is mended every client hears 421",
                 c->table.source.fault_line, c->table.source.fault);
    if (option_wants_root(&c->rules))
        log_line(LOG_WARNING,
                 "the rules have spawn, twist, aclexec, banners or nice: a rule with a command refuses, and banners "
                 "are looked for in the tree; take them out, or start smtpd from inetd");
}

static void ask_name(struct client *c)
{
    if (c->facts.client_state == ACCESS_NAME_UNASKED)
        dns_ask_client(&c->names, &c->facts);
}

/* Does the client match relay-clients or lan-clients? Not where that rests on a name that cannot be told now: with
 * `EXCEPT .example.org` it may be one of those. */
static bool client_in(struct client *c, const char *patterns)
{
    struct access_facts nameless;
    int r;

    if (!c->peer.is_socket || !*patterns)
        return false;
    r = access_client_in(patterns, &c->facts, NULL);     /* all are good: conf_parse has read them */
    if (r < 0) {
        ask_name(c);
        r = access_client_in(patterns, &c->facts, NULL);
    }
    nameless = c->facts;
    nameless.client_state = ACCESS_NAME_UNASKED;
    return r == 1 && !(c->names.failed && access_client_in(patterns, &nameless, NULL) < 0);
}

/* A refusal that rests on a name which the resolver could not tell holds for now only (CASES G7). Returns the reply. */
static const char *refusal(const struct client *c, const char *permanent)
{
    return c->names.failed ? "421 4.7.25 your address's name cannot be looked up now, try again later" : permanent;
}

/* A source route lets a client pass for another; other options of IP are switched off. As tcpd has it. */
static const char *judge_route(const struct client *c)
{
    static const char no[] = "554 5.7.1 access denied: source routing";
    char options[PEER_OPTIONS];

    if (peer_ip_options(0, options) <= PEER_CLEARED)
        return NULL;
    log_line(LOG_WARNING, "reject: CONNECT from %s: %s", client_label(c), no);
    return no;
}

const char *client_judge_rules(struct client *c)
{
    struct access_why why;
    struct effect_way way = { .facts = &c->facts, .names = &c->verdict, .granted = LOG_INFO, .refused = LOG_NOTICE };

    const char *routed = judge_route(c);
    if (routed)
        return routed;
    c->verdict.dns = &c->names;
    enum access_verdict v = verdict_reach(&c->rules, &c->facts, &c->verdict, &why);
    enum effect_result e = effect_run(&why, &way);
    if (v == ACCESS_ALLOW && e == EFFECT_GO_ON)
        return NULL;
    /* What cannot be read or understood is the administrator's to mend, and mail must not be lost by it. */
    const char *no = *why.fault ? client_not_set_up : refusal(c, "554 5.7.1 access denied");
    log_line(*why.fault ? LOG_ERR : way.refused, "reject: CONNECT from %s: %s by %s:%u: %s%s%s", client_label(c), no,
             why.file ? why.file : "default", why.line, why.rule, *why.fault ? ": " : "", why.fault);
    return no;
}

/* ---- the access table */

const char *client_by_table(const struct client *c)
{
    static char text[400];

    snprintf(text, sizeof text, " by " ACCESS_TABLE_FILE ":%u: %s", c->answer.line,
             *c->answer.fault ? c->answer.fault : c->answer.rule);
    return text;
}

const char *client_ask_table(struct client *c, enum table_tag tag, const struct address *a, const char *reject)
{
    struct table_query q = { .tag = tag, .client = c->peer.client, .address = a, .hostname = c->conf->hostname };
    enum table_result r = TABLE_NOTHING;

    if (c->peer.is_socket) {
        do {
            q.state = c->facts.client_state;
            q.name = c->names.client;
            r = access_table_find(&c->table, &q, &c->answer);
            if (r == TABLE_ASK_NAME)
                ask_name(c);
        } while (r == TABLE_ASK_NAME);
    }
    if (r == TABLE_BROKEN)
        return client_not_set_up;
    if (r == TABLE_NOTHING)
        c->answer.action = TABLE_SKIP;
    switch (c->answer.action) {
    case TABLE_REJECT: return reject;
    case TABLE_REPLY:  return c->answer.reply;
    default:           return NULL;
    }
}

/* NULL when the table lets the client in, and what else it says of him is noted. */
static const char *judge_listed(struct client *c)
{
    const char *no = client_ask_table(c, TABLE_CONNECT, NULL, "554 5.7.1 access denied");
    enum table_action a = c->answer.action;

    /* A key for the name, had it been known, might have said something else. */
    if (c->names.failed && c->answer.past_name && (no || a == TABLE_DISCARD))
        no = refusal(c, no);
    if (no) {
        log_line(LOG_NOTICE, "reject: CONNECT from %s: %s%s", client_label(c), no, client_by_table(c));
        return no;
    }
    c->relay = a == TABLE_RELAY;
    c->welcome = a == TABLE_OK || a == TABLE_RELAY || a == TABLE_DISCARD;
    c->discard = a == TABLE_DISCARD;
    if (c->discard)
        log_line(LOG_NOTICE, "discard: CONNECT from %s%s", client_label(c), client_by_table(c));
    return NULL;
}

/* require-name: NULL when the client's name is enough, else the reply. */
static const char *judge_name(struct client *c)
{
    uint32_t want = c->peer.is_socket ? c->conf->require_name : CONF_NAME_OFF;

    if (want == CONF_NAME_OFF || c->welcome)
        return NULL;
    ask_name(c);
    enum access_name have = c->facts.client_state;
    if (have == ACCESS_NAME_KNOWN || (want == CONF_NAME_KNOWN && have == ACCESS_NAME_PARANOID))
        return NULL;
    const char *no = refusal(c, want == CONF_NAME_KNOWN ? "554 5.7.25 your address has no name"
                                                        : "554 5.7.25 your address has no name that leads back to it");
    return client_refused(c, no);
}

/* ---- limits and blocklists */

const char *client_admit(struct limits *l, const struct conf *conf, const struct net_addr *client, int *slot)
{
    const int64_t now = clock_mono_ms();
    char addr[NET_TEXT];
    const char *no, *mend = "";

    switch (slot ? limits_reserve(l, client, conf, now, slot) : limits_enter(l, client, conf, now)) {
    case LIMITS_OK:
        return NULL;
    case LIMITS_ALL_BUSY:
        no = "421 4.7.0 too many sessions now, try again later";
        break;
    case LIMITS_HOST_BUSY:
        no = "421 4.7.0 too many sessions of your address now, try again later";
        break;
    case LIMITS_CLIENT_FAST:
        no = "421 4.7.0 too many connections of your address, try again later";
        break;
    default:
        no = client_not_set_up;
        mend = limits_mend(errno);
    }
    net_format(client, addr);
    log_line(*mend ? LOG_ERR : LOG_NOTICE, "reject: CONNECT from unknown[%s]: %s%s%s", addr, no, *mend ? "; " : "",
             mend);
    return no;
}

bool client_is_stranger(const struct client *c)
{
    return c->peer.is_socket && !c->relay && !c->lan && !c->welcome;
}

static const char *judge_blocklists(struct client *c)
{
    static char reply[LIMIT_REPLY - 2];
    struct dns_block found;

    if (!*c->conf->dnsbl || !client_is_stranger(c))
        return NULL;
    dns_blocked(c->conf->dnsbl, &c->peer.client, clock_after(c->conf->name_timeout), &found);
    if (*found.doubt)
        log_line(LOG_WARNING, "dnsbl: %s", found.doubt);
    if (!found.listed)
        return NULL;
    snprintf(reply, sizeof reply, "554 5.7.1 your address is listed by %s%s%s", found.zone, *found.reason ? ": " : "",
             found.reason);
    return client_refused(c, reply);
}

const char *client_judge(struct client *c)
{
    const char *no = judge_listed(c);

    if (!no && c->limits && !c->admitted)
        no = client_admit(c->limits, c->conf, &c->peer.client, NULL);
    if (!no)
        no = judge_name(c);
    if (no)
        return no;
    c->relay = c->relay || client_in(c, c->conf->relay_clients);
    c->lan = !c->peer.is_socket || client_in(c, c->conf->lan_clients);
    return judge_blocklists(c);
}
