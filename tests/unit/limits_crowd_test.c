/* The table of limits under many processes: never too many inside, none forgotten and none remembered, whoever is
 * killed or stopped when. */
#include "sys/limits.h"

#include "tempdir.h"
#include "test.h"

#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

static struct conf conf;
static const int64_t start = 1000000;

static const struct net_addr *host(unsigned i)
{
    static struct net_addr a;

    net_set_v4(&a, (const uint8_t[4]){ 192, 0, 2, (uint8_t)i });
    return &a;
}

static void fresh(unsigned all, unsigned per_host)
{
    tempdir_empty(".");
    mkdir("run", 0700);
    conf_defaults(&conf);
    conf.client_limit = all;
    conf.client_limit_per_host = per_host;
    conf.connect_rate = (struct conf_rate){ 0, 0 };
}

/* ---- a session in a process of its own, which says how it went in */

struct visitor {
    pid_t pid;
    int line;
};

static void session(int line, unsigned from)
{
    static struct limits l;
    struct fault f;
    char say = limits_open(&l, &f) ? 99 : (char)limits_enter(&l, host(from), &conf, start);

    while (write(line, &say, 1) == 1 && read(line, &say, 1) == 1) {
        struct address a = { .len = 0 };
        if (say == 'l')
            limits_leave(&l);
        else if (say == 'm')
            limits_take(&l, LIMITS_MESSAGE, 1, &a, false, &conf, start);
    }
    _exit(0);
}

static int hear(const struct visitor *v)
{
    char said = 98;

    return read(v->line, &said, 1) == 1 ? said : 97;
}

static int say(const struct visitor *v, char what)
{
    return write(v->line, &what, 1) == 1 ? hear(v) : 96;
}

static struct visitor start_visit(unsigned from)
{
    int ends[2];
    struct visitor v = { -1, -1 };

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return v;
    fflush(stdout);
    v.pid = fork();
    if (v.pid == 0) {
        close(ends[0]);
        session(ends[1], from);
    }
    close(ends[1]);
    v.line = ends[0];
    return v;
}

static void end(struct visitor *v)
{
    kill(v->pid, SIGKILL);
    waitpid(v->pid, NULL, 0);
    close(v->line);
}

/* Comes, and goes at once when it is not let in. */
static enum limits_result visit(struct visitor *v, unsigned from)
{
    *v = start_visit(from);
    enum limits_result r = (enum limits_result)hear(v);
    if (r != LIMITS_OK)
        end(v);
    return r;
}

/* Exactly so many of one host after another get in; all are gone afterwards. */
static void there_is_room_for(unsigned n)
{
    static struct visitor v[LIMIT_CLIENTS];
    struct visitor one_more;

    for (unsigned i = 0; i < n; i++)
        CHECK_EQ(visit(&v[i], i), LIMITS_OK);
    CHECK_EQ(visit(&one_more, n), LIMITS_ALL_BUSY);
    for (unsigned i = 0; i < n; i++)
        end(&v[i]);
}

static void limits_hold_and_slots_come_back(void)
{
    struct visitor a, b, c, d;

    fresh(3, 2);
    CHECK_EQ(visit(&a, 1), LIMITS_OK);
    CHECK_EQ(visit(&b, 1), LIMITS_OK);
    CHECK_EQ(visit(&c, 1), LIMITS_HOST_BUSY);
    CHECK_EQ(visit(&c, 2), LIMITS_OK);
    CHECK_EQ(visit(&d, 2), LIMITS_ALL_BUSY);
    CHECK_EQ(visit(&d, 1), LIMITS_HOST_BUSY);
    CHECK_EQ(say(&c, 'l'), 'l');
    CHECK_EQ(visit(&d, 1), LIMITS_HOST_BUSY);
    CHECK_EQ(visit(&d, 2), LIMITS_OK);
    end(&a);                         /* by SIGKILL */
    end(&d);
    CHECK_EQ(visit(&a, 1), LIMITS_OK);
    CHECK_EQ(visit(&d, 1), LIMITS_HOST_BUSY);
    end(&a);
    end(&b);
    end(&c);
    there_is_room_for(3);
}

