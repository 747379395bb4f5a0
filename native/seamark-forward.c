// SPDX-License-Identifier: Apache-2.0
//
// seamark-forward PORT SOCKET -- PROGRAM [ARGUMENT...]
//
// Listens on 127.0.0.1:PORT, leaves a process behind that leads each connection to the unix socket SOCKET, and becomes
// PROGRAM. Freestanding: no libc, no allocation. Bytes stay in the kernel until the other side takes them, so a slow side
// holds up the fast one and memory does not grow with traffic.

#define OWN_NAME "seamark-forward"
#include "freestanding.h"

#if defined(__x86_64__)
struct __attribute__((packed)) event { u32 events; u64 data; };
#else
struct event { u32 events; u64 data; };
#endif

enum { AF_UNIX = 1, AF_INET = 2, SOCK_STREAM = 1, SOCK_NONBLOCK = 04000, SOCK_CLOEXEC = 02000000 };
enum { SOL_SOCKET = 1, SO_REUSEADDR = 2, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_LINGER = 13, IPPROTO_TCP = 6, TCP_NODELAY = 1 };
enum { MSG_PEEK = 2, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000, SHUT_WR = 1 };
enum { EPOLL_CLOEXEC = 02000000, EPOLL_ADD = 1, EPOLL_DEL = 2 };
enum { EPOLLIN = 1, EPOLLOUT = 4, EPOLLERR = 8, EPOLLHUP = 0x10, EPOLLRDHUP = 0x2000 };
#define EPOLLET 0x80000000u
enum { RLIMIT_NOFILE = 7 };

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

// The compiler may call this by itself.
void *memcpy(void *to, const void *from, u64 length)
{
    for (u64 at = 0; at < length; at++) ((volatile u8 *)to)[at] = ((const u8 *)from)[at];
    return to;
}

static void close_one(int descriptor)
{
    CALL(sys_close, descriptor);
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
    if (reset) CALL(sys_setsockopt, one->side[near], SOL_SOCKET, SO_LINGER, &now, sizeof now);
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
        if (CALL(sys_epoll_ctl, epoll, EPOLL_ADD, listening, &event) == 0) listener_off = 0;
    }
}

