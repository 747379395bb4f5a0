import type { AnyRecord, Journal, Lease, Projections, RecordDraft, RunRow } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { hasCode, SeamError, toSeamError } from '@seamark/kit'
import { emptyBatch, recordEntry, toHex } from '@seamark/log'
import type { Command, Reply } from './commands.ts'
import { decide } from './decide.ts'
import { fold } from './fold.ts'
import type { Ledger } from './ledger.ts'
import { itemRow, runRow } from './project.ts'
import { react } from './react.ts'
import { recover } from './recover.ts'
import type { Queues } from './schedule.ts'
import { saveState } from './snapshot.ts'
import type { Item, Run, State } from './state.ts'
import { trim } from './state.ts'

// One durable commit covers at most this many commands.
const COMMANDS_PER_COMMIT = 2_000
/** How long after a full disk launches are tried again. */
const FRUGAL_MS = 5_000
/** How long after a failed append it is tried again. */
const RETRY_MS = 200

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
  /** Called after a batch is durable, with its records where they are known. The place where effects begin. */
  committed(records: readonly AnyRecord[] | undefined, state: State): void
  notice(error: Error): void
  /** The loop can not go on. */
  failed(error: Error): void
}

/** The one writer: takes commands, makes records durable in groups, then lets their effects happen. */
export interface Loop {
  readonly state: State
  /** Whether nothing is launched now: the disk is full, or `drain` was called. */
  readonly frugal: boolean
  /** Launches nothing and takes no submissions any more. */
  drain(): void
  /** Resolves with the answer once the command's records are durable. */
  post(command: Command): Promise<Reply>
  /** Commits what is waiting and takes no more. */
  close(): Promise<void>
}

interface Waiting {
  readonly command: Command
  readonly resolve: (reply: Reply) => void
}

