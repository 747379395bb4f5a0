import type { ExecutorGuarantees, LaunchLimits, LaunchSpec } from '@seamark/core'
import { checkLaunchLimits, checkLaunchSpec, type TellProblem } from '@seamark/kit'

/** Below this no quota is small enough to be told from none, and no memory is more than what the sandbox itself takes. */
const least = { cpu: 0.001, memoryBytes: 1024 * 1024 }

/** Refuses a spec that no local attempt can honour with `INVALID_INPUT`; all that is wrong is in `problems`. */
export function checkSpec(spec: LaunchSpec, guarantees: ExecutorGuarantees): void {
  checkLaunchSpec(spec, (wrong) => {
    if (guarantees.filesystem === 'host')
      spec.mounts.forEach(({ source, target }, i) => {
        if (target !== source)
          wrong(`/mounts/${i}/target`, 'This executor shows host paths: the target must be the source.')
      })
    if ((spec.companions ?? []).length > 0) wrong('/companions', 'This executor starts no companions.')
    // Only then are they looked for.
    if (spec.limits !== undefined) checkLimits(spec.limits, guarantees.limits, wrong)
  })
}

/** Tells of each limit (`/limits/…`) that no supervisor can hold, or that is not held here. */
export function checkLimits(limits: LaunchLimits, held: ExecutorGuarantees['limits'], wrong: TellProblem): void {
  checkLaunchLimits(limits, held, least, wrong)
}
