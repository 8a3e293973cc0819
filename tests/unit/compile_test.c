/* The compiled rules decide as the text does: random files and clients, and what no random file brings. */
#include "mail/compile.h"

#include "mail/access.h"
#include "test.h"

#include <stdlib.h>

#define FILE_MOST (1 << 20)

static uint64_t seed;

static unsigned pick(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 32) % n;
}

#define ONE_OF(words) words[pick(sizeof words / sizeof *words)]

/* ---- a pair of texts and their image */

struct pair {
    char text[2][FILE_MOST];
    size_t n[2];
    struct compile c;
    uint8_t *image;
    struct image im;
};

static struct pair pair;
static uint8_t seen[IMAGE_SEEN];

static long fetch(void *context, int source, uint32_t offset, char *buf, size_t cap)
{
    const struct pair *p = context;
    size_t n = offset < p->n[source] ? p->n[source] - offset : 0;

    n = n < cap ? n : cap;
    memcpy(buf, p->text[source] + offset, n);
    return (long)n;
}

static void open_image(struct pair *p)
{
    memset(seen, 0, sizeof seen);
    const char *wrong = image_open(&p->im, p->image, (size_t)p->c.h.blocks * IMAGE_BLOCK, seen);
    if (wrong)
        test_fail(__FILE__, __LINE__, "the image: %s", wrong);
}

static int compile_pair(struct pair *p)
{
    struct fault f;

    memset(&p->c, 0, sizeof p->c);
    memcpy(p->c.h.key, "a key, 16 bytes.", SIPHASH_KEY);
    for (int i = 0; i < 2; i++) {
        p->c.text[i] = p->text[i];
        p->c.n[i] = p->n[i];
        p->c.name[i] = i ? "deny" : "allow";
    }
    free(p->image);
    p->image = NULL;
    if (compile_start(&p->c, &f))
        return -1;
    p->c.entries = malloc((p->c.entry_most + 1) * sizeof *p->c.entries);
    int r = compile_sort(&p->c, &f);
    if (!r) {
        p->image = malloc((size_t)p->c.h.blocks * IMAGE_BLOCK);
        r = compile_write(&p->c, p->image, &f);
    }
    free(p->c.entries);
    if (!r)
        open_image(p);
    return r;
}

static void set_text(struct pair *p, const char *allow, const char *deny)
{
    p->n[0] = strlen(allow);
    p->n[1] = strlen(deny);
    memcpy(p->text[0], allow, p->n[0]);
    memcpy(p->text[1], deny, p->n[1]);
}

static void add(struct pair *p, int i, const char *text)
{
    size_t n = strlen(text);

    if (p->n[i] + n <= sizeof p->text[i]) {
        memcpy(p->text[i] + p->n[i], text, n);
        p->n[i] += n;
    }
}

/* ---- random rules */

static const char *const daemons[] = {
    "smtpd", "sendmail", "ALL", "sshd", "in.telnetd", "25", "smtpd, sshd", "ALL EXCEPT sshd", "s*", "smtpd@10.0.0.25",
    "smtpd@mx.lan", "KNOWN", "ALL EXCEPT smtpd@[fd00::25]", "smtpd ", "/usr/sbin/smtpd", "smtp?d",
};
static const char *const names[] = { "a.lan", "b.lan", "mx.a.lan", "printer", "x.y.z.example", "A.Lan", "lan" };
static const char *const others[] = {
    "ALL", "KNOWN", "UNKNOWN", "LOCAL", "PARANOID", "*.lan", "10.0.*", "1?.0.0.1", "joe@10.0.0.1", "ALL@10.0.0.2",
    "@group", "10.0.0.0/33", "0.0.0.0/0", "[::]/0", "10.0.0.0/255.0.255.0", "0.0.0.0/0.0.0.0", "bad#", "10.0",
    "[fd00::1", "192.0.1.0/255.0.255.0", "EXCEPT", "10.0.0.5/8", "*",
};

