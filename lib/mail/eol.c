/* Line ends of handed-in text: see eol.h. */
#include "mail/eol.h"

void eol_start(struct eol *e, bool dot_ends)
{
    e->dot_ends = dot_ends;
    e->line_start = true;
    e->dot = e->nul = false;
}

enum eol_result eol_take(struct eol *e, const char *in, size_t n, char *out, size_t *made)
{
    *made = 0;
    for (size_t i = 0; i < n; i++) {
        char c = in[i];
        if (c == '\r')
            continue;
        if (c == '\n') {
            if (e->dot && e->dot_ends)
                return EOL_END;
            if (e->dot)
                out[(*made)++] = '.';
            out[(*made)++] = '\r';
            out[(*made)++] = '\n';
            e->line_start = true;
            e->dot = false;
            continue;
        }
        e->nul = e->nul || c == '\0';
        if (e->dot)
            out[(*made)++] = '.';
        e->dot = e->line_start && c == '.';
        e->line_start = false;
        if (!e->dot)
            out[(*made)++] = c;
    }
    return EOL_MORE;
}

size_t eol_finish(struct eol *e, char *out)
{
    size_t made = 0;

    if (e->dot && e->dot_ends)
        return 0;
    if (e->dot)
        out[made++] = '.';
    if (!e->line_start) {
        out[made++] = '\r';
        out[made++] = '\n';
    }
    e->line_start = true;
    e->dot = false;
    return made;
}
