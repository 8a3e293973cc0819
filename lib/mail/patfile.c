/* Files of patterns: see patfile.h. */
#include "mail/patfile.h"

#include "mail/pattern.h"

#include <string.h>

#define OPENED_MOST 64               /* files in one walk, each as often as it is named: nested ones multiply */

static bool separates(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

bool patfile_word(struct patfile_reader *r, struct rule_span *word)
{
    while (r->at < r->end && separates(*r->at))
        r->line += *r->at++ == '\n';
    word->p = r->at;
    while (r->at < r->end && !separates(*r->at))
        r->at++;
    word->n = (size_t)(r->at - word->p);
    return word->n > 0;
}

/* Behind `word@`, where the first `@` outside of brackets is not the item's first byte. */
static struct rule_span host_of(const struct rule_span *item)
{
    for (size_t i = 0; i < item->n && item->p[i] != '['; i++)
        if (i > 0 && item->p[i] == '@')
            return (struct rule_span){ item->p + i + 1, item->n - i - 1 };
    return *item;
}

bool patfile_in_list(struct rule_span *list, struct rule_span *name)
{
    struct rule_span item;

    while (rule_item(list, &item)) {
        *name = host_of(&item);
        if (name->n > 0 && name->p[0] == '/')
            return true;
    }
    return false;
}

void patfile_scan(struct patfile_scan *s, const struct rule_span *line)
{
    struct rule rule;

    *s = (struct patfile_scan){ { line->p, 0 }, { line->p, 0 } };
    if (!rule_split(line, &rule))
        *s = (struct patfile_scan){ rule.daemons, rule.clients };
}

bool patfile_in_rule(struct patfile_scan *s, struct rule_span *name)
{
    return patfile_in_list(&s->daemons, name) || patfile_in_list(&s->clients, name);
}

bool patfile_in_file(struct patfile_reader *r, struct rule_span *name)
{
    while (patfile_word(r, name))
        if (name->p[0] == '/')
            return true;
    return false;
}

const struct access_file *patfile_find(const struct access_files *files, const struct rule_span *name)
{
    for (size_t i = 0; i < files->n; i++)
        if (strlen(files->at[i].name) == name->n && memcmp(files->at[i].name, name->p, name->n) == 0)
            return &files->at[i];
    return NULL;
}

static const char *open_level(struct patfile_walk *w, const struct rule_span *name)
{
    const struct access_file *file = patfile_find(w->files, name);

    if (!file)
        return "this file of patterns was not read: at most 64 may be named, by names of at most 255 bytes";
    if (file->fault)
        return file->fault;
    if (!file->text)
        return "no such file of patterns: make it, or take it out";
    for (unsigned i = 0; i < w->depth; i++)
        if (w->level[i].file == file)
            return "a file of patterns names itself, by itself or by others: take one of them out";
    if (w->depth == PATFILE_DEPTH)
        return "files of patterns name others more than 8 deep: put them into fewer files";
    if (++w->opened > OPENED_MOST)
        return "files of patterns name others more than 64 times: put them into fewer files";
    w->level[w->depth].file = file;
    w->level[w->depth].at = (struct patfile_reader){ file->text, file->text + file->n, 1 };
    w->depth++;
    return NULL;
}

enum patfile_got patfile_start(struct patfile_walk *w, const struct access_files *files, const struct rule_span *name,
                               const char **wrong)
{
    w->files = files;
    w->depth = w->opened = 0;
    *wrong = open_level(w, name);
    return *wrong ? PATFILE_WRONG : PATFILE_PATTERN;
}

/* What would be a pattern in the original, too, but never one that is meant. */
static const char *odd_word(const struct rule_span *word)
{
    if (word->p[0] == '#')
        return "a file of patterns has no comments, its words would count: take this out";
    if (word->p[word->n - 1] == '\r')
        return "the line ends in CR: save the file with Unix line ends";
    if (pattern_is(word->p, word->n, "EXCEPT"))
        return "EXCEPT is for rules: a file of patterns has patterns alone";
    return NULL;
}

enum patfile_got patfile_next(struct patfile_walk *w, struct rule_span *word, const char **wrong)
{
    while (w->depth > 0) {
        if (!patfile_word(&w->level[w->depth - 1].at, word)) {
            w->depth--;
            continue;
        }
        const char *odd = odd_word(word);
        if (!odd && word->p[0] != '/')
            return PATFILE_PATTERN;
        if (!odd)
            odd = open_level(w, word);
        if (odd) {
            *wrong = odd;
            return PATFILE_WRONG;
        }
    }
    return PATFILE_END;
}

const struct access_file *patfile_where(const struct patfile_walk *w, unsigned *line)
{
    *line = w->level[w->depth - 1].at.line;
    return w->level[w->depth - 1].file;
}
