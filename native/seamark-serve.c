// SPDX-License-Identifier: Apache-2.0
//
// seamark-serve FOLDER -- PROGRAM [ARGUMENT...]
//
// Starts services one after the other, each once the one before it is ready, then PROGRAM; when PROGRAM has ended it ends
// them, the last one first, and ends as PROGRAM did. Freestanding: no libc, no allocation.
//
// FOLDER/spec says what they are, in words that end with a zero byte each: a key of 32 characters, how many bytes are kept
// of what a service writes, how many services; then for each its name, milliseconds between two looks whether it is ready,
// milliseconds after which it had to be, milliseconds between SIGTERM and SIGKILL, its command line, the one that ends with
// 0 once it is ready, how many variables it has, and those. The file is removed before anything of them runs.
//
// What a service and its looks write is in FOLDER/NAME.log. At the end FOLDER/report has, in lines:
//
//   DIGEST                              SHA-256 of the key, the rest of the file and the key
//   NAME STATE CODE SIGNAL AFTER LOST   for each service
//
// STATE is one of: waiting (never started), stopped (by SIGTERM), killed (it had to be), ended (by itself, before PROGRAM),
// late (not ready in time), gone (ended before PROGRAM was started). CODE and SIGNAL say how it ended, AFTER how many
// milliseconds after this program began, LOST how many bytes of its output were not kept. Where one is late or gone, PROGRAM
// is not started, and this program ends with 125.
//
// What it starts has its user and may write to the folder too, but has no key: it is in a memory that is closed.

#define OWN_NAME "seamark-serve"
#include "freestanding.h"
#include "sha256.h"

enum { SIGTERM = 15, SIG_UNBLOCK = 1, CLOCK_MONOTONIC = 1, POLLIN = 1, F_SETFL = 4, AT_REMOVE_FILE = 0 };
enum { O_RDONLY = 0, O_WRONLY = 1, O_CREAT = 0100, O_EXCL = 0200, O_NONBLOCK = 04000 };
#if defined(__x86_64__)
enum { O_NOFOLLOW = 0400000 };
#else
enum { O_NOFOLLOW = 0100000 };
#endif

enum { most = 16, most_variables = 8192, most_spec = 1 << 20, most_path = 256, piece = 65536, turns = 16 };
enum { key_length = 32, digest_length = 64, nap_ms = 20, reap_ms = 5000 };

enum state { waiting, stopped, killed, ended, late, gone };
static const char *const state_names[] = { "waiting", "stopped", "killed", "ended", "late", "gone" };

struct time { word seconds, nanoseconds; };
struct poll { int descriptor; short wanted, found; };

struct service {
    char *name, *run, *ready, *variables;
    word every, wait, stop, variable_count;
    // Where its output comes from, goes into, and is kept.
    int from, into, log;
    word pid;
    int status;
    u8 state, over;
    u64 over_at, kept, lost;
};

static struct service services[most];
static word count, most_kept;
static char spec[most_spec], *at_spec, *end_of_spec;
static char *key, **environment;
static u64 began, before;
static int signals, nothing, report;
static struct { word pid; int status; u8 over; } program, look;

// The compiler may call these by itself.
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

static void keep(struct service *one, const u8 *bytes, u64 size)
{
    u64 room = (u64)most_kept - one->kept, wanted = size < room ? size : room, done = 0;
    while (done < wanted) {
        word wrote = CALL(sys_write, one->log, bytes + done, wanted - done);
        if (wrote == -EINTR) continue;
        // Such as a full disk: what is lost is told.
        if (wrote <= 0) break;
        done += (u64)wrote;
    }
    one->kept += done;
    one->lost += size - done;
}

static void take_output(void)
{
    static u8 bytes[piece];
    for (word at = 0; at < count; at++)
        for (int turn = 0; turn < turns; turn++) {
            word got = CALL(sys_read, services[at].from, bytes, piece);
            if (got <= 0) break;
            keep(&services[at], bytes, (u64)got);
        }
}

