/* Delivery status notifications: see bounce.h. */
#include "mail/bounce.h"

#include "base/str.h"
#include "mail/date.h"

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

/* Calls each failed recipient's part of the report. */
static void failed(const struct out *o, const struct bounce *b,
                   void (*one)(const struct out *o, const char *address, const char *reason))
{
    char address[LIMIT_PATH + LIMIT_HOSTNAME], reason[LIMIT_REASON + 1];

    for (unsigned i = 0; i < b->envelope->rcpts; i++) {
        if (envelope_status(b->envelope, i) != ENVELOPE_FAILED)
            continue;
        envelope_rcpt(b->envelope, i, address, sizeof address);
        envelope_reason(b->envelope, i, reason);
        one(o, address, reason);
    }
}

static void in_words(const struct out *o, const char *address, const char *reason)
{
    say(o, "  <");
    say(o, address);
    say(o, ">:\r\n      ");
    say(o, reason);
    say(o, "\r\n");
}

/* A reason begins with its enhanced status code (RFC 3463). One that says `4.x.x` has waited too long: a failure all
 * the same. */
static void in_fields(const struct out *o, const char *address, const char *reason)
{
    size_t n = strcspn(reason, " ");
    char status[LIMIT_REASON + 1];

    memcpy(status, reason, n);
    status[n] = '\0';
    say(o, "\r\n");
    field(o, "Final-Recipient: rfc822; ", address);
    say(o, "Action: failed\r\n");
    field(o, "Status: ", n && reason[0] >= '2' && reason[0] <= '5' ? status : "5.0.0");
    if (reason[n] == ' ' && str_is_digit(reason[n + 1]))
        field(o, "Diagnostic-Code: smtp; ", reason + n + 1);
}

void bounce_head(const struct bounce *b, bounce_put *put, void *context)
{
    struct out o = { put, context };
    struct envelope_state state;
    char date[DATE_TEXT], arrival[DATE_TEXT];

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
