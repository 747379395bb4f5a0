import type { LaunchSpec } from '@seamark/core'
import { checkLaunchSpec } from '@seamark/kit'

/** Places that the engine fills with what belongs to the kernel. */
const TAKEN = ['/proc', '/sys', '/dev']

/** The engine takes no less. */
const LEAST_MEMORY = 6 * 1024 ** 2

/** Refuses a spec that no container can honour with `INVALID_INPUT`; all that is wrong is in `problems`. Pure. */
export function checkSpec(spec: LaunchSpec): void {
  checkLaunchSpec(spec, (wrong) => {
    spec.mounts.forEach(({ target }, i) => {
      if (target === '/' || TAKEN.some((path) => isBelow(target, path)))
        wrong(`/mounts/${i}/target`, `A mount can not cover the container's own ${target}.`)
    })
    const { cpu, memoryBytes, pids, diskBytes, idleMs } = spec.limits ?? {}
    if (cpu !== undefined && !(cpu >= 0.01)) wrong('/limits/cpu', 'The engine limits cores from 0.01.')
    if (!isCount(memoryBytes, LEAST_MEMORY)) wrong('/limits/memoryBytes', 'The engine limits memory from 6 MiB.')
    if (!isCount(pids, 1)) wrong('/limits/pids', 'The limit is not a whole number from 1.')
    if (!isCount(idleMs, 1)) wrong('/limits/idleMs', 'The limit is not a whole number of milliseconds from 1.')
    if (!isCount(diskBytes, 0)) wrong('/limits/diskBytes', 'The limit is not a whole number of bytes.')
    if (spec.stdin === 'pipe') wrong('/stdin', 'This executor gives no input to an attempt.')
  })
}

export function isBelow(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(folder + '/')
}

function isCount(value: number | undefined, least: number): boolean {
  return value === undefined || (Number.isSafeInteger(value) && value >= least)
}
