// SPDX-License-Identifier: Apache-2.0
//
// seamark-keep MILLISECONDS OWN [FOLDER] -- PROGRAM [ARGUMENT...]
//
// The first process of a container: starts PROGRAM, reaps what is left to it, passes signals on, and ends as PROGRAM does,
// with 128 and its number for a signal. After MILLISECONDS (0: never) it ends with 137. With the first process the kernel
// kills all others of its namespace. Freestanding: no libc, no allocation.
//
// Where its environment has SEAMARK_WATCHWORD, of 32 characters, it tells how PROGRAM ended and what was still running then,
// as the last bytes of its standard error: a zero byte, the watchword, four digits for the length of the rest, and words
// that end with a zero byte each:
//
//   refused PATH              a write to a path below FOLDER that the mounts refuse, and
//   refusals COUNT            how many there were (refused.h); of neither where FOLDER is not given
//   exited CODE               or
//   signaled NUMBER           PROGRAM ended
//   left COUNT NAME...        so many processes were running then, with different names of a few of them
//
// OWN is how many processes PROGRAM starts before it runs anything of an item: they are not told of. PROGRAM is not given the
// watchword, so nothing but this process can have said what comes with it. It is said when all others have ended: they
// could read it from the pipe that it goes into.
//
// What runs beneath it has its user, and can not stop it or speak for it: from inside its own namespace the kernel lets no
// SIGKILL and no SIGSTOP through to a first process, it is not dumpable, and it takes no input.

#define OWN_NAME "seamark-keep"
#include "freestanding.h"
#include "left.h"
#include "refused.h"

enum { CLOCK_BOOTTIME = 7, F_SETFL = 4, F_DUPFD_CLOEXEC = 1030, O_WRONLY = 1, O_NONBLOCK = 04000 };

// Time goes on while a machine sleeps, and what waits does not hear of it.
enum { look_ms = 1000, retry_ms = 5 };

enum { watchword_length = 32, length_digits = 4 };

struct time { word seconds, nanoseconds; };

static const u64 all = ~0ul;
static u64 until;
static word limit, last_own;
static const char *watchword;
static int told;

static u64 now(void)
{
    struct time time = { 0, 0 };
    if (CALL(sys_clock_gettime, CLOCK_BOOTTIME, &time) < 0) stop(failed);
    return (u64)time.seconds * 1000 + (u64)time.nanoseconds / 1000000;
}

// How long may be waited; 0 where the time is over.
static struct time wait_time(void)
{
    word wait = look_ms;
    if (limit > 0) {
        u64 at = now();
        wait = at >= until ? 0 : until - at < look_ms ? (word)(until - at) : look_ms;
    }
    return (struct time){ wait / 1000, wait % 1000 * 1000000 };
}

static int is_over(struct time time)
{
    return time.seconds == 0 && time.nanoseconds == 0;
}

// Takes the watchword out of what the program is given.
static void take_watchword(char **environment)
{
    static const char name[] = "SEAMARK_WATCHWORD=";
    char **to = environment;
    for (char **from = environment; *from != 0; from++) {
        u64 at = 0;
        while (name[at] != 0 && (*from)[at] == name[at]) at++;
        if (name[at] == 0) watchword = *from + at;
        else *to++ = *from;
    }
    *to = 0;
}

// Kills them one and all, and counts those that died of it. -1 where not all have ended in time.
static word reap_all(void)
{
    word count = 0;
    CALL(sys_kill, -1, SIGKILL);
    for (;;) {
        int status = 0;
        word ended = CALL(sys_wait4, -1, &status, WNOHANG);
        if (ended == -ECHILD) return count;
        if (ended > last_own && (status & 0x7f) == SIGKILL) count++;
        if (ended > 0) continue;
        struct time time = wait_time();
        if (is_over(time)) return -1;
        CALL(sys_rt_sigtimedwait, &all, 0, &time, sizeof all);
    }
}

// Whoever wrote to the pipe may have filled it. Not with poll(2), which needs descriptors that a program can take away; and
// the pipe takes all of it at once, or nothing.
static void send(void)
{
    struct time retry = { 0, retry_ms * 1000000 };
    CALL(sys_fcntl, told, F_SETFL, O_WRONLY | O_NONBLOCK);
    while (CALL(sys_write, told, text, length) == -EAGAIN && !is_over(wait_time()))
        CALL(sys_rt_sigtimedwait, &all, 0, &retry, sizeof all);
}

