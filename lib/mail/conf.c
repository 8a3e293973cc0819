/* etc/buzon.conf: see conf.h. */
#include "mail/conf.h"

#include "base/num.h"
#include "base/str.h"
#include "mail/access.h"
#include "mail/address.h"
#include "mail/limits.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* How a value is written. CONF_LATER: known, but nothing uses it yet, so that setting it is refused: an administrator
 * who limits or protects something must not believe that it works. */
enum conf_kind {
    CONF_PATTERNS, CONF_DOMAINS, CONF_DOMAIN, CONF_HOSTS, CONF_MAILBOX, CONF_CHOICE, CONF_COUNT, CONF_SIZE, CONF_TIME,
    CONF_RATE, CONF_LATER
};

struct conf_key {
    const char *name;
    enum conf_kind kind;
    size_t offset;
    const char *choices;             /* of CONF_CHOICE, in the order of its enum; a `-` before one: not supported yet */
    uint64_t least, most;            /* of the numbers */
};

#define AT(member) offsetof(struct conf, member)

static const struct conf_key keys[] = {
    { "hostname",               CONF_DOMAIN,  AT(hostname), NULL, 0, 0 },
    { "local-domains",          CONF_DOMAINS, AT(local_domains), NULL, 0, 0 },
    { "relay-domains",          CONF_DOMAINS, AT(relay_domains), NULL, 0, 0 },
    { "relay-clients",          CONF_PATTERNS, AT(relay_clients), NULL, 0, 0 },
    { "relay-senders",          CONF_CHOICE,  AT(relay_senders), "any ours", 0, 0 },
    { "require-name",           CONF_CHOICE,  AT(require_name), "off known registered", 0, 0 },
    { "lan-clients",            CONF_PATTERNS, AT(lan_clients), NULL, 0, 0 },
    { "smarthost",              CONF_HOSTS,   AT(smarthost), NULL, 0, 0 },
    { "smarthost-tls",          CONF_CHOICE,  AT(smarthost_tls), "off -may -must -verify", 0, 0 },
    { "smarthost-auth",         CONF_LATER,   0, NULL, 0, 0 },
    { "rewrite-from",           CONF_LATER,   0, NULL, 0, 0 },
    { "tls-cert",               CONF_LATER,   0, NULL, 0, 0 },
    { "tls-key",                CONF_LATER,   0, NULL, 0, 0 },
    { "tls-ca",                 CONF_LATER,   0, NULL, 0, 0 },
    { "auth-users",             CONF_LATER,   0, NULL, 0, 0 },
    { "auth",                   CONF_CHOICE,  AT(auth), "off -tls -always", 0, 0 },
    { "message-size-limit",     CONF_SIZE,    AT(message_size_limit), NULL, 65536, (uint64_t)1 << 31 },
    { "recipient-limit",        CONF_COUNT,   AT(recipient_limit), NULL, 1, LIMIT_RCPTS },
    { "queue-limit-messages",   CONF_COUNT,   AT(queue_limit_messages), NULL, 0, 1000000 },
    { "queue-limit-bytes",      CONF_SIZE,    AT(queue_limit_bytes), NULL, 0, (uint64_t)1 << 50 },
    { "free-space",             CONF_SIZE,    AT(free_space), NULL, 0, (uint64_t)1 << 50 },
    { "free-files",             CONF_COUNT,   AT(free_files), NULL, 0, UINT32_MAX },
    { "client-limit",           CONF_COUNT,   AT(client_limit), NULL, 1, LIMIT_CLIENTS },
    { "client-limit-per-host",  CONF_COUNT,   AT(client_limit_per_host), NULL, 1, LIMIT_CLIENTS },
    { "connect-rate",           CONF_RATE,    AT(connect_rate), NULL, 1, 1000000 },
    { "message-rate",           CONF_RATE,    AT(message_rate), NULL, 1, 1000000 },
    { "recipient-rate",         CONF_RATE,    AT(recipient_rate), NULL, 1, 1000000 },
    { "dnsbl",                  CONF_DOMAINS, AT(dnsbl), NULL, 0, LIMIT_DNSBL },
    { "sender-domain",          CONF_CHOICE,  AT(sender_domain), "off known", 0, 0 },
    { "greet-delay",            CONF_TIME,    AT(greet_delay), NULL, 0, 60 },
    { "tarpit",                 CONF_TIME,    AT(tarpit), NULL, 0, 60 },
    { "postmaster",             CONF_MAILBOX, AT(postmaster), NULL, 0, 0 },
    { "queue-lifetime",         CONF_TIME,    AT(queue_lifetime), NULL, 60, 366 * 86400 },
    { "delay-warning",          CONF_LATER,   0, NULL, 0, 0 },
    { "retry-min",              CONF_TIME,    AT(retry_min), NULL, 1, 7 * 86400 },
    { "retry-max",              CONF_TIME,    AT(retry_max), NULL, 1, 7 * 86400 },
    { "deliveries",             CONF_LATER,   0, NULL, 0, 0 },
    { "name-timeout",           CONF_TIME,    AT(name_timeout), NULL, 1, 60 },
    { "connect-timeout",        CONF_TIME,    AT(connect_timeout), NULL, 1, 3600 },
    { "command-timeout",        CONF_TIME,    AT(command_timeout), NULL, 1, 3600 },
    { "data-timeout",           CONF_TIME,    AT(data_timeout), NULL, 1, 86400 },
};

