/* Mailboxes and paths: see address.h. */
#include "mail/address.h"

#include "base/str.h"
#include "base/utf8.h"
#include "mail/net.h"

#include <string.h>

/* Bytes over 127 are looked at here only when all of the text was found to be UTF-8 (check_chars). */
static bool is_wide(char c)
{
    return (unsigned char)c >= 0x80;
}

static bool is_atext(char c)
{
    return str_is_alnum(c) || is_wide(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* Length of the Dot-string at text, 0 when there is none. */
static size_t dot_string(const char *text, size_t n)
{
    size_t i = 0;

    while (i < n && is_atext(text[i])) {
        while (i < n && is_atext(text[i]))
            i++;
        if (i + 1 < n && text[i] == '.' && is_atext(text[i + 1]))
            i++;
    }
    return i;
}

/* Length of the Quoted-string at text with its quotes, 0 when it does not close or holds what it may not. */
static size_t quoted_string(const char *text, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (text[i] == '"')
            return i + 1;
        if (is_wide(text[i]))
            continue;
        if (text[i] == '\\')
            i++;
        if (i >= n || text[i] < ' ' || text[i] > '~')
            return 0;
    }
    return 0;
}

static bool is_domain(const char *text, size_t n)
{
    size_t label = 0;

    if (n == 0 || n > LIMIT_DOMAIN)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool edge = i + 1 == n || text[i + 1] == '.';
        if (text[i] == '.') {
            if (label == 0)
                return false;
            label = 0;
            if (i + 1 == n)
                return false;
        } else {
            /* The underscore is no letter of a host name, but Windows machines say it in HELO. */
            if (!str_is_alnum(text[i]) && !is_wide(text[i]) && text[i] != '_' && (text[i] != '-' || label == 0 || edge))
                return false;
            if (++label > LIMIT_LABEL)
                return false;
        }
    }
    return label > 0;
}

bool address_is_domain(const char *text, size_t n)
{
    return !str_has_8bit(text, n) && is_domain(text, n);
}

bool address_is_literal(const char *text, size_t n)
{
    struct net_addr a;

    if (n < 2 || text[0] != '[' || text[n - 1] != ']')
        return false;
    text++;
    n -= 2;
    if (n > 5 && str_case_eqn(text, "IPv6:", 5))
        return memchr(text + 5, ':', n - 5) && net_parse(text + 5, n - 5, &a) == 0;
    return !memchr(text, ':', n) && net_parse(text, n, &a) == 0;
}

/* Copies `"a\b"` to what it means, `ab`. Returns the length. */
static size_t unquote(const char *text, size_t n, char *out)
{
    size_t len = 0;

    if (n == 0 || text[0] != '"') {
        memcpy(out, text, n);
        return n;
    }
    for (size_t i = 1; i + 1 < n; i++) {
        if (text[i] == '\\' && i + 2 < n)
            i++;
        out[len++] = text[i];
    }
    return len;
}

/* A byte that cannot stand in an address at all is told before its grammar is looked at. */
static enum address_result check_chars(const char *text, size_t n, bool utf8)
{
    for (size_t i = 0; i < n; i++) {
        if (!utf8 && is_wide(text[i]))
            return ADDRESS_8BIT;
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return ADDRESS_BAD;
    }
    return utf8 && !utf8_is_text(text, n) ? ADDRESS_BAD : ADDRESS_OK;
}

static enum address_result mailbox(const char *text, size_t n, bool utf8, struct address *a)
{
    enum address_result chars = check_chars(text, n, utf8);

    if (chars != ADDRESS_OK)
        return chars;
    size_t at = n && text[0] == '"' ? quoted_string(text, n) : dot_string(text, n);
    if (at == 0)
        return ADDRESS_BAD;
    if (at < n) {
        const char *domain = text + at + 1;
        size_t domain_n = n - at - 1;
        if (text[at] != '@')
            return ADDRESS_BAD;
        if (memchr(domain, '@', domain_n))
            return ADDRESS_ROUTED;
        if (domain_n > LIMIT_DOMAIN)
            return ADDRESS_LONG;
        if (!is_domain(domain, domain_n) && !address_is_literal(domain, domain_n))
            return ADDRESS_BAD;
    }
    if (at > LIMIT_LOCAL_PART || n > LIMIT_ADDRESS)
        return ADDRESS_LONG;
    memcpy(a->text, text, n);
    a->text[n] = '\0';
    a->len = n;
    a->at = at;
    return ADDRESS_OK;
}

