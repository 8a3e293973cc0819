/* access-check: says whether a client may speak to a daemon, and which rule decides. */
#include "applets.h"

#include "base/str.h"
#include "mail/access.h"
#include "mail/conf.h"
#include "mail/limits.h"
#include "mail/lint.h"
#include "mail/option.h"
#include "sys/access_table.h"
#include "sys/dns.h"
#include "sys/file.h"
#include "sys/imagefile.h"
#include "sys/lintsite.h"
#include "sys/log.h"
#include "sys/proc.h"
#include "sys/resolve.h"
#include "sys/rules.h"
#include "sys/tree.h"
#include "sys/verdict.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static struct access_table table;        /* of the tree */

enum { EXIT_ALLOW = 0, EXIT_DENY = 1, EXIT_UNDECIDED = 2 };

#define NOBODY 65534
#define DAEMON_NAME 255
#define CONF "etc/buzon.conf"

/* What the command line says; the texts point into argv. */
struct options {
    const char *root, *allow, *deny;
    const char *name;                    /* -n: the client's name, so that DNS is not asked */
    const char *server;                  /* -s */
    const char *port;                    /* -p: as tcpd sees a daemon, by one name and its port */
    const char *inetd;                   /* -i */
    bool explain;                        /* -v */
    bool lint, compile, look_up;         /* -t, -c, -r */
};

/* One question, in words of the command line or of a line of standard input, which it cuts up. */
struct question {
    const char *daemon, *server, *user, *client;
    const char *name;                    /* NULL: to be looked up */
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
    fputs("usage: access-check [-v] [--root DIR | -a ALLOW -d DENY] [-n NAME] [-s SERVER] [-p PORT] "
          "DAEMON[@SERVER] [USER@]CLIENT\n"
          "       access-check [-v] [--root DIR | -a ALLOW -d DENY] [-s SERVER] [-p PORT] -\n"
          "       access-check -t [-rv] [-i INETD.CONF] [--root DIR | -a ALLOW -d DENY]\n"
          "       access-check -c [--root DIR | -a ALLOW -d DENY]\n", stderr);
    return EX_USAGE;
}

/* Cuts `left@right` in the text itself. Returns right, or NULL when there is no @. */
static char *cut_at(char *text)
{
    char *at = strrchr(text, '@');

    if (at)
        *at++ = '\0';
    return at;
}

/* Returns NULL, or what is wrong. */
static const char *read_question(char *daemon, char *client, const struct options *o, struct question *q)
{
    const char *at_server = cut_at(daemon), *at_client = cut_at(client);

    if (at_server && o->server)
        return "the server is named twice";
    q->server = at_server ? at_server : o->server;
    q->daemon = daemon;
    q->client = at_client ? at_client : client;
    q->user = at_client ? client : NULL;
    q->name = o->name;
    if (!*q->daemon || !*q->client || (q->server && !*q->server) || (q->user && !*q->user))
        return "a name is empty";
    return strpbrk(q->daemon, " \t") ? "one daemon, please" : NULL;
}

/* Returns 0 or the exit code. */
static int read_options(int argc, char **argv, struct options *o)
{
    int c;

    while ((c = getopt(argc, argv, "+:a:d:i:n:p:rs:tcv")) != -1)
        switch (c) {
        case 'a': o->allow = optarg; break;
        case 'd': o->deny = optarg; break;
        case 'i': o->inetd = optarg; break;
        case 'n': o->name = optarg; break;
        case 'p': o->port = optarg; break;
        case 'r': o->look_up = true; break;
        case 's': o->server = optarg; break;
        case 'v': o->explain = true; break;
        case 't': o->lint = true; break;
        case 'c': o->compile = true; break;
        case ':': return usage("an option lacks its value");
        default:  return usage("no such option");
        }
    if (!o->allow != !o->deny)
        return usage("-a and -d go together; /dev/null is an empty file");
    if (o->root && o->allow)
        return usage("either --root, or -a and -d");
    if (o->port && (strlen(o->port) > 5 || strspn(o->port, "0123456789") != strlen(o->port) || !*o->port))
        return usage("-p wants the port's number");
    if (o->name && !*o->name)
        return usage("-n wants a name, or one of the words unknown and paranoid");
    if (o->lint && (o->name || o->server))
        return usage("-t asks no question");
    if (!o->lint && (o->inetd || o->look_up))
        return usage("-i and -r go with -t");
    return 0;
}

