import { toSeamError } from '@seamark/kit'
import type { Deployment } from './deployment.ts'
import { canScrub } from './diagnose.ts'

// The first pass leaves the start alone; later ones are there to find what disks forget.
const firstMs = 60_000
const everyMs = 24 * 3_600_000

export interface ScrubHooks {
  readonly onDamage: (error: Error) => void
  /** The journal was away; it is tried again. */
  readonly onNotice: (error: Error) => void
}

/** Re-reads all of the journal now and then, slowly. Returns a function that stops it. */
export function scrubInBackground({ ns, journal }: Deployment, { onDamage, onNotice }: ScrubHooks): () => void {
  const stop = new AbortController()
  if (!canScrub(journal)) return () => stop.abort()
  const pass = async () => {
    await journal.scrub(ns, { signal: stop.signal, onDamage })
    later(everyMs)
  }
  const later = (ms: number) => {
    const timer = setTimeout(() => {
      pass().catch((error: unknown) => {
        if (stop.signal.aborted) return
        const seam = toSeamError(error)
        if (seam.consequence !== 'retry') return onDamage(seam)
        onNotice(seam)
        later(firstMs)
      })
    }, ms)
    timer.unref()
    stop.signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  }
  later(firstMs)
  return () => stop.abort()
}
