import { setTimeout as pause } from 'node:timers/promises'
import { CHILDREN_LIMITS } from './limits.ts'

/** Resolves when the next message may be read, or once nobody asks for it any more. */
export type Pace = (bytes: number, gone: () => boolean) => Promise<void>

/** Of all connections of one launch: reading a message takes time of the whole service, and a long one more. */
export function pacer(): Pace {
  let next = 0
  return async (bytes, gone) => {
    // Nothing is reserved: who has gone must not hold up who comes after.
    for (let now = performance.now(); now < next && !gone(); now = performance.now()) await pause(next - now)
    if (gone()) return
    next = performance.now() + CHILDREN_LIMITS.paceMs + (bytes / CHILDREN_LIMITS.bytesPerSecond) * 1_000
  }
}
