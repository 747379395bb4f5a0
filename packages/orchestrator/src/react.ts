import type { RecordData, RecordDraft, RunOutcome } from '@seamark/core'
import type { OutcomeReason } from '@seamark/kit'
import { leftBehind } from './decide-children.ts'
import { canceledIdle } from './decide-end.ts'
import type { Queues } from './schedule.ts'
import { schedule } from './schedule.ts'
import type { Run, State } from './state.ts'
import { refusedGate, runOutcome } from './state.ts'

// Keeps a bulk record within the 60 kB of a header.
const RANGES_PER_RECORD = 2_000

export interface ReactOptions {
  readonly queues: Queues
  /** Epoch milliseconds. */
  readonly now: number
  /** No launches: the disk is full, or the engine is stopping. */
  readonly frugal: boolean
  /** Only launches that belong to attempts which have begun. */
  readonly finishing: boolean
  /** Data of the seal over a run's open segment; `undefined` status for a run sealed before. */
  seal(run: string, status: RunOutcome | undefined): RecordData['run.sealed']
}

/**
 * What follows from the state by itself: the end of what can not run any more, seals, launches.
 * Called until it gives nothing; what it gave is folded in between.
 */
export function react(state: State, options: ReactOptions): RecordDraft[] {
  const { todo } = state
  if (todo.warned.length > 0)
    return todo.warned.map(({ account, of, settled, limit, ...about }) => ({
      kind: 'budget.warned',
      actor: 'engine',
      ...about,
      data: { account, of, settled, limit },
    }))
  for (const id of todo.cancel) {
    todo.cancel.delete(id)
    const run = state.runs.get(id)
    if (run === undefined) continue
    todo.seal.add(id)
    const reason = run.canceling ?? 'requested'
    const idle = run.items.filter((item) => item.phase !== 'settled' && item.phase !== 'running')
    // Those with an attempt that is open settle one by one.
    const judged = idle.filter((item) => refusedGate(item) !== undefined)
    const rest = idle.filter((item) => refusedGate(item) === undefined).map(({ index }) => index)
    const drafts = [
      ...judged.flatMap((item) => canceledIdle(run, item, reason)),
      ...settleAll(run, rest, 'canceled', reason),
    ]
    if (drafts.length > 0) return drafts
  }
  if (todo.broken.length > 0) {
    const [id] = todo.broken[0] ?? ['']
    const stuck = todo.broken.filter(([of]) => of === id).map(([, index]) => index)
    todo.broken = todo.broken.filter(([of]) => of !== id)
    const run = state.runs.get(id)
    const open = stuck.filter((index) => run?.items[index]?.phase === 'setup')
    if (run !== undefined && open.length > 0) return settleAll(run, open, 'skipped', 'setup')
  }
  for (let next = todo.orphaned.pop(); next !== undefined; next = todo.orphaned.pop()) {
    const run = state.runs.get(next[0])
    const item = run?.items[next[1]]
    const drafts = run === undefined || item === undefined ? [] : leftBehind(run, item)
    if (drafts.length > 0) return drafts
  }
  for (let next = todo.cascade.pop(); next !== undefined; next = todo.cascade.pop()) {
    const run = state.runs.get(next[0])
    const unreachable = run === undefined ? [] : downstream(run, next[1])
    if (run !== undefined && unreachable.length > 0) return settleAll(run, unreachable, 'skipped', 'needs')
  }
  for (const id of todo.seal) {
    todo.seal.delete(id)
    const run = state.runs.get(id)
    if (run === undefined) return [{ kind: 'run.sealed', actor: 'engine', run: id, data: options.seal(id, undefined) }]
    const { succeeded, failed, canceled, skipped } = run.settled
    const over =
      run.items.length >= run.announced &&
      succeeded + failed + canceled + skipped === run.items.length &&
      run.launches === 0
    if (over) return [{ kind: 'run.sealed', actor: 'engine', run: id, data: options.seal(id, runOutcome(run)) }]
  }
  return options.frugal ? [] : schedule(state, options.queues, options.now, options.finishing)
}

/** Everything that needs an item, directly or not, and still waits for it. */
function downstream(run: Run, index: number): number[] {
  const found = new Set<number>()
  const open = [index]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const dependent of run.items[next]?.dependents ?? []) {
      if (found.has(dependent) || run.items[dependent]?.phase !== 'pending') continue
      found.add(dependent)
      open.push(dependent)
    }
  }
  return [...found]
}

function settleAll(run: Run, indexes: number[], outcome: 'skipped' | 'canceled', reason: OutcomeReason): RecordDraft[] {
  indexes.sort((a, b) => a - b)
  const ranges: [number, number][] = []
  for (const index of indexes) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === index - 1) last[1] = index
    else ranges.push([index, index])
  }
  const drafts: RecordDraft[] = []
  for (let at = 0; at < ranges.length; at += RANGES_PER_RECORD) {
    drafts.push({
      kind: 'items.settled',
      actor: 'engine',
      run: run.id,
      data: { outcome, ranges: ranges.slice(at, at + RANGES_PER_RECORD), reason },
    })
  }
  return drafts
}
