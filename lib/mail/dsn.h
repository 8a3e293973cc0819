#ifndef MAIL_DSN_H
#define MAIL_DSN_H
#include <stdbool.h>
#include <stddef.h>
struct dsn_mail { int ret; };
struct dsn_rcpt { int notify; };
static inline int dsn_read_ret(const char*v,size_t n,struct dsn_mail*d){(void)v;(void)n;(void)d;return 0;}
static inline int dsn_read_envid(const char*v,size_t n,struct dsn_mail*d){(void)v;(void)n;(void)d;return 0;}
static inline int dsn_read_notify(const char*v,size_t n,struct dsn_rcpt*d){(void)v;(void)n;(void)d;return 0;}
static inline int dsn_read_orcpt(const char*v,size_t n,bool u,struct dsn_rcpt*d){(void)v;(void)n;(void)d;(void)u;return 0;}
#define address_path_utf8 address_path
#define address_is_utf8(a) ((void)(a), false)
#endif
