/* The harness of the unit tests: one line a case, `ok NAME` or `not ok NAME FILE:LINE: what`, which pytest counts.
 *
 *     static void case_empty(void) { CHECK_EQ(f(""), 0); }
 *     int main(void) { RUN(case_empty); TEST_DONE(); }
 *
 * A failed check is told and the case goes on. Made for one .c file a program: everything here is static. No floating
 * point: it also runs on boards without an FPU. */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <stdio.h>
#include <string.h>

static const char *test_name = "outside-any-case";
static int test_failed, test_cases_failed, test_cases;

/* Tells one failed check; only the first of a case is its `not ok` line, so that a case is one line of the count. */
__attribute__((format(printf, 3, 4), unused))
static void test_fail(const char *file, int line, const char *format, ...)
{
    __builtin_va_list args;

    printf("%s %s %s:%d: ", test_failed ? "#" : "not ok", test_name, file, line);
    __builtin_va_start(args, format);
    vprintf(format, args);
    __builtin_va_end(args);
    putchar('\n');
    fflush(stdout);
    test_failed++;
}

/* Prints s as a C literal would be, so that one check stays one line whatever bytes it met. */
__attribute__((unused))
static const char *test_quote(char *buf, size_t cap, const char *s)
{
    size_t at = 0;

    if (!s)
        return "NULL";
    buf[at++] = '"';
    for (; *s && at + 6 < cap; s++)
        if (*s >= ' ' && *s <= '~' && *s != '"' && *s != '\\')
            buf[at++] = *s;
        else
            at += (size_t)snprintf(buf + at, cap - at, "\\x%02x", (unsigned char)*s);
    if (*s)
        buf[at++] = '~';
    buf[at++] = '"';
    buf[at] = '\0';
    return buf;
}

/* The condition holds. */
#define CHECK(cond) \
    do { \
        if (!(cond)) \
            test_fail(__FILE__, __LINE__, "%s", #cond); \
    } while (0)

/* Two integers (enums, sizes, pointers' differences) are equal. */
#define CHECK_EQ(a, b) \
    do { \
        long long test_a = (long long)(a), test_b = (long long)(b); \
        if (test_a != test_b) \
            test_fail(__FILE__, __LINE__, "%s == %s: %lld, %lld", #a, #b, test_a, test_b); \
    } while (0)

/* Two C strings are equal; NULL equals only NULL. */
#define CHECK_STR(a, b) \
    do { \
        const char *test_a = (a), *test_b = (b); \
        char test_p[512], test_q[512]; \
        if ((test_a == NULL) != (test_b == NULL) || (test_a && test_b && strcmp(test_a, test_b) != 0)) \
            test_fail(__FILE__, __LINE__, "%s == %s: %s, %s", #a, #b, test_quote(test_p, sizeof test_p, test_a), \
                      test_quote(test_q, sizeof test_q, test_b)); \
    } while (0)

/* n bytes at a and b are equal. */
#define CHECK_MEM(a, b, n) \
    do { \
        if (memcmp((a), (b), (n)) != 0) \
            test_fail(__FILE__, __LINE__, "%s and %s differ in their first %s bytes", #a, #b, #n); \
    } while (0)

/* Runs one case, a void function without arguments, and prints its line. */
#define RUN(function) \
    do { \
        test_name = #function; \
        test_failed = 0; \
        test_cases++; \
        function(); \
        if (test_failed) \
            test_cases_failed++; \
        else \
            printf("ok %s\n", test_name); \
        fflush(stdout); \
    } while (0)

/* The last statement of main. The `done` line tells a finished program from one that ended early. */
#define TEST_DONE() \
    do { \
        printf("done %d\n", test_cases); \
        return test_cases_failed || test_cases == 0 ? 1 : 0; \
    } while (0)

#endif
