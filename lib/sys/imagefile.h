/* The access image on disk: access.db beside the files that it was made of. */
#ifndef SYS_IMAGEFILE_H
#define SYS_IMAGEFILE_H

#include "base/fault.h"
#include "mail/access.h"
#include "mail/image.h"
#include "sys/mapped.h"
#include "sys/sys.h"

#include <stdbool.h>
#include <stddef.h>

/* The paths that belong together. `table` may be NULL: no access table. */
struct imagefile_paths {
    const char *image;                   /* "etc/access.db" */
    const char *source[IMAGE_SOURCES];   /* hosts.allow, hosts.deny, access */
};

/* An open image. It must stay where it is while it is open. */
struct imagefile {
    struct image image;
    struct access_index index;           /* for struct access_rules */
    int fd[IMAGE_SOURCES];               /* the texts; -1 where there is none */
    struct image_id opened[IMAGE_SOURCES];   /* as they were when it was opened */
    struct image_id image_opened;        /* likewise the image itself, which is open, too */
    int image_fd;
    bool slow;                           /* a text's times are not those in the image: its content was compared */
    struct mapped map;
    size_t n;                            /* its bytes; stays when it is closed */
    uint8_t seen[IMAGE_SEEN];
};

/* Opens the image when it is there, whole, and made of the sources as they are now. Reads little of it, and nothing of
 * the sources unless their times differ from the image's notes. SIGBUS is caught from then on: a page that is taken
 * away makes the image damaged. SYS_OK; SYS_PERM when there is no image (why is ""); SYS_TEMP when there is one that
 * does not hold, and why (of cap bytes) says the reason. On anything but SYS_OK nothing stays open. */
enum sys_result imagefile_open(struct imagefile *f, const struct imagefile_paths *paths, char *why, size_t cap);

/* Are the image and the sources still as they were when it was opened? To be asked after a verdict, so that a rule read
 * from a text that was just being changed decides nothing. */
bool imagefile_unchanged(const struct imagefile *f);

/* The text of one source, through the descriptor that is open: a new block, NUL-terminated, the caller's; NULL with *n
 * 0 when there is none. For when the image fails within the jail. */
enum sys_result imagefile_text(const struct imagefile *f, enum image_source source, char **text, size_t *n);

/* Closes the text of one source that is not needed any more. */
void imagefile_close_source(struct imagefile *f, enum image_source source);

/* Gives back all that is open; does nothing where nothing is. */
void imagefile_close(struct imagefile *f);

/* Compiles the sources and puts the image into its place in one step, durably; readable by whoever may read all the
 * sources. Waits up to two seconds for a source that was changed just now, so that its time tells it from what it may
 * become. Returns 0, with *rules and *bytes, or -1 with the fault; an image that was there then stays. */
int imagefile_make(const struct imagefile_paths *paths, unsigned *rules, size_t *bytes, struct fault *f);

#endif
