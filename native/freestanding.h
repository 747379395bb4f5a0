// SPDX-License-Identifier: Apache-2.0
//
// What the programs of this folder share: system calls without a libc, the way in, and to become another program. Who
// includes it has defined OWN_NAME, and has a function `begin`.

#if !defined(__x86_64__) && !defined(__aarch64__)
#error "There are system calls here for x86-64 and arm64 only."
#endif

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long word;

#if defined(__x86_64__)
enum { sys_read = 0, sys_write = 1, sys_close = 3, sys_rt_sigaction = 13, sys_rt_sigprocmask = 14, sys_getpid = 39, sys_socket = 41,
       sys_connect = 42, sys_sendto = 44, sys_recvfrom = 45, sys_sendmsg = 46, sys_recvmsg = 47, sys_shutdown = 48, sys_bind = 49, sys_listen = 50,
       sys_setsockopt = 54, sys_clone = 56, sys_execve = 59, sys_wait4 = 61, sys_kill = 62, sys_fcntl = 72,
       sys_setpgid = 109, sys_setsid = 112, sys_rt_sigtimedwait = 128, sys_prctl = 157, sys_getdents64 = 217,
       sys_clock_gettime = 228, sys_exit_group = 231, sys_epoll_ctl = 233, sys_openat = 257, sys_unlinkat = 263,
       sys_ppoll = 271, sys_epoll_pwait = 281, sys_accept4 = 288, sys_signalfd4 = 289, sys_epoll_create1 = 291,
       sys_dup3 = 292, sys_pipe2 = 293, sys_prlimit64 = 302, sys_close_range = 436 };
enum { O_DIRECTORY = 0200000 };

