/* Lint for single items of access rules: see lint_item.h. */
#include "mail/lint_item.h"

#include "base/near.h"
#include "base/str.h"
#include "mail/patfile.h"
#include "mail/pattern.h"

#include <string.h>

#define KEYWORDS "ALL KNOWN UNKNOWN LOCAL PARANOID EXCEPT"

static void say(struct lint_item *l, bool error, const struct patlist_trouble *t)
{
    const struct rule_span *token = &t->where;
    char text[400];
    struct lint_finding f = { l->file->name, l->line, error, text };
    struct str s;

    str_init(&s, text, sizeof text);
    if (t->file) {
        str_add_clean(&s, t->file, strnlen(t->file, 100));
        str_add(&s, ", line ");
        str_addu(&s, t->line);
        str_add(&s, ": ");
    }
    if (token->n > 0) {
        size_t n = token->n < 80 ? token->n : 80;
        str_addc(&s, '`');
        str_add_clean(&s, token->p, n);
        str_add(&s, n < token->n ? "...`: " : "`: ");
    }
    str_add(&s, t->what);
    l->errors += error;
    l->site->found(l->site->ctx, &f);
}

void lint_item_trouble(struct lint_item *l, const struct patlist_trouble *t)
{
    say(l, true, t);
}

void lint_item_say(struct lint_item *l, bool error, const struct rule_span *token, const char *what)
{
    say(l, error, &(struct patlist_trouble){ .what = what, .where = token ? *token : (struct rule_span){ NULL, 0 },
                                             .file = l->patterns, .line = l->patterns_line });
}

static void warn(struct lint_item *l, const struct rule_span *token, const char *what)
{
    lint_item_say(l, false, token, what);
}

/* `what`, did you mean WORD? */
static void warn_near(struct lint_item *l, const struct rule_span *token, const char *what, const char *word, size_t n)
{
    char text[160];
    struct str s;

    str_init(&s, text, sizeof text);
    str_add(&s, what);
    str_add(&s, ": did you mean `");
    str_addn(&s, word, n);
    str_add(&s, "`?");
    warn(l, token, text);
}

static bool is(const struct rule_span *s, const char *keyword)
{
    return pattern_is(s->p, s->n, keyword);
}

static bool in_words(const char *words, const struct rule_span *name)
{
    const char *word;
    size_t n;

    while ((word = str_word(&words, &n)))
        if (pattern_word_match(name->p, name->n, word, n))
            return true;
    return false;
}

/* Words in capitals are meant as keywords: is this one missed by a slip? Returns whether it told. */
static bool check_keyword(struct lint_item *l, const struct rule_span *word)
{
    size_t n;
    const char *near = near_word(KEYWORDS, word->p, word->n, &n);

    for (size_t i = 0; i < word->n; i++)
        if (word->p[i] < 'A' || word->p[i] > 'Z')
            return false;
    if (near)
        warn_near(l, word, "no such word", near, n);
    else if (is(word, "FAIL"))
        warn(l, word, "this word is no longer known: use EXCEPT, or the option deny");
    else if (is(word, "ANY") || is(word, "ANYBODY") || is(word, "EVERYBODY"))
        warn_near(l, word, "no such word", "ALL", 3);
    else if (is(word, "NONE") || is(word, "NOBODY") || is(word, "NOT") || is(word, "AND") || is(word, "OR"))
        warn(l, word, "no such word, so it is a name: there is EXCEPT");
    else
        return false;
    return true;
}

static void check_net(struct lint_item *l, const struct rule_span *item, const struct pattern *p)
{
    struct net_addr written;
    bool ended = false, holes = false;
    size_t close = 0;

    for (int i = 0; i < 128; i++) {
        bool one = p->mask[i / 8] & (0x80 >> i % 8);
        holes = holes || (one && ended);
        ended = ended || !one;
    }
    if (holes)
        warn(l, item, "the mask has holes: addresses from all over match");
    while (close < p->n && p->text[close] != ']')
        close++;
    if (close < p->n && net_parse(p->text + 1, close - 1, &written) == 0
        && memcmp(written.byte, p->net.byte, sizeof written.byte) != 0)
        warn(l, item, "the address has bits behind its prefix, which are ignored: write the network's first address");
}

/* Does the glob match one of the words that stand for the lack of a name? */
static bool matches_nameless(const struct pattern *p)
{
    struct net_addr addr;
    struct pattern_host host = { &addr, ACCESS_NAME_UNKNOWN, NULL };

    memset(&addr, 0, sizeof addr);
    net_set_v4(&addr, (const uint8_t[4]){ 255, 255, 255, 255 });
    if (pattern_match(p, &host) == PATTERN_REFUSE)
        return true;
    host.state = ACCESS_NAME_PARANOID;
    return pattern_match(p, &host) == PATTERN_REFUSE;
}