/* -t. */
static void say_finding(void *ctx, const struct lint_finding *f)
{
    (void)ctx;
    if (f->line)
        printf("%s:%u: %s: %s\n", f->file, f->line, f->error ? "error" : "warning", f->text);
    else
        printf("%s: %s: %s\n", f->file, f->error ? "error" : "warning", f->text);
}

/* The checks of the tree's other files, which return the number of errors. Their findings stand before the rules', in
 * the order of the names. */
static unsigned lint_conf(void)
{
    struct conf conf;
    struct conf_error wrong;
    char *text;
    size_t n;

    if (file_read(CONF, LIMIT_CONF, &text, &n) != SYS_OK) {
        if (errno == ENOENT)
            return 0;
        wrong.line = 0;
        str_copy(wrong.text, sizeof wrong.text,
                 errno == EPERM ? "writable by everybody: chmod 644 it" : strerror(errno));
    } else {
        conf_defaults(&conf);
        if (conf_parse(&conf, text, n, &wrong) == 0)
            return 0;
    }
    say_finding(NULL, &(struct lint_finding){ CONF, wrong.line, true, wrong.text });
    return 1;
}

static void say_table_fault(void *ctx, unsigned line, const char *fault)
{
    unsigned *errors = ctx;

    ++*errors;
    say_finding(NULL, &(struct lint_finding){ ACCESS_TABLE_FILE, line, true, fault });
}

static unsigned lint_table(void)
{
    unsigned errors = 0;

    if (access_table_check(ACCESS_TABLE_FILE, say_table_fault, &errors) < 0)
        say_table_fault(&errors, 0, "no memory for the table: make it smaller");
    return errors;
}

static unsigned (*const tree_checks[])(void) = { lint_table, lint_conf };

/* A file that was named and is not there is a slip of the pen here, not an empty file. */
static int is_named(const struct access_file *file)
{
    if (file->text || file->fault || access(file->name, F_OK) == 0)
        return 0;
    return complain(file->name, "no such file; /dev/null is an empty one");
}

/* Where the rules lie; those of -a and -d have their image beside hosts.allow, as in /etc. False when that name is too
 * long. */
static bool find_rules(const struct options *o, struct imagefile_paths *paths)
{
    static char image[PATH_MAX];
    struct str s;

    if (!o->allow) {
        *paths = *rules_of_tree();
        return true;
    }
    const char *slash = strrchr(o->allow, '/');
    str_init(&s, image, sizeof image);
    str_addn(&s, o->allow, slash ? (size_t)(slash - o->allow) + 1 : 0);
    str_add(&s, "access.db");
    *paths = (struct imagefile_paths){ image, { o->allow, o->deny, NULL } };
    return !s.cut;
}

/* Finds and loads the rules, as root still: by their image, or for -t and -c as text. */
static int open_rules(const struct options *o, struct access_rules *rules, struct imagefile_paths *paths,
                      struct tree *t)
{
    struct imagefile_paths texts;
    struct fault f;

    if (!o->allow && tree_open(t, o->root, &f)) {
        complain(f.text, "");
        return o->compile ? f.code : EXIT_UNDECIDED;
    }
    if (!find_rules(o, paths))
        return usage("the name of the file is too long");
    texts = *paths;
    texts.image = NULL;
    rules_load(rules, o->lint || o->compile ? &texts : paths);
    if (!o->allow && !o->lint && !o->compile)
        access_table_load(&table, ACCESS_TABLE_FILE, rules_image(rules));
    if (o->allow && (is_named(&rules->allow) || is_named(&rules->deny)))
        return o->compile ? EX_NOINPUT : EXIT_UNDECIDED;
    return 0;
}

/* What follows speaks to name servers: not as root. */
static int give_root_up(const struct options *o, const struct tree *t)
{
    struct fault f;

    resolve_load(!o->allow);
    if (geteuid() == 0 && proc_drop(o->allow ? NOBODY : t->uid, o->allow ? NOBODY : t->gid, &f))
        return complain(f.text, "");
    return 0;
}

