/* resolv.conf(5): servers, patience, the search list, and everything else passed over. */
#include "mail/resconf.h"

#include "test.h"

#include <stdlib.h>

static struct resconf c;

/* `ADDRESS%ZONE …` of the servers. */
static const char *read_n(const char *text, size_t n)
{
    static char out[300];
    char *copy = malloc(n ? n : 1);

    memcpy(copy, text, n);
    resconf_parse(&c, copy, n);
    free(copy);
    out[0] = '\0';
    for (unsigned i = 0; i < c.servers; i++) {
        char address[NET_TEXT];
        net_format(&c.server[i].addr, address);
        strcat(strcat(out, i ? " " : ""), address);
        if (*c.server[i].zone)
            strcat(strcat(out, "%"), c.server[i].zone);
    }
    return out;
}

static const char *servers(const char *text)
{
    return read_n(text, strlen(text));
}

static void what_stands_when_nothing_is_said(void)
{
    resconf_parse(&c, NULL, 0);
    CHECK_EQ(c.servers, 1);
    CHECK_STR(servers(""), "127.0.0.1");
    CHECK_EQ(c.timeout, 5);
    CHECK_EQ(c.attempts, 2);
    CHECK_STR(c.search, "");
    CHECK_STR(servers("# nameserver 192.0.2.1\n; nameserver 192.0.2.2\nnameserver\n"), "127.0.0.1");
}

static void name_servers(void)
{
    CHECK_STR(servers("nameserver 192.0.2.1\n"), "192.0.2.1");
    CHECK_STR(servers("nameserver 192.0.2.1"), "192.0.2.1");
    CHECK_STR(servers("\tnameserver\t192.0.2.1\r\nnameserver ::1 # here\n"), "192.0.2.1 ::1");
    CHECK_STR(servers("nameserver fe80::1%eth0\nnameserver fe80::2%3\n"), "fe80::1%eth0 fe80::2%3");
    CHECK_STR(servers("nameserver fe80::1%a-name-that-is-too-long\n"), "fe80::1");
    CHECK_STR(servers("nameserver 192.0.2.1%eth0\n"), "192.0.2.1");
    CHECK_STR(servers("nameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\nnameserver 4.4.4.4\n"),
              "1.1.1.1 2.2.2.2 3.3.3.3");
    CHECK_STR(servers("nameserver ns.example.org\nnameserver 010.0.0.1\nnameserver 192.0.2.1:53\n"), "127.0.0.1");
    CHECK_STR(servers("nameservers 192.0.2.1\nname 192.0.2.1\n"), "127.0.0.1");
}

static void options(void)
{
    servers("options rotate timeout:1 attempts:3 edns0\n");
    CHECK_EQ(c.timeout, 1);
    CHECK_EQ(c.attempts, 3);
    servers("options timeout:9\noptions attempts:1\n");
    CHECK_EQ(c.timeout, 9);
    CHECK_EQ(c.attempts, 1);
    servers("options timeout:99 attempts:99\n");
    CHECK_EQ(c.timeout, 30);
    CHECK_EQ(c.attempts, 5);
    servers("options timeout:0 attempts:0\n");
    CHECK_EQ(c.timeout, 1);
    CHECK_EQ(c.attempts, 1);
    servers("options timeout: attempts:x timeout:-1 attempts:99999999999999999999\n");
    CHECK_EQ(c.timeout, 5);
    CHECK_EQ(c.attempts, 2);
}

static void search_lists(void)
{
    char text[700] = "search ";

    servers("search lan\texample.org \r\n");
    CHECK_STR(c.search, "lan example.org");
    servers("search lan\ndomain example.org\n");
    CHECK_STR(c.search, "example.org");
    servers("search lan\nsearch\n");
    CHECK_STR(c.search, "");
    for (int i = 0; i < 60; i++)
        strcat(text, "abcdefghi ");
    servers(text);
    CHECK_EQ(strlen(c.search), 249);                     /* whole words alone */
}

static void odd_bytes(void)
{
    CHECK_STR(read_n("nameserver 192.0.2.1\0\nnameserver 192.0.2.2\n", 42), "192.0.2.2");
    CHECK_STR(read_n("\0\xff\n\n\nnameserver \x80\nnameserver 192.0.2.3", 38), "192.0.2.3");
}

int main(void)
{
    RUN(what_stands_when_nothing_is_said);
    RUN(name_servers);
    RUN(options);
    RUN(search_lists);
    RUN(odd_bytes);
    TEST_DONE();
}
