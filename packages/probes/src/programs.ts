import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { arch } from 'node:process'
import { Absent } from './targets.ts'

const limitMs = 5_000

/** Whether a program of the system ended with 0. Errors: `Absent`. */
export function ran(program: string, args: readonly string[]): boolean {
  const { status, error } = spawnSync(program, args, { timeout: limitMs, stdio: 'ignore' })
  if (error !== undefined && 'code' in error && error.code === 'ENOENT') throw new Absent(`no ${program}`)
  return status === 0
}

const perl = ['/usr/bin/perl', '/bin/perl', '/usr/local/bin/perl'].find((path) => existsSync(path))

/** Numbers of system calls, by architecture. */
const numbers: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  x64: {
    socket: 41,
    ptrace: 101,
    keyctl: 250,
    unshare: 272,
    perf_event_open: 298,
    bpf: 321,
    userfaultfd: 323,
    io_uring_setup: 425,
  },
  arm64: {
    socket: 198,
    ptrace: 117,
    keyctl: 219,
    unshare: 97,
    perf_event_open: 241,
    bpf: 280,
    userfaultfd: 282,
    io_uring_setup: 425,
  },
}

/** What the kernel refuses a call as such with: EPERM, EACCES, ENOSYS. Anything else is about the arguments. */
const refusals = new Set(['errno 1', 'errno 13', 'errno 38'])

/**
 * A system call, with arguments as Perl writes them: Node has no way to make one. What the kernel said, or `undefined`
 * where it refused the call or ended the process for it. Errors: `Absent`.
 */
export function systemCall(name: string, args: string): string | undefined {
  const number = numbers[arch]?.[name]
  if (perl === undefined) throw new Absent('no perl')
  if (number === undefined) throw new Absent(`the number of ${name} is not known for ${arch}`)
  const script = `my $r = syscall(${number}, ${args}); print $r == -1 ? 'errno ' . ($! + 0) : "gave $r";`
  const { stdout, status, signal } = spawnSync(perl, ['-e', script], { encoding: 'utf8', timeout: limitMs })
  if (signal === 'SIGSYS') return undefined
  if (status !== 0) throw new Absent('perl did not run')
  return refusals.has(stdout) ? undefined : `${name} ${stdout}`
}