static void random_client(char *text, size_t cap)
{
    static const char *const suffixes[] = { ".lan", ".a.lan", ".example", ".y.z.example", ".LAN" };
    unsigned bits = pick(33);

    switch (pick(12)) {
    case 0: case 1: case 2:
        snprintf(text, cap, "10.0.%u.%u", pick(3), pick(6));
        return;
    case 3:
        snprintf(text, cap, "10.0.%u.", pick(3));
        return;
    case 4: {
        uint32_t a = (0x0a000000u + pick(1024)) & (bits ? ~0u << (32 - bits) : 0);
        snprintf(text, cap, "%u.%u.%u.%u/%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255, bits);
        return;
    }
    case 5:
        snprintf(text, cap, "[fd00::%x]/%u", pick(8), pick(129));
        return;
    case 6:
        snprintf(text, cap, "[fd00::%x]", pick(8));
        return;
    case 7: case 8:
        snprintf(text, cap, "%s", ONE_OF(names));
        return;
    case 9:
        snprintf(text, cap, "%s", ONE_OF(suffixes));
        return;
    default:
        snprintf(text, cap, "%s", ONE_OF(others));
        return;
    }
}

static void random_list(struct pair *p, int file)
{
    char text[80];

    for (unsigned n = 1 + pick(4); n > 0; n--) {
        random_client(text, sizeof text);
        add(p, file, text);
        add(p, file, pick(9) ? " " : pick(2) ? ", " : " \\\n ");
    }
}

static void random_rule(struct pair *p, int file)
{
    static const char *const ends[] = {
        "\n", "\n", "\n", "\n", "\n", ": deny\n", ": allow\n", ": allow\n", ": nonsense\n", "\n# words\n", "\n\n"
    };

    if (pick(40) == 0) {
        add(p, file, pick(2) ? "no colon\n" : ": ALL\n");
        return;
    }
    add(p, file, ONE_OF(daemons));
    add(p, file, pick(8) ? ": " : " :");
    random_list(p, file);
    while (pick(6) == 0) {
        add(p, file, "EXCEPT ");
        random_list(p, file);
    }
    add(p, file, ONE_OF(ends));
}

static void random_facts(struct access_facts *facts)
{
    static const char *const kinds[] = { "smtpd sendmail smtp in.smtpd 25", "sshd", "sshd 22", "nobody" };
    char text[40];

    memset(facts, 0, sizeof *facts);
    facts->daemons = pick(3) ? kinds[0] : ONE_OF(kinds);
    if (pick(4))
        snprintf(text, sizeof text, "10.0.%u.%u", pick(3), pick(6));
    else
        snprintf(text, sizeof text, pick(8) ? "fd00::%x" : "unknown", pick(8));
    net_parse(text, strlen(text), &facts->client);
    net_parse("10.0.0.25", 9, &facts->server);
    facts->client_state = (enum access_name)pick(4);
    facts->server_state = (enum access_name)pick(4);
    facts->client_name = ONE_OF(names);
    facts->server_name = "mx.lan";
    facts->user = pick(4) ? NULL : "joe";
}

static bool same(const struct pair *p, const struct access_facts *facts)
{
    struct access_index index = { (struct image *)&p->im, fetch, (void *)p };
    struct access_rules text = { .allow = { "allow", p->text[0], p->n[0], NULL },
                                 .deny = { "deny", p->text[1], p->n[1], NULL } };
    struct access_rules image = { .allow = { .name = "allow" }, .deny = { .name = "deny" }, .index = &index };
    struct access_why a, b;
    enum access_verdict v = access_decide(&text, facts, &a), w = access_decide(&image, facts, &b);

    access_explain(&image, &b);
    return v == w && a.file == b.file && a.line == b.line && strcmp(a.rule, b.rule) == 0
        && strcmp(a.fault, b.fault) == 0;
}

/* 2,000 pairs of files, 50 clients each. */
static void decides_as_the_text(void)
{
    struct access_facts facts;

    seed = 0x9e3779b97f4a7c15u;
    for (int file = 0; file < 2000; file++) {
        uint64_t at = seed;
        pair.n[0] = pair.n[1] = 0;
        for (unsigned n = pick(12); n > 0; n--)
            random_rule(&pair, 0);
        for (unsigned n = pick(6); n > 0; n--)
            random_rule(&pair, 1);
        if (compile_pair(&pair)) {
            test_fail(__FILE__, __LINE__, "pair %d does not compile", file);
            return;
        }
        for (int client = 0; client < 50; client++) {
            random_facts(&facts);
            if (!same(&pair, &facts)) {
                test_fail(__FILE__, __LINE__, "pair %d, client %d (seed %llx):\n%.*s--\n%.*s", file, client,
                          (unsigned long long)at, (int)pair.n[0], pair.text[0], (int)pair.n[1], pair.text[1]);
                return;
            }
        }
    }
}

static enum access_verdict ask(const struct pair *p, const char *client, const char *name, struct access_why *why)
{
    struct access_index index = { (struct image *)&p->im, fetch, (void *)p };
    struct access_rules rules = { .allow = { .name = "allow" }, .deny = { .name = "deny" }, .index = &index };
    struct access_facts facts = { .daemons = access_daemons("smtpd"), .client_name = name,
                                  .client_state = name ? ACCESS_NAME_KNOWN : ACCESS_NAME_UNASKED };

    net_parse(client, strlen(client), &facts.client);
    enum access_verdict v = access_decide(&rules, &facts, why);
    access_explain(&rules, why);
    return v;
}

static void nothing(void)
{
    struct access_why why;

    set_text(&pair, "", "# nothing\n");
    CHECK_EQ(compile_pair(&pair), 0);
    CHECK_EQ(ask(&pair, "10.0.0.1", NULL, &why), ACCESS_ALLOW);
    CHECK(!why.file);
}

static void it_names_the_line(void)
{
    struct access_why why;

    set_text(&pair, "# hub\n\nsmtpd: \\\n 10.0.0.1, hub.lan\n", "ALL: ALL\n");
    CHECK_EQ(compile_pair(&pair), 0);
    CHECK_EQ(ask(&pair, "10.0.0.1", NULL, &why), ACCESS_ALLOW);
    CHECK_EQ(why.line, 3);
    CHECK_STR(why.rule, "smtpd:  10.0.0.1, hub.lan");
    CHECK_EQ(ask(&pair, "10.0.0.2", NULL, &why), ACCESS_ASK_NAME);
    CHECK_EQ(ask(&pair, "10.0.0.2", "hub.lan", &why), ACCESS_ALLOW);
    CHECK_EQ(ask(&pair, "10.0.0.2", "b.lan", &why), ACCESS_DENY);
    CHECK_STR(why.file, "deny");
    CHECK_EQ(why.line, 1);
    CHECK_STR(why.rule, "ALL: ALL");
}

/* The bytes are the same on every board, so that an image made on one is read on another. */
static void the_same_everywhere(void)
{
    set_text(&pair, "smtpd: 10.0.0.1 [fd00::]/8 .lan hub.example\nsshd: 10.0.0.0/8 EXCEPT 10.9.\n", "ALL: ALL\n");
    CHECK_EQ(compile_pair(&pair), 0);
    CHECK(siphash(pair.c.h.key, pair.image, (size_t)pair.c.h.blocks * IMAGE_BLOCK) == 0x598d9eaf0bb17206u);
}

static void client_text(char *text, size_t cap, unsigned i)
{
    snprintf(text, cap, i % 5 ? "10.%u.%u.%u" : "fd00::%x:%x:%x", i >> 16, i >> 8 & 255, i & 255);
}

/* The promise: at most 24 bytes a plain rule, its share of the table included; and every one of them is found. */
static void many_plain_rules(void)
{
    static const unsigned n = 40000;
    char line[80], client[40];
    struct access_why why;

    set_text(&pair, "", "ALL: ALL\n");
    for (unsigned i = 0; i < n; i++) {
        client_text(client, sizeof client, i);
        snprintf(line, sizeof line, i % 5 ? "smtpd:%s\n" : "smtpd:[%s]\n", client);
        add(&pair, 0, line);
    }
    CHECK_EQ(compile_pair(&pair), 0);
    CHECK(pair.c.h.blocks * IMAGE_BLOCK <= 24 * n);
    for (unsigned i = 0; i < n; i++) {
        client_text(client, sizeof client, i);
        if (ask(&pair, client, NULL, &why) != ACCESS_ALLOW || why.line != i + 1)
            test_fail(__FILE__, __LINE__, "%s: line %u, not %u", client, why.line, i + 1);
    }
    CHECK_EQ(ask(&pair, "10.200.0.1", NULL, &why), ACCESS_DENY);
}

/* One address in many rules of many daemons, more than there are classes; and one far behind them. */
static void many_daemons(void)
{
    char line[80];
    struct access_why why;

    set_text(&pair, "", "ALL: ALL\n");
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(line, sizeof line, "in.d%u: 10.0.0.1 .lan\nin.d%u: ALL\n", i % 100, i % 100);
        add(&pair, 0, line);
    }
    add(&pair, 0, "smtpd: 10.0.0.1\n");
    CHECK_EQ(compile_pair(&pair), 0);
    CHECK_EQ(ask(&pair, "10.0.0.1", NULL, &why), ACCESS_ALLOW);
    CHECK_EQ(why.line, 2001);
    CHECK_EQ(ask(&pair, "10.0.0.2", NULL, &why), ACCESS_DENY);
}

