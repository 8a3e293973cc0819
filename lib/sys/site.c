/* The tree and its configuration: see site.h. */
#include "sys/site.h"

#include "mail/address.h"
#include "mail/limits.h"
#include "sys/file.h"

#include <errno.h>
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

static int read_conf(struct site *s, struct fault *f)
{
    struct conf_error error;
    char *text;
    size_t n;

    conf_defaults(&s->conf);
    if (file_read(SITE_CONF, LIMIT_CONF, &text, &n) != SYS_OK) {
        if (errno == ENOENT)
            return 0;
        return fault_set(f, EX_CONFIG, "%s/" SITE_CONF ": %s", s->tree.root,
                         errno == EPERM ? "writable by everybody; chmod 644 it" : strerror(errno));
    }
    if (conf_parse(&s->conf, text, n, &error))       /* the text stays: conf points into it */
        return error.line ? fault_set(f, EX_CONFIG, "%s/" SITE_CONF ":%u: %s", s->tree.root, error.line, error.text)
                          : fault_set(f, EX_CONFIG, "%s/" SITE_CONF ": %s", s->tree.root, error.text);
    return 0;
}

int site_open(struct site *s, const char *root_option, struct fault *f)
{
    if (tree_open(&s->tree, root_option, f) || read_conf(s, f))
        return -1;
    if (!*s->conf.hostname)
        s->conf.hostname = system_name();
    return 0;
}
