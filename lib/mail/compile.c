/* Makes an access image: see compile.h. Once over the texts to count the keys, once more to note them; then the keys
 * are sorted, so that those of one rule list stand together, and laid out. */
#include "mail/compile.h"

#include "base/le.h"
#include "base/str.h"
#include "mail/index.h"
#include "mail/limits.h"
#include "mail/option.h"
#include "mail/rulekeys.h"
#include "mail/table.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define SLOTS_AIM 51u                /* of a hash block's 63 are used on average: few overflow into the next */

/* Types of entries that are no keys in the hash: the lists of a class, and the one of rules that name files. */
enum { OF_ALL, OF_ANY, OF_NAMES, LIST_KINDS, CLASS_LISTS = 512, FILES_LIST = 512 + IMAGE_CLASSES * LIST_KINDS };

/* ---- from the texts to entries */

static void add(struct compile *c, const struct image_key *key, uint32_t rule)
{
    if (c->entries)
        c->entries[c->entry_count] = (struct compile_entry){ *key, rule };
    c->entry_count++;
}

static void add_to_list(struct compile *c, unsigned class, unsigned kind, uint32_t rule)
{
    const struct image_key key = { .type = CLASS_LISTS + class * LIST_KINDS + kind };

    add(c, &key, rule);
}

static bool is_class(const struct image_class *class, const struct rule_span *daemons)
{
    return strlen(class->daemons) == daemons->n && memcmp(class->daemons, daemons->p, daemons->n) == 0;
}

/* The number of the class of this wording; 0 when there is no room for one more. */
static unsigned class_of(struct compile *c, struct rule_span daemons)
{
    unsigned i = 1;

    while (daemons.n > 0 && (daemons.p[daemons.n - 1] == ' ' || daemons.p[daemons.n - 1] == '\t'))
        daemons.n--;
    if (daemons.n == 0)
        return 0;
    while (i < c->h.class_count && !is_class(&c->classes[i], &daemons))
        i++;
    if (i == IMAGE_CLASSES)
        return 0;
    if (i == c->h.class_count) {
        memset(&c->classes[i], 0, sizeof c->classes[i]);
        memcpy(c->classes[i].daemons, daemons.p, daemons.n);     /* a copy: the line is gone after it was taken */
        c->h.class_count++;
    }
    return i;
}

static void add_net(struct compile *c, const struct pattern *net, uint32_t rule)
{
    const unsigned bits = rulekeys_bits(net);
    struct image_key key;

    image_key_net(&c->h, &net->net, bits, &key);
    add(c, &key, rule);
    *(net->net.family == NET_V4 ? &c->h.v4[bits / 32] : &c->h.v6[bits / 32]) |= 1u << bits % 32;
}

static void add_name(struct compile *c, const struct pattern *name, uint32_t rule)
{
    char text[LIMIT_HOSTNAME];
    struct image_key key;
    unsigned dots = 0;

    for (size_t i = 0; i < name->n; i++) {
        text[i] = str_lower(name->text[i]);
        dots += text[i] == '.';
    }
    bool suffix = name->kind == PATTERN_SUFFIX;
    image_key_text(c->h.key, suffix ? IMAGE_SUFFIX : IMAGE_NAME, text, name->n, &key);
    add(c, &key, rule);
    if (suffix)
        c->h.labels |= 1u << dots;
    else
        c->h.names = true;
}

static void take_rule(struct compile *c, const struct rule_span *line, uint32_t number, struct image_rule *r)
{
    struct rulekeys k;
    struct pattern p;

    rulekeys_read(line, &k);
    r->class = class_of(c, k.daemons);
    r->plain = k.plain && r->class != 0;
    if (k.files)
        add(c, &(struct image_key){ .type = FILES_LIST }, number);
    if (k.kind == RULEKEYS_ALL && r->plain)
        add_to_list(c, r->class, OF_ALL, number);
    else if (k.kind != RULEKEYS_SOME)
        add_to_list(c, r->class, OF_ANY, number);
    if (k.kind != RULEKEYS_SOME)
        return;
    if (k.names)
        add_to_list(c, r->class, OF_NAMES, number);
    while (rulekeys_next(&k, &p)) {
        if (p.kind == PATTERN_NET)
            add_net(c, &p, number);
        else
            add_name(c, &p, number);
    }
}

