// SPDX-License-Identifier: Apache-2.0
//
// seamark-first DESCRIPTOR OWN -- PROGRAM [ARGUMENT...]
//
// The first process of a sandbox's process namespace: starts PROGRAM, reaps what is left to it, and ends as PROGRAM does,
// with 128 and its number for a signal. With it the kernel kills all others of its namespace. Before that it writes to
// DESCRIPTOR how PROGRAM ended and what was still running then, in words that end with a zero byte each:
//
//   failed ERRNO              PROGRAM could not be started
//   exited CODE               or
//   signaled NUMBER           PROGRAM ended
//   left COUNT NAME...        so many processes were running then, with different names of a few of them
//
// Where nobody listens at DESCRIPTOR any more it ends at once, with 137: whoever started the sandbox is dead. That may be
// before bubblewrap asked the kernel to end it with its parent (PR_SET_PDEATHSIG), of which the kernel then knows nothing.
//
// OWN is how many processes PROGRAM starts before it runs anything of an item: they are not told of. Freestanding: no
// libc, no allocation.
//
// What runs beneath it has its user, and can not stop it or speak for it: from inside its own namespace the kernel lets no
// SIGKILL and no SIGSTOP through to a first process, it is not dumpable, and DESCRIPTOR is closed where PROGRAM begins.

#if !defined(__x86_64__) && !defined(__aarch64__)
#error "There are system calls here for x86-64 and arm64 only."
#endif

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned long u64;
typedef long word;

#if defined(__x86_64__)
enum { sys_read = 0, sys_write = 1, sys_close = 3, sys_rt_sigprocmask = 14, sys_getpid = 39, sys_clone = 56,
       sys_execve = 59, sys_wait4 = 61, sys_kill = 62, sys_fcntl = 72, sys_rt_sigtimedwait = 128, sys_prctl = 157,
       sys_getdents64 = 217, sys_exit_group = 231, sys_openat = 257, sys_ppoll = 271 };

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
enum { sys_fcntl = 25, sys_openat = 56, sys_close = 57, sys_getdents64 = 61, sys_read = 63, sys_write = 64,
       sys_ppoll = 73, sys_exit_group = 94, sys_kill = 129, sys_rt_sigprocmask = 135, sys_rt_sigtimedwait = 137,
       sys_prctl = 167, sys_getpid = 172, sys_clone = 220, sys_execve = 221, sys_wait4 = 260 };

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

enum { ENOENT = 2, ESRCH = 3, EINTR = 4, ENOEXEC = 8, ECHILD = 10, EACCES = 13, ENOTDIR = 20 };
enum { SIGKILL = 9, SIGCHLD = 17, SIGSTOP = 19, SIGIO = 29, SIG_BLOCK = 0, SIG_SETMASK = 2, WNOHANG = 1,
       PR_SET_DUMPABLE = 4, F_SETFD = 2, F_SETFL = 4, F_SETOWN = 8, FD_CLOEXEC = 1, O_ASYNC = 020000,
       POLLHUP = 16, AT_FDCWD = -100, O_DIRECTORY = 0200000, O_CLOEXEC = 02000000 };
#if defined(__aarch64__)
enum { open_folder = 040000 | O_CLOEXEC };
#else
enum { open_folder = O_DIRECTORY | O_CLOEXEC };
#endif

// Exit codes of env(1) and others.
enum { failed = 125, not_executable = 126, not_found = 127 };

// A name has 15 bytes; those that /proc writes with a backslash become longer.
enum { most_names = 5, most_name = 64 };

static int report;
static char text[1024];
static u64 length;

// The compiler may call this by itself.
void *memset(void *to, int value, u64 size)
{
    for (u64 at = 0; at < size; at++) ((volatile u8 *)to)[at] = (u8)value;
    return to;
}

static void __attribute__((noreturn)) stop(int code)
{
    for (;;) CALL(sys_exit_group, code, 0, 0, 0, 0);
}

static void say(const char *what)
{
    u64 size = 0;
    while (what[size] != 0) size++;
    CALL(sys_write, 2, what, size, 0, 0);
}

static void __attribute__((noreturn)) give_up(const char *why)
{
    say("seamark-first: ");
    say(why);
    say("\n");
    stop(failed);
}

static void put(const char *what)
{
    do text[length++] = *what;
    while (*what++ != 0);
}

static void put_number(word number)
{
    char digits[20];
    int count = 0;
    do digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (count > 0) text[length++] = digits[--count];
    text[length++] = 0;
}

// What is told has a few hundred bytes: whoever listens takes it at once, or not at all.
static void tell(void)
{
    word wrote;
    do wrote = CALL(sys_write, report, text, length, 0, 0);
    while (wrote == -EINTR);
    length = 0;
}