export async function startLoop(options: LoopOptions): Promise<Loop> {
  const { ns, journal, lease, clock } = options
  let { state, chains, replayed: sinceSnapshot } = await recover(ns, journal)
  let inbox: Waiting[] = []
  let pumping: Promise<void> | undefined
  let closed = false
  let frugalUntil = 0
  let draining = false
  let alone = 0
  let wake: { readonly at: number; readonly cancel: () => void } | undefined

  const frugal = () => draining || clock.now() < frugalUntil

  interface Staged {
    readonly records: AnyRecord[]
    readonly batch: ReturnType<typeof emptyBatch>
    readonly runs: Set<Run>
    readonly items: Map<Item, string>
    readonly replies: Reply[]
    /** Sealed runs that are written to again. */
    readonly reopened: Map<string, RunRow>
    urgent: boolean
  }

  function stage(waiting: readonly Waiting[], now: number): Staged {
    const staged: Staged = {
      records: [],
      batch: emptyBatch(),
      runs: new Set(),
      items: new Map(),
      replies: [],
      reopened: new Map(),
      urgent: true,
    }
    const touch = (run: Run, item?: Item) => {
      staged.runs.add(run)
      if (item !== undefined) staged.items.set(item, run.id)
    }
    const apply = (drafts: readonly RecordDraft[]) => {
      for (const draft of drafts) {
        const { header } = chains.place(draft, now, lease.epoch, staged.batch)
        fold(state, header, draft.payload?.bytes, touch)
        staged.records.push(header)
        if (header.kind === 'item.launched' || header.kind === 'layer.launched' || header.kind === 'run.submitted')
          staged.urgent = false
      }
    }
    for (const { command } of waiting) {
      if (frugal() && command.type === 'submit') {
        staged.replies.push({ ok: false, error: diskFull() })
        continue
      }
      if (command.type === 'cancel' && command.earlier !== undefined) reopen(command.earlier, staged)
      // The head that a checkpoint commits to is the one before its own record.
      const filled = command.type === 'checkpoint' ? { ...command, root: toHex(chains.frontier.root()) } : command
      const { drafts, reply } = decide(state, filled, { now, random: options.random() })
      apply(drafts)
      staged.replies.push(reply)
    }
    const seal: Ledger['seal'] = (run, status) => chains.seal(run, status)
    const reaction = { queues: options.queues, frugal: frugal(), seal }
    for (let drafts = react(state, reaction); drafts.length > 0; drafts = react(state, reaction)) apply(drafts)
    return staged
  }

  function reopen(row: RunRow, staged: Staged): void {
    const { run, status, tail } = row
    if (tail === undefined || status === 'running' || status === 'canceling' || chains.tail(run) !== undefined) return
    chains.reopen(run, { ...tail, status })
    staged.reopened.set(run, row)
  }

  /** Commands about runs that are not in memory are given what the projection knows, here where nobody else writes. */
  async function fill(waiting: readonly Waiting[]): Promise<Waiting[]> {
    const filled: Waiting[] = []
    for (const each of waiting) {
      const { command } = each
      const run =
        command.type === 'cancel' ? command.run : command.type === 'submit' ? command.submission.run : undefined
      if (run === undefined || state.runs.has(run) || (command.type !== 'cancel' && command.type !== 'submit')) {
        filled.push(each)
        continue
      }
      const { rows } = await options.projections.query(ns, 'runs', { run })
      const [earlier] = rows
      filled.push(earlier === undefined ? each : { ...each, command: { ...command, earlier } })
    }
    return filled
  }

  async function commit(waiting: readonly Waiting[], before: number, staged: Staged): Promise<void> {
    if (staged.records.length > 0) {
      const { records, payloads, nodes } = staged.batch
      const changes = [
        ...[...staged.runs].map((run) => ({
          projection: 'runs' as const,
          row: runRow(run, run.sealedAt === undefined ? undefined : chains.tail(run.id)),
        })),
        ...[...staged.reopened].map(([run, row]) => {
          const tail = chains.tail(run)
          return { projection: 'runs' as const, row: { ...row, ...(tail && { tail }) } }
        }),
        ...[...staged.items].map(([item, run]) => ({ projection: 'items' as const, row: itemRow(run, item) })),
      ]
      await journal.append(
        lease,
        before,
        { records: records.map(recordEntry), payloads, nodes, changes },
        { urgent: staged.urgent },
      )
      sinceSnapshot += records.length
    }
    answer(waiting, staged)
    for (const { kind, run } of staged.records) if (kind === 'run.sealed' && run !== undefined) chains.forget(run)
    for (const item of staged.items.keys()) trim(item)
    if (staged.records.length > 0) options.committed(staged.records, state)
    arm()
    await snapshotIfDue()
  }

  async function snapshotIfDue(): Promise<void> {
    if (sinceSnapshot < options.recordsPerSnapshot) return
    let live = 0
    for (const run of state.runs.values()) live += run.items.length
    if (sinceSnapshot < Math.max(options.recordsPerSnapshot, 4 * live)) return
    sinceSnapshot = 0
    // Only a shortcut: without it recovery replays more.
    await journal
      .saveState(lease, saveState(state, chains))
      .catch((error: unknown) => options.notice(toSeamError(error)))
  }

  function answer(waiting: readonly Waiting[], { replies }: Staged): void {
    waiting.forEach(({ resolve }, index) => resolve(replies[index] ?? { ok: true }))
  }

  /** After a failed append the state is ahead of the journal: it is made anew from what is durable. */
  async function rebuild(): Promise<void> {
    ;({ state, chains, replayed: sinceSnapshot } = await recover(ns, journal))
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
    } else if (first?.command.type === 'end' && first.command.end.type === 'report') {
      const end = { type: 'error', stage: 'capture', code: seam.code, detail: seam.message } as const
      inbox = [{ ...first, command: { ...first.command, end } }, ...inbox]
    } else if (first !== undefined) first.resolve({ ok: false, error: seam })
  }

  async function failedAppend(
    waiting: readonly Waiting[],
    before: number,
    staged: Staged,
    error: unknown,
  ): Promise<void> {
    const seam = toSeamError(error)
    if (seam.consequence !== 'retry') throw seam
    options.notice(seam)
    const { size } = await journal.head(ns)
    await rebuild()
    if (size > before) {
      // The append took effect although its answer was lost. Its effects follow from the state.
      answer(waiting, staged)
      options.committed(undefined, state)
      return
    }
    const [submits, others] = [waiting.filter(isSubmit), waiting.filter((each) => !isSubmit(each))]
    if (hasCode(error, 'LIMIT_EXCEEDED')) {
      frugalUntil = clock.now() + FRUGAL_MS
      clock.at(frugalUntil, () => void post({ type: 'tick' }))
      for (const { resolve } of submits) resolve({ ok: false, error: diskFull() })
      inbox = [...others, ...inbox]
    } else inbox = [...waiting, ...inbox]
    await new Promise<void>((resolve) => clock.at(clock.now() + RETRY_MS, resolve))
  }

  async function pump(): Promise<void> {
    while (inbox.length > 0) {
      await options.yield()
      const taken = inbox.splice(0, alone > 0 ? 1 : COMMANDS_PER_COMMIT)
      alone = Math.max(0, alone - 1)
      const before = state.size
      const waiting = await fill(taken)
      let staged: Staged
      try {
        staged = stage(waiting, clock.now())
      } catch (error) {
        await unplaceable(waiting, error)
        continue
      }
      try {
        await commit(waiting, before, staged)
      } catch (error) {
        await failedAppend(waiting, before, staged, error)
      }
    }
  }

  function post(command: Command): Promise<Reply> {
    return new Promise((resolve) => {
      if (closed) return resolve({ ok: false, error: new SeamError('UNAVAILABLE', 'The engine has stopped.') })
      inbox.push({ command, resolve })
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
    wake =
      at === undefined || closed
        ? undefined
        : {
            at,
            cancel: clock.at(at, () => {
              wake = undefined
              void post({ type: 'tick' })
            }),
          }
  }

  arm()
  return {
    get state() {
      return state
    },
    get frugal() {
      return frugal()
    },
    drain: () => void (draining = true),
    post,
    async close() {
      closed = true
      wake?.cancel()
      await pumping
      if (sinceSnapshot > 0 && !lease.lost.aborted) await journal.saveState(lease, saveState(state, chains))
    },
  }
}

function isSubmit({ command }: Waiting): boolean {
  return command.type === 'submit'
}

function diskFull(): SeamError {
  return new SeamError(
    'LIMIT_EXCEEDED',
    'The disk of the data folder is full: no new work is taken until there is room.',
    { remedy: 'Free disk space; running work is settled meanwhile.' },
  )
}