#define KEYS (sizeof keys / sizeof keys[0])

void conf_defaults(struct conf *c)
{
    *c = (struct conf){
        .hostname = "", .local_domains = "", .relay_domains = "", .relay_clients = "", .lan_clients = "",
        .smarthost = "", .postmaster = "", .dnsbl = "",
        .relay_senders = CONF_SENDERS_ANY, .require_name = CONF_NAME_OFF,
        .recipient_limit = 100, .free_files = 100,
        .message_size_limit = 32 << 20, .free_space = 1 << 20,
        .queue_limit_messages = 1000, .queue_limit_bytes = 64 << 20,
        .client_limit = 20, .client_limit_per_host = 5,
        .connect_rate = { 30, 60 }, .message_rate = { 60, 60 }, .recipient_rate = { 300, 60 },
        .tarpit = 1,
        .queue_lifetime = 5 * 86400, .retry_min = 5 * 60, .retry_max = 3 * 3600,
        .name_timeout = 5, .connect_timeout = 30, .command_timeout = 5 * 60, .data_timeout = 30 * 60,
    };
}

static bool is_mailbox(const char *text, size_t n)
{
    struct address a;

    return address_mailbox(text, n, &a) == ADDRESS_OK && !address_has_route(&a);
}

/* `[192.0.2.1]`, `[2001:db8::1]`: for people, without SMTP's `IPv6:` tag or with it. */
static bool is_bracketed(const char *text, size_t n)
{
    struct net_addr a;

    return address_is_literal(text, n)
        || (n > 2 && text[0] == '[' && text[n - 1] == ']' && net_parse(text + 1, n - 2, &a) == 0);
}

/* HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT. */
static bool is_host_port(const char *text, size_t n)
{
    uint64_t port;
    size_t host_n = n;
    const char *colon = NULL;

    for (size_t i = n; i-- > 0 && text[i] != ']' && !colon;)
        if (text[i] == ':')
            colon = text + i;
    if (colon) {
        host_n = (size_t)(colon - text);
        if (num_dec(colon + 1, n - host_n - 1, 65535, &port) || port == 0)
            return false;
    }
    return address_is_domain(text, host_n) || is_bracketed(text, host_n);
}

/* Does every word of the value pass? */
static bool each_word(const char *value, bool (*passes)(const char *, size_t))
{
    const char *word;
    size_t n;

    while ((word = str_word(&value, &n)))
        if (!passes(word, n))
            return false;
    return true;
}

