/* Fields that a submission lacks: see complete.h. */
#include "mail/complete.h"

#include "base/str.h"
#include "mail/date.h"
#include "mail/limits.h"

#define NAME_MOST 200                /* of the sender's own name */

static void add_from(const struct complete *c, struct str *out)
{
    char name[NAME_MOST + 1];
    struct str n;

    str_init(&n, name, sizeof name);
    for (const char *p = c->name; *p; p++)
        if (*p != '"' && *p != '\\')
            str_add_clean(&n, p, 1);
    str_add(out, "From: ");
    if (n.len && *c->sender) {
        str_addc(out, '"');
        str_add(out, name);
        str_add(out, "\" ");
    }
    str_addc(out, '<');
    str_add(out, *c->sender ? c->sender : "MAILER-DAEMON@");
    str_add(out, *c->sender ? "" : c->hostname);
    str_add(out, ">\r\n");
}

size_t complete_fields(const struct complete *c, struct header *h, char out[COMPLETE_MOST])
{
    char date[DATE_TEXT], id[LIMIT_HOSTNAME + 20];
    struct str s, i;

    str_init(&s, out, COMPLETE_MOST);
    if (!h->count[HEADER_FROM])
        add_from(c, &s);
    if (!h->count[HEADER_DATE]) {
        date_format(c->when, date);
        str_add(&s, "Date: ");
        str_add(&s, date);
        str_add(&s, "\r\n");
    }
    if (!h->count[HEADER_MESSAGE_ID]) {
        str_init(&i, id, sizeof id);
        str_addc(&i, '<');
        str_add(&i, c->id);
        str_addc(&i, '@');
        str_add(&i, c->hostname);
        str_addc(&i, '>');
        str_add(&s, "Message-ID: ");
        str_add(&s, id);
        str_add(&s, "\r\n");
        (void)str_copy(h->message_id, sizeof h->message_id, id);
    }
    return s.len;
}
