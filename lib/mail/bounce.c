/* Delivery status notifications: see bounce.h. */
#include "mail/bounce.h"

#include "base/str.h"
#include "base/utf8.h"
#include "mail/date.h"

#include <stdio.h>
#include <string.h>

/* Small pieces of text on their way to the caller. */
struct out {
    bounce_put *put;
    void *context;
};

static void say(const struct out *o, const char *text)
{
    o->put(o->context, text, strlen(text));
}

/* UTF-8 as `\x{HEX}`, so that the report can go anywhere (RFC 6533 3). */
static void say_7bit(const struct out *o, const char *text)
{
    char hex[16];
    uint32_t point;

    while (*text) {
        size_t n = utf8_char(text, 4, &point);
        if (n > 1) {
            snprintf(hex, sizeof hex, "\\x{%X}", (unsigned)point);
            say(o, hex);
            text += n;
        } else {
            o->put(o->context, n ? text : "?", 1);
            text++;
        }
    }
}

static void boundary(const struct out *o, const struct bounce *b, const char *behind)
{
    say(o, "--=_");
    say(o, b->id);
    say(o, behind);
}

static void field(const struct out *o, const char *name, const char *value)
{
    say(o, name);
    say(o, value);
    say(o, "\r\n");
}

static void headers(const struct out *o, const struct bounce *b, const char *date)
{
    say(o, "From: Mail delivery at ");
    say(o, b->hostname);
    say(o, " <postmaster@");
    say(o, b->hostname);
    say(o, ">\r\nTo: <");
    say(o, b->to);
    say(o, ">\r\nSubject: Your message could not be delivered\r\n");
    field(o, "Date: ", date);
    say(o, "Message-ID: <bounce.");
    say(o, b->id);
    say(o, "@");
    say(o, b->hostname);
    say(o, ">\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
           "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"=_");
    say(o, b->id);
    say(o, "\"\r\n\r\n");
}

/* One failed recipient. */
struct fate {
    char address[LIMIT_PATH + LIMIT_HOSTNAME], reason[LIMIT_REASON + 1];
    struct dsn_rcpt dsn;
};

static bool is_reported(const struct envelope *e, unsigned i, struct dsn_rcpt *dsn)
{
    if (envelope_status(e, i) != ENVELOPE_FAILED)
        return false;
    envelope_rcpt_dsn(e, i, dsn);
    return dsn_wants_failure(dsn->notify);
}

bool bounce_is_wanted(const struct envelope *e)
{
    struct dsn_rcpt dsn;
    bool wanted = false;

    for (unsigned i = 0; i < e->rcpts && !wanted; i++)
        wanted = is_reported(e, i, &dsn);
    return wanted;
}

/* Calls each failed recipient's part of the report. */
static void failed(const struct out *o, const struct bounce *b, void (*one)(const struct out *o, const struct fate *f))
{
    struct fate f;

    for (unsigned i = 0; i < b->envelope->rcpts; i++) {
        if (!is_reported(b->envelope, i, &f.dsn))
            continue;
        envelope_rcpt(b->envelope, i, f.address, sizeof f.address);
        envelope_reason(b->envelope, i, f.reason);
        one(o, &f);
    }
}

static void in_words(const struct out *o, const struct fate *f)
{
    say(o, "  <");
    say_7bit(o, f->address);
    say(o, ">:\r\n      ");
    say(o, f->reason);
    say(o, "\r\n");
}

/* `Name: value` of a value that came as xtext; of one that is none, which ORCPT's UTF-8 may be, what it says. */
static void field_of_xtext(const struct out *o, const char *name, const char *value)
{
    char text[LIMIT_ORCPT + 1];

    if (!*value)
        return;
    say(o, name);
    say_7bit(o, dsn_xtext_decode(value, strlen(value), text) < 0 ? value : text);
    say(o, "\r\n");
}

/* A reason begins with its enhanced status code (RFC 3463). One that says `4.x.x` has waited too long: a failure all
 * the same. */
static void in_fields(const struct out *o, const struct fate *f)
{
    const char *reason = f->reason;
    size_t n = strcspn(reason, " ");
    char status[LIMIT_REASON + 1];

    memcpy(status, reason, n);
    status[n] = '\0';
    say(o, "\r\n");
    field_of_xtext(o, "Original-Recipient: ", f->dsn.orcpt);
    say(o, str_has_8bit(f->address, strlen(f->address)) ? "Final-Recipient: utf-8; " : "Final-Recipient: rfc822; ");
    say_7bit(o, f->address);
    say(o, "\r\nAction: failed\r\n");
    field(o, "Status: ", n && reason[0] >= '2' && reason[0] <= '5' ? status : "5.0.0");
    if (reason[n] == ' ' && str_is_digit(reason[n + 1]))
        field(o, "Diagnostic-Code: smtp; ", reason + n + 1);
}

void bounce_head(const struct bounce *b, bounce_put *put, void *context)
{
    struct out o = { put, context };
    struct envelope_state state;
    char date[DATE_TEXT], arrival[DATE_TEXT], envid[LIMIT_ENVID + 1];

    envelope_state(b->envelope, &state);
    date_format(b->now, date);
    date_format(state.arrival, arrival);
    headers(&o, b, date);
    boundary(&o, b, "\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
                    "Your message could not be delivered to:\r\n\r\n");
    failed(&o, b, in_words);
    say(&o, "\r\nNobody has read it there. What the other side said stands behind each address;\r\n"
            "the header of your message follows below.\r\n\r\n");
    boundary(&o, b, "\r\nContent-Type: message/delivery-status\r\n\r\n");
    envelope_get(b->envelope, ENVELOPE_ENVID, envid, sizeof envid);
    field_of_xtext(&o, "Original-Envelope-Id: ", envid);
    field(&o, "Reporting-MTA: dns; ", b->hostname);
    field(&o, "Arrival-Date: ", arrival);
    failed(&o, b, in_fields);
    say(&o, "\r\n");
    boundary(&o, b, "\r\nContent-Type: text/rfc822-headers\r\n\r\n");
}

void bounce_tail(const struct bounce *b, bounce_put *put, void *context)
{
    struct out o = { put, context };

    say(&o, "\r\n");
    boundary(&o, b, "--\r\n");
}
