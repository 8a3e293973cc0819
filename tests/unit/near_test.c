/* Near misses: one slip is found, a word itself and anything farther off is not. */
#include "base/near.h"

#include "base/str.h"
#include "test.h"

static char found[40];

static const char *near_to(const char *words, const char *text)
{
    size_t n;
    const char *word = near_word(words, text, strlen(text), &n);
    struct str s;

    if (!word)
        return NULL;
    str_init(&s, found, sizeof found);
    str_addn(&s, word, n);
    return found;
}

static void one_slip(void)
{
    CHECK_STR(near_to("smtpd sendmail", "smptd"), "smtpd");         /* swapped */
    CHECK_STR(near_to("smtpd sendmail", "sendmial"), "sendmail");
    CHECK_STR(near_to("smtpd sendmail", "sendmai"), "sendmail");    /* too few, at each end and within */
    CHECK_STR(near_to("smtpd sendmail", "endmail"), "sendmail");
    CHECK_STR(near_to("smtpd sendmail", "senmail"), "sendmail");
    CHECK_STR(near_to("smtpd sendmail", "sendmaill"), "sendmail");  /* too many */
    CHECK_STR(near_to("smtpd sendmail", "xsmtpd"), "smtpd");
    CHECK_STR(near_to("smtpd sendmail", "smXpd"), "smtpd");         /* another */
    CHECK_STR(near_to("smtpd sendmail", "SMTPX"), "smtpd");
    CHECK_STR(near_to("ALL", "ALLL"), "ALL");
}

static void none(void)
{
    CHECK_STR(near_to("smtpd sendmail", "smtpd"), NULL);
    CHECK_STR(near_to("smtpd smtp", "SMTP"), NULL);                 /* a word itself, though near to another */
    CHECK_STR(near_to("smtpd sendmail", "sshd"), NULL);
    CHECK_STR(near_to("smtpd sendmail", "snmpd"), NULL);
    CHECK_STR(near_to("smtpd sendmail", "dmtps"), NULL);            /* swapped, but no neighbours */
    CHECK_STR(near_to("25", "26"), NULL);                           /* too short to tell */
    CHECK_STR(near_to("", "smtpd"), NULL);
    CHECK_STR(near_to("smtpd", ""), NULL);
}

int main(void)
{
    RUN(one_slip);
    RUN(none);
    TEST_DONE();
}
