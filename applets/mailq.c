/* mailq: shows what waits in the queue, for people or as JSON. */
#include "applets.h"

#include "base/json.h"
#include "base/str.h"
#include "mail/date.h"
#include "sys/log.h"
#include "sys/proc.h"
#include "sys/queue.h"
#include "sys/sandbox.h"
#include "sys/site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static struct site site;
static struct envelope envelope;

/* One message as it is shown. */
struct shown {
    char id[QNAME_ID + 1];
    char sender[LIMIT_ADDRESS + 1];
    const char *mode;                /* active, waiting, hold: mailq(8) promises these */
    struct envelope_state state;
    const struct queue_file *file;
};

static const char *status_word(enum envelope_status s)
{
    return s == ENVELOPE_WAITING ? "waiting" : s == ENVELOPE_DONE ? "done" : "failed";
}

static void show_text(const struct shown *m)
{
    char date[DATE_TEXT], address[LIMIT_PATH + LIMIT_HOSTNAME], reason[LIMIT_REASON + 1], last[LIMIT_REASON + 1] = "";

    date_format(m->state.arrival, date);
    printf("%s%c %9llu %-31s <%s>\n", m->id, *m->mode == 'a' ? '*' : *m->mode == 'h' ? '!' : ' ',
           (unsigned long long)m->file->text_length, date, m->sender);
    for (unsigned i = 0; i < envelope.rcpts; i++) {
        enum envelope_status s = envelope_status(&envelope, i);
        if (s == ENVELOPE_DONE)
            continue;
        envelope_rcpt(&envelope, i, address, sizeof address);
        envelope_reason(&envelope, i, reason);
        if (*reason && strcmp(reason, last) != 0)        /* recipients that share a reason share its line */
            printf("%23s (%s)\n", "", reason);
        (void)str_copy(last, sizeof last, reason);
        printf("%55s %s%s\n", "", address, s == ENVELOPE_WAITING ? "" : " [failed]");
    }
}

static void print_json_string(const char *text)
{
    char quoted[6 * 512 + 3];
    struct str s;

    str_init(&s, quoted, sizeof quoted);
    json_add_string(&s, text);
    fputs(quoted, stdout);
}

static void show_json(const struct shown *m)
{
    char address[LIMIT_PATH + LIMIT_HOSTNAME], reason[LIMIT_REASON + 1];
    uint64_t next = m->file->name.due == QNAME_HOLD ? 0 : m->file->name.due;

    printf("{\"id\":\"%s\",\"size\":%llu,\"arrived\":%lld,\"next\":%llu,\"attempts\":%u,\"state\":\"%s\",\"sender\":",
           m->id, (unsigned long long)m->file->text_length, (long long)m->state.arrival, (unsigned long long)next,
           (unsigned)m->state.attempts, m->mode);
    print_json_string(m->sender);
    printf(",\"recipients\":[");
    for (unsigned i = 0; i < envelope.rcpts; i++) {
        envelope_rcpt(&envelope, i, address, sizeof address);
        envelope_reason(&envelope, i, reason);
        printf("%s{\"address\":", i ? "," : "");
        print_json_string(address);
        printf(",\"status\":\"%s\",\"reason\":", status_word(envelope_status(&envelope, i)));
        print_json_string(reason);
        putchar('}');
    }
    puts("]}");
}

/* Returns the message's size, or -1 for one that cannot be shown. */
static long long show(const struct qname *name, bool json)
{
    struct queue_file file;
    struct shown m = { .file = &file };
    const char *wrong = "it cannot be read now";

    qname_id(name->id, m.id);
    enum queue_opened r = queue_peek(&file, name, &envelope, &wrong);
    if (r == QUEUE_GONE)
        return -1;
    if (r != QUEUE_OPEN && r != QUEUE_BUSY) {
        fprintf(stderr, "mailq: %s: %s; the next pass will set it aside if it is broken\n", m.id, wrong);
        return -1;
    }
    envelope_get(&envelope, ENVELOPE_SENDER, m.sender, sizeof m.sender);
    envelope_state(&envelope, &m.state);
    m.mode = r == QUEUE_BUSY ? "active" : name->due == QNAME_HOLD ? "hold" : "waiting";
    if (json)
        show_json(&m);
    else
        show_text(&m);
    return (long long)file.text_length;
}

static int list(bool json)
{
    struct qname *names;
    size_t n, shown = 0;
    unsigned long long bytes = 0;

    if (queue_list(&names, &n, NULL) != SYS_OK) {
        fprintf(stderr, "mailq: queue/new: %s\n", strerror(errno));
        return EX_TEMPFAIL;
    }
    if (n && !json)
        printf("%-13s %9s %-31s %s\n", "Queue ID", "Size", "Arrival", "Sender / recipients");
    for (size_t i = 0; i < n; i++) {
        long long size = show(&names[i], json);
        if (size >= 0) {
            shown++;
            bytes += (unsigned long long)size;
        }
    }
    free(names);
    if (!json && n == 0)
        puts("Mail queue is empty");
    else if (!json)
        printf("-- %llu KB in %u message%s\n", (bytes + 1023) / 1024, (unsigned)shown, shown == 1 ? "" : "s");
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "mailq: cannot write: %s\n", strerror(errno));
        return EX_IOERR;
    }
    return EX_OK;
}

static int usage(const char *what)
{
    fprintf(stderr, "mailq: %s\nusage: mailq [--root DIR] [-j]\n", what);
    return EX_USAGE;
}

int mailq_main(int argc, char **argv)
{
    struct fault f;
    bool json = false;
    int c;

    if (proc_init())
        return EX_OSERR;
    const char *root = tree_option(&argc, argv);
    if (argc < 0)
        return usage("--root needs a directory");
    optind = 1;
    opterr = 0;
    while ((c = getopt(argc, argv, "jv")) != -1) {
        if (c == '?')
            return usage(optopt && strchr("cdhHr", optopt) ? "-c, -d, -h, -H and -r are not supported yet"
                                                           : "unknown option");
        json = json || c == 'j';     /* -v is sendmail's, and changes nothing here */
    }
    if (optind < argc)
        return usage("takes no arguments");
    log_open("mailq", false);
    if (site_open(&site, root, &f) || tree_enter(&site.tree, &f)
        || sandbox_enter(SECCOMP_LOCAL, &(struct sandbox_limits){ 0 }, &f)) {
        fprintf(stderr, "mailq: %s\n", f.text);
        return f.code;
    }
    return list(json);
}
