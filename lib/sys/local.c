/* Final delivery: see local.h. */
#include "sys/local.h"

#include "base/str.h"
#include "sys/maildir.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* CR LF becomes LF: the queue holds no other CR. Returns the length; works in place. */
static size_t to_lf(char *data, size_t n)
{
    char *to = data;

    for (size_t i = 0; i < n; i++)
        if (data[i] != '\r')
            *to++ = data[i];
    return (size_t)(to - data);
}

static enum sys_result copy_text(struct queue_file *q, struct maildir *m)
{
    char data[8192];
    uint64_t at = 0;
    long got;

    while ((got = queue_read(q, at, data, sizeof data)) > 0) {
        at += (uint64_t)got;
        if (maildir_put(m, data, to_lf(data, (size_t)got)) != SYS_OK)
            return SYS_TEMP;
    }
    return got < 0 ? SYS_TEMP : SYS_OK;
}

static enum sys_result put_trace(struct maildir *m, const struct envelope *e, unsigned i)
{
    char sender[LIMIT_ADDRESS + 1], rcpt[LIMIT_PATH + LIMIT_HOSTNAME], line[1024];
    struct str s;

    envelope_get(e, ENVELOPE_SENDER, sender, sizeof sender);
    envelope_rcpt(e, i, rcpt, sizeof rcpt);
    str_init(&s, line, sizeof line);
    str_add(&s, "Return-Path: <");
    str_add(&s, sender);
    str_add(&s, ">\nDelivered-To: ");
    str_add(&s, rcpt);
    str_add(&s, "\n");
    return maildir_put(m, line, s.len);
}

/* The file's name: the same for each attempt of this message for this recipient. */
static void unique_name(const struct queue_file *q, const struct envelope *e, unsigned i, char name[64])
{
    struct envelope_state state;
    char id[QNAME_ID + 1];

    envelope_state(e, &state);
    qname_id(q->name.id, id);
    snprintf(name, 64, "%llu.Q%sR%u.buzon", (unsigned long long)state.arrival, id, i);
}

enum sys_result local_deliver(struct queue_file *q, const struct envelope *e, unsigned i, const struct address *to,
                              char reason[LIMIT_REASON + 1])
{
    char folder[LIMIT_LOCAL_PART + 1], name[64];
    struct maildir m;
    enum sys_result r = SYS_PERM;

    unique_name(q, e, i, name);
    if (address_folder(to, folder) == 0)
        r = maildir_begin(&m, folder, name, address_local_is(to, "postmaster"));
    if (r == SYS_PERM) {
        (void)str_copy(reason, LIMIT_REASON + 1, "5.1.1 no such user here");
        return r;
    }
    if (r == SYS_OK && (put_trace(&m, e, i) != SYS_OK || copy_text(q, &m) != SYS_OK)) {
        maildir_abort(&m);
        r = SYS_TEMP;
    }
    if (r == SYS_OK)
        r = maildir_commit(&m);
    if (r == SYS_OK)
        snprintf(reason, LIMIT_REASON + 1, "2.0.0 delivered to mail/%s", folder);
    else
        snprintf(reason, LIMIT_REASON + 1, "4.3.0 mail/%s: %s", folder, strerror(errno));
    return r;
}
