/* The image read as it lies: what is no image, keys, and blocks that lie about themselves. */
#include "mail/image.h"

#include "base/le.h"
#include "test.h"

static uint8_t seen[IMAGE_SEEN], data[6 * IMAGE_BLOCK];
static struct image im;
static const uint8_t key[SIPHASH_KEY] = "0123456789abcde";

static void seal(uint32_t block)
{
    le32_put(data + block * IMAGE_BLOCK + 4 * IMAGE_WORDS, image_checksum(key, data + block * IMAGE_BLOCK, block));
}

static const char *open_it(void)
{
    memset(seen, 0, sizeof seen);
    return image_open(&im, data, sizeof data, seen);
}

static struct image_key hub(void)
{
    struct image_key k;

    image_key_text(key, IMAGE_NAME, "hub.lan", 7, &k);
    return k;
}

/* One block each: header, hash, rules, lists, classes, and one that nobody speaks of. A name leads to list 1. */
static void make(void)
{
    const struct image_header h = {
        .blocks = 6, .hash = 1, .hash_blocks = 1, .rules = 2, .rule_count = 9, .lists = 3, .list_words = 5,
        .classes = 4, .class_count = 1, .end = { 5, 9, 9 }, .names = true, .key = "0123456789abcde",
        .v6 = { 1, 2, 3, 4, 5 },
        .id = { { true, 1u << 31, 0x1234567890abcdefu, -5, 6, 999, 7 }, { .there = false },
                { true, 7, 8, 9, 11, 10, 12 } },
    };
    const struct image_rule r = { IMAGE_DENY, 0xfffffffeu, IMAGE_LINES - 1, 0, true };
    uint32_t word[IMAGE_RULE_WORDS];
    struct image_key k = hub();

    memset(data, 0, sizeof data);
    image_header_put(&h, data);
    image_slot_put(data + IMAGE_BLOCK, &k, 1, true);
    le32_put(data + IMAGE_BLOCK + 4 * (IMAGE_WORDS - 1), 1);
    image_rule_words(&r, word);
    le32_put(data + 2 * IMAGE_BLOCK + 8 * 7, word[0]);
    le32_put(data + 2 * IMAGE_BLOCK + 8 * 7 + 4, word[1]);
    le32_put(data + 3 * IMAGE_BLOCK + 4, 3);
    for (uint32_t i = 0; i < 3; i++)
        le32_put(data + 3 * IMAGE_BLOCK + 8 + 4 * i, 2 + 3 * i);
    for (uint32_t i = 1; i < 6; i++)
        seal(i);
}

static void what_is_no_image(void)
{
    make();
    CHECK(!open_it());
    data[3] ^= 1;
    CHECK_STR(open_it(), "no access image");
    make();
    data[8] ^= 2;
    CHECK_STR(open_it(), "of another version");
    make();
    data[12] = data[15];
    CHECK_STR(open_it(), "its bytes are in the wrong order");
    make();
    data[100] ^= 1;
    CHECK_STR(open_it(), "damaged");
    make();
    CHECK_STR(image_open(&im, data, sizeof data - 1, seen), "not as long as it should be");
    CHECK_STR(image_open(&im, data, 0, seen), "no access image");
}

/* A header whose checksum holds but that speaks of blocks that are not there. */
static void a_header_that_lies(void)
{
    struct image_header h;
    uint32_t version, order;

    make();
    CHECK(image_header_get(&h, &version, &order, data));
    for (int i = 0; i < 6; i++) {
        struct image_header lie = h;
        uint32_t *what[] = { &lie.hash_blocks, &lie.rules, &lie.rule_count, &lie.list_words, &lie.class_count,
                             &lie.hash };
        *what[i] = i == 5 ? 0 : 0x40000000u;
        image_header_put(&lie, data);
        CHECK_STR(open_it(), "damaged");
    }
}

static void the_header_comes_back(void)
{
    make();
    CHECK(!open_it());
    CHECK_EQ(im.h.v6[4], 5);
    CHECK(im.h.names && im.h.id[0].there && !im.h.id[1].there);
    CHECK(im.h.id[0].hash == 0x1234567890abcdefu && im.h.id[0].mtime == -5 && im.h.id[0].size == 1u << 31);
    CHECK(im.h.id[2].mtime_ns == 10 && im.h.id[2].ctime == 11 && im.h.id[2].ctime_ns == 12);
}

