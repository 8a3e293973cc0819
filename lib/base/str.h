/* Bounded strings: a builder over a caller's buffer, and the few comparisons that mail needs. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

/* A string being built in the caller's buffer of `cap` bytes. It is NUL-terminated after every call;
 * what does not fit is dropped and `cut` is set, so that the end is checked once. */
struct str {
    char *p;
    size_t cap, len;
    bool cut;
};

/* Starts an empty string in buf; cap is at least 1. */
void str_init(struct str *s, char *buf, size_t cap);

/* Add a C string, n bytes, one byte. */
void str_add(struct str *s, const char *text);
void str_addn(struct str *s, const char *text, size_t n);
void str_addc(struct str *s, char c);
/* Decimal, and lower-case hexadecimal padded with zeros to `digits`. */
void str_addu(struct str *s, unsigned long long v);
void str_addx(struct str *s, unsigned long long v, int digits);

/* Adds n bytes for a log line, a reply or a trace header: every byte outside printable ASCII becomes
 * '?', so that nothing a peer sends can start a new line there. */
void str_add_clean(struct str *s, const char *text, size_t n);

/* Copies a C string into buf of cap bytes. Returns 0, or -1 when it was cut (buf is terminated). */
int str_copy(char *buf, size_t cap, const char *text);

/* ASCII only, whatever the locale. */
char str_lower(char c);
bool str_case_eq(const char *a, const char *b);
bool str_case_eqn(const char *a, const char *b, size_t n);   /* both have at least n bytes */
bool str_is_alnum(char c);
bool str_is_digit(char c);

/* Is any of n bytes over 127? */
bool str_has_8bit(const char *text, size_t n);

/* The next word of *p (separated by blanks and tabs), its length in *n; NULL at the end. Moves *p. */
const char *str_word(const char **p, size_t *n);

/* Is `word` one of the words of `list`, ignoring case? */
bool str_in_words(const char *list, const char *word);

#endif
