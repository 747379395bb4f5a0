import type { AnyRecord, ProjectionChange, RecordDraft, RunRow, UsageRow } from '@seamark/core'
import type { SeamError } from '@seamark/kit'
import type { PlacedBatch } from '@seamark/log'
import { emptyBatch, toHex } from '@seamark/log'
import type { Command, Reply } from './commands.ts'
import { beginsAnew } from './commands.ts'
import { decide } from './decide.ts'
import { fold } from './fold.ts'
import type { LaunchFacts } from './launch-facts.ts'
import { withFacts } from './launch-facts.ts'
import type { Ledger } from './ledger.ts'
import { itemRow, runRow } from './project.ts'
import { react } from './react.ts'
import type { Queues } from './schedule.ts'
import type { Item, Launch, Run, State } from './state.ts'

/** Several commands and all that follows from them, folded into the state and not durable yet. */
export interface Staged {
  readonly records: AnyRecord[]
  readonly batch: PlacedBatch
  readonly runs: Set<Run>
  /** Items whose row may have changed, with their run. */
  readonly items: Map<Item, string>
  /** One for each command. */
  readonly replies: Reply[]
  /** Sealed runs that are written to again. */
  readonly reopened: Map<string, RunRow>
  /** Rows of usage that changed. */
  usage: readonly UsageRow[]
  /** Launches whose remains may be removed. */
  ended: readonly Launch[]
  /** Whether it starts nothing new, so that it may use the reserve of disk. */
  urgent: boolean
}

export interface StageOptions {
  /** Epoch milliseconds. */
  readonly now: number
  readonly random: () => number
  readonly epoch: number
  readonly queues: Queues
  readonly facts: LaunchFacts
  /** Why nothing new is begun now, where that is so. */
  readonly holdBack: SeamError | undefined
  /** Attempts that have begun go to their end although something is held back: with gates, and with items that they add. */
  readonly finishing: boolean
}

/**
 * Decides commands in order and folds what they come to, then what follows from the state by itself.
 * Errors: those of `Ledger.place`; state and chains are then of no use any more.
 */
export function stage(state: State, chains: Ledger, commands: readonly Command[], options: StageOptions): Staged {
  const { now, random, epoch, queues, facts, holdBack, finishing } = options
  const staged: Staged = {
    records: [],
    batch: emptyBatch(),
    runs: new Set(),
    items: new Map(),
    replies: [],
    reopened: new Map(),
    usage: [],
    ended: [],
    urgent: true,
  }
  const touch = (run: Run, item?: Item) => {
    staged.runs.add(run)
    if (item !== undefined) staged.items.set(item, run.id)
  }
  const apply = (drafts: readonly RecordDraft[], begins: (record: AnyRecord) => boolean) => {
    for (const draft of drafts) {
      const { header } = chains.place(withFacts(state, draft, facts), now, epoch, staged.batch)
      fold(state, header, draft.payload?.bytes, touch)
      staged.records.push(header)
      if (begins(header)) staged.urgent = false
    }
  }
  for (const command of commands) {
    if (holdBack !== undefined && beginsAnew(command) && !(finishing && command.type === 'add')) {
      staged.replies.push({ ok: false, error: holdBack })
      continue
    }
    const voided = voidedAbout(command)
    if (voided !== undefined) reopen(voided, chains, staged)
    // The head that a checkpoint commits to is the one before its own record.
    const filled = command.type === 'checkpoint' ? { ...command, root: toHex(chains.frontier.root()) } : command
    const { drafts, reply } = decide(state, filled, { now, random: random() })
    apply(drafts, isNewWork)
    staged.replies.push(reply)
  }
  const seal: Ledger['seal'] = (run, status) => chains.seal(run, status)
  const reaction = { queues, now, frugal: holdBack !== undefined && !finishing, finishing, seal }
  for (let drafts = react(state, reaction); drafts.length > 0; drafts = react(state, reaction)) apply(drafts, isLaunch)
  staged.ended = state.todo.clean.splice(0)
  // Without a record nothing is appended.
  if (staged.records.length === 0) return staged
  // An append that is tried again reads them again.
  staged.usage = [...state.todo.usage.values()]
  state.todo.usage.clear()
  return staged
}

// The launch of a gate that follows an end is not told by it: held back, it would keep every end in its batch from
// being recorded.
function isNewWork({ kind }: AnyRecord): boolean {
  return kind === 'run.submitted' || kind === 'items.added' || kind === 'agent.pushed'
}

/** Of what follows from the state by itself, gates that were refused included. */
function isLaunch({ kind }: AnyRecord): boolean {
  return kind === 'item.launched' || kind === 'layer.launched'
}

/** The sealed run that a command names which can have no effect: that it came is recorded with the run. */
function voidedAbout(command: Command): RunRow | undefined {
  if (command.type === 'pause' || command.type === 'unpause') return command.earlier
  if (command.type !== 'cancel' && command.type !== 'answer') return undefined
  return command.unknownItem === true ? undefined : command.earlier
}

function reopen(row: RunRow, chains: Ledger, staged: Staged): void {
  const { run, status, tail } = row
  if (tail === undefined || status === 'running' || status === 'canceling' || chains.tail(run) !== undefined) return
  chains.reopen(run, { ...tail, status })
  staged.reopened.set(run, row)
}

/** The rows that a staged batch changes, as the state has them while they are asked for. */
export function changesOf({ runs, reopened, items, usage }: Staged, chains: Ledger): Iterable<ProjectionChange> {
  return {
    *[Symbol.iterator]() {
      for (const run of runs)
        yield {
          projection: 'runs',
          row: runRow(run, run.sealedAt === undefined ? undefined : chains.tail(run.id)),
        }
      for (const [run, row] of reopened) {
        const tail = chains.tail(run)
        yield { projection: 'runs', row: { ...row, ...(tail && { tail }) } }
      }
      for (const [item, run] of items) yield { projection: 'items', row: itemRow(run, item) }
      for (const row of usage) yield { projection: 'usage', row }
    },
  }
}