static void finding(void)
{
    struct image_key k = hub(), other;
    struct image_rule r;
    uint32_t list;
    bool is_list = false;

    make();
    CHECK(!open_it());
    CHECK(image_find(&im, &k, &list, &is_list) && list == 1 && is_list);
    image_key_text(key, IMAGE_SUFFIX, "hub.lan", 7, &other);
    CHECK(!image_find(&im, &other, &list, &is_list));
    CHECK_EQ(image_list_from(&im, 1, 0), 2);
    CHECK_EQ(image_list_from(&im, 1, 3), 5);
    CHECK_EQ(image_list_from(&im, 1, 8), 8);
    CHECK_EQ(image_list_from(&im, 1, 9), IMAGE_NONE);
    CHECK(image_rule(&im, 7, &r) && r.source == IMAGE_DENY && r.plain);
    CHECK_EQ(r.offset, 0xfffffffeu);
    CHECK_EQ(r.line, IMAGE_LINES - 1);
    CHECK(!im.damaged);
    CHECK(!image_rule(&im, 9, &r) && im.damaged);
}

/* Blocks whose checksums hold, but whose numbers lead out of the image, end in `damaged`, not elsewhere. */
static void numbers_that_lie(void)
{
    struct image_key k = hub();
    uint32_t v;
    bool is_list;

    make();
    le32_put(data + IMAGE_BLOCK + 4 * (IMAGE_WORDS - 1), 64);
    seal(1);
    CHECK(!open_it());
    CHECK(!image_find(&im, &k, &v, &is_list) && im.damaged);
    make();
    le32_put(data + 3 * IMAGE_BLOCK + 4, 4);
    seal(3);
    CHECK(!open_it());
    CHECK_EQ(image_list_from(&im, 1, 0), IMAGE_NONE);
    CHECK(im.damaged);
    make();
    CHECK(!open_it());
    CHECK_EQ(image_list_from(&im, 5, 0), IMAGE_NONE);
    CHECK(im.damaged);
}

/* The key of the first `bits` bits of an address that has ones and noughts by turns. */
static struct image_key prefix_key(const struct image_header *h, enum net_family family, unsigned bits)
{
    struct net_addr net = { .family = family };
    struct image_key k;

    memset(net.byte, 0xaa, family == NET_V4 ? 4 : 16);
    for (unsigned i = bits; i < 128; i++)
        net.byte[i / 8] &= (uint8_t)~(0x80 >> i % 8);
    image_key_net(h, &net, bits, &k);
    return k;
}

/* In how many pages are the keys of one client, of all lengths? */
static unsigned pages_of_client(const struct image_header *h, enum net_family family)
{
    uint64_t page[129];
    unsigned pages = 0, i;

    for (unsigned bits = 0; bits <= (family == NET_V4 ? 32 : 128); bits++) {
        page[pages] = prefix_key(h, family, bits).page;
        for (i = 0; page[i] != page[pages]; i++)
            ;
        pages += i == pages;
    }
    return pages;
}

/* Few lengths: each picks its own page. All of them: IMAGE_PAGES pages, whatever the client. An IPv4 prefix is its own
 * tag. */
static void keys_of_nets(void)
{
    struct image_header few = { .key = "0123456789abcde", .v4 = { 1u << 24 | 1u << 25 }, .v6 = { 0, 1u << 16 } };
    struct image_header all = { .key = "0123456789abcde", .v4 = { UINT32_MAX, 1 },
                                .v6 = { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, 1 } };

    image_steps(&few);
    CHECK(few.v4_step == 1 && few.v6_step == 1);
    CHECK_EQ(pages_of_client(&few, NET_V4), 32);     /* /31 and /32 always share one */
    image_steps(&all);
    CHECK(all.v4_step == 4 && all.v6_step == 16);
    CHECK_EQ(pages_of_client(&all, NET_V4), IMAGE_PAGES);
    CHECK_EQ(pages_of_client(&all, NET_V6), IMAGE_PAGES);
    struct image_key k24 = prefix_key(&all, NET_V4, 24), k25 = prefix_key(&all, NET_V4, 25);
    CHECK(k24.page == k25.page && k24.place != k25.place && k24.type != k25.type);
    CHECK_EQ(k24.tag, 0x00aaaaaa);
    CHECK(prefix_key(&all, NET_V6, 127).tag != prefix_key(&all, NET_V6, 126).tag);
}

int main(void)
{
    RUN(what_is_no_image);
    RUN(a_header_that_lies);
    RUN(the_header_comes_back);
    RUN(finding);
    RUN(numbers_that_lie);
    RUN(keys_of_nets);
    TEST_DONE();
}
