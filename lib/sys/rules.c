/* hosts.allow and hosts.deny from disk: see rules.h. */
#include "sys/rules.h"

#include "mail/limits.h"
#include "mail/patfile.h"
#include "sys/file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static const char *fault_of(int error)
{
    switch (error) {
    case EFBIG:  return "the file is larger than 16 MB: make it smaller";
    case EINVAL: return "no regular file: put one there, or take it away";
    case EPERM:  return "everybody may write to the file: chmod o-w it";
    case EACCES: return "the file may not be read by this program: chmod it";
    default:     return strerror(error);         /* constant text, for one that the kernel gave */
    }
}

static bool is_dev_null(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

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
    else if (error != ENOENT && !is_dev_null(path))
        file->fault = fault_of(error);
}

/* The files of patterns, and their names: a rule's own text may be gone with its line. */
static struct access_file files[ACCESS_FILES];
static char names[ACCESS_FILES][PATFILE_NAME + 1];

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

static void add_files_of_rules(struct access_files *all, const struct access_file *file)
{
    struct rule_reader r = { .at = file->text, .end = file->text + file->n, .next = 1 };
    struct rule_span line, name;
    struct patfile_scan s;
    int got;

    if (!file->text || !memchr(file->text, '/', file->n))
        return;
    while ((got = rule_next(&r, &line)) != 0)
        if (got > 0 && memchr(line.p, '/', line.n))
            for (patfile_scan(&s, &line); patfile_in_rule(&s, &name); )
                add_file(all, &name);
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

void rules_load(struct access_rules *rules, const char *allow, const char *deny)
{
    rules_load_file(&rules->allow, allow);
    rules_load_file(&rules->deny, deny);
    rules->files = (struct access_files){ files, 0 };
    add_files_of_rules(&rules->files, &rules->allow);
    add_files_of_rules(&rules->files, &rules->deny);
    add_files_of_files(&rules->files);
}

/* Only what is surely not there counts as missing. */
static bool is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 || errno != ENOENT;
}

void rules_load_tree(struct access_rules *rules)
{
    if (is_there("etc/hosts.allow") || is_there("etc/hosts.deny"))
        rules_load(rules, "etc/hosts.allow", "etc/hosts.deny");
    else
        rules_load(rules, "/etc/hosts.allow", "/etc/hosts.deny");
}
