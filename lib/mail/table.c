/* The verdict of the access table: see table.h. */
#include "mail/table.h"

#include "base/str.h"
#include "mail/table_part.h"

#include <string.h>

int table_query_read(struct table_query *q, struct address *a, enum table_tag tag, const char *text, char *fault)
{
    size_t n = strlen(text);

    *a = (struct address){ .len = 0 };
    *q = (struct table_query){ .tag = tag, .address = a, .hostname = "localhost" };
    if (tag == TABLE_CONNECT && net_parse(text, n, &q->client))
        return table_part_fault(fault, "no address of a client: write it like 192.0.2.1 or 2001:db8::1", text, n);
    if (tag == TABLE_CONNECT || (tag == TABLE_FROM && strcmp(text, "<>") == 0))
        return 0;
    if (address_mailbox(text, n, a) != ADDRESS_OK)
        return table_part_fault(fault, "no mail address: write it like user@example.org", text, n);
    return 0;
}

static void put_rule(const char *line, size_t n, char *rule, size_t cap)
{
    struct str s;

    while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'))
        n--;
    str_init(&s, rule, cap);
    for (size_t i = 0; i < n && !s.cut; i++)
        str_add_clean(&s, line[i] == '\t' ? " " : &line[i], 1);
}

static enum table_result broken(struct table_answer *a, unsigned line, const char *fault)
{
    a->line = line;
    str_copy(a->fault, sizeof a->fault, fault);
    return TABLE_BROKEN;
}

/* Reads the line that a source gave for a key. It is read anew, so that a stale image cannot say what the text does
 * not. */
static enum table_result take(const struct table_keys *k, const char *line, size_t n, struct table_answer *a)
{
    struct table_line l;

    if (table_line_parse(line, n, &l, a->fault) != 1 || l.n != k->n || memcmp(l.key, k->key, l.n) != 0)
        return broken(a, a->line, "the line is not the one that was looked for: compile the image anew");
    a->action = l.action;
    a->past_name = k->past_name;
    str_copy(a->reply, sizeof a->reply, l.reply);
    put_rule(line, n, a->rule, sizeof a->rule);
    return l.action == TABLE_SKIP ? TABLE_NOTHING : TABLE_FOUND;
}

enum table_result table_find(const struct table_source *source, const struct table_query *query,
                             struct table_answer *answer)
{
    struct table_keys k;
    const char *line;
    size_t n;

    memset(answer, 0, sizeof *answer);
    if (source->fault)
        return broken(answer, source->fault_line, source->fault);
    table_keys_start(&k, query, &source->kinds);
    for (;;) {
        bool more = table_keys_next(&k);
        if (k.asks_name)
            return TABLE_ASK_NAME;
        if (!more)
            return TABLE_NOTHING;
        int got = source->get(source->context, k.key, k.n, &line, &n, &answer->line);
        if (got < 0)
            return broken(answer, 0, "the table's image is damaged: compile it anew");
        if (got > 0)
            return take(&k, line, n, answer);
    }
}
