/* The access image, read as it lies: see image.h. */
#include "mail/image.h"

#include "base/crc32c.h"
#include "base/le.h"

#include <string.h>

#define MAGIC "buzonacl"
#define ORDER 0x01020304u            /* reads otherwise where the bytes were turned round */

#define TYPE_SHIFT  23
#define LIST_BIT    IMAGE_RULES
#define VALUE_MASK  (LIST_BIT - 1)

#define PLAIN_BIT   IMAGE_LINES
#define CLASS_SHIFT 25

/* The key is in it, too: so blocks of two images do not pass for one, whoever has mixed them. */
uint32_t image_checksum(const uint8_t key[SIPHASH_KEY], const uint8_t *block, uint32_t number)
{
    uint8_t n[4 + SIPHASH_KEY];

    le32_put(n, number);
    memcpy(n + 4, key, SIPHASH_KEY);
    return crc32c(crc32c(0, n, sizeof n), block, 4 * IMAGE_WORDS);
}

/* ---- the header: its words in their order, for both ways */

struct words {
    uint8_t *p;                      /* put, when it is not NULL … */
    const uint8_t *from;             /* … else get */
};

static void word(struct words *w, uint32_t *v)
{
    if (w->p) {
        le32_put(w->p, *v);
        w->p += 4;
    } else {
        *v = le32_get(w->from);
        w->from += 4;
    }
}

static void word64(struct words *w, uint64_t *v)
{
    uint32_t low = (uint32_t)*v, high = (uint32_t)(*v >> 32);

    word(w, &low);
    word(w, &high);
    *v = (uint64_t)high << 32 | low;
}

static void id_words(struct words *w, struct image_id *id)
{
    uint32_t there = id->there;
    uint64_t mtime = (uint64_t)id->mtime, ctime = (uint64_t)id->ctime;

    word(w, &there);
    word64(w, &id->size);
    word64(w, &id->hash);
    word64(w, &mtime);
    word(w, &id->mtime_ns);
    word64(w, &ctime);
    word(w, &id->ctime_ns);
    id->there = there != 0;
    id->mtime = (int64_t)mtime;
    id->ctime = (int64_t)ctime;
}

static void header_words(struct words *w, struct image_header *h)
{
    uint32_t names = h->names, wants_root = h->wants_root;

    for (int i = 0; i < SIPHASH_KEY; i += 4) {
        uint32_t k = le32_get(h->key + i);
        word(w, &k);
        le32_put(h->key + i, k);
    }
    uint32_t *const plain[] = { &h->blocks, &h->hash, &h->hash_blocks, &h->rules, &h->rule_count, &h->lists,
                                &h->list_words, &h->classes, &h->class_count, &h->labels, &names, &wants_root,
                                &h->files, &h->table.tags, &h->table.names };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        word(w, plain[i]);
    for (int i = 0; i < IMAGE_SOURCES; i++)
        word(w, &h->end[i]);
    for (int i = 0; i < 2; i++)
        word(w, &h->v4[i]);
    for (int i = 0; i < 5; i++)
        word(w, &h->v6[i]);
    word64(w, &h->table.v4);
    for (int i = 0; i < 3; i++)
        word64(w, &h->table.v6[i]);
    for (int i = 0; i < IMAGE_SOURCES; i++)
        id_words(w, &h->id[i]);
    h->names = names != 0;
    h->wants_root = wants_root != 0;
}

void image_header_put(const struct image_header *h, uint8_t *block)
{
    struct image_header copy = *h;
    struct words w = { block + sizeof MAGIC - 1, NULL };
    uint32_t version = IMAGE_VERSION, order = ORDER;

    memset(block, 0, IMAGE_BLOCK);
    memcpy(block, MAGIC, sizeof MAGIC - 1);
    word(&w, &version);
    word(&w, &order);
    header_words(&w, &copy);
    le32_put(block + 4 * IMAGE_WORDS, image_checksum(h->key, block, 0));
}

bool image_header_get(struct image_header *h, uint32_t *version, uint32_t *order, const uint8_t *block)
{
    struct words w = { NULL, block + sizeof MAGIC - 1 };

    memset(h, 0, sizeof *h);
    word(&w, version);
    word(&w, order);
    header_words(&w, h);
    return memcmp(block, MAGIC, sizeof MAGIC - 1) == 0;
}

/* Does a region of so many words lie whole within the image, behind the header? */
static bool fits(const struct image_header *h, uint32_t first, uint64_t words)
{
    return first >= 1 && first <= h->blocks && words <= (uint64_t)(h->blocks - first) * IMAGE_WORDS;
}

