/* access-check: says whether a client may speak to a daemon, and which rule decides. */
#include "applets.h"

#include "base/str.h"
#include "mail/access.h"
#include "sys/dns.h"
#include "sys/proc.h"
#include "sys/resolve.h"
#include "sys/rules.h"
#include "sys/tree.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { EXIT_ALLOW = 0, EXIT_DENY = 1, EXIT_UNDECIDED = 2 };

#define NOBODY 65534

/* What was asked on the command line; the texts point into argv. */
struct question {
    const char *root, *allow, *deny;
    const char *name;                    /* -n: the client's name, so that DNS is not asked */
    const char *daemon, *server, *user, *client;
};

static int complain(const char *what, const char *more)
{
    fprintf(stderr, "access-check: %s%s%s\n", what, *more ? ": " : "", more);
    return EXIT_UNDECIDED;
}

static int usage(const char *why)
{
    if (*why)
        complain(why, "");
    fputs("usage: access-check [--root DIR | -a ALLOW -d DENY] [-n NAME] [-s SERVER] DAEMON[@SERVER] [USER@]CLIENT\n",
          stderr);
    return EX_USAGE;
}

/* Cuts `left@right` in argv itself. Returns right, or NULL when there is no @. */
static char *cut_at(char *text)
{
    char *at = strrchr(text, '@');

    if (at)
        *at++ = '\0';
    return at;
}

static int read_operands(int argc, char **argv, struct question *q)
{
    if (argc != 2)
        return usage(argc < 2 ? "a daemon and a client are wanted" : "one daemon and one client, no more");
    const char *at_server = cut_at(argv[0]), *at_client = cut_at(argv[1]);
    if (at_server && q->server)
        return usage("the server is named twice");
    if (at_server)
        q->server = at_server;
    q->daemon = argv[0];
    q->client = at_client ? at_client : argv[1];
    q->user = at_client ? argv[1] : NULL;
    if (!*q->daemon || !*q->client || (q->server && !*q->server) || (q->user && !*q->user))
        return usage("a name is empty");
    if (strpbrk(q->daemon, " \t"))
        return usage("one daemon, please");
    return 0;
}

/* Returns 0 or the exit code. */
static int read_options(int argc, char **argv, struct question *q)
{
    int c;

    while ((c = getopt(argc, argv, "+:a:d:n:s:tcv")) != -1)
        switch (c) {
        case 'a': q->allow = optarg; break;
        case 'd': q->deny = optarg; break;
        case 'n': q->name = optarg; break;
        case 's': q->server = optarg; break;
        case 't':
        case 'c':
        case 'v':
            fprintf(stderr, "access-check: -%c is not supported yet\n", c);
            return EX_USAGE;
        case ':': return usage("an option lacks its value");
        default:  return usage("no such option");
        }
    if (!q->allow != !q->deny)
        return usage("-a and -d go together; /dev/null is an empty file");
    if (q->root && q->allow)
        return usage("either --root, or -a and -d");
    if (q->name && !*q->name)
        return usage("-n wants a name, or one of the words unknown and paranoid");
    return read_operands(argc - optind, argv + optind, q);
}

/* A file that was named and is not there is a slip of the pen here, not an empty file. */
static int is_named(const struct access_file *file)
{
    if (file->text || file->fault || access(file->name, F_OK) == 0)
        return 0;
    return complain(file->name, "no such file; /dev/null is an empty one");
}

/* Reads the rules, and then gives root up: what follows speaks to name servers. */
static int load_rules(const struct question *q, struct access_rules *rules)
{
    struct tree t = { .uid = NOBODY, .gid = NOBODY };
    struct fault f;

    if (q->allow) {
        rules_load(rules, &(struct imagefile_paths){ NULL, { q->allow, q->deny, NULL } });
        if (is_named(&rules->allow) || is_named(&rules->deny))
            return EXIT_UNDECIDED;
    } else {
        if (tree_open(&t, q->root, &f))
            return complain(f.text, "");
        rules_load(rules, rules_of_tree());
    }
    resolve_load(!q->allow);
    if (geteuid() == 0 && proc_drop(t.uid, t.gid, &f))
        return complain(f.text, "");
    return 0;
}

