/* Verdicts within a session: see admission.h. */
#include "sys/admission.h"

#include "base/str.h"
#include "mail/policy.h"
#include "sys/clock.h"
#include "sys/dns_policy.h"
#include "sys/log.h"
#include "sys/maildir.h"
#include "sys/wake.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ADMISSION_LINES 100          /* about refusals in one session: who is refused often must not fill the log */

static void start_envelope(struct session *s)
{
    envelope_start(&s->envelope, clock_wall());
    envelope_add(&s->envelope, ENVELOPE_SENDER, s->srv.sender.text);
    envelope_add(&s->envelope, ENVELOPE_CLIENT, client_relay_label(&s->client));
    envelope_add(&s->envelope, ENVELOPE_PROTOCOL, srv_protocol(&s->srv));
    envelope_add_dsn(&s->envelope, &s->srv.dsn);
    if (s->srv.utf8)
        envelope_add(&s->envelope, ENVELOPE_UTF8, "SMTPUTF8");
}

static const char *judge_room(struct session *s)
{
    const struct conf *c = s->conf;

    if (queue_has_room(s->srv.declared_size, c->free_space, c->free_files) != SYS_OK) {
        bool full = errno == ENOSPC;
        log_line(LOG_ERR, "queue: %s for mail from %s: %s; %s", full ? "no room" : "no use", client_label(&s->client),
                 strerror(errno),
                 full ? "free some space or set free-space and free-files lower" : "see to the file system");
        return full ? "452 4.3.1 no room for mail now, try again later"
                    : "451 4.3.0 the message cannot be stored now, try again later";
    }
    return NULL;
}

/* What the limits say to one more message or recipient; `what` is for the reply. */
static const char *judge_rate(struct session *s, enum limits_what what)
{
    static const struct address nobody;
    static char reply[100];
    struct client *c = &s->client;
    enum limits_result r;

    if (!c->limits)
        return NULL;
    /* A sender is counted where he is one of our own, by whatever hosts he sends. Of strangers' anybody could use up
     * what that sender may send, by writing his address. */
    r = limits_take(c->limits, what, 1, c->relay ? &s->srv.sender : &nobody, c->relay, s->conf, clock_mono_ms());
    if (r == LIMITS_OK)
        return NULL;
    if (r != LIMITS_CLIENT_FAST && r != LIMITS_SENDER_FAST) {
        log_line(LOG_ERR, LIMITS_FILE ": %s; %s", strerror(errno), limits_mend(errno));
        return "451 4.3.0 this server is not set up";
    }
    snprintf(reply, sizeof reply, "450 4.7.1 too many %s of your %saddress, try again later",
             what == LIMITS_MESSAGE ? "messages" : "recipients", r == LIMITS_SENDER_FAST ? "sender's " : "");
    return reply;
}

static const char *judge_queue(struct session *s, uint64_t bytes)
{
    enum limits_result r = LIMITS_OK;

    if (s->client.limits)
        r = limits_queue_room(s->client.limits, bytes, s->conf, clock_mono_ms());
    if (r == LIMITS_OK)
        return NULL;
    if (r == LIMITS_BROKEN) {
        log_line(LOG_ERR, "queue: %s; %s", strerror(errno), limits_mend(errno));
        return "451 4.3.0 the message cannot be stored now, try again later";
    }
    log_line(LOG_ERR, "queue: full: %s is reached; see with mailq what waits, or set it higher",
             r == LIMITS_QUEUE_BYTES ? "queue-limit-bytes" : "queue-limit-messages");
    return "452 4.3.1 the queue is full, try again later";
}

/* sender-domain: who writes under a domain that takes no mail could never be answered. */
static const char *judge_domain(struct session *s)
{
    const char *domain = address_domain(&s->srv.sender);

    if (s->conf->sender_domain == CONF_SENDER_DOMAIN_OFF || !*domain
        || !client_is_stranger(&s->client) || policy_is_ours(s->conf, &s->srv.sender))
        return NULL;
    switch (dns_domain_takes_mail(domain, clock_after(s->conf->name_timeout))) {
    case DNS_MAIL_YES:
        return NULL;
    case DNS_MAIL_NO_DOMAIN:
        return "550 5.1.8 the domain of the sender's address does not exist";
    case DNS_MAIL_NULL_MX:
        return "550 5.7.27 the domain of the sender's address takes no mail";
    default:
        return "450 4.1.8 the domain of the sender's address cannot be looked up now, try again later";
    }
}

