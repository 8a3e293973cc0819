/* Replies of a server: see reply.h. */
#include "mail/reply.h"

#include "base/str.h"
#include "mail/limits.h"

#include <string.h>

void reply_start(struct reply *r)
{
    r->code = 0;
    r->lines = 0;
    r->text[0] = '\0';
}

enum reply_result reply_line(struct reply *r, const char *line, size_t n)
{
    struct str s;

    if (n < 3 || line[0] < '2' || line[0] > '5' || !str_is_digit(line[1]) || !str_is_digit(line[2]))
        return REPLY_BAD;
    int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    if ((r->code && code != r->code) || ++r->lines > LIMIT_REPLY_LINES)
        return REPLY_BAD;
    if (n > 3 && line[3] != ' ' && line[3] != '-')
        return REPLY_BAD;
    r->code = code;
    str_init(&s, r->text, sizeof r->text);
    if (n > 4)
        str_add_clean(&s, line + 4, n - 4);
    return n > 3 && line[3] == '-' ? REPLY_MORE : REPLY_DONE;
}

/* Length of `D.D{1,3}.D{1,3}` at text (RFC 3463), 0 when it is none. */
static size_t enhanced_length(const char *text)
{
    size_t i = 1;

    if (!strchr("245", text[0]) || !text[0])
        return 0;
    for (int part = 0; part < 2; part++) {
        size_t digits = 0;
        if (text[i] != '.')
            return 0;
        while (str_is_digit(text[i + 1 + digits]))
            digits++;
        if (digits < 1 || digits > 3)
            return 0;
        i += 1 + digits;
    }
    return text[i] == ' ' || text[i] == '\0' ? i : 0;
}

void reply_enhanced(const struct reply *r, char code[12])
{
    size_t n = enhanced_length(r->text);
    int class = r->code / 100 == 3 ? 2 : r->code / 100;

    if (n && n < 12 && r->text[0] == '0' + class) {
        memcpy(code, r->text, n);
        code[n] = '\0';
    } else {
        memcpy(code, "X.0.0", 6);
        code[0] = (char)('0' + (class ? class : 4));
    }
}
