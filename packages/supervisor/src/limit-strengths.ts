import type { Claim, LimitStrength } from '@seamark/core'
import { usableControllers } from './cgroups.ts'

/**
 * How far limits of a sandbox hold on this machine, for this user: found by making control groups and joining them, which
 * takes some milliseconds. Only a first process of ours joins them: `joins` says whether there is one. What they do not
 * hold is watched, except for processors. In version 2 of control groups limits are tested for root: what is delegated to an
 * ordinary user there reads `unproven` until it is probed.
 */
export function limitStrengths(
  joins: boolean,
): Readonly<Record<'cpu' | 'memory' | 'pids' | 'disk', Claim<LimitStrength>>> {
  const found = joins ? usableControllers() : []
  const strength = (name: 'cpu' | 'memory' | 'pids', otherwise: LimitStrength): Claim<LimitStrength> => {
    const version = found.find(({ controller }) => controller === name)?.version
    if (version === undefined) return { value: otherwise, proof: 'tested' }
    return { value: 'enforced', proof: version === 1 || process.getuid?.() === 0 ? 'tested' : 'unproven' }
  }
  return {
    cpu: strength('cpu', 'none'),
    memory: strength('memory', 'watched'),
    pids: strength('pids', 'watched'),
    disk: { value: 'watched', proof: 'tested' },
  }
}
