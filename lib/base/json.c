/* JSON strings: see json.h. */
#include "base/json.h"

/* Length of the UTF-8 sequence at p (RFC 3629), 0 when it is none. */
static int utf8_length(const unsigned char *p)
{
    int n = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : 0;

    for (int i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90)
        || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

void json_add_string(struct str *s, const char *text)
{
    str_addc(s, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        int n = c >= 0x80 ? utf8_length((const unsigned char *)text) : 1;
        if (n == 0) {
            str_add(s, "\\ufffd");
        } else if (c < ' ' || c == 0x7f) {
            str_add(s, "\\u");
            str_addx(s, c, 4);
        } else {
            if (c == '"' || c == '\\')
                str_addc(s, '\\');
            str_addn(s, text, (size_t)n);
            text += n - 1;
        }
    }
    str_addc(s, '"');
}
