// SPDX-License-Identifier: Apache-2.0
//
// Writes that the mounts of a sandbox refuse, told while the program goes on. It is the kernel that refuses them, whatever
// happens here: a filter of system calls (seccomp(2)) only has it ask the first process before a call that would write.
// That one looks where the path leads, tells of it where nothing may be written, and lets the call go on as it is.
//
// Told in two words, with a zero byte at the end of each: `refused PATH` for a few different ones, and at the end
// `refusals COUNT` of all calls. Who includes it has a function `found_refused`, which is given each such path once.

enum { sys_openat2 = 437, O_PATH = 010000000, O_WRITING = 01 | 02, O_CREAT = 0100, O_TRUNC = 01000, POLLIN = 1 };
#if defined(__x86_64__)
enum { sys_open = 2, sys_ioctl = 16, sys_pread64 = 17, sys_truncate = 76, sys_rename = 82, sys_mkdir = 83, sys_rmdir = 84,
       sys_creat = 85, sys_link = 86, sys_unlink = 87, sys_symlink = 88, sys_chmod = 90, sys_mknod = 133,
       sys_fstatfs = 138, sys_mkdirat = 258, sys_mknodat = 259, sys_renameat = 264, sys_linkat = 265,
       sys_symlinkat = 266, sys_readlinkat = 267, sys_fchmodat = 268, sys_renameat2 = 316, sys_seccomp = 317,
       sys_fchmodat2 = 452, O_NOFOLLOW = 0400000 };
enum { AUDIT_ARCH = 0xc000003e };
#else
enum { sys_ioctl = 29, sys_mknodat = 33, sys_mkdirat = 34, sys_symlinkat = 36, sys_linkat = 37, sys_renameat = 38,
       sys_fstatfs = 44, sys_truncate = 45, sys_fchmodat = 53, sys_pread64 = 67, sys_readlinkat = 78,
       sys_renameat2 = 276, sys_seccomp = 277, sys_fchmodat2 = 452, O_NOFOLLOW = 0100000 };
enum { AUDIT_ARCH = 0xc00000b7 };
#endif

// What a call does at its path, and so when a mount that is read-only refuses it.
enum effect {
    opens,   // by its flags: writes to what is there, or makes what is not
    makes,   // what is not there
    changes, // what is there, at the end of links
    moves,   // what is there, a link itself
    places,  // whether something is there or not
};

enum { none = -1 };

// Arguments by their index: of the folder (none: the working folder), of the path, and of the flags (none: it truncates).
static const struct { u16 number; signed char folder, path, flags; u8 effect; } writers[] = {
#if defined(__x86_64__)
    { sys_open, none, 0, 1, opens },         { sys_creat, none, 0, none, opens },
    { sys_mkdir, none, 0, none, makes },     { sys_mknod, none, 0, none, makes },
    { sys_symlink, none, 1, none, makes },   { sys_link, none, 1, none, makes },
    { sys_chmod, none, 0, none, changes },   { sys_unlink, none, 0, none, moves },
    { sys_rmdir, none, 0, none, moves },     { sys_rename, none, 0, none, moves },
    { sys_rename, none, 1, none, places },
#endif
    { sys_openat, 0, 1, 2, opens },          { sys_openat2, 0, 1, 2, opens },
    { sys_mkdirat, 0, 1, none, makes },      { sys_mknodat, 0, 1, none, makes },
    { sys_symlinkat, 1, 2, none, makes },    { sys_linkat, 2, 3, none, makes },
    { sys_truncate, none, 0, none, changes },{ sys_fchmodat, 0, 1, none, changes },
    { sys_fchmodat2, 0, 1, none, changes },  { sys_unlinkat, 0, 1, none, moves },
    { sys_renameat, 0, 1, none, moves },     { sys_renameat, 2, 3, none, places },
    { sys_renameat2, 0, 1, none, moves },    { sys_renameat2, 2, 3, none, places },
};
enum { writers_count = sizeof writers / sizeof *writers };

// <linux/seccomp.h>, <linux/filter.h>
struct filter { u16 code; u8 if_true, if_false; u32 value; };
struct asked { u64 id; u32 pid, flags; int number; u32 architecture; u64 at, arguments[6]; };
struct answer { u64 id, value; u32 error, flags; };
enum { LOAD = 0x20, JUMP_EQUAL = 0x15, JUMP_ANY = 0x45, RETURN = 0x06, WANTED = O_WRITING | O_CREAT | O_TRUNC };
enum { FILTER = 1, NEW_LISTENER = 8, WAIT_KILLABLE = 32, GO_ON = 1, READ_ONLY = 1 };
static const u32 allow = 0x7fff0000, ask = 0x7fc00000, take = 0xc0502100, reply = 0xc0182101;

