/* Options and their expansions: whatever the rule says and the client is called, nothing of the client reaches a shell
 * but harmless characters, and what was asked for beforehand is all that is needed. */
#include "mail/option.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)
#define MARK '\x02'              /* what the client's names are full of, and the rule has none of */

static void one_option(const struct option *o, const struct access_facts *facts, bool settled)
{
    char out[2 * ACCESS_OPTIONS], tiny[7];
    enum expand_result r = option_value(o, facts, out, sizeof out);

    MUST(!settled || r == EXPAND_OK || r == EXPAND_LONG);
    MUST(strlen(out) < sizeof out && !strchr(out, MARK));
    option_value(o, facts, tiny, sizeof tiny);
    MUST(strlen(tiny) < sizeof tiny);
    option_tell(o, facts, out, sizeof out);
    for (const char *p = out; *p; p++)
        MUST(*p >= ' ' && *p <= '~');
    option_tell(o, facts, tiny, sizeof tiny);
}

static void all_options(struct rule_span options, const struct access_facts *facts, bool settled)
{
    struct option o;

    while (options.p && !option_next(&options, &o)) {
        MUST(o.text.n <= ACCESS_OPTIONS && o.name.n + o.value.n <= o.text.n * 2);
        one_option(&o, facts, settled);
    }
}

static void settle(struct rule_span options, struct access_facts *facts)
{
    static const char hostile[] = "a\x02`$(x)\x02;";
    unsigned seconds;

    for (int asked = 0; ; asked++) {
        MUST(asked < 4);
        switch (option_needs(options, facts, &seconds)) {
        case EXPAND_ASK_NAME:
            MUST(facts->client_state == ACCESS_NAME_UNASKED);
            facts->client_state = ACCESS_NAME_KNOWN;
            facts->client_name = hostile;
            break;
        case EXPAND_ASK_SERVER_NAME:
            MUST(facts->server_state == ACCESS_NAME_UNASKED);
            facts->server_state = ACCESS_NAME_KNOWN;
            facts->server_name = hostile;
            break;
        case EXPAND_ASK_USER:
            MUST(!facts->user && seconds > 0 && seconds <= 300);
            facts->user = hostile;
            break;
        default:
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct access_facts facts = { .daemons = "in.x 25", .client_port = 1, .server_port = 25, .pid = 1 };
    struct rule_span at = { NULL, 0 };
    bool decides;

    if (size >= ACCESS_OPTIONS || memchr(data, MARK, size) || memchr(data, 0, size))
        return 0;
    char *text = malloc(size + 1);
    MUST(text);
    memcpy(text, data, size);
    text[size] = '\0';
    const struct rule_span options = { text, size };
    net_parse("10.0.0.1", 8, &facts.client);
    net_parse("10.0.0.2", 8, &facts.server);
    all_options(options, &facts, false);
    option_in_text(text, size);
    if (!option_check(options, &at)) {
        option_allows(options, &decides);
        settle(options, &facts);
        all_options(options, &facts, true);
    } else {
        MUST(at.p >= text && at.p + at.n <= text + size);
    }
    free(text);
    return 0;
}