static int too_much(const struct compile *c, int source, const struct rule_reader *r, const char *what, struct fault *f)
{
    return fault_set(f, EX_DATAERR, "%s:%u: %s", c->name[source], r->line, what);
}

static void put_rule(struct compile *c, uint32_t number, const struct image_rule *r);

/* Over one of the first two texts; with c->out, the rules' places are noted there. */
static int take_text(struct compile *c, int source, uint32_t *number, struct fault *f)
{
    struct rule_span line;
    struct rule_reader r;
    int got;

    if (!c->text[source])
        return 0;
    rule_start(&r, c->text[source], c->n[source]);
    if (rule_has_mark(c->text[source], c->n[source]))
        return too_much(c, source, &r, RULE_MARK_FAULT, f);
    while ((got = rule_next(&r, &line)) != 0) {
        struct image_rule rule = { .offset = (uint32_t)(r.start - c->text[source]), .line = r.line };
        if (got < 0 || r.at - r.start > (ptrdiff_t)INDEX_RAW)
            return too_much(c, source, &r, got < 0 ? r.wrong : "the rule is too long: make it several rules", f);
        if (*number == IMAGE_RULES - 1 || r.line >= IMAGE_LINES)
            return too_much(c, source, &r, "an image has no room for more rules: take some out", f);
        take_rule(c, &line, *number, &rule);
        if (c->out)
            put_rule(c, *number, &rule);
        (*number)++;
    }
    return 0;
}

static int take_line(struct compile *c, const char *line, size_t n, uint32_t number, const struct image_rule *r,
                     struct fault *f)
{
    char wrong[TABLE_FAULT];
    struct table_line l;
    struct image_key key;
    int got = table_line_parse(line, n, &l, wrong);

    if (got < 0)
        return fault_set(f, EX_CONFIG, "%s:%u: %s", c->name[IMAGE_TABLE], r->line, wrong);
    if (got == 0)
        return 0;
    if (number == IMAGE_RULES - 1 || r->line >= IMAGE_LINES)
        return fault_set(f, EX_DATAERR, "%s:%u: an image has no room for more lines: take some out",
                         c->name[IMAGE_TABLE], r->line);
    image_key_text(c->h.key, IMAGE_LINE, l.key, l.n, &key);
    add(c, &key, number);
    table_kinds_add(&c->h.table, &l);
    if (c->out)
        put_rule(c, number, r);
    return 1;
}

/* Over the table: each line that holds a key is numbered. */
static int take_table(struct compile *c, uint32_t *number, struct fault *f)
{
    const char *text = c->text[IMAGE_TABLE];
    struct image_rule r = { .line = 1 };

    if (!text)
        return 0;
    for (const char *at = text, *end = text + c->n[IMAGE_TABLE]; at < end; r.line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at)), *stop = newline ? newline : end;
        r.offset = (uint32_t)(at - text);
        int got = take_line(c, at, (size_t)(stop - at), *number, &r, f);
        if (got < 0)
            return -1;
        *number += (unsigned)got;
        at = stop + 1;
    }
    return 0;
}

static int take_texts(struct compile *c, struct fault *f)
{
    uint32_t number = 0;

    c->entry_count = 0;
    c->h.class_count = 1;
    for (int i = 0; i < IMAGE_SOURCES; i++) {
        if (i == IMAGE_TABLE ? take_table(c, &number, f) : take_text(c, i, &number, f))
            return -1;
        if (i != IMAGE_TABLE && c->text[i])
            c->h.wants_root = c->h.wants_root || option_in_text(c->text[i], c->n[i]);
        c->h.end[i] = number;
    }
    c->h.rule_count = number;
    return 0;
}