static unsigned count_words(const char *value)
{
    unsigned words = 0;
    size_t n;

    while (str_word(&value, &n))
        words++;
    return words;
}

static int wrong(struct conf_error *e, const struct conf_key *k, const char *value, const char *mend)
{
    snprintf(e->text, sizeof e->text, "%s %.40s: %s", k->name, value, mend);
    return -1;
}

static int set_string(struct conf *c, const struct conf_key *k, const char *value, struct conf_error *e)
{
    if (k->kind == CONF_DOMAIN || k->kind == CONF_DOMAINS) {
        if (!each_word(value, address_is_domain))
            return wrong(e, k, value, "not a domain name; write it like mx.example.org");
        if (k->most && count_words(value) > k->most) {
            snprintf(e->text, sizeof e->text, "%s: at most %u", k->name, (unsigned)k->most);
            return -1;
        }
    } else if (k->kind == CONF_HOSTS) {
        if (!each_word(value, is_host_port))
            return wrong(e, k, value, "not HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT");
    } else if (k->kind == CONF_PATTERNS) {
        char fault[120];
        if (access_patterns_check(value, fault, sizeof fault))
            return wrong(e, k, value, fault);
    } else if (k->kind == CONF_MAILBOX && !is_mailbox(value, strlen(value))) {
        return wrong(e, k, value, "not an address; write it like user@example.org");
    }
    memcpy((char *)c + k->offset, &value, sizeof value);
    return 0;
}

static int set_choice(struct conf *c, const struct conf_key *k, const char *value, struct conf_error *e)
{
    const char *p = k->choices, *word;
    size_t n, want = strlen(value);
    uint32_t index = 0;

    for (; (word = str_word(&p, &n)); index++) {
        bool later = *word == '-';
        if (n - later != want || memcmp(word + later, value, want) != 0)
            continue;
        if (later)
            return wrong(e, k, value, "not supported yet; take the line out");
        memcpy((char *)c + k->offset, &index, sizeof index);
        return 0;
    }
    return wrong(e, k, value, "not a value of this key; buzon.conf(5) lists them");
}

static int set_number(struct conf *c, const struct conf_key *k, const char *value, struct conf_error *e)
{
    uint64_t v;
    uint32_t v32;
    size_t n = strlen(value);

    if (k->kind == CONF_TIME) {
        if (num_time(value, n, 1, &v32))
            return wrong(e, k, value, "not a time; write it like 90s, 5m, 3h or 5d");
        v = v32;
    } else if (k->kind == CONF_SIZE ? num_size(value, n, &v) : num_dec(value, n, UINT32_MAX, &v)) {
        return wrong(e, k, value, k->kind == CONF_SIZE ? "not a size; write it like 500k, 32M or 1G" : "not a number");
    }
    if (v < k->least || v > k->most) {
        snprintf(e->text, sizeof e->text, "%s %.40s: must be from %llu to %llu%s", k->name, value,
                 (unsigned long long)k->least, (unsigned long long)k->most,
                 k->kind == CONF_TIME   ? " seconds"
                 : k->kind == CONF_SIZE ? " bytes"
                                        : "");
        return -1;
    }
    v32 = (uint32_t)v;
    if (k->kind == CONF_SIZE)
        memcpy((char *)c + k->offset, &v, sizeof v);
    else
        memcpy((char *)c + k->offset, &v32, sizeof v32);
    return 0;
}

