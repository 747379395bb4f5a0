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
    const ended = whenAborted(signal, () => reject(stopped(signal)))
    promise.then(ended, ended)
    // Heard even where nobody waits for it any more.
    promise.then(resolve, reject)
  })
}

/**
 * The values of a source, until it ends or the signal fires, which throws `ABORTED`. The source is then asked to end, and not waited
 * for: one that hangs must not hold up the stop, and its own failure is not news any more.
 */
export async function* eachOrAbort<T>(source: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  const values = source[Symbol.asyncIterator]()
  let open = true
  try {
    for (;;) {
      const next = await orAbort(values.next(), signal)
      if (next.done === true) break
      yield next.value
    }
    open = false
  } finally {
    // Whoever reads has left, or holds the error that ended it: nobody is there to be told how the source ended.
    if (open) values.return?.().catch(() => undefined)
  }
}

interface Listening {
  readonly calls: Set<() => void>
  readonly tell: () => void
}

const listening = new WeakMap<AbortSignal, Listening>()

/** Calls when the signal fires, or has. A signal searches its listeners one by one, so all calls share one. Returns what takes it back. */
function whenAborted(signal: AbortSignal, call: () => void): () => void {
  if (signal.aborted) {
    call()
    return () => undefined
  }
  let shared = listening.get(signal)
  if (shared === undefined) {
    const calls = new Set<() => void>()
    shared = { calls, tell: () => calls.forEach((each) => each()) }
    listening.set(signal, shared)
    signal.addEventListener('abort', shared.tell, { once: true })
  }
  const { calls, tell } = shared
  calls.add(call)
  return () => {
    if (!calls.delete(call) || calls.size > 0) return
    signal.removeEventListener('abort', tell)
    listening.delete(signal)
  }
}

function stopped(signal: AbortSignal): SeamError {
  return new SeamError('ABORTED', 'Stopped on request.', { cause: signal.reason })
}