int compile_start(struct compile *c, struct fault *f)
{
    c->entries = NULL;
    c->out = NULL;
    image_steps(&c->h);              /* for keys that only count … */
    if (take_texts(c, f))
        return -1;
    image_steps(&c->h);              /* … and those that will stand in the image */
    c->entry_most = c->entry_count;
    return 0;
}

/* ---- sorted, counted */

static int by_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* By what find compares; among what it takes for the same, by place and then in file order. */
static int compare(const void *left, const void *right)
{
    const struct compile_entry *a = left, *b = right;
    int d = by_u64((uint64_t)a->key.type << 32 | a->key.tag, (uint64_t)b->key.type << 32 | b->key.tag);

    if (!d)
        d = by_u64(a->rule, b->rule);
    return d ? d : by_u64(a->key.place, b->key.place);
}

static bool same_key(const struct compile_entry *a, const struct compile_entry *b)
{
    return a->key.type == b->key.type && a->key.tag == b->key.tag;
}

/* How many entries from i on have the key of i; *rules of them name different rules. */
static size_t run_of(const struct compile *c, size_t i, uint32_t *rules)
{
    size_t n = 1;

    *rules = 1;
    while (i + n < c->entry_count && same_key(&c->entries[i], &c->entries[i + n])) {
        *rules += c->entries[i + n].rule != c->entries[i + n - 1].rule;
        n++;
    }
    return n;
}

/* Is this the first of its run that lies at its place? Keys of one tag and several places are one in a million. */
static bool is_new_place(const struct compile *c, size_t run, size_t i)
{
    while (run < i && c->entries[run].key.place != c->entries[i].key.place)
        run++;
    return run == i;
}

static uint32_t blocks_of(uint64_t words)
{
    return (uint32_t)((words + IMAGE_WORDS - 1) / IMAGE_WORDS);
}

static int lay_out(struct compile *c, struct fault *f)
{
    struct image_header *h = &c->h;
    uint32_t blocks = (c->slots + SLOTS_AIM - 1) / SLOTS_AIM;

    h->hash_blocks = blocks == 0 ? 1 : blocks <= IMAGE_PAGE ? blocks
                   : (blocks + IMAGE_PAGE - 1) / IMAGE_PAGE * IMAGE_PAGE;
    /* What every decision reads stands in front; the hash's pages are those of memory. */
    h->classes = 1;
    h->hash = h->classes + (h->class_count + IMAGE_BLOCK_CLASSES - 1) / IMAGE_BLOCK_CLASSES;
    if (h->hash_blocks >= IMAGE_PAGE)
        h->hash = (h->hash + IMAGE_PAGE - 1) / IMAGE_PAGE * IMAGE_PAGE;
    h->rules = h->hash + h->hash_blocks;
    h->lists = h->rules + blocks_of((uint64_t)h->rule_count * IMAGE_RULE_WORDS);
    h->list_words = c->list_words;
    h->blocks = h->lists + blocks_of(h->list_words);
    if (c->list_words >= IMAGE_RULES || h->blocks > IMAGE_MOST / IMAGE_BLOCK)
        return fault_set(f, EX_DATAERR, "%s: an image has no room for so many rules: take some out",
                         c->name[IMAGE_ALLOW]);
    return 0;
}

int compile_sort(struct compile *c, struct fault *f)
{
    if (take_texts(c, f))
        return -1;
    qsort(c->entries, c->entry_count, sizeof *c->entries, compare);
    c->slots = 0;
    c->list_words = 1;               /* list 0 is the empty one */
    for (size_t i = 0, n; i < c->entry_count; i += n) {
        uint32_t rules;
        n = run_of(c, i, &rules);
        bool in_hash = c->entries[i].key.type < CLASS_LISTS;
        if (!in_hash || rules > 1)
            c->list_words += 1 + rules;
        for (size_t k = i; in_hash && k < i + n; k++)
            c->slots += is_new_place(c, i, k);
    }
    return lay_out(c, f);
}

/* ---- written */

static uint8_t *block_of(struct compile *c, uint32_t number)
{
    return c->out + (size_t)number * IMAGE_BLOCK;
}

