import type { ExecutorGuarantees, LaunchSpec } from '@seamark/core'
import { checkLaunchLimits, checkLaunchSpec } from '@seamark/kit'
import { KEEPER, WATCHWORD_VARIABLE } from './keeper.ts'

/** Places that the engine fills with what belongs to the kernel, and the keeper's own. */
const TAKEN = ['/proc', '/sys', '/dev', KEEPER]

/** The engine takes no less. */
const least = { cpu: 0.01, memoryBytes: 6 * 1024 ** 2 }

/** Refuses a spec that no container can honour with `INVALID_INPUT`; all that is wrong is in `problems`. Pure. */
export function checkSpec(spec: LaunchSpec, { limits: held }: Pick<ExecutorGuarantees, 'limits'>): void {
  checkLaunchSpec(spec, (wrong) => {
    spec.mounts.forEach(({ target }, i) => {
      if (target === '/' || TAKEN.some((path) => isBelow(target, path)))
        wrong(`/mounts/${i}/target`, `A mount can not cover the container's own ${target}.`)
    })
    if (Object.hasOwn(spec.env, WATCHWORD_VARIABLE))
      wrong('/env', `The variable ${WATCHWORD_VARIABLE} is the container's own.`)
    checkLaunchLimits(spec.limits ?? {}, held, least, wrong)
  })
}

export function isBelow(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(folder + '/')
}
