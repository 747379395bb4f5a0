// SPDX-License-Identifier: Apache-2.0
//
// seamark-forward PORT SOCKET -- PROGRAM [ARGUMENT...]
//
// Listens on 127.0.0.1:PORT, leaves a process behind that leads each connection to the unix socket SOCKET, and becomes
// PROGRAM. Freestanding: no libc, no allocation. Bytes stay in the kernel until the other side takes them, so a slow side
// holds up the fast one and memory does not grow with traffic.

#if !defined(__x86_64__) && !defined(__aarch64__)
#error "There are system calls here for x86-64 and arm64 only."
#endif

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long word;

#if defined(__x86_64__)
enum { sys_write = 1, sys_close = 3, sys_rt_sigprocmask = 14, sys_socket = 41, sys_connect = 42, sys_sendto = 44,
       sys_recvfrom = 45, sys_shutdown = 48, sys_bind = 49, sys_listen = 50, sys_setsockopt = 54, sys_clone = 56,
       sys_execve = 59, sys_wait4 = 61, sys_setsid = 112, sys_exit_group = 231, sys_epoll_ctl = 233,
       sys_epoll_pwait = 281, sys_accept4 = 288, sys_epoll_create1 = 291, sys_prlimit64 = 302, sys_close_range = 436 };
struct __attribute__((packed)) event { u32 events; u64 data; };

static word call(word number, word a, word b, word c, word d, word e, word f)
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
enum { sys_epoll_create1 = 20, sys_epoll_ctl = 21, sys_epoll_pwait = 22, sys_close = 57, sys_write = 64,
       sys_exit_group = 94, sys_rt_sigprocmask = 135, sys_setsid = 157, sys_socket = 198, sys_bind = 200,
       sys_listen = 201, sys_connect = 203, sys_sendto = 206, sys_recvfrom = 207, sys_setsockopt = 208,
       sys_shutdown = 210, sys_clone = 220, sys_execve = 221, sys_accept4 = 242, sys_wait4 = 260, sys_prlimit64 = 261,
       sys_close_range = 436 };
struct event { u32 events; u64 data; };

static word call(word number, word a, word b, word c, word d, word e, word f)
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

#define CALL(number, a, b, c, d, e, f) \
    call(number, (word)(a), (word)(b), (word)(c), (word)(d), (word)(e), (word)(f))

enum { EINTR = 4, ENOENT = 2, ECHILD = 10, EAGAIN = 11, EACCES = 13, ENOTDIR = 20, ENFILE = 23, EMFILE = 24,
       ENOBUFS = 105, ENOMEM = 12 };
enum { AF_UNIX = 1, AF_INET = 2, SOCK_STREAM = 1, SOCK_NONBLOCK = 04000, SOCK_CLOEXEC = 02000000 };
enum { SOL_SOCKET = 1, SO_REUSEADDR = 2, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_LINGER = 13, IPPROTO_TCP = 6, TCP_NODELAY = 1 };
enum { MSG_PEEK = 2, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000, SHUT_WR = 1, SIGCHLD = 17, SIG_SETMASK = 2 };
enum { EPOLL_CLOEXEC = 02000000, EPOLL_ADD = 1, EPOLL_DEL = 2 };
enum { EPOLLIN = 1, EPOLLOUT = 4, EPOLLERR = 8, EPOLLHUP = 0x10, EPOLLRDHUP = 0x2000 };
#define EPOLLET 0x80000000u
enum { RLIMIT_NOFILE = 7 };

// Exit codes of env(1) and others.
enum { failed = 125, not_executable = 126, not_found = 127 };

// With two descriptors each; the descriptors that the kernel allows may end it sooner.
enum { most = 8192, backlog = 4096, kernel_buffer = 131072, piece = 65536, turns = 16, batch = 256 };
// How long a gateway that is busy or being started is waited for, in tries of some milliseconds.
enum { retry_ms = 5, tries = 2000 };
enum { listener = most };

struct address { u16 family; char path[108]; };
struct address4 { u16 family; u8 port[2]; u8 ip[4]; u8 zero[8]; };
struct linger { int on, seconds; };
struct limit { u64 soft, hard; };

enum state { unused, connecting, open };
enum { near = 0, far = 1 };

// Directions are named by the side that is read.
struct connection {
    int side[2];
    u16 tries;
    u8 state, done, queued;
    u16 next;
};

static struct connection connections[most];
static u16 unused_head, queue_head, queue_tail;
static u8 bytes[piece];
static struct address gateway;
static word gateway_length;
static int epoll, listening;
static u8 listener_off;