static void put_word(struct compile *c, uint32_t first, uint32_t i, uint32_t v)
{
    le32_put(block_of(c, first + i / IMAGE_WORDS) + 4 * (i % IMAGE_WORDS), v);
}

static void put_rule(struct compile *c, uint32_t number, const struct image_rule *r)
{
    uint32_t word[IMAGE_RULE_WORDS];

    image_rule_words(r, word);
    for (uint32_t i = 0; i < IMAGE_RULE_WORDS; i++)
        put_word(c, c->h.rules, IMAGE_RULE_WORDS * number + i, word[i]);
}

/* The rules of a run as a list; returns its number. */
static uint32_t put_list(struct compile *c, size_t i, size_t n, uint32_t rules)
{
    const uint32_t list = c->list_words;

    put_word(c, c->h.lists, c->list_words++, rules);
    for (size_t k = i; k < i + n; k++)
        if (k == i || c->entries[k].rule != c->entries[k - 1].rule)
            put_word(c, c->h.lists, c->list_words++, c->entries[k].rule);
    return list;
}

static void put_slot(struct compile *c, const struct image_key *key, uint32_t value, bool is_list)
{
    uint32_t at = image_home(key, c->h.hash_blocks);
    uint8_t *block, *count;

    for (;;) {
        block = block_of(c, c->h.hash + at);
        count = block + 4 * (IMAGE_WORDS - 1);
        if (le32_get(count) < IMAGE_SLOTS)
            break;
        at = at + 1 == c->h.hash_blocks ? 0 : at + 1;
    }
    image_slot_put(block + 8 * le32_get(count), key, value, is_list);
    le32_put(count, le32_get(count) + 1);
}

static void put_run(struct compile *c, size_t i, size_t n, uint32_t rules)
{
    const uint32_t type = c->entries[i].key.type;
    const bool in_hash = type < CLASS_LISTS, is_list = !in_hash || rules > 1;
    const uint32_t value = is_list ? put_list(c, i, n, rules) : c->entries[i].rule;

    if (type == FILES_LIST) {
        c->h.files = value;
        return;
    }
    if (!in_hash) {
        struct image_class *class = &c->classes[(type - CLASS_LISTS) / LIST_KINDS];
        const unsigned kind = (type - CLASS_LISTS) % LIST_KINDS;
        *(kind == OF_ALL ? &class->all : kind == OF_ANY ? &class->any : &class->names) = value;
        return;
    }
    for (size_t k = i; k < i + n; k++)
        if (is_new_place(c, i, k))
            put_slot(c, &c->entries[k].key, value, is_list);
}

static void put_classes(struct compile *c)
{
    for (uint32_t i = 0; i < c->h.class_count; i++) {
        const struct image_class *class = &c->classes[i];
        uint8_t *p = block_of(c, c->h.classes + i / IMAGE_BLOCK_CLASSES);
        p += i % IMAGE_BLOCK_CLASSES * 4 * IMAGE_CLASS_WORDS;
        le32_put(p, class->all);
        le32_put(p + 4, class->any);
        le32_put(p + 8, class->names);
        memcpy(p + 12, class->daemons, sizeof class->daemons - 1);
    }
}

int compile_write(struct compile *c, uint8_t *out, struct fault *f)
{
    memset(out, 0, (size_t)c->h.blocks * IMAGE_BLOCK);
    c->out = out;
    c->list_words = 1;
    for (size_t i = 0, n; i < c->entry_count; i += n) {
        uint32_t rules;
        n = run_of(c, i, &rules);
        put_run(c, i, n, rules);
    }
    put_classes(c);
    struct compile_entry *sorted = c->entries;
    c->entries = NULL;               /* once more over the texts, for the rules' places alone */
    int r = take_texts(c, f);
    c->entries = sorted;
    image_header_put(&c->h, block_of(c, 0));
    for (uint32_t i = 1; i < c->h.blocks; i++)
        le32_put(block_of(c, i) + 4 * IMAGE_WORDS, image_checksum(c->h.key, block_of(c, i), i));
    return r;
}
