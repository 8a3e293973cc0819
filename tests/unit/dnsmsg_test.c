/* Messages of the DNS: the question's bytes, honest answers, and every lie of CASES G3 to G6. */
#include "mail/dnsmsg.h"

#include "test.h"

#include <stdlib.h>

static struct dnsmsg_question q;
static struct dnsmsg_answer a;

/* A message being put together. */
static uint8_t msg[70000];
static size_t msg_n;

static void put(const void *data, size_t n)
{
    memcpy(msg + msg_n, data, n);
    msg_n += n;
}

static void put16(unsigned v)
{
    put((uint8_t[]){ (uint8_t)(v >> 8), (uint8_t)v }, 2);
}

/* `a.b` as labels. */
static void put_name(const char *text)
{
    while (*text) {
        size_t n = strcspn(text, ".");
        put(&(uint8_t){ (uint8_t)n }, 1);
        put(text, n);
        text += n + (text[n] == '.');
    }
    put("", 1);
}

/* The header and the question as in q, with so many records said to follow. */
static void begin(unsigned flags, unsigned records)
{
    uint8_t query[DNSMSG_QUERY];
    size_t n = dnsmsg_write(&q, query);

    msg_n = 0;
    put(query, n);
    msg[2] = (uint8_t)(flags >> 8);
    msg[3] = (uint8_t)flags;
    msg[6] = (uint8_t)(records >> 8);
    msg[7] = (uint8_t)records;
}

static void put_head(unsigned type, unsigned length)
{
    put16(type);
    put16(1);
    put("\0\0\0\x3c", 4);
    put16(length);
}

/* A record of the name asked for (by a pointer to it), or of `owner`. */
static void record(const char *owner, unsigned type, const void *data, size_t n)
{
    if (owner)
        put_name(owner);
    else
        put16(0xc00c);
    put_head(type, (unsigned)n);
    put(data, n);
}

/* A record whose data are a name without pointers. */
static void name_record(const char *owner, unsigned type, const char *name)
{
    record(owner, type, "", 0);
    size_t at = msg_n;
    put_name(name);
    msg[at - 2] = (uint8_t)((msg_n - at) >> 8);
    msg[at - 1] = (uint8_t)(msg_n - at);
}

/* Reads what was put together from a block with not a byte behind it. */
static enum dnsmsg_result read_it(void)
{
    uint8_t *copy = malloc(msg_n ? msg_n : 1);

    memcpy(copy, msg, msg_n);
    memset(&a, 0xaa, sizeof a);
    enum dnsmsg_result r = dnsmsg_read(copy, msg_n, &q, &a);
    free(copy);
    return r;
}

static void ask(enum dnsmsg_type type, const char *name)
{
    CHECK_EQ(dnsmsg_ask(&q, 0x1234, type, name), 0);
}

static const char *address(unsigned i)
{
    static char text[NET_TEXT];

    net_format(&a.addr[i], text);
    return text;
}

/* ---- questions */

