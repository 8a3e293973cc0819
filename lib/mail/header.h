/* Watches a message's header section go by: counts hops, notes which fields are there. Nothing is kept. */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include <stdbool.h>
#include <stddef.h>

enum header_field {
    HEADER_OTHER, HEADER_RECEIVED, HEADER_DATE, HEADER_FROM, HEADER_MESSAGE_ID, HEADER_TO, HEADER_CC, HEADER_BCC,
    HEADER_RESENT_TO, HEADER_RESENT_CC, HEADER_RESENT_BCC, HEADER_DELIVERED_TO, HEADER_RETURN_PATH, HEADER_FIELDS
};

/* Which field does this line begin? name runs up to the colon, of n bytes. */
enum header_field header_field_of(const char *name, size_t n);

#define HEADER_ID_MOST 200

struct header {
    unsigned count[HEADER_FIELDS];      /* lines seen of each field */
    char message_id[HEADER_ID_MOST];    /* `<…>` of the first Message-ID, for the log; "" when none or too long */
    /* private: */
    enum { HEADER_IN_NAME, HEADER_IN_VALUE, HEADER_IN_ID, HEADER_OVER } state;
    char name[16];
    size_t name_n, id_n;
    bool id_waits;                      /* the line of a Message-ID ended before its id: it may be folded */
};

/* Ready for a message's first byte. */
void header_start(struct header *h);

/* Looks at the next n bytes of a text with CR LF line ends, cut anywhere. Cheap once the header section is over.
 * Returns where in them the empty line begins that ends the section; n when it does not end here, or not by an empty
 * line, or between that line's CR and LF. */
size_t header_watch(struct header *h, const char *text, size_t n);

#endif