/* An address, in brackets or not, `unknown`, or a name that is looked up. */
static int find_host(const char *text, struct net_addr *addr)
{
    char address[NET_TEXT];
    size_t n = strlen(text);
    bool brackets = n > 2 && text[0] == '[' && text[n - 1] == ']';

    if (net_parse(text + brackets, n - 2 * brackets, addr) == 0 || str_case_eq(text, "unknown"))
        return 0;
    if (strspn(text, "0123456789.") == n || strchr(text, ':'))
        return complain(text, "no address: four numbers from 0 to 255 without leading zeros, or an IPv6 address");
    switch (dns_address_of(text, addr)) {
    case SYS_OK:
        break;
    case SYS_PERM:
        return complain(text, "no such host; give its address, and its name with -n");
    default:
        return complain(text, "no name server answers; give the address, and the name with -n");
    }
    net_format(addr, address);
    complain(text, address);
    return 0;
}

static void set_name(struct access_facts *facts, const char *name)
{
    if (!name)
        return;
    facts->client_state = str_case_eq(name, "unknown") ? ACCESS_NAME_UNKNOWN
                        : str_case_eq(name, "paranoid") ? ACCESS_NAME_PARANOID : ACCESS_NAME_KNOWN;
    facts->client_name = name;
}

/* Which name was found when one was looked up: the verdict may hang on it. */
static void tell_name(const struct net_addr *addr, enum access_name state, const char *name)
{
    char address[NET_TEXT];

    net_format(addr, address);
    if (state == ACCESS_NAME_KNOWN)
        complain(address, name);
    else if (state == ACCESS_NAME_UNKNOWN)
        complain(address, "has no name");
    else if (state == ACCESS_NAME_PARANOID)
        fprintf(stderr, "access-check: %s: its name %s%sdoes not lead back to it\n", address, name, *name ? " " : "");
}

static int say(enum access_verdict v, const struct access_why *why)
{
    const char *word = v == ACCESS_ALLOW ? "allow" : "deny";

    if (why->file)
        printf("%s %s:%u %s\n", word, why->file, why->line, *why->rule ? why->rule : "-");
    else
        printf("%s - no rule matches\n", word);
    if (*why->fault)
        fprintf(stderr, "access-check: %s:%u: %s\n", why->file, why->line, why->fault);
    if (fflush(stdout))
        return complain("cannot write the verdict", "");
    return v == ACCESS_ALLOW ? EXIT_ALLOW : EXIT_DENY;
}

static int answer(const struct question *q)
{
    struct access_rules rules;
    struct dns_names names = { .failed = false };
    struct access_why why;
    struct access_facts facts = { .daemons = access_daemons(q->daemon), .user = q->user ? q->user : ACCESS_NO_USER };
    int r = load_rules(q, &rules);

    if (!r)
        r = find_host(q->client, &facts.client);
    if (!r && q->server)
        r = find_host(q->server, &facts.server);
    if (r)
        return r;
    set_name(&facts, q->name);
    enum access_verdict v = dns_decide(&rules, &facts, &names, &why);
    if (!q->name)
        tell_name(&facts.client, facts.client_state, facts.client_name);
    tell_name(&facts.server, facts.server_state, facts.server_name);
    return say(v, &why);
}

int access_check_main(int argc, char **argv)
{
    struct question q = { 0 };

    if (proc_init())
        return EX_OSERR;
    q.root = tree_option(&argc, argv);
    if (argc < 0)
        return usage("--root wants a directory");
    int r = read_options(argc, argv, &q);
    return r ? r : answer(&q);
}
