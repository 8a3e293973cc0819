/* The %-expansions: see expand.h. */
#include "mail/expand.h"

#include "base/str.h"

#include <string.h>

static const char letters[] = "aAcdhHnNprRsu%";

const char *expand_check(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] != '%')
            continue;
        if (i + 1 == n)
            return "a % at the end stands for nothing: write %% for the sign";
        i++;
        if (text[i] == '\0' || !strchr(letters, text[i]))
            return "no such %-expansion: see buzon-hosts_options(5), and write %% for the sign";
    }
    return NULL;
}

/* A host as expansions see it. */
struct party {
    const struct net_addr *addr;
    enum access_name state;
    const char *name;
};

static struct party client_of(const struct access_facts *facts)
{
    return (struct party){ &facts->client, facts->client_state, facts->client_name };
}

static struct party server_of(const struct access_facts *facts)
{
    return (struct party){ &facts->server, facts->server_state, facts->server_name };
}

static bool can_ask_name(const struct party *p)
{
    return p->state == ACCESS_NAME_UNASKED && p->addr->family != NET_NONE;
}

static bool can_ask_user(const struct access_facts *facts)
{
    return !facts->user && facts->client.family != NET_NONE;
}

enum expand_result expand_needs(const char *text, size_t n, const struct access_facts *facts)
{
    const struct party client = client_of(facts), server = server_of(facts);

    for (size_t i = 0; i + 1 < n; i++) {
        if (text[i] != '%')
            continue;
        i++;
        if (text[i] == 'n' && can_ask_name(&client))
            return EXPAND_ASK_NAME;
        if (text[i] == 'N' && can_ask_name(&server))
            return EXPAND_ASK_SERVER_NAME;
        if (text[i] == 'u' && can_ask_user(facts))
            return EXPAND_ASK_USER;
    }
    return EXPAND_OK;
}

static void add_address(struct str *s, const struct party *p)
{
    char text[NET_TEXT];

    net_format(p->addr, text);
    str_add(s, text);
}

static void add_name(struct str *s, const struct party *p)
{
    str_add(s, p->state == ACCESS_NAME_KNOWN && p->name ? p->name
             : p->state == ACCESS_NAME_PARANOID ? "paranoid" : "unknown");
}

static void add_host(struct str *s, const struct party *p)
{
    if (p->state == ACCESS_NAME_KNOWN && p->name)
        str_add(s, p->name);
    else
        add_address(s, p);
}

static void add_daemon(struct str *s, const struct access_facts *facts)
{
    const char *names = facts->daemons ? facts->daemons : "";
    size_t n = 0;
    const char *name = str_word(&names, &n);

    if (name)
        str_addn(s, name, n);
}

static void add_client(struct str *s, const struct access_facts *facts)
{
    const struct party client = client_of(facts);

    if (facts->user && !str_case_eq(facts->user, ACCESS_NO_USER)) {
        str_add(s, facts->user);
        str_addc(s, '@');
    }
    add_host(s, &client);
}

static void add_server(struct str *s, const struct access_facts *facts)
{
    const struct party server = server_of(facts);

    add_daemon(s, facts);
    if (server.addr->family != NET_NONE) {
        str_addc(s, '@');
        add_host(s, &server);
    }
}

static void add_letter(struct str *s, char letter, const struct access_facts *facts)
{
    const struct party client = client_of(facts), server = server_of(facts);

    switch (letter) {
    case 'a': add_address(s, &client); break;
    case 'A': add_address(s, &server); break;
    case 'c': add_client(s, facts); break;
    case 'd': add_daemon(s, facts); break;
    case 'h': add_host(s, &client); break;
    case 'H': add_host(s, &server); break;
    case 'n': add_name(s, &client); break;
    case 'N': add_name(s, &server); break;
    case 'p': str_addu(s, facts->pid); break;
    case 'r': str_addu(s, facts->client_port); break;
    case 'R': str_addu(s, facts->server_port); break;
    case 's': add_server(s, facts); break;
    case 'u': str_add(s, facts->user ? facts->user : ACCESS_NO_USER); break;
    case '%': str_addc(s, '%'); break;
    default:  break;
    }
}

/* The original's list, too: no blank, no quote, nothing that a shell takes for more than itself within a word. */
static bool is_harmless(char c)
{
    return str_is_alnum(c) || (c != '\0' && strchr("!@%-_=+:,./", c));
}

enum expand_result expand_text(const char *text, size_t n, const struct access_facts *facts, char *out, size_t cap)
{
    enum expand_result needs = expand_needs(text, n, facts);
    struct str s;

    str_init(&s, out, cap);
    if (needs != EXPAND_OK)
        return needs;
    for (size_t i = 0; i < n; i++) {
        if (text[i] != '%' || i + 1 == n) {
            str_addc(&s, text[i]);
            continue;
        }
        size_t from = s.len;
        add_letter(&s, text[++i], facts);
        for (; from < s.len; from++)
            if (!is_harmless(s.p[from]))
                s.p[from] = '_';
    }
    return s.cut ? EXPAND_LONG : EXPAND_OK;
}

const char *expand_client(const struct access_facts *facts, char *out, size_t cap)
{
    struct str s;

    str_init(&s, out, cap);
    add_client(&s, facts);
    return out;
}
