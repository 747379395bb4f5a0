import type { AnyRecord, Journal, Lease } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { hasCode, SeamError, toSeamError } from '@seamark/kit'
import { emptyBatch, recordEntry, toHex } from '@seamark/log'
import type { Command, Reply } from './commands.ts'
import { decide } from './decide.ts'
import { fold } from './fold.ts'
import type { Ledger, SealedTail } from './ledger.ts'
import { itemRow, runRow } from './project.ts'
import { react } from './react.ts'
import { recover } from './recover.ts'
import type { Queues } from './schedule.ts'
import { saveState } from './snapshot.ts'
import type { Item, Run, State } from './state.ts'

// One durable commit covers at most this many commands.
const COMMANDS_PER_COMMIT = 2_000
/** A snapshot is worth its cost after this many records, or four for each item in memory if that is more. */
const RECORDS_PER_SNAPSHOT = 20_000
/** How long after a full disk launches are tried again. */
const FRUGAL_MS = 5_000

export interface LoopOptions {
  readonly ns: string
  readonly journal: Journal
  readonly lease: Lease
  readonly clock: Clock
  readonly queues: Queues
  readonly random: () => number
  /** Lets other work of the process go on, so that commands gather for one commit. */
  readonly yield: () => Promise<void>
  /** Called after a batch is durable, with its records. The place where effects begin. */
  committed(records: readonly AnyRecord[], state: State): void
  notice(error: Error): void
  /** The loop can not go on. */
  failed(error: Error): void
}

/** The one writer: takes commands, makes records durable in groups, then lets their effects happen. */
export interface Loop {
  readonly state: State
  readonly frugal: boolean
  /** Resolves with the answer once the command's records are durable. */
  post(command: Command, sealed?: SealedTail): Promise<Reply>
  /** Commits what is waiting and takes no more. */
  close(): Promise<void>
}

interface Waiting {
  readonly command: Command
  readonly sealed?: SealedTail
  readonly resolve: (reply: Reply) => void
}

