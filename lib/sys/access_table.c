/* The access table from disk: see access_table.h. */
#include "sys/access_table.h"

#include "base/str.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/rand.h"
#include "sys/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void keep_first(void *context, unsigned line, const char *fault)
{
    struct access_table *t = context;

    if (t->source.fault)
        return;
    str_copy(t->fault, sizeof t->fault, fault);
    t->source.fault = t->fault;
    t->source.fault_line = line;
}

/* Makes the text, which is loaded, the source. */
static void use_text(struct access_table *t)
{
    memset(&t->source, 0, sizeof t->source);
    if (!t->file.fault && !t->file.text)
        t->file.text = "";
    if (t->file.fault)
        keep_first(t, 0, t->file.fault);
    else if (table_text_read(&t->text, t->file.text, t->file.n, rand_u64(), keep_first, t) < 0)
        keep_first(t, 0, "no memory for the table: make it smaller");
    if (!t->source.fault)
        t->source = table_text_source(&t->text);
}

/* From the image to the text, which is open. */
static void fall_back(struct access_table *t)
{
    char *text;

    log_line(LOG_WARNING, "the image of the access table %s; the text is read: run access-check -c",
             t->image->image.damaged ? "is damaged" : "is older than it is");
    if (imagefile_text(t->image, IMAGE_TABLE, &text, &t->file.n) == SYS_OK)
        t->file.text = text;
    else
        t->file.fault = file_fault(errno);
    t->image = NULL;
    use_text(t);
}

enum table_result access_table_find(struct access_table *t, const struct table_query *q, struct table_answer *answer)
{
    enum table_result r = table_find(&t->source, q, answer);

    if (t->image && (t->image->image.damaged || !imagefile_unchanged(t->image))) {
        fall_back(t);
        r = table_find(&t->source, q, answer);
    }
    return r;
}

void access_table_load(struct access_table *t, const char *path, struct imagefile *image)
{
    memset(t, 0, sizeof *t);
    if (!image) {
        rules_load_file(&t->file, path);
        use_text(t);
        return;
    }
    t->image = image;
    t->compiled = (struct table_image){ &image->index, t->line };
    t->source = table_image_source(&t->compiled);
}

int access_table_check(const char *path, table_tell *tell, void *context)
{
    struct access_file file;
    struct table_text text;

    rules_load_file(&file, path);
    if (file.fault) {
        tell(context, 0, file.fault);
        return 1;
    }
    int r = table_text_read(&text, file.text ? file.text : "", file.n, rand_u64(), tell, context);
    table_text_free(&text);
    return r;
}
