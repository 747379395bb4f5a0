import type { Clock } from './clock.ts'
import { systemClock } from './clock.ts'
import { SeamError } from './errors.ts'

/** Throws `ABORTED` if the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw stopped(signal)
}

/** Waits, and rejects with `ABORTED` as soon as the signal fires. */
export function sleep(ms: number, signal?: AbortSignal, clock: Clock = systemClock): Promise<void> {
  if (signal?.aborted === true) return Promise.reject(stopped(signal))
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      cancel()
      if (signal !== undefined) reject(stopped(signal))
    }
    const cancel = clock.at(clock.now() + ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** The promise's result, or a rejection with `ABORTED` as soon as the signal fires. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(stopped(signal))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    const ended = () => signal.removeEventListener('abort', onAbort)
    promise.then(ended, ended)
    // Heard even where nobody waits for it any more.
    promise.then(resolve, reject)
  })
}

function stopped(signal: AbortSignal): SeamError {
  return new SeamError('ABORTED', 'Stopped on request.', { cause: signal.reason })
}
