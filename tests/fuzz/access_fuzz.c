/* The rule language on arbitrary text: hosts.allow, a 0x01 byte, hosts.deny, and behind 0x02 bytes the files of
 * patterns /file and /more. The facts lie in the first byte. */
#include "mail/access.h"
#include "mail/compile.h"

#include "mail/option.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *memrchr(const void *, int, size_t);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

static void make_facts(uint8_t pick, struct access_facts *facts)
{
    static const char *const clients[] = { "", "10.0.0.1", "2001:db8::1", "192.168.1.255" };
    static const char *const names[] = { "mx1.upv.es", "printer", "10.evil.example", "unknown" };
    const char *client = clients[pick & 3];

    memset(facts, 0, sizeof *facts);
    facts->daemons = pick & 64 ? "sendmail 25" : access_daemons("smtpd");
    net_parse(client, strlen(client), &facts->client);
    net_parse("fd00::25", 8, &facts->server);
    facts->client_state = (enum access_name)(pick >> 2 & 3);
    facts->client_name = names[pick >> 4 & 3];
    facts->user = pick & 128 ? "joe" : NULL;
}

/* Asks until it is decided: at most one name each, and the user. */
static enum access_verdict settle(const struct access_rules *rules, struct access_facts *facts, struct access_why *why)
{
    enum access_verdict v = access_decide(rules, facts, why);

    for (int asked = 0; v > ACCESS_DENY; asked++) {
        MUST(asked < 3);
        if (v == ACCESS_ASK_USER) {
            MUST(!facts->user && facts->client.family != NET_NONE && why->user_seconds > 0);
            facts->user = "jim";
        } else if (v == ACCESS_ASK_NAME) {
            MUST(facts->client_state == ACCESS_NAME_UNASKED && facts->client.family != NET_NONE);
            facts->client_state = ACCESS_NAME_KNOWN;
        } else {
            MUST(facts->server_state == ACCESS_NAME_UNASKED);
            facts->server_state = ACCESS_NAME_PARANOID;
        }
        v = access_decide(rules, facts, why);
    }
    return v;
}

/* The verdict must not depend on whether the names were known before anybody asked. */
static void check_order(const struct access_rules *rules, const struct access_facts *settled, enum access_verdict v,
                        const struct access_why *why)
{
    struct access_facts all = *settled;
    struct access_why why_all;

    if (all.client_state == ACCESS_NAME_UNASKED && all.client.family != NET_NONE)
        all.client_state = ACCESS_NAME_KNOWN;
    if (all.server_state == ACCESS_NAME_UNASKED)
        all.server_state = ACCESS_NAME_PARANOID;
    if (!all.user)
        all.user = all.client.family == NET_NONE ? ACCESS_NO_USER : "jim";
    MUST(access_decide(rules, &all, &why_all) == v);
    MUST(why->line == why_all.line && strcmp(why->rule, why_all.rule) == 0 && strcmp(why->fault, why_all.fault) == 0);
    MUST(strcmp(why->options, why_all.options) == 0);
}

static void check_shut(struct access_rules rules, const struct access_facts *facts, enum access_verdict v,
                       const struct access_why *why)
{
    struct access_why w;

    MUST(v == ACCESS_ALLOW || why->file);
    if (v == ACCESS_ALLOW)
        MUST(!*why->fault);
    struct rule_span options = { why->options, strlen(why->options) }, at;
    MUST(!*why->options || (!*why->fault && !option_check(options, &at)));
    /* Behind a hosts.deny that shuts everybody out, only hosts.allow lets anybody in. */
    rules.deny = (struct access_file){ "deny", "ALL: ALL\n", 9, NULL };
    MUST(access_decide(&rules, facts, &w) == ACCESS_DENY || strcmp(w.file, "allow") == 0);
    rules.allow = (struct access_file){ "allow", NULL, 0, NULL };
    MUST(access_decide(&rules, facts, &w) == ACCESS_DENY);
}

