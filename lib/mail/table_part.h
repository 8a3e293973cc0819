/* What the files of the access table share: canonical texts, and the value of a line. */
#ifndef MAIL_TABLE_PART_H
#define MAIL_TABLE_PART_H

#include "base/str.h"
#include "mail/table.h"

/* Words a fault, of a token of n bytes or, when that is NULL, of the line. Returns -1. */
int table_part_fault(char *fault, const char *what, const char *token, size_t n);

/* Canonical texts, one spelling for all that mean the same: add a tag with its colon, a net as address/bits. */
void table_part_tag(struct str *key, enum table_tag tag);
void table_part_net(struct str *key, const struct net_addr *net, unsigned bits);
/* The same of a domain or an address literal of n bytes, into `out` of LIMIT_DOMAIN + 1 bytes, and of a local part.
 * Return the length. */
size_t table_part_domain(const char *p, size_t n, char *out);
size_t table_part_local(const struct address *a, char local[LIMIT_LOCAL_PART + 1]);

/* Reads a value of n bytes, n > 0, into out->action and out->reply; out->tag and out->kind are set. Returns 0, or -1
 * with the fault. */
int table_part_value(const char *p, size_t n, struct table_line *out, char *fault);

#endif
