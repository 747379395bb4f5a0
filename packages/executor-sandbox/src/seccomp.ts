/** Numbers of system calls on x86-64 and on arm64; none where an architecture does not have the call. */
type Numbers = readonly [x64: number | undefined, arm64: number | undefined]

/**
 * What no program of an item needs, and what kernels were broken through. Calls that need a privilege are here although
 * the sandbox has none, so that a mistake in the kernel's own check is not enough.
 */
const DENIED: Readonly<Record<string, Numbers>> = {
  // Machinery of the kernel that runs, reads or waits on a program's behalf.
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  fanotify_init: [300, 262],
  lookup_dcookie: [212, 18],
  // Keyrings do not belong to a namespace.
  keyctl: [250, 219],
  add_key: [248, 217],
  request_key: [249, 218],
  // Other processes.
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  pidfd_getfd: [438, 438],
  kcmp: [312, 272],
  move_pages: [279, 239],
  migrate_pages: [256, 238],
  // Mounts, and files by handles that no path leads to.
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  open_by_handle_at: [304, 265],
  name_to_handle_at: [303, 264],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  setns: [308, 268],
  // The machine.
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  create_module: [174, undefined],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  syslog: [103, 116],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  adjtimex: [159, 171],
  clock_adjtime: [305, 266],
  vhangup: [153, 58],
  iopl: [172, undefined],
  ioperm: [173, undefined],
  modify_ldt: [154, undefined],
  uselib: [134, undefined],
  nfsservctl: [180, 42],
}

/** Files in memory that no process has to map: where memory is watched, they would count nowhere. */
const UNMAPPED: Readonly<Record<string, Numbers>> = {
  memfd_create: [319, 279],
  memfd_secret: [447, 447],
}

/** Calls that are denied for some first or second arguments. */
const ptrace: Numbers = [101, 117]
const ioctl: Numbers = [16, 29]
const socket: Numbers = [41, 198]
const shmget: Numbers = [29, 194]
/** Bytes of the largest segment where memory is watched: a page, as databases take one; a sandbox has 4,096 at most (SHMMNI). */
const MOST_SEGMENT = 4096
/** PTRACE_ATTACH and PTRACE_SEIZE: of a process that is not an own child. */
const ATTACHING = [16, 0x4206]
/** TIOCSTI and TIOCLINUX: what is typed into a terminal. */
const TYPING = [0x5412, 0x541c]
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. Others, such as AF_VSOCK, lead past the network namespace or into old code. */
const FAMILIES = [1, 2, 10, 16]

// <linux/bpf_common.h>, <linux/seccomp.h>, <linux/audit.h>
const LOAD = 0x20
const JUMP_EQUAL = 0x15
const JUMP_GREATER_OR_EQUAL = 0x35
const RETURN = 0x06
const ALLOW = 0x7fff0000
const KILL = 0x80000000
const ERROR = 0x00050000
const EPERM = 1
const ENOSYS = 38
const AUDIT = { x64: 0xc000003e, arm64: 0xc00000b7 } as const
/** Calls of the x32 ABI, which no Debian has had for years. */
const X32 = 0x40000000
// Offsets in `struct seccomp_data`; of an argument the low half, which is all that most of these calls look at.
const NUMBER = 0
const ARCHITECTURE = 4
const argument = (index: number): number => 16 + 8 * index

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number]

/** Architectures for which there is a filter. */
export function hasFilter(arch: string): arch is keyof typeof AUDIT {
  return arch === 'x64' || arch === 'arm64'
}

/**
 * The filter of system calls as `struct sock_filter`s of a little-endian machine, as bubblewrap's `--seccomp` takes it.
 * What it denies fails: with `ENOSYS` where programs expect a kernel without the call, else with `EPERM`. A call of
 * another architecture ends the process. `watched` denies memory besides that no process has to map. Pure.
 */
export function seccompFilter(
  arch: keyof typeof AUDIT,
  { watched = false }: { readonly watched?: boolean } = {},
): Buffer {
  const at = arch === 'x64' ? 0 : 1
  const numberOf = (numbers: Numbers): number[] => numbers.slice(at, at + 1).filter((one) => one !== undefined)
  const deny = (number: number, error = number >= 424 ? ENOSYS : EPERM): Instruction[] => [
    [JUMP_EQUAL, 0, 1, number],
    [RETURN, 0, 0, ERROR | error],
  ]
  /** For one call: looks at an argument, and loads the number again where nothing was decided. */
  const byArgument = (numbers: Numbers, index: number, body: readonly Instruction[]): Instruction[] =>
    numberOf(numbers).flatMap((number) => [
      [JUMP_EQUAL, 0, body.length + 2, number],
      [LOAD, 0, 0, argument(index)],
      ...body,
      [LOAD, 0, 0, NUMBER],
    ])
  const anyOf = (values: readonly number[]): Instruction[] =>
    values.flatMap((value) => [
      [JUMP_EQUAL, 0, 1, value],
      [RETURN, 0, 0, ERROR | EPERM],
    ])
  const noneOf = (values: readonly number[]): Instruction[] => [
    ...values.map((value, i): Instruction => [JUMP_EQUAL, values.length - i, 0, value]),
    [RETURN, 0, 0, ERROR | EPERM],
  ]
  /** Of an argument that has 64 bits. */
  const atMost = (index: number, most: number): Instruction[] => [
    [JUMP_GREATER_OR_EQUAL, 2, 0, most + 1],
    [LOAD, 0, 0, argument(index) + 4],
    [JUMP_EQUAL, 1, 0, 0],
    [RETURN, 0, 0, ERROR | EPERM],
  ]
  return assembled([
    [LOAD, 0, 0, ARCHITECTURE],
    [JUMP_EQUAL, 1, 0, AUDIT[arch]],
    [RETURN, 0, 0, KILL],
    [LOAD, 0, 0, NUMBER],
    ...(arch === 'x64'
      ? ([
          [JUMP_GREATER_OR_EQUAL, 0, 1, X32],
          [RETURN, 0, 0, ERROR | ENOSYS],
        ] as const)
      : []),
    ...Object.values(DENIED)
      .flatMap(numberOf)
      .flatMap((number) => deny(number)),
    ...(watched ? Object.values(UNMAPPED).flatMap(numberOf) : []).flatMap((number) => deny(number, ENOSYS)),
    ...(watched ? byArgument(shmget, 1, atMost(1, MOST_SEGMENT)) : []),
    ...byArgument(ptrace, 0, anyOf(ATTACHING)),
    ...byArgument(ioctl, 1, anyOf(TYPING)),
    ...byArgument(socket, 0, noneOf(FAMILIES)),
    [RETURN, 0, 0, ALLOW],
  ])
}

function assembled(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8)
  program.forEach(([code, ifTrue, ifFalse, value], i) => {
    bytes.writeUInt16LE(code, i * 8)
    bytes.writeUInt8(ifTrue, i * 8 + 2)
    bytes.writeUInt8(ifFalse, i * 8 + 3)
    bytes.writeUInt32LE(value >>> 0, i * 8 + 4)
  })
  return bytes
}
