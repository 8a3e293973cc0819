/* What the options of the deciding rule do: hosts_options(5), carried out in their order. */
#ifndef SYS_EFFECT_H
#define SYS_EFFECT_H

#include "mail/access.h"
#include "sys/verdict.h"

#include <stdbool.h>

/* The process and the connection on fd 0 that the options are for. */
struct effect_way {
    struct access_facts *facts;
    struct verdict_names *names;
    bool becomes_daemon;         /* another program follows, whose user may be chosen: else user and group refuse */
    int facility;                /* of the lines logged here: LOG_DAEMON …; 0 is the log's own */
    int granted, refused;        /* facility and level of the line about the connection; severity sets both */
};

enum effect_result { EFFECT_GO_ON, EFFECT_REFUSE };

/* Carries out the options of the rule that decided, whichever way it did; `allow` and `deny` are in the verdict
 * already. EFFECT_REFUSE: the client must be refused whatever the verdict, for an aclexec command said so, or an option
 * cannot be carried out (it is logged, with the mend). Does not return where twist has put another program in our
 * place. It waits for commands, as the original does: one that ends in `&` is not waited for. */
enum effect_result effect_run(const struct access_why *why, struct effect_way *w);

#endif
