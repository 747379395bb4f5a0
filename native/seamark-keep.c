// SPDX-License-Identifier: Apache-2.0
//
// seamark-keep MILLISECONDS -- PROGRAM [ARGUMENT...]
//
// The first process of a container: starts PROGRAM, reaps what is left to it, passes signals on, and ends as PROGRAM does,
// with 128 and its number for a signal. After MILLISECONDS (0: never) it ends with 137. With the first process the kernel
// kills all others of its namespace. Freestanding: no libc, no allocation.
//
// What runs beneath it has its user, and can not stop it: from inside its own namespace the kernel lets no SIGKILL and no
// SIGSTOP through to a first process, it is not dumpable, and it takes no input.

#define OWN_NAME "seamark-keep"
#include "freestanding.h"

enum { CLOCK_BOOTTIME = 7 };

// Time goes on while a machine sleeps, and what waits does not hear of it.
enum { look_ms = 1000 };

struct time { word seconds, nanoseconds; };

static u64 now(void)
{
    struct time time = { 0, 0 };
    if (CALL(sys_clock_gettime, CLOCK_BOOTTIME, &time) < 0) stop(failed);
    return (u64)time.seconds * 1000 + (u64)time.nanoseconds / 1000000;
}

// Reaps all that has ended; ends where the program has.
static void reap(word program)
{
    for (;;) {
        int status = 0;
        word ended = CALL(sys_wait4, -1, &status, WNOHANG);
        if (ended <= 0) return;
        if (ended == program) stop((status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f));
    }
}

void __attribute__((used, noreturn)) begin(word *stack)
{
    word count = stack[0];
    char **argv = (char **)(stack + 1);
    char **environment = argv + count + 1;
    // At most 16 digits: every whole number of JavaScript, and no sum with the time is too large.
    word limit = count > 1 ? number_of(argv[1], 16) : -1;
    if (count < 4 || limit < 0 || !is_separator(argv[2]))
        give_up(failed, "usage: seamark-keep MILLISECONDS -- PROGRAM [ARGUMENT...]", "");

    u64 all = ~0ul, before = 0, until = now() + (u64)limit;
    // Before the program is there: it has the same user, and could write to this one's memory.
    if (CALL(sys_prctl, PR_SET_DUMPABLE, 0) < 0) give_up(failed, "its memory can not be closed", "");
    CALL(sys_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
    word program = CALL(sys_clone, SIGCHLD);
    if (program < 0) give_up(failed, "no process can be started", "");
    if (program == 0) {
        // A signal to its group is not one to this process.
        CALL(sys_setpgid, 0, 0);
        CALL(sys_rt_sigprocmask, SIG_SETMASK, &before, 0, sizeof before);
        become_or_give_up(argv + 3, environment);
    }
    // The program's alone: its input and output end when it closes them.
    for (int descriptor = 0; descriptor < 3; descriptor++) CALL(sys_close, descriptor);

    for (;;) {
        reap(program);
        word wait = look_ms;
        if (limit > 0) {
            u64 at = now();
            if (at >= until) stop(128 + SIGKILL);
            if (until - at < look_ms) wait = (word)(until - at);
        }
        // All are blocked, and so wait here, those too that a first process or any would ignore.
        struct time time = { wait / 1000, wait % 1000 * 1000000 };
        word signal = CALL(sys_rt_sigtimedwait, &all, 0, &time, sizeof all);
        if (signal > 0 && signal != SIGCHLD) CALL(sys_kill, program, signal);
    }
}