/* The marks of all slots become this byte. */
static void overwrite_marks(int byte)
{
    static char marks[4 * LIMIT_CLIENTS];
    int fd = open(LIMITS_FILE, O_WRONLY);

    memset(marks, byte, sizeof marks);
    CHECK(pwrite(fd, marks, sizeof marks, 4096 - sizeof marks) == sizeof marks);
    close(fd);
}

/* What a reboot leaves when run/ stays, and what damage leaves: every slot marked, and nobody there. */
static void marks_of_the_dead(void)
{
    struct visitor a, b, c;

    fresh(3, 1);
    CHECK_EQ(visit(&a, 1), LIMITS_OK);
    overwrite_marks(0x55);
    CHECK_EQ(visit(&b, 2), LIMITS_OK);
    CHECK_EQ(say(&a, 'm'), 'm');     /* whose own mark was lost, too */
    CHECK_EQ(visit(&c, 1), LIMITS_HOST_BUSY);
    CHECK_EQ(visit(&c, 3), LIMITS_OK);
    end(&c);
    overwrite_marks(0);
    CHECK_EQ(say(&a, 'm'), 'm');
    CHECK_EQ(visit(&c, 1), LIMITS_HOST_BUSY);
    CHECK_EQ(say(&b, 'm'), 'm');
    CHECK_EQ(visit(&c, 3), LIMITS_OK);
    end(&a);
    end(&b);
    end(&c);
    there_is_room_for(3);
}

/* All come at the same moment, and there is no file yet. */
static void a_rush(void)
{
    enum { COMERS = 120, PLACES = 20 };
    static struct visitor v[COMERS];
    struct visitor more[PLACES], none;
    unsigned in = 0, extra = 0;

    fresh(PLACES, LIMIT_CLIENTS);
    for (int i = 0; i < COMERS; i++)
        v[i] = start_visit((unsigned)i % 7);
    for (int i = 0; i < COMERS; i++) {
        enum limits_result r = (enum limits_result)hear(&v[i]);
        CHECK(r == LIMITS_OK || r == LIMITS_ALL_BUSY);
        in += r == LIMITS_OK;
    }
    CHECK(in > 0 && in <= PLACES);
    while (in + extra < PLACES && visit(&more[extra], 1) == LIMITS_OK)
        extra++;
    CHECK_EQ(in + extra, PLACES);
    CHECK_EQ(visit(&none, 1), LIMITS_ALL_BUSY);
    for (unsigned i = 0; i < extra; i++)
        end(&more[i]);
    for (int i = 0; i < COMERS; i++)
        end(&v[i]);
    there_is_room_for(PLACES);
}

/* Many find no file, and all of them wait for the right to make it: one does, and the others take his. */
static void a_rush_to_make_it(void)
{
    enum { COMERS = 20, PLACES = 5 };
    struct visitor v[COMERS];
    unsigned in = 0;

    fresh(PLACES, LIMIT_CLIENTS);
    int dir = open("run", O_RDONLY | O_DIRECTORY);
    CHECK_EQ(flock(dir, LOCK_EX), 0);
    for (int i = 0; i < COMERS; i++)
        v[i] = start_visit((unsigned)i);
    poll(NULL, 0, 100);
    flock(dir, LOCK_UN);
    close(dir);
    for (int i = 0; i < COMERS; i++)
        in += hear(&v[i]) == LIMITS_OK;
    CHECK(in > 0 && in <= PLACES);
    for (int i = 0; i < COMERS; i++)
        end(&v[i]);
    there_is_room_for(PLACES);
}

/* ---- whoever is stopped stops nobody */

