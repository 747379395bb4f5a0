// SPDX-License-Identifier: Apache-2.0
//
// seamark-first DESCRIPTOR OWN [FOLDER] [GROUP...] -- PROGRAM [ARGUMENT...]
//
// The first process of a sandbox's process namespace: starts PROGRAM, reaps what is left to it, and ends as PROGRAM does,
// with 128 and its number for a signal. With it the kernel kills all others of its namespace. Before that it writes to
// DESCRIPTOR how PROGRAM ended and what was still running then, in words that end with a zero byte each:
//
//   refused PATH              a write to a path below FOLDER that the mounts refuse, and
//   refusals COUNT            how many there were (refused.h); of neither where FOLDER is not given
//   failed ERRNO              PROGRAM could not be started
//   exited CODE               or
//   signaled NUMBER           PROGRAM ended
//   left COUNT NAME...        so many processes were running then, with different names of a few of them
//
// Where nobody listens at DESCRIPTOR any more it ends at once, with 137: whoever started the sandbox is dead. That may be
// before bubblewrap asked the kernel to end it with its parent (PR_SET_PDEATHSIG), of which the kernel then knows nothing.
//
// Each GROUP is a descriptor through which it joins a control group before PROGRAM begins, so that all that runs beneath it is in
// there. It does so itself: in version 1 a process that is moved by another one waits until every processor has been
// through its scheduler, some ten milliseconds (cgroup_procs_write_start in the kernel).
//
// OWN is how many processes PROGRAM starts before it runs anything of an item: they are not told of. Freestanding: no
// libc, no allocation.
//
// What runs beneath it has its user, and can not stop it or speak for it: from inside its own namespace the kernel lets no
// SIGKILL and no SIGSTOP through to a first process, it is not dumpable, and DESCRIPTOR is closed where PROGRAM begins.

#define OWN_NAME "seamark-first"
#include "freestanding.h"
#include "left.h"
#include "refused.h"

enum { F_SETFD = 2, F_SETFL = 4, F_SETOWN = 8, FD_CLOEXEC = 1, O_ASYNC = 020000, POLLHUP = 16, MSG_PEEK = 2,
       MSG_DONTWAIT = 0x40 };

static int report;

// What is told has a few hundred bytes: whoever listens takes it at once, or not at all.
static void tell(void)
{
    word wrote;
    do wrote = CALL(sys_write, report, text, length);
    while (wrote == -EINTR);
    length = 0;
}

static void tell_fact(const char *what, word number)
{
    put(what);
    put_number(number);
    tell();
}

// Kills them one and all, and counts those that died of it as far as they are left to this process.
static word reap_all(word last_own)
{
    word count = 0;
    CALL(sys_kill, -1, SIGKILL);
    for (;;) {
        int status = 0;
        word ended = CALL(sys_wait4, -1, &status);
        if (ended == -EINTR) continue;
        if (ended < 0) return count;
        if (ended > last_own && (status & 0x7f) == SIGKILL) count++;
    }
}

static void tell_left(word last_own)
{
    // They stand still while they are counted. To no process but this one means that nothing is there.
    if (CALL(sys_kill, -1, SIGSTOP) != -ESRCH && !look(last_own)) {
        // A program can take descriptors from this process (prlimit(2)), and is not hidden by that.
        word count = reap_all(last_own);
        if (count > left.count) left.count = count;
    }
    put_left();
    tell();
}