static void check_name(struct lint_item *l, const struct rule_span *item, const struct pattern *p, bool server)
{
    const struct rule_span name = { p->text, p->n };
    char text[256];
    struct str s;

    if (check_keyword(l, &name))
        return;
    if (is(&name, "allow") || is(&name, "deny"))
        warn(l, item, "here this is a host's name: an option stands behind a second colon");
    else if (is(&name, "localhost"))
        warn(l, item, "this is a name, which is looked up: write 127.0.0.1 [::1]");
    else if (l->site->host) {
        str_init(&s, text, sizeof text);
        str_addn(&s, p->text, p->n);
        const char *wrong = s.cut ? NULL : l->site->host(l->site->ctx, text, server);
        if (wrong)
            warn(l, item, wrong);
    }
}

/* What needs the host's name to be known. */
static bool wants_name(const struct pattern *p)
{
    return p->kind != PATTERN_ALL && p->kind != PATTERN_NET && p->kind != PATTERN_LATER;
}

/* `server`: it stands behind a daemon. */
static void check_pattern(struct lint_item *l, const struct rule_span *item, const struct rule_span *host, bool server)
{
    struct pattern p;

    if (pattern_read(host->p, host->n, &p))
        return;
    if (wants_name(&p) && !l->site->names && !l->told_names) {
        l->told_names = true;
        warn(l, item, "this needs names, and no name server is configured: only those in /etc/hosts are known");
    }
    switch (p.kind) {
    case PATTERN_LATER:
        lint_item_say(l, true, item, p.why);
        break;
    case PATTERN_NET:
        check_net(l, item, &p);
        break;
    case PATTERN_ADDRESS_GLOB:
        warn(l, item, "a host whose name matches is refused, and names are looked up to tell: write networks as in 10. "
             "or 10.0.0.0/8");
        break;
    case PATTERN_NAME_GLOB:
        if (matches_nameless(&p))
            warn(l, item, "the word unknown or paranoid matches, so that hosts without a proven name are refused: "
                 "spell it out further");
        break;
    case PATTERN_NAME:
        check_name(l, item, &p, server);
        break;
    default:
        break;
    }
}

static bool is_glob(const struct rule_span *word)
{
    return memchr(word->p, '*', word->n) || memchr(word->p, '?', word->n);
}

/* Who asks for this daemon's rules, as far as inetd.conf is known? */
static void check_known(struct lint_item *l, const struct rule_span *item, const struct rule_span *word)
{
    const char *daemons = l->site->daemons, *near;
    bool bare = l->site->bare && in_words(l->site->bare, word);
    size_t n;

    if (daemons && in_words(daemons, word)) {
        if (bare && !is_glob(word))
            warn(l, item, "inetd starts this daemon without tcpd, too, and then nobody asks the rule: put tcpd before "
                 "it there");
    } else if (bare)
        warn(l, item, "inetd starts this daemon without tcpd, so that nobody asks the rule: put tcpd before it");
    else if (l->site->internal && in_words(l->site->internal, word))
        warn(l, item, "inetd answers this service by itself, so that nobody asks the rule: take it out of inetd.conf, "
             "or start a daemon with tcpd for it");
    else if ((near = near_word(daemons ? daemons : access_daemons("smtpd"), word->p, word->n, &n)))
        warn_near(l, item, "no daemon of this name is known here", near, n);
    else if (daemons)
        warn(l, item, "no daemon of this name is known here: nobody asks the rule");
}

/* A pattern, or all in a file of patterns, which was read without trouble. */
static void check_host(struct lint_item *l, const struct rule_span *item, const struct rule_span *host, bool server)
{
    struct patfile_walk walk;
    struct rule_span word;
    const char *wrong;

    if (host->n == 0 || host->p[0] != '/') {
        check_pattern(l, item, host, server);
        return;
    }
    enum patfile_got got = patfile_start(&walk, l->files, host, &wrong);
    while (got == PATFILE_PATTERN && (got = patfile_next(&walk, &word, &wrong)) == PATFILE_PATTERN) {
        l->patterns = patfile_where(&walk, &l->patterns_line)->name;
        check_pattern(l, &word, &word, server);
    }
    l->patterns = NULL;
}

void lint_item_daemon(struct lint_item *l, const struct rule_span *item)
{
    struct rule_span word = *item, host;

    if (patlist_split_at(item, &word, &host))
        check_host(l, item, &host, true);
    if (is(&word, "ALL") || check_keyword(l, &word))
        return;
    if (is(&word, "KNOWN"))
        warn(l, item, "as a daemon this is every one: write ALL");
    else if (word.p[word.n - 1] == '.')
        warn(l, item, "a daemon's name does not end in a dot: leave it off");
    else
        check_known(l, item, &word);
}

void lint_item_client(struct lint_item *l, const struct rule_span *item)
{
    struct rule_span word, host = *item;
    bool has_user = patlist_split_at(item, &word, &host);

    if (has_user && word.p[word.n - 1] == '.')
        warn(l, item, "a user's name does not end in a dot: leave it off");
    else if (has_user && !is(&word, "ALL") && !check_keyword(l, &word))
        warn(l, item, "the client's host says who its user is, and may say what it likes: trust hosts of yours "
             "alone");
    check_host(l, item, &host, false);
}