/* A process that has locked this (the whole table behind the slots, or the folder), and is stopped. */
static pid_t stopped_with(bool folder)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2 * LIMIT_CLIENTS };
    pid_t pid = fork();

    if (pid == 0) {
        int fd = folder ? open("run", O_RDONLY | O_DIRECTORY) : open(LIMITS_FILE, O_RDWR);
        if (folder ? flock(fd, LOCK_EX | LOCK_NB) : fcntl(fd, F_SETLK, &lock))
            _exit(1);
        raise(SIGSTOP);
        _exit(0);
    }
    int status = 0;
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    return pid;
}

static void a_holder_that_is_stopped(void)
{
    struct visitor a, b, c;

    fresh(2, 1);
    CHECK_EQ(visit(&a, 1), LIMITS_OK);
    pid_t holder = stopped_with(false);
    CHECK_EQ(visit(&b, 1), LIMITS_HOST_BUSY);
    CHECK_EQ(visit(&b, 2), LIMITS_OK);
    CHECK_EQ(say(&b, 'm'), 'm');
    CHECK_EQ(visit(&c, 3), LIMITS_ALL_BUSY);
    end(&a);
    CHECK_EQ(visit(&c, 3), LIMITS_OK);
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    end(&b);
    end(&c);
    there_is_room_for(2);
}

static void a_maker_that_is_stopped(void)
{
    static struct limits l;
    struct fault f;

    fresh(2, 1);
    pid_t holder = stopped_with(true);
    CHECK_EQ(limits_open(&l, &f), -1);
    CHECK_STR(f.text, "run/limits: Resource temporarily unavailable; a stopped process has a lock on run/: end it");
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    there_is_room_for(2);
}

/* ---- a listener and its children */

static struct limits listener;

static pid_t child_of_listener(int slot, bool leave)
{
    int ends[2];
    char held = 'n';

    CHECK_EQ(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        held = limits_hold(&listener, host(1), slot) ? 'n' : 'y';
        if (leave)
            limits_leave(&listener);
        if (write(ends[1], &held, 1) == 1)
            pause();
        _exit(0);
    }
    CHECK(read(ends[0], &held, 1) == 1 && held == 'y');
    close(ends[0]);
    close(ends[1]);
    return pid;
}

static void end_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void a_listener_reserves(void)
{
    struct visitor v;
    struct fault f;
    int a, b, none;

    fresh(2, 2);
    CHECK_EQ(limits_open(&listener, &f), 0);
    CHECK_EQ(limits_reserve(&listener, host(1), &conf, start, &a), LIMITS_OK);
    CHECK_EQ(limits_reserve(&listener, host(1), &conf, start, &b), LIMITS_OK);
    CHECK_EQ(limits_reserve(&listener, host(1), &conf, start, &none), LIMITS_HOST_BUSY);
    CHECK_EQ(visit(&v, 2), LIMITS_ALL_BUSY);
    pid_t first = child_of_listener(a, false), second = child_of_listener(b, true);
    CHECK_EQ(visit(&v, 2), LIMITS_OK);           /* the second has left, before it ends */
    end(&v);
    CHECK_EQ(limits_reserve(&listener, host(2), &conf, start, &none), LIMITS_OK);
    CHECK(none != a && none != b);
    CHECK_EQ(limits_reserve(&listener, host(2), &conf, start, &none), LIMITS_ALL_BUSY);
    end_child(second);
    limits_free(&listener, b);
    end_child(first);                            /* killed, and ours until it is freed */
    CHECK_EQ(visit(&v, 2), LIMITS_ALL_BUSY);
    limits_free(&listener, a);
    CHECK_EQ(visit(&v, 2), LIMITS_OK);
    end(&v);
    limits_close(&listener);
    there_is_room_for(2);
}

