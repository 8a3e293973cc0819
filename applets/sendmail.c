/* sendmail: takes a message from a program on this host into the queue; and by -bs, -bp, -q is one of the other
 * applets. */
#include "applets.h"

#include "base/num.h"
#include "base/str.h"
#include "mail/addrlist.h"
#include "mail/date.h"
#include "mail/complete.h"
#include "mail/eol.h"
#include "mail/header.h"
#include "mail/policy.h"
#include "mail/trace.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/maildir.h"
#include "sys/peer.h"
#include "sys/proc.h"
#include "sys/queue.h"
#include "sys/sandbox.h"
#include "sys/site.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define SENDMAIL_IN 8192

enum mode { MODE_SUBMIT, MODE_SMTP, MODE_LIST, MODE_QUEUE };

static struct sendmail {
    enum mode mode;
    const char *root, *from, *full_name;
    bool from_header;                /* -t: recipients are in the header section */
    bool dot_ends;                   /* unless -i */
    bool verbose;
    char *queue_time;                /* the whole -q option, NULL when not given */
    char *queue_what[2];             /* -qIid, -qRsubstring, -qSsubstring as queue-runner's option and its value */

    struct site site;
    struct envelope envelope;
    struct queue_new queued;
    struct eol eol;
    struct header header;
    char login[64], full[64];
    char sender[LIMIT_PATH + LIMIT_HOSTNAME];
    char head[LIMIT_HEADER + 2 * SENDMAIL_IN + 2];   /* the header section and what was read behind it, CR LF */
    size_t head_n;                   /* bytes in head */
    size_t head_len;                 /* of those, the header section; the empty line is not part of it */
    bool ended;                      /* the input is over */
    bool mbox_line;                  /* the first line was looked at for mbox's `From ` */
    unsigned bad;                    /* recipients that were refused */
    int code;                        /* the first refusal's exit code */
} sm;

static int fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Tells the caller, and the log, and returns the exit code. */
static int fail(int code, const char *format, ...)
{
    char raw[500], text[500];
    struct str s;
    va_list args;

    va_start(args, format);
    vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    str_init(&s, text, sizeof text);
    str_add_clean(&s, raw, strlen(raw));     /* it may quote the message, and go to a terminal */
    fprintf(stderr, "sendmail: %s\n", text);
    log_line(LOG_ERR, "%s", text);
    return code;
}

/* ---- the command line */

static int set_mode(struct sendmail *s, const char *which)
{
    switch (which[0] && !which[1] ? which[0] : '?') {
    case 'm': s->mode = MODE_SUBMIT; return EX_OK;
    case 's': s->mode = MODE_SMTP; return EX_OK;
    case 'p': s->mode = MODE_LIST; return EX_OK;
    default:  return fail(EX_USAGE, "-b%s is not supported yet; -bm, -bs and -bp are", which);
    }
}

/* -q, -q15m, -qI…, -qR…, -qS…: what queue-runner calls -f, -q15m, -I, -R, -S. */
static int set_queue(struct sendmail *s, char *option)
{
    static char name[3] = "-?";
    char kind = option[2];

    s->mode = MODE_QUEUE;
    if (kind == 'I' || kind == 'R' || kind == 'S') {
        if (!option[3] || option[3] == '!')
            return fail(EX_USAGE, "%s: needs a part of an id or address", option);
        name[1] = kind;
        s->queue_what[0] = name;
        s->queue_what[1] = option + 3;
    } else {
        s->queue_time = option;
    }
    return EX_OK;
}

/* The letters that take a value, in the same word or the next. Those that buzon has no use for are taken and ignored,
 * as every sendmail does with somebody's. */
static bool takes_value(char letter)
{
    return strchr("fFrABCDhLMNOopRVX", letter) != NULL;
}

