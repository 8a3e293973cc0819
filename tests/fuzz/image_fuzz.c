/* An access image of arbitrary bytes. The checksums are made right first, half of the time, so that what lies behind
 * them is reached: then a lying image may say anything, but nothing outside of it is read and every walk ends. */
#include "mail/access.h"
#include "mail/candidates.h"
#include "mail/image.h"

#include "base/le.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY_AT 16                        /* where the key lies in the header */
#define MUST(cond) do { if (!(cond)) abort(); } while (0)

static const char text[] = "smtpd: 10.0.0.1 .lan\nALL: ALL: deny\nno colon\n";

static long fetch(void *context, int source, uint32_t offset, char *buf, size_t cap)
{
    size_t n = offset < sizeof text - 1 ? sizeof text - 1 - offset : 0;

    (void)context;
    MUST(source == IMAGE_ALLOW || source == IMAGE_DENY);
    n = n < cap ? n : cap;
    if (n > 0)
        memcpy(buf, text + offset, n);
    return (long)n;
}

static void walk(struct image *im, const char *client, const char *name)
{
    struct access_index index = { im, fetch, NULL };
    struct access_rules rules = { .allow = { .name = "allow" }, .deny = { .name = "deny" }, .index = &index };
    struct access_facts facts = { .daemons = access_daemons("smtpd"), .client_name = name,
                                  .client_state = name ? ACCESS_NAME_KNOWN : ACCESS_NAME_UNASKED };
    struct access_why why;

    net_parse(client, strlen(client), &facts.client);
    enum access_verdict v = access_decide(&rules, &facts, &why);
    MUST(v != ACCESS_DENY || why.file);
    access_explain(&rules, &why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t seen[IMAGE_SEEN];
    struct image im;

    if (size < 1)
        return 0;
    const bool seal = data[0] & 1;
    uint8_t *copy = malloc(size);
    MUST(copy);
    memcpy(copy, data + 1, --size);
    for (size_t i = 0; seal && (i + 1) * IMAGE_BLOCK <= size; i++)
        le32_put(copy + i * IMAGE_BLOCK + 4 * IMAGE_WORDS,
                 image_checksum(copy + KEY_AT, copy + i * IMAGE_BLOCK, (uint32_t)i));
    memset(seen, 0, size / IMAGE_BLOCK / 8 + 1);
    if (!image_open(&im, copy, size, seen)) {
        walk(&im, "10.0.0.1", NULL);
        walk(&im, "2001:db8::1", "a.b.lan");
        walk(&im, "unknown", NULL);
    }
    free(copy);
    return 0;
}
