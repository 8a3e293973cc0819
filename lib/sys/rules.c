/* hosts.allow and hosts.deny from disk: see rules.h. */
#include "sys/rules.h"

#include "base/page.h"
#include "mail/index.h"
#include "mail/limits.h"
#include "mail/patfile.h"
#include "mail/rule.h"
#include "sys/file.h"
#include "sys/log.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

void rules_load_file(struct access_file *file, const char *path)
{
    struct stat st;
    char *text;

    memset(file, 0, sizeof *file);
    file->name = path;
    if (file_read(path, LIMIT_ACCESS, &text, &file->n) == SYS_OK) {
        file->text = text;
        return;
    }
    int error = errno;
    file->n = 0;
    if (error == ENOENT && lstat(path, &st) == 0)
        file->fault = "the file is a link to nothing: mend or remove it";
    else if (error != ENOENT && !(stat(path, &st) == 0 && file_is_null(&st)))
        file->fault = file_fault(error);
}

/* The files of patterns, and their names: a rule's own text may be gone with its line. */
static PAGE_ALONE struct access_file files[ACCESS_FILES];
static PAGE_ALONE char names[ACCESS_FILES][PATFILE_NAME + 1];

static void add_file(struct access_files *all, const struct rule_span *name)
{
    size_t n = all->n;

    if (n == ACCESS_FILES || name->n > PATFILE_NAME || memchr(name->p, '\0', name->n) || patfile_find(all, name))
        return;                                  /* what is not there refuses */
    memcpy(names[n], name->p, name->n);
    names[n][name->n] = '\0';
    rules_load_file(&files[n], names[n]);
    if (!files[n].text && !files[n].fault)
        files[n].fault = "no such file of patterns: make it, or take it out";
    all->n++;
}

static void add_files_of_rule(struct access_files *all, const struct rule_span *line)
{
    struct rule_span name;
    struct patfile_scan s;

    for (patfile_scan(&s, line); patfile_in_rule(&s, &name); )
        add_file(all, &name);
}

static void add_files_of_text(struct access_files *all, const struct access_file *file)
{
    struct rule_reader r;
    struct rule_span line;
    int got;

    if (!file->text || !memchr(file->text, '/', file->n))
        return;
    rule_start(&r, file->text, file->n);
    while ((got = rule_next(&r, &line)) != 0)
        if (got > 0 && memchr(line.p, '/', line.n))
            add_files_of_rule(all, &line);
}

/* The image knows which rules name files. False when it is damaged. */
static bool add_files_of_image(struct access_files *all, const struct access_index *index)
{
    struct image *im = index->image;
    struct image_rule rule;
    struct index_line l;
    uint32_t number;

    for (uint32_t from = 0; (number = image_list_from(im, im->h.files, from)) != IMAGE_NONE; from = number + 1) {
        if (!image_rule(im, number, &rule) || !index_line_read(index, rule.source, rule.offset, &l))
            return false;
        add_files_of_rule(all, &l.line);
    }
    return !im->damaged;
}

static void add_files_of_files(struct access_files *all)
{
    struct rule_span name;

    for (size_t i = 0; i < all->n; i++) {
        if (!files[i].text)
            continue;
        struct patfile_reader r = { files[i].text, files[i].text + files[i].n, 1 };
        while (patfile_in_file(&r, &name))
            add_file(all, &name);
    }
}

/* ---- the pair */

const struct imagefile_paths rules_of_system = { "/etc/access.db", { "/etc/hosts.allow", "/etc/hosts.deny", NULL } };

static const struct imagefile_paths own = {
    "etc/access.db", { "etc/hosts.allow", "etc/hosts.deny", "etc/access" }
};
static const struct imagefile_paths borrowed = {
    "etc/access.db", { "/etc/hosts.allow", "/etc/hosts.deny", "etc/access" }
};

/* Only what is surely not there counts as missing. */
static bool is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 || errno != ENOENT;
}

const struct imagefile_paths *rules_of_tree(void)
{
    return is_there(own.source[IMAGE_ALLOW]) || is_there(own.source[IMAGE_DENY]) ? &own : &borrowed;
}

bool rules_are_own(const struct imagefile_paths *paths)
{
    return paths == &own;
}

static PAGE_ALONE struct imagefile image;
static bool has_table;

static void load_texts(struct access_rules *rules)
{
    add_files_of_text(&rules->files, &rules->allow);
    add_files_of_text(&rules->files, &rules->deny);
    add_files_of_files(&rules->files);
}

static bool load_image(struct access_rules *rules, const struct imagefile_paths *paths)
{
    char why[300];

    enum sys_result r = imagefile_open(&image, paths, why, sizeof why);
    if (r != SYS_OK) {
        if (r == SYS_TEMP)
            log_line(LOG_WARNING, "%s; the rules are read as text: run access-check -c", why);
        return false;
    }
    if (!add_files_of_image(&rules->files, &image.index)) {
        log_line(LOG_WARNING, "%s is damaged; the rules are read as text: run access-check -c", paths->image);
        imagefile_close(&image);
        rules->files.n = 0;
        return false;
    }
    add_files_of_files(&rules->files);
    rules->index = &image.index;
    has_table = paths->source[IMAGE_TABLE] != NULL;
    return true;
}

void rules_load(struct access_rules *rules, const struct imagefile_paths *paths)
{
    const char *const allow = paths->source[IMAGE_ALLOW], *const deny = paths->source[IMAGE_DENY];

    imagefile_close(&image);
    *rules = (struct access_rules){ .allow.name = allow, .deny.name = deny, .files.at = files };
    if (paths->image && load_image(rules, paths))
        return;
    rules_load_file(&rules->allow, allow);
    rules_load_file(&rules->deny, deny);
    load_texts(rules);
}

static void load_open_text(struct access_file *file, enum image_source source)
{
    char *text;

    if (imagefile_text(&image, source, &text, &file->n) == SYS_OK)
        file->text = text;
    else
        file->fault = file_fault(errno);
}

bool rules_stand(struct access_rules *rules, enum access_verdict v)
{
    if (!rules->index || (v != ACCESS_BAD_INDEX && imagefile_unchanged(&image)))
        return true;
    log_line(LOG_WARNING, "the image of %s and %s %s; they are read as text: run access-check -c", rules->allow.name,
             rules->deny.name, v == ACCESS_BAD_INDEX ? "is damaged" : "is older than they are");
    rules->index = NULL;
    load_open_text(&rules->allow, IMAGE_ALLOW);
    load_open_text(&rules->deny, IMAGE_DENY);
    return false;
}

void rules_done(struct access_rules *rules)
{
    (void)rules;
    imagefile_close_source(&image, IMAGE_ALLOW);
    imagefile_close_source(&image, IMAGE_DENY);
}

uint64_t rules_bytes(const struct access_rules *rules)
{
    uint64_t n = rules->allow.n + rules->deny.n;

    for (size_t i = 0; i < rules->files.n; i++)
        n += files[i].n;
    for (int i = 0; rules->index && i < IMAGE_SOURCES; i++)
        n += image.image.h.id[i].size;
    return rules->index ? n + image.n : n;
}

struct imagefile *rules_image(const struct access_rules *rules)
{
    return rules->index && has_table ? &image : NULL;
}
