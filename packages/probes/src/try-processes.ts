import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { ran, systemCall } from './programs.ts'
import type { Try } from './targets.ts'
import { first } from './targets.ts'
import { processes } from './try-files.ts'

const mounts = [
  ['-t', 'tmpfs', 'none', '/tmp'],
  ['-o', 'remount,rw', '/'],
  ['-o', 'remount,rw', '/usr'],
]

/** Other processes, privileges, and what of the kernel a program needs for neither. */
export const processTries: Readonly<Record<string, Try>> = {
  'process/environment': {
    about: 'It reads the environment of a process outside.',
    run: ({ canary }) => first(processes(), (pid) => readFileSync(`/proc/${pid}/environ`).includes(canary)),
  },
  'process/command-line': {
    about: 'It reads the command line of a process outside.',
    run: ({ canary }) => first(processes(), (pid) => readFileSync(`/proc/${pid}/cmdline`).includes(canary)),
  },
  'process/signal': {
    about: 'It signals a process outside.',
    run: ({ pid, canary }) =>
      first([pid], (one) => {
        process.kill(one, 0)
        // The same number may be a process of its own.
        return readFileSync(`/proc/${one}/cmdline`).includes(canary)
      }),
  },
  'process/kill': {
    about: 'It ends a process outside.',
    run: ({ pid, canary }) =>
      first([pid], (one) => {
        const seen = () => readFileSync(`/proc/${one}/cmdline`, 'utf8')
        // The same number may be a process of its own, which is to go on.
        if (existsSync(`/proc/${one}`) && !seen().includes(canary)) return false
        return process.kill(one, 'SIGKILL')
      }),
  },
  'process/terminal': {
    about: 'It has a terminal, into which it could type.',
    run: () => first(['/dev/tty'], (path) => closeSync(openSync(path, 'r+'))),
  },
  'privilege/root': {
    about: 'It is root.',
    run: () => (process.getuid?.() === 0 ? 'uid 0' : undefined),
  },
  'privilege/capabilities': {
    about: 'It has a capability, or could get one.',
    run: () => first(['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'], (field) => !/^0+$/.test(status(field))),
  },
  'privilege/new': {
    about: 'It can get privileges by starting a program.',
    run: () => (status('NoNewPrivs') === '1' ? undefined : 'NoNewPrivs is not set'),
  },
  'privilege/user-namespace': {
    about: 'It makes a user namespace, in which it would be root.',
    run: () => (ran('unshare', ['-U', 'true']) ? 'unshare -U' : undefined),
  },
  'privilege/mount': {
    about: 'It mounts something, or makes a read-only mount writable.',
    run: () => first(mounts, (args) => ran('mount', args)),
  },
  'kernel/filter': {
    about: 'No filter of system calls is in force.',
    run: () => (status('Seccomp') === '2' ? undefined : `Seccomp is ${status('Seccomp') || 'unknown'}`),
  },
  'kernel/io-uring': {
    about: 'It makes an io_uring.',
    run: () => systemCall('io_uring_setup', '1, 0'),
  },
  'kernel/bpf': { about: 'It calls bpf.', run: () => systemCall('bpf', '0, 0, 0') },
  'kernel/keyring': { about: 'It uses the keyrings of the kernel.', run: () => systemCall('keyctl', '0, -3, 1') },
  'kernel/userfaultfd': { about: 'It calls userfaultfd.', run: () => systemCall('userfaultfd', '1') },
  'kernel/perf': {
    about: 'It opens a performance counter.',
    run: () => systemCall('perf_event_open', '0, 0, -1, -1, 0'),
  },
  'kernel/ptrace': {
    about: 'It traces a process that it did not start.',
    // PTRACE_SEIZE.
    run: () => systemCall('ptrace', '0x4206, getppid(), 0, 0'),
  },
}

function status(field: string): string {
  return new RegExp(`^${field}:\\s*(\\S+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
}