static void tell_fact(const char *what, word number)
{
    put(what);
    put_number(number);
    tell();
}

// At most 9 digits; -1 for what is no number.
static word number_of(const char *from)
{
    word number = 0;
    int digits = 0;
    for (; from[digits] != 0; digits++) {
        if (from[digits] < '0' || from[digits] > '9' || digits == 9) return -1;
        number = number * 10 + (from[digits] - '0');
    }
    return digits == 0 ? -1 : number;
}

// As execvp: what the kernel does not know is a script. The word before `argv` is this program's own, and free.
static word execute(char *path, char **argv, char **environment)
{
    word result = CALL(sys_execve, path, argv, environment, 0, 0);
    if (result != -ENOEXEC) return result;
    argv[-1] = "/bin/sh";
    argv[0] = path;
    return CALL(sys_execve, "/bin/sh", argv - 1, environment, 0, 0);
}

// As execvp: a name without a slash is looked for on PATH.
static void __attribute__((noreturn)) become(char **argv, char **environment)
{
    static char path[4096];
    char *name = argv[0];
    const char *at = "/bin:/usr/bin";
    word result = -ENOENT;
    int denied = 0, slash = 0;
    u64 size = 0;
    for (; name[size] != 0; size++) slash |= name[size] == '/';
    if (slash || size == 0) result = execute(name, argv, environment);
    else {
        for (char **one = environment; *one != 0; one++)
            if ((*one)[0] == 'P' && (*one)[1] == 'A' && (*one)[2] == 'T' && (*one)[3] == 'H' && (*one)[4] == '=')
                at = *one + 5;
        for (;;) {
            u64 folder = 0, to = 0;
            while (at[folder] != 0 && at[folder] != ':') folder++;
            if (folder + size + 3 <= sizeof path) {
                if (folder == 0) path[to++] = '.';
                for (u64 index = 0; index < folder; index++) path[to++] = at[index];
                path[to++] = '/';
                for (u64 index = 0; index <= size; index++) path[to++] = name[index];
                result = execute(path, argv, environment);
                if (result == -EACCES) denied = 1;
                else if (result != -ENOENT && result != -ENOTDIR) break;
            }
            if (at[folder] == 0) break;
            at += folder + 1;
        }
        if (denied && (result == -ENOENT || result == -ENOTDIR)) result = -EACCES;
    }
    tell_fact("failed", -result);
    stop(result == -ENOENT || result == -ENOTDIR ? not_found : not_executable);
}

static struct { char names[most_names][most_name]; int named; word count; } left;

static void note(const char *name, u64 size)
{
    left.count++;
    if (left.named == most_names) return;
    if (size >= most_name) size = most_name - 1;
    for (int one = 0; one < left.named; one++) {
        u64 at = 0;
        while (at < size && left.names[one][at] == name[at]) at++;
        if (at == size && left.names[one][at] == 0) return;
    }
    for (u64 at = 0; at < size; at++) left.names[left.named][at] = name[at] == 0 ? ' ' : name[at];
    left.names[left.named++][size] = 0;
}

// Takes in one process by its line in /proc (proc(5)): the name is in parentheses and may hold such; then come the state,
// and as the eighteenth field the number of threads. One whose first thread has ended goes on with its others.
static void look_at(const char *line, u64 size)
{
    u64 open = 0, close = size;
    while (open < size && line[open] != '(') open++;
    while (close > open && line[close - 1] != ')') close--;
    if (close < open + 2 || close + 1 >= size) return;
    const char *rest = line + close + 1, *end = line + size;
    char state = *rest;
    for (int field = 0; field < 17; field++) {
        while (rest < end && *rest != ' ') rest++;
        if (rest < end) rest++;
    }
    word threads = 0;
    while (rest < end && *rest >= '0' && *rest <= '9') threads = threads * 10 + (*rest++ - '0');
    if ((state == 'Z' || state == 'X') && threads < 2) return;
    note(line + open + 1, close - open - 2);
}

// False where not all can be looked at, such as without a descriptor.
static int look(word last_own)
{
    static u8 entries[16384];
    static char path[32], line[1024];
    word folder = CALL(sys_openat, AT_FDCWD, "/proc", open_folder, 0, 0);
    if (folder < 0) return 0;
    for (;;) {
        word size = CALL(sys_getdents64, folder, entries, sizeof entries, 0, 0);
        if (size <= 0) return size == 0;
        // struct linux_dirent64 (getdents(2)): the length of an entry is at 16, its name at 19.
        for (word at = 0; at < size; at += *(u16 *)(entries + at + 16)) {
            const char *name = (const char *)entries + at + 19;
            word pid = number_of(name);
            if (pid <= last_own) continue;
            u64 to = 0;
            for (const char *from = name; *from != 0; from++) path[to++] = *from;
            for (const char *from = "/stat"; (path[to++] = *from) != 0; from++);
            word file = CALL(sys_openat, folder, path, O_CLOEXEC, 0, 0);
            if (file == -ENOENT || file == -ESRCH) continue;
            if (file < 0) return 0;
            word got = CALL(sys_read, file, line, sizeof line, 0, 0);
            CALL(sys_close, file, 0, 0, 0, 0);
            if (got > 0) look_at(line, (u64)got);
        }
    }
}

