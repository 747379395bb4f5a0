import type { AnyRecord, Journal, Lease, Projections } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { backoffMs, hasCode, retry, SeamError, sleep, toSeamError } from '@seamark/kit'
import { recordEntry } from '@seamark/log'
import type { Command, Reply } from './commands.ts'
import { withEarlier } from './earlier.ts'
import { recover } from './recover.ts'
import type { Queues } from './schedule.ts'
import { saveState } from './snapshot.ts'
import type { Staged } from './stage.ts'
import { changesOf, stage } from './stage.ts'
import type { State } from './state.ts'
import { trim } from './state.ts'
import { tidyTimers } from './timers.ts'

// One durable commit covers at most this many commands.
const COMMANDS_PER_COMMIT = 2_000
/** How long after a full disk launches are tried again. */
const FRUGAL_MS = 5_000
/** How long after a failed append it is tried again: at first, and at most. */
const RETRY_MS = 200
const MAX_RETRY_MS = 5_000

export interface LoopOptions {
  readonly ns: string
  readonly journal: Journal
  readonly projections: Projections
  readonly lease: Lease
  readonly clock: Clock
  readonly queues: Queues
  readonly random: () => number
  /** A snapshot is worth its cost after this many records, or four for each item in memory if that is more. */
  readonly recordsPerSnapshot: number
  /** Lets other work of the process go on, so that commands gather for one commit. */
  readonly yield: () => Promise<void>
  /** Called after a batch is durable, with its records, which may be none. The place where effects begin. Must not throw. */
  committed(records: readonly AnyRecord[], state: State): void
  readonly notice: (error: Error) => void
  /** The loop can not go on. */
  failed(error: Error): void
}

/** The one writer: takes commands, makes records durable in groups, then lets their effects happen. */
export interface Loop {
  readonly state: State
  /** Whether nothing is launched now because the disk is full. */
  readonly frugal: boolean
  /** Launches nothing and takes no submissions any more. */
  drain(): void
  /** Resolves with the answer once the command's records are durable. Never rejects. */
  post(command: Command): Promise<Reply>
  /**
   * Commits what is waiting and takes no more. While nothing can be appended, what waits is answered
   * with that error and is not recorded. Never rejects.
   */
  close(): Promise<void>
}

interface Waiting {
  readonly command: Command
  readonly resolve: (reply: Reply) => void
}

