/* Just enough JSON to print (RFC 8259): strings. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/str.h"

/* Adds text as a JSON string with its quotes. Bytes over 127 become U+FFFD unless they are part of valid UTF-8. */
void json_add_string(struct str *s, const char *text);

#endif
