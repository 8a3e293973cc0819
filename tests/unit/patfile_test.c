/* Files of patterns: their words, who names them, the way through those that name others. */
#include "mail/patfile.h"

#include "base/str.h"
#include "test.h"

static char all[4096];

static struct access_file file(const char *name, const char *text)
{
    return (struct access_file){ name, text, text ? strlen(text) : 0, NULL };
}

static struct rule_span span(const char *text)
{
    return (struct rule_span){ text, strlen(text) };
}

static void words_and_lines(void)
{
    static const char text[] = "a b\n\n\tc\n d";
    struct patfile_reader r = { text, text + sizeof text - 1, 1 };
    static const unsigned lines[] = { 1, 1, 3, 4 };
    struct rule_span word;
    int n = 0;

    for (; patfile_word(&r, &word); n++) {
        CHECK_EQ(word.n, 1);
        CHECK_EQ(*word.p, "abcd"[n]);
        CHECK_EQ(r.line, lines[n]);
    }
    CHECK_EQ(n, 4);
}

/* The files that a line names, divided by blanks. */
static const char *named(const char *line)
{
    struct rule_span l = span(line), name;
    struct patfile_scan s;
    struct str out;

    str_init(&out, all, sizeof all);
    for (patfile_scan(&s, &l); patfile_in_rule(&s, &name); ) {
        if (out.len > 0)
            str_addc(&out, ' ');
        str_addn(&out, name.p, name.n);
    }
    return all;
}

static void a_rule_names_files(void)
{
    CHECK_STR(named("a: /x"), "/x");
    CHECK_STR(named("a@/x, b: c /y/z,joe@/w EXCEPT /v: spawn /bin/sh"), "/x /y/z /w /v");
    CHECK_STR(named("a: 10.0.0.0/8 [fe80::]/10 x@[::1]/128 @/n"), "");
    CHECK_STR(named("a /x"), "");
    CHECK_STR(named("/a: b"), "/a");
}

static void a_file_names_files(void)
{
    static const char text[] = "10.0.0.0/8 /x\n/y z";
    struct patfile_reader r = { text, text + sizeof text - 1, 1 };
    struct rule_span name;

    CHECK(patfile_in_file(&r, &name) && name.n == 2 && name.p[1] == 'x');
    CHECK(patfile_in_file(&r, &name) && name.n == 2 && name.p[1] == 'y' && r.line == 2);
    CHECK(!patfile_in_file(&r, &name));
}

/* All patterns from /0 on, then what is wrong and where. */
static const char *walk(const struct access_file *files, size_t n)
{
    const struct access_files set = { files, n };
    const struct rule_span name = { "/0", 2 };
    struct patfile_walk w;
    struct rule_span word = { "", 0 };
    const char *wrong;
    struct str out;
    unsigned line;

    str_init(&out, all, sizeof all);
    if (patfile_start(&w, &set, &name, &wrong) == PATFILE_WRONG)
        return wrong;
    enum patfile_got got;
    while ((got = patfile_next(&w, &word, &wrong)) == PATFILE_PATTERN) {
        str_addn(&out, word.p, word.n);
        str_addc(&out, ' ');
    }
    if (got == PATFILE_WRONG) {
        str_add(&out, patfile_where(&w, &line)->name);
        str_addc(&out, ':');
        str_addu(&out, line);
        str_addc(&out, ' ');
        str_addn(&out, word.p, word.n);
        str_add(&out, ": ");
        str_add(&out, wrong);
    }
    return all;
}

static void files_name_files(void)
{
    struct access_file f[] = { file("/0", "a /1 b\n"), file("/1", "c\n/2\nd"), file("/2", "e\n") };

    CHECK_STR(walk(f, 3), "a c e d b ");
    f[0] = file("/0", "/2 /2");
    CHECK_STR(walk(f, 3), "e e ");
    f[0] = file("/0", "");
    CHECK_STR(walk(f, 3), "");
}

static void what_is_wrong_is_named(void)
{
    struct access_file f[] = { file("/0", "a\n/1\n"), file("/1", "b\n\n/0") };

    CHECK_STR(walk(f, 2), "a b /1:3 /0: a file of patterns names itself, by itself or by others: take one of them out");
    f[1] = file("/1", "/2");
    CHECK_STR(walk(f, 2), "a /1:1 /2: this file of patterns was not read: at most 64 may be named, by names of at most "
              "255 bytes");
    f[1] = (struct access_file){ "/1", NULL, 0, "cannot be read" };
    CHECK_STR(walk(f, 2), "a /0:2 /1: cannot be read");
    f[1] = file("/1", NULL);
    CHECK_STR(walk(f, 2), "a /0:2 /1: no such file of patterns: make it, or take it out");
    CHECK_STR(walk(f + 1, 1), "this file of patterns was not read: at most 64 may be named, by names of at most 255 "
              "bytes");
    f[0] = file("/0", "a\n# b\n");
    CHECK_STR(walk(f, 1), "a /0:2 #: a file of patterns has no comments, its words would count: take this out");
    f[0] = file("/0", "a\r\n");
    CHECK_STR(walk(f, 1), "/0:1 a\r: the line ends in CR: save the file with Unix line ends");
    f[0] = file("/0", "a EXCEPT b");
    CHECK_STR(walk(f, 1), "a /0:1 EXCEPT: EXCEPT is for rules: a file of patterns has patterns alone");
}

static void depth_and_number_are_bounded(void)
{
    static char names[12][8], texts[12][8], twice[12][24];
    struct access_file f[12];

    for (int i = 0; i < 12; i++) {
        snprintf(names[i], sizeof names[i], "/%d", i);
        snprintf(texts[i], sizeof texts[i], "/%d", i + 1);
        f[i] = file(names[i], texts[i]);
    }
    f[7].text = "x";
    f[7].n = 1;
    CHECK_STR(walk(f, 12), "x ");
    f[7] = file("/7", "/8");
    f[8] = file("/8", "x");
    CHECK_STR(walk(f, 12), "/7:1 /8: files of patterns name others more than 8 deep: put them into fewer files");
    for (int i = 0; i < 7; i++) {                /* 2^7 ways to /7 */
        snprintf(twice[i], sizeof twice[i], "/%d /%d", i + 1, i + 1);
        f[i] = file(names[i], twice[i]);
    }
    f[7] = file("/7", "x");
    CHECK(strstr(walk(f, 12), "name others more than 64 times") != NULL);
}

int main(void)
{
    RUN(words_and_lines);
    RUN(a_rule_names_files);
    RUN(a_file_names_files);
    RUN(files_name_files);
    RUN(what_is_wrong_is_named);
    RUN(depth_and_number_are_bounded);
    TEST_DONE();
}
