/* Decisions within one process by an image: nanoseconds each, the first one apart, and the memory that one touches.
 *
 * usage: decide time DIR CLIENT TIMES [NAME]
 *            ns: to open it, the first decision, one of many for the client, one of many for random clients
 *        decide touch DIR CLIENT [NAME]
 *            KB of the image that one decision touches, KB of the process's own, the verdict
 *
 * DIR holds hosts.allow, hosts.deny and access.db. The pages of the image are counted by taking all rights on them away
 * and giving them back one by one; the kernel's own count would take its maps of whole neighbourhoods for touches.
 */
#include "mail/access.h"
#include "sys/imagefile.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u

static struct imagefile file;
static struct access_rules rules;
static struct access_why why;
static volatile sig_atomic_t touched;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int open_image(const char *dir)
{
    static char image[512], allow[512], deny[512];
    static struct imagefile_paths paths = { image, { allow, deny, NULL } };
    char wrong[300];

    snprintf(image, sizeof image, "%s/access.db", dir);
    snprintf(allow, sizeof allow, "%s/hosts.allow", dir);
    snprintf(deny, sizeof deny, "%s/hosts.deny", dir);
    if (imagefile_open(&file, &paths, wrong, sizeof wrong) != SYS_OK) {
        fprintf(stderr, "decide: %s: %s\n", image, *wrong ? wrong : "no image");
        return -1;
    }
    rules = (struct access_rules){ .allow.name = allow, .deny.name = deny, .index = &file.index };
    return 0;
}

static double decide_all(struct access_facts *facts, long times)
{
    double began = now();

    for (long i = 0; i < times; i++)
        if (access_decide(&rules, facts, &why) > ACCESS_DENY)
            return -1;
    return (now() - began) / (double)times;
}

/* Clients out of 10.0.0.0/12, or the client's own /96 of IPv6. */
static double decide_random(struct access_facts *facts, long times)
{
    uint32_t x = 2463534242u;
    double began = now();

    for (long i = 0; i < times; i++) {
        uint8_t *b = facts->client.byte + (facts->client.family == NET_V4 ? 0 : 12);
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        b[0] = 10;
        b[1] = (uint8_t)(x >> 16 & 15);
        b[2] = (uint8_t)(x >> 8);
        b[3] = (uint8_t)x;
        if (access_decide(&rules, facts, &why) > ACCESS_DENY)
            return -1;
    }
    return (now() - began) / (double)times;
}

static int take_times(const char *dir, struct access_facts *facts, long times)
{
    double t0 = now();

    if (open_image(dir))
        return 1;
    double t1 = now();
    double first = decide_all(facts, 1), again = decide_all(facts, times), others = decide_random(facts, times);
    if (first < 0 || again < 0 || others < 0)
        return 1;
    printf("%.0f %.0f %.0f %.0f\n", t1 - t0, first, again, others);
    return 0;
}

static void give_back(int sig, siginfo_t *info, void *context)
{
    uintptr_t at = (uintptr_t)info->si_addr / PAGE * PAGE, map = (uintptr_t)file.map;

    (void)sig;
    (void)context;
    if (at < map || at >= map + file.n || mprotect((void *)at, PAGE, PROT_READ))
        _exit(3);
    touched++;
}

/* What the process has to itself, in KB. */
static long private_kb(void)
{
    static char line[256];
    long kb = 0, n;
    FILE *f = fopen("/proc/self/smaps_rollup", "r");

    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "Private_Dirty: %ld", &n) == 1)
            kb += n;
    if (f)
        fclose(f);
    return kb;
}

static int count_pages(const char *dir, const struct access_facts *facts)
{
    struct sigaction on_fault = { .sa_sigaction = give_back, .sa_flags = SA_SIGINFO };

    /* What the process takes without any rules does not count. */
    rules = (struct access_rules){ .allow = { "", "", 0, NULL }, .deny = { "", "", 0, NULL } };
    access_decide(&rules, facts, &why);
    private_kb();
    long own = -private_kb();
    if (open_image(dir) || access_decide(&rules, facts, &why) > ACCESS_DENY)
        return 1;
    own += private_kb();
    sigaction(SIGSEGV, &on_fault, NULL);
    if (mprotect((void *)(uintptr_t)file.map, file.n, PROT_NONE))
        return 1;
    /* Opening it reads the first page, and nothing else. */
    *(volatile const char *)file.map;
    enum access_verdict v = access_decide(&rules, facts, &why);
    printf("%ld %ld %s\n", (long)touched * (long)(PAGE / 1024), own, v == ACCESS_ALLOW ? "allow" : "deny");
    return 0;
}

int main(int argc, char **argv)
{
    struct access_facts facts = { .daemons = access_daemons("smtpd"), .user = ACCESS_NO_USER };

    bool time = argc > 4 && strcmp(argv[1], "time") == 0;
    if (argc < 4 || net_parse(argv[3], strlen(argv[3]), &facts.client))
        return 2;
    if (argc > 4 + time) {
        facts.client_state = ACCESS_NAME_KNOWN;
        facts.client_name = argv[4 + time];
    }
    return time ? take_times(argv[2], &facts, atol(argv[4])) : count_pages(argv[2], &facts);
}