static void reap(void)
{
    for (;;) {
        int status = 0;
        word one = CALL(sys_wait4, -1, &status, WNOHANG);
        if (one == -EINTR) continue;
        if (one <= 0) return;
        if (one == program.pid) {
            program.over = 1;
            program.status = status;
        } else if (one == look.pid) {
            look.over = 1;
            look.status = status;
        } else
            for (word at = 0; at < count; at++)
                if (services[at].pid == one) {
                    services[at].over = 1;
                    services[at].status = status;
                    services[at].over_at = now();
                }
    }
}

// Waits until then, 0 for ever, or until something has happened.
static void wait_until(u64 then)
{
    static u8 told[4096];
    struct poll polls[most + 1] = { { signals, POLLIN, 0 } };
    struct time wait = { 0, 0 }, nap = { 0, nap_ms * 1000000l };
    for (word at = 0; at < count; at++) polls[at + 1] = (struct poll){ services[at].from, POLLIN, 0 };
    if (then > 0) {
        u64 at = now(), left = then > at ? then - at : 0;
        wait = (struct time){ (word)(left / 1000), (word)(left % 1000 * 1000000) };
    }
    word found = CALL(sys_ppoll, polls, count + 1, then > 0 ? &wait : 0, 0, 8);
    // A program took descriptors from this process (prlimit(2)), without which poll(2) does not look.
    if (found < 0 && found != -EINTR) CALL(sys_ppoll, 0, 0, &nap, 0, 8);
    CALL(sys_read, signals, told, sizeof told);
    reap();
    take_output();
}

// A process in a group of its own, with the output of its service. Does not return there.
static word start(struct service *one, char *line)
{
    static char *variables[most_variables];
    static char *argv[4];
    word pid = CALL(sys_clone, SIGCHLD);
    if (pid != 0) {
        // Here as well: it may have to be killed before it comes to that itself.
        if (pid > 0) CALL(sys_setpgid, pid, pid);
        return pid;
    }
    CALL(sys_setpgid, 0, 0);
    CALL(sys_dup3, nothing, 0, 0);
    CALL(sys_dup3, one->into, 1, 0);
    CALL(sys_dup3, one->into, 2, 0);
    word used = 0;
    char *own = one->variables;
    for (word at = 0; at < one->variable_count; at++, own += length_of(own) + 1) variables[used++] = own;
    for (char **given = environment; *given != 0; given++) {
        word at = 0;
        for (; at < one->variable_count; at++) {
            u64 same = 0;
            while ((*given)[same] == variables[at][same] && variables[at][same] != '=' && variables[at][same] != 0) same++;
            if ((*given)[same] == '=' && variables[at][same] == '=') break;
        }
        if (at < one->variable_count) continue;
        if (used == most_variables - 1) give_up(failed, "there are too many variables for ", one->name);
        variables[used++] = *given;
    }
    variables[used] = 0;
    argv[0] = "/bin/sh";
    argv[1] = "-c";
    argv[2] = line;
    CALL(sys_rt_sigprocmask, SIG_SETMASK, &before, 0, sizeof before);
    CALL(sys_execve, argv[0], argv, variables);
    give_up(not_found, "there is no /bin/sh for ", one->name);
}

static void end_look(void)
{
    CALL(sys_kill, -look.pid, SIGKILL);
    for (u64 until = now() + reap_ms; !look.over && now() < until;) wait_until(until);
    look.pid = 0;
}

static struct service *ended_one(void)
{
    for (word at = 0; at < count; at++)
        if (services[at].over) return &services[at];
    return 0;
}

// The service because of which it can not go on, if there is one.
static struct service *start_services(void)
{
    for (word at = 0; at < count; at++) {
        struct service *one = &services[at], *other;
        one->pid = start(one, one->run);
        if (one->pid < 0) {
            one->pid = 0;
            one->over = 1;
            one->status = failed << 8;
            one->over_at = now();
        } else one->state = stopped;
        for (u64 until = now() + (u64)one->wait, is_ready = 0; !is_ready;) {
            if ((other = ended_one()) != 0) {
                other->state = gone;
                return other;
            }
            look.over = 0;
            look.pid = start(one, one->ready);
            if (look.pid < 0) look.pid = 0;
            while (look.pid > 0 && !look.over && now() < until && ended_one() == 0) wait_until(until);
            is_ready = look.over && look.status == 0;
            if (look.pid > 0) end_look();
            for (u64 next = now() + (u64)one->every; !is_ready && now() < next && now() < until && ended_one() == 0;)
                wait_until(next < until ? next : until);
            if (!is_ready && now() >= until && ended_one() == 0) {
                one->state = late;
                return one;
            }
        }
    }
    struct service *other = ended_one();
    if (other != 0) other->state = gone;
    return other;
}

