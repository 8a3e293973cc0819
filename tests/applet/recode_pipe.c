/* For test_recode.py: a message from descriptor 0 through lib/mail/recode to descriptor 1, in pieces of argv[1] bytes.
 * The exit status is the result. */
#include "mail/recode.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    static struct recode r;
    size_t piece = argc > 1 ? (size_t)atoi(argv[1]) : 1, n, made;
    char *in = malloc(piece), *out = malloc(RECODE_ROOM(piece));

    recode_start(&r, true);
    while ((n = fread(in, 1, piece, stdin)) > 0) {
        recode_take(&r, in, n, out, &made);
        fwrite(out, 1, made, stdout);
    }
    int result = recode_finish(&r, out, &made);
    fwrite(out, 1, made, stdout);
    return fflush(stdout) ? 99 : result;
}
