/* RFC 1413: see ident.h. */
#include "mail/ident.h"

#include "base/num.h"
#include "base/str.h"

#include <string.h>

void ident_question(unsigned client_port, unsigned server_port, char out[IDENT_QUESTION])
{
    struct str s;

    str_init(&s, out, IDENT_QUESTION);
    str_addu(&s, client_port);
    str_add(&s, ",");
    str_addu(&s, server_port);
    str_add(&s, "\r\n");
}

/* The next field up to `mark`, without the blanks around it; false when there is no mark. */
static bool field(const char **p, size_t *n, char mark, const char **at, size_t *len)
{
    const char *stop = memchr(*p, mark, *n);

    if (!stop)
        return false;
    *at = *p;
    *len = (size_t)(stop - *p);
    *n -= *len + 1;
    *p = stop + 1;
    while (*len > 0 && (**at == ' ' || **at == '\t')) {
        (*at)++;
        (*len)--;
    }
    while (*len > 0 && ((*at)[*len - 1] == ' ' || (*at)[*len - 1] == '\t'))
        (*len)--;
    return true;
}

static bool port_is(const char *at, size_t len, unsigned port)
{
    uint64_t v;

    return num_dec(at, len, 65535, &v) == 0 && v == port;
}

int ident_read(const char *line, size_t n, unsigned client_port, unsigned server_port, char user[IDENT_USER])
{
    const char *at;
    size_t len, used = 0;

    user[0] = '\0';
    if (!field(&line, &n, ',', &at, &len) || !port_is(at, len, client_port) ||
        !field(&line, &n, ':', &at, &len) || !port_is(at, len, server_port) ||
        !field(&line, &n, ':', &at, &len) || len != 6 || !str_case_eqn(at, "USERID", 6) ||
        !field(&line, &n, ':', &at, &len) || len == 0)
        return -1;
    while (n > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        n--;
    }
    for (; used < n && line[used] != ' ' && line[used] != '\t'; used++) {
        if (used + 1 == IDENT_USER) {
            user[0] = '\0';
            return -1;
        }
        user[used] = line[used] > ' ' && line[used] <= '~' && line[used] != '@' ? line[used] : '_';
    }
    user[used] = '\0';
    return used > 0 ? 0 : -1;
}