// Kills them one and all, and counts those that died of it as far as they are left to this process.
static word reap_all(word last_own)
{
    word count = 0;
    CALL(sys_kill, -1, SIGKILL, 0, 0, 0);
    for (;;) {
        int status = 0;
        word ended = CALL(sys_wait4, -1, &status, 0, 0, 0);
        if (ended == -EINTR) continue;
        if (ended < 0) return count;
        if (ended > last_own && (status & 0x7f) == SIGKILL) count++;
    }
}

static void tell_left(word last_own)
{
    // They stand still while they are counted. To no process but this one means that nothing is there.
    if (CALL(sys_kill, -1, SIGSTOP, 0, 0, 0) != -ESRCH && !look(last_own)) {
        // A program can take descriptors from this process (prlimit(2)), and is not hidden by that.
        word count = reap_all(last_own);
        if (count > left.count) left.count = count;
    }
    put("left");
    put_number(left.count);
    for (int one = 0; one < left.named; one++) put(left.names[one]);
    tell();
}

static int is_deserted(void)
{
    struct { int descriptor; short wanted, found; } one = { report, 0, 0 };
    struct { word seconds, nanoseconds; } at_once = { 0, 0 };
    return CALL(sys_ppoll, &one, 1, &at_once, 0, 0) > 0 && (one.found & POLLHUP) != 0;
}

// Reaps all that has ended; ends where the program has.
static void reap(word program, word last_own)
{
    for (;;) {
        int status = 0;
        word ended = CALL(sys_wait4, -1, &status, WNOHANG, 0, 0);
        if (ended == -ECHILD) stop(failed);
        if (ended <= 0) return;
        if (ended != program) continue;
        int signal = status & 0x7f, code = (status >> 8) & 0xff;
        // First, so that how it ended is known whatever comes of the counting.
        if (signal == 0) tell_fact("exited", code);
        else tell_fact("signaled", signal);
        tell_left(last_own);
        stop(signal == 0 ? code : 128 + signal);
    }
}

void __attribute__((used, noreturn)) begin(word *stack)
{
    word count = stack[0];
    char **argv = (char **)(stack + 1);
    char **environment = argv + count + 1;
    word descriptor = count > 4 ? number_of(argv[1]) : -1, own = count > 4 ? number_of(argv[2]) : -1;
    // All that it may kill is killed at the end.
    if (CALL(sys_getpid, 0, 0, 0, 0, 0) != 1) give_up("it is not the first process of a namespace");
    if (descriptor < 3 || own < 0 || argv[3][0] != '-' || argv[3][1] != '-' || argv[3][2] != 0)
        give_up("usage: seamark-first DESCRIPTOR OWN -- PROGRAM [ARGUMENT...]");

    report = (int)descriptor;
    // Before the program is there: it has the same user, and could write to this one's memory.
    if (CALL(sys_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) give_up("its memory can not be closed");
    // These wait until they are asked for, though a first process ignores what it has no handler for.
    u64 awaited = 1ul << (SIGCHLD - 1) | 1ul << (SIGIO - 1), before = 0;
    CALL(sys_rt_sigprocmask, SIG_BLOCK, &awaited, &before, sizeof awaited, 0);
    if (CALL(sys_fcntl, report, F_SETFD, FD_CLOEXEC, 0, 0) < 0 || CALL(sys_fcntl, report, F_SETOWN, 1, 0, 0) < 0 ||
        CALL(sys_fcntl, report, F_SETFL, O_ASYNC, 0, 0) < 0)
        give_up("the descriptor is not open");
    if (is_deserted()) stop(128 + SIGKILL);
    word program = CALL(sys_clone, SIGCHLD, 0, 0, 0, 0);
    if (program < 0) {
        tell_fact("failed", -program);
        stop(failed);
    }
    if (program == 0) {
        CALL(sys_rt_sigprocmask, SIG_SETMASK, &before, 0, sizeof before, 0);
        become(argv + 4, environment);
    }
    // The program's alone: its input and output end when it closes them.
    for (int standard = 0; standard < 3; standard++) CALL(sys_close, standard, 0, 0, 0, 0);

    for (;;) {
        reap(program, program + own);
        if (is_deserted()) stop(128 + SIGKILL);
        CALL(sys_rt_sigtimedwait, &awaited, 0, 0, sizeof awaited, 0);
    }
}