// Of all of its processes. A shell may be over before what it started, whose end nobody is told of.
static void wait_for_end(struct service *one, u64 most_ms)
{
    for (u64 until = now() + most_ms; now() < until;) {
        if (one->over && CALL(sys_kill, -one->pid, 0) == -ESRCH) return;
        u64 next = now() + nap_ms;
        wait_until(!one->over || next > until ? until : next);
    }
}

static void stop_services(void)
{
    for (word at = 0; at < count; at++)
        if (services[at].over && services[at].state == stopped) services[at].state = ended;
    for (word at = count - 1; at >= 0; at--) {
        struct service *one = &services[at];
        if (one->pid <= 0) continue;
        CALL(sys_kill, -one->pid, SIGTERM);
        wait_for_end(one, (u64)one->stop);
        if (!one->over && one->state == stopped) one->state = killed;
        CALL(sys_kill, -one->pid, SIGKILL);
        wait_for_end(one, reap_ms);
    }
    take_output();
}

static u8 out[key_length + 16384 + key_length + 80];
static u64 out_length;

static void put(const char *text)
{
    while (*text != 0 && out_length < key_length + 16384) out[out_length++] = (u8)*text++;
}

static void put_number(u64 number)
{
    char digits[24];
    int at = sizeof digits - 1;
    digits[at] = 0;
    do digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    put(" ");
    put(digits + at);
}

static void write_whole(int to, const void *bytes, u64 size)
{
    while (size > 0) {
        word wrote = CALL(sys_write, to, bytes, size);
        if (wrote == -EINTR) continue;
        if (wrote <= 0) return;
        bytes = (const u8 *)bytes + wrote;
        size -= (u64)wrote;
    }
}

static void tell(void)
{
    char digest[digest_length];
    put(key);
    for (word at = 0; at < count; at++) {
        struct service *one = &services[at];
        put(one->name);
        put(" ");
        put(state_names[one->state]);
        put_number((u64)(one->status >> 8 & 0xff));
        put_number((u64)(one->status & 0x7f));
        put_number(one->over ? one->over_at - began : 0);
        put_number(one->lost);
        put("\n");
    }
    u64 end = out_length;
    put(key);
    sha256(out, out_length, digest);
    write_whole(report, digest, sizeof digest);
    write_whole(report, "\n", 1);
    write_whole(report, out + key_length, end - key_length);
}

static char *take_word(void)
{
    char *word = at_spec;
    while (at_spec < end_of_spec && *at_spec != 0) at_spec++;
    if (at_spec == end_of_spec) give_up(failed, "what it is to start can not be read", "");
    at_spec++;
    return word;
}

static word take_number(void)
{
    word number = number_of(take_word(), 15);
    if (number < 0) give_up(failed, "what it is to start can not be read", "");
    return number;
}

static char *path_in(const char *folder, const char *name, const char *ending)
{
    static char path[most_path];
    const char *parts[] = { folder, "/", name, ending };
    u64 length = 0;
    for (int part = 0; part < 4; part++)
        for (const char *from = parts[part]; *from != 0; from++) {
            if (length == most_path - 1) give_up(failed, "a path is too long: ", folder);
            path[length++] = *from;
        }
    path[length] = 0;
    return path;
}

static int made(const char *path)
{
    word file = CALL(sys_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) give_up(failed, "a file can not be made: ", path);
    return (int)file;
}