static bool is_sound(const struct image_header *h)
{
    return h->hash_blocks >= 1 && fits(h, h->hash, (uint64_t)h->hash_blocks * IMAGE_WORDS)
        && (h->hash_blocks <= IMAGE_PAGE || h->hash_blocks % IMAGE_PAGE == 0)
        && fits(h, h->rules, (uint64_t)h->rule_count * IMAGE_RULE_WORDS) && fits(h, h->lists, h->list_words)
        && h->class_count >= 1 && h->class_count <= IMAGE_CLASSES
        && fits(h, h->classes, (h->class_count + IMAGE_BLOCK_CLASSES - 1) / IMAGE_BLOCK_CLASSES * IMAGE_WORDS)
        && h->end[IMAGE_ALLOW] <= h->end[IMAGE_DENY] && h->end[IMAGE_DENY] <= h->end[IMAGE_TABLE]
        && h->end[IMAGE_TABLE] == h->rule_count;
}

const char *image_open(struct image *im, const void *data, size_t n, uint8_t *seen)
{
    uint32_t version, order;

    memset(im, 0, sizeof *im);
    im->data = data;
    im->seen = seen;
    if (n < IMAGE_BLOCK || !image_header_get(&im->h, &version, &order, data))
        return "no access image";
    if (order != ORDER)
        return "its bytes are in the wrong order";
    if (version != IMAGE_VERSION)
        return "of another version";
    if (le32_get(im->data + 4 * IMAGE_WORDS) != image_checksum(im->h.key, im->data, 0) || !is_sound(&im->h))
        return "damaged";
    image_steps(&im->h);
    if (n > IMAGE_MOST || n != (size_t)im->h.blocks * IMAGE_BLOCK)
        return "not as long as it should be";
    return NULL;
}

/* A block whose checksum holds, or NULL: each is checked at its first use. */
static const uint8_t *block_at(struct image *im, uint32_t number)
{
    const uint8_t *block = im->data + (size_t)number * IMAGE_BLOCK;
    uint8_t bit = (uint8_t)(1 << number % 8);

    if (number >= im->h.blocks || im->damaged) {
        im->damaged = true;
        return NULL;
    }
    if (!(im->seen[number / 8] & bit)) {
        if (le32_get(block + 4 * IMAGE_WORDS) != image_checksum(im->h.key, block, number)) {
            im->damaged = true;
            return NULL;
        }
        im->seen[number / 8] |= bit;
    }
    return block;
}

/* The i-th word of a region; 0 when the image is damaged. */
static uint32_t word_at(struct image *im, uint32_t first, uint32_t i)
{
    const uint8_t *block = block_at(im, first + i / IMAGE_WORDS);

    return block ? le32_get(block + 4 * (i % IMAGE_WORDS)) : 0;
}

/* Which of its pages the length lies in, when `step` neighbours share one: a whole address goes with the longest nets.
 */
static unsigned group_of(unsigned bits, unsigned most, unsigned step)
{
    return (bits < most ? bits : most - 1) / step;
}

static unsigned pages_of(const uint32_t *lengths, unsigned most, unsigned step)
{
    unsigned pages = 0, last = most + 1;

    for (unsigned bits = 0; bits <= most; bits++)
        if (lengths[bits / 32] >> bits % 32 & 1 && group_of(bits, most, step) != last) {
            last = group_of(bits, most, step);
            pages++;
        }
    return pages;
}

static unsigned step_of(const uint32_t *lengths, unsigned most)
{
    unsigned step = 1;

    while (pages_of(lengths, most, step) > IMAGE_PAGES)
        step *= 2;
    return step;
}

void image_steps(struct image_header *h)
{
    h->v4_step = step_of(h->v4, 32);
    h->v6_step = step_of(h->v6, 128);
}

/* Few lengths are in use as a rule, and each prefix has a page of its own choice. Where there are many, neighbours
 * share what the shortest of them picks, so that a client costs IMAGE_PAGES pages at most; no more neighbours than
 * need be, for the longer prefixes of one short one all lie there. */
void image_key_net(const struct image_header *h, const struct net_addr *net, unsigned bits, struct image_key *k)
{
    const bool v4 = net->family == NET_V4;
    const unsigned step = v4 ? h->v4_step : h->v6_step, group = group_of(bits, v4 ? 32 : 128, step);
    const unsigned common = group * step;
    uint8_t text[18] = { 0 };

    k->type = (v4 ? IMAGE_V4 : IMAGE_V6) + bits;
    memcpy(text + 2, net->byte, (common + 7) / 8);
    if (common % 8)
        text[2 + common / 8] &= (uint8_t)~(0xff >> common % 8);
    text[0] = v4;
    text[1] = (uint8_t)group;
    k->page = siphash(h->key, text, v4 ? 6 : sizeof text);
    if (v4) {
        const uint8_t *b = net->byte;
        uint32_t low = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
        k->place = (k->page >> 32) + bits + (bits ? low >> (32 - bits) : 0);
        k->tag = le32_get(net->byte);
        return;
    }
    memcpy(text + 2, net->byte, sizeof net->byte);
    text[0] = (uint8_t)k->type;
    text[1] = (uint8_t)(k->type >> 8);
    k->place = siphash(h->key, text, sizeof text);
    k->tag = (uint32_t)(k->place >> 32);
}

