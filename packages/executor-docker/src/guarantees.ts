import type { ExecutorGuarantees } from '@seamark/core'
import { NO_LIMITS } from '@seamark/kit'
import type { Settings } from './options.ts'

/**
 * What containers of a runtime promise. All is tested with runc. With another runtime nothing is, and what that runtime itself
 * would have to hold of the limits is not promised at all: gVisor, for one, holds cores, memory and processes in another way or not at
 * all, as it was set up, and its first process can be stopped from inside.
 */
export function guaranteesOf(
  runtime: string,
  serviceImages: readonly string[] = [],
  limits?: Settings['limits'],
): ExecutorGuarantees {
  const proof = runtime === 'runc' ? 'tested' : 'unproven'
  const enforced = { value: 'enforced', proof } as const
  const watched = { value: 'watched', proof } as const
  const own = limits && { cpu: limits.cpus, memoryBytes: limits.memoryBytes, pids: limits.pids }
  return {
    isolation: { value: 'container', proof },
    network: { value: 'none', proof },
    filesystem: 'private',
    ...(serviceImages.length > 0 && { companions: serviceImages }),
    tree: { value: 'proven', proof },
    limits: {
      ...NO_LIMITS,
      ...(runtime === 'runc' && { cpu: enforced, memory: enforced, pids: enforced }),
      wallClock: runtime === 'runc' ? enforced : watched,
      idle: watched,
      disk: watched,
    },
    // Only of runc is it known that they hold.
    ...(runtime === 'runc' && own !== undefined && { defaultLimits: own, mostLimits: own }),
    input: true,
    outlivesService: true,
  }
}
