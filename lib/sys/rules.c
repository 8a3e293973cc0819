/* hosts.allow and hosts.deny from disk: see rules.h. */
#include "sys/rules.h"

#include "mail/limits.h"
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

static void load(struct access_file *file, const char *path)
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

void rules_load(struct access_rules *rules, const char *allow, const char *deny)
{
    load(&rules->allow, allow);
    load(&rules->deny, deny);
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