void image_key_text(const uint8_t key[SIPHASH_KEY], enum image_type type, const char *text, size_t n,
                    struct image_key *k)
{
    k->type = type;
    k->place = siphash(key, text, n) + type;
    k->page = k->place / IMAGE_PAGE;
    k->tag = (uint32_t)(k->place >> 32);
}

void image_slot_put(uint8_t slot[8], const struct image_key *k, uint32_t value, bool is_list)
{
    le32_put(slot, k->tag);
    le32_put(slot + 4, k->type << TYPE_SHIFT | (is_list ? LIST_BIT : 0) | value);
}

void image_rule_words(const struct image_rule *r, uint32_t word[IMAGE_RULE_WORDS])
{
    word[0] = r->offset;
    word[1] = r->line | (r->plain ? PLAIN_BIT : 0) | r->class << CLASS_SHIFT;
}

uint32_t image_home(const struct image_key *k, uint32_t hash_blocks)
{
    uint32_t width = hash_blocks < IMAGE_PAGE ? hash_blocks : IMAGE_PAGE, pages = hash_blocks / width;

    return (uint32_t)(k->page % pages) * width + (uint32_t)(k->place % width);
}

bool image_find(struct image *im, const struct image_key *k, uint32_t *value, bool *is_list)
{
    uint32_t at = image_home(k, im->h.hash_blocks);

    for (uint32_t tried = 0; tried < im->h.hash_blocks; tried++) {
        const uint8_t *block = block_at(im, im->h.hash + at);
        uint32_t used = block ? le32_get(block + 4 * (IMAGE_WORDS - 1)) : 0;
        if (used > IMAGE_SLOTS) {
            im->damaged = true;
            return false;
        }
        for (uint32_t i = 0; i < used; i++) {
            uint32_t v = le32_get(block + 8 * i + 4);
            if (le32_get(block + 8 * i) == k->tag && v >> TYPE_SHIFT == k->type) {
                *value = v & VALUE_MASK;
                *is_list = v & LIST_BIT;
                return true;
            }
        }
        if (used < IMAGE_SLOTS)
            return false;
        if (++at == im->h.hash_blocks)
            at = 0;
    }
    return false;
}

uint32_t image_list_from(struct image *im, uint32_t list, uint32_t from)
{
    uint32_t low = 0, high;

    if (list >= im->h.list_words) {
        im->damaged = true;
        return IMAGE_NONE;
    }
    const uint32_t n = word_at(im, im->h.lists, list);
    if (n > im->h.list_words - list - 1) {
        im->damaged = true;
        return IMAGE_NONE;
    }
    /* Most lists are asked from their front: one page, where halving would touch many. */
    if (n > 0 && word_at(im, im->h.lists, list + 1) >= from)
        return word_at(im, im->h.lists, list + 1);
    for (high = n; low < high; ) {
        uint32_t middle = low + (high - low) / 2;
        if (word_at(im, im->h.lists, list + 1 + middle) < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n ? word_at(im, im->h.lists, list + 1 + low) : IMAGE_NONE;
}

bool image_rule(struct image *im, uint32_t number, struct image_rule *r)
{
    memset(r, 0, sizeof *r);
    if (number >= im->h.rule_count) {
        im->damaged = true;
        return false;
    }
    r->offset = word_at(im, im->h.rules, IMAGE_RULE_WORDS * number);
    uint32_t rest = word_at(im, im->h.rules, IMAGE_RULE_WORDS * number + 1);
    r->line = rest & (IMAGE_LINES - 1);
    r->plain = rest & PLAIN_BIT;
    r->class = rest >> CLASS_SHIFT & (IMAGE_CLASSES - 1);
    while (number >= im->h.end[r->source])
        r->source++;
    im->damaged = im->damaged || r->class >= im->h.class_count;
    return !im->damaged;
}

bool image_class(struct image *im, unsigned number, struct image_class *c)
{
    memset(c, 0, sizeof *c);
    if (number >= im->h.class_count) {
        im->damaged = true;
        return false;
    }
    const uint8_t *block = block_at(im, im->h.classes + number / IMAGE_BLOCK_CLASSES);
    if (!block)
        return false;
    const uint8_t *p = block + number % IMAGE_BLOCK_CLASSES * 4 * IMAGE_CLASS_WORDS;
    c->all = le32_get(p);
    c->any = le32_get(p + 4);
    c->names = le32_get(p + 8);
    memcpy(c->daemons, p + 12, sizeof c->daemons - 1);
    return true;
}
