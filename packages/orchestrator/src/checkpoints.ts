import type { AnchorReceipt, AuditAnchor, Checkpoint, Journal, Lease, Signer } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { backoffMs, toSeamError } from '@seamark/kit'
import { signCheckpoint } from '@seamark/log'

/** No more than one periodic checkpoint in this time. */
export const CHECKPOINT_MS = 1_000

export interface CheckpointerOptions {
  readonly origin: string
  readonly journal: Journal
  readonly lease: Lease
  readonly signer: Signer
  readonly anchors: readonly AuditAnchor[]
  /** Anchors take a checkpoint on seal, and otherwise at most this often. */
  readonly anchorEveryMs: number
  readonly clock: Clock
  /** Commits to the present head durably; `undefined` when nothing came since the last. */
  commit(): Promise<{ readonly size: number; readonly root: string } | undefined>
  anchored(anchor: AuditAnchor, receipt: AnchorReceipt): Promise<void>
  unanchored(anchor: AuditAnchor, checkpoint: Checkpoint, code: string): Promise<void>
  signed(checkpoint: Checkpoint): void
  notice(error: Error): void
}

/** Signs heads of the log, one at a time, and leaves them with the anchors. */
export interface Checkpointer {
  /** A run was sealed: a checkpoint is due now. */
  sealed(): void
  /** Records came: a checkpoint is due within a second. */
  dirty(): void
  /** Signs what is due and ends. */
  close(): Promise<void>
}

export function checkpointer(options: CheckpointerOptions): Checkpointer {
  const { clock, journal, lease } = options
  let working: Promise<void> | undefined
  let due: 'no' | 'periodic' | 'seal' = 'no'
  let lastAt = 0
  let anchoredAt = 0
  let failures = 0
  let closed = false
  let cancelTimer: (() => void) | undefined

  /** A head that was committed and not signed yet: signing waits for the signer, the log goes on. */
  let pending: { readonly size: number; readonly root: string } | undefined

  async function sign(forSeal: boolean): Promise<void> {
    pending = (await options.commit()) ?? pending
    if (pending === undefined) return
    const checkpoint = await signCheckpoint({ origin: options.origin, ...pending }, options.signer)
    await journal.commitCheckpoint(lease, checkpoint)
    pending = undefined
    failures = 0
    options.signed(checkpoint)
    if (!forSeal && clock.now() - anchoredAt < options.anchorEveryMs) return
    anchoredAt = clock.now()
    for (const anchor of options.anchors) await leave(anchor, checkpoint)
  }

  async function leave(anchor: AuditAnchor, checkpoint: Checkpoint): Promise<void> {
    try {
      await options.anchored(anchor, await anchor.anchor(checkpoint))
    } catch (error) {
      const seam = toSeamError(error)
      options.notice(seam)
      await options.unanchored(anchor, checkpoint, seam.code)
    }
  }

  function work(): void {
    if (working !== undefined || due === 'no') return
    const forSeal = due === 'seal'
    due = 'no'
    lastAt = clock.now()
    working = sign(forSeal)
      .catch((error: unknown) => {
        if (lease.lost.aborted) return
        options.notice(toSeamError(error))
        // What waits for this signature goes on waiting; nothing is lost.
        due = forSeal ? 'seal' : 'periodic'
        failures++
      })
      .finally(() => {
        working = undefined
        if (!closed) arm()
      })
  }

  function arm(): void {
    if (due === 'no' || working !== undefined) return
    const wait =
      failures > 0 ? backoffMs(failures, 500, 30_000, 0.5) : due === 'seal' ? 0 : lastAt + CHECKPOINT_MS - clock.now()
    cancelTimer?.()
    cancelTimer = undefined
    if (wait <= 0) return work()
    cancelTimer = clock.at(clock.now() + wait, () => {
      cancelTimer = undefined
      work()
    })
  }

  return {
    sealed() {
      due = 'seal'
      if (!closed) arm()
    },
    dirty() {
      if (due !== 'no' || closed) return
      due = 'periodic'
      arm()
    },
    async close() {
      closed = true
      cancelTimer?.()
      await working
      due = 'periodic'
      work()
      await working
    },
  }
}
