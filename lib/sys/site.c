/* The tree and its configuration: see site.h. */
#include "sys/site.h"

#include "mail/address.h"
#include "mail/limits.h"
#include "sys/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define SITE_CONF "etc/buzon.conf"

/* The system's name where it can be one of ours. */
static const char *system_name(void)
{
    static char name[LIMIT_HOSTNAME + 1];

    if (gethostname(name, sizeof name - 1) || !address_is_domain(name, strlen(name)))
        return "localhost";
    return name;
}

/* Reads the file into *c and *text, which c points into. */
static int read_conf(const struct site *s, struct conf *c, char **text, struct fault *f)
{
    struct conf_error error;
    size_t n;

    *text = NULL;
    conf_defaults(c);
    if (file_read(SITE_CONF, LIMIT_CONF, text, &n) != SYS_OK) {
        if (errno != ENOENT)
            return fault_set(f, EX_CONFIG, "%s/" SITE_CONF ": %s", s->tree.root,
                             errno == EPERM ? "writable by everybody; chmod 644 it" : strerror(errno));
    } else if (conf_parse(c, *text, n, &error)) {
        return error.line
                   ? fault_set(f, EX_CONFIG, "%s/" SITE_CONF ":%u: %s", s->tree.root, error.line, error.text)
                   : fault_set(f, EX_CONFIG, "%s/" SITE_CONF ": %s", s->tree.root, error.text);
    }
    if (!*c->hostname)
        c->hostname = system_name();
    return 0;
}

static void look(struct stat *st)
{
    if (stat(SITE_CONF, st))
        memset(st, 0, sizeof *st);
}

int site_open(struct site *s, const char *root_option, struct fault *f)
{
    if (tree_open(&s->tree, root_option, f))
        return -1;
    look(&s->seen);
    return read_conf(s, &s->conf, &s->text, f);
}

int site_refresh(struct site *s, struct fault *f)
{
    struct stat now;
    struct conf conf;
    char *text;

    look(&now);
    if (now.st_ino == s->seen.st_ino && now.st_size == s->seen.st_size && now.st_mtim.tv_sec == s->seen.st_mtim.tv_sec
        && now.st_mtim.tv_nsec == s->seen.st_mtim.tv_nsec)
        return 0;
    s->seen = now;
    if (read_conf(s, &conf, &text, f)) {
        free(text);
        return -1;
    }
    free(s->text);
    s->text = text;
    s->conf = conf;
    return 0;
}