export async function startLoop(options: LoopOptions): Promise<Loop> {
  const { ns, journal, lease, clock } = options
  let { state, chains, replayed: sinceSnapshot } = await recover(ns, journal)
  let inbox: Waiting[] = []
  let pumping: Promise<void> | undefined
  let closed = false
  let frugal = false
  let wake: { readonly at: number; readonly cancel: () => void } | undefined

  interface Staged {
    readonly records: AnyRecord[]
    readonly batch: ReturnType<typeof emptyBatch>
    readonly runs: Set<Run>
    readonly items: Map<Item, string>
    readonly replies: Reply[]
    urgent: boolean
  }

  function stage(waiting: readonly Waiting[], now: number): Staged {
    const staged: Staged = { records: [], batch: emptyBatch(), runs: new Set(), items: new Map(), replies: [], urgent: true }
    const touch = (run: Run, item?: Item) => {
      staged.runs.add(run)
      if (item !== undefined) staged.items.set(item, run.id)
    }
    const apply = (drafts: ReturnType<typeof react>) => {
      for (const draft of drafts) {
        const { header } = chains.place(draft, now, lease.epoch, staged.batch)
        fold(state, header, draft.payload?.bytes, touch)
        staged.records.push(header)
        if (header.kind === 'item.launched' || header.kind === 'layer.launched' || header.kind === 'run.submitted') staged.urgent = false
      }
    }
    for (const { command, sealed } of waiting) {
      if (frugal && command.type === 'submit') {
        staged.replies.push({ ok: false, error: diskFull() })
        continue
      }
      if (sealed !== undefined && command.type === 'cancel' && !state.runs.has(command.run)) chains.reopen(command.run, sealed)
      // The head that a checkpoint commits to is the one before its own record.
      const filled = command.type === 'checkpoint' ? { ...command, root: toHex(chains.frontier.root()) } : command
      const { drafts, reply } = decide(state, filled, { now, random: options.random() })
      apply(drafts)
      staged.replies.push(reply)
    }
    const seal: Ledger['seal'] = (run, status) => chains.seal(run, status)
    const reaction = { queues: options.queues, get frugal() { return frugal || closed }, seal }
    for (let drafts = react(state, reaction); drafts.length > 0; drafts = react(state, reaction)) apply(drafts)
    return staged
  }

  async function commit(waiting: readonly Waiting[]): Promise<void> {
    const before = state.size
    const staged = stage(waiting, clock.now())
    if (staged.records.length > 0) {
      const { records, payloads, nodes } = staged.batch
      const changes = [
        ...[...staged.runs].map((run) => ({ projection: 'runs' as const, row: runRow(run, run.sealedAt === undefined ? undefined : chains.tail(run.id)) })),
        ...[...staged.items].map(([item, run]) => ({ projection: 'items' as const, row: itemRow(run, item) })),
      ]
      await journal.append(lease, before, { records: records.map(recordEntry), payloads, nodes, changes }, { urgent: staged.urgent })
      sinceSnapshot += records.length
    }
    waiting.forEach(({ resolve }, index) => resolve(staged.replies[index] ?? { ok: true }))
    for (const { kind, run } of staged.records) if (kind === 'run.sealed' && run !== undefined) chains.forget(run)
    for (const item of staged.items.keys()) if (item.phase === 'settled' && item.dependents.length === 0) delete item.product
    if (staged.records.length > 0) options.committed(staged.records, state)
    arm()
    await snapshotIfDue()
  }

  async function snapshotIfDue(): Promise<void> {
    let live = 0
    for (const run of state.runs.values()) live += run.items.length
    if (sinceSnapshot < Math.max(RECORDS_PER_SNAPSHOT, 4 * live)) return
    sinceSnapshot = 0
    // Only a shortcut: without it recovery replays more.
    await journal.saveState(lease, saveState(state, chains)).catch((error: unknown) => options.notice(toSeamError(error)))
  }

  /** After a failed append the state is ahead of the journal: it is made anew from what is durable. */
  async function rebuild(): Promise<void> {
    ;({ state, chains, replayed: sinceSnapshot } = await recover(ns, journal))
  }

  async function failedCommit(waiting: readonly Waiting[], before: number, error: unknown): Promise<void> {
    const seam = toSeamError(error)
    if (seam.consequence !== 'retry') {
      // A command whose records can not be placed must not take the others with it.
      const unplaceable = !hasCode(error, 'CONFLICT') && !hasCode(error, 'INTEGRITY') && waiting.length === 1 && waiting[0]?.command.type === 'submit'
      if (!unplaceable) throw seam
      await rebuild()
      waiting[0]?.resolve({ ok: false, error: seam })
      return
    }
    options.notice(seam)
    const { size } = await journal.head(ns)
    await rebuild()
    if (size > before) {
      // The append took effect although its answer was lost. Its answers are given; its effects follow from the state.
      for (const { resolve } of waiting) resolve({ ok: true })
      options.committed([], state)
      return
    }
    if (hasCode(error, 'LIMIT_EXCEEDED')) {
      frugal = true
      clock.at(clock.now() + FRUGAL_MS, () => {
        frugal = false
        void post({ type: 'tick' })
      })
      const [submits, others] = [waiting.filter((each) => each.command.type === 'submit'), waiting.filter((each) => each.command.type !== 'submit')]
      for (const { resolve } of submits) resolve({ ok: false, error: diskFull() })
      inbox = [...others, ...inbox]
    } else {
      inbox = [...waiting, ...inbox]
    }
    await new Promise<void>((resolve) => clock.at(clock.now() + 100, resolve))
  }

  async function pump(): Promise<void> {
    while (inbox.length > 0) {
      await options.yield()
      const waiting = inbox.splice(0, COMMANDS_PER_COMMIT)
      const before = state.size
      try {
        await commit(waiting)
      } catch (error) {
        await failedCommit(waiting, before, error)
      }
    }
  }

  function post(command: Command, sealed?: SealedTail): Promise<Reply> {
    return new Promise((resolve) => {
      if (closed) return resolve({ ok: false, error: new SeamError('UNAVAILABLE', 'The engine has stopped.') })
      inbox.push({ command, resolve, ...(sealed && { sealed }) })
      start()
    })
  }

  function start(): void {
    pumping ??= pump()
      .catch((error: unknown) => {
        closed = true
        const seam = toSeamError(error)
        for (const { resolve } of inbox.splice(0)) resolve({ ok: false, error: seam })
        options.failed(seam)
      })
      .finally(() => {
        pumping = undefined
        if (inbox.length > 0 && !closed) start()
      })
  }

  function arm(): void {
    const at = state.timers.peek()?.at
    if (at === wake?.at) return
    wake?.cancel()
    wake = at === undefined || closed ? undefined : { at, cancel: clock.at(at, () => {
      wake = undefined
      void post({ type: 'tick' })
    }) }
  }

  arm()
  return {
    get state() {
      return state
    },
    get frugal() {
      return frugal
    },
    post,
    async close() {
      closed = true
      wake?.cancel()
      await pumping
      if (sinceSnapshot > 0 && !lease.lost.aborted) await journal.saveState(lease, saveState(state, chains))
    },
  }
}

function diskFull(): SeamError {
  return new SeamError('LIMIT_EXCEEDED', 'The disk of the data folder is full: no new work is taken until there is room.', { remedy: 'Free disk space; running work is settled meanwhile.' })
}
