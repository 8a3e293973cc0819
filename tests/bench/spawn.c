/* Runs a program again and again and prints the medians: microseconds from its start to its end, microseconds of
 * processor time, its largest resident set in KB, its page faults without disk, and its exit code (of the last run).
 *
 * usage: spawn RUNS PROGRAM [ARGUMENT …]
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WALL, CPU, RSS, FAULTS, COLUMNS };

#define MOST 2000

static double figures[COLUMNS][MOST];

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double micros(struct timeval t)
{
    return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return a < b ? -1 : a > b;
}

/* Returns the exit code, or -1. */
static int run(char **argv, const posix_spawn_file_actions_t *quiet, int i)
{
    struct rusage use;
    double began = now();
    pid_t pid;
    int status;

    if (posix_spawn(&pid, argv[0], quiet, NULL, argv, environ) || wait4(pid, &status, 0, &use) != pid)
        return -1;
    figures[WALL][i] = now() - began;
    figures[CPU][i] = micros(use.ru_utime) + micros(use.ru_stime);
    figures[RSS][i] = (double)use.ru_maxrss;
    figures[FAULTS][i] = (double)use.ru_minflt;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(int argc, char **argv)
{
    posix_spawn_file_actions_t quiet;
    int runs = argc > 2 ? atoi(argv[1]) : 0, code = -1;

    if (runs < 1 || runs > MOST)
        return 2;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    for (int i = 0; i < runs; i++)
        if ((code = run(argv + 2, &quiet, i)) < 0)
            return 1;
    for (int c = 0; c < COLUMNS; c++) {
        qsort(figures[c], (size_t)runs, sizeof figures[c][0], by_size);
        printf("%.0f ", figures[c][runs / 2]);
    }
    printf("%d\n", code);
    return 0;
}
