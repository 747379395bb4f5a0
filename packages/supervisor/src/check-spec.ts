import type { ExecutorGuarantees, LaunchLimits, LaunchSpec } from '@seamark/core'
import { checkLaunchLimits, checkLaunchSpec, type TellProblem } from '@seamark/kit'

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

/** Below this no quota is small enough to be told from none, and no memory is more than what the sandbox itself takes. */
const least = { cpu: 0.001, memoryBytes: 1024 * 1024 }

const limits = [
  ['cpu', 'cpu'],
  ['memory', 'memoryBytes'],
  ['pids', 'pids'],
  ['disk', 'diskBytes'],
  ['idle', 'idleMs'],
] as const

function checkLimits(asked: LaunchLimits, held: ExecutorGuarantees['limits'], wrong: TellProblem): void {
  checkLaunchLimits(asked, least, wrong)
  for (const [name, field] of limits)
    if (asked[field] !== undefined && (held[name]?.value ?? 'none') === 'none')
      wrong(`/limits/${field}`, `This executor can not hold a limit of ${name} here.`)
}
