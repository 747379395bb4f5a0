import type { Isolation, ItemOutcome, ParkReason, RefusedRequests } from '@seamark/core'
import type { RunEvent, RunView } from '@seamark/protocol'
import { badEnd, fact, leftBy, refusedWritesBy, withRefused } from './facts.ts'

export type Phase = 'waiting' | 'running' | 'gate' | 'parked' | ItemOutcome

/** One item, as far as the records say. */
export interface ItemProgress {
  readonly id: string
  phase: Phase
  attempt: number
  /** Why it settled, or why the last attempt ended badly. */
  reason: string | undefined
  parked:
    | {
        readonly reason: ParkReason | (string & {})
        readonly resumeAt: number | undefined
        readonly startsOver: boolean
        /** What is away, and what brings it back. */
        readonly detail: string | undefined
      }
    | undefined
  startedAt: number | undefined
  endedAt: number | undefined
  /** Files that its patch changes. */
  files: number | undefined
  gate: number | undefined
  /** Of the newest launch, as far as the service knows its executor. */
  isolation: Isolation | undefined
  /** Why it waits, as the service said last. */
  waits: string | undefined
  /** What the newest attempt's program left running. */
  left: string | undefined
  refusedWrites: string | undefined
  /** What the way out of the newest attempt refused. */
  refusedRequests: RefusedRequests | undefined
}

/** A run, folded from its stream of events. */
export interface RunProgress {
  readonly items: ItemProgress[]
  readonly counts: Record<Phase, number>
  startedAt: number | undefined
  setup: 'none' | 'running' | 'ready' | 'failed'
  canceling: boolean
  /** Nothing new of it is launched, until somebody resumes it. */
  paused: boolean
  end: RunView | undefined
}

type RecordEvent = Extract<RunEvent, { type: 'record' }>

export function emptyProgress(): RunProgress {
  return {
    items: [],
    counts: { waiting: 0, running: 0, gate: 0, parked: 0, succeeded: 0, failed: 0, canceled: 0, skipped: 0 },
    startedAt: undefined,
    setup: 'none',
    canceling: false,
    paused: false,
    end: undefined,
  }
}

/** Takes in one event; gives the items that it changed. */
export function advance(run: RunProgress, byId: Map<string, ItemProgress>, event: RunEvent): ItemProgress[] {
  if (event.type === 'ping') return []
  if (event.type === 'end') {
    run.end = event.run
    return []
  }
  switch (event.kind) {
    case 'run.submitted':
      run.startedAt = event.at
      return []
    case 'items.added':
      addItems(run, byId, event)
      return []
    case 'layer.launched':
      run.setup = 'running'
      return []
    case 'layer.ended':
      run.setup = fact(event.data, 'outcome') === 'ready' ? 'ready' : 'failed'
      return []
    case 'run.paused':
    case 'run.resumed':
      run.paused = event.kind === 'run.paused'
      return []
    case 'cancel.requested':
      if (event.item === undefined) run.canceling = true
      return []
    case 'items.settled':
      return settleRanges(run, event)
    default: {
      const item = event.item === undefined ? undefined : byId.get(event.item)
      if (item === undefined) return []
      return advanceItem(run, item, event) ? [item] : []
    }
  }
}

function addItems(run: RunProgress, byId: Map<string, ItemProgress>, event: RecordEvent): void {
  for (const entry of listed(event.data['items'])) {
    const [, id] = listed(entry)
    if (typeof id !== 'string') continue
    const item: ItemProgress = {
      id,
      phase: 'waiting',
      attempt: 0,
      reason: undefined,
      parked: undefined,
      startedAt: undefined,
      endedAt: undefined,
      files: undefined,
      gate: undefined,
      isolation: undefined,
      waits: undefined,
      left: undefined,
      refusedWrites: undefined,
      refusedRequests: undefined,
    }
    run.items.push(item)
    byId.set(id, item)
    run.counts.waiting++
  }
}

function settleRanges(run: RunProgress, event: RecordEvent): ItemProgress[] {
  const { ranges } = event.data
  const changed: ItemProgress[] = []
  for (const range of listed(ranges)) {
    const [from, to] = listed(range)
    if (typeof from !== 'number' || typeof to !== 'number') continue
    for (const item of run.items.slice(from, to + 1)) {
      move(run, item, fact(event.data, 'outcome') === 'canceled' ? 'canceled' : 'skipped')
      item.endedAt = event.at
      item.reason = fact(event.data, 'reason')
      changed.push(item)
    }
  }
  return changed
}

function advanceItem(run: RunProgress, item: ItemProgress, event: RecordEvent): boolean {
  const { data, at } = event
  switch (event.kind) {
    case 'item.launched': {
      const step = fact(data, 'step') ?? 'main'
      item.isolation = event.isolation
      item.gate = step.startsWith('gate:') ? Number(step.slice(5)) : undefined
      if (step === 'main') {
        item.reason = undefined
        item.left = item.refusedWrites = item.refusedRequests = undefined
        item.startedAt = at
        item.attempt = event.attempt ?? item.attempt + 1
      }
      move(run, item, item.gate === undefined ? 'running' : 'gate')
      return true
    }
    case 'egress.decided':
      item.refusedRequests = withRefused(item.refusedRequests, data)
      return false
    case 'item.captured':
      item.files = filesOf(data['product'])
      item.left = leftBy(data)
      item.refusedWrites = refusedWritesBy(data)
      return false
    case 'gate.ended':
      if (data['passed'] === false) item.reason = `gate ${(item.gate ?? 0) + 1} did not pass`
      return false
    case 'attempt.ended':
      item.files = filesOf(data['product']) ?? item.files
      item.left ??= leftBy(data)
      item.refusedWrites ??= refusedWritesBy(data)
      if (fact(data, 'outcome') !== 'succeeded') item.reason = item.reason ?? badEnd(data)
      return false
    case 'item.parked':
      item.parked = {
        reason: fact(data, 'reason') ?? 'pause',
        resumeAt: instant(data['resumeAt']),
        startsOver: data['startsOver'] === true,
        detail: fact(data, 'detail'),
      }
      move(run, item, 'parked')
      return true
    case 'item.resumed':
      item.parked = undefined
      move(run, item, 'waiting')
      return true
    case 'item.settled': {
      const outcome = fact(data, 'outcome')
      move(run, item, outcome === 'succeeded' || outcome === 'canceled' || outcome === 'skipped' ? outcome : 'failed')
      item.endedAt = at
      if (item.phase === 'succeeded') item.reason = fact(data, 'reason') === 'taken' ? 'taken' : undefined
      else item.reason ??= fact(data, 'reason')
      return true
    }
    default:
      return false
  }
}

function move(run: RunProgress, item: ItemProgress, phase: Phase): void {
  run.counts[item.phase]--
  run.counts[phase]++
  item.phase = phase
  if (phase !== 'parked') item.parked = undefined
  item.waits = undefined
}

function filesOf(product: unknown): number | undefined {
  if (typeof product !== 'object' || product === null) return undefined
  const patch: unknown = Reflect.get(product, 'patch')
  if (typeof patch !== 'object' || patch === null) return 0
  return instant(Reflect.get(patch, 'files'))
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function instant(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
