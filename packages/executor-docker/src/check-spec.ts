import type { LaunchSpec } from '@seamark/core'
import { checkLaunchSpec } from '@seamark/kit'

/** Places that the engine fills with what belongs to the kernel. */
const TAKEN = ['/proc', '/sys', '/dev']

/** Refuses a spec that no container can honour with `INVALID_INPUT`; all that is wrong is in `problems`. Pure. */
export function checkSpec(spec: LaunchSpec): void {
  checkLaunchSpec(spec, (wrong) => {
    spec.mounts.forEach(({ target }, i) => {
      if (target === '/' || TAKEN.some((path) => isBelow(target, path)))
        wrong(`/mounts/${i}/target`, `A mount can not cover the container's own ${target}.`)
    })
    if (spec.stdin === 'pipe') wrong('/stdin', 'This executor gives no input to an attempt.')
  })
}

export function isBelow(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(folder + '/')
}
