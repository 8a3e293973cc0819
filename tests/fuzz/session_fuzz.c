/* Whole sessions on arbitrary bytes, in pieces and at once: replies are well formed and the same, each 250 to a message
 * is one whole clean file in the queue, and nothing else is left there. The first byte picks the client and what it may
 * do, the second how its bytes are cut. */
#include "fakepeer.h"

#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond, what) do { if (!(cond)) { fprintf(stderr, "%s\n%s", what, fakepeer.out); abort(); } } while (0)

enum { LAN = 1, RELAY = 2, SHORT_WRITES = 4, EARLY = 8, SMALL = 16, DISCARD = 32, FEW = 64 };

static uint8_t cut;
static int home, tree;               /* folders: the fuzzer's own paths are relative to where it was started */

/* 0: all at once; 1: byte by byte; else pieces that depend on where they are. */
static size_t pieces(size_t at)
{
    uint32_t x = (uint32_t)at * 2654435761u ^ cut * 40503u;

    x ^= x >> 15;
    x *= 2246822519u;
    return cut == 0 ? SIZE_MAX : cut == 1 ? 1 : 1 + (x >> 16) % (cut & 1 ? 7 : 40);
}

static void prepare(uint8_t how)
{
    struct client *c = &fakepeer_session.client;

    c->lan = how & LAN;
    c->relay = how & RELAY;
    c->discard = how & DISCARD;
    fakepeer.write_most = how & SHORT_WRITES ? 3 : 0;
    fakepeer.early = how & EARLY;
    fakepeer_conf.message_size_limit = how & SMALL ? 100 : 100000;
    fakepeer_conf.recipient_limit = how & FEW ? 2 : 100;
    fakepeer_conf.tarpit = how & FEW ? 1 : 0;
}

static struct fakepeer_queue run(uint8_t how_cut)
{
    cut = how_cut;
    fakepeer_run();
    MUST(fakepeer_replies_are_well_formed(), "a reply is not well formed");
    struct fakepeer_queue q = fakepeer_take_queue();
    MUST(!q.wrong, q.wrong);
    fakepeer_mask_ids();
    return q;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char once[FAKEPEER_OUT + 1];

    if (size < 2)
        return 0;
    char *bytes = malloc(size - 1);
    memcpy(bytes, data + 2, size - 2);
    fakepeer.in = bytes;
    fakepeer.n = size - 2;
    fakepeer.segment = pieces;
    prepare(data[0]);
    MUST(fchdir(tree) == 0, "fchdir");
    struct fakepeer_queue whole = run(0);
    strcpy(once, fakepeer.out);
    struct fakepeer_queue split = run(data[1]);
    MUST(strcmp(once, fakepeer.out) == 0, once);
    MUST(whole.messages == split.messages && whole.sum == split.sum, "the queue differs");
    MUST(fchdir(home) == 0, "fchdir");
    free(bytes);
    return 0;
}

/* Else all that follows would be true of sessions that never come to anything. */
static void check_that_mail_is_taken(void)
{
    static const uint8_t good[] = "\0\1EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<user@example.org>\r\n"
                                  "DATA\r\nx\r\n.\r\nQUIT\r\n";

    LLVMFuzzerTestOneInput(good, sizeof good - 1);
    MUST(strstr(fakepeer.out, "\r\n250 2.0.0 queued as ") && strstr(fakepeer.out, "\r\n221 "), "no mail is taken");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    home = open(".", O_RDONLY | O_DIRECTORY);
    if (home < 0 || fakepeer_prepare() || (tree = open(".", O_RDONLY | O_DIRECTORY)) < 0 || fchdir(home)) {
        perror("tree");
        exit(1);
    }
    atexit(tempdir_leave);
    check_that_mail_is_taken();
    return 0;
}
