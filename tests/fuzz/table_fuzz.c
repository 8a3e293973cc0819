/* The access table from arbitrary bytes: whatever line is understood is found again by whom it speaks of, keys come
 * narrowest first, and faults name lines that exist. */
#include "mail/table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

static bool is_printable(const char *s)
{
    for (; *s; s++)
        if (*s < ' ' || *s > '~')
            return false;
    return true;
}

static const char *body(const char *key)
{
    return strchr(key, ':') + 1;
}

/* Is b nowhere narrower than a, which came just before it? */
static void check_order(const struct table_keys *a, const struct table_keys *b)
{
    const char *x = body(a->key), *y = body(b->key);
    const char *x_at = strrchr(x, '@'), *y_at = strrchr(y, '@'), *x_net = strchr(x, '/'), *y_net = strchr(y, '/');

    if (strcmp(x, y) == 0) {
        MUST(strncmp(a->key, "any:", 4) != 0 && strncmp(b->key, "any:", 4) == 0);
        return;
    }
    if (a->query->tag == TABLE_CONNECT) {
        if (x_net && y_net)
            MUST(atoi(x_net + 1) > atoi(y_net + 1));
        else if (!x_net && !y_net)
            MUST(strlen(x) > strlen(y) && strcmp(x + strlen(x) - strlen(y), y) == 0);
        return;
    }
    MUST(x_at || !y_at);                         /* addresses and users before domains */
    if (x_at && y_at && x_at[1] == '\0')
        MUST(y_at[1] == '\0' && x_at - x > y_at - y);
    if (!x_at)
        MUST(strlen(x) > strlen(y) && strcmp(x + strlen(x) - strlen(y), y) == 0);
}

static bool walk(const struct table_query *q, const struct table_kinds *kinds, const char *wanted)
{
    struct table_keys k, before;
    unsigned count = 0;
    bool found = false;

    table_keys_start(&k, q, kinds);
    while (table_keys_next(&k)) {
        MUST(k.n == strlen(k.key) && k.n <= TABLE_KEY);
        if (count)
            check_order(&before, &k);
        before = k;
        MUST(++count < 600);
        found = found || strcmp(k.key, wanted) == 0;
    }
    return found;
}

/* Somebody of whom the key speaks: his keys must hold it. */
static void check_found(const struct table_line *l)
{
    struct table_kinds kinds = { 15, 15, ~0ull, { ~0ull, ~0ull, ~0ull } };
    struct table_query q = { .tag = l->tag == TABLE_ANY ? TABLE_FROM : l->tag, .hostname = "mx" };
    char text[TABLE_KEY + 20] = "", name[TABLE_KEY + 20];
    struct address a = { .len = 0 };

    q.address = &a;
    if (l->kind == TABLE_NET) {
        q.tag = TABLE_CONNECT;
        q.client = l->net;
    } else if (q.tag == TABLE_CONNECT) {
        strcpy(name, l->kind == TABLE_SUBDOMAINS ? "a" : "");
        strcat(name, body(l->key));
        net_parse("192.0.2.1", 9, &q.client);
        q.state = ACCESS_NAME_KNOWN;
        q.name = name;
    } else if (l->kind != TABLE_NULL) {
        strcpy(text, l->kind == TABLE_SUBDOMAINS ? "u@a" : l->kind == TABLE_DOMAIN ? "u@" : "");
        strcat(text, body(l->key));
        if (l->kind == TABLE_USER)
            strcat(text, "example.org");
        /* What a quoted local part means, or `a` before the longest domain, may be no address as it stands. */
        bool v6 = strchr(text, '[') && strchr(strchr(text, '['), ':');
        if (v6 || address_mailbox(text, strlen(text), &a) != ADDRESS_OK)
            return;
    }
    MUST(walk(&q, &kinds, l->key));
}

static void check_line(const char *text, size_t n)
{
    char fault[TABLE_FAULT] = "";
    struct table_line l, again;
    int r = table_line_parse(text, n, &l, fault);

    MUST(r >= -1 && r <= 1);
    if (r < 0)
        MUST(*fault && is_printable(fault) && strchr(fault, ':'));
    if (r <= 0)
        return;
    MUST(l.n == strlen(l.key) && l.n <= TABLE_KEY && is_printable(l.key));
    MUST((l.action == TABLE_REPLY) == (l.reply[0] != '\0'));
    if (l.action == TABLE_REPLY)
        MUST(strlen(l.reply) <= LIMIT_REPLY - 2 && (l.reply[0] == '4' || l.reply[0] == '5') && l.reply[4] == l.reply[0]
             && l.reply[5] == '.' && is_printable(l.reply));
    MUST(table_line_parse(text, n, &again, fault) == 1 && strcmp(again.key, l.key) == 0);
    check_found(&l);
}

static void tell(void *context, unsigned line, const char *fault)
{
    unsigned *last = context;

    MUST(line > *last && *fault);
    *last = line;
}

/* What the table says is on a line that says it; the first line of the input, as an address, asks. */
static void check_verdict(const struct table_text *t, const char *text, size_t n)
{
    const char *newline = memchr(text, '\n', n);
    struct table_source s = table_text_source(t);
    struct table_answer answer;
    struct address a = { .len = 0 };
    size_t first = newline ? (size_t)(newline - text) : n;

    if (first && address_mailbox(text, first, &a) != ADDRESS_OK)
        return;
    for (int tag = TABLE_FROM; tag <= TABLE_TO; tag++) {
        struct table_query q = { .tag = tag, .address = &a, .hostname = "mx.example.org" };
        enum table_result r = table_find(&s, &q, &answer);
        MUST(r == TABLE_NOTHING || r == TABLE_FOUND);
        walk(&q, &t->kinds, "");
        if (r == TABLE_FOUND)
            MUST(answer.line > 0 && *answer.rule && is_printable(answer.rule));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size ? size : 1);
    struct table_text t;
    unsigned last = 0;
    size_t at = 0;

    memcpy(text, data, size);
    while (at < size) {
        const char *newline = memchr(text + at, '\n', size - at);
        size_t n = newline ? (size_t)(newline - text) - at : size - at;
        check_line(text + at, n);
        at += n + 1;
    }
    int r = table_text_read(&t, text, size, 42, tell, &last);
    MUST(r == (last > 0));
    check_verdict(&t, text, size);
    table_text_free(&t);
    free(text);
    return 0;
}
