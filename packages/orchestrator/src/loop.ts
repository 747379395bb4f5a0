import type { Journal, JournalBatch, Lease, Projections } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { backoffMs, hasCode, retry, SeamError, sleep, toSeamError } from '@seamark/kit'
import { recordEntry } from '@seamark/log'
import { alarm } from './alarm.ts'
import type { Command, Reply } from './commands.ts'
import { beginsAnew } from './commands.ts'
import { isEarlier, withEarlier } from './earlier.ts'
import type { LaunchFacts } from './launch-facts.ts'
import { recover } from './recover.ts'
import { rowWriter } from './recovered-rows.ts'
import type { Queues } from './schedule.ts'
import { saveState } from './snapshot.ts'
import type { Staged } from './stage.ts'
import { changesOf, stage } from './stage.ts'
import type { State } from './state.ts'
import { trim } from './state.ts'
import { tidyTimers } from './timers.ts'

// One durable commit covers at most this many commands.
const COMMANDS_PER_COMMIT = 2_000
/** The next group is not decided before as many rows of the one before are written: they are made of the state. */
const ROWS_KEPT = 2_000
/** Of fewer commands a commit costs more than the time it saves. */
const COMMANDS_TO_SPLIT = 32
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
  readonly facts: LaunchFacts
  readonly random: () => number
  /** A snapshot is worth its cost after this many records, or four for each item in memory if that is more. */
  readonly recordsPerSnapshot: number
  /** Lets other work of the process go on, so that commands gather for one commit. */
  readonly yield: () => Promise<void>
  /** Called after a group is durable. Its records may be none, and the state ahead of them. The place where effects begin. Must not throw. */
  committed(group: Pick<Staged, 'records' | 'ended'>, state: State): void
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
  /** While on: launches only what belongs to attempts that have begun, and takes no submissions. */
  finish(on: boolean): void
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

/** Commands that were decided together, and what they come to: one append. */
interface Group {
  readonly waiting: readonly Waiting[]
  readonly staged: Staged
  readonly batch: JournalBatch
  /** Of the log without it and with it. */
  readonly sizes: { readonly before: number; readonly after: number }
  /** Whether rows are made of the state while they are written. */
  readonly lazy: boolean
}

/** A group that is being appended. */
interface Flight {
  readonly group: Group
  /** Resolves with why it is not durable, if it is not. Rejects where nothing can go on. */
  readonly landed: Promise<SeamError | undefined>
}

