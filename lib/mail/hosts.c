/* hosts(5): see hosts.h. */
#include "mail/hosts.h"

#include "base/str.h"

#include <string.h>

/* What is left of a line, or of the text. */
struct span {
    const char *p;
    size_t n;
};

/* Takes the next line off the text, without its comment. Returns false at the end. */
static bool next_line(struct span *text, struct span *line)
{
    if (text->n == 0)
        return false;
    const char *lf = memchr(text->p, '\n', text->n);
    size_t n = lf ? (size_t)(lf - text->p) : text->n, used = lf ? n + 1 : n;
    const char *hash = memchr(text->p, '#', n);
    *line = (struct span){ text->p, hash ? (size_t)(hash - text->p) : n };
    text->p += used;
    text->n -= used;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Takes the next word off the line. Returns false at its end. */
static bool next_word(struct span *line, struct span *word)
{
    size_t at = 0, stop;

    while (at < line->n && is_blank(line->p[at]))
        at++;
    for (stop = at; stop < line->n && !is_blank(line->p[stop]); stop++)
        ;
    *word = (struct span){ line->p + at, stop - at };
    line->p += stop;
    line->n -= stop;
    return word->n > 0;
}

/* The next name of the line that is short enough to be one and holds no NUL. */
static bool next_name(struct span *line, struct span *word)
{
    while (next_word(line, word))
        if (word->n < HOSTS_NAME && !memchr(word->p, '\0', word->n))
            return true;
    return false;
}

static void keep(const struct span *word, char name[HOSTS_NAME])
{
    memcpy(name, word->p, word->n);
    name[word->n] = '\0';
}

bool hosts_name_of(const char *text, size_t n, const struct net_addr *addr, char name[HOSTS_NAME])
{
    struct span all = { text, n }, line, word;
    struct net_addr a;

    while (next_line(&all, &line)) {
        if (!next_word(&line, &word) || net_parse(word.p, word.n, &a) || !net_equal(&a, addr)
            || !next_name(&line, &word))
            continue;
        keep(&word, name);
        return true;
    }
    return false;
}

unsigned hosts_addresses_of(const char *text, size_t n, const char *name, struct net_addr *addr, unsigned most,
                            char real[HOSTS_NAME])
{
    struct span all = { text, n }, line, word, first;
    size_t name_n = strlen(name);
    unsigned found = 0;

    if (name_n > 0 && name[name_n - 1] == '.')
        name_n--;
    while (found < most && next_line(&all, &line)) {
        if (!next_word(&line, &word) || net_parse(word.p, word.n, &addr[found]) || !next_name(&line, &word))
            continue;
        first = word;
        while (word.n != name_n || !str_case_eqn(word.p, name, name_n))
            if (!next_name(&line, &word))
                break;
        if (word.n == 0)
            continue;
        if (found++ == 0)
            keep(&first, real);
    }
    return found;
}
