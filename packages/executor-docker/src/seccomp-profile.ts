/** What the engine is given as a filter of system calls; its own format. */
export interface SeccompProfile {
  readonly defaultAction: 'SCMP_ACT_ERRNO'
  readonly syscalls: readonly {
    readonly names: readonly string[]
    readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO'
    readonly errnoRet?: number
    readonly args?: readonly {
      readonly index: number
      readonly value: number
      readonly valueTwo?: number
      readonly op: 'SCMP_CMP_EQ' | 'SCMP_CMP_MASKED_EQ'
    }[]
  }[]
}

/**
 * What a program may call whatever its arguments are: the table of x86-64, whose names arm64 shares, without what needs a
 * privilege, what kernels were broken through (io_uring, bpf, userfaultfd, perf events, keyrings), mounts, namespaces, and the
 * memory of other processes. What is newer than this list is not there.
 */
const ALLOWED = `
  accept accept4 access alarm arch_prctl bind brk cachestat capget capset chdir chmod chown clock_getres clock_gettime
  clock_nanosleep close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl
  epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64
  fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fork
  fremovexattr fsetxattr fstat fstatfs fsync ftruncate futex futex_requeue futex_wait futex_waitv futex_wake futimesat
  get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid geteuid getgid getgroups getitimer
  getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid
  getsockname getsockopt gettid gettimeofday getuid getxattr getxattrat inotify_add_watch inotify_init inotify_init1
  inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit ioctl ioprio_get ioprio_set kill
  landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lgetxattr link linkat listen listxattr
  listxattrat llistxattr lremovexattr lseek lsetxattr lstat madvise map_shadow_stack membarrier memfd_create
  memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mprotect mq_getsetattr mq_notify mq_open
  mq_timedreceive mq_timedsend mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap
  nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free
  pkey_mprotect poll ppoll prctl pread64 preadv preadv2 prlimit64 pselect6 pwrite64 pwritev pwritev2 read readahead
  readlink readlinkat readv recvfrom recvmmsg recvmsg remap_file_pages removexattr removexattrat rename renameat
  renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
  rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity
  sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam
  sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop sendfile sendmmsg sendmsg sendto
  set_robust_list set_thread_area set_tid_address setfsgid setfsuid setgid setgroups setitimer setpgid setpriority
  setregid setresgid setresuid setreuid setrlimit setsid setsockopt setuid setxattr setxattrat shmat shmctl shmdt
  shmget shutdown sigaltstack signalfd signalfd4 socketpair splice stat statfs statx symlink symlinkat sync
  sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime
  timer_settime timerfd_create timerfd_gettime timerfd_settime times tkill truncate umask uname unlink unlinkat utime
  utimensat utimes vfork vmsplice wait4 waitid write writev
`

/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. Others, such as AF_VSOCK, lead past the network namespace or into old code. */
const FAMILIES = [1, 2, 10, 16]
/** Requests of ptrace(2) about an own child; none that attaches to another process. */
const TRACES = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 17, 24, 0x4200, 0x4201, 0x4202, 0x4203, 0x4204, 0x4205, 0x4207, 0x4208,
  0x4209, 0x420a, 0x420b, 0x420e,
]
/** Personalities of Linux itself; 0xffffffff asks. */
const PERSONALITIES = [0, 8, 0x20000, 0x20008, 0xffffffff]
/** Every CLONE_NEW flag of clone(2): a program makes no namespaces. */
const NAMESPACES = 0x7e020000
const ENOSYS = 38

const allow = { action: 'SCMP_ACT_ALLOW' } as const

/** The filter of every container. Of no architecture but the machine's own. Pure. */
export function seccompProfile(): SeccompProfile {
  const only = (name: string, values: readonly number[]) =>
    values.map((value) => ({ names: [name], ...allow, args: [{ index: 0, value, op: 'SCMP_CMP_EQ' as const }] }))
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [
      { names: ALLOWED.trim().split(/\s+/), ...allow },
      { names: ['clone'], ...allow, args: [{ index: 0, value: NAMESPACES, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }] },
      // Its flags are in memory, which no filter sees; a C library then takes clone.
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
      ...only('socket', FAMILIES),
      ...only('ptrace', TRACES),
      ...only('personality', PERSONALITIES),
    ],
  }
}