static int set_option(struct sendmail *s, char letter, const char *value)
{
    switch (letter) {
    case 'f': case 'r': s->from = value; break;
    case 'F': s->full_name = value; break;
    case 'o': s->dot_ends = s->dot_ends && strcmp(value, "i") != 0; break;
    case 'i': s->dot_ends = false; break;
    case 't': s->from_header = true; break;
    case 'v': s->verbose = true; break;
    case 'G': case 'm': case 'n': case 'U': break;
    default:
        if (!takes_value(letter))
            return fail(EX_USAGE, "-%c: unknown option", letter);
    }
    return EX_OK;
}

/* One word of options: `-ti`, `-f ADDRESS`, `-tfADDRESS`. *next is the word behind it, and is stepped over when it is
 * the last letter's value. */
static int parse_word(struct sendmail *s, const char *letter, char **argv, int *next)
{
    int code = EX_OK;

    for (; *letter && code == EX_OK; letter++) {
        if (!takes_value(*letter)) {
            code = set_option(s, *letter, "");
            continue;
        }
        if (letter[1])
            return set_option(s, *letter, letter + 1);
        if (*letter == 'o')          /* a bare -o, which some programs send */
            return EX_OK;
        if (!argv[*next])
            return fail(EX_USAGE, "-%c needs a value", *letter);
        return set_option(s, *letter, argv[(*next)++]);
    }
    return code;
}

/* Takes the options; *first is the first recipient's place in argv. */
static int parse(struct sendmail *s, int argc, char **argv, int *first)
{
    int at = 1, code = EX_OK;

    s->dot_ends = true;
    while (at < argc && argv[at][0] == '-' && argv[at][1] && code == EX_OK) {
        char *word = argv[at++];
        if (strcmp(word, "--") == 0)
            break;
        if (word[1] == 'b')
            code = set_mode(s, word + 2);
        else if (word[1] == 'q')
            code = set_queue(s, word);
        else if (word[1] != 'd')     /* -d: debugging, in whatever form */
            code = parse_word(s, word + 1, argv, &at);
    }
    *first = at;
    return code;
}

/* ---- addresses */

/* An address from the command line or a header, made whole with our hostname. Returns 0 or -1. */
static int complete(const struct sendmail *s, const char *text, struct address *a)
{
    char whole[LIMIT_PATH + LIMIT_HOSTNAME];
    size_t n = strlen(text);

    if (n >= 2 && text[0] == '<' && text[n - 1] == '>') {
        text++;
        n -= 2;
    }
    if (address_mailbox(text, n, a) != ADDRESS_OK)
        return -1;
    if (*address_domain(a))
        return 0;
    snprintf(whole, sizeof whole, "%s@%s", a->text, s->site.conf.hostname);
    return address_mailbox(whole, strlen(whole), a) == ADDRESS_OK ? 0 : -1;
}

static int set_sender(struct sendmail *s)
{
    struct address a;
    const char *from = s->from ? s->from : s->login;

    if (s->from && (!*from || strcmp(from, "<>") == 0)) {
        s->sender[0] = '\0';
        return EX_OK;
    }
    if (complete(s, from, &a))
        return fail(EX_DATAERR, "%s: not a sender's address", from);
    (void)str_copy(s->sender, sizeof s->sender, a.text);
    return EX_OK;
}

static void refuse_rcpt(struct sendmail *s, int code, const char *address, const char *why)
{
    s->code = s->bad++ ? s->code : code;
    fail(code, "%s: %s", address, why);
}

