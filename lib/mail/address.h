/* Mailboxes and paths as RFC 5321 4.1.2 writes them: read strictly, never split twice. */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include "mail/limits.h"

#include <stdbool.h>
#include <stddef.h>

/* A mailbox `local@domain`, or `local` alone for <postmaster>; both empty for the null reverse-path <>.
 * `text` is the whole as it is stored and sent on (a quoted local part keeps its quotes); `at` is the offset of the @
 * that divides it, or the length when there is no domain. */
struct address {
    char text[LIMIT_ADDRESS + 1];
    size_t len, at;
};

enum address_result {
    ADDRESS_OK,
    ADDRESS_BAD,             /* 501 5.1.3: not the grammar */
    ADDRESS_LONG,            /* 501 5.1.3: a limit of 4.5.3.1 is exceeded */
    ADDRESS_8BIT,            /* 553 5.6.7: needs SMTPUTF8 (RFC 6531) */
    ADDRESS_ROUTED           /* 550 5.7.1: `u@d@us`: an address in the address (CASES D9) */
};

/* Reads a path `<…>` at text, of at most n bytes. A source route in front is read and dropped (RFC 5321 appendix C).
 * `<>` is accepted and empty. On ADDRESS_OK *used is the path's length. */
enum address_result address_path(const char *text, size_t n, struct address *a, size_t *used);

/* Reads exactly n bytes as a mailbox without brackets; a local part alone is accepted. */
enum address_result address_mailbox(const char *text, size_t n, struct address *a);

/* The same, and UTF-8 without controls may stand in local part and domain (RFC 6531 3.3); ADDRESS_8BIT is never said,
 * what is no UTF-8 is ADDRESS_BAD. The limits count bytes. There is no table of IDNA here: a domain of U-labels is
 * taken as it is written, and is another one than its A-labels. */
enum address_result address_path_utf8(const char *text, size_t n, struct address *a, size_t *used);
enum address_result address_mailbox_utf8(const char *text, size_t n, struct address *a);

/* Does it hold a byte over 127, so that only SMTPUTF8 can carry it? */
bool address_is_utf8(const struct address *a);

/* Is the local part an address of its own, for another host to take apart: `u%d`, `d!u`, `"u@d"` (CASES D9)? Such a
 * sender is a name like any other; such a recipient would make us a relay by the back door. */
bool address_has_route(const struct address *a);

/* Is it <>? */
bool address_is_null(const struct address *a);

/* The domain, "" when there is none. */
const char *address_domain(const struct address *a);

/* Writes the local part as it is meant, without quotes and backslashes. Returns its length, at most LIMIT_LOCAL_PART;
 * any printable byte may be in it. The address is one that was read above. */
size_t address_local(const struct address *a, char local[LIMIT_LOCAL_PART + 1]);

/* Is the local part (quotes and case apart) this word? */
bool address_local_is(const struct address *a, const char *word);

/* Is text, of n bytes, a domain name (RFC 5321 Domain) / an address literal like [192.0.2.1] or [IPv6:2001:db8::1]? */
bool address_is_domain(const char *text, size_t n);
bool address_is_literal(const char *text, size_t n);

/* The name of the mailbox's folder for a local part: lower case, of `a-z 0-9 . _ + -` only and starting with a letter
 * or digit, so that it can be a file name. Returns 0, or -1 for any other local part (CASES D11). */
int address_folder(const struct address *a, char folder[LIMIT_LOCAL_PART + 1]);

#endif
