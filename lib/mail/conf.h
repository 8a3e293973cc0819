/* etc/buzon.conf: every key that buzon knows, read strictly. buzon.conf(5) says what each means. */
#ifndef MAIL_CONF_H
#define MAIL_CONF_H

#include <stddef.h>
#include <stdint.h>

enum conf_senders { CONF_SENDERS_ANY, CONF_SENDERS_OURS };
enum conf_name { CONF_NAME_OFF, CONF_NAME_KNOWN, CONF_NAME_REGISTERED };

enum conf_sender_domain { CONF_SENDER_DOMAIN_OFF, CONF_SENDER_DOMAIN_KNOWN };

struct conf_rate {
    uint32_t count, seconds;         /* so many in so many seconds; both 0: no limit */
};

/* Strings point into the text that was parsed; lists are words separated by blanks, "" when not set. Times are
 * seconds, sizes bytes. */
struct conf {
    const char *hostname;            /* "" when not set: the caller puts the system's name there */
    const char *local_domains;       /* likewise: then hostname alone is local */
    const char *relay_domains;
    const char *relay_clients;       /* hosts_access patterns */
    const char *lan_clients;         /* hosts_access patterns */
    const char *smarthost;           /* HOST[:PORT] … */
    const char *postmaster;          /* an address, or "": mail/postmaster */
    const char *dnsbl;               /* zones, at most LIMIT_DNSBL */
    uint32_t relay_senders;          /* enum conf_senders */
    uint32_t require_name;           /* enum conf_name */
    uint32_t sender_domain;          /* enum conf_sender_domain */
    uint32_t smarthost_tls, auth;    /* only `off` so far */
    uint32_t recipient_limit;
    uint32_t free_files;
    uint64_t message_size_limit;
    uint64_t free_space;
    uint32_t queue_limit_messages;   /* 0: no limit */
    uint64_t queue_limit_bytes;      /* 0: no limit */
    uint32_t client_limit, client_limit_per_host;
    struct conf_rate connect_rate, message_rate, recipient_rate;
    uint32_t greet_delay, tarpit;
    uint32_t queue_lifetime, retry_min, retry_max;
    uint32_t name_timeout, connect_timeout, command_timeout, data_timeout;
};

struct conf_error {
    unsigned line;                   /* from 1; 0 when the file as a whole is at fault */
    char text[200];                  /* what, and the mend */
};

/* The values that stand when a key is not given. */
void conf_defaults(struct conf *c);

/* Reads n bytes of text (text[n] is a NUL), which it cuts up and which must outlive c. Returns 0, or -1 with the first
 * error. */
int conf_parse(struct conf *c, char *text, size_t n, struct conf_error *error);

#endif