/* N/s, N/m, N/h, N/d, or off. */
static int set_rate(struct conf *c, const struct conf_key *k, const char *value, struct conf_error *e)
{
    static const char units[] = "smhd";
    static const uint32_t seconds[] = { 1, 60, 3600, 86400 };
    struct conf_rate rate = { 0, 0 };
    const char *slash = strchr(value, '/'), *unit;
    uint64_t v;

    if (strcmp(value, "off") != 0) {
        unit = slash && slash[1] && !slash[2] ? strchr(units, slash[1]) : NULL;
        if (!unit || num_dec(value, (size_t)(slash - value), k->most, &v) || v < k->least)
            return wrong(e, k, value, "not a rate; write it like 5/s, 30/m, 100/h or 1000/d, or off");
        rate = (struct conf_rate){ (uint32_t)v, seconds[unit - units] };
    }
    memcpy((char *)c + k->offset, &rate, sizeof rate);
    return 0;
}

static int set_value(struct conf *c, const struct conf_key *k, const char *value, struct conf_error *e)
{
    bool list = k->kind == CONF_PATTERNS || k->kind == CONF_DOMAINS || k->kind == CONF_HOSTS;

    if (k->kind == CONF_LATER)
        return wrong(e, k, value, "not supported yet; take the line out");
    if (!*value) {
        snprintf(e->text, sizeof e->text, "%s has no value; give it one or take the line out", k->name);
        return -1;
    }
    if (!list && strpbrk(value, " \t"))
        return wrong(e, k, value, "takes one value");
    switch (k->kind) {
    case CONF_CHOICE:
        return set_choice(c, k, value, e);
    case CONF_COUNT: case CONF_SIZE: case CONF_TIME:
        return set_number(c, k, value, e);
    case CONF_RATE:
        return set_rate(c, k, value, e);
    default:
        return set_string(c, k, value, e);
    }
}

/* One line, NUL-terminated and without its newline. `seen` holds the line on which each key was given, 0 for none. */
static int parse_line(struct conf *c, char *line, unsigned number, unsigned seen[KEYS], struct conf_error *e)
{
    size_t n = strlen(line), name_n;
    const char *p = line, *name;

    while (n && (line[n - 1] == ' ' || line[n - 1] == '\t' || line[n - 1] == '\r'))
        line[--n] = '\0';
    name = str_word(&p, &name_n);
    if (!name || *name == '#')
        return 0;
    for (size_t i = 0; i < KEYS; i++) {
        if (strlen(keys[i].name) != name_n || memcmp(keys[i].name, name, name_n) != 0)
            continue;
        if (seen[i]) {
            snprintf(e->text, sizeof e->text, "%s was given on line %u already; put all on one line", keys[i].name,
                     seen[i]);
            return -1;
        }
        seen[i] = number;
        return set_value(c, &keys[i], p + strspn(p, " \t"), e);
    }
    snprintf(e->text, sizeof e->text, "%.*s: no such key; buzon.conf(5) lists them", name_n > 60 ? 60 : (int)name_n,
             name);
    return -1;
}

/* What no single line shows. */
static int check_whole(const struct conf *c, struct conf_error *e)
{
    const char *wrong = NULL;

    if (c->retry_min > c->retry_max)
        wrong = "retry-min is greater than retry-max; make it smaller";
    else if ((*c->relay_clients || *c->relay_domains) && !*c->smarthost)
        wrong = "relaying needs a smarthost line: delivery by MX is not supported yet";
    if (!wrong)
        return 0;
    e->line = 0;
    snprintf(e->text, sizeof e->text, "%s", wrong);
    return -1;
}

int conf_parse(struct conf *c, char *text, size_t n, struct conf_error *e)
{
    unsigned seen[KEYS] = { 0 }, number = 1;

    e->line = 0;
    if (memchr(text, '\0', n))
        return snprintf(e->text, sizeof e->text, "holds a NUL byte: write it anew as a text file"), -1;
    for (char *line = text, *end; line < text + n; line = end + 1, number++) {
        end = memchr(line, '\n', n - (size_t)(line - text));
        if (!end)
            end = text + n;          /* the caller's text has its NUL there */
        *end = '\0';
        e->line = number;
        if (parse_line(c, line, number, seen, e))
            return -1;
    }
    return check_whole(c, e);
}