static void check_list(const char *patterns, const struct access_facts *facts)
{
    char fault[120];
    const char *bad;
    int in = access_client_in(patterns, facts, &bad);

    MUST(in >= -1 && in <= 1);
    if (access_patterns_check(patterns, fault, sizeof fault)) {
        MUST(in == 0 && *fault);
        MUST(!bad || (bad >= patterns && bad <= patterns + strlen(patterns)));
    } else {
        MUST(!bad);
    }
}

static long fetch(void *context, int source, uint32_t offset, char *buf, size_t cap)
{
    const struct access_rules *rules = context;
    const struct access_file *file = source ? &rules->deny : &rules->allow;
    size_t n = offset < file->n ? file->n - offset : 0;

    n = n < cap ? n : cap;
    if (n > 0)
        memcpy(buf, file->text + offset, n);
    return (long)n;
}

/* NULL when it cannot be compiled. */
static uint8_t *compile(struct compile *c, const struct access_rules *rules)
{
    uint8_t *image = NULL;
    struct fault f;

    memset(c, 0, sizeof *c);
    for (int i = 0; i < 2; i++) {
        const struct access_file *file = i ? &rules->deny : &rules->allow;
        c->text[i] = file->text;
        c->n[i] = file->n;
        c->name[i] = file->name;
    }
    if (compile_start(c, &f))
        return NULL;
    MUST((c->entries = calloc(c->entry_most + 1, sizeof *c->entries)) != NULL);
    if (!compile_sort(c, &f)) {
        MUST((image = malloc((size_t)c->h.blocks * IMAGE_BLOCK)) != NULL);
        MUST(!compile_write(c, image, &f));
    }
    free(c->entries);
    return image;
}

/* Compiled, the rules decide as they are written: on who has been asked what, and on who has not. */
static void check_index(const struct access_rules *text, const struct access_facts *asked,
                        const struct access_facts *unasked)
{
    static uint8_t seen[IMAGE_SEEN];
    static struct compile c;
    uint8_t *bytes = compile(&c, text);
    struct image im;
    struct access_index index = { &im, fetch, (void *)(uintptr_t)text };
    struct access_rules compiled = *text;
    struct access_why a, b;

    if (!bytes)
        return;
    memset(seen, 0, c.h.blocks / 8 + 1);
    MUST(!image_open(&im, bytes, (size_t)c.h.blocks * IMAGE_BLOCK, seen));
    compiled.index = &index;
    for (int i = 0; i < 2; i++) {
        const struct access_facts *facts = i ? asked : unasked;
        MUST(access_decide(text, facts, &a) == access_decide(&compiled, facts, &b));
        access_explain(&compiled, &b);
        MUST(a.file == b.file && a.line == b.line && !strcmp(a.rule, b.rule) && !strcmp(a.fault, b.fault));
        MUST(!strcmp(a.options, b.options));
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct access_facts facts, before;
    struct access_why why;

    if (size == 0)
        return 0;
    make_facts(data[0], &facts);
    const char *text = (const char *)data + 1, *end = text + --size;
    const char *cut, *more;
    struct access_file patterns[2] = { { "/file", NULL, 0, NULL }, { "/more", NULL, 0, NULL } };
    struct access_rules rules = { .allow = { "allow", text, size, NULL }, .deny = { "deny", NULL, 0, NULL },
                                  .files = { patterns, 2 } };
    for (int i = 1; i >= 0; i--)
        if ((more = memrchr(text, 2, (size_t)(end - text)))) {
            patterns[i].text = more + 1;
            patterns[i].n = (size_t)(end - more - 1);
            end = more;
        }
    cut = memchr(text, 1, (size_t)(end - text));
    size_t allow_n = (size_t)((cut ? cut : end) - text);
    rules.allow.n = allow_n;
    if (cut)
        rules.deny = (struct access_file){ "deny", cut + 1, (size_t)(end - cut - 1), NULL };
    before = facts;
    enum access_verdict v = settle(&rules, &facts, &why);
    check_index(&rules, &facts, &before);
    check_order(&rules, &facts, v, &why);
    check_shut(rules, &facts, v, &why);

    char *list = malloc(allow_n + 1);
    MUST(list);
    memcpy(list, text, allow_n);
    list[allow_n] = '\0';
    check_list(list, &facts);
    free(list);
    return 0;
}
