/* How every effect says how it went. errno stands as the failing call left it. */
#ifndef SYS_SYS_H
#define SYS_SYS_H

enum sys_result {
    SYS_OK,
    SYS_TEMP,        /* may work later: 4xx, wait, EX_TEMPFAIL */
    SYS_PERM         /* will not work until somebody mends it: 5xx, EX_CONFIG */
};

#endif
