import { toSeamError } from '@seamark/kit'
import type { Deployment } from './deployment.ts'
import { canScrub } from './service-view.ts'

// The first pass leaves the start alone; later ones are there to find what disks forget.
const firstMs = 60_000
const everyMs = 24 * 3_600_000

/** Re-reads all of the journal now and then, slowly; damage is given to `onDamage`. Returns a function that stops it. */
export function scrubInBackground({ ns, journal }: Deployment, onDamage: (error: Error) => void): () => void {
  const stop = new AbortController()
  if (!canScrub(journal)) return () => stop.abort()
  const pass = async () => {
    await journal.scrub(ns, { signal: stop.signal, onDamage })
    later(everyMs)
  }
  const later = (ms: number) => {
    const timer = setTimeout(() => {
      pass().catch((error: unknown) => {
        if (!stop.signal.aborted) onDamage(toSeamError(error))
      })
    }, ms)
    timer.unref()
    stop.signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  }
  later(firstMs)
  return () => stop.abort()
}
