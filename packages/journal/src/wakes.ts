import { SeamError } from '@seamark/kit'

/** Tells those who wait for news of a namespace that there may be some. */
export interface Wakes {
  notify(ns: string): void
  notifyAll(): void
  /** Resolves with true at the next `notify`, with false after `ms` where that is given. Rejects with `ABORTED`. */
  wait(ns: string, ms: number | undefined, signal?: AbortSignal): Promise<boolean>
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
        const settle = (happened: boolean): void => {
          own.delete(wake)
          clearTimeout(timer)
          signal?.removeEventListener('abort', abort)
          resolve(happened)
        }
        const wake = (): void => settle(true)
        const abort = (): void => {
          reject(new SeamError('ABORTED', 'Stopped on request.', { cause: signal?.reason }))
          settle(false)
        }
        const timer = ms === undefined ? undefined : setTimeout(() => settle(false), ms)
        own.add(wake)
        if (signal?.aborted === true) abort()
        else signal?.addEventListener('abort', abort, { once: true })
      }),
  }
}
