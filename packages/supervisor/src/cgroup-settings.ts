import type { LaunchLimits } from '@seamark/core'
import type { Controller } from './cgroup-places.ts'

/** One file of a control group, and what is written there. */
export interface Setting {
  readonly file: string
  readonly value: string
  /** Whether a kernel may do without: one that accounts no swap has no such file, and one without swap needs none. */
  readonly optional?: boolean
}

/** The first process of each sandbox, which no program of an item started. */
const OWN_PROCESSES = 1

/** Microseconds in which a share of processors is used up. The kernel takes no quota below 1,000. */
const PERIOD = 100_000
const LONG_PERIOD = 1_000_000
const LEAST_QUOTA = 1_000

/** What holds a control group to limits, in the order in which it must be written. Pure. */
export function settingsOf(version: 1 | 2, controller: Controller, limits: LaunchLimits): Setting[] {
  if (controller === 'cpu') return limits.cpu === undefined ? [] : cpuSettings(version, limits.cpu)
  if (controller === 'pids')
    return limits.pids === undefined ? [] : [{ file: 'pids.max', value: String(limits.pids + OWN_PROCESSES) }]
  if (limits.memoryBytes === undefined) return []
  const bytes = String(limits.memoryBytes)
  return version === 1
    ? [
        { file: 'memory.limit_in_bytes', value: bytes },
        // Of memory and swap together.
        { file: 'memory.memsw.limit_in_bytes', value: bytes, optional: true },
      ]
    : [
        { file: 'memory.max', value: bytes },
        { file: 'memory.swap.max', value: '0', optional: true },
        { file: 'memory.oom.group', value: '1', optional: true },
      ]
}

function cpuSettings(version: 1 | 2, cpu: number): Setting[] {
  const period = cpu * PERIOD < LEAST_QUOTA ? LONG_PERIOD : PERIOD
  const quota = Math.max(LEAST_QUOTA, Math.round(cpu * period))
  return version === 1
    ? [
        { file: 'cpu.cfs_period_us', value: String(period) },
        { file: 'cpu.cfs_quota_us', value: String(quota) },
      ]
    : [{ file: 'cpu.max', value: `${quota} ${period}` }]
}

/** The file that counts breaches, and what its counter is called. */
export function counterOf(version: 1 | 2, controller: 'memory' | 'pids'): { file: string; name: string } {
  if (controller === 'pids') return { file: 'pids.events', name: 'max' }
  return version === 1 ? { file: 'memory.oom_control', name: 'oom_kill' } : { file: 'memory.events', name: 'oom_kill' }
}

/** What a counter stands at. Pure. */
export function countIn(content: string, name: string): number {
  const line = content.split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? 0 : Number(line.slice(name.length + 1))
}
