/* What went wrong, in words that name the thing and the mend, with the exit code that fits. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

struct fault {
    int code;            /* a sysexit: EX_CONFIG, EX_TEMPFAIL, … */
    char text[400];      /* one line, no newline: `what: the mend` */
};

/* Fills f with a formatted line (cut when too long). Returns -1, so that a caller can `return fault_set(…)`. */
int fault_set(struct fault *f, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
