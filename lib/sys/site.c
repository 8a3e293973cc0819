/* The tree and its configuration: see site.h. */
#include "sys/site.h"

#include "base/crc32c.h"
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

struct conf_file {
    char *text;                      /* NULL when it was not read */
    size_t n;
    int error;                       /* errno, or 0 */
};

static void read_file(struct conf_file *file)
{
    file->text = NULL;
    file->error = file_read(SITE_CONF, LIMIT_CONF, &file->text, &file->n) == SYS_OK ? 0 : errno;
}

/* *c points into the text then. */
static int parse(const struct site *s, struct conf *c, struct conf_file *file, struct fault *f)
{
    struct conf_error error;

    conf_defaults(c);
    if (file->error && file->error != ENOENT)
        return fault_set(f, EX_CONFIG, "%s/" SITE_CONF ": %s", s->tree.root,
                         file->error == EPERM ? "writable by everybody; chmod 644 it" : strerror(file->error));
    if (file->text && conf_parse(c, file->text, file->n, &error))
        return error.line
                   ? fault_set(f, EX_CONFIG, "%s/" SITE_CONF ":%u: %s", s->tree.root, error.line, error.text)
                   : fault_set(f, EX_CONFIG, "%s/" SITE_CONF ": %s", s->tree.root, error.text);
    if (!*c->hostname)
        c->hostname = system_name();
    return 0;
}

int site_open(struct site *s, const char *root_option, struct fault *f)
{
    struct conf_file file;

    if (tree_open(&s->tree, root_option, f))
        return -1;
    read_file(&file);
    s->text = file.text;
    s->seen = 0;                     /* most never ask for it again: the first site_refresh may read it twice */
    return parse(s, &s->conf, &file, f);
}

int site_refresh(struct site *s, struct fault *f)
{
    struct conf_file file;
    struct conf conf;

    read_file(&file);
    uint32_t seen = file.error ? ~(uint32_t)file.error : crc32c(0, file.text, file.n);
    if (seen == s->seen) {
        free(file.text);
        return 0;
    }
    s->seen = seen;
    if ((file.error == ENOENT || (!file.error && file.n == 0)) && s->text) {
        free(file.text);
        return fault_set(f, EX_CONFIG, "%s/" SITE_CONF " is %s; put it back", s->tree.root,
                         file.error ? "gone" : "empty");
    }
    if (parse(s, &conf, &file, f)) {
        free(file.text);
        return -1;
    }
    free(s->text);
    s->text = file.text;
    s->conf = conf;
    return 0;
}