static void add_rcpt(struct sendmail *s, const struct address *a)
{
    char folder[LIMIT_LOCAL_PART + 1], to[LIMIT_PATH + LIMIT_HOSTNAME];
    const struct conf *c = &s->site.conf;

    if (address_has_route(a)) {
        refuse_rcpt(s, EX_DATAERR, a->text, "holds a route to another host; write the plain address");
        return;
    }
    if (policy_route(c, a) != POLICY_LOCAL) {
        if (!*c->smarthost) {
            refuse_rcpt(s, EX_NOHOST, a->text, "no route: etc/buzon.conf names no smarthost");
            return;
        }
    } else if (!policy_is_postmaster(c, a)) {
        enum sys_result r = maildir_of(a, folder);
        if (r != SYS_OK) {
            refuse_rcpt(s, r == SYS_PERM ? EX_NOUSER : EX_TEMPFAIL, a->text,
                        r == SYS_PERM ? "no such user here; make mail/USER in the tree for one" : strerror(errno));
            return;
        }
    }
    policy_destination(c, a, to, sizeof to);
    if (envelope_add_rcpt(&s->envelope, to))
        refuse_rcpt(s, EX_UNAVAILABLE, a->text, "too many recipients; send the others in another message");
}

/* ---- the header section */

/* Length of the line at head[at], its CR LF included; 0 when its end was not read yet. */
static size_t line_length(const struct sendmail *s, size_t at)
{
    const char *lf = memchr(s->head + at, '\n', s->head_n - at);

    return lf ? (size_t)(lf - (s->head + at)) + 1 : 0;
}

/* Does a field begin at this line? Returns the offset of its colon, 0 when none does. */
static size_t field_name(const char *line, size_t n)
{
    size_t i = 0;

    while (i < n && line[i] > ' ' && line[i] != ':' && line[i] != 0x7f)
        i++;
    size_t colon = i;
    while (colon < n && (line[colon] == ' ' || line[colon] == '\t'))    /* RFC 5322 4.5: an old way of writing */
        colon++;
    return i && colon < n && line[colon] == ':' ? colon : 0;
}

/* Length of the field at head[at] with its folded lines. */
static size_t field_length(const struct sendmail *s, size_t at)
{
    size_t n = line_length(s, at), more;

    while (at + n < s->head_n && (s->head[at + n] == ' ' || s->head[at + n] == '\t') && (more = line_length(s, at + n)))
        n += more;
    return n;
}

/* Where the header section ends within what was read: its length in head_len, and true; false to read more. */
static bool find_head(struct sendmail *s)
{
    for (size_t at = 0;;) {
        size_t n = line_length(s, at);
        bool folded = at && n && (s->head[at] == ' ' || s->head[at] == '\t');
        if (!n && !s->ended)
            return false;
        s->head_len = at;
        /* An empty line ends it; so does the first line that is no field's: then the text has no empty line. */
        if (!n || (!folded && !field_name(s->head + at, n)))
            return true;
        at += n;
    }
}

/* The line that an mbox file has before each message is no field, and no part of the message. */
static void drop_mbox_line(struct sendmail *s)
{
    size_t n = line_length(s, 0);

    if (s->mbox_line || s->head_n < 5 || (!n && !s->ended))
        return;
    s->mbox_line = true;             /* looked at */
    size_t quote = s->head[0] == '>';        /* as a reader that quotes such lines leaves it */
    if (n > quote + 5 && memcmp(s->head + quote, "From ", 5) == 0)
        memmove(s->head, s->head + n, s->head_n -= n);
}

/* Reads more of the message, with CR LF line ends, into out, which has room for 2 * SENDMAIL_IN + 2 bytes; s->ended
 * when that was all. Returns 0 or -1 (errno). */
static int read_input(struct sendmail *s, char *out, size_t *made)
{
    char in[SENDMAIL_IN];
    ssize_t got;

    do
        got = read(0, in, sizeof in);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -1;
    if (got > 0)
        s->ended = eol_take(&s->eol, in, (size_t)got, out, made) == EOL_END;
    else
        *made = eol_finish(&s->eol, out);
    s->ended = s->ended || got == 0;
    return 0;
}