// The compiler may call these by itself.
void *memset(void *to, int value, u64 length)
{
    for (u64 at = 0; at < length; at++) ((volatile u8 *)to)[at] = (u8)value;
    return to;
}

void *memcpy(void *to, const void *from, u64 length)
{
    for (u64 at = 0; at < length; at++) ((volatile u8 *)to)[at] = ((const u8 *)from)[at];
    return to;
}

static u64 length_of(const char *text)
{
    u64 length = 0;
    while (text[length] != 0) length++;
    return length;
}

static void __attribute__((noreturn)) stop(int code)
{
    for (;;) CALL(sys_exit_group, code, 0, 0, 0, 0, 0);
}

static void say(const char *text)
{
    CALL(sys_write, 2, text, length_of(text), 0, 0, 0);
}

static void __attribute__((noreturn)) give_up(int code, const char *why, const char *what)
{
    say("seamark-forward: ");
    say(why);
    say(what);
    say("\n");
    stop(code);
}

static void close_one(int descriptor)
{
    CALL(sys_close, descriptor, 0, 0, 0, 0, 0);
}

static void enqueue(u16 slot)
{
    struct connection *one = &connections[slot];
    if (one->queued) return;
    one->queued = 1;
    one->next = most;
    if (queue_head == most) queue_head = slot;
    else connections[queue_tail].next = slot;
    queue_tail = slot;
}

static void end(u16 slot, int reset)
{
    struct connection *one = &connections[slot];
    struct linger now = { 1, 0 };
    // What was cut must not look whole to the program.
    if (reset) CALL(sys_setsockopt, one->side[near], SOL_SOCKET, SO_LINGER, &now, sizeof now, 0);
    close_one(one->side[near]);
    if (one->side[far] >= 0) close_one(one->side[far]);
    one->state = unused;
    // While it is in the queue its `next` is the queue's; whoever takes it out frees it.
    if (!one->queued) {
        one->next = unused_head;
        unused_head = slot;
    }
    if (listener_off) {
        struct event event = { EPOLLIN, (u64)listener << 1 };
        if (CALL(sys_epoll_ctl, epoll, EPOLL_ADD, listening, &event, 0, 0) == 0) listener_off = 0;
    }
}

// Passes on what one side has sent. 1 where there may be more, -1 where the connection is broken.
static int pass(struct connection *one, int from)
{
    int to = 1 - from;
    for (int turn = 0; turn < turns; turn++) {
        if (one->done & (1 << from)) return 0;
        word got = CALL(sys_recvfrom, one->side[from], bytes, piece, MSG_PEEK | MSG_DONTWAIT, 0, 0);
        if (got == -EINTR) continue;
        if (got == -EAGAIN) return 0;
        if (got < 0) return -1;
        if (got == 0) {
            CALL(sys_shutdown, one->side[to], SHUT_WR, 0, 0, 0, 0);
            one->done |= (u8)(1 << from);
            return 0;
        }
        word sent = CALL(sys_sendto, one->side[to], bytes, got, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);
        if (sent == -EINTR) continue;
        if (sent == -EAGAIN || sent == -ENOBUFS || sent == -ENOMEM) return 0;
        if (sent < 0) {
            // It takes nothing more; what it has said before may still have to be passed on.
            one->done |= (u8)(1 << from);
            return 0;
        }
        while (sent > 0) {
            word taken = CALL(sys_recvfrom, one->side[from], bytes, sent, MSG_DONTWAIT, 0, 0);
            if (taken == -EINTR) continue;
            if (taken <= 0) return -1;
            sent -= taken;
        }
    }
    return 1;
}

static void work(u16 slot)
{
    struct connection *one = &connections[slot];
    int out = pass(one, near);
    int back = out < 0 ? 0 : pass(one, far);
    if (out < 0 || back < 0) end(slot, 1);
    else if (one->done == 3) end(slot, 0);
    else if (out > 0 || back > 0) enqueue(slot);
}

static void reach(u16 slot)
{
    struct connection *one = &connections[slot];
    if (one->side[far] < 0) {
        one->side[far] = (int)CALL(sys_socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, 0, 0, 0);
        if (one->side[far] < 0) return end(slot, 1);
    }
    word result = CALL(sys_connect, one->side[far], &gateway, gateway_length, 0, 0, 0);
    if (result == -EAGAIN || result == -EINTR) {
        if (++one->tries < tries) return enqueue(slot);
        return end(slot, 1);
    }
    if (result < 0) return end(slot, 1);
    for (int side = near; side <= far; side++) {
        struct event event = { EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, (u64)slot << 1 | (u64)side };
        if (CALL(sys_epoll_ctl, epoll, EPOLL_ADD, one->side[side], &event, 0, 0) < 0) return end(slot, 1);
    }
    one->state = open;
    work(slot);
}