// All of them, with what else is told, go into a pipe at once.
enum { most_told = 8, most_path = 400 };
static struct { const char *below; u64 size, told[most_told]; word listener, signals, count; int asks, named; } refusals;

static void found_refused(const char *place);

// All processes after this one are asked about, and none has a descriptor for it; not where the kernel does not do it. It
// refuses all the same. `signals` are those that end a wait, and blocked.
static void ask_before_writes(const char *below, const u64 *signals)
{
    static struct filter filter[8 + 5 * writers_count];
    u16 size = 0;
    filter[size++] = (struct filter){ LOAD, 0, 0, 4 };
    filter[size++] = (struct filter){ JUMP_EQUAL, 1, 0, AUDIT_ARCH };
    filter[size++] = (struct filter){ RETURN, 0, 0, allow };
    filter[size++] = (struct filter){ LOAD, 0, 0, 0 };
    for (int one = 0; one < writers_count; one++) {
        // What openat2 is to do stands in memory.
        int by_flags = writers[one].flags != none && writers[one].number != sys_openat2;
        filter[size++] = (struct filter){ JUMP_EQUAL, 0, by_flags ? 4 : 1, writers[one].number };
        if (by_flags) {
            filter[size++] = (struct filter){ LOAD, 0, 0, 16 + 8 * (u32)writers[one].flags };
            filter[size++] = (struct filter){ JUMP_ANY, 1, 0, WANTED };
            filter[size++] = (struct filter){ RETURN, 0, 0, allow };
        }
        filter[size++] = (struct filter){ RETURN, 0, 0, ask };
    }
    filter[size++] = (struct filter){ RETURN, 0, 0, allow };
    struct { u16 size; struct filter *filter; } program = { size, filter };
    // Linux 5.19: a signal does not have a call asked about again.
    refusals.listener = CALL(sys_seccomp, FILTER, NEW_LISTENER | WAIT_KILLABLE, &program);
    if (refusals.listener < 0) refusals.listener = CALL(sys_seccomp, FILTER, NEW_LISTENER, &program);
    refusals.below = below;
    refusals.size = length_of(below);
    refusals.signals = CALL(sys_signalfd4, -1, signals, sizeof *signals, O_CLOEXEC);
    refusals.asks = refusals.listener >= 0;
}

static inline u64 append(char *to, u64 at, u64 most, const char *what)
{
    while (*what != 0 && at + 1 < most) to[at++] = *what++;
    to[at] = 0;
    return at;
}

static inline u64 append_number(char *to, u64 at, u64 most, word number)
{
    char digits[20];
    int count = sizeof digits;
    digits[--count] = 0;
    do digits[--count] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return append(to, at, most, digits + count);
}

static int is_read_only(word descriptor)
{
    // struct statfs (statfs(2)): the mount's flags are the eleventh word.
    word facts[16] = { 0 };
    return CALL(sys_fstatfs, descriptor, facts) == 0 && (facts[10] & READ_ONLY) != 0;
}

// Where a descriptor leads, without links; 0 where that can not be said.
static u64 place_of(word descriptor, char *to, u64 most)
{
    char link[40];
    append_number(link, append(link, 0, sizeof link, "/proc/self/fd/"), sizeof link, descriptor);
    word size = CALL(sys_readlinkat, AT_FDCWD, link, to, most - 1);
    if (size <= 0) return 0;
    to[size] = 0;
    return (u64)size;
}

static void tell_refused(const char *place)
{
    for (u64 at = 0; at < refusals.size; at++) if (place[at] != refusals.below[at]) return;
    if (place[refusals.size] != 0 && place[refusals.size] != '/') return;
    refusals.count++;
    // FNV-1a: for whom two paths are one by it, one is told.
    u64 hash = 0xcbf29ce484222325;
    for (const char *at = place; *at != 0; at++) hash = (hash ^ (u8)*at) * 0x100000001b3;
    for (int one = 0; one < refusals.named; one++) if (refusals.told[one] == hash) return;
    if (refusals.named == most_told) return;
    refusals.told[refusals.named++] = hash;
    found_refused(place);
}

