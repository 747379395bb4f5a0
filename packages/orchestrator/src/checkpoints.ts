import type { Checkpoint, Journal, Lease, Signer } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { backoffMs, orAbort, toSeamError } from '@seamark/kit'
import { signCheckpoint } from '@seamark/log'

/** No more than one periodic checkpoint in this time. */
const CHECKPOINT_MS = 1_000

export interface CheckpointerOptions {
  readonly origin: string
  readonly journal: Journal
  readonly lease: Lease
  readonly signer: Signer
  readonly clock: Clock
  /** Commits to the present head durably; `undefined` when nothing came since the last. */
  commit(): Promise<{ readonly size: number; readonly root: string } | undefined>
  /** A checkpoint is signed and kept; `forSeal` where a sealed run waited for it. Must not throw. */
  signed(checkpoint: Checkpoint, forSeal: boolean): void
  readonly notice: (error: Error) => void
}

/** Signs heads of the log, one at a time. */
export interface Checkpointer {
  /** A run was sealed: a checkpoint is due now. */
  sealed(): void
  /** Records came: a checkpoint is due within a second. */
  dirty(): void
  /** Signs what is due and ends; what could not be signed by the time `until` fires is signed after the next start. Never rejects. */
  close(until: AbortSignal): Promise<void>
}

export function checkpointer(options: CheckpointerOptions): Checkpointer {
  const { clock, journal, lease } = options
  let working: Promise<void> | undefined
  let due: 'no' | 'periodic' | 'seal' = 'no'
  /** Not before this time is the next one signed. */
  let notBefore = 0
  /** When the next one is due if no run is sealed before. */
  let nextPeriodic = 0
  let failures = 0
  let closed = false
  let cancelTimer: (() => void) | undefined

  let newest: Checkpoint | undefined
  /** A head that was committed and not signed yet: signing waits for the signer, the log goes on. */
  let pending: { readonly size: number; readonly root: string } | undefined

  async function sign(forSeal: boolean): Promise<void> {
    pending = (await options.commit()) ?? pending
    // The one that was under way when the run was sealed may cover its seal already.
    if (pending === undefined) return forSeal && newest !== undefined ? options.signed(newest, true) : undefined
    const checkpoint = await signCheckpoint({ origin: options.origin, ...pending }, options.signer)
    await journal.commitCheckpoint(lease, checkpoint)
    pending = undefined
    newest = checkpoint
    options.signed(checkpoint, forSeal)
  }

  function work(): void {
    if (working !== undefined || due === 'no') return
    const forSeal = due === 'seal'
    due = 'no'
    notBefore = 0
    const periodicAt = clock.now() + CHECKPOINT_MS
    working = sign(forSeal)
      .then(
        () => {
          failures = 0
          nextPeriodic = periodicAt
        },
        (error: unknown) => {
          if (lease.lost.aborted) return
          options.notice(toSeamError(error))
          // What waits for this signature goes on waiting; nothing is lost.
          if (due !== 'seal') due = forSeal ? 'seal' : 'periodic'
          notBefore = clock.now() + backoffMs(failures++, 500, 30_000, 0.5)
        },
      )
      .finally(() => {
        working = undefined
        if (!closed) arm()
      })
  }
  function arm(): void {
    if (due === 'no' || working !== undefined) return
    const now = clock.now()
    // A clock that was set back must not put the next one off.
    const wait = Math.max(notBefore - now, due === 'seal' ? 0 : Math.min(nextPeriodic - now, CHECKPOINT_MS))
    cancelTimer?.()
    cancelTimer = undefined
    if (wait <= 0) return work()
    cancelTimer = clock.at(now + wait, () => {
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
    async close(until) {
      closed = true
      cancelTimer?.()
      const last = async () => {
        await working
        if (due === 'no') due = 'periodic'
        work()
        await working
      }
      await orAbort(last(), until).catch((error: unknown) => options.notice(toSeamError(error)))
    },
  }
}