/* The line about a command that is refused, or accepted and thrown away (no is NULL). */
static void tell(struct session *s, const char *command, const char *no, bool by_table)
{
    const bool rcpt = *command == 'R';

    if (++s->told > ADMISSION_LINES)
        return;
    if (s->told == ADMISSION_LINES)
        log_line(LOG_NOTICE, "reject: %s: more refusals of this session are not logged", client_label(&s->client));
    log_line(LOG_NOTICE, "%s: %s from %s%s%s%s; from=<%s>%s%s%s proto=%s helo=<%s>", no ? "reject" : "discard", command,
             client_label(&s->client), no ? ": " : "", no ? no : "", by_table ? client_by_table(&s->client) : "",
             s->srv.sender.text, rcpt ? " to=<" : "", rcpt ? s->srv.rcpt.text : "", rcpt ? ">" : "",
             srv_protocol(&s->srv), s->srv.helo);
}

const char *admission_sender(struct session *s)
{
    start_envelope(s);
    s->discard = s->client.discard;
    if (s->discard)
        return NULL;
    const char *no = client_ask_table(&s->client, TABLE_FROM, &s->srv.sender, "550 5.7.1 access denied");
    const bool by_table = no;
    s->discard = !no && s->client.answer.action == TABLE_DISCARD;
    if (!no && !s->discard)
        no = judge_domain(s);
    if (!no && !s->discard)
        no = judge_queue(s, s->srv.declared_size);
    if (!no && !s->discard)
        no = judge_room(s);
    if (no || s->discard)
        tell(s, "MAIL", no, by_table || !no);
    return no;
}

static const char *judge_local(struct session *s)
{
    char folder[LIMIT_LOCAL_PART + 1];

    if (policy_is_postmaster(s->conf, &s->srv.rcpt))
        return NULL;                 /* RFC 5321 4.5.1: always */
    enum sys_result r = maildir_of(&s->srv.rcpt, folder);
    if (r == SYS_TEMP) {
        log_line(LOG_ERR, "mail/%s: %s", folder, strerror(errno));
        return "451 4.3.0 the mailbox cannot be looked at now, try again later";
    }
    return r == SYS_OK ? NULL : "550 5.1.1 no such user here";
}

static const char *judge_remote(struct session *s)
{
    const struct conf *c = s->conf;
    const char *no_route = *c->smarthost ? NULL : "550 5.4.4 no route: etc/buzon.conf names no smarthost";

    if (!s->client.peer.is_socket || s->client.answer.action == TABLE_RELAY)
        return no_route;
    if (!s->client.relay && s->client.names.failed)
        return "450 4.7.25 your address's name cannot be looked up now, try again later";
    if (!s->client.relay)
        return "550 5.7.1 relaying denied";
    if (c->relay_senders == CONF_SENDERS_OURS && !address_is_null(&s->srv.sender) && !policy_is_ours(c, &s->srv.sender))
        return "550 5.7.1 relaying denied: the sender's address is not of a domain of ours";
    return no_route;
}

static const char *judge_route(struct session *s)
{
    switch (policy_route(s->conf, &s->srv.rcpt)) {
    case POLICY_LOCAL:  return judge_local(s);
    case POLICY_REMOTE: return judge_remote(s);
    default:            return NULL;
    }
}

const char *admission_rcpt(struct session *s)
{
    char address[LIMIT_ADDRESS + LIMIT_HOSTNAME + 2];

    if (s->discard)
        return NULL;                 /* whoever it is for */
    const char *no = client_ask_table(&s->client, TABLE_TO, &s->srv.rcpt, "550 5.7.1 access denied");
    bool by_table = no, discard = !no && s->client.answer.action == TABLE_DISCARD;
    if (!no && !discard)
        no = judge_route(s);
    if (!no)
        no = judge_rate(s, LIMITS_RECIPIENT);
    if (!no && !discard) {
        policy_destination(s->conf, &s->srv.rcpt, address, sizeof address);
        if (envelope_add_rcpt_dsn(&s->envelope, address, &s->srv.dsn_rcpt))
            no = "452 4.5.3 too many recipients; send the others in another message";
    }
    if (no || discard)
        tell(s, "RCPT", no, by_table || !no);
    return no;
}

/* Not at MAIL: a message counts when it comes. */
const char *admission_message(struct session *s)
{
    const char *no = judge_rate(s, LIMITS_MESSAGE);

    if (no)
        tell(s, "DATA", no, false);
    return no;
}

const char *admission_stored(struct session *s)
{
    return judge_queue(s, s->queued.length);
}

const char *admission_etrn(struct session *s)
{
    const char *domain = s->srv.etrn + (*s->srv.etrn == '@'), *no = NULL;

    if (s->client.peer.is_socket && !s->client.relay && !str_in_words(s->conf->relay_domains, domain))
        no = "459 4.7.1 mail for that domain does not wait here";
    else if (wake_ask(s->srv.etrn) != SYS_OK)
        no = "458 4.3.0 the queue cannot be woken now, try again later";
    log_line(no ? LOG_NOTICE : LOG_INFO, "%s: ETRN from %s%s%s; domain=%s", no ? "reject" : "etrn",
             client_label(&s->client), no ? ": " : "", no ? no : "", s->srv.etrn);
    return no;
}
