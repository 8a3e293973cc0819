/* The value of a line of the access table, and the replies it may give: see table_part.h. */
#include "mail/table.h"

#include "base/str.h"
#include "mail/table_part.h"

#include <string.h>

#define REPLY_DEFAULT "access denied"

static bool is_word(const char *p, size_t n, const char *word)
{
    return n == strlen(word) && str_case_eqn(p, word, n);
}

/* Length of the enhanced status code (RFC 3463) at p, 0 when there is none; `mark` must follow it, or the end. */
static size_t enhanced(const char *p, size_t n, char mark)
{
    size_t i = 0, digits = 0;

    for (int part = 0; part < 3; part++) {
        for (digits = 0; i < n && str_is_digit(p[i]) && digits < 3; digits++)
            i++;
        if (digits == 0 || (part == 0 && digits > 1))
            return 0;
        if (part < 2 && (i == n || p[i++] != '.'))
            return 0;
    }
    return i == n || p[i] == mark ? i : 0;
}

/* `550 Go away`, `550 5.7.1 Go away`, with the enhanced code perhaps given before. */
static const char *read_reply(const char *p, size_t n, const char *code, size_t code_n, struct table_line *out)
{
    struct str s;

    if (n < 3 || (p[0] != '4' && p[0] != '5') || !str_is_digit(p[1]) || !str_is_digit(p[2]) || (n > 3 && p[3] != ' '))
        return "no reply: three digits that begin with 4 or 5, a blank, and a text";
    const char *digits = p;
    size_t skip = n > 3 ? 4 : 3;
    p += skip;
    n -= skip;
    size_t own = enhanced(p, n, ' ');
    if (own && code)
        return "two enhanced codes: write one, before the reply code or behind it";
    if (own) {
        code = p;
        code_n = own;
        skip = own < n ? own + 1 : own;
        p += skip;
        n -= skip;
    }
    if (code && code[0] != digits[0])
        return "the enhanced code is of another class than the reply code: 4.x.x goes with 4xx, 5.x.x with 5xx";
    for (size_t i = 0; i < n; i++)
        if (p[i] < ' ' || p[i] > '~')
            return "the reply holds a tab or a control character: only printable ASCII can be sent";
    str_init(&s, out->reply, sizeof out->reply);
    str_addn(&s, digits, 3);
    str_addc(&s, ' ');
    if (code)
        str_addn(&s, code, code_n);
    else
        str_add(&s, digits[0] == '4' ? "4.7.1" : "5.7.1");
    str_addc(&s, ' ');
    str_addn(&s, n ? p : REPLY_DEFAULT, n ? n : strlen(REPLY_DEFAULT));
    out->action = TABLE_REPLY;
    return s.cut ? "the reply is too long: a line has at most 512 bytes (RFC 5321)" : NULL;
}

/* Takes the quotes off that sendmail wants around a text. */
static const char *unquote(const char **p, size_t *n)
{
    if (*n == 0 || (*p)[0] != '"')
        return NULL;
    if (*n < 2 || memchr(*p + 1, '"', *n - 1) != *p + *n - 1)
        return "the quote closes nowhere, or not at the end: put quotes around the whole reply, or take them out";
    ++*p;
    *n -= 2;
    return NULL;
}

static const char *read_error(const char *p, size_t n, struct table_line *out)
{
    const char *code = NULL, *wrong;
    size_t code_n = enhanced(p, n, ':');

    if (code_n && code_n < n) {
        code = p;
        p += code_n + 1;
        n -= code_n + 1;
    }
    wrong = unquote(&p, &n);
    return wrong ? wrong : read_reply(p, n, code, code_n, out);
}

static const struct { const char *word; enum table_action action; } words[] = {
    { "OK", TABLE_OK }, { "RELAY", TABLE_RELAY }, { "REJECT", TABLE_REJECT }, { "DISCARD", TABLE_DISCARD },
    { "SKIP", TABLE_SKIP },
};

static const char *read_word(const char *p, size_t n, struct table_line *out)
{
    size_t word = 0;

    while (word < n && p[word] != ' ' && p[word] != '\t')
        word++;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!is_word(p, word, words[i].word))
            continue;
        if (word < n)
            return "nothing stands behind this word: a comment has a line of its own, a text needs ERROR:550";
        out->action = words[i].action;
        return NULL;
    }
    if (word > 10 && str_case_eqn(p, "QUARANTINE:", 11))
        return "there is no quarantine here: use REJECT, or DISCARD";
    return "no such value: write OK, RELAY, REJECT, DISCARD, SKIP, ERROR:5.7.1:550 text or 550 text";
}

int table_part_value(const char *p, size_t n, struct table_line *out, char *fault)
{
    const char *wrong;

    out->reply[0] = '\0';
    if (n >= 6 && str_case_eqn(p, "ERROR:", 6))
        wrong = read_error(p + 6, n - 6, out);
    else if (p[0] == '"' || str_is_digit(p[0]))
        wrong = read_error(p, n, out);
    else
        wrong = read_word(p, n, out);
    if (!wrong && out->action == TABLE_RELAY && (out->tag == TABLE_FROM || out->kind == TABLE_NULL))
        wrong = "nobody may relay for his sender's address, which anyone can write: use Connect: or To:, or OK";
    if (!wrong && out->action == TABLE_RELAY && out->kind == TABLE_USER)
        wrong = "this would relay to that user in every domain there is: name the domain";
    return wrong ? table_part_fault(fault, wrong, p, n) : 0;
}