static void a_listener_that_fills_all(void)
{
    static int slot[LIMIT_CLIENTS];
    struct visitor v;
    struct fault f;
    int none;

    fresh(LIMIT_CLIENTS, LIMIT_CLIENTS);
    CHECK_EQ(limits_open(&listener, &f), 0);
    for (int i = 0; i < LIMIT_CLIENTS; i++)
        CHECK_EQ(limits_reserve(&listener, host((unsigned)i), &conf, start, &slot[i]), LIMITS_OK);
    CHECK_EQ(limits_reserve(&listener, host(1), &conf, start, &none), LIMITS_ALL_BUSY);
    CHECK_EQ(visit(&v, 1), LIMITS_ALL_BUSY);
    limits_free(&listener, slot[77]);
    CHECK_EQ(visit(&v, 1), LIMITS_OK);
    end(&v);
    limits_close(&listener);
    CHECK_EQ(visit(&v, 1), LIMITS_OK);           /* of a thousand marks of the dead the one in its way goes */
    end(&v);
}

/* The listener is killed: its child keeps its place, and one that had not held it yet finds it another's. */
static void a_listener_that_dies(void)
{
    int ends[2], wait[2];
    char c = 'n';
    struct visitor v, w;

    fresh(2, 2);
    CHECK(pipe(ends) == 0 && pipe(wait) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct fault f;
        int a, b;
        bool good = limits_open(&listener, &f) == 0
                    && limits_reserve(&listener, host(1), &conf, start, &a) == LIMITS_OK
                    && limits_reserve(&listener, host(1), &conf, start, &b) == LIMITS_OK;
        pid_t late = good ? fork() : -1;
        if (late == 0) {
            if (read(wait[0], &c, 1) == 1)
                c = limits_hold(&listener, host(1), a) ? 'n' : 'y';
            _exit(write(ends[1], &c, 1) != 1);
        }
        pid_t held[2] = { good ? child_of_listener(b, false) : -1, late };
        if (write(ends[1], held, sizeof held) == sizeof held)
            pause();
        _exit(1);
    }
    pid_t children[2] = { -1, -1 };
    CHECK(read(ends[0], children, sizeof children) == sizeof children);
    CHECK_EQ(visit(&v, 2), LIMITS_ALL_BUSY);
    end_child(pid);
    CHECK_EQ(visit(&v, 2), LIMITS_OK);           /* in the place that nobody holds */
    CHECK_EQ(visit(&w, 2), LIMITS_ALL_BUSY);
    CHECK(write(wait[1], "", 1) == 1 && read(ends[0], &c, 1) == 1);
    CHECK_EQ(c, 'n');
    if (children[0] > 0)
        kill(children[0], SIGKILL);
    end(&v);
    for (int i = 0; i < 2000 && visit(&v, 2) == LIMITS_OK; i++) {      /* until init has seen to the orphan */
        bool both = visit(&w, 2) == LIMITS_OK;
        end(&v);
        if (both) {
            end(&w);
            break;
        }
    }
    there_is_room_for(2);
    for (int i = 0; i < 2; i++)
        CHECK(close(ends[i]) == 0 && close(wait[i]) == 0);
}

/* ---- the storm */

#define ALL      12
#define PER_HOST 5
#define CROWD    60
#define KILLS    400

/* What the sessions know of each other, in memory of their own. A doomed one may be dead: it does not count. `turn` is
 * odd while one changes what it says. */
static struct crowd {
    volatile unsigned char in[CROWD];            /* the host, when it is in */
    volatile unsigned char doomed[CROWD];
    volatile unsigned turn[CROWD];
    volatile unsigned entered, looked, too_many, broken;
} *crowd;

static uint32_t dice(uint32_t *x)
{
    *x ^= *x << 13, *x ^= *x >> 17, *x ^= *x << 5;
    return *x;
}

#ifdef __mips16                      /* which has no such instructions; the processor has */
#define WHOLE_SET __attribute__((nomips16, noinline))
#else
#define WHOLE_SET
#endif

static WHOLE_SET void add_one(volatile unsigned *to)
{
    __sync_fetch_and_add(to, 1);
}

static WHOLE_SET void barrier(void)
{
    __sync_synchronize();
}