static void what_has_no_room(void)
{
    struct fault f;

    set_text(&pair, "smtpd: 10.0.0.1\nsmtpd:", "");
    while (pair.n[0] < ACCESS_LINE + 100)
        add(&pair, 0, " 10.0.0.2");
    CHECK_EQ(compile_pair(&pair), -1);
    CHECK_EQ(compile_start(&pair.c, &f), -1);
    CHECK_STR(f.text, "allow:2: the line is longer than 2046 bytes: make it several");
}

/* Whatever bit of an image turns: the verdict stays, or the image is told to be damaged. */
static void damage(void)
{
    static const char *const clients[] = { "10.0.0.1", "10.0.9.9", "fd00::1", "10.200.0.1" };
    struct access_why why;
    unsigned told = 0;

    set_text(&pair, "smtpd: 10.0.0.1 .lan\nsmtpd: 10.0.0.0/16 [fd00::]/8 EXCEPT 10.0.3.\n", "smtpd: ALL\n");
    CHECK_EQ(compile_pair(&pair), 0);
    const size_t size = (size_t)pair.c.h.blocks * IMAGE_BLOCK;
    for (size_t at = 0; at < size; at++) {
        pair.image[at] ^= (uint8_t)(1 << at % 8);
        memset(seen, 0, sizeof seen);
        bool opens = !image_open(&pair.im, pair.image, size, seen);
        for (int i = 0; opens && i < 4; i++) {
            enum access_verdict v = ask(&pair, clients[i], "x.example", &why);
            told += v == ACCESS_BAD_INDEX;
            CHECK(v == ACCESS_BAD_INDEX || v == (i < 3 ? ACCESS_ALLOW : ACCESS_DENY));
        }
        CHECK(at >= IMAGE_BLOCK || !opens);
        pair.image[at] ^= (uint8_t)(1 << at % 8);
    }
    CHECK(told > size / 2);
    CHECK(image_open(&pair.im, pair.image, size - 1, seen) && image_open(&pair.im, pair.image, 100, seen));
}

int main(void)
{
    RUN(nothing);
    RUN(it_names_the_line);
    RUN(the_same_everywhere);
    RUN(many_plain_rules);
    RUN(many_daemons);
    RUN(what_has_no_room);
    RUN(damage);
    RUN(decides_as_the_text);
    TEST_DONE();
}
