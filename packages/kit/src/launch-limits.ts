import type { ExecutorGuarantees, LaunchLimits } from '@seamark/core'

/** Adds a problem, `INVALID_INPUT` at a JSON pointer of the spec. */
export type TellProblem = (pointer: string, message: string) => void

/** The smallest limits that an executor can tell from none: processors, and bytes. */
export interface LeastLimits {
  readonly cpu: number
  readonly memoryBytes: number
}

const mostCpu = 1_000_000

const fields = [
  ['cpu', 'cpu'],
  ['memory', 'memoryBytes'],
  ['pids', 'pids'],
  ['disk', 'diskBytes'],
  ['idle', 'idleMs'],
] as const

/** Tells of each limit of a spec (`/limits/…`) that is no number, is out of range, or that the executor does not hold. Pure. */
export function checkLaunchLimits(
  limits: LaunchLimits,
  held: ExecutorGuarantees['limits'],
  least: LeastLimits,
  wrong: TellProblem,
): void {
  const { cpu, memoryBytes, pids, diskBytes, idleMs } = limits
  if (cpu !== undefined && !(cpu >= least.cpu && cpu <= mostCpu))
    wrong('/limits/cpu', `The limit is not a number of processors from ${least.cpu}.`)
  if (!isCount(memoryBytes, least.memoryBytes))
    wrong('/limits/memoryBytes', `The limit is not a whole number of bytes from ${least.memoryBytes}.`)
  if (!isCount(pids, 1)) wrong('/limits/pids', 'The limit is not a whole number from 1.')
  if (!isCount(diskBytes, 0)) wrong('/limits/diskBytes', 'The limit is not a whole number of bytes.')
  if (!isCount(idleMs, 1)) wrong('/limits/idleMs', 'The limit is not a whole number of milliseconds from 1.')
  for (const [name, field] of fields)
    if (limits[field] !== undefined && (held[name]?.value ?? 'none') === 'none')
      wrong(`/limits/${field}`, `This executor can not hold a limit of ${name} here.`)
}

/** Whether a limit is absent, or a whole number from the least. */
export function isCount(value: number | undefined, least: number): boolean {
  return value === undefined || (Number.isSafeInteger(value) && value >= least)
}