static int read_head(struct sendmail *s)
{
    while (drop_mbox_line(s), !find_head(s)) {
        size_t made;
        if (s->head_n > LIMIT_HEADER)
            return fail(EX_DATAERR, "the header section is larger than %u bytes", (unsigned)LIMIT_HEADER);
        if (read_input(s, s->head + s->head_n, &made))
            return fail(EX_IOERR, "reading the message: %s", strerror(errno));
        s->head_n += made;
    }
    header_watch(&s->header, s->head, s->head_len);
    return EX_OK;
}

/* The recipients of a list as a header field or an argument holds it. */
static void add_list(struct sendmail *s, const char *list, size_t n)
{
    struct addrlist l;
    struct address a, whole;
    int r;

    addrlist_start(&l, list, n);
    while ((r = addrlist_next(&l, &a)) != 0) {
        if (r > 0 && complete(s, a.text, &whole) == 0)
            add_rcpt(s, &whole);
        else
            refuse_rcpt(s, EX_DATAERR, r > 0 ? a.text : l.bad, "not an address");
    }
}

/* Is the field a list of those whom -t sends to? When the message is resent (RFC 5322 3.6.6), the Resent- ones are. */
static bool names_rcpts(const struct sendmail *s, enum header_field f)
{
    const unsigned *count = s->header.count;

    if (count[HEADER_RESENT_TO] || count[HEADER_RESENT_CC] || count[HEADER_RESENT_BCC])
        return f == HEADER_RESENT_TO || f == HEADER_RESENT_CC || f == HEADER_RESENT_BCC;
    return f == HEADER_TO || f == HEADER_CC || f == HEADER_BCC;
}

/* -t: the recipients that the header names. A line in it that is no field would hide those behind it, and show a Bcc to
 * everybody. Returns an exit code. */
static int rcpts_from_head(struct sendmail *s)
{
    size_t last = line_length(s, s->head_len);

    if (s->head_len < s->head_n && s->head[s->head_len] != '\r')
        return fail(EX_DATAERR, "-t: the header holds a line that is no field: %.*s", last > 62 ? 60 : (int)last - 2,
                    s->head + s->head_len);
    for (size_t at = 0; at < s->head_len; at += field_length(s, at)) {
        size_t n = field_length(s, at), name = field_name(s->head + at, n);
        enum header_field f = header_field_of(s->head + at, name);
        if (names_rcpts(s, f))
            add_list(s, s->head + at + name + 1, n - name - 1);
    }
    return EX_OK;
}

/* ---- storing */

/* The fields that every message must have, where the program left them out. */
static enum sys_result put_missing(struct sendmail *s, const char *id)
{
    char fields[COMPLETE_MOST];
    struct complete c = { .name = s->full_name ? s->full_name : s->full, .sender = s->sender,
                          .hostname = s->site.conf.hostname, .id = id, .when = clock_wall() };

    return queue_put(&s->queued, fields, complete_fields(&c, &s->header, fields));
}

/* The header section without Bcc, which nobody else may see, and without a Return-Path, which final delivery writes. */
static enum sys_result put_head(struct sendmail *s)
{
    enum sys_result r = SYS_OK;

    for (size_t at = 0; at < s->head_len && r == SYS_OK; at += field_length(s, at)) {
        size_t n = field_length(s, at);
        enum header_field f = header_field_of(s->head + at, field_name(s->head + at, n));
        if (f != HEADER_BCC && f != HEADER_RESENT_BCC && f != HEADER_RETURN_PATH)
            r = queue_put(&s->queued, s->head + at, n);
    }
    return r;
}

/* Reads the rest of the input into the queue. Returns an exit code; 0 when all is there. */
static int put_body(struct sendmail *s)
{
    char out[2 * SENDMAIL_IN + 2];
    size_t rest = s->head_n - s->head_len, made;
    bool blank = rest >= 2 && memcmp(s->head + s->head_len, "\r\n", 2) == 0;

    if ((!blank && queue_put(&s->queued, "\r\n", 2) != SYS_OK)
        || queue_put(&s->queued, s->head + s->head_len, rest) != SYS_OK)
        return EX_TEMPFAIL;
    while (!s->ended) {
        if (read_input(s, out, &made))
            return EX_IOERR;
        if (queue_put(&s->queued, out, made) != SYS_OK)
            return EX_TEMPFAIL;
        if (s->queued.text_length > s->site.conf.message_size_limit)
            return EX_UNAVAILABLE;
    }
    return s->eol.nul ? EX_DATAERR : EX_OK;
}

