/* The header watcher: see header.h. */
#include "mail/header.h"

#include "base/str.h"

#include <string.h>

static const char *const field_name[HEADER_FIELDS] = {
    [HEADER_OTHER] = "", [HEADER_RECEIVED] = "received", [HEADER_DATE] = "date", [HEADER_FROM] = "from",
    [HEADER_MESSAGE_ID] = "message-id", [HEADER_TO] = "to", [HEADER_CC] = "cc", [HEADER_BCC] = "bcc",
    [HEADER_RESENT_TO] = "resent-to", [HEADER_RESENT_CC] = "resent-cc", [HEADER_RESENT_BCC] = "resent-bcc",
    [HEADER_DELIVERED_TO] = "delivered-to", [HEADER_RETURN_PATH] = "return-path",
};

enum header_field header_field_of(const char *name, size_t n)
{
    /* RFC 5322 4.5: the obsolete syntax lets blanks stand before the colon. */
    while (n && (name[n - 1] == ' ' || name[n - 1] == '\t'))
        n--;
    for (int f = HEADER_OTHER + 1; f < HEADER_FIELDS; f++)
        if (strlen(field_name[f]) == n && str_case_eqn(name, field_name[f], n))
            return (enum header_field)f;
    return HEADER_OTHER;
}

void header_start(struct header *h)
{
    memset(h, 0, sizeof *h);
}

static void name_done(struct header *h)
{
    enum header_field f = h->name_n > sizeof h->name ? HEADER_OTHER : header_field_of(h->name, h->name_n);

    h->count[f]++;
    h->state = f == HEADER_MESSAGE_ID && !h->message_id[0] ? HEADER_IN_ID : HEADER_IN_VALUE;
    h->id_n = 0;
}

static void name_byte(struct header *h, char c)
{
    if (c == ':' && h->name_n) {
        name_done(h);
    } else if (c == '\n') {
        /* An empty line ends the section; so does one without a colon, which is a body without a header section. */
        h->state = HEADER_OVER;
    } else if (h->name_n == 0 && (c == ' ' || c == '\t')) {
        h->state = h->id_waits ? HEADER_IN_ID : HEADER_IN_VALUE;     /* a folded line goes on with its field */
    } else if (c != '\r') {
        if (h->name_n < sizeof h->name)
            h->name[h->name_n] = c;
        if (h->name_n <= sizeof h->name)
            h->name_n++;
    }
}

static void id_byte(struct header *h, char c)
{
    if (h->id_n == 0 && c != '<')
        return;
    if (h->id_n + 1 >= HEADER_ID_MOST || c <= ' ' || c > '~') {
        h->message_id[0] = '\0';
        h->state = HEADER_IN_VALUE;
        return;
    }
    h->message_id[h->id_n++] = c;
    h->message_id[h->id_n] = '\0';
    if (c == '>')
        h->state = HEADER_IN_VALUE;
}

size_t header_watch(struct header *h, const char *text, size_t n)
{
    size_t at = n;

    for (size_t i = 0; i < n && h->state != HEADER_OVER; i++) {
        if (h->state == HEADER_IN_NAME) {
            if (text[i] == '\n' && h->name_n == 0 && i)
                at = i - 1;
            name_byte(h, text[i]);
        } else if (text[i] == '\n') {
            h->id_waits = h->state == HEADER_IN_ID && h->id_n == 0;
            h->state = HEADER_IN_NAME;
            h->name_n = 0;
        } else if (h->state == HEADER_IN_ID) {
            id_byte(h, text[i]);
        }
    }
    return at;
}
