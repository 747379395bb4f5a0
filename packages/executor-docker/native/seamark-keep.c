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

#if !defined(__x86_64__) && !defined(__aarch64__)
#error "There are system calls here for x86-64 and arm64 only."
#endif

typedef unsigned char u8;
typedef unsigned long u64;
typedef long word;

#if defined(__x86_64__)
enum { sys_write = 1, sys_close = 3, sys_rt_sigprocmask = 14, sys_clone = 56, sys_execve = 59, sys_wait4 = 61,
       sys_kill = 62, sys_setpgid = 109, sys_rt_sigtimedwait = 128, sys_prctl = 157, sys_clock_gettime = 228,
       sys_exit_group = 231 };

static word call(word number, word a, word b, word c, word d, word e)
{
    register word r10 __asm__("r10") = d;
    register word r8 __asm__("r8") = e;
    word result;
    __asm__ volatile("syscall" : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

__asm__(".globl _start\n_start:\n xor %ebp,%ebp\n mov %rsp,%rdi\n and $-16,%rsp\n call begin\n hlt\n");
#else
enum { sys_close = 57, sys_write = 64, sys_exit_group = 94, sys_clock_gettime = 113, sys_kill = 129,
       sys_rt_sigprocmask = 135, sys_rt_sigtimedwait = 137, sys_setpgid = 154, sys_prctl = 167, sys_clone = 220,
       sys_execve = 221, sys_wait4 = 260 };

static word call(word number, word a, word b, word c, word d, word e)
{
    register word x8 __asm__("x8") = number;
    register word x0 __asm__("x0") = a;
    register word x1 __asm__("x1") = b;
    register word x2 __asm__("x2") = c;
    register word x3 __asm__("x3") = d;
    register word x4 __asm__("x4") = e;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
}

__asm__(".globl _start\n_start:\n mov x29,xzr\n mov x30,xzr\n mov x0,sp\n bl begin\n brk 0\n");
#endif

#define CALL(number, a, b, c, d, e) call(number, (word)(a), (word)(b), (word)(c), (word)(d), (word)(e))

enum { ENOENT = 2, EACCES = 13, ENOTDIR = 20 };
enum { SIGKILL = 9, SIGCHLD = 17, SIG_SETMASK = 2, WNOHANG = 1, PR_SET_DUMPABLE = 4, CLOCK_BOOTTIME = 7 };

// Exit codes of env(1) and others.
enum { failed = 125, not_executable = 126, not_found = 127 };

// Time goes on while a machine sleeps, and what waits does not hear of it.
enum { look_ms = 1000 };

struct time { word seconds, nanoseconds; };

// The compiler may call this by itself.
void *memset(void *to, int value, u64 length)
{
    for (u64 at = 0; at < length; at++) ((volatile u8 *)to)[at] = (u8)value;
    return to;
}

static void __attribute__((noreturn)) stop(int code)
{
    for (;;) CALL(sys_exit_group, code, 0, 0, 0, 0);
}

static void say(const char *text)
{
    u64 length = 0;
    while (text[length] != 0) length++;
    CALL(sys_write, 2, text, length, 0, 0);
}

static void __attribute__((noreturn)) give_up(int code, const char *why, const char *what)
{
    say("seamark-keep: ");
    say(why);
    say(what);
    say("\n");
    stop(code);
}

static u64 now(void)
{
    struct time time = { 0, 0 };
    if (CALL(sys_clock_gettime, CLOCK_BOOTTIME, &time, 0, 0, 0) < 0) stop(failed);
    return (u64)time.seconds * 1000 + (u64)time.nanoseconds / 1000000;
}

// At most 16 digits: every whole number of JavaScript, and no sum with the time is too large. -1 for what is no number.
static word number_of(const char *text)
{
    word number = 0;
    int digits = 0;
    for (; text[digits] != 0; digits++) {
        if (text[digits] < '0' || text[digits] > '9' || digits == 16) return -1;
        number = number * 10 + (text[digits] - '0');
    }
    return digits == 0 ? -1 : number;
}

// As execvp: a name without a slash is looked for on PATH.
static void __attribute__((noreturn)) become(char **argv, char **environment)
{
    static char path[4096];
    const char *name = argv[0];
    const char *at = "/bin:/usr/bin";
    word result = -ENOENT;
    int denied = 0, slash = 0;
    u64 length = 0;
    for (; name[length] != 0; length++) slash |= name[length] == '/';
    if (slash || length == 0) result = CALL(sys_execve, name, argv, environment, 0, 0);
    else {
        for (char **one = environment; *one != 0; one++)
            if ((*one)[0] == 'P' && (*one)[1] == 'A' && (*one)[2] == 'T' && (*one)[3] == 'H' && (*one)[4] == '=')
                at = *one + 5;
        for (;;) {
            u64 folder = 0, to = 0;
            while (at[folder] != 0 && at[folder] != ':') folder++;
            if (folder + length + 3 <= sizeof path) {
                if (folder == 0) path[to++] = '.';
                for (u64 index = 0; index < folder; index++) path[to++] = at[index];
                path[to++] = '/';
                for (u64 index = 0; index <= length; index++) path[to++] = name[index];
                result = CALL(sys_execve, path, argv, environment, 0, 0);
                if (result == -EACCES) denied = 1;
                else if (result != -ENOENT && result != -ENOTDIR) break;
            }
            if (at[folder] == 0) break;
            at += folder + 1;
        }
        if (denied && (result == -ENOENT || result == -ENOTDIR)) result = -EACCES;
    }
    if (result == -ENOENT || result == -ENOTDIR) give_up(not_found, "no such program: ", name);
    give_up(not_executable, "the program can not be started: ", name);
}

// Reaps all that has ended; ends where the program has.
static void reap(word program)
{
    for (;;) {
        int status = 0;
        word ended = CALL(sys_wait4, -1, &status, WNOHANG, 0, 0);
        if (ended <= 0) return;
        if (ended == program) stop((status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f));
    }
}

void __attribute__((used, noreturn)) begin(word *stack)
{
    word count = stack[0];
    char **argv = (char **)(stack + 1);
    char **environment = argv + count + 1;
    word limit = count > 1 ? number_of(argv[1]) : -1;
    if (count < 4 || limit < 0 || argv[2][0] != '-' || argv[2][1] != '-' || argv[2][2] != 0)
        give_up(failed, "usage: seamark-keep MILLISECONDS -- PROGRAM [ARGUMENT...]", "");

    u64 all = ~0ul, before = 0, until = now() + (u64)limit;
    // Before the program is there: it has the same user, and could write to this one's memory.
    if (CALL(sys_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) give_up(failed, "its memory can not be closed", "");
    CALL(sys_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all, 0);
    word program = CALL(sys_clone, SIGCHLD, 0, 0, 0, 0);
    if (program < 0) give_up(failed, "no process can be started", "");
    if (program == 0) {
        // A signal to its group is not one to this process.
        CALL(sys_setpgid, 0, 0, 0, 0, 0);
        CALL(sys_rt_sigprocmask, SIG_SETMASK, &before, 0, sizeof before, 0);
        become(argv + 3, environment);
    }
    // The program's alone: its input and output end when it closes them.
    for (int descriptor = 0; descriptor < 3; descriptor++) CALL(sys_close, descriptor, 0, 0, 0, 0);

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
        word signal = CALL(sys_rt_sigtimedwait, &all, 0, &time, sizeof all, 0);
        if (signal > 0 && signal != SIGCHLD) CALL(sys_kill, program, signal, 0, 0, 0);
    }
}
