/* The access table compiled, its lines found by an image: see table.h. */
#include "mail/table.h"

#include "mail/image.h"

#include <string.h>

/* Is it really the line with this key? Different keys may look alike to the image. */
static bool has_key(const char *line, size_t n, const char *key, size_t key_n)
{
    char fault[TABLE_FAULT];
    struct table_line l;

    return table_line_parse(line, n, &l, fault) == 1 && l.n == key_n && memcmp(l.key, key, key_n) == 0;
}

/* Reads the line with this number into t->line: 1, 0 when it has another key, -1 when it cannot be read. */
static int try_line(const struct table_image *t, uint32_t number, const char *key, size_t n, size_t *line_n,
                    unsigned *line_number)
{
    struct image_rule r;

    if (!image_rule(t->index->image, number, &r) || r.source != IMAGE_TABLE)
        return -1;
    long got = t->index->fetch(t->index->context, IMAGE_TABLE, r.offset, t->line, TABLE_LINE + 1);
    if (got <= 0)
        return -1;
    const char *newline = memchr(t->line, '\n', (size_t)got);
    *line_n = newline ? (size_t)(newline - t->line) : (size_t)got;
    *line_number = r.line;
    return has_key(t->line, *line_n, key, n);
}

static int get(const void *context, const char *key, size_t n, const char **line, size_t *line_n, unsigned *number)
{
    const struct table_image *t = context;
    struct image *im = t->index->image;
    struct image_key k;
    uint32_t value, at;
    bool is_list;
    int got = 0;

    image_key_text(im->h.key, IMAGE_LINE, key, n, &k);
    if (!image_find(im, &k, &value, &is_list))
        return im->damaged ? -1 : 0;
    for (uint32_t from = 0; got == 0; from = at + 1) {
        at = is_list ? image_list_from(im, value, from) : from > value ? IMAGE_NONE : value;
        if (at == IMAGE_NONE)
            break;
        got = try_line(t, at, key, n, line_n, number);
    }
    *line = t->line;
    return im->damaged ? -1 : got;
}

struct table_source table_image_source(const struct table_image *t)
{
    return (struct table_source){ .kinds = t->index->image->h.table, .get = get, .context = t };
}
