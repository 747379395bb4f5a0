import type { AnchorReceipt, AuditAnchor, Checkpoint } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { backoffMs, orAbort, SeamError, toSeamError } from '@seamark/kit'

/** The cadence of an anchor that states none. */
const EVERY_MS = 600_000
/** How long an anchor may take for one checkpoint before it is asked again. */
const PATIENCE_MS = 300_000
/** How long an anchor that refuses is left alone at most, however rarely it takes a checkpoint. */
const LONGEST_BACKOFF_MS = 600_000

export interface AnchoringOptions {
  readonly anchors: readonly AuditAnchor[]
  readonly clock: Clock
  /** Records a receipt; rejects when that failed. */
  anchored(anchor: AuditAnchor, receipt: AnchorReceipt): Promise<void>
  /** Records that an anchor refused. */
  unanchored(anchor: AuditAnchor, checkpoint: Checkpoint, code: string): Promise<void>
  readonly notice: (error: Error) => void
}

/** Leaves checkpoints with the anchors, each at its own pace: one that is slow or away holds up nothing else. */
export interface Anchoring {
  take(checkpoint: Checkpoint, forSeal: boolean): void
  /** Waits for what is under way and for the last seal, but no longer than `until`. Never rejects. */
  close(until: AbortSignal): Promise<void>
}

/** Errors: `INVALID_INPUT` for an anchor whose cadence is no time. */
export function anchoring(options: AnchoringOptions): Anchoring {
  const lanes = options.anchors.map((anchor) => lane(anchor, options))
  return {
    take: (checkpoint, forSeal) => lanes.forEach((each) => each.take(checkpoint, forSeal)),
    async close(until) {
      await Promise.all(lanes.map((each) => each.close(until)))
    },
  }
}

function cadenceOf({ name, everyMs = EVERY_MS }: AuditAnchor): number {
  if (Number.isSafeInteger(everyMs) && everyMs > 0) return everyMs
  throw new SeamError('INVALID_INPUT', `The anchor ${name} wants a checkpoint every ${everyMs} ms.`, {
    remedy: 'Give it a whole number of milliseconds above 0.',
  })
}

/**
 * One anchor. It has at most one checkpoint in hand and one that waits, always the newest, which covers those before it.
 * A sealed run's goes at once; any other when the cadence has passed since the last, so that a log that falls silent
 * is left with its newest head too.
 */
function lane(anchor: AuditAnchor, options: AnchoringOptions): Anchoring {
  const { clock, notice } = options
  const everyMs = cadenceOf(anchor)
  let next: Checkpoint | undefined
  /** Whether `next` goes before its cadence: a run was sealed, or it was refused and is tried again. */
  let urgent = false
  let working: Promise<void> | undefined
  let stopWaiting: (() => void) | undefined
  let cancelTimer: (() => void) | undefined
  let takenAt = -Infinity
  let retryAt = -Infinity
  let failures = 0
  /** Size of the newest that was left. */
  let left = -1
  /** What was recorded last of a refusal: trying again does not make an idle log grow. */
  let refusal = ''
  let closed = false

  /** An anchor that never answers is taken for one that is away. */
  async function ask(checkpoint: Checkpoint): Promise<AnchorReceipt> {
    const limit = new AbortController()
    const cancel = clock.at(clock.now() + PATIENCE_MS, () => limit.abort())
    stopWaiting = cancel
    try {
      return await orAbort(anchor.anchor(checkpoint, { signal: limit.signal }), limit.signal)
    } catch (error) {
      if (!limit.signal.aborted) throw error
      throw new SeamError('TIMEOUT', `The anchor ${anchor.name} did not take a checkpoint in ${PATIENCE_MS} ms.`)
    } finally {
      cancel()
    }
  }

  async function leave(checkpoint: Checkpoint): Promise<void> {
    try {
      await options.anchored(anchor, await ask(checkpoint))
      left = checkpoint.size
      failures = 0
      retryAt = -Infinity
    } catch (error) {
      const seam = toSeamError(error)
      notice(seam)
      // Without a newer one it is this one that is tried again; what waiting does not mend, at the anchor's cadence.
      next ??= checkpoint
      urgent ||= seam.consequence === 'retry'
      const longest = Math.min(LONGEST_BACKOFF_MS, Math.max(1_000, everyMs))
      retryAt = clock.now() + backoffMs(failures++, 1_000, longest, 0.5)
      const said = `${checkpoint.size} ${seam.code}`
      if (said === refusal) return
      await options.unanchored(anchor, checkpoint, seam.code)
      refusal = said
    }
  }

  function work(): void {
    if (working !== undefined || next === undefined) return
    const checkpoint = next
    next = undefined
    urgent = false
    takenAt = clock.now()
    working = leave(checkpoint)
      .catch((error: unknown) => notice(toSeamError(error)))
      .finally(() => {
        working = undefined
        if (next !== undefined && next.size <= left) next = undefined
        if (!closed) arm()
      })
  }

  function arm(): void {
    if (working !== undefined || next === undefined) return
    cancelTimer?.()
    cancelTimer = undefined
    const now = clock.now()
    // A clock that was set back must not put the next one off.
    const forCadence = urgent ? 0 : Math.min(takenAt + everyMs - now, everyMs)
    const wait = Math.max(forCadence, Math.min(retryAt - now, LONGEST_BACKOFF_MS))
    if (wait <= 0) return work()
    cancelTimer = clock.at(now + wait, () => {
      cancelTimer = undefined
      work()
    })
  }

  return {
    take(checkpoint, forSeal) {
      if (closed || checkpoint.size <= left) return
      next = checkpoint
      urgent ||= forSeal
      arm()
    },
    async close(until) {
      closed = true
      cancelTimer?.()
      const last = async () => {
        await working
        // What was refused is left after the next start, whose first checkpoint covers it.
        if (!urgent || failures > 0) return
        work()
        await working
      }
      await orAbort(last(), until).catch((error: unknown) => notice(toSeamError(error)))
      stopWaiting?.()
    },
  }
}