/** Recovers and starts. Errors: those of `recover`. */
export async function startLoop(options: LoopOptions): Promise<Loop> {
  const { ns, journal, lease, clock, notice } = options
  let { state, chains, replayed: sinceSnapshot } = await recover(ns, journal, rowWriter(options))
  let snapshotDue = options.recordsPerSnapshot
  let inbox: Waiting[] = []
  /** Taken from the inbox, and neither answered nor in flight. */
  let inHand: readonly Waiting[] = []
  /** While it is appended, the next group is decided. */
  let flight: Flight | undefined
  /** The next group, once it is decided: it is sent before the effects of the one before begin. */
  let ahead: Group | undefined
  /** Whether appends take so long that other work goes on meanwhile. */
  let overlapping = false
  let pumping: Promise<void> | undefined
  const closing = new AbortController()
  /** Whether the state may be ahead of the journal for good. */
  let broken = false
  let frugalUntil = 0
  let draining = false
  let finishing = false
  let alone = 0
  let failures = 0
  let timersKept = 0
  const tick = (): void => void post({ type: 'tick' })
  /** For the timer that is due first. */
  const due = alarm(clock, tick)
  const roomAgain = alarm(clock, tick)
  const mayLaunch = (): boolean => !draining && clock.now() >= frugalUntil

  function holdBack(): SeamError | undefined {
    if (draining || finishing || closing.signal.aborted) return stopping()
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

  /** Resolves with why the group is not durable, if it is not: the state is then ahead of the journal. */
  async function append({ batch, sizes, staged }: Group): Promise<SeamError | undefined> {
    try {
      await journal.append(lease, sizes.before, batch, { urgent: staged.urgent })
    } catch (error) {
      const seam = toSeamError(error)
      if (seam.consequence !== 'retry' || closing.signal.aborted) throw seam
      notice(seam)
      const { size } = await patiently(() => journal.head(ns))
      if (size === sizes.before) return seam
      if (size !== sizes.after)
        throw new SeamError('INTEGRITY', `The journal has ${size} records after an append to ${sizes.before}.`)
      // It took effect although its answer was lost.
    }
    failures = 0
    sinceSnapshot += batch.records.length
    return undefined
  }

  function takeOff(group: Group): void {
    const landed = append(group).then((error) => {
      if (error === undefined) {
        flight = undefined
        if (ahead !== undefined) takeOff(ahead)
        ahead = undefined
        settle(group)
      }
      return error
    })
    // `land` tells of it; until that is called nobody listens.
    landed.catch(() => undefined)
    flight = { group, landed }
  }

  /**
   * Waits until nothing is being appended. Whether all of it is durable; if not, its commands and those taken after
   * them wait again, and the state knows of none.
   */
  async function land(): Promise<boolean> {
    if (flight === undefined) return true
    const { group, landed } = flight
    const error = await landed
    if (error === undefined) return true
    await takeBack([...group.waiting, ...inHand], error)
    return false
  }

  async function takeBack(waiting: readonly Waiting[], error: SeamError): Promise<void> {
    await rebuild()
    flight = ahead = undefined
    const full = hasCode(error, 'LIMIT_EXCEEDED')
    const again: Waiting[] = []
    for (const each of waiting) {
      // Nobody waits for long to hear that it stopped, and a full disk is news to whoever brings work.
      if (each.command.type === 'close') each.resolve({ ok: false, error })
      else if (full && beginsAnew(each.command)) each.resolve({ ok: false, error: diskFull() })
      else again.push(each)
    }
    inbox = [...again, ...inbox]
    if (full) {
      frugalUntil = clock.now() + FRUGAL_MS
      roomAgain.set(frugalUntil)
    }
    const wait = backoffMs(failures++, RETRY_MS, MAX_RETRY_MS, 1)
    // It rejects when the loop is closed: what waits is then tried once more, or answered with its error.
    await sleep(wait, closing.signal, clock).catch(() => undefined)
  }

  /** The state is ahead of the journal: it is made anew from what is durable. */
  async function rebuild(): Promise<void> {
    ;({ state, chains, replayed: sinceSnapshot } = await patiently(() => recover(ns, journal, rowWriter(options))))
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
    if (!(await land())) return
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

  function settle({ waiting, staged, lazy }: Group): void {
    const { records, replies, items } = staged
    waiting.forEach(({ resolve }, index) => resolve(replies[index] ?? { ok: true }))
    for (const { kind, run } of records) if (kind === 'run.sealed' && run !== undefined) chains.forget(run)
    if (lazy) for (const item of items.keys()) trim(item)
    options.committed(staged, state)
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
    // Who starts from it would never write the rows that a recovery has left.
    if (state.todo.usage.size > 0) return
    sinceSnapshot = 0
    await journal.saveState(lease, saveState(state, chains)).catch((error: unknown) => notice(toSeamError(error)))
  }

  /** The next group. None where its commands wait again, or can not be recorded. */
  async function decided(): Promise<Group | undefined> {
    inHand = inbox.splice(0, groupSize())
    alone = Math.max(0, alone - 1)
    if (inHand.some(({ command }) => isEarlier(state, command)) && !(await land())) return undefined
    const waiting = (inHand = await fill(inHand))
    const before = state.size
    let staged: Staged
    try {
      staged = stage(
        state,
        chains,
        waiting.map(({ command }) => command),
        { ...options, now: clock.now(), epoch: lease.epoch, holdBack: holdBack(), finishing: finishing && mayLaunch() },
      )
    } catch (error) {
      await unplaceable(waiting, error)
      return undefined
    }
    const { records, payloads, nodes } = staged.batch
    const lazy = staged.items.size > ROWS_KEPT
    const rows = changesOf(staged, chains)
    const changes = lazy ? rows : [...rows]
    if (!lazy) for (const item of staged.items.keys()) trim(item)
    const batch = { records: records.map(recordEntry), payloads, nodes, changes }
    return { waiting, staged, batch, sizes: { before, after: state.size }, lazy }
  }

  function groupSize(): number {
    if (alone > 0) return 1
    const split = overlapping && flight === undefined && inbox.length >= COMMANDS_TO_SPLIT
    // The second half is decided while the first one is appended.
    return split ? Math.ceil(inbox.length / 2) : COMMANDS_PER_COMMIT
  }

  /** Decides the next group while the one before is appended, and appends it after that. */
  async function advance(): Promise<void> {
    const group = await decided()
    if (group !== undefined) {
      if (group.staged.records.length === 0) {
        if (await land()) settle(group)
      } else if (flight === undefined) takeOff(group)
      else {
        ahead = group
        await land()
      }
    }
    inHand = []
    await options.yield()
    overlapping = flight !== undefined
  }

  /** Whether what comes next has to wait for the append that is under way. */
  function mustLand(): boolean {
    if (flight === undefined) return false
    return inbox.length === 0 || flight.group.lazy || sinceSnapshot >= snapshotDue
  }

  async function pump(): Promise<void> {
    await options.yield()
    while (inbox.length > 0 || flight !== undefined) {
      if (mustLand()) {
        await land()
        await options.yield()
      } else await advance()
      if (flight === undefined) await snapshotIfDue()
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
        for (const { resolve } of [...(flight?.group.waiting ?? []), ...inHand, ...inbox.splice(0)])
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
    due.set(closing.signal.aborted ? undefined : state.timers.peek()?.at)
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
    finish: (on) => void (finishing = on),
    post,
    async close() {
      closing.abort()
      due.set(undefined)
      roomAgain.set(undefined)
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