static enum sys_result put_front(struct sendmail *s, const char *id)
{
    char trace[TRACE_MOST], rcpt[LIMIT_PATH + LIMIT_HOSTNAME];
    struct trace t = { .helo = "", .name = "", .hostname = s->site.conf.hostname, .protocol = "local", .id = id,
                       .when = clock_wall() };

    if (s->envelope.rcpts == 1) {
        envelope_rcpt(&s->envelope, 0, rcpt, sizeof rcpt);
        t.rcpt = rcpt;
    }
    enum sys_result r = queue_put(&s->queued, trace, trace_received(&t, trace));
    if (r == SYS_OK)
        r = put_missing(s, id);
    return r == SYS_OK ? put_head(s) : r;
}

/* Why the message was not taken, in the exit code's words. */
static int not_taken(struct sendmail *s, int code)
{
    int error = errno;

    queue_abort(&s->queued);
    if (code == EX_DATAERR)
        return fail(code, "the message holds a NUL byte: it is no mail");
    if (code == EX_UNAVAILABLE)
        return fail(code, "the message is larger than message-size-limit, %llu bytes",
                    (unsigned long long)s->site.conf.message_size_limit);
    return fail(code, "the message cannot be stored: %s", strerror(error));
}

static int store(struct sendmail *s)
{
    const struct conf *c = &s->site.conf;
    char id[QNAME_ID + 1];

    if (queue_has_room(s->head_n, c->free_space, c->free_files) != SYS_OK || envelope_finish(&s->envelope)
        || queue_create(&s->queued, &s->envelope) != SYS_OK)
        return not_taken(s, EX_TEMPFAIL);
    qname_id(s->queued.name.id, id);
    if (put_front(s, id) != SYS_OK)
        return not_taken(s, EX_TEMPFAIL);
    int code = put_body(s);
    if (code != EX_OK)
        return not_taken(s, code);
    if (s->header.count[HEADER_RECEIVED] > LIMIT_HOPS) {
        queue_abort(&s->queued);
        return fail(EX_DATAERR, "too many hops: a mail loop");
    }
    if (queue_commit(&s->queued, clock_wall()) != SYS_OK)
        return not_taken(s, EX_TEMPFAIL);
    log_line(LOG_INFO, "%s: from=<%s>, size=%llu, nrcpts=%u, msgid=%s, proto=local, relay=%s", id, s->sender,
             (unsigned long long)s->queued.text_length, s->envelope.rcpts, s->header.message_id, s->login);
    queue_release(&s->queued);
    return EX_OK;
}

static int submit(struct sendmail *s, int argc, char **argv)
{
    int code = set_sender(s);
    if (code != EX_OK)
        return code;
    envelope_start(&s->envelope, clock_wall());
    envelope_add(&s->envelope, ENVELOPE_SENDER, s->sender);
    envelope_add(&s->envelope, ENVELOPE_CLIENT, s->login);
    envelope_add(&s->envelope, ENVELOPE_PROTOCOL, "local");
    for (int i = 0; i < argc; i++)
        add_list(s, argv[i], strlen(argv[i]));
    if (!s->from_header && argc == 0)
        return fail(EX_USAGE, "no recipients; name them, or use -t for those in the header");
    eol_start(&s->eol, s->dot_ends);
    header_start(&s->header);
    code = read_head(s);
    if (code != EX_OK)
        return code;
    if (s->from_header && (code = rcpts_from_head(s)) != EX_OK)
        return code;
    if (s->bad) {
        fail(s->code, "nothing was queued: mend or take out the address%s above", s->bad == 1 ? "" : "es");
        return s->code;
    }
    if (s->envelope.rcpts == 0)
        return fail(EX_DATAERR, s->from_header ? "-t: no address in To, Cc or Bcc" : "no recipients");
    return store(s);
}

