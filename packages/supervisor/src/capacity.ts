import type { LaunchAnswer } from '@seamark/core'
import { isNoSpace, isSeamError, SeamError, systemCode } from '@seamark/kit'

/** System errors that mean: not now, rather than: not at all. */
const noCapacity: ReadonlySet<string> = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE'])

/** Somebody has to make room, unlike other capacity, which comes back when any attempt ends. */
const NO_SPACE_RETRY_MS = 10_000

/** `LIMIT_EXCEEDED` where an error says that the host can start no process now. */
export function capacityError(error: unknown): SeamError | undefined {
  const code = systemCode(error) ?? ''
  if (!noCapacity.has(code)) return undefined
  return new SeamError('LIMIT_EXCEEDED', `The host can start no process now: ${code}.`, { cause: error })
}

/** Whether a failure is that a disk has no room, also as the cause of another one. */
export function hasNoSpace(error: unknown): boolean {
  return isSeamError(error) ? hasNoSpace(error.cause) : isNoSpace(error)
}

/**
 * The answer to a launch of which nothing was started, where the reason is that this host has no
 * capacity or its disk no room: no fault of what was to be launched. `undefined` for any other failure.
 */
export function refusal(error: unknown): LaunchAnswer | undefined {
  if (hasNoSpace(error)) return { outcome: 'refused', reason: 'capacity', retryAfterMs: NO_SPACE_RETRY_MS }
  const capacity = isSeamError(error) ? error : capacityError(error)
  if (capacity?.code !== 'LIMIT_EXCEEDED') return undefined
  return { outcome: 'refused', reason: 'capacity', retryAfterMs: capacity.retryAfterMs ?? 1000 }
}
