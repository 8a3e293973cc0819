/* buzon.conf from arbitrary bytes: values within their bounds, or an error on a line that exists. */
#include "mail/conf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

/* A string of the configuration lies in the text or is a constant; either can be read to its NUL. */
static void check_string(const char *s, const char *text, size_t n)
{
    MUST(s && (*s == '\0' || (s >= text && s < text + n)));
    MUST(!strchr(s, '\n') && strlen(s) <= n);
}

static void check_values(const struct conf *c, const char *text, size_t n)
{
    check_string(c->hostname, text, n);
    check_string(c->local_domains, text, n);
    check_string(c->relay_domains, text, n);
    check_string(c->relay_clients, text, n);
    check_string(c->lan_clients, text, n);
    check_string(c->smarthost, text, n);
    check_string(c->postmaster, text, n);
    MUST(c->relay_senders <= CONF_SENDERS_OURS && c->require_name <= CONF_NAME_REGISTERED);
    MUST(c->smarthost_tls == 0 && c->auth == 0);
    MUST(c->recipient_limit >= 1 && c->recipient_limit <= 1000);
    MUST(c->message_size_limit >= 65536 && c->message_size_limit <= (uint64_t)1 << 31);
    MUST(c->retry_min >= 1 && c->retry_min <= c->retry_max && c->retry_max <= 7 * 86400);
    MUST(c->name_timeout >= 1 && c->name_timeout <= 60);
    MUST(c->queue_lifetime >= 60 && c->connect_timeout >= 1 && c->command_timeout >= 1 && c->data_timeout >= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf c;
    struct conf_error e;
    unsigned lines = 1;
    char *text = malloc(size + 1);

    memcpy(text, data, size);
    text[size] = '\0';
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    memset(&e, 0, sizeof e);
    conf_defaults(&c);
    if (conf_parse(&c, text, size, &e) == 0)
        check_values(&c, text, size);
    else
        MUST(e.line <= lines && e.text[0] && strlen(e.text) < sizeof e.text);
    free(text);
    return 0;
}
