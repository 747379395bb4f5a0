import { watch } from 'node:fs'
import { SeamError } from '@seamark/kit'

/** Tells readers that follow a namespace that there may be more. */
export interface Wakes {
  notify(ns: string): void
  notifyAll(): void
  /**
   * Resolves at the next `notify`, when a file in `folder` changes, or after `ms`; the last two only
   * where given. Says whether something happened. Rejects with `ABORTED`.
   */
  wait(
    ns: string,
    outside: { readonly folder: string; readonly ms: number } | undefined,
    signal?: AbortSignal,
  ): Promise<boolean>
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
    wait: (ns, outside, signal) =>
      new Promise((resolve, reject) => {
        const own = waiting.get(ns) ?? new Set()
        waiting.set(ns, own)
        const settle = (happened: boolean): void => {
          own.delete(wake)
          clearTimeout(timer)
          stopWatching()
          signal?.removeEventListener('abort', abort)
          resolve(happened)
        }
        const wake = (): void => settle(true)
        const abort = (): void => {
          reject(new SeamError('ABORTED', 'Stopped on request.', { cause: signal?.reason }))
          settle(true)
        }
        own.add(wake)
        signal?.addEventListener('abort', abort, { once: true })
        const timer = outside && setTimeout(() => settle(false), outside.ms)
        const stopWatching = outside === undefined ? () => undefined : watchFolder(outside.folder, wake)
      }),
  }
}

function watchFolder(folder: string, wake: () => void): () => void {
  try {
    const watcher = watch(folder, wake)
    // Where the folder can not be watched (any more), the timer is what is left.
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    return () => undefined
  }
}
