// SPDX-License-Identifier: Apache-2.0
//
// What a program left running when it ended, as the first process of its process namespace finds it, and the words in which
// it is told: each ends with a zero byte.

// A name has 15 bytes; those that /proc writes with a backslash become longer.
enum { most_names = 5, most_name = 64 };

static char text[4096];
static u64 length;

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
    word folder = CALL(sys_openat, AT_FDCWD, "/proc", O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return 0;
    for (;;) {
        word size = CALL(sys_getdents64, folder, entries, sizeof entries);
        if (size <= 0) return size == 0;
        // struct linux_dirent64 (getdents(2)): the length of an entry is at 16, its name at 19.
        for (word at = 0; at < size; at += *(u16 *)(entries + at + 16)) {
            const char *name = (const char *)entries + at + 19;
            word pid = number_of(name, 9);
            if (pid <= last_own) continue;
            u64 to = 0;
            for (const char *from = name; *from != 0; from++) path[to++] = *from;
            for (const char *from = "/stat"; (path[to++] = *from) != 0; from++);
            word file = CALL(sys_openat, folder, path, O_CLOEXEC);
            if (file == -ENOENT || file == -ESRCH) continue;
            if (file < 0) return 0;
            word got = CALL(sys_read, file, line, sizeof line);
            CALL(sys_close, file);
            if (got > 0) look_at(line, (u64)got);
        }
    }
}

static inline void put_left(void)
{
    put("left");
    put_number(left.count);
    for (int one = 0; one < left.named; one++) put(left.names[one]);
}