static void take(void)
{
    int yes = 1;
    for (int count = 0; count < batch; count++) {
        int got = (int)CALL(sys_accept4, listening, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC, 0, 0);
        if (got == -EMFILE || got == -ENFILE || got == -ENOMEM || got == -ENOBUFS) {
            // Asked again when a connection ends, or after a while.
            if (CALL(sys_epoll_ctl, epoll, EPOLL_DEL, listening, &yes, 0, 0) == 0) listener_off = 1;
            return;
        }
        if (got == -EAGAIN) return;
        // Of a client that is gone already.
        if (got < 0) continue;
        u16 slot = unused_head;
        if (slot == most) {
            struct linger now = { 1, 0 };
            CALL(sys_setsockopt, got, SOL_SOCKET, SO_LINGER, &now, sizeof now, 0);
            close_one(got);
            continue;
        }
        struct connection *one = &connections[slot];
        unused_head = one->next;
        one->side[near] = got;
        one->side[far] = -1;
        one->tries = 0;
        one->state = connecting;
        one->done = 0;
        one->queued = 0;
        CALL(sys_setsockopt, got, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes, 0);
        reach(slot);
    }
}

// What is in the queue now; what is put in meanwhile is for the next time. How long may be waited after it.
static int turn(void)
{
    int wait = listener_off ? 100 : -1;
    u16 slot = queue_head;
    queue_head = most;
    while (slot != most) {
        struct connection *one = &connections[slot];
        u16 next = one->next;
        one->queued = 0;
        if (one->state == unused) {
            one->next = unused_head;
            unused_head = slot;
        } else if (one->state == connecting) reach(slot);
        else work(slot);
        slot = next;
    }
    for (slot = queue_head; slot != most; slot = connections[slot].next) {
        if (connections[slot].state != connecting) return 0;
        wait = retry_ms;
    }
    return wait;
}

static void __attribute__((noreturn)) serve(void)
{
    static struct event events[batch];
    u64 all = ~0ul;
    struct limit limit;
    CALL(sys_rt_sigprocmask, SIG_SETMASK, &all, 0, sizeof all, 0, 0);
    // Nothing of the program's may be held open: its output ends when the program does.
    if (CALL(sys_close_range, 0, listening - 1, 0, 0, 0, 0) < 0)
        for (int other = 0; other < listening; other++) close_one(other);
    if (CALL(sys_close_range, listening + 1, ~0u, 0, 0, 0, 0) < 0)
        for (int other = listening + 1; other < 65536; other++) close_one(other);
    if (CALL(sys_prlimit64, 0, RLIMIT_NOFILE, 0, &limit, 0, 0) == 0) {
        limit.soft = limit.hard;
        CALL(sys_prlimit64, 0, RLIMIT_NOFILE, &limit, 0, 0, 0);
    }
    epoll = (int)CALL(sys_epoll_create1, EPOLL_CLOEXEC, 0, 0, 0, 0, 0);
    struct event first = { EPOLLIN, (u64)listener << 1 };
    if (epoll < 0 || CALL(sys_epoll_ctl, epoll, EPOLL_ADD, listening, &first, 0, 0) < 0) stop(failed);
    for (u32 slot = 0; slot < most; slot++) connections[slot].next = (u16)(slot + 1);
    unused_head = 0;
    queue_head = most;

    for (;;) {
        int wait = turn();
        word count = CALL(sys_epoll_pwait, epoll, events, batch, wait, 0, 8);
        int waiting = 0;
        for (word at = 0; at < count; at++) {
            u16 slot = (u16)(events[at].data >> 1);
            u32 what = events[at].events;
            int side = (int)(events[at].data & 1);
            if (slot == listener) {
                waiting = 1;
                continue;
            }
            // A side may be gone by what another event of the same turn led to. Slots are given anew only below.
            if (connections[slot].state != open) continue;
            if (what & (EPOLLHUP | EPOLLERR)) connections[slot].done |= (u8)(1 << (1 - side));
            work(slot);
        }
        if (count == 0 && listener_off) {
            if (CALL(sys_epoll_ctl, epoll, EPOLL_ADD, listening, &first, 0, 0) == 0) listener_off = 0;
        }
        if (waiting) take();
    }
}

