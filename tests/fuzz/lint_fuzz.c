/* Lint on arbitrary rule files, against the engine: hosts.allow, a 0x01 byte, hosts.deny; facts lie in the first byte.
 * Whatever the engine refuses by a fault is found in that line, and without an error only odd names are refused so. */
#include "mail/lint.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

struct heard {
    const char *file;            /* the line that is asked about */
    unsigned line;
    unsigned errors, in_line, errors_in_line;
    const char *last_file;       /* findings come in order */
    unsigned last_line;
};

static void found(void *ctx, const struct lint_finding *f)
{
    struct heard *h = ctx;

    MUST(*f->text && strlen(f->text) < 300);
    for (const char *p = f->text; *p; p++)
        MUST(*p >= ' ' && *p <= '~');
    MUST(!h->last_file || strcmp(h->last_file, f->file) < 0
         || (strcmp(h->last_file, f->file) == 0 && h->last_line <= f->line));
    h->last_file = f->file;
    h->last_line = f->line;
    h->errors += f->error;
    if (h->file && strcmp(h->file, f->file) == 0 && h->line == f->line) {
        h->in_line++;
        h->errors_in_line += f->error;
    }
}

static const char *no_host(void *ctx, const char *name)
{
    (void)ctx;
    return name[0] == 'a' ? "no such host" : NULL;
}

static enum access_verdict settle(const struct access_rules *rules, uint8_t pick, struct access_why *why)
{
    static const char *const clients[] = { "", "10.0.0.1", "2001:db8::1", "192.168.1.255" };
    static const char *const names[] = { "mx1.upv.es", "printer", "10.evil.example", "a.lan" };
    struct access_facts facts = { .daemons = pick & 64 ? "sshd" : access_daemons("smtpd") };

    net_parse(clients[pick & 3], strlen(clients[pick & 3]), &facts.client);
    net_parse("fd00::25", 8, &facts.server);
    facts.client_state = (enum access_name)(1 + (pick >> 2) % 3);
    facts.server_state = ACCESS_NAME_UNKNOWN;
    facts.client_name = names[pick >> 4 & 3];
    facts.user = pick & 128 ? "joe" : ACCESS_NO_USER;
    return access_decide(rules, &facts, why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct heard heard = { .file = NULL };
    struct lint_site site = { .found = found, .ctx = &heard };
    struct access_why why;

    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    const char *cut = memchr(text, 1, --size);
    size_t allow_n = cut ? (size_t)(cut - text) : size;
    struct access_rules rules = { .allow = { "allow", text, allow_n, NULL }, .deny = { .name = "deny" } };
    if (cut)
        rules.deny = (struct access_file){ "deny", cut + 1, size - allow_n - 1, NULL };
    site.names = data[0] & 1;
    site.strict = data[0] & 2;
    site.daemons = data[0] & 4 ? "smtpd sendmail in.ftpd" : NULL;
    site.bare = data[0] & 8 ? "sshd" : NULL;
    site.host = data[0] & 16 ? no_host : NULL;
    site.seen_n = lint_room(&rules);
    site.seen = calloc(site.seen_n, sizeof *site.seen);
    MUST(site.seen);
    enum access_verdict v = settle(&rules, data[0], &why);
    heard.file = why.file;
    heard.line = why.line;
    MUST(lint_rules(&rules, &site) == heard.errors);
    if (v == ACCESS_DENY && *why.fault)
        MUST(heard.in_line > 0 && (heard.errors_in_line > 0 || strstr(why.fault, "`: it is the host's name that")
                                   || strstr(why.fault, "`: a host without a proven name")));
    free(site.seen);
    return 0;
}
