import { closeSync, mkdirSync, openSync, readdirSync, rmdirSync } from 'node:fs'
import { hasContent, statusField } from './proc.ts'
import { systemCall } from './programs.ts'
import type { Try } from './targets.ts'
import { first } from './targets.ts'

const settings = [
  '/proc/sys/kernel/modprobe',
  '/proc/sys/kernel/hotplug',
  '/proc/sys/kernel/printk',
  '/proc/sys/vm/overcommit_memory',
  '/proc/sys/fs/binfmt_misc/register',
  '/sys/kernel/uevent_helper',
  '/sys/power/state',
]
const secrets = ['/proc/kcore', '/proc/kmem', '/dev/mem', '/dev/kmem', '/sys/firmware', '/sys/kernel/debug', '/boot']
/** What container engines hide of `/proc` and `/sys`: what it says is of the whole machine. */
const masked = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
]
/** Where control groups are mounted by the system, each controller apart in version 1. */
const groups = '/sys/fs/cgroup'

const written = (path: string): void => closeSync(openSync(path, 'r+'))

/** The kernel: what it shows in files, and system calls that no program of an item needs. */
export const kernelTries: Readonly<Record<string, Try>> = {
  'kernel/settings': {
    about: 'It changes a setting of the kernel.',
    advisories: ['CVE-2025-31133'],
    run: () => first(settings, written),
  },
  'kernel/core-pattern': {
    about: 'It has the kernel start a program of its own choice for a crash.',
    advisories: ['CVE-2025-31133', 'CVE-2025-52881'],
    run: () => first(['/proc/sys/kernel/core_pattern'], written),
  },
  'kernel/sysrq': {
    about: 'It gives a command to the machine through sysrq-trigger.',
    advisories: ['CVE-2025-52881'],
    run: () => first(['/proc/sysrq-trigger'], written),
  },
  'kernel/cgroups': {
    about: 'It makes a control group, or writes the settings of one, such as the program for its end.',
    advisories: ['CVE-2022-0492', 'CVE-2023-25809'],
    run: () =>
      first([groups, ...readdirSync(groups).map((entry) => `${groups}/${entry}`)], (folder) => {
        const setting = first([`${folder}/release_agent`, `${folder}/cgroup.procs`], written)
        if (setting !== undefined) return
        mkdirSync(`${folder}/probe-${process.pid}`)
        rmdirSync(`${folder}/probe-${process.pid}`)
      }),
  },
  'kernel/memory': {
    about: 'It sees memory, firmware or debugging files of the kernel.',
    run: () => first(secrets, hasContent),
  },
  'kernel/masked': {
    about: 'It reads what the kernel tells of the whole machine, and engines hide.',
    advisories: ['CVE-2018-10892', 'GHSA-6fw5-f8r9-fgfm', 'GHSA-jq35-85cj-fj4p'],
    run: () => first(masked, hasContent),
  },
  'kernel/filter': {
    about: 'No filter of system calls is in force.',
    run: () => (statusField('Seccomp') === '2' ? undefined : `Seccomp is ${statusField('Seccomp') || 'unknown'}`),
  },
  'kernel/io-uring': {
    about: 'It makes an io_uring.',
    advisories: ['CVE-2022-29582', 'CVE-2023-2598'],
    run: () => systemCall('io_uring_setup', '1, 0'),
  },
  'kernel/bpf': {
    about: 'It calls bpf.',
    advisories: ['CVE-2020-8835', 'CVE-2021-3490'],
    run: () => systemCall('bpf', '0, 0, 0'),
  },
  'kernel/keyring': {
    about: 'It uses the keyrings of the kernel.',
    advisories: ['CVE-2016-0728'],
    run: () => systemCall('keyctl', '0, -3, 1'),
  },
  'kernel/userfaultfd': { about: 'It calls userfaultfd.', run: () => systemCall('userfaultfd', '1') },
  'kernel/perf': {
    about: 'It opens a performance counter.',
    advisories: ['CVE-2013-2094'],
    run: () => systemCall('perf_event_open', '0, 0, -1, -1, 0'),
  },
  'kernel/ptrace': {
    about: 'It traces a process that it did not start.',
    advisories: ['CVE-2019-13272'],
    // PTRACE_SEIZE.
    run: () => systemCall('ptrace', '0x4206, getppid(), 0, 0'),
  },
}
