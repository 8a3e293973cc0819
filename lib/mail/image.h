/* The access image: hosts.allow, hosts.deny and the access table as one flat hash that is mapped and read as it lies.
 * docs/IMAGE.md tells the format; compile.c writes it. Nothing here trusts a byte that its block's checksum does not
 * cover. */
#ifndef MAIL_IMAGE_H
#define MAIL_IMAGE_H

#include "base/siphash.h"
#include "mail/net.h"
#include "mail/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_BLOCK     512u         /* bytes: what one checksum covers */
#define IMAGE_WORDS     127u         /* of 32 bits in a block; the last is the checksum of the others and the block's
                                        number */
#define IMAGE_SLOTS     63u          /* of a hash block; its word 126 counts those in use */
#define IMAGE_PAGE      8u           /* blocks of the hash that keys near each other share: 4 KiB */
#define IMAGE_PAGES     8u           /* of these hold all prefixes of one client, whatever lengths are in use */
#define IMAGE_VERSION   1u
#define IMAGE_MOST      (64u << 20)  /* bytes of the largest image */
#define IMAGE_CLASSES   64u          /* of daemon lists; class 0 is all that have none of their own */
#define IMAGE_CLASS_WORDS 30u        /* of one class as it lies, four in a block */
#define IMAGE_BLOCK_CLASSES 4u
#define IMAGE_RULE_WORDS 2u
#define IMAGE_LABELS    31u          /* a suffix with more dots is no key */
#define IMAGE_NONE      UINT32_MAX
#define IMAGE_RULES     (1u << 22)   /* more rules, or words of lists, have no number */
#define IMAGE_LINES     (1u << 24)
#define IMAGE_SEEN      (IMAGE_MOST / IMAGE_BLOCK / 8)       /* bytes of image_open's bitmap */

/* The sources. Rules are numbered through the first two in file order, then come the lines of the table. */
enum image_source { IMAGE_ALLOW, IMAGE_DENY, IMAGE_TABLE, IMAGE_SOURCES };

/* What tells one state of a source from another. */
struct image_id {
    bool there;                      /* all else is 0 when it is not */
    uint64_t size, hash;             /* bytes; siphash of them under the image's key */
    int64_t mtime, ctime;
    uint32_t mtime_ns, ctime_ns;
};

/* What a key is of: it fits a slot's nine bits. */
enum image_type {
    IMAGE_V4 = 0,                    /* + prefix length: 0 to 32 */
    IMAGE_V6 = 33,                   /* + prefix length: 0 to 128 */
    IMAGE_NAME = 162,                /* a host's whole name */
    IMAGE_SUFFIX,                    /* `.lan` */
    IMAGE_LINE                       /* a key of the access table in its canonical form */
};

/* A key made ready: where it lies, and what is compared there. */
struct image_key {
    uint32_t type, tag;              /* an IPv4 prefix is its own tag, so finding one is exact; others need the text */
    uint64_t page, place;            /* hashes */
};

/* A class: what the daemon lists of one wording have in common. Lists are numbers for image_list_from, 0 is none. */
struct image_class {
    char daemons[4 * 27 + 1];        /* the list as written; "" for class 0 */
    uint32_t all;                    /* rules for ALL clients, without options: they decide by themselves */
    uint32_t any;                    /* rules that must be judged for each client */
    uint32_t names;                  /* rules that may hang on the client's name */
};

/* A rule, or a line of the table: where it stands. */
struct image_rule {
    enum image_source source;
    uint32_t offset, line;           /* of its first byte; from 1 */
    unsigned class;                  /* of its daemon list */
    bool plain;                      /* no option, no EXCEPT: a client found by an exact key matches it */
};

struct image_header {
    uint8_t key[SIPHASH_KEY];
    uint32_t blocks;
    uint32_t hash, hash_blocks;      /* first block, number of blocks */
    uint32_t rules, rule_count;      /* first block, number of rules */
    uint32_t lists, list_words;
    uint32_t classes, class_count;
    uint32_t end[IMAGE_SOURCES];     /* number of the first rule that is not of this source nor of one before it */
    uint32_t v4[2], v6[5];           /* bit by bit: the prefix lengths in use */
    uint32_t labels;                 /* bit by bit: the numbers of dots of suffixes in use */
    bool names;                      /* are there keys of type IMAGE_NAME? */
    bool wants_root;                 /* has a rule options that must be carried out outside of the jail? */
    uint32_t files;                  /* list of the rules that name files of patterns */
    struct table_kinds table;        /* which keys the access table has */
    struct image_id id[IMAGE_SOURCES];
    unsigned v4_step, v6_step;       /* not in the file: see image_steps */
};

struct image {
    struct image_header h;
    const uint8_t *data;
    uint8_t *seen;                   /* a bit a block: its checksum was found right */
    bool damaged;                    /* a block was looked at that is not as it was written: answers do not count */
};

/* Takes n bytes that hold an image. `seen` is a zeroed bitmap of IMAGE_SEEN bytes; both are the caller's and live as
 * long as the image. Returns NULL, or what is wrong with it. */
const char *image_open(struct image *im, const void *data, size_t n, uint8_t *seen);

/* Finds out how many neighbouring lengths must share a page, once the lengths in use are known: h->v4_step, h->v6_step.
 * image_open has done it. */
void image_steps(struct image_header *h);

/* Keys. A net's host bits must be 0; the header has its key, lengths and steps. A text is in lower case already. */
void image_key_net(const struct image_header *h, const struct net_addr *net, unsigned bits, struct image_key *k);
void image_key_text(const uint8_t key[SIPHASH_KEY], enum image_type type, const char *text, size_t n,
                    struct image_key *k);

/* The rules under a key: *value is a rule's number, or with *is_list that of a list. False when there are none. */
bool image_find(struct image *im, const struct image_key *k, uint32_t *value, bool *is_list);

/* The first rule of a list whose number is at least `from`, or IMAGE_NONE. */
uint32_t image_list_from(struct image *im, uint32_t list, uint32_t from);

/* Returns false, with *r zeroed, when there is none such (the image is damaged then). */
bool image_rule(struct image *im, uint32_t number, struct image_rule *r);
bool image_class(struct image *im, unsigned number, struct image_class *c);

/* For compile.c: the checksum of a block, the block of the hash where a key belongs (it lies there or, when that is
 * full, in the next that is not), and the words of a slot and of a rule. */
uint32_t image_checksum(const uint8_t key[SIPHASH_KEY], const uint8_t *block, uint32_t number);
uint32_t image_home(const struct image_key *k, uint32_t hash_blocks);
void image_slot_put(uint8_t slot[8], const struct image_key *k, uint32_t value, bool is_list);
void image_rule_words(const struct image_rule *r, uint32_t word[IMAGE_RULE_WORDS]);

/* The header as it lies in block 0 (IMAGE_BLOCK bytes, checksum included), both ways. image_header_get checks nothing
 * but says false when the magic is not there. */
void image_header_put(const struct image_header *h, uint8_t *block);
bool image_header_get(struct image_header *h, uint32_t *version, uint32_t *order, const uint8_t *block);

#endif
