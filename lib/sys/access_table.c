/* The access table from disk: see access_table.h. */
#include "sys/access_table.h"

#include "base/str.h"
#include "sys/log.h"
#include "sys/rand.h"
#include "sys/rules.h"

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
    if (!t->file.fault && !t->file.text)
        t->file.text = "";
    if (t->file.fault)
        keep_first(t, 0, t->file.fault);
    else if (table_text_read(&t->text, t->file.text, t->file.n, rand_u64(), keep_first, t) < 0)
        keep_first(t, 0, "no memory for the table: make it smaller");
    if (!t->source.fault)
        t->source = table_text_source(&t->text);
}

static bool fall_back(struct access_table *t)
{
    char *text;

    log_line(LOG_WARNING, "the image of the access table is damaged; the text is read: run access-check -c");
    if (imagefile_text(t->image, IMAGE_TABLE, &text, &t->file.n) != SYS_OK)
        return false;
    t->file.text = text;
    use_text(t);
    return !t->source.fault;
}

/* By the image, as long as that is whole. */
static int get(const void *context, const char *key, size_t n, const char **line, size_t *line_n, unsigned *number)
{
    struct access_table *t = (struct access_table *)(uintptr_t)context;
    const struct table_source compiled = table_image_source(&t->compiled);
    int got = compiled.get(compiled.context, key, n, line, line_n, number);

    if (got >= 0)
        return got;
    return fall_back(t) ? t->source.get(t->source.context, key, n, line, line_n, number) : -1;
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
    t->source.get = get;
    t->source.context = t;
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