static unsigned check_tree(const struct options *o)
{
    unsigned errors = 0;

    for (size_t i = 0; !o->allow && i < sizeof tree_checks / sizeof *tree_checks; i++)
        errors += tree_checks[i]();
    return errors;
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

/* -v: what the verdict rests on, one fact a line. `given` is the client as it was asked about; `how` its name was
 * found, or NULL when that was given; `wants` the rule that wanted its name. */
static void explain_address(const char *whose, const struct net_addr *addr, const char *given)
{
    char text[NET_TEXT];

    net_format(addr, text);
    printf("%s address: %s%s%s\n", whose, text,
           addr->family == NET_V4 ? " (IPv4)" : addr->family == NET_V6 ? " (IPv6)" : "",
           addr->family == NET_V4 && strchr(given, ':') ? ", mapped into IPv6, and taken for IPv4" : "");
}

static void explain_name(const char *whose, enum access_name state, const char *name, const char *how,
                         const struct access_why *wants)
{
    if (state == ACCESS_NAME_UNASKED) {
        printf("%s name: not looked up: no rule that was tried needs it\n", whose);
        return;
    }
    printf("%s name: %s", whose, state == ACCESS_NAME_KNOWN ? name
                               : state == ACCESS_NAME_UNKNOWN ? "unknown" : "paranoid");
    if (!how)
        puts(" (as given)");
    else
        printf(": %s (%s:%u wants it)\n", how, wants->file ? wants->file : "-", wants->line);
}

/* What the rule's options ask for: a server would do it. */
static void explain_options(const struct access_why *why, const struct access_facts *facts)
{
    struct rule_span rest = { why->options, strlen(why->options) };
    struct option option;
    char text[500];

    while (rest.p && *why->options && !option_next(&rest, &option)) {
        option_tell(&option, facts, text, sizeof text);
        printf("option: %s\n", text);
    }
}

static void explain_step(void *ctx, const struct access_step *step)
{
    static const char *const words[] = {
        [ACCESS_NOT_DAEMON] = "not this daemon", [ACCESS_NOT_CLIENT] = "not this client",
        [ACCESS_MATCHED] = "matched", [ACCESS_WANTS_NAME] = "needs a name", [ACCESS_FAULTY] = "cannot be understood",
        [ACCESS_WANTS_USER] = "needs a user",
    };
    char rule[200];
    struct str s;

    (void)ctx;
    str_init(&s, rule, sizeof rule);
    str_add_clean(&s, step->rule, step->n);
    printf("%s:%u %s: %s\n", step->file, step->line, words[step->what], rule);
}

/* Decides once more with everything known, so that the facts stand first and each rule is told of once. */
static void explain(const struct access_rules *rules, const struct question *q, const struct access_facts *facts,
                    const struct dns_names *names)
{
    static const struct access_trace trace = { explain_step, NULL };
    struct access_rules traced = *rules;
    struct access_facts before = *facts;
    struct access_why why;

    before.client_state = ACCESS_NAME_UNASKED;
    access_decide(rules, &before, &why);
    printf("daemon: %s\n", facts->daemons);
    explain_address("client", &facts->client, q->client);
    explain_name("client", facts->client_state, facts->client_name, q->name ? NULL : names->client_how, &why);
    if (q->server) {
        before = *facts;
        before.server_state = ACCESS_NAME_UNASKED;
        access_decide(rules, &before, &why);
        explain_address("server", &facts->server, q->server);
        explain_name("server", facts->server_state, facts->server_name, names->server_how, &why);
    }
    printf("client user: %s\n", q->user ? q->user : "not looked up, taken for unknown");
    traced.trace = &trace;
    access_decide(&traced, facts, &why);
    explain_options(&why, facts);
}

static int say(enum access_verdict v, const struct access_why *why)
{
    const char *word = v == ACCESS_ALLOW ? "allow" : "deny";

    if (*why->fault)
        fprintf(stderr, "access-check: %s:%u: %s\n", why->file, why->line, why->fault);
    if (why->file)
        printf("%s %s:%u %s\n", word, why->file, why->line, *why->rule ? why->rule : "-");
    else
        printf("%s - no rule matches\n", word);
    if (fflush(stdout))
        return complain("cannot write the verdict", "");
    return v == ACCESS_ALLOW ? EXIT_ALLOW : EXIT_DENY;
}

/* What smtpd's access table says of a client whom the rules let in. */
static void ask_table(struct access_facts *facts, struct dns_names *names, enum access_verdict *v,
                      struct access_why *why)
{
    struct table_query q = { .tag = TABLE_CONNECT, .client = facts->client };
    struct table_answer a;
    enum table_result r;

    do {
        q.state = facts->client_state;
        q.name = facts->client_name;
        r = access_table_find(&table, &q, &a);
        if (r == TABLE_ASK_NAME)
            dns_ask_client(names, facts);
    } while (r == TABLE_ASK_NAME);
    if (r == TABLE_FOUND && a.action == TABLE_DISCARD)
        fprintf(stderr, "access-check: " ACCESS_TABLE_FILE ":%u: what it sends is thrown away: %s\n", a.line, a.rule);
    if (r == TABLE_NOTHING || (r == TABLE_FOUND && a.action != TABLE_REJECT && a.action != TABLE_REPLY))
        return;
    *v = ACCESS_DENY;
    why->file = ACCESS_TABLE_FILE;
    why->line = a.line;
    (void)str_copy(why->rule, sizeof why->rule, a.rule);
    (void)str_copy(why->fault, sizeof why->fault, a.fault);
}

/* Where a server would ask the client's host for its user, that is not done here, and the verdict may be another. */
static void note_user(const struct access_rules *rules, const struct question *q, struct access_facts facts)
{
    struct access_why why;

    facts.user = NULL;
    if (!q->user && access_decide(rules, &facts, &why) == ACCESS_ASK_USER)
        fprintf(stderr, "access-check: note: by %s:%u a server asks the client's host for its user; here it is taken "
                "for unknown: give USER@CLIENT\n", why.file, why.line);
}

static int answer(struct access_rules *rules, const struct question *q, const struct options *o)
{
    struct dns_names names = { .failed = false };
    struct access_why why;
    char one[DAEMON_NAME + 8];
    struct access_facts facts = { .daemons = o->port ? one : access_daemons(q->daemon),
                                  .user = q->user ? q->user : ACCESS_NO_USER };

    snprintf(one, sizeof one, "%.*s %s", DAEMON_NAME, q->daemon, o->port ? o->port : "");
    if (find_host(q->client, &facts.client) || (q->server && find_host(q->server, &facts.server)))
        return EXIT_UNDECIDED;
    set_name(&facts, q->name);
    note_user(rules, q, facts);
    enum access_verdict v = verdict_reach(rules, &facts, &(struct verdict_names){ .dns = &names }, &why);
    access_explain(rules, &why);
    if (!o->explain && !q->name)
        tell_name(&facts.client, facts.client_state, facts.client_name);
    if (!o->explain)
        tell_name(&facts.server, facts.server_state, facts.server_name);
    else
        explain(rules, q, &facts, &names);
    if (v == ACCESS_ALLOW && !o->allow && !o->port && str_in_words(access_daemons("smtpd"), q->daemon))
        ask_table(&facts, &names, &v, &why);
    return say(v, &why);
}

/* One question of standard input; returns its exit code. */
static int answer_line(struct access_rules *rules, char *line, const struct options *o)
{
    struct question q;
    char *daemon = strtok(line, " \t"), *client = strtok(NULL, " \t"), *name = strtok(NULL, " \t");
    const char *wrong = !client || strtok(NULL, " \t") ? "no question: DAEMON[@SERVER] [USER@]CLIENT [NAME]"
                                                       : read_question(daemon, client, o, &q);

    if (wrong)
        return complain(daemon, wrong);
    if (name)
        q.name = name;
    return answer(rules, &q, o);
}

/* Every line of standard input is a question. Each has its line in the output, so that the two can be laid side by
 * side. Returns the worst exit code. */
static int answer_all(struct access_rules *rules, const struct options *o)
{
    char line[1024];
    int worst = EXIT_ALLOW;

    while (fgets(line, sizeof line, stdin)) {
        size_t n = strlen(line);
        bool whole = n > 0 && line[n - 1] == '\n';
        int r = EXIT_UNDECIDED;

        if (!whole && !feof(stdin))
            return complain("a question is longer than a line may be", "");
        line[n - whole] = '\0';
        if (line[0] == '#' || line[strspn(line, " \t")] == '\0')
            continue;
        r = answer_line(rules, line, o);
        if (r == EXIT_UNDECIDED)
            puts("none - no verdict");
        worst = r > worst ? r : worst;
    }
    if (ferror(stdin) || fflush(stdout))
        return complain(ferror(stdin) ? "cannot read the questions" : "cannot write the verdicts", "");
    return worst;
}

/* Is the image that is there any use to the servers? */
static void check_image(const struct imagefile_paths *paths)
{
    static struct imagefile image;
    char why[300], text[400];

    enum sys_result r = imagefile_open(&image, paths, why, sizeof why);
    if (r == SYS_PERM || (r == SYS_OK && !image.slow))
        return;
    snprintf(text, sizeof text, "%s: run access-check -c", r == SYS_OK
             ? "a text has not the time that is noted here, so that each connection compares all of it" : why);
    say_finding(NULL, &(struct lint_finding){ paths->image, 0, false, text });
    imagefile_close(&image);
}

static int lint(const struct options *o)
{
    struct lint_site site = { .found = say_finding, .strict = o->explain, .host = o->look_up ? lintsite_host : NULL };
    struct imagefile_paths paths;
    struct access_rules rules;
    struct tree t;
    struct fault f;
    int r = open_rules(o, &rules, &paths, &t);

    if (r)
        return r;
    if (lintsite_read(&site, &rules, o->inetd, !o->allow, &f))
        return complain(f.text, "");
    check_image(&paths);
    unsigned errors = check_tree(o);
    r = give_root_up(o, &t);
    if (r)
        return r;
    errors += lint_rules(&rules, &site);
    if (fflush(stdout))
        return complain("cannot write the findings", "");
    return errors ? EX_CONFIG : EX_OK;
}

static void say_error(void *ctx, const struct lint_finding *f)
{
    if (f->error)
        say_finding(ctx, f);
}

/* What somebody would be refused by is not compiled. */
static int compile(const struct options *o)
{
    const struct lint_site site = { .found = say_error, .names = true };
    struct imagefile_paths paths;
    struct access_rules rules;
    struct tree t;
    struct fault f;
    unsigned n;
    size_t bytes;
    int r = open_rules(o, &rules, &paths, &t);

    if (r)
        return r;
    if ((o->allow ? 0 : lint_table()) + lint_rules(&rules, &site) > 0) {
        complain(paths.image, "not made, for the rules have errors");
        return EX_CONFIG;
    }
    if (imagefile_make(&paths, &n, &bytes, &f)) {
        complain(f.text, "");
        return f.code;
    }
    printf("%s: %u rules, %zu bytes\n", paths.image, n, bytes);
    return EX_OK;
}

int access_check_main(int argc, char **argv)
{
    struct options o = { 0 };
    struct question q = { 0 };
    struct imagefile_paths paths;
    struct access_rules rules;
    struct tree t;

    if (proc_init())
        return EX_OSERR;
    log_to_stderr("access-check");
    o.root = tree_option(&argc, argv);
    if (argc < 0)
        return usage("--root wants a directory");
    int r = read_options(argc, argv, &o);
    if (r)
        return r;
    argc -= optind;
    argv += optind;
    if (o.lint || o.compile)
        return argc > 0 ? usage("-t and -c ask no question") : o.compile ? compile(&o) : lint(&o);
    bool all = argc == 1 && strcmp(argv[0], "-") == 0;
    if (!all && argc != 2)
        return usage(argc < 2 ? "a daemon and a client are wanted" : "one daemon and one client, no more");
    const char *wrong = all ? NULL : read_question(argv[0], argv[1], &o, &q);
    if (wrong)
        return usage(wrong);
    r = open_rules(&o, &rules, &paths, &t);
    if (!r)
        r = give_root_up(&o, &t);
    if (r || all)
        return r ? r : answer_all(&rules, &o);
    return answer(&rules, &q, &o);
}
