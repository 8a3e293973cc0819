/* Rules that are read one by one from texts that an image was made of. */
#ifndef MAIL_INDEX_H
#define MAIL_INDEX_H

#include "mail/access.h"
#include "mail/rule.h"

#define INDEX_RAW (ACCESS_LINE + 1024)           /* bytes of a rule in its file; compile.c takes no longer ones */

/* One logical line. */
struct index_line {
    struct rule_span line;                       /* as rule_next gives it; lives as long as this does */
    struct rule_reader reader;                   /* private, from here on */
    char raw[INDEX_RAW];
};

/* Reads the line that starts at the offset of a source. False when it cannot be read. */
bool index_line_read(const struct access_index *index, int source, uint32_t offset, struct index_line *l);

#endif