/** Recovers and starts. Errors: those of `recover`. */
export async function startLoop(options: LoopOptions): Promise<Loop> {
  const { ns, journal, lease, clock, notice } = options
  let { state, chains, replayed: sinceSnapshot } = await recover(ns, journal)
  let snapshotDue = options.recordsPerSnapshot
  let inbox: Waiting[] = []
  /** Taken from the inbox and not answered. */
  let inHand: readonly Waiting[] = []
  let pumping: Promise<void> | undefined
  const closing = new AbortController()
  /** Whether the state may be ahead of the journal for good. */
  let broken = false
  let frugalUntil = 0
  let cancelFrugal: (() => void) | undefined
  let draining = false
  let alone = 0
  let failures = 0
  let wake: { readonly at: number; readonly cancel: () => void } | undefined
  let timersKept = 0

  function holdBack(): SeamError | undefined {
    if (draining || closing.signal.aborted) return stopping()
    return clock.now() < frugalUntil ? diskFull() : undefined
  }

  async function fill(waiting: readonly Waiting[]): Promise<Waiting[]> {
    const filled: Waiting[] = []
    for (const { command, resolve } of waiting) {
      try {
        filled.push({ command: await withEarlier(state, options.projections, command), resolve })
      } catch (error) {
        resolve({ ok: false, error: toSeamError(error) })
      }
    }
    return filled
  }

  /** Whether the batch is durable. If not, state and inbox are as if it had never been staged. */
  async function append(waiting: readonly Waiting[], before: number, staged: Staged): Promise<boolean> {
    const { records, payloads, nodes } = staged.batch
    const batch = { records: records.map(recordEntry), payloads, nodes, changes: changesOf(staged, chains) }
    try {
      await journal.append(lease, before, batch, { urgent: staged.urgent })
    } catch (error) {
      const seam = toSeamError(error)
      if (seam.consequence !== 'retry' || closing.signal.aborted) throw seam
      notice(seam)
      const { size } = await patiently(() => journal.head(ns))
      if (size !== state.size) {
        if (size !== before)
          throw new SeamError('INTEGRITY', `The journal has ${size} records after an append to ${before}.`)
        await takeBack(waiting, seam)
        return false
      }
      // It took effect although its answer was lost.
    }
    failures = 0
    sinceSnapshot += records.length
    return true
  }

  async function takeBack(waiting: readonly Waiting[], error: SeamError): Promise<void> {
    await rebuild()
    const full = hasCode(error, 'LIMIT_EXCEEDED')
    const again: Waiting[] = []
    for (const each of waiting) {
      // Nobody waits for long to hear that it stopped, and a full disk is news to whoever submits.
      if (each.command.type === 'close') each.resolve({ ok: false, error })
      else if (full && each.command.type === 'submit') each.resolve({ ok: false, error: diskFull() })
      else again.push(each)
    }
    inbox = [...again, ...inbox]
    if (full) {
      frugalUntil = clock.now() + FRUGAL_MS
      cancelFrugal?.()
      cancelFrugal = clock.at(frugalUntil, () => void post({ type: 'tick' }))
    }
    const wait = backoffMs(failures++, RETRY_MS, MAX_RETRY_MS, 1)
    // It rejects when the loop is closed: what waits is then tried once more, or answered with its error.
    await sleep(wait, closing.signal, clock).catch(() => undefined)
  }

  /** The state is ahead of the journal: it is made anew from what is durable. */
  async function rebuild(): Promise<void> {
    ;({ state, chains, replayed: sinceSnapshot } = await patiently(() => recover(ns, journal)))
    arm()
  }

  function patiently<T>(call: () => Promise<T>): Promise<T> {
    const patience = { attempts: Infinity, minDelayMs: RETRY_MS, maxDelayMs: MAX_RETRY_MS, random: options.random }
    return retry(call, { ...patience, signal: closing.signal, clock })
  }

  /** A command whose records do not fit must not take the others with it: each is tried alone. */
  async function unplaceable(waiting: readonly Waiting[], error: unknown): Promise<void> {
    const seam = toSeamError(error)
    if (seam.code !== 'LIMIT_EXCEEDED' && seam.code !== 'INVALID_INPUT') throw seam
    await rebuild()
    const [first] = waiting
    if (waiting.length > 1) {
      alone = waiting.length
      inbox = [...waiting, ...inbox]
      return
    }
    if (first?.command.type !== 'end') return first?.resolve({ ok: false, error: seam })
    // An end that were dropped would leave its item running for ever.
    const { end } = first.command
    if (end.type === 'error' && end.detail === '') throw seam
    const detail = end.type === 'report' ? seam.message : ''
    const command = { ...first.command, end: { type: 'error', stage: 'capture', code: seam.code, detail } } as const
    inbox = [{ ...first, command }, ...inbox]
  }

  function settle(waiting: readonly Waiting[], { records, replies, items }: Staged): void {
    waiting.forEach(({ resolve }, index) => resolve(replies[index] ?? { ok: true }))
    inHand = []
    for (const { kind, run } of records) if (kind === 'run.sealed' && run !== undefined) chains.forget(run)
    for (const item of items.keys()) trim(item)
    options.committed(records, state)
    arm()
  }

  async function snapshotIfDue(): Promise<void> {
    if (sinceSnapshot < snapshotDue) return
    let live = 0
    for (const run of state.runs.values()) live += run.items.length
    snapshotDue = Math.max(options.recordsPerSnapshot, 4 * live)
    if (sinceSnapshot < snapshotDue) return
    snapshotDue = options.recordsPerSnapshot
    await snapshot()
  }

  /** Only a shortcut: without it recovery replays more. */
  async function snapshot(): Promise<void> {
    sinceSnapshot = 0
    await journal.saveState(lease, saveState(state, chains)).catch((error: unknown) => notice(toSeamError(error)))
  }

  async function pump(): Promise<void> {
    while (inbox.length > 0) {
      await options.yield()
      inHand = inbox.splice(0, alone > 0 ? 1 : COMMANDS_PER_COMMIT)
      alone = Math.max(0, alone - 1)
      const waiting = await fill(inHand)
      const before = state.size
      let staged: Staged
      try {
        staged = stage(
          state,
          chains,
          waiting.map(({ command }) => command),
          {
            now: clock.now(),
            random: options.random,
            epoch: lease.epoch,
            queues: options.queues,
            holdBack: holdBack(),
          },
        )
      } catch (error) {
        await unplaceable(waiting, error)
        continue
      }
      if (staged.records.length > 0 && !(await append(waiting, before, staged))) continue
      settle(waiting, staged)
      await snapshotIfDue()
    }
  }

  function post(command: Command): Promise<Reply> {
    return new Promise((resolve) => {
      if (closing.signal.aborted) return resolve({ ok: false, error: stopping() })
      inbox.push({ command, resolve })
      start()
    })
  }

  function start(): void {
    pumping ??= pump()
      .catch((error: unknown) => {
        const seam = toSeamError(error)
        const asked = closing.signal.aborted
        broken = true
        closing.abort()
        for (const { resolve } of [...inHand, ...inbox.splice(0)])
          resolve({ ok: false, error: asked ? stopping() : seam })
        if (asked) notice(seam)
        else options.failed(seam)
      })
      .finally(() => {
        pumping = undefined
        if (inbox.length > 0) start()
      })
  }

  function arm(): void {
    timersKept = tidyTimers(state, timersKept)
    const at = closing.signal.aborted ? undefined : state.timers.peek()?.at
    if (at === wake?.at) return
    wake?.cancel()
    wake = at === undefined ? undefined : { at, cancel: clock.at(at, ring) }
  }

  function ring(): void {
    wake = undefined
    void post({ type: 'tick' })
  }

  arm()
  return {
    get state() {
      return state
    },
    get frugal() {
      return clock.now() < frugalUntil
    },
    drain: () => void (draining = true),
    post,
    async close() {
      closing.abort()
      wake?.cancel()
      cancelFrugal?.()
      await pumping
      if (sinceSnapshot > 0 && !broken && !lease.lost.aborted) await snapshot()
    },
  }
}

function stopping(): SeamError {
  return new SeamError('UNAVAILABLE', 'The engine is stopping, or has stopped.', {
    remedy: 'Try again when the service has started again.',
  })
}

function diskFull(): SeamError {
  return new SeamError(
    'LIMIT_EXCEEDED',
    'The disk of the data folder is full: no new work is taken until there is room.',
    { remedy: 'Free disk space; running work is settled meanwhile.' },
  )
}