/* ---- being somebody else */

/* Calls another applet with these words, and with --root as it was given here. */
static int become(struct sendmail *s, int (*entry)(int, char **), const char *name, char *const *words)
{
    char *argv[10];
    int argc = 0;
    static char root_option[] = "--root";

    argv[argc++] = (char *)(uintptr_t)name;
    if (s->root) {
        argv[argc++] = root_option;
        argv[argc++] = (char *)(uintptr_t)s->root;
    }
    while (words && *words && argc < 9)
        argv[argc++] = *words++;
    argv[argc] = NULL;
    return entry(argc, argv);
}

static int run_queue(struct sendmail *s)
{
    static char flush[] = "-f", background[] = "-b", loud[] = "-v";
    char *words[6];
    int n = 0;

    if (s->queue_what[0]) {
        words[n++] = s->queue_what[0];
        words[n++] = s->queue_what[1];
    } else if (s->queue_time && s->queue_time[2]) {
        words[n++] = s->queue_time;
        words[n++] = background;     /* a boot script's line returns, and the passes go on */
    } else {
        words[n++] = flush;          /* a person who says `sendmail -q` means now */
    }
    if (s->verbose)
        words[n++] = loud;
    words[n] = NULL;
    return become(s, queue_runner_main, "queue-runner", words);
}

/* Whose message this is: by the user id, for LOGNAME is the caller's to set. */
static void find_login(struct sendmail *s)
{
    struct passwd *p = getpwuid(getuid());

    if (p && address_is_domain(p->pw_name, strlen(p->pw_name)))
        (void)str_copy(s->login, sizeof s->login, p->pw_name);
    else
        snprintf(s->login, sizeof s->login, "uid%u", (unsigned)getuid());
    if (p && p->pw_gecos) {
        size_t n = strcspn(p->pw_gecos, ",");
        struct str f;
        str_init(&f, s->full, sizeof s->full);
        str_add_clean(&f, p->pw_gecos, n);
    }
}

int sendmail_main(int argc, char **argv)
{
    struct sendmail *s = &sm;
    struct fault f;
    int first = 1;

    static char wrong[] = "--wrong-option", *const wrong_words[] = { wrong, NULL };
    struct peer peer;

    s->queued.fd = -1;
    log_open("sendmail", false);
    bool client = peer_of(0, &peer) || peer.is_socket;
    if (client && proc_guard_stderr())
        return EX_OSERR;             /* fd 2 is the client's too: no word of ours may reach it there */
    s->root = tree_option(&argc, argv);
    int code = argc < 0 ? fail(EX_USAGE, "--root needs a directory") : parse(s, argc, argv, &first);
    if (code != EX_OK)               /* a client hears 421, and not silence, when inetd's line is wrong */
        return client ? become(s, smtpd_main, "sendmail", wrong_words) : code;
    switch (s->mode) {
    case MODE_SMTP:  return become(s, smtpd_main, "sendmail", NULL);
    case MODE_LIST:  return become(s, mailq_main, "mailq", NULL);
    case MODE_QUEUE: return run_queue(s);
    case MODE_SUBMIT: break;
    }
    if (proc_init())
        return EX_OSERR;
    find_login(s);
    log_open("sendmail", false);
    if (site_open(&s->site, s->root, &f) || tree_enter(&s->site.tree, &f)
        || sandbox_enter(SECCOMP_LOCAL, &(struct sandbox_limits){ s->site.conf.message_size_limit, 0 }, &f))
        return fail(f.code, "%s", f.text);
    return submit(s, argc - first, argv + first);
}
