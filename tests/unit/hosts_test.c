/* hosts(5): names of addresses, addresses of names, and lines that are neither. */
#include "mail/hosts.h"

#include "test.h"

#include <stdlib.h>

static const char file[] =
    "# the LAN\n"
    "127.0.0.1\tlocalhost\n"
    "::1 localhost ip6-localhost\r\n"
    "192.0.2.1  Big.Example.Org big small # small.example.org\n"
    "192.0.2.2 small.example.org small\n"
    "010.0.0.1 octal\n"
    "192.0.2.3\n"
    "   192.0.2.4 indented\n"
    "::ffff:192.0.2.5 mapped\n"
    "192.0.2.6 # nobody\n"
    "#192.0.2.7 away\n"
    "nonsense here\n"
    "192.0.2.8 last";

/* The copy has not a byte behind it, so that a sanitizer sees what reads on. */
static char *copy_of(const char *text, size_t n)
{
    char *copy = malloc(n ? n : 1);

    memcpy(copy, text, n);
    return copy;
}

static const char *name_in(const char *text, size_t n, const char *address)
{
    static char name[HOSTS_NAME];
    struct net_addr a;
    char *copy = copy_of(text, n);

    CHECK_EQ(net_parse(address, strlen(address), &a), 0);
    bool found = hosts_name_of(copy, n, &a, name);
    free(copy);
    return found ? name : "-";
}

static const char *name_of(const char *address)
{
    return name_in(file, sizeof file - 1, address);
}

/* `ADDRESS ADDRESS (REAL)`, or "-". */
static const char *addresses_of(const char *name)
{
    static char out[1000];
    struct net_addr a[4];
    char real[HOSTS_NAME] = "", *copy = copy_of(file, sizeof file - 1);
    unsigned n = hosts_addresses_of(copy, sizeof file - 1, name, a, 4, real);

    free(copy);
    out[0] = '\0';
    for (unsigned i = 0; i < n; i++) {
        char text[NET_TEXT];
        net_format(&a[i], text);
        strcat(strcat(out, text), " ");
    }
    if (n == 0)
        return "-";
    return strcat(strcat(strcat(out, "("), real), ")");
}

static void names_of_addresses(void)
{
    CHECK_STR(name_of("127.0.0.1"), "localhost");
    CHECK_STR(name_of("::1"), "localhost");
    CHECK_STR(name_of("192.0.2.1"), "Big.Example.Org");
    CHECK_STR(name_of("192.0.2.4"), "indented");
    CHECK_STR(name_of("192.0.2.5"), "mapped");
    CHECK_STR(name_of("192.0.2.8"), "last");
}

static void addresses_without_a_name(void)
{
    static const char *const rows[] = {
        "192.0.2.3", "192.0.2.6", "192.0.2.7", "192.0.2.9", "10.0.0.1", "8.0.0.1", "::2",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_STR(name_of(rows[i]), "-");
}

static void addresses_of_names(void)
{
    CHECK_STR(addresses_of("localhost"), "127.0.0.1 ::1 (localhost)");
    CHECK_STR(addresses_of("LOCALHOST."), "127.0.0.1 ::1 (localhost)");
    CHECK_STR(addresses_of("big.example.org"), "192.0.2.1 (Big.Example.Org)");
    CHECK_STR(addresses_of("small"), "192.0.2.1 192.0.2.2 (Big.Example.Org)");
    CHECK_STR(addresses_of("small.example.org"), "192.0.2.2 (small.example.org)");
    CHECK_STR(addresses_of("last"), "192.0.2.8 (last)");
    CHECK_STR(addresses_of("octal"), "-");
    CHECK_STR(addresses_of("here"), "-");
    CHECK_STR(addresses_of("192.0.2.8"), "-");
    CHECK_STR(addresses_of("las"), "-");
    CHECK_STR(addresses_of(""), "-");
    CHECK_STR(addresses_of("."), "-");
}

static void odd_files(void)
{
    char text[600] = "192.0.2.1 ";
    struct net_addr a[4];
    char real[HOSTS_NAME];

    CHECK(!hosts_name_of(NULL, 0, &(struct net_addr){ .family = NET_V4 }, real));
    CHECK_EQ(hosts_addresses_of(NULL, 0, "a", a, 4, real), 0);
    CHECK_STR(name_in("192.0.2.1 a\0b c\n", 16, "192.0.2.1"), "c");
    CHECK_STR(name_in("192.0.2.1 a\0b\n", 14, "192.0.2.1"), "-");
    CHECK_STR(name_in("\n\n \n", 4, "192.0.2.1"), "-");
    memset(text + 10, 'x', 256);                         /* a name of 256 bytes is none, one of 255 is */
    strcpy(text + 266, " y");
    CHECK_STR(name_in(text, strlen(text), "192.0.2.1"), "y");
    CHECK_EQ(strlen(name_in(text, 265, "192.0.2.1")), 255);
}

static void no_more_than_asked_for(void)
{
    char text[2000] = "";
    struct net_addr a[3];
    char real[HOSTS_NAME];

    for (int i = 0; i < 100; i++)
        strcat(text, "192.0.2.1 many\n");
    CHECK_EQ(hosts_addresses_of(text, strlen(text), "many", a, 3, real), 3);
}

int main(void)
{
    RUN(names_of_addresses);
    RUN(addresses_without_a_name);
    RUN(addresses_of_names);
    RUN(odd_files);
    RUN(no_more_than_asked_for);
    TEST_DONE();
}
