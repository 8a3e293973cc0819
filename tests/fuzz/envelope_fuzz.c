/* A queue file's front from arbitrary bytes: what is parsed can be asked for and changed, and its CRC stays. With an
 * odd first byte the rest is values for a new envelope instead, divided by newlines. */
#include "mail/envelope.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

static struct envelope e, again;

static void check_change(unsigned i)
{
    size_t at, n, len = e.len;
    uint32_t crc = envelope_crc(&e);
    struct envelope_state s;
    char reason[LIMIT_REASON + 1];

    envelope_set_rcpt(&e, i, ENVELOPE_FAILED, "5.0.0 a reason\n", &at, &n);
    MUST(at + n <= e.len);
    envelope_state(&e, &s);
    s.attempts++;
    envelope_set_state(&e, &s, &at, &n);
    MUST(at + n <= e.len);
    MUST(e.len == len && envelope_crc(&e) == crc);
    MUST(envelope_parse(&e) == NULL);
    MUST(envelope_status(&e, i) == ENVELOPE_FAILED && envelope_has(&e, ENVELOPE_FAILED));
    envelope_reason(&e, i, reason);
    MUST(strcmp(reason, "5.0.0 a reason?") == 0);
}

static void check_parsed(void)
{
    char value[300];
    struct dsn_rcpt dsn;

    MUST(e.rcpts >= 1 && e.rcpts <= LIMIT_RCPTS);
    for (const char *kinds = "scpmenburox"; *kinds; kinds++) {
        envelope_get(&e, *kinds, value, sizeof value);
        MUST(!strchr(value, '\n'));
        envelope_get(&e, *kinds, value, 1);
    }
    for (unsigned i = 0; i < e.rcpts; i++) {
        envelope_rcpt(&e, i, value, sizeof value);
        MUST(*value && !strchr(value, '\n'));
        envelope_reason(&e, i, value);
        MUST(strchr(".dft", envelope_status(&e, i)));
        envelope_rcpt_dsn(&e, i, &dsn);
        MUST(dsn.notify < 16 && !strchr(dsn.orcpt, '\n'));
    }
    check_change(0);
    check_change(e.rcpts - 1);
}

static void build(char *values)
{
    char kinds[] = "scpmenbu", *line;
    struct dsn_rcpt dsn, got;
    int k = 0;

    envelope_start(&e, 1);
    for (line = strtok(values, "\n"); line; line = strtok(NULL, "\n")) {
        size_t len = e.len;
        unsigned rcpts = e.rcpts;
        dsn.notify = (unsigned char)line[0] & 15;
        snprintf(dsn.orcpt, sizeof dsn.orcpt, "%s", k % 5 ? "" : line);
        bool failed = k++ % 3 ? envelope_add_rcpt_dsn(&e, line, &dsn) : envelope_add(&e, kinds[k % 8], line);
        MUST(!failed || (e.len == len && e.rcpts == rcpts));
        if (e.rcpts > rcpts) {
            envelope_rcpt_dsn(&e, rcpts, &got);
            MUST(got.notify == dsn.notify && strcmp(got.orcpt, dsn.orcpt) == 0);
        }
    }
    if (envelope_add_rcpt(&e, "last@example.org") || envelope_finish(&e))
        return;
    again = e;
    MUST(envelope_parse(&e) == NULL);
    MUST(e.rcpts == again.rcpts && memcmp(e.rcpt_at, again.rcpt_at, e.rcpts * sizeof e.rcpt_at[0]) == 0);
    check_parsed();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    bool building = data[0] & 1;
    size--;
    if (building) {
        char *values = malloc(size + 1);
        memcpy(values, text, size);
        values[size] = '\0';
        build(values);
        free(values);
        return 0;
    }
    if (size < ENVELOPE_STATE_AT || size > sizeof e.text)
        return 0;
    memset(e.text, 0, sizeof e.text);
    memcpy(e.text, text, size);
    e.len = envelope_length(e.text);
    if (e.len == 0 || e.len > size) {
        /* The length is hard to hit by chance: say the true one. */
        static const char digits[] = "0123456789abcdef";
        e.len = size;
        memcpy(e.text, "BUZON1 ", 7);
        for (int i = 0; i < 8; i++)
            e.text[7 + i] = digits[size >> (28 - 4 * i) & 15];
    }
    if (envelope_parse(&e) == NULL)
        check_parsed();
    return 0;
}
