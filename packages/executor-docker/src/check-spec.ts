import type { ExecutorGuarantees, LaunchLimits, LaunchSpec } from '@seamark/core'
import { checkLaunchLimits, checkLaunchSpec } from '@seamark/kit'
import { KEEPER, WATCHWORD_VARIABLE } from './keeper.ts'

/** Places that the engine fills with what belongs to the kernel, and the keeper's own. */
const TAKEN = ['/proc', '/sys', '/dev', KEEPER]

/** The engine takes no less. */
const least = { cpu: 0.01, memoryBytes: 6 * 1024 ** 2 }

/** Refuses a spec that no container can honour with `INVALID_INPUT`; all that is wrong is in `problems`. Pure. */
export function checkSpec(
  spec: LaunchSpec,
  { limits: held, companions: images = [] }: Pick<ExecutorGuarantees, 'limits' | 'companions'>,
): void {
  checkLaunchSpec(spec, (wrong) => {
    const keepsPlaces = (mounts: LaunchSpec['mounts'], at: string) =>
      mounts.forEach(({ target }, i) => {
        if (target === '/' || TAKEN.some((path) => isBelow(target, path)))
          wrong(`${at}/mounts/${i}/target`, `A mount can not cover the container's own ${target}.`)
      })
    keepsPlaces(spec.mounts, '')
    if (Object.hasOwn(spec.env, WATCHWORD_VARIABLE))
      wrong('/env', `The variable ${WATCHWORD_VARIABLE} is the container's own.`)
    spec.companions?.forEach(({ image, mounts }, i) => {
      keepsPlaces(mounts, `/companions/${i}`)
      if (!images.includes(image))
        wrong(`/companions/${i}/image`, 'The image is none of those that companions may have here.')
    })
    // Each container has its part of a limit, so that all of it together is held to it.
    checkLaunchLimits(partsOf(spec), held, least, wrong)
  })
}

/** What a container of a launch has of a limit of all of it, in whole numbers. Pure. */
export function partOf(limit: number, { companions = [] }: Pick<LaunchSpec, 'companions'>): number {
  return Math.floor(limit / (companions.length + 1))
}

function partsOf(spec: LaunchSpec): LaunchLimits {
  const { cpu, memoryBytes, pids, ...others } = spec.limits ?? {}
  return {
    ...others,
    ...(cpu !== undefined && { cpu: partOf(cpu * 1000, spec) / 1000 }),
    ...(memoryBytes !== undefined && { memoryBytes: partOf(memoryBytes, spec) }),
    ...(pids !== undefined && { pids: partOf(pids, spec) }),
  }
}

export function isBelow(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(folder + '/')
}
