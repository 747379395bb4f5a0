import type { AnchorReceipt, AuditAnchor, Checkpoint } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { backoffMs, orAbort, toSeamError } from '@seamark/kit'

export interface AnchoringOptions {
  readonly anchors: readonly AuditAnchor[]
  /** Anchors take a checkpoint on seal, and otherwise at most this often. */
  readonly everyMs: number
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
  /** Waits for what is under way, but no longer than `until`. Never rejects. */
  close(until: AbortSignal): Promise<void>
}

export function anchoring(options: AnchoringOptions): Anchoring {
  const lanes = options.anchors.map((anchor) => lane(anchor, options))
  return {
    take: (checkpoint, forSeal) => lanes.forEach((each) => each.take(checkpoint, forSeal)),
    async close(until) {
      await Promise.all(lanes.map((each) => each.close(until)))
    },
  }
}

/** One anchor: takes the newest checkpoint that it should have; those before it are covered by it. */
function lane(anchor: AuditAnchor, options: AnchoringOptions): Anchoring {
  const { clock, everyMs } = options
  let next: Checkpoint | undefined
  let working: Promise<void> | undefined
  let cancelTimer: (() => void) | undefined
  let takenAt = -Infinity
  let failures = 0
  let closed = false

  async function leave(checkpoint: Checkpoint): Promise<void> {
    try {
      await options.anchored(anchor, await anchor.anchor(checkpoint))
      failures = 0
    } catch (error) {
      const seam = toSeamError(error)
      options.notice(seam)
      // Without a newer one it is this one that is tried again.
      if (seam.consequence === 'retry') next ??= checkpoint
      failures++
      await options.unanchored(anchor, checkpoint, seam.code)
    }
  }

  function work(): void {
    if (working !== undefined || next === undefined || cancelTimer !== undefined) return
    const checkpoint = next
    next = undefined
    takenAt = clock.now()
    working = leave(checkpoint)
      .catch((error: unknown) => options.notice(toSeamError(error)))
      .finally(() => {
        working = undefined
        if (closed || next === undefined) return
        if (failures === 0) return work()
        cancelTimer = clock.at(clock.now() + backoffMs(failures - 1, 1_000, Math.max(1_000, everyMs), 0.5), () => {
          cancelTimer = undefined
          work()
        })
      })
  }

  return {
    take(checkpoint, forSeal) {
      // A clock that was set back must not put the next one off.
      const since = clock.now() - takenAt
      if (closed || (!forSeal && next === undefined && since >= 0 && since < everyMs)) return
      next = checkpoint
      work()
    },
    async close(until) {
      closed = true
      cancelTimer?.()
      if (working !== undefined)
        await orAbort(working, until).catch((error: unknown) => options.notice(toSeamError(error)))
    },
  }
}
