import type { Clock } from './clock.ts'
import { systemClock } from './clock.ts'
import { SeamError } from './errors.ts'

/** Throws `ABORTED` if the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new SeamError('ABORTED', 'Stopped on request.', { cause: signal.reason })
}

/** Waits, and rejects with `ABORTED` as soon as the signal fires. */
export function sleep(ms: number, signal?: AbortSignal, clock: Clock = systemClock): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true)
      return reject(new SeamError('ABORTED', 'Stopped on request.', { cause: signal.reason }))
    const onAbort = () => {
      cancel()
      reject(new SeamError('ABORTED', 'Stopped on request.', { cause: signal?.reason }))
    }
    const cancel = clock.at(clock.now() + ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** The promise's result, or a rejection with `ABORTED` as soon as the signal fires. */
export async function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  // Nobody waits for it any more where the signal fires first.
  promise.catch(() => undefined)
  throwIfAborted(signal)
  let onAbort: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new SeamError('ABORTED', 'Stopped on request.', { cause: signal.reason }))
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
