/* JSON strings: see json.h. */
#include "base/json.h"

#include "base/utf8.h"

void json_add_string(struct str *s, const char *text)
{
    uint32_t c;

    str_addc(s, '"');
    for (; *text; text++) {
        size_t n = utf8_char(text, 4, &c);       /* the NUL ends it */
        if (n == 0) {
            str_add(s, "\\ufffd");
        } else if (c < ' ' || c == 0x7f) {
            str_add(s, "\\u");
            str_addx(s, c, 4);
        } else {
            if (c == '"' || c == '\\')
                str_addc(s, '\\');
            str_addn(s, text, n);
            text += n - 1;
        }
    }
    str_addc(s, '"');
}