static int is_deserted(void)
{
    struct { int descriptor; short wanted, found; } one = { report, 0, 0 };
    struct { word seconds, nanoseconds; } at_once = { 0, 0 };
    word found = CALL(sys_ppoll, &one, 1, &at_once);
    if (found >= 0) return found > 0 && (one.found & POLLHUP) != 0;
    // A program took descriptors from this process, without which poll(2) does not look. Nobody ever sends anything here.
    u8 byte;
    return CALL(sys_recvfrom, report, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

// Reaps all that has ended; ends where the program has.
static void reap(word program, word last_own)
{
    for (;;) {
        int status = 0;
        word ended = CALL(sys_wait4, -1, &status, WNOHANG);
        if (ended == -ECHILD) stop(failed);
        if (ended <= 0) return;
        if (ended != program) continue;
        int signal = status & 0x7f, code = (status >> 8) & 0xff;
        if (refusals.asks) tell_fact("refusals", refusals.count);
        // Before what it left, so that how it ended is known whatever comes of the counting.
        if (signal == 0) tell_fact("exited", code);
        else tell_fact("signaled", signal);
        tell_left(last_own);
        stop(signal == 0 ? code : 128 + signal);
    }
}

static void join(const char *group)
{
    word descriptor = number_of(group, 9);
    if (descriptor < 3) give_up(failed, "not a descriptor: ", group);
    // To all it means whoever writes it.
    if (CALL(sys_write, descriptor, "0", 1) != 1) give_up(failed, "a control group can not be joined", "");
    CALL(sys_close, descriptor);
}

static void found_refused(const char *place)
{
    put("refused");
    length = append(text, length, length + most_path, place) + 1;
    tell();
}

void __attribute__((used, noreturn)) begin(word *stack)
{
    word count = stack[0];
    char **argv = (char **)(stack + 1);
    char **environment = argv + count + 1;
    word descriptor = count > 4 ? number_of(argv[1], 9) : -1, own = count > 4 ? number_of(argv[2], 9) : -1;
    const char *folder = count > 5 && argv[3][0] == '/' ? argv[3] : 0;
    if (folder != 0) argv++;
    char **groups = argv + 3;
    while (argv[3] != 0 && !is_separator(argv[3])) argv++;
    // All that it may kill is killed at the end.
    if (CALL(sys_getpid, 0) != 1) give_up(failed, "it is not the first process of a namespace", "");
    if (descriptor < 3 || own < 0 || argv[3] == 0 || argv[4] == 0)
        give_up(failed, "usage: seamark-first DESCRIPTOR OWN [FOLDER] [GROUP...] -- PROGRAM [ARGUMENT...]", "");
    for (; groups < argv + 3; groups++) join(*groups);

    report = (int)descriptor;
    // Before the program is there: it has the same user, and could write to this one's memory.
    if (CALL(sys_prctl, PR_SET_DUMPABLE, 0) < 0) give_up(failed, "its memory can not be closed", "");
    // These wait until they are asked for, though a first process ignores what it has no handler for.
    struct { word seconds, nanoseconds; } at_once = { 0, 0 };
    u64 awaited = 1ul << (SIGCHLD - 1) | 1ul << (SIGIO - 1), before = 0;
    CALL(sys_rt_sigprocmask, SIG_BLOCK, &awaited, &before, sizeof awaited);
    if (CALL(sys_fcntl, report, F_SETFD, FD_CLOEXEC) < 0 || CALL(sys_fcntl, report, F_SETOWN, 1) < 0 ||
        CALL(sys_fcntl, report, F_SETFL, O_ASYNC) < 0)
        give_up(failed, "the descriptor is not open", "");
    if (is_deserted()) stop(128 + SIGKILL);
    if (folder != 0) ask_before_writes(folder, &awaited);
    word program = CALL(sys_clone, SIGCHLD);
    if (program < 0) {
        tell_fact("failed", -program);
        stop(failed);
    }
    if (program == 0) {
        CALL(sys_rt_sigprocmask, SIG_SETMASK, &before, 0, sizeof before);
        word result = become(argv + 4, environment);
        tell_fact("failed", -result);
        stop(code_of(result));
    }
    // The program's alone: its input and output end when it closes them.
    for (int standard = 0; standard < 3; standard++) CALL(sys_close, standard);

    for (;;) {
        reap(program, program + own);
        if (is_deserted()) stop(128 + SIGKILL);
        if (refusals.asks) answer_one(0);
        CALL(sys_rt_sigtimedwait, &awaited, 0, refusals.asks ? &at_once : 0, sizeof awaited);
    }
}
