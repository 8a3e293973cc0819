/* Faults: the words are kept with their code, and cut to fit. */
#include "base/fault.h"

#include "test.h"

#include <sysexits.h>

static void it_returns_minus_one_and_keeps_both(void)
{
    struct fault f = { 0 };

    CHECK_EQ(fault_set(&f, EX_CONFIG, "%s: line %u", "etc/buzon.conf", 7u), -1);
    CHECK_EQ(f.code, EX_CONFIG);
    CHECK_STR(f.text, "etc/buzon.conf: line 7");
}

static void a_long_text_is_cut_and_ends(void)
{
    struct fault f;
    char text[1000];

    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    fault_set(&f, 1, "%s", text);
    CHECK_EQ(strlen(f.text), sizeof f.text - 1);
    CHECK_MEM(f.text, text, sizeof f.text - 1);
}

static void a_second_fault_replaces_the_first(void)
{
    struct fault f;

    fault_set(&f, 1, "a long first text");
    fault_set(&f, 2, "%%");
    CHECK_STR(f.text, "%");
    CHECK_EQ(f.code, 2);
}

int main(void)
{
    RUN(it_returns_minus_one_and_keeps_both);
    RUN(a_long_text_is_cut_and_ends);
    RUN(a_second_fault_replaces_the_first);
    TEST_DONE();
}