static void read_spec(const char *folder)
{
    char *path = path_in(folder, "spec", "");
    word file = CALL(sys_openat, AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), got = 1;
    if (file < 0) give_up(failed, "can not be read: ", path);
    // Nothing of an item may see the key.
    if (CALL(sys_unlinkat, AT_FDCWD, path, AT_REMOVE_FILE) < 0) give_up(failed, "can not be removed: ", path);
    end_of_spec = at_spec = spec;
    while (got > 0 && end_of_spec < spec + most_spec) {
        got = CALL(sys_read, file, end_of_spec, spec + most_spec - end_of_spec);
        if (got == -EINTR) got = 1;
        else if (got > 0) end_of_spec += got;
    }
    CALL(sys_close, file);
    key = take_word();
    most_kept = take_number();
    count = take_number();
    if (length_of(key) != key_length || count < 1 || count > most) give_up(failed, "what it is to start can not be read", "");
    for (word at = 0; at < count; at++) {
        struct service *one = &services[at];
        one->name = take_word();
        one->every = take_number();
        one->wait = take_number();
        one->stop = take_number();
        one->run = take_word();
        one->ready = take_word();
        one->variable_count = take_number();
        if (one->variable_count >= most_variables) give_up(failed, "there are too many variables for ", one->name);
        one->variables = at_spec;
        for (word left = one->variable_count; left > 0; left--) take_word();
    }
    report = made(path_in(folder, "report", ""));
    for (word at = 0; at < count; at++) {
        int ends[2];
        services[at].log = made(path_in(folder, services[at].name, ".log"));
        if (CALL(sys_pipe2, ends, O_CLOEXEC) < 0 || CALL(sys_fcntl, ends[0], F_SETFL, O_NONBLOCK) < 0)
            give_up(failed, "no pipe can be made", "");
        services[at].from = ends[0];
        services[at].into = ends[1];
    }
}

static void __attribute__((noreturn)) not_ready(struct service *failing)
{
    say(OWN_NAME ": ");
    say(failing->name);
    say(failing->state == late ? " was not ready in time\n" : " ended before the program was started\n");
    tell();
    stop(failed);
}

static void __attribute__((noreturn)) end_as_program(void)
{
    int signal = program.status & 0x7f;
    u64 action[4] = { 0 }, set = 1ul << (signal - 1);
    if (signal == 0) stop(program.status >> 8 & 0xff);
    CALL(sys_rt_sigaction, signal, action, 0, 8);
    CALL(sys_kill, CALL(sys_getpid, 0), signal);
    CALL(sys_rt_sigprocmask, SIG_UNBLOCK, &set, 0, sizeof set);
    stop(128 + signal);
}

void __attribute__((used, noreturn)) begin(word *stack)
{
    word arguments = stack[0];
    char **argv = (char **)(stack + 1);
    u64 all = ~0ul, ends_of_children = 1ul << (SIGCHLD - 1), action[4] = { 0 };
    environment = argv + arguments + 1;
    if (arguments < 4 || !is_separator(argv[2]))
        give_up(failed, "usage: seamark-serve FOLDER -- PROGRAM [ARGUMENT...]", "");
    began = now();
    // Before anything of an item is there: it has the same user, and could read this one's memory.
    if (CALL(sys_prctl, PR_SET_DUMPABLE, 0) < 0) give_up(failed, "its memory can not be closed", "");
    CALL(sys_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
    // Whoever started this may ignore the ends of children, of which the kernel would then say nothing.
    CALL(sys_rt_sigaction, SIGCHLD, action, 0, 8);
    signals = (int)CALL(sys_signalfd4, -1, &ends_of_children, sizeof ends_of_children, O_NONBLOCK | O_CLOEXEC);
    nothing = (int)CALL(sys_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC);
    if (signals < 0 || nothing < 0) give_up(failed, "no descriptor can be made", "");
    read_spec(argv[1]);

    struct service *failing = start_services();
    if (failing != 0) {
        stop_services();
        not_ready(failing);
    }
    program.pid = CALL(sys_clone, SIGCHLD);
    if (program.pid < 0) give_up(failed, "no process can be started", "");
    if (program.pid == 0) {
        CALL(sys_rt_sigprocmask, SIG_SETMASK, &before, 0, sizeof before);
        become_or_give_up(argv + 3, environment);
    }
    // The program's alone: its input and output end when it closes them.
    for (int standard = 0; standard < 3; standard++) CALL(sys_close, standard);
    while (!program.over) wait_until(0);
    stop_services();
    tell();
    end_as_program();
}
