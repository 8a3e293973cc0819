/* The access table from disk: see access_table.h. */
#include "sys/access_table.h"

#include "base/str.h"
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

void access_table_load(struct access_table *t, const char *path)
{
    memset(t, 0, sizeof *t);
    rules_load_file(&t->file, path);
    if (t->file.fault) {
        keep_first(t, 0, t->file.fault);
        return;
    }
    if (!t->file.text)
        t->file.text = "";
    if (table_text_read(&t->text, t->file.text, t->file.n, rand_u64(), keep_first, t) < 0)
        keep_first(t, 0, "no memory for the table: make it smaller");
    if (t->source.fault)
        return;
    t->source = table_text_source(&t->text);
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