static void be_in(int me, unsigned from)
{
    add_one(&crowd->turn[me]);
    crowd->in[me] = (unsigned char)from;
    add_one(&crowd->turn[me]);
}

static unsigned turns(void)
{
    unsigned sum = 0;

    for (int i = 0; i < CROWD; i++)
        sum += crowd->turn[i];
    barrier();
    return sum;
}

/* Are there too many of all, or of our host, at one moment? Nothing is said when they change under our eyes. */
static void look_around(unsigned from)
{
    unsigned all = 0, same = 0, before = turns();

    for (int i = 0; i < CROWD; i++) {
        unsigned char is = crowd->doomed[i] || crowd->turn[i] % 2 ? 0 : crowd->in[i];
        all += is != 0;
        same += is == from;
    }
    barrier();
    if (turns() != before)
        return;
    add_one(&crowd->looked);
    if (all > ALL || same > PER_HOST)
        add_one(&crowd->too_many);
}

static void come_and_go(int me, uint32_t seed)
{
    static struct limits l;
    struct fault f;

    for (;;) {
        unsigned from = 1 + dice(&seed) % 4;
        if (limits_open(&l, &f)) {
            add_one(&crowd->broken);
            _exit(1);
        }
        enum limits_result r = limits_enter(&l, host(from), &conf, start);
        if (r == LIMITS_BROKEN)
            add_one(&crowd->broken);
        if (r == LIMITS_OK) {
            be_in(me, from);
            add_one(&crowd->entered);
            look_around(from);
            poll(NULL, 0, (int)(dice(&seed) % 3));
            look_around(from);
            be_in(me, 0);
        }
        if (dice(&seed) % 2)
            limits_leave(&l);
        limits_close(&l);
    }
}

static pid_t join(int me, uint32_t seed)
{
    be_in(me, 0);
    crowd->turn[me] += crowd->turn[me] % 2;      /* it was killed in the middle of saying so */
    barrier();
    crowd->doomed[me] = 0;
    pid_t pid = fork();
    if (pid == 0)
        come_and_go(me, seed);
    return pid;
}

static void a_storm(void)
{
    pid_t pid[CROWD];
    uint32_t seed = 2463534242u;

    fresh(ALL, PER_HOST);
    crowd = mmap(NULL, sizeof *crowd, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fflush(stdout);
    for (int i = 0; i < CROWD; i++)
        pid[i] = join(i, 1 + dice(&seed));
    for (int n = 0; n < KILLS; n++) {
        int i = (int)(dice(&seed) % CROWD);
        if (n % 4 == 0)              /* wherever it is: it stays there until the dice meet it again */
            kill(pid[i], SIGSTOP);
        poll(NULL, 0, (int)(dice(&seed) % 4));
        if (n % 4 == 0)
            continue;
        crowd->doomed[i] = 1;
        barrier();
        kill(pid[i], SIGKILL);
        waitpid(pid[i], NULL, 0);
        pid[i] = join(i, 1 + dice(&seed));
    }
    for (int i = 0; i < CROWD; i++) {
        crowd->doomed[i] = 1;
        end_child(pid[i]);
    }
    CHECK(crowd->entered > CROWD && crowd->looked > 0);
    CHECK_EQ(crowd->too_many, 0);
    CHECK_EQ(crowd->broken, 0);
    printf("# %u came in, %u looked around\n", crowd->entered, crowd->looked);
    there_is_room_for(ALL);
    munmap(crowd, sizeof *crowd);
}

int main(void)
{
    if (tempdir_enter())
        return 1;
    RUN(limits_hold_and_slots_come_back);
    RUN(marks_of_the_dead);
    RUN(a_rush);
    RUN(a_rush_to_make_it);
    RUN(a_holder_that_is_stopped);
    RUN(a_maker_that_is_stopped);
    RUN(a_listener_reserves);
    RUN(a_listener_that_fills_all);
    RUN(a_listener_that_dies);
    RUN(a_storm);
    tempdir_leave();
    TEST_DONE();
}
