import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { processes, statusField } from './proc.ts'
import { ran } from './programs.ts'
import type { Try } from './targets.ts'
import { first } from './targets.ts'

/** What a program finds in its environment although its spec has nothing of the kind: itself, and what engines add. */
const usual = new Set(['PATH', 'PWD', 'OLDPWD', 'HOME', 'HOSTNAME', 'SHLVL', '_'])
const mounts = [
  ['-t', 'tmpfs', 'none', '/tmp'],
  ['-o', 'remount,rw', '/'],
  ['-o', 'remount,rw', '/usr'],
  ['-t', 'proc', 'none', '/tmp'],
]
/** Of version 2, and of version 1 with the one controller that is rarely mounted already. */
const groups = [
  ['-t', 'cgroup2', 'none', '/tmp'],
  ['-t', 'cgroup', '-o', 'memory', 'none', '/tmp'],
  ['-t', 'cgroup', '-o', 'rdma', 'none', '/tmp'],
]

/** Other processes, and privileges. */
export const processTries: Readonly<Record<string, Try>> = {
  'process/environment': {
    about: 'It reads the environment of a process outside.',
    run: ({ canary }) => first(processes(), (pid) => readFileSync(`/proc/${pid}/environ`).includes(canary)),
  },
  'process/inherited': {
    about: 'It has variables that were not given to it.',
    run: () => first(Object.keys(process.env), (variable) => !usual.has(variable)),
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
    advisories: ['CVE-2017-5226', 'CVE-2023-28100'],
    run: () => first(['/dev/tty'], (path) => closeSync(openSync(path, 'r+'))),
  },
  'privilege/root': {
    about: 'It is root.',
    run: () => (process.getuid?.() === 0 ? 'uid 0' : undefined),
  },
  'privilege/capabilities': {
    about: 'It has a capability, or could get one.',
    advisories: ['CVE-2022-24769'],
    run: () => first(['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'], (field) => !/^0+$/.test(statusField(field))),
  },
  'privilege/new': {
    about: 'It can get privileges by starting a program.',
    advisories: ['CVE-2021-3156', 'CVE-2021-4034'],
    run: () => (statusField('NoNewPrivs') === '1' ? undefined : 'NoNewPrivs is not set'),
  },
  'privilege/user-namespace': {
    about: 'It makes a user namespace, in which it would be root.',
    advisories: ['CVE-2022-0185', 'CVE-2023-32233'],
    run: () => (ran('unshare', ['-U', 'true']) ? 'unshare -U' : undefined),
  },
  'privilege/mount': {
    about: 'It mounts something, or makes a read-only mount writable.',
    run: () => first(mounts, (args) => ran('mount', args)),
  },
  'privilege/mount-cgroups': {
    about: 'It mounts control groups.',
    advisories: ['CVE-2022-0492'],
    run: () => first(groups, (args) => ran('mount', args)),
  },
}
