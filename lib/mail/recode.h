/* Turns a message with binary parts (BINARYMIME, RFC 3030) into one of CR LF lines, part by part as it goes by. */
#ifndef MAIL_RECODE_H
#define MAIL_RECODE_H

#include <stdbool.h>
#include <stddef.h>

/* A part whose Content-Transfer-Encoding is binary leaves as base64 in lines of 76; a multipart or a message that says
 * binary leaves as 8bit, for what is in it is looked at as well. Everything else goes through byte for byte, and must
 * have CR LF line ends alone. Where a multipart's delimiter line is followed by anything but blanks, it is none (RFC
 * 2046 5.1.1). */
enum recode_result {
    RECODE_GOOD,
    RECODE_BARE,                     /* a bare CR or LF, or a NUL, where nothing says binary */
    RECODE_BROKEN,                   /* a header section without an end, a line in it that is no field, a Content-Type
                                        or Content-Transfer-Encoding twice or too long, a multipart without a boundary
                                        of 1 to 70 characters */
    RECODE_DEEP                      /* multiparts in multiparts, more than RECODE_DEPTH */
};

#define RECODE_DEPTH    8
#define RECODE_BOUNDARY 70           /* RFC 2046 5.1.1 */
#define RECODE_HOLD     2048         /* bytes of a field that is looked at */
#define RECODE_ROOM(n)  (2 * (n) + RECODE_HOLD + 64)

/* Private, all of it. */
struct recode {
    enum recode_result fault;
    enum {
        RECODE_LINE, RECODE_NAME, RECODE_FIELD, RECODE_FIELD_CR, RECODE_END_CR,      /* in a header section */
        RECODE_BODY_LINE, RECODE_BODY_CR, RECODE_BODY                                /* in a body */
    } state;
    enum { RECODE_LEAF, RECODE_MULTIPART, RECODE_MESSAGE, RECODE_OPAQUE_MESSAGE } type;
    enum { RECODE_NONE, RECODE_IDENTITY, RECODE_BINARY, RECODE_ENCODED } encoding;
    enum { RECODE_OTHER, RECODE_TYPE, RECODE_CODING } field;     /* the current one; other than OTHER is in hold */
    bool any_field, has_type;        /* of this header section */
    bool binary;                     /* this body becomes base64 */
    unsigned char three[3];          /* of it, what waits for a third byte … */
    unsigned waiting, column;        /* … how much, and where the line of base64 stands */
    unsigned depth;
    struct recode_multipart {
        unsigned n;
        bool digest;
        char boundary[RECODE_BOUNDARY];
    } multipart[RECODE_DEPTH];
    size_t skip;                     /* of hold, in a body: the line end before a line that may be a delimiter */
    size_t value_at;                 /* in hold, in a header section: what stands behind the colon */
    size_t hold_n;
    char hold[RECODE_HOLD + 1];
    char *out;
    size_t made;
};

/* Ready for a message's first byte. Without `binary` nothing is converted, only line ends are looked at: for what came
 * by BDAT and is not BINARYMIME. */
void recode_start(struct recode *r, bool binary);

/* Takes in[0..n), cut anywhere, and writes to out, which has room for RECODE_ROOM(n) bytes; *made is how much. After
 * anything but RECODE_GOOD the message cannot be converted: the result stays the same, and no more is written. */
enum recode_result recode_take(struct recode *r, const char *in, size_t n, char *out, size_t *made);

/* At the message's end: what is still to be written, the last line's end included. Room for RECODE_ROOM(0) bytes. */
enum recode_result recode_finish(struct recode *r, char *out, size_t *made);

#endif