static void a_question_as_bytes(void)
{
    static const char want[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0\2mx\7example\3org\0\0\x1c\0\1";
    uint8_t out[DNSMSG_QUERY];

    ask(DNSMSG_AAAA, "mx.example.org");
    CHECK_EQ(dnsmsg_write(&q, out), sizeof want - 1);
    CHECK_MEM(out, want, sizeof want - 1);
    ask(DNSMSG_AAAA, "mx.example.org.");
    CHECK_EQ(dnsmsg_write(&q, out), sizeof want - 1);
    CHECK_MEM(out, want, sizeof want - 1);
    ask(DNSMSG_MX, "example.org");
    CHECK_EQ(q.type, 15);
    ask(DNSMSG_TXT, "example.org");
    CHECK_EQ(q.type, 16);
}

static void questions_about_addresses(void)
{
    struct net_addr v4, v6;

    net_parse("192.0.2.10", 10, &v4);
    dnsmsg_ask_ptr(&q, 1, &v4);
    CHECK_MEM(q.name, "\00210\0012\0010\003192\7in-addr\4arpa", 24);
    CHECK_EQ(q.type, DNSMSG_PTR);
    net_parse("2001:db8::9", 11, &v6);
    dnsmsg_ask_ptr(&q, 1, &v6);
    CHECK_EQ(q.name_n, 74);
    CHECK_MEM(q.name, "\0019\0010\0010\0010", 8);
    CHECK_MEM(q.name + 62, "\0012\3ip6\4arpa", 12);
    CHECK_MEM(q.name + 48, "\0018\001b\001d\0010\0011\0010\0010\0012", 16);
}

static int ask_below(const char *address, const char *domain)
{
    struct net_addr addr;

    net_parse(address, strlen(address), &addr);
    return dnsmsg_ask_below(&q, DNSMSG_A, &addr, domain, strlen(domain));
}

static void questions_to_blocklists(void)
{
    char domain[300];

    CHECK_EQ(ask_below("192.0.2.99", "bad.example.com"), 0);
    CHECK_EQ(q.type, DNSMSG_A);
    CHECK_EQ(q.name_n, 28);
    CHECK_MEM(q.name, "\00299\0012\0010\003192\3bad\7example\3com", 28);
    CHECK_EQ(ask_below("2001:db8:1:2:3:4:567:89ab", "ugly.example.com"), 0);      /* the example of RFC 5782 2.4 */
    CHECK_EQ(q.name_n, 64 + 18);
    CHECK_MEM(q.name, "\1b\1a\0019\0018\0017\0016\0015\0010\0014\0010\0010\0010\0013\0010\0010\0010\0012\0010\0010\0010"
              "\0011\0010\0010\0010\0018\1b\1d\0010\0011\0010\0010\0012\4ugly\7example\3com", 64 + 18);
    memset(domain, 'a', sizeof domain);
    domain[63] = domain[127] = '.';
    domain[189] = '\0';                                  /* with its nibbles 253 characters, 255 bytes */
    CHECK_EQ(ask_below("2001:db8::1", domain), 0);
    CHECK_EQ(q.name_n, 255);
    domain[189] = 'a';
    domain[190] = '\0';
    CHECK_EQ(ask_below("2001:db8::1", domain), -1);
    domain[190] = 'a';
    domain[191] = '.';
    domain[255] = '\0';
    CHECK_EQ(ask_below("2001:db8::1", domain), -1);
    CHECK_EQ(dnsmsg_ask_below(&q, DNSMSG_TXT, &(struct net_addr){ NET_V4, { 1, 2, 3, 4 } }, "a.b c.d", 3), 0);
    CHECK_EQ(q.type, DNSMSG_TXT);
    CHECK_MEM(q.name, "\0014\0013\0012\0011\1a\1b", 13);
}

static void what_is_no_name(void)
{
    char text[300];

    CHECK_EQ(dnsmsg_ask(&q, 1, DNSMSG_A, ""), -1);
    CHECK_EQ(dnsmsg_ask(&q, 1, DNSMSG_A, "."), -1);
    CHECK_EQ(dnsmsg_ask(&q, 1, DNSMSG_A, ".a"), -1);
    CHECK_EQ(dnsmsg_ask(&q, 1, DNSMSG_A, "a..b"), -1);
    CHECK_EQ(dnsmsg_ask(&q, 1, DNSMSG_A, "a.."), -1);
    memset(text, 'a', sizeof text);
    text[64] = '\0';
    CHECK_EQ(dnsmsg_ask(&q, 1, DNSMSG_A, text), -1);
    CHECK_EQ(dnsmsg_ask(&q, 1, DNSMSG_A, text + 1), 0);
    memset(text, 'a', sizeof text);
    text[63] = text[127] = text[191] = '.';
    text[253] = '\0';                                    /* 63, 63, 63, 61: 255 on the wire */
    CHECK_EQ(dnsmsg_ask(&q, 1, DNSMSG_A, text), 0);
    CHECK_EQ(q.name_n, 255);
    text[253] = 'a';
    text[254] = '\0';
    CHECK_EQ(dnsmsg_ask(&q, 1, DNSMSG_A, text), -1);
}

/* ---- honest answers */

static void addresses(void)
{
    ask(DNSMSG_A, "Mx.Example.Org");
    begin(0x8180, 2);
    record(NULL, DNSMSG_A, "\xc0\0\2\1", 4);
    record("mX.eXample.orG", DNSMSG_A, "\xc0\0\2\2", 4);
    CHECK_EQ(read_it(), DNSMSG_ANSWER);
    CHECK_EQ(a.n, 2);
    CHECK_STR(address(0), "192.0.2.1");
    CHECK_STR(address(1), "192.0.2.2");
    CHECK(!a.alias);
    CHECK_STR(a.real, "mx.example.org");
    ask(DNSMSG_AAAA, "mx.example.org");
    begin(0x8180, 1);
    record(NULL, DNSMSG_AAAA, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09", 16);
    CHECK_EQ(read_it(), DNSMSG_ANSWER);
    CHECK_STR(address(0), "2001:db8::9");
}

static void names(void)
{
    ask(DNSMSG_PTR, "1.2.0.192.in-addr.arpa");
    begin(0x8180, 2);
    name_record(NULL, DNSMSG_PTR, "Mail.Example.Org");
    record(NULL, DNSMSG_PTR, "\1b\xc0\x12", 4);          /* with a pointer into the question */
    CHECK_EQ(read_it(), DNSMSG_ANSWER);
    CHECK_EQ(a.n, 2);
    CHECK_STR(a.name[0], "mail.example.org");
    CHECK_STR(a.name[1], "b.192.in-addr.arpa");
}

/* A record of MX. */
static void host_record(unsigned preference, const char *host)
{
    record(NULL, DNSMSG_MX, "", 0);
    size_t at = msg_n;
    put16(preference);
    put_name(host);
    msg[at - 1] = (uint8_t)(msg_n - at);
}

static void hosts_that_take_mail(void)
{
    ask(DNSMSG_MX, "example.org");
    begin(0x8180, 4);
    host_record(20, "Backup.Example.Org");
    host_record(0xffff, "last.example.org");
    record(NULL, DNSMSG_MX, "\0\5\1a\xc0\x0c", 6);
    host_record(20, "other.example.org");
    CHECK_EQ(read_it(), DNSMSG_ANSWER);
    CHECK_EQ(a.n, 4);
    CHECK_STR(a.name[0], "a.example.org");
    CHECK_EQ(a.preference[0], 5);
    CHECK_STR(a.name[1], "backup.example.org");
    CHECK_STR(a.name[2], "other.example.org");
    CHECK_EQ(a.preference[2], 20);
    CHECK_STR(a.name[3], "last.example.org");
    CHECK_EQ(a.preference[3], 0xffff);
    begin(0x8180, 1);
    host_record(0, "");                                  /* RFC 7505 */
    CHECK_EQ(read_it(), DNSMSG_ANSWER);
    CHECK_EQ(a.n, 1);
    CHECK_STR(a.name[0], "");
}

/* CASES G4: 500 of them, and the best are kept. */
static void many_hosts_that_take_mail(void)
{
    char host[20];

    ask(DNSMSG_MX, "example.org");
    begin(0x8180, 500);
    for (unsigned i = 0; i < 500; i++) {
        snprintf(host, sizeof host, "h%u.example", i);
        host_record((i * 7) % 500, host);
    }
    CHECK_EQ(read_it(), DNSMSG_ANSWER);
    CHECK_EQ(a.n, DNSMSG_NAMES);
    for (unsigned i = 0; i < DNSMSG_NAMES; i++) {
        snprintf(host, sizeof host, "h%u.example", i * 143 % 500);       /* 143 is what 7 is undone by */
        CHECK_EQ(a.preference[i], i);
        CHECK_STR(a.name[i], host);
    }
}

static void texts(void)
{
    static uint8_t data[4000];

    ask(DNSMSG_TXT, "2.0.0.127.bad.example.com");
    begin(0x8180, 2);
    record(NULL, DNSMSG_TXT, "\4Open\0\7 relay,", 14);
    record(NULL, DNSMSG_TXT, "\5other", 6);
    CHECK_EQ(read_it(), DNSMSG_ANSWER);
    CHECK_EQ(a.n, 2);
    CHECK_STR(a.text, "Open relay,");
    begin(0x8180, 1);
    record(NULL, DNSMSG_TXT, "\x0f%s\r\n250 \0\xe9\x7f\x1b\t%n", 16);
    CHECK_EQ(read_it(), DNSMSG_ANSWER);
    CHECK_STR(a.text, "%s??250 ?????%n");
    begin(0x8180, 1);
    record(NULL, DNSMSG_TXT, "", 1);                     /* an empty one */
    CHECK_EQ(read_it(), DNSMSG_ANSWER);
    CHECK_STR(a.text, "");
    memset(data, 'x', sizeof data);
    for (size_t at = 0; at < sizeof data; at += 200)
        data[at] = 199;
    begin(0x8180, 1);
    record(NULL, DNSMSG_TXT, data, sizeof data);
    CHECK_EQ(read_it(), DNSMSG_ANSWER);
    CHECK_EQ(strlen(a.text), DNSMSG_TEXT - 1);
    CHECK_EQ(strspn(a.text, "x"), DNSMSG_TEXT - 1);
}

static void none(void)
{
    ask(DNSMSG_A, "mx.example.org");
    begin(0x8180, 0);
    CHECK_EQ(read_it(), DNSMSG_NODATA);
    begin(0x8183, 0);
    CHECK_EQ(read_it(), DNSMSG_NXDOMAIN);
    for (unsigned code = 1; code < 16; code++) {
        begin(0x8180 | code, 0);
        CHECK_EQ(read_it(), code == 3 ? DNSMSG_NXDOMAIN : DNSMSG_SERVFAIL);
    }
    begin(0x8400, 0);                                    /* in charge, or asking others: else it knows nothing */
    CHECK_EQ(read_it(), DNSMSG_NODATA);
    begin(0x8000, 0);
    CHECK_EQ(read_it(), DNSMSG_SERVFAIL);
    begin(0x8003, 0);
    CHECK_EQ(read_it(), DNSMSG_SERVFAIL);
    begin(0x8185, 0);                                    /* refused, and the question left out */
    msg[5] = 0;
    msg_n = 12;
    CHECK_EQ(read_it(), DNSMSG_SERVFAIL);
    begin(0x8183, 0);
    msg[5] = 0;
    msg_n = 12;
    CHECK_EQ(read_it(), DNSMSG_NOT_OURS);
    begin(0x8380, 0);
    CHECK_EQ(read_it(), DNSMSG_TRUNCATED);
    begin(0x8383, 0);                                    /* what is cut off is not to be believed in part */
    CHECK_EQ(read_it(), DNSMSG_TRUNCATED);
}

static void other_records_are_passed_over(void)
{
    ask(DNSMSG_A, "mx.example.org");
    begin(0x8180, 4);
    record("other.example.org", DNSMSG_A, "\1\1\1\1", 4);
    record(NULL, 46, "signature", 9);
    record(NULL, DNSMSG_AAAA, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09", 16);
    record(NULL, DNSMSG_A, "\2\2\2\2", 4);
    msg[msg_n - 11] = 3;                                 /* of class CH */
    CHECK_EQ(read_it(), DNSMSG_NODATA);
    ask(99, "example.org");                              /* of a type that is not read it is known that it is there */
    begin(0x8180, 1);
    record(NULL, 99, "", 0);
    CHECK_EQ(read_it(), DNSMSG_ANSWER);
    CHECK_EQ(a.n, 1);
}

static void aliases(void)
{
    ask(DNSMSG_A, "www.example.org");
    begin(0x8180, 3);
    record("c.example.org", DNSMSG_A, "\xc0\0\2\1", 4);  /* in any order */
    name_record("b.example.org", DNSMSG_CNAME, "C.example.org");
    name_record(NULL, DNSMSG_CNAME, "b.example.org");
    CHECK_EQ(read_it(), DNSMSG_ANSWER);
    CHECK(a.alias);
    CHECK_STR(a.real, "c.example.org");
    begin(0x8180, 2);
    name_record(NULL, DNSMSG_CNAME, "b.example.org");
    record(NULL, DNSMSG_A, "\xc0\0\2\1", 4);             /* an alias has no address of its own */
    CHECK_EQ(read_it(), DNSMSG_NODATA);
}

/* ---- no answer to this question (CASES G6) */

static void not_ours(void)
{
    ask(DNSMSG_A, "mx.example.org");
    for (size_t n = 0; n < 12; n++) {
        begin(0x8180, 0);
        msg_n = n;
        CHECK_EQ(read_it(), DNSMSG_NOT_OURS);
    }
    begin(0x8180, 0);
    msg[1]++;                                            /* another id */
    CHECK_EQ(read_it(), DNSMSG_NOT_OURS);
    begin(0x0180, 0);                                    /* a question */
    CHECK_EQ(read_it(), DNSMSG_NOT_OURS);
    begin(0x8980, 0);                                    /* another opcode */
    CHECK_EQ(read_it(), DNSMSG_NOT_OURS);
    begin(0x8183, 0);
    msg[5] = 0;                                          /* no question */
    CHECK_EQ(read_it(), DNSMSG_NOT_OURS);
    begin(0x8183, 0);
    msg[5] = 2;
    CHECK_EQ(read_it(), DNSMSG_NOT_OURS);
    begin(0x8183, 0);
    msg[13] = 'n';                                       /* another name … */
    CHECK_EQ(read_it(), DNSMSG_NOT_OURS);
    begin(0x8183, 0);
    msg[msg_n - 3] = DNSMSG_AAAA;                        /* … type … */
    CHECK_EQ(read_it(), DNSMSG_NOT_OURS);
    begin(0x8183, 0);
    msg[msg_n - 1] = 3;                                  /* … class */
    CHECK_EQ(read_it(), DNSMSG_NOT_OURS);
    begin(0x8183, 0);
    msg_n--;
    CHECK_EQ(read_it(), DNSMSG_NOT_OURS);
    begin(0x8183, 0);
    msg[13] = 'M';                                       /* case is no difference */
    CHECK_EQ(read_it(), DNSMSG_NXDOMAIN);
}

/* ---- answers that cannot be read (CASES G3) */

static void circles_of_aliases(void)
{
    ask(DNSMSG_A, "a.example");
    begin(0x8180, 1);
    name_record(NULL, DNSMSG_CNAME, "a.example");
    CHECK_EQ(read_it(), DNSMSG_BROKEN);
    begin(0x8180, 3);
    name_record("a.example", DNSMSG_CNAME, "b.example");
    name_record("b.example", DNSMSG_CNAME, "a.example");
    record("b.example", DNSMSG_A, "\1\1\1\1", 4);
    CHECK_EQ(read_it(), DNSMSG_BROKEN);
}

static void chains_of_aliases(void)
{
    for (unsigned length = DNSMSG_CHAIN; length <= DNSMSG_CHAIN + 1; length++) {
        ask(DNSMSG_A, "a0");
        begin(0x8180, length + 1);
        for (unsigned i = 0; i < length; i++) {
            char from[] = { 'a', (char)('0' + i), '\0' }, to[] = { 'a', (char)('1' + i), '\0' };
            name_record(from, DNSMSG_CNAME, to);
        }
        char last[] = { 'a', (char)('0' + length), '\0' };
        record(last, DNSMSG_A, "\1\1\1\1", 4);
        CHECK_EQ(read_it(), length == DNSMSG_CHAIN ? DNSMSG_ANSWER : DNSMSG_BROKEN);
    }
}

static void pointers(void)
{
    size_t at;

    ask(DNSMSG_A, "mx.example.org");
    begin(0x8180, 1);
    at = msg_n;
    put16(0xc000 | (unsigned)at);                        /* to itself */
    put_head(DNSMSG_A, 4);
    put("\1\1\1\1", 4);
    CHECK_EQ(read_it(), DNSMSG_BROKEN);
    msg[at + 1] = (uint8_t)(at + 4);                     /* forward */
    CHECK_EQ(read_it(), DNSMSG_BROKEN);
    msg[at + 1] = 4;                                     /* into the header */
    CHECK_EQ(read_it(), DNSMSG_BROKEN);
    msg[at] = 0xff;                                      /* beyond the end */
    msg[at + 1] = 0xff;
    CHECK_EQ(read_it(), DNSMSG_BROKEN);
    msg[at] = 0xc0;
    msg[at + 1] = 12;                                    /* and as it should be */
    CHECK_EQ(read_it(), DNSMSG_ANSWER);
    begin(0x8180, 1);
    put("\xc0", 1);                                      /* half of one */
    CHECK_EQ(read_it(), DNSMSG_BROKEN);
    begin(0x8180, 1);
    at = msg_n;
    put("\1a", 2);                                       /* a label, then back to it */
    put16(0xc000 | (unsigned)at);
    put_head(DNSMSG_A, 4);
    put("\1\1\1\1", 4);
    CHECK_EQ(read_it(), DNSMSG_BROKEN);
}

/* Pointers to pointers all the way back through the message, as many as fit: bounded work. */
static void stairs_of_pointers(void)
{
    ask(DNSMSG_A, "mx.example.org");
    begin(0x8180, 2);
    record("x", 16, "", 0);
    size_t start = msg_n;
    put("\0\0", 2);
    for (size_t at = start; msg_n < 16000; at = msg_n - 2)
        put16(0xc000 | (unsigned)at);
    msg[start - 2] = (uint8_t)((msg_n - start) >> 8);
    msg[start - 1] = (uint8_t)(msg_n - start);
    unsigned last = (unsigned)msg_n - 2;
    put16(0xc000 | last);
    put_head(DNSMSG_A, 4);
    put("\1\1\1\1", 4);
    CHECK_EQ(read_it(), DNSMSG_BROKEN);
}

static void labels(void)
{
    static const uint8_t kinds[] = { 64, 0x41, 0x80, 0xbf };

    ask(DNSMSG_PTR, "1.2.0.192.in-addr.arpa");
    for (size_t i = 0; i < sizeof kinds; i++) {
        begin(0x8180, 1);
        uint8_t data[200];
        memset(data, 'a', sizeof data);
        data[0] = kinds[i];
        data[1 + kinds[i] % 128] = 0;
        record(NULL, DNSMSG_PTR, data, sizeof data);
        CHECK_EQ(read_it(), DNSMSG_BROKEN);
    }
}

/* A name of 255 bytes is the longest; through a pointer it may not grow either. */
static void long_names(void)
{
    char text[300];

    ask(DNSMSG_PTR, "x");
    memset(text, 'a', sizeof text);
    text[63] = text[127] = text[191] = '.';
    text[253] = '\0';
    begin(0x8180, 1);
    name_record(NULL, DNSMSG_PTR, text);
    CHECK_EQ(read_it(), DNSMSG_ANSWER);
    CHECK_STR(a.name[0], text);
    text[253] = 'a';
    text[254] = '\0';
    begin(0x8180, 1);
    name_record(NULL, DNSMSG_PTR, text);
    CHECK_EQ(read_it(), DNSMSG_BROKEN);
    text[253] = '\0';
    begin(0x8180, 2);
    record(NULL, 16, "", 0);
    unsigned at = (unsigned)msg_n;
    put_name(text);
    msg[at - 2] = 0;
    msg[at - 1] = 255;
    record(NULL, DNSMSG_PTR, (uint8_t[]){ 1, 'b', (uint8_t)(0xc0 | at >> 8), (uint8_t)at }, 4);
    CHECK_EQ(read_it(), DNSMSG_BROKEN);
}

static void lengths_that_lie(void)
{
    ask(DNSMSG_A, "mx.example.org");
    for (unsigned length = 0; length < 20; length++) {
        begin(0x8180, 1);
        record(NULL, DNSMSG_A, "aaaaaaaaaaaaaaaaaaaaa", length);
        CHECK_EQ(read_it(), length == 4 ? DNSMSG_ANSWER : DNSMSG_BROKEN);
    }
    begin(0x8180, 1);
    record(NULL, DNSMSG_A, "aaaa", 4);
    size_t whole = msg_n;
    for (msg_n = 12 + 16 + 4; msg_n < whole; msg_n++)    /* cut anywhere */
        CHECK_EQ(read_it(), DNSMSG_BROKEN);
    msg[whole - 6] = 0xff;                               /* RDLENGTH past the end */
    CHECK_EQ(read_it(), DNSMSG_BROKEN);
    ask(DNSMSG_AAAA, "mx.example.org");
    begin(0x8180, 1);
    record(NULL, DNSMSG_AAAA, "aaaa", 4);
    CHECK_EQ(read_it(), DNSMSG_BROKEN);
    ask(DNSMSG_PTR, "mx.example.org");
    begin(0x8180, 1);
    record(NULL, DNSMSG_PTR, "\1a\0", 4);                /* a byte behind the name */
    CHECK_EQ(read_it(), DNSMSG_BROKEN);
    ask(DNSMSG_MX, "mx.example.org");
    for (unsigned length = 0; length < 6; length++) {
        begin(0x8180, 2);
        record(NULL, DNSMSG_MX, "\0\5\1a\0\0", length);
        record("", 16, "", 0);
        CHECK_EQ(read_it(), length == 5 ? DNSMSG_ANSWER : DNSMSG_BROKEN);
    }
    ask(DNSMSG_TXT, "mx.example.org");
    for (unsigned length = 0; length < 6; length++) {
        begin(0x8180, 2);
        record(NULL, DNSMSG_TXT, "\2aa\1b", length);
        record("", 16, "", 0);
        CHECK_EQ(read_it(), length == 3 || length == 5 ? DNSMSG_ANSWER : DNSMSG_BROKEN);
    }
    ask(DNSMSG_PTR, "mx.example.org");
    begin(0x8180, 2);
    record(NULL, DNSMSG_PTR, "\1a", 2);                  /* a name that ends in the next record */
    record("", 16, "", 0);
    CHECK_EQ(read_it(), DNSMSG_BROKEN);
}

static void counts_that_lie(void)
{
    ask(DNSMSG_A, "mx.example.org");
    begin(0x8180, 0xffff);
    record(NULL, DNSMSG_A, "aaaa", 4);
    CHECK_EQ(read_it(), DNSMSG_BROKEN);
    begin(0x8180, 0);
    record(NULL, DNSMSG_A, "aaaa", 4);
    CHECK_EQ(read_it(), DNSMSG_NODATA);
}

static void odd_bytes_in_labels(void)
{
    ask(DNSMSG_PTR, "1.2.0.192.in-addr.arpa");
    begin(0x8180, 4);
    record(NULL, DNSMSG_PTR, "\4a.b\0\3org\0", 10);      /* a dot and a NUL within a label */
    record(NULL, DNSMSG_PTR, "\5\r\n\xff \\\0", 7);
    record(NULL, DNSMSG_PTR, "\0", 1);                   /* the root */
    record(NULL, DNSMSG_PTR, "\5;rm-_\0", 7);
    CHECK_EQ(read_it(), DNSMSG_ANSWER);
    CHECK_STR(a.name[0], "a?b?.org");
    CHECK_STR(a.name[1], "?????");
    CHECK_STR(a.name[2], "");
    CHECK_STR(a.name[3], ";rm-_");
}

/* CASES G4, and the largest message there is. */
static void many_records(void)
{
    ask(DNSMSG_A, "mx.example.org");
    begin(0x8180, 4000);
    for (int i = 0; i < 4000; i++)
        record(NULL, DNSMSG_A, (uint8_t[]){ 10, 0, (uint8_t)(i >> 8), (uint8_t)i }, 4);
    CHECK_EQ(read_it(), DNSMSG_ANSWER);
    CHECK_EQ(a.n, DNSMSG_ADDRS);
    CHECK_STR(address(DNSMSG_ADDRS - 1), "10.0.0.63");
    ask(DNSMSG_PTR, "1.2.0.192.in-addr.arpa");
    begin(0x8180, 500);
    for (int i = 0; i < 500; i++)
        name_record(NULL, DNSMSG_PTR, "a.b.c");
    CHECK_EQ(read_it(), DNSMSG_ANSWER);
    CHECK_EQ(a.n, DNSMSG_NAMES);
}

int main(void)
{
    RUN(a_question_as_bytes);
    RUN(questions_about_addresses);
    RUN(questions_to_blocklists);
    RUN(what_is_no_name);
    RUN(addresses);
    RUN(names);
    RUN(hosts_that_take_mail);
    RUN(many_hosts_that_take_mail);
    RUN(texts);
    RUN(none);
    RUN(other_records_are_passed_over);
    RUN(aliases);
    RUN(not_ours);
    RUN(circles_of_aliases);
    RUN(chains_of_aliases);
    RUN(pointers);
    RUN(stairs_of_pointers);
    RUN(labels);
    RUN(long_names);
    RUN(lengths_that_lie);
    RUN(counts_that_lie);
    RUN(odd_bytes_in_labels);
    RUN(many_records);
    TEST_DONE();
}
