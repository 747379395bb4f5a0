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
    const waiting = waitingOn(signal)
    if (signal.aborted) onAbort()
    else waiting.add(onAbort)
    const ended = () => waiting.delete(onAbort)
    promise.then(ended, ended)
    // Heard even where nobody waits for it any more.
    promise.then(resolve, reject)
  })
}

const waitingSets = new WeakMap<AbortSignal, Set<() => void>>()

/** Who is told when the signal fires. A signal searches its listeners one by one, so it has a single one from here. */
function waitingOn(signal: AbortSignal): Set<() => void> {
  const known = waitingSets.get(signal)
  if (known !== undefined) return known
  const waiting = new Set<() => void>()
  waitingSets.set(signal, waiting)
  signal.addEventListener('abort', () => waiting.forEach((tell) => tell()), { once: true })
  return waiting
}

function stopped(signal: AbortSignal): SeamError {
  return new SeamError('ABORTED', 'Stopped on request.', { cause: signal.reason })
}
