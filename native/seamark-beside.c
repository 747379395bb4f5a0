// SPDX-License-Identifier: Apache-2.0
//
// Has seamark-serve start programs in another container, as if they were its own. Freestanding: no libc, no allocation.
//
// seamark-beside serve MILLISECONDS FIRST NEXT [PROGRAM [ARGUMENT...]]
//
//   The first process of that container. Takes a command line from a connection, runs it, or PROGRAM where the line is empty, with the
//   output that came with it, and answers how it ended. The socket FIRST takes one connection, which is the container's reason: with its end
//   this ends, and so the kernel ends all others. NEXT is there after it. It ends as well after so many milliseconds; 0 is never.
//
// seamark-beside ask SOCKET [LINE]
//
//   Has LINE run there with its own output, passes SIGTERM on, and ends as that ended. What runs there is killed when this is.

#define OWN_NAME "seamark-beside"
#include "freestanding.h"

enum { SIGTERM = 15, SIG_UNBLOCK = 1, CLOCK_MONOTONIC = 1, POLLIN = 1, O_RDONLY = 0, O_NONBLOCK = 04000 };
enum { AF_UNIX = 1, SOCK_SEQPACKET = 5, SOCK_CLOEXEC = 02000000, SOL_SOCKET = 1, SCM_RIGHTS = 1, MSG_NOSIGNAL = 0x4000,
       MSG_CMSG_CLOEXEC = 0x40000000, ECONNREFUSED = 111 };
enum { most_line = 1 << 17, most_path = 108, waiting = 16, nap_ms = 20 };

struct time { word seconds, nanoseconds; };
struct poll { int descriptor; short wanted, found; };
struct address { u16 family; char path[most_path]; };
struct piece { void *bytes; u64 size; };
struct rights { u64 size; int level, type; int descriptor, padding; };
struct message { void *name; u64 name_length; struct piece *pieces; u64 count; void *control; u64 control_length; u64 flags; };

static u64 before;
static char line[most_line + 1];

// The compiler may call this by itself.
void *memcpy(void *to, const void *from, u64 length)
{
    for (u64 at = 0; at < length; at++) ((volatile u8 *)to)[at] = ((const u8 *)from)[at];
    return to;
}

static u64 now(void)
{
    struct time time = { 0, 0 };
    CALL(sys_clock_gettime, CLOCK_MONOTONIC, &time);
    return (u64)time.seconds * 1000 + (u64)time.nanoseconds / 1000000;
}

static void nap(void)
{
    struct time time = { 0, nap_ms * 1000000l };
    CALL(sys_ppoll, 0, 0, &time, 0, 8);
}

static struct address address_of(const char *path)
{
    struct address address = { AF_UNIX, { 0 } };
    u64 length = length_of(path);
    if (length >= most_path) give_up(failed, "a path is too long: ", path);
    memcpy(address.path, path, length);
    return address;
}

