/* The trace header: see trace.h. */
#include "mail/trace.h"

#include "base/str.h"
#include "mail/address.h"
#include "mail/date.h"

#include <string.h>

static void add_client(struct str *s, const struct trace *t)
{
    char addr[NET_TEXT];
    size_t n = strlen(t->helo);

    str_add(s, "from ");
    /* What is no domain or literal cannot stand here; brackets and parentheses would read as something else. */
    if (address_is_domain(t->helo, n) || address_is_literal(t->helo, n))
        str_add(s, t->helo);
    else
        str_add(s, "unknown");
    if (t->client.family != NET_NONE) {
        net_format(&t->client, addr);
        str_add(s, " (");
        str_add(s, t->name);
        str_add(s, *t->name ? " [" : "[");
        str_add(s, t->client.family == NET_V6 ? "IPv6:" : "");
        str_add(s, addr);
        str_add(s, "])");
    }
    str_add(s, "\r\n\t");
}

size_t trace_received(const struct trace *t, char text[TRACE_MOST])
{
    char date[DATE_TEXT];
    struct str s;

    str_init(&s, text, TRACE_MOST);
    str_add(&s, "Received: ");
    if (*t->helo || t->client.family != NET_NONE)
        add_client(&s, t);
    str_add(&s, "by ");
    str_add(&s, t->hostname);
    str_add(&s, " (buzon) with ");
    str_add(&s, t->protocol);
    str_add(&s, " id ");
    str_add(&s, t->id);
    if (t->rcpt) {
        str_add(&s, "\r\n\tfor <");
        str_add(&s, t->rcpt);
        str_addc(&s, '>');
    }
    date_format(t->when, date);
    str_add(&s, ";\r\n\t");
    str_add(&s, date);
    str_add(&s, "\r\n");
    return s.len;
}