// Passes on what one side has sent. 1 where there may be more, -1 where the connection is broken.
static int pass(struct connection *one, int from)
{
    int to = 1 - from;
    for (int turn = 0; turn < turns; turn++) {
        if (one->done & (1 << from)) return 0;
        word got = CALL(sys_recvfrom, one->side[from], bytes, piece, MSG_PEEK | MSG_DONTWAIT);
        if (got == -EINTR) continue;
        if (got == -EAGAIN) return 0;
        if (got < 0) return -1;
        if (got == 0) {
            CALL(sys_shutdown, one->side[to], SHUT_WR);
            one->done |= (u8)(1 << from);
            return 0;
        }
        word sent = CALL(sys_sendto, one->side[to], bytes, got, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent == -EINTR) continue;
        if (sent == -EAGAIN || sent == -ENOBUFS || sent == -ENOMEM) return 0;
        if (sent < 0) {
            // It takes nothing more; what it has said before may still have to be passed on.
            one->done |= (u8)(1 << from);
            return 0;
        }
        while (sent > 0) {
            word taken = CALL(sys_recvfrom, one->side[from], bytes, sent, MSG_DONTWAIT);
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
        one->side[far] = (int)CALL(sys_socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (one->side[far] < 0) return end(slot, 1);
    }
    word result = CALL(sys_connect, one->side[far], &gateway, gateway_length);
    if (result == -EAGAIN || result == -EINTR) {
        if (++one->tries < tries) return enqueue(slot);
        return end(slot, 1);
    }
    if (result < 0) return end(slot, 1);
    for (int side = near; side <= far; side++) {
        struct event event = { EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, (u64)slot << 1 | (u64)side };
        if (CALL(sys_epoll_ctl, epoll, EPOLL_ADD, one->side[side], &event) < 0) return end(slot, 1);
    }
    one->state = open;
    work(slot);
}

static void take(void)
{
    int yes = 1;
    for (int count = 0; count < batch; count++) {
        int got = (int)CALL(sys_accept4, listening, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (got == -EMFILE || got == -ENFILE || got == -ENOMEM || got == -ENOBUFS) {
            // Asked again when a connection ends, or after a while.
            if (CALL(sys_epoll_ctl, epoll, EPOLL_DEL, listening, &yes) == 0) listener_off = 1;
            return;
        }
        if (got == -EAGAIN) return;
        // Of a client that is gone already.
        if (got < 0) continue;
        u16 slot = unused_head;
        if (slot == most) {
            struct linger now = { 1, 0 };
            CALL(sys_setsockopt, got, SOL_SOCKET, SO_LINGER, &now, sizeof now);
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
        CALL(sys_setsockopt, got, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
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
    CALL(sys_rt_sigprocmask, SIG_SETMASK, &all, 0, sizeof all);
    // Nothing of the program's may be held open: its output ends when the program does.
    if (CALL(sys_close_range, 0, listening - 1) < 0)
        for (int other = 0; other < listening; other++) close_one(other);
    if (CALL(sys_close_range, listening + 1, ~0u) < 0)
        for (int other = listening + 1; other < 65536; other++) close_one(other);
    if (CALL(sys_prlimit64, 0, RLIMIT_NOFILE, 0, &limit) == 0) {
        limit.soft = limit.hard;
        CALL(sys_prlimit64, 0, RLIMIT_NOFILE, &limit);
    }
    epoll = (int)CALL(sys_epoll_create1, EPOLL_CLOEXEC);
    struct event first = { EPOLLIN, (u64)listener << 1 };
    if (epoll < 0 || CALL(sys_epoll_ctl, epoll, EPOLL_ADD, listening, &first) < 0) stop(failed);
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
            if (CALL(sys_epoll_ctl, epoll, EPOLL_ADD, listening, &first) == 0) listener_off = 0;
        }
        if (waiting) take();
    }
}

void __attribute__((used, noreturn)) begin(word *stack)
{
    word count = stack[0];
    char **argv = (char **)(stack + 1);
    char **environment = argv + count + 1;
    word port = count > 1 ? number_of(argv[1], 5) : 0;
    u64 length = count > 2 ? length_of(argv[2]) : 0;
    if (count < 5 || port < 1 || port > 65535 || length == 0 || length >= sizeof gateway.path || !is_separator(argv[3]))
        give_up(failed, "usage: seamark-forward PORT SOCKET -- PROGRAM [ARGUMENT...]", "");
    gateway.family = AF_UNIX;
    for (u64 at = 0; at < length; at++) gateway.path[at] = argv[2][at];
    gateway_length = (word)(2 + length + 1);

    int yes = 1, size = kernel_buffer;
    struct address4 inside = { AF_INET, { (u8)(port >> 8), (u8)port }, { 127, 0, 0, 1 }, { 0 } };
    listening = (int)CALL(sys_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (listening < 0) give_up(failed, "no socket can be made", "");
    CALL(sys_setsockopt, listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    // Given to each connection: without it the kernel lets the buffers of each grow to megabytes.
    CALL(sys_setsockopt, listening, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    CALL(sys_setsockopt, listening, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (CALL(sys_bind, listening, &inside, sizeof inside) < 0 ||
        CALL(sys_listen, listening, backlog) < 0)
        give_up(failed, "can not listen on 127.0.0.1:", argv[1]);

    // Twice, so that the program has no child that it did not start.
    word child = CALL(sys_clone, SIGCHLD);
    if (child == 0) {
        CALL(sys_setsid, 0);
        word server = CALL(sys_clone, SIGCHLD);
        if (server == 0) serve();
        stop(server < 0 ? failed : 0);
    }
    int status = 0;
    word waited;
    do waited = child < 0 ? child : CALL(sys_wait4, child, &status);
    while (waited == -EINTR);
    // ECHILD: whoever started this ignores the ends of children.
    if ((waited < 0 && waited != -ECHILD) || status != 0) give_up(failed, "no process can be started", "");
    close_one(listening);
    become_or_give_up(argv + 4, environment);
}