static int number_of(const char *text)
{
    int number = 0;
    if (*text == 0) return 0;
    for (; *text != 0; text++) {
        if (*text < '0' || *text > '9' || number > 65535) return 0;
        number = number * 10 + (*text - '0');
    }
    return number > 65535 ? 0 : number;
}

// As execvp: a name without a slash is looked for on PATH.
static void __attribute__((noreturn)) become(char **argv, char **environment)
{
    static char path[4096];
    const char *name = argv[0];
    const char *folders = "/usr/local/bin:/usr/bin:/bin";
    word result = -ENOENT;
    int denied = 0, slash = 0;
    for (const char *at = name; *at != 0; at++) slash |= *at == '/';
    if (slash || *name == 0) result = CALL(sys_execve, name, argv, environment, 0, 0, 0);
    else {
        for (char **at = environment; *at != 0; at++)
            if ((*at)[0] == 'P' && (*at)[1] == 'A' && (*at)[2] == 'T' && (*at)[3] == 'H' && (*at)[4] == '=')
                folders = *at + 5;
        u64 length = length_of(name);
        for (const char *at = folders;;) {
            u64 folder = 0;
            while (at[folder] != 0 && at[folder] != ':') folder++;
            if (folder + length + 3 <= sizeof path) {
                u64 to = 0;
                if (folder == 0) path[to++] = '.';
                for (u64 index = 0; index < folder; index++) path[to++] = at[index];
                path[to++] = '/';
                for (u64 index = 0; index <= length; index++) path[to++] = name[index];
                result = CALL(sys_execve, path, argv, environment, 0, 0, 0);
                if (result == -EACCES) denied = 1;
                else if (result != -ENOENT && result != -ENOTDIR) break;
            }
            if (at[folder] == 0) break;
            at += folder + 1;
        }
    }
    if (denied) result = -EACCES;
    if (result == -ENOENT || result == -ENOTDIR) give_up(not_found, "no such program: ", name);
    give_up(not_executable, "the program can not be started: ", name);
}

void __attribute__((used, noreturn)) begin(word *stack)
{
    word count = stack[0];
    char **argv = (char **)(stack + 1);
    char **environment = argv + count + 1;
    int port = count > 1 ? number_of(argv[1]) : 0;
    u64 length = count > 2 ? length_of(argv[2]) : 0;
    if (count < 5 || port == 0 || length == 0 || length >= sizeof gateway.path || argv[3][0] != '-' ||
        argv[3][1] != '-' || argv[3][2] != 0)
        give_up(failed, "usage: seamark-forward PORT SOCKET -- PROGRAM [ARGUMENT...]", "");
    gateway.family = AF_UNIX;
    for (u64 at = 0; at < length; at++) gateway.path[at] = argv[2][at];
    gateway_length = (word)(2 + length + 1);

    int yes = 1, size = kernel_buffer;
    struct address4 inside = { AF_INET, { (u8)(port >> 8), (u8)port }, { 127, 0, 0, 1 }, { 0 } };
    listening = (int)CALL(sys_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, 0, 0, 0);
    if (listening < 0) give_up(failed, "no socket can be made", "");
    CALL(sys_setsockopt, listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes, 0);
    // Given to each connection: without it the kernel lets the buffers of each grow to megabytes.
    CALL(sys_setsockopt, listening, SOL_SOCKET, SO_RCVBUF, &size, sizeof size, 0);
    CALL(sys_setsockopt, listening, SOL_SOCKET, SO_SNDBUF, &size, sizeof size, 0);
    if (CALL(sys_bind, listening, &inside, sizeof inside, 0, 0, 0) < 0 ||
        CALL(sys_listen, listening, backlog, 0, 0, 0, 0) < 0)
        give_up(failed, "can not listen on 127.0.0.1:", argv[1]);

    // Twice, so that the program has no child that it did not start.
    word child = CALL(sys_clone, SIGCHLD, 0, 0, 0, 0, 0);
    if (child == 0) {
        CALL(sys_setsid, 0, 0, 0, 0, 0, 0);
        word server = CALL(sys_clone, SIGCHLD, 0, 0, 0, 0, 0);
        if (server == 0) serve();
        stop(server < 0 ? failed : 0);
    }
    int status = 0;
    word waited;
    do waited = child < 0 ? child : CALL(sys_wait4, child, &status, 0, 0, 0, 0);
    while (waited == -EINTR);
    // ECHILD: whoever started this ignores the ends of children.
    if ((waited < 0 && waited != -ECHILD) || status != 0) give_up(failed, "no process can be started", "");
    close_one(listening);
    become(argv + 4, environment);
}
