/* The access table as text, its lines found through a map: see table.h. */
#include "mail/table.h"

#include "base/str.h"
#include "mail/table_part.h"

#include <string.h>

static size_t line_length(const struct table_text *t, size_t at)
{
    const char *newline = memchr(t->text + at, '\n', t->n - at);

    return newline ? (size_t)(newline - t->text) - at : t->n - at;
}

/* The number of the line at this offset. It is counted only when somebody wants to know. */
static unsigned line_number(const struct table_text *t, size_t at)
{
    unsigned number = 1;
    const char *p = t->text, *end = t->text + at;

    while ((p = memchr(p, '\n', (size_t)(end - p)))) {
        number++;
        p++;
    }
    return number;
}

static void tell_twice(const struct table_text *t, const struct table_line *l, size_t first, char *fault)
{
    struct str s;

    str_init(&s, fault, TABLE_FAULT);
    str_addc(&s, '`');
    str_add_clean(&s, l->key, l->n < 80 ? l->n : 80);
    str_add(&s, "`: the key stands on line ");
    str_addu(&s, line_number(t, first));
    str_add(&s, " already: keep one of the two");
}

/* One line: 0 when it is good, 1 with the fault when it is not, -1 when there is no memory. */
static int read_line(struct table_text *t, size_t at, size_t n, char *fault)
{
    struct table_line l;
    uint32_t first;
    int got = table_line_parse(t->text + at, n, &l, fault);

    if (got <= 0)
        return got ? 1 : 0;
    got = map_put(&t->map, l.key, l.n, (uint32_t)at, &first);
    if (got > 0)
        tell_twice(t, &l, first, fault);
    else if (got == 0)
        table_kinds_add(&t->kinds, &l);
    return got;
}

int table_text_read(struct table_text *t, const char *text, size_t n, uint64_t seed, table_tell *tell, void *context)
{
    char fault[TABLE_FAULT];
    unsigned number = 1;
    bool faults = false;

    *t = (struct table_text){ .text = text, .n = n };
    map_start(&t->map, seed);
    for (size_t at = 0; at < n; number++) {
        size_t len = line_length(t, at);
        int bad = read_line(t, at, len, fault);
        if (bad < 0)
            return -1;
        if (bad)
            tell(context, number, fault);
        faults = faults || bad;
        at += len + 1;
    }
    return faults;
}

void table_text_free(struct table_text *t)
{
    map_free(&t->map);
}

static int get(const void *context, const char *key, size_t n, const char **line, size_t *line_n, unsigned *number)
{
    const struct table_text *t = context;
    uint32_t at;

    if (!map_get(&t->map, key, n, &at))
        return 0;
    *line = t->text + at;
    *line_n = line_length(t, at);
    *number = line_number(t, at);
    return 1;
}

struct table_source table_text_source(const struct table_text *t)
{
    return (struct table_source){ .kinds = t->kinds, .get = get, .context = t };
}