// Tells where a call with this effect at this path is refused, and says whether it did. `path` is changed.
static int judge(char *path, enum effect effect, u64 flags)
{
    static char place[8192];
    int follows = effect == opens || effect == changes;
    word found = CALL(sys_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC | (follows ? 0 : O_NOFOLLOW));
    if (found >= 0) {
        int refused = effect != makes && (effect != opens || (flags & (O_WRITING | O_TRUNC)) != 0) && is_read_only(found);
        u64 size = refused ? place_of(found, place, sizeof place) : 0;
        CALL(sys_close, found);
        if (size > 0) tell_refused(place);
        return size > 0;
    }
    if (found != -ENOENT || effect == changes || effect == moves || (effect == opens && (flags & O_CREAT) == 0)) return 0;
    u64 end = length_of(path);
    while (end > 1 && path[end - 1] == '/') path[--end] = 0;
    u64 name = end;
    while (name > 0 && path[name - 1] != '/') name--;
    if (name == 0) return 0;
    path[name - 1] = 0;
    word parent = CALL(sys_openat, AT_FDCWD, name == 1 ? "/" : path, O_PATH | O_CLOEXEC | O_DIRECTORY);
    if (parent < 0) return 0;
    u64 size = is_read_only(parent) ? place_of(parent, place, sizeof place) : 0;
    CALL(sys_close, parent);
    if (size == 0) return 0;
    append(place, append(place, size, sizeof place, "/"), sizeof place, path + name);
    tell_refused(place);
    return 1;
}

// Reads what a call points to. False where there is less.
static word read_of(const struct asked *asked, u64 from, void *to, u64 size)
{
    char memory[40];
    u64 at = append_number(memory, append(memory, 0, sizeof memory, "/proc/"), sizeof memory, asked->pid);
    append(memory, at, sizeof memory, "/mem");
    word file = CALL(sys_openat, AT_FDCWD, memory, O_CLOEXEC);
    if (file < 0) return file;
    // The highest byte of a pointer may be a tag on arm64.
    word got = CALL(sys_pread64, file, to, size, from & 0x00ffffffffffffff);
    CALL(sys_close, file);
    return got;
}

static void look_into(const struct asked *asked)
{
    static const char own[] = "/proc/self/";
    static char path[8192];
    for (int one = 0; one < writers_count; one++) {
        if (writers[one].number != asked->number) continue;
        u64 flags = O_WRITING | O_CREAT | O_TRUNC;
        if (writers[one].flags != none) flags = asked->arguments[(int)writers[one].flags];
        if (asked->number == sys_openat2 && read_of(asked, flags, &flags, sizeof flags) != sizeof flags) return;
        u64 process = append_number(path, append(path, 0, sizeof path, "/proc/"), sizeof path, asked->pid), folder = 0;
        int descriptor = writers[one].folder == none ? AT_FDCWD : (int)asked->arguments[(int)writers[one].folder];
        if (descriptor == AT_FDCWD) folder = append(path, process, sizeof path, "/cwd/");
        else if (descriptor < 0) return;
        else {
            folder = append_number(path, append(path, process, sizeof path, "/fd/"), sizeof path, descriptor);
            folder = append(path, folder, sizeof path, "/");
        }
        word got = read_of(asked, asked->arguments[(int)writers[one].path], path + folder, 4096);
        if (got <= 0) return;
        u64 size = 0;
        while (size < (u64)got && path[folder + size] != 0) size++;
        // Longer than a path can be, or none.
        if (size == (u64)got || size == 0) return;
        char *asked_for = path[folder] == '/' ? path + folder : path;
        // Of whoever made the call, and not of this process.
        u64 same = 0;
        while (own[same] != 0 && asked_for[same] == own[same]) same++;
        if (own[same] == 0 && asked_for != path) {
            append(path, process, sizeof path, "/");
            for (u64 at = 0; (path[process + 1 + at] = asked_for[same + at]) != 0;) at++;
            asked_for = path;
        }
        if (judge(asked_for, writers[one].effect, flags)) return;
    }
}

// One call that waits. Whoever made it may have ended meanwhile.
static void take_one(void)
{
    struct asked asked = { 0 };
    if (CALL(sys_ioctl, refusals.listener, take, &asked) < 0) return;
    look_into(&asked);
    struct answer answer = { .id = asked.id, .flags = GO_ON };
    CALL(sys_ioctl, refusals.listener, reply, &answer);
}

// Waits for a signal, which stays where it is, or for a call, which is looked into and goes on. `most`: a struct timespec.
static void answer_one(const void *most)
{
    struct { int descriptor; short wanted, found; } both[] = { { (int)refusals.signals, POLLIN, 0 },
                                                                { (int)refusals.listener, POLLIN, 0 } };
    word found = CALL(sys_ppoll, both, 2, most);
    if (found > 0 && (both[1].found & POLLIN) != 0) take_one();
    // A program took descriptors from this process: it wants its calls that write to fail.
    else if (found < 0 && found != -EINTR) {
        CALL(sys_close, refusals.listener);
        refusals.asks = 0;
    }
}
