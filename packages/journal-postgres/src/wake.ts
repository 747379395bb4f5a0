import { SeamError } from '@seamark/kit'

/** Tells those who wait for news of a namespace that there may be some. */
export interface Wakes {
  notify(ns: string): void
  notifyAll(): void
  /** Resolves at the next `notify`, or after `ms`. Rejects with `ABORTED`. */
  wait(ns: string, ms: number, signal?: AbortSignal): Promise<void>
}

export function wakes(): Wakes {
  const waiting = new Map<string, Set<() => void>>()
  const notify = (ns: string): void => {
    const wake = waiting.get(ns)
    waiting.delete(ns)
    wake?.forEach((call) => call())
  }
  return {
    notify,
    notifyAll: () => [...waiting.keys()].forEach(notify),
    wait: (ns, ms, signal) =>
      new Promise((resolve, reject) => {
        const own = waiting.get(ns) ?? new Set()
        waiting.set(ns, own)
        const settle = (): void => {
          own.delete(settle)
          clearTimeout(timer)
          signal?.removeEventListener('abort', abort)
          resolve()
        }
        const abort = (): void => {
          reject(new SeamError('ABORTED', 'Stopped on request.', { cause: signal?.reason }))
          settle()
        }
        const timer = setTimeout(settle, ms)
        own.add(settle)
        if (signal?.aborted === true) abort()
        else signal?.addEventListener('abort', abort, { once: true })
      }),
  }
}
