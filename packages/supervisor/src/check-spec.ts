import type { ExecutorGuarantees, LaunchLimits, LaunchSpec } from '@seamark/core'
import { checkLaunchSpec, type TellProblem } from '@seamark/kit'

/** Refuses a spec that no local attempt can honour with `INVALID_INPUT`; all that is wrong is in `problems`. */
export function checkSpec(spec: LaunchSpec, guarantees: ExecutorGuarantees): void {
  checkLaunchSpec(spec, (wrong) => {
    if (guarantees.filesystem === 'host')
      spec.mounts.forEach(({ source, target }, i) => {
        if (target !== source)
          wrong(`/mounts/${i}/target`, 'This executor shows host paths: the target must be the source.')
      })
    // Only then are they looked for.
    if (spec.limits !== undefined) checkLimits(spec.limits, guarantees.limits, wrong)
  })
}

/** Below this no quota is small enough to be told from none. */
const leastCpu = 0.001
const mostCpu = 1_000_000
/** Less than what the sandbox itself takes. */
const leastMemory = 1024 * 1024

const limits = [
  ['cpu', 'cpu'],
  ['memory', 'memoryBytes'],
  ['pids', 'pids'],
  ['disk', 'diskBytes'],
  ['idle', 'idleMs'],
] as const

function checkLimits(asked: LaunchLimits, held: ExecutorGuarantees['limits'], wrong: TellProblem): void {
  const { cpu, memoryBytes, pids, diskBytes, idleMs } = asked
  if (cpu !== undefined && !(cpu >= leastCpu && cpu <= mostCpu))
    wrong('/limits/cpu', `The limit is not a number of processors from ${leastCpu}.`)
  if (!isCount(memoryBytes, leastMemory))
    wrong('/limits/memoryBytes', 'The limit is not a whole number of bytes from 1 MiB.')
  if (!isCount(pids, 1)) wrong('/limits/pids', 'The limit is not a whole number from 1.')
  if (!isCount(diskBytes, 0)) wrong('/limits/diskBytes', 'The limit is not a whole number of bytes.')
  if (!isCount(idleMs, 1)) wrong('/limits/idleMs', 'The limit is not a whole number of milliseconds from 1.')
  for (const [name, field] of limits)
    if (asked[field] !== undefined && (held[name]?.value ?? 'none') === 'none')
      wrong(`/limits/${field}`, `This executor can not hold a limit of ${name} here.`)
}

function isCount(value: number | undefined, least: number): boolean {
  return value === undefined || (Number.isSafeInteger(value) && value >= least)
}
