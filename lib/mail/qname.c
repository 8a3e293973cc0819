/* Names in queue/new: see qname.h. */
#include "mail/qname.h"

#include "base/num.h"
#include "base/str.h"

#include <string.h>

#define QNAME_DUE_DIGITS 10

/* Without i, l, o and u, which are misread for digits and each other. */
static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

void qname_id(uint64_t id, char text[QNAME_ID + 1])
{
    for (int i = 0; i < QNAME_ID; i++)
        text[i] = alphabet[id >> (5 * (QNAME_ID - 1 - i)) & 31];
    text[QNAME_ID] = '\0';
}

int qname_read_id(const char *text, uint64_t *id)
{
    *id = 0;
    if (strlen(text) != QNAME_ID)
        return -1;
    for (int i = 0; i < QNAME_ID; i++) {
        const char *at = strchr(alphabet, text[i]);
        if (!at)
            return -1;
        *id = *id << 5 | (uint64_t)(at - alphabet);
    }
    return 0;
}

void qname_format(const struct qname *q, char text[QNAME_TEXT])
{
    struct str s;

    str_init(&s, text, QNAME_TEXT);
    str_addx(&s, q->due, QNAME_DUE_DIGITS);
    str_addc(&s, '.');
    qname_id(q->id, text + s.len);
}

int qname_parse(const char *text, struct qname *q)
{
    if (strlen(text) != QNAME_TEXT - 1 || text[QNAME_DUE_DIGITS] != '.')
        return -1;
    if (num_hex(text, QNAME_DUE_DIGITS, &q->due))
        return -1;
    return qname_read_id(text + QNAME_DUE_DIGITS + 1, &q->id);
}

bool qname_is_due(const struct qname *q, int64_t now, uint32_t farthest)
{
    if (q->due == QNAME_HOLD)
        return false;
    return (int64_t)q->due <= now || (int64_t)q->due > now + farthest;
}

int qname_compare(const struct qname *a, const struct qname *b)
{
    if (a->due != b->due)
        return a->due < b->due ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}
