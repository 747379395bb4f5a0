import type { ExecutorGuarantees } from '@seamark/core'

const none = { value: 'none', proof: 'unproven' } as const

/** The limits of an executor that has none: what it does hold replaces its entry. */
export const NO_LIMITS: ExecutorGuarantees['limits'] = {
  cpu: none,
  memory: none,
  pids: none,
  disk: none,
  wallClock: none,
}
