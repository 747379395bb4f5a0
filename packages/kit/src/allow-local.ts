import type { Authorizer } from '@seamark/core'
import { throwIfAborted } from './abort.ts'

/**
 * Allows everything to principals of this machine (ids that begin with `local:`) and to the engine
 * itself, and denies everyone else. The operating system has already decided who can open the socket.
 */
export function allowLocal(): Authorizer {
  return {
    spec: 'authorizer/v1',
    kind: 'allow-local',
    name: 'allow-local',
    guarantees: {},
    async authorize({ principal }, { signal } = {}) {
      throwIfAborted(signal)
      const allowed = principal.id === 'engine' || principal.id.startsWith('local:')
      return {
        allowed,
        policy: 'allow-local',
        reasons: [allowed ? 'The principal is on this machine.' : 'Only principals of this machine are allowed.'],
      }
    },
  }
}