static inline word call(word number, word a, word b, word c, word d, word e, word f)
{
    register word r10 __asm__("r10") = d;
    register word r8 __asm__("r8") = e;
    register word r9 __asm__("r9") = f;
    word result;
    __asm__ volatile("syscall" : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

__asm__(".globl _start\n_start:\n xor %ebp,%ebp\n mov %rsp,%rdi\n and $-16,%rsp\n call begin\n hlt\n");
#else
enum { sys_epoll_create1 = 20, sys_epoll_ctl = 21, sys_epoll_pwait = 22, sys_dup3 = 24, sys_fcntl = 25,
       sys_unlinkat = 35, sys_openat = 56, sys_close = 57, sys_pipe2 = 59, sys_getdents64 = 61, sys_read = 63,
       sys_write = 64, sys_ppoll = 73, sys_signalfd4 = 74, sys_exit_group = 94, sys_clock_gettime = 113,
       sys_kill = 129, sys_rt_sigaction = 134, sys_rt_sigprocmask = 135, sys_rt_sigtimedwait = 137,
       sys_setpgid = 154, sys_setsid = 157, sys_prctl = 167, sys_getpid = 172, sys_socket = 198, sys_bind = 200,
       sys_listen = 201, sys_connect = 203, sys_sendto = 206, sys_recvfrom = 207, sys_setsockopt = 208,
       sys_shutdown = 210, sys_sendmsg = 211, sys_recvmsg = 212, sys_clone = 220, sys_execve = 221, sys_accept4 = 242, sys_wait4 = 260, sys_prlimit64 = 261,
       sys_close_range = 436 };
enum { O_DIRECTORY = 040000 };

static inline word call(word number, word a, word b, word c, word d, word e, word f)
{
    register word x8 __asm__("x8") = number;
    register word x0 __asm__("x0") = a;
    register word x1 __asm__("x1") = b;
    register word x2 __asm__("x2") = c;
    register word x3 __asm__("x3") = d;
    register word x4 __asm__("x4") = e;
    register word x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}

__asm__(".globl _start\n_start:\n mov x29,xzr\n mov x30,xzr\n mov x0,sp\n bl begin\n brk 0\n");
#endif

// Arguments that are not given are 0.
#define CALL(number, ...) CALL_PADDED(number, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_PADDED(number, a, b, c, d, e, f, ...) \
    call(number, (word)(a), (word)(b), (word)(c), (word)(d), (word)(e), (word)(f))

enum { ENOENT = 2, ESRCH = 3, EINTR = 4, ENOEXEC = 8, ECHILD = 10, EAGAIN = 11, ENOMEM = 12, EACCES = 13,
       ENOTDIR = 20, ENFILE = 23, EMFILE = 24, ENOBUFS = 105 };
enum { SIGKILL = 9, SIGCHLD = 17, SIGSTOP = 19, SIGIO = 29, SIG_BLOCK = 0, SIG_SETMASK = 2, WNOHANG = 1,
       PR_SET_DUMPABLE = 4, AT_FDCWD = -100, O_CLOEXEC = 02000000 };

// Exit codes of env(1) and others.
enum { failed = 125, not_executable = 126, not_found = 127 };

// The compiler may call this by itself.
void *memset(void *to, int value, u64 length)
{
    for (u64 at = 0; at < length; at++) ((volatile u8 *)to)[at] = (u8)value;
    return to;
}

static inline u64 length_of(const char *text)
{
    u64 length = 0;
    while (text[length] != 0) length++;
    return length;
}

static inline void __attribute__((noreturn)) stop(int code)
{
    for (;;) CALL(sys_exit_group, code);
}

static inline void say(const char *text)
{
    CALL(sys_write, 2, text, length_of(text));
}

static inline void __attribute__((noreturn)) give_up(int code, const char *why, const char *what)
{
    say(OWN_NAME ": ");
    say(why);
    say(what);
    say("\n");
    stop(code);
}

// Of at most so many digits, 18 or fewer; -1 for what is no number.
static inline word number_of(const char *text, int most_digits)
{
    word number = 0;
    int digits = 0;
    for (; text[digits] != 0; digits++) {
        if (text[digits] < '0' || text[digits] > '9' || digits == most_digits) return -1;
        number = number * 10 + (text[digits] - '0');
    }
    return digits == 0 ? -1 : number;
}

// Where the arguments of the program begin that is to be started, and this one's own end.
static inline int is_separator(const char *text)
{
    return text[0] == '-' && text[1] == '-' && text[2] == 0;
}

// As execvp: what the kernel does not know is a script. The word before `argv` is this program's own, and free.
static inline word execute(char *path, char **argv, char **environment)
{
    word result = CALL(sys_execve, path, argv, environment);
    if (result != -ENOEXEC) return result;
    argv[-1] = "/bin/sh";
    argv[0] = path;
    return CALL(sys_execve, "/bin/sh", argv - 1, environment);
}

// As execvp: a name without a slash is looked for on PATH. Returns only what went wrong.
static inline word become(char **argv, char **environment)
{
    static char path[4096];
    char *name = argv[0];
    const char *at = "/bin:/usr/bin";
    word result = -ENOENT;
    int denied = 0, slash = 0;
    u64 length = length_of(name);
    for (u64 index = 0; index < length; index++) slash |= name[index] == '/';
    if (slash || length == 0) return execute(name, argv, environment);
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
            result = execute(path, argv, environment);
            if (result == -EACCES) denied = 1;
            else if (result != -ENOENT && result != -ENOTDIR) return result;
        }
        if (at[folder] == 0) break;
        at += folder + 1;
    }
    return denied ? -EACCES : result;
}

// The exit code of who could not become another program.
static inline int code_of(word result)
{
    return result == -ENOENT || result == -ENOTDIR ? not_found : not_executable;
}

static inline void __attribute__((noreturn)) become_or_give_up(char **argv, char **environment)
{
    const char *name = argv[0];
    int code = code_of(become(argv, environment));
    give_up(code, code == not_found ? "no such program: " : "the program can not be started: ", name);
}
