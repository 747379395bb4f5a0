import type { LimitStrength } from '@seamark/core'
import { usableControllers } from './cgroups.ts'

/**
 * How far limits of a sandbox hold on this machine, for this user: found by making control groups and joining them, which
 * takes some milliseconds. What they do not hold is watched, except for processors.
 */
export function limitStrengths(): Readonly<Record<'cpu' | 'memory' | 'pids' | 'disk', LimitStrength>> {
  const controllers = usableControllers()
  const strength = (controller: 'cpu' | 'memory' | 'pids', otherwise: LimitStrength): LimitStrength =>
    controllers.includes(controller) ? 'enforced' : otherwise
  return {
    cpu: strength('cpu', 'none'),
    memory: strength('memory', 'watched'),
    pids: strength('pids', 'watched'),
    disk: 'watched',
  }
}
