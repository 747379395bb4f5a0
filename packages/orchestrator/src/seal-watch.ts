import type { RunOutcome } from '@seamark/core'
import type { SeamError } from '@seamark/kit'

// Let go of after this many: later questions are answered from the projection.
const SEALS_REMEMBERED = 10_000

/** Tells who waits for a run when its seal is durable, and when it is under a signed checkpoint. */
export interface SealWatch {
  /** Whether the run was sealed under this engine, as far as is remembered. */
  knows(run: string): boolean
  sealed(run: string, seq: number, status: RunOutcome): void
  /** A checkpoint of this size is signed. */
  signed(size: number): void
  /** Resolves when the run's seal is signed. Errors: that of `end`. */
  wait(run: string): Promise<RunOutcome>
  /** Resolves when the next checkpoint is signed. Errors: that of `end`. */
  nextSigned(): Promise<void>
  /** Nothing will be sealed or signed any more. */
  end(error: SeamError): void
}

export function sealWatch(): SealWatch {
  const waiting = new Map<string, PromiseWithResolvers<RunOutcome>>()
  const open = new Map<string, { readonly seq: number; readonly status: RunOutcome }>()
  const done = new Map<string, RunOutcome>()
  const next = new Set<PromiseWithResolvers<void>>()
  let over: SeamError | undefined
  return {
    knows: (run) => open.has(run) || done.has(run),
    sealed: (run, seq, status) => void open.set(run, { seq, status }),
    signed(size) {
      for (const [run, { seq, status }] of open) {
        if (seq >= size) continue
        open.delete(run)
        done.set(run, status)
        waiting.get(run)?.resolve(status)
        waiting.delete(run)
      }
      for (const run of done.keys()) {
        if (done.size <= SEALS_REMEMBERED) break
        done.delete(run)
      }
      for (const each of next) each.resolve()
      next.clear()
    },
    wait(run) {
      const status = done.get(run)
      if (status !== undefined) return Promise.resolve(status)
      if (over !== undefined) return Promise.reject(over)
      const entry = waiting.get(run) ?? Promise.withResolvers<RunOutcome>()
      waiting.set(run, entry)
      return entry.promise
    },
    nextSigned() {
      if (over !== undefined) return Promise.reject(over)
      const entry = Promise.withResolvers<void>()
      next.add(entry)
      return entry.promise
    },
    end(error) {
      over = error
      for (const { reject, promise } of [...waiting.values(), ...next]) {
        // Whoever waits is told; where all have given up since, the rejection would end the process.
        promise.catch(() => undefined)
        reject(error)
      }
      waiting.clear()
      next.clear()
    },
  }
}