/* Length of the source route `@a,@b:` at text, 0 when there is none; *bad when it is broken. */
static size_t source_route(const char *text, size_t n, bool *bad)
{
    const char *colon = memchr(text, ':', n);
    size_t at = 0;

    *bad = false;
    if (n == 0 || text[0] != '@')
        return 0;
    *bad = true;
    if (!colon)
        return 0;
    size_t end = (size_t)(colon - text);
    while (at < end) {
        const char *comma = memchr(text + at, ',', end - at);
        size_t stop = comma ? (size_t)(comma - text) : end;
        if (text[at] != '@' || !is_domain(text + at + 1, stop - at - 1))
            return 0;
        at = stop + 1;
    }
    *bad = text[end - 1] == ',';
    return end + 1;
}

/* The offset of the `>` that closes the path at text, one inside quotes left out; n when there is none. */
static size_t closing_bracket(const char *text, size_t n)
{
    bool quoted = false;

    for (size_t i = 1; i < n; i++) {
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (text[i] == '>' && !quoted)
            return i;
    }
    return n;
}

static enum address_result path(const char *text, size_t n, bool utf8, struct address *a, size_t *used)
{
    bool bad;

    if (n < 2 || text[0] != '<')
        return ADDRESS_BAD;
    size_t close = closing_bracket(text, n);
    if (close == n)
        return ADDRESS_BAD;
    *used = close + 1;
    if (*used > LIMIT_PATH)
        return ADDRESS_LONG;
    enum address_result chars = check_chars(text + 1, close - 1, utf8);
    if (chars != ADDRESS_OK)
        return chars;
    size_t skip = source_route(text + 1, close - 1, &bad);
    if (bad)
        return ADDRESS_BAD;
    if (close == 1) {
        *a = (struct address){ .len = 0 };
        return ADDRESS_OK;
    }
    return mailbox(text + 1 + skip, close - 1 - skip, utf8, a);
}

enum address_result address_path(const char *text, size_t n, struct address *a, size_t *used)
{
    return path(text, n, false, a, used);
}

enum address_result address_path_utf8(const char *text, size_t n, struct address *a, size_t *used)
{
    return path(text, n, true, a, used);
}

enum address_result address_mailbox(const char *text, size_t n, struct address *a)
{
    return mailbox(text, n, false, a);
}

enum address_result address_mailbox_utf8(const char *text, size_t n, struct address *a)
{
    return mailbox(text, n, true, a);
}

bool address_is_utf8(const struct address *a)
{
    return str_has_8bit(a->text, a->len);
}

bool address_has_route(const struct address *a)
{
    char local[LIMIT_ADDRESS + 1];
    size_t n = unquote(a->text, a->at, local);

    return memchr(local, '%', n) || memchr(local, '!', n) || memchr(local, '@', n);
}

bool address_is_null(const struct address *a)
{
    return a->len == 0;
}

const char *address_domain(const struct address *a)
{
    return a->at < a->len ? a->text + a->at + 1 : "";
}

size_t address_local(const struct address *a, char local[LIMIT_LOCAL_PART + 1])
{
    size_t n = unquote(a->text, a->at, local);

    local[n] = '\0';
    return n;
}

bool address_local_is(const struct address *a, const char *word)
{
    char local[LIMIT_ADDRESS + 1];
    size_t n = unquote(a->text, a->at, local);

    return n == strlen(word) && str_case_eqn(local, word, n);
}

int address_folder(const struct address *a, char folder[LIMIT_LOCAL_PART + 1])
{
    char local[LIMIT_ADDRESS + 1];
    size_t n = unquote(a->text, a->at, local);

    if (n == 0 || n > LIMIT_LOCAL_PART || !str_is_alnum(local[0]))
        return -1;
    for (size_t i = 0; i < n; i++) {
        folder[i] = str_lower(local[i]);
        if (!str_is_alnum(folder[i]) && !strchr("._+-", folder[i]))
            return -1;
    }
    folder[n] = '\0';
    return 0;
}