static char refused_words[most_told * (sizeof "refused" + most_path)];
static u64 refused_length;

static void found_refused(const char *place)
{
    refused_length = append(refused_words, refused_length, sizeof refused_words, "refused") + 1;
    refused_length = append(refused_words, refused_length, refused_length + most_path, place) + 1;
}

static void tell(int signal, int code)
{
    // They stand still while they are counted. To no process but this one means that nothing is there.
    if (CALL(sys_kill, -1, SIGSTOP) != -ESRCH) {
        int seen = look(last_own);
        word count = reap_all();
        if (count < 0) return;
        // A program can take descriptors from this process (prlimit(2)), and is not hidden by that.
        if (!seen && count > left.count) left.count = count;
    }
    u64 start = 1 + watchword_length + length_digits;
    length = start;
    if (refusals.asks) {
        for (u64 at = 0; at < refused_length; at++) text[length++] = refused_words[at];
        put("refusals");
        put_number(refusals.count);
    }
    put(signal == 0 ? "exited" : "signaled");
    put_number(signal == 0 ? code : signal);
    put_left();
    for (u64 at = 0; at < watchword_length; at++) text[1 + at] = watchword[at];
    u64 size = length - start;
    for (u64 at = start; at > start - length_digits; size /= 10) text[--at] = (char)('0' + size % 10);
    send();
}

// Reaps all that has ended; ends where the program has.
static void reap(word program)
{
    for (;;) {
        int status = 0;
        word ended = CALL(sys_wait4, -1, &status, WNOHANG);
        if (ended <= 0) return;
        if (ended != program) continue;
        int signal = status & 0x7f, code = (status >> 8) & 0xff;
        if (watchword != 0) tell(signal, code);
        stop(signal == 0 ? code : 128 + signal);
    }
}

void __attribute__((used, noreturn)) begin(word *stack)
{
    word count = stack[0];
    char **argv = (char **)(stack + 1);
    char **environment = argv + count + 1;
    word own = count > 4 ? number_of(argv[2], 9) : -1;
    // At most 16 digits: every whole number of JavaScript, and no sum with the time is too large.
    limit = count > 4 ? number_of(argv[1], 16) : -1;
    const char *folder = count > 5 && argv[3][0] == '/' ? argv[3] : 0;
    if (folder != 0) argv++;
    if (limit < 0 || own < 0 || !is_separator(argv[3]))
        give_up(failed, "usage: seamark-keep MILLISECONDS OWN [FOLDER] -- PROGRAM [ARGUMENT...]", "");
    take_watchword(environment);
    if (watchword != 0) {
        // All that it may kill is killed at the end.
        if (CALL(sys_getpid, 0) != 1) give_up(failed, "it is not the first process of a namespace", "");
        if (length_of(watchword) != watchword_length) give_up(failed, "the watchword has another length", "");
        told = (int)CALL(sys_fcntl, 2, F_DUPFD_CLOEXEC, 3);
        if (told < 0) stop(failed);
    }

    u64 before = 0;
    until = now() + (u64)limit;
    // Before the program is there: it has the same user, and could write to this one's memory.
    if (CALL(sys_prctl, PR_SET_DUMPABLE, 0) < 0) give_up(failed, "its memory can not be closed", "");
    CALL(sys_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
    if (watchword != 0 && folder != 0) ask_before_writes(folder, &all);
    word program = CALL(sys_clone, SIGCHLD);
    if (program < 0) give_up(failed, "no process can be started", "");
    if (program == 0) {
        // A signal to its group is not one to this process.
        CALL(sys_setpgid, 0, 0);
        CALL(sys_rt_sigprocmask, SIG_SETMASK, &before, 0, sizeof before);
        become_or_give_up(argv + 4, environment);
    }
    last_own = program + own;
    // The program's alone: its input and output end when it closes them.
    for (int descriptor = 0; descriptor < 3; descriptor++) CALL(sys_close, descriptor);

    for (;;) {
        reap(program);
        struct time time = wait_time();
        if (is_over(time)) stop(128 + SIGKILL);
        if (refusals.asks) {
            answer_one(&time);
            time = (struct time){ 0, 0 };
        }
        // All are blocked, and so wait here, those too that a first process or any would ignore.
        word signal = CALL(sys_rt_sigtimedwait, &all, 0, &time, sizeof all);
        if (signal > 0 && signal != SIGCHLD) CALL(sys_kill, program, signal);
    }
}