static int new_socket(void)
{
    word socket = CALL(sys_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (socket < 0) give_up(failed, "no socket can be made", "");
    return (int)socket;
}

// From here on these signals are read, from the descriptor.
static int take_signals(u64 set)
{
    u64 action[4] = { 0 };
    // Whoever started this may ignore the ends of children, of which the kernel would then say nothing.
    CALL(sys_rt_sigaction, SIGCHLD, action, 0, 8);
    CALL(sys_rt_sigprocmask, SIG_BLOCK, &set, 0, sizeof set);
    word signals = CALL(sys_signalfd4, -1, &set, sizeof set, O_NONBLOCK | O_CLOEXEC);
    if (signals < 0) give_up(failed, "no descriptor can be made", "");
    return (int)signals;
}

// A line and the descriptor that its output goes to. Does not return for what is neither.
static int take_line(int from)
{
    struct piece piece = { line, most_line };
    struct rights rights = { 0, 0, 0, -1, 0 };
    struct message message = { 0, 0, &piece, 1, &rights, sizeof rights, 0 };
    word got;
    do got = CALL(sys_recvmsg, from, &message, MSG_CMSG_CLOEXEC);
    while (got == -EINTR);
    if (got < 1 || rights.type != SCM_RIGHTS || rights.descriptor < 0) stop(failed);
    // The last byte is the line's zero, or it was cut off.
    if (line[got - 1] != 0) stop(failed);
    return rights.descriptor;
}

static void __attribute__((noreturn)) run_for(int connection, char **program, char **environment)
{
    char *shell[4];
    static u8 told[4096];
    int into = take_line(connection), signals = take_signals(1ul << (SIGCHLD - 1)), status = 0, over = 0, asked = 0;
    word pid = CALL(sys_clone, SIGCHLD);
    if (pid < 0) stop(failed);
    if (pid == 0) {
        CALL(sys_setpgid, 0, 0);
        CALL(sys_dup3, CALL(sys_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC), 0, 0);
        CALL(sys_dup3, into, 1, 0);
        CALL(sys_dup3, into, 2, 0);
        CALL(sys_rt_sigprocmask, SIG_SETMASK, &before, 0, sizeof before);
        if (line[0] != 0) {
            shell[0] = "/bin/sh";
            shell[1] = "-c";
            shell[2] = line;
            shell[3] = 0;
            CALL(sys_execve, shell[0], shell, environment);
            give_up(not_found, "there is no /bin/sh in the image", "");
        }
        if (program[0] == 0) give_up(not_found, "the image has no command of its own", "");
        become_or_give_up(program, environment);
    }
    CALL(sys_setpgid, pid, pid);
    CALL(sys_close, into);
    for (;;) {
        struct poll polls[2] = { { connection, POLLIN, 0 }, { signals, POLLIN, 0 } };
        struct time time = { 0, nap_ms * 1000000l };
        CALL(sys_ppoll, polls, 2, over ? &time : 0, 0, 8);
        CALL(sys_read, signals, told, sizeof told);
        if (polls[0].found != 0) {
            u8 signal;
            word got = CALL(sys_recvfrom, connection, &signal, 1);
            if (got == 0 || (got < 0 && got != -EINTR)) {
                CALL(sys_kill, -pid, SIGKILL);
                stop(0);
            }
            if (got == 1) {
                asked = 1;
                CALL(sys_kill, -pid, signal);
            }
        }
        if (!over && CALL(sys_wait4, pid, &status, WNOHANG) == pid) over = 1;
        // A shell that was told to end may be over before what it started.
        if (over && (!asked || CALL(sys_kill, -pid, 0) == -ESRCH)) break;
    }
    CALL(sys_sendto, connection, &status, sizeof status, MSG_NOSIGNAL);
    stop(0);
}

static int listen_on(const char *path)
{
    struct address address = address_of(path);
    int listening = new_socket();
    if (CALL(sys_bind, listening, &address, sizeof address) < 0 || CALL(sys_listen, listening, waiting) < 0)
        give_up(failed, "can not listen on ", path);
    return listening;
}

static void __attribute__((noreturn)) serve(word most_ms, char **paths, char **program, char **environment)
{
    static u8 told[4096];
    int listening = listen_on(paths[0]), signals = take_signals(1ul << (SIGCHLD - 1));
    word first = 0;
    u64 until = most_ms > 0 ? now() + (u64)most_ms : 0;
    for (;;) {
        struct poll polls[2] = { { listening, POLLIN, 0 }, { signals, POLLIN, 0 } };
        u64 at = now(), left = until > at ? until - at : 0;
        struct time time = { (word)(left / 1000), (word)(left % 1000 * 1000000) };
        if (until > 0 && left == 0) stop(failed);
        CALL(sys_ppoll, polls, 2, until > 0 ? &time : 0, 0, 8);
        CALL(sys_read, signals, told, sizeof told);
        // All that is left to the first process of a container, too.
        for (word one; (one = CALL(sys_wait4, -1, 0, WNOHANG)) > 0;)
            if (one == first) stop(0);
        if (polls[0].found == 0) continue;
        word connection = CALL(sys_accept4, listening, 0, 0, SOCK_CLOEXEC);
        if (connection < 0) continue;
        word pid = CALL(sys_clone, SIGCHLD);
        if (pid == 0) {
            CALL(sys_close, listening);
            CALL(sys_close, signals);
            run_for((int)connection, program, environment);
        }
        CALL(sys_close, connection);
        if (first != 0) continue;
        if (pid < 0) stop(failed);
        first = pid;
        CALL(sys_close, listening);
        listening = listen_on(paths[1]);
    }
}

static void __attribute__((noreturn)) end_as(int status)
{
    int signal = status & 0x7f;
    u64 action[4] = { 0 }, set = 1ul << (signal - 1);
    if (signal == 0) stop(status >> 8 & 0xff);
    CALL(sys_rt_sigaction, signal, action, 0, 8);
    CALL(sys_kill, CALL(sys_getpid, 0), signal);
    CALL(sys_rt_sigprocmask, SIG_UNBLOCK, &set, 0, sizeof set);
    stop(128 + signal);
}

static void __attribute__((noreturn)) ask(const char *path, char *what)
{
    static u8 told[4096];
    struct address address = address_of(path);
    struct piece piece = { what, length_of(what) + 1 };
    struct rights rights = { sizeof rights - sizeof rights.padding, SOL_SOCKET, SCM_RIGHTS, 1, 0 };
    struct message message = { 0, 0, &piece, 1, &rights, sizeof rights, 0 };
    int connection = new_socket(), status = 0;
    // The other container may start later than this. Whoever waits for this one knows for how long.
    for (word result; (result = CALL(sys_connect, connection, &address, sizeof address)) < 0; nap())
        if (result != -ENOENT && result != -ECONNREFUSED && result != -EAGAIN && result != -EINTR)
            give_up(failed, "can not reach ", path);
    int signals = take_signals(1ul << (SIGTERM - 1));
    if (CALL(sys_sendmsg, connection, &message, MSG_NOSIGNAL) < 0) give_up(failed, "can not reach ", path);
    for (;;) {
        struct poll polls[2] = { { connection, POLLIN, 0 }, { signals, POLLIN, 0 } };
        u8 signal = SIGTERM;
        CALL(sys_ppoll, polls, 2, 0, 0, 8);
        if (CALL(sys_read, signals, told, sizeof told) > 0) CALL(sys_sendto, connection, &signal, 1, MSG_NOSIGNAL);
        if (polls[0].found == 0) continue;
        word got = CALL(sys_recvfrom, connection, &status, sizeof status);
        if (got == -EINTR) continue;
        // All of that container is gone, such as for want of memory.
        if (got != sizeof status) end_as(SIGKILL);
        end_as(status);
    }
}

static int is(const char *text, const char *other)
{
    u64 at = 0;
    while (text[at] != 0 && text[at] == other[at]) at++;
    return text[at] == other[at];
}

void __attribute__((used, noreturn)) begin(word *stack)
{
    word arguments = stack[0], most_ms = -1;
    char **argv = (char **)(stack + 1);
    CALL(sys_rt_sigprocmask, SIG_SETMASK, 0, &before, sizeof before);
    if (arguments >= 5 && is(argv[1], "serve") && (most_ms = number_of(argv[2], 15)) >= 0)
        serve(most_ms, argv + 3, argv + 5, argv + arguments + 1);
    if ((arguments == 3 || arguments == 4) && is(argv[1], "ask")) ask(argv[2], arguments == 4 ? argv[3] : "");
    give_up(failed, "usage: seamark-beside serve MILLISECONDS FIRST NEXT [PROGRAM [ARGUMENT...]], or ask SOCKET [LINE]", "");
}
