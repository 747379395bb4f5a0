import type { AnyRecord, Exit, ItemSpec, LeftProcesses, Question, RunSpec } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { foldAgent, isAgent } from './agents.ts'
import { foldStorage, isStorage } from './collections.ts'
import { foldFact, isFact } from './fold-facts.ts'
import { foldUsage, forgetLaunch, forgetRun, isUsage } from './fold-budgets.ts'
import { admit, layerOf, orphan, settle, toClean, toLender, toLine, toQueue, unlock } from './fold-items.ts'
import { foldPaused, foldResumed } from './pause.ts'
import { parseJson } from './records.ts'
import type { Continued, Item, Launch, Layer, Run, State, Touch } from './state.ts'
import { ownerOf, refusedGate } from './state.ts'
import { deadlineOf, retryOf, timersOf } from './timers.ts'

/** Increases whenever a snapshot made by an older fold would be misread. */
export const FOLD_VERSION = 31

/** What the payload of `run.submitted` holds, as canonical JSON. */
export interface RunPayload {
  readonly spec: RunSpec
  readonly layers: Readonly<Record<string, { readonly digest: string; readonly ready: boolean }>>
}

/**
 * Brings the state forward by one record. Total over records of this log: what the record says has
 * happened. Reads payloads only of `run.submitted`, `items.added`, and of questions and their answers; a run without them is
 * passed over up to its seal, as only what is sealed can be purged.
 */
export function fold(state: State, record: AnyRecord, payload: Uint8Array | undefined, touch: Touch): void {
  state.size = record.seq + 1
  state.at = record.at
  state.epoch = record.epoch
  if (!record.kind.startsWith('checkpoint.')) state.unsigned = true
  if (record.kind === 'checkpoint.committed') {
    state.checkpoint = record.data.size
    state.unsigned = false
    return
  }
  if (record.kind === 'item.launched' || record.kind === 'layer.launched')
    state.fence = Math.max(state.fence, record.fence ?? 0)
  if (isUsage(record)) {
    const of = state.runs.get(record.run ?? '')
    return foldUsage(state, record, of, of?.items[of.byId.get(record.item ?? '') ?? -1])
  }
  if (isAgent(record)) return foldAgent(state, record)
  if (record.kind === 'service.paused') state.paused = { by: record.actor, at: record.at }
  if (record.kind === 'service.resumed') delete state.paused
  if (isStorage(record)) return foldStorage(state, record)
  // Whoever removed blobs is gone, or has let go of the lease.
  if (record.kind === 'engine.started') state.storage.collection = undefined
  if (record.run === undefined) return
  if (record.kind === 'run.submitted' || record.kind === 'items.added') {
    if (payload === undefined) return purged(state, record.run)
    if (record.kind === 'run.submitted') return submitted(state, record, payload, touch)
  }
  if (state.purged.has(record.run)) {
    // Other runs may have waited for a layer that it built.
    if (record.kind === 'layer.ended') built(state, record, touch)
    if (record.kind === 'run.sealed') state.purged.delete(record.run)
    return
  }
  const run = state.runs.get(record.run)
  if (run === undefined) {
    // The run was sealed before: this opens a new segment, which has to be sealed again.
    if (record.kind !== 'run.sealed') state.todo.seal.add(record.run)
    return
  }
  const index = record.item === undefined ? undefined : run.byId.get(record.item)
  const item = index === undefined ? undefined : run.items[index]
  if (isFact(record)) return foldFact(item, record)
  touch(run, item)
  // Children are added to the run, by the item in the header.
  if (item === undefined || record.kind === 'items.added') foldRun(state, run, record, payload, touch)
  else foldItem(state, run, item, record, payload, touch)
}

function submitted(
  state: State,
  record: AnyRecord & { kind: 'run.submitted' },
  payload: Uint8Array,
  touch: Touch,
): void {
  const { spec, layers } = parsePayload(record, payload, isRunPayload)
  const run: Run = {
    id: record.run ?? '',
    plan: record.data.plan,
    spec,
    layers,
    submittedBy: record.actor,
    teams: record.data.teams ?? [],
    ...(record.data.rerun && { rerun: record.data.rerun }),
    submittedAt: record.at,
    seq: record.seq,
    announced: record.data.items,
    ...(record.data.deadline !== undefined && { deadline: record.data.deadline }),
    items: [],
    byId: new Map(),
    settled: { succeeded: 0, failed: 0, canceled: 0, skipped: 0 },
    launches: 0,
    layerAttempts: 0,
    layerFailures: {},
  }
  state.runs.set(run.id, run)
  for (const timer of deadlineOf(run)) state.timers.push(timer)
  for (const [executor, layer] of Object.entries(layers)) if (!layer.ready) layerOf(state, run, layer.digest, executor)
  touch(run)
}

/** A run that was purged was sealed before; nothing of it is needed any more. */
function purged(state: State, id: string): void {
  state.purged.add(id)
  const run = state.runs.get(id)
  if (run !== undefined) forget(state, run)
}

/** Lets go of a run, and of the layers that no other one names. */
function forget(state: State, run: Run): void {
  forgetRun(state, run)
  state.runs.delete(run.id)
  for (const { digest } of Object.values(run.layers)) {
    const layer = state.layers.get(digest)
    layer?.runs.delete(run.id)
    if (layer?.runs.size !== 0) continue
    state.layers.delete(digest)
    state.unbuilt.delete(digest)
  }
}

/** The end of a layer's build: who waits for it goes on, waits until it is built again, or builds it itself. */
function built(state: State, record: AnyRecord & { kind: 'layer.ended' }, touch: Touch): Layer | undefined {
  const layer = state.layers.get(record.data.layer)
  if (layer === undefined) return undefined
  if (record.data.outcome === 'ready') {
    layer.ready = true
    state.unbuilt.delete(layer.digest)
    for (const [id, index] of layer.waiting.splice(0)) {
      const waiter = state.runs.get(id)?.items[index]
      if (waiter?.phase === 'setup') toLine(state, id, waiter, touch)
    }
  } else {
    const { retryAt } = record.data
    if (retryAt === undefined) {
      delete layer.retryAt
      // Other runs that wait for the same layer build it themselves.
      state.todo.broken.push(...layer.waiting.filter(([id]) => id === record.run))
      layer.waiting = layer.waiting.filter(([id]) => id !== record.run)
    } else {
      layer.retryAt = retryAt
      for (const timer of retryOf(layer)) state.timers.push(timer)
    }
    if (layer.waiting.length > 0) state.unbuilt.add(layer.digest)
  }
  return layer
}

function foldRun(state: State, run: Run, record: AnyRecord, payload: Uint8Array | undefined, touch: Touch): void {
  switch (record.kind) {
    case 'items.added':
      if (payload === undefined) return
      return admit(state, run, record.data.items, parsePayload(record, payload, isItems), touch)
    case 'items.settled':
      for (const [from, to] of record.data.ranges) {
        for (let index = from; index <= to; index++) {
          const item = run.items[index]
          if (item !== undefined) settle(state, run, item, record.data.outcome, record.data.reason, touch)
        }
      }
      return
    case 'cancel.requested':
      if (record.data.reason !== 'parent') run.canceling ??= record.data.reason
      state.todo.cancel.add(run.id)
      return
    case 'run.paused':
      return foldPaused(state, run, { by: record.actor, at: record.at }, touch)
    case 'run.resumed':
      return foldResumed(state, run, touch)
    case 'layer.launched': {
      const { layer: digest, executor, launchId } = record.data
      const layer = state.layers.get(digest)
      const launch: Launch = {
        at: record.at,
        launchId,
        run: run.id,
        attempt: record.attempt ?? 1,
        fence: record.fence ?? 0,
        step: 'setup',
        executor,
        inputs: [],
        layer: digest,
      }
      run.layerAttempts = launch.attempt
      state.unbuilt.delete(digest)
      if (layer !== undefined) {
        layer.launch = launch
        delete layer.retryAt
      }
      return began(state, run, launch)
    }
    case 'layer.ended': {
      const { layer: digest, outcome } = record.data
      if (outcome === 'failed') run.layerFailures[digest] = (run.layerFailures[digest] ?? 0) + 1
      const layer = built(state, record, touch)
      if (layer?.launch === undefined) return
      toClean(state, ended(state, run, layer.launch))
      delete layer.launch
      state.todo.seal.add(run.id)
      return
    }
    case 'run.sealed':
      run.status = record.data.status
      run.sealedAt = record.at
      return forget(state, run)
    default:
      return
  }
}

function leftBy(exit: Exit | undefined): LeftProcesses | undefined {
  return exit?.left !== undefined && exit.left.processes > 0 ? exit.left : undefined
}

function foldItem(
  state: State,
  run: Run,
  item: Item,
  record: AnyRecord,
  payload: Uint8Array | undefined,
  touch: Touch,
): void {
  switch (record.kind) {
    case 'item.taken':
      item.product = record.data.product
      item.summaries = record.data.summaries
      item.endedAt = record.at
      return
    case 'item.launched': {
      const { launchId, step, executor, inputs, layer } = record.data
      const launch: Launch = {
        at: record.at,
        launchId,
        run: run.id,
        index: item.index,
        attempt: record.attempt ?? 1,
        fence: record.fence ?? 0,
        step,
        executor,
        inputs: inputs ?? [],
        ...(layer !== undefined && { layer }),
      }
      item.launch = launch
      item.refused = undefined
      if (item.phase !== 'running') {
        item.phase = 'running'
        const queue = state.queues.get(item.spec.queue)
        if (queue !== undefined) queue.running++
      }
      if (step === 'main') {
        item.attempt = launch.attempt
        item.startedAt = record.at
        item.endedAt = undefined
        item.left = undefined
        item.refusedWrites = undefined
        item.refusedRequests = undefined
        item.activity = undefined
        item.summaries = undefined
        item.conversing = false
      }
      return began(state, run, launch)
    }
    case 'conversation.begun':
      item.conversing = true
      return
    case 'item.captured':
      item.product = record.data.product
      item.left = leftBy(record.data.exit)
      item.refusedWrites = record.data.exit.refusedWrites
      item.activity = record.data.activity
      item.summaries = record.data.summaries
      orphan(state, run, item, true)
      return endLaunch(state, run, item)
    case 'gate.ended':
      return endLaunch(state, run, item)
    case 'attempt.ended':
      endLaunch(state, run, item)
      freeSlot(state, item)
      toLender(state, run.id, item)
      orphan(state, run, item, record.data.outcome === 'succeeded')
      item.endedAt = record.at
      item.reason = record.data.reason
      item.detail = record.data.detail
      item.left ??= leftBy(record.data.exit)
      item.refusedWrites ??= record.data.exit?.refusedWrites
      item.activity ??= record.data.activity
      item.summaries ??= record.data.summaries
      item.limited = record.data.outcome === 'parked' && record.data.reason === 'rate-limit' ? item.limited + 1 : 0
      if (record.data.outcome !== 'succeeded') item.product = undefined
      else if (record.data.product !== undefined) item.product = record.data.product
      if (record.data.outcome === 'failed' || record.data.outcome === 'timed-out' || record.data.outcome === 'lost')
        item.failures++
      return
    case 'item.parked': {
      if (item.launch !== undefined) {
        // Refused for capacity: nothing was started, and a tombstone would bar the same launch later.
        item.refused = ended(state, run, item.launch)
        item.launch = undefined
        freeSlot(state, item)
        toLender(state, run.id, item)
      }
      item.phase = 'parked'
      item.parked = payload ? { ...record.data, question: parsePayload(record, payload, isQuestion) } : record.data
      if (record.data.locksUntil <= record.at) unlock(state, run.id, item, touch)
      for (const timer of timersOf(state, run.id, item, record.data)) state.timers.push(timer)
      return
    }
    case 'locks.released':
      return unlock(state, run.id, item, touch)
    case 'item.resumed':
      if (item.parked?.snapshot !== undefined) item.resumeFrom = item.parked.snapshot
      item.continued = continuedBy(item, payload)
      item.parked = undefined
      if (record.data.by === 'expiry') return
      if (holdsLocks(state, run.id, item) && (run.paused === undefined || refusedGate(item) !== undefined))
        toQueue(state, run.id, item, touch)
      else toLine(state, run.id, item, touch)
      return
    case 'item.settled':
      return settle(state, run, item, record.data.outcome, record.data.reason, touch)
    case 'cancel.requested':
      item.canceling = record.data.reason === 'parent' ? 'parent' : 'requested'
      return
    default:
      return
  }
}

/** What the next attempt goes on with: what was kept for this wait, or else what the attempt before it went on with. */
function continuedBy({ parked, continued }: Item, text: Uint8Array | undefined): Continued | undefined {
  const question = parked?.question
  const conversation = parked?.startsOver ? undefined : (parked?.conversation ?? continued?.conversation)
  const before = parked?.conversation === undefined ? continued?.answer : undefined
  const answer = question && text ? { question, text: Buffer.from(text).toString('utf8') } : before
  if (conversation === undefined && answer === undefined) return undefined
  return { ...(conversation && { conversation }), ...(answer && { answer }) }
}

function began(state: State, run: Run, launch: Launch): void {
  state.launches.set(launch.launchId, launch)
  run.launches++
}

function ended(state: State, run: Run, launch: Launch): Launch {
  if (state.launches.delete(launch.launchId)) run.launches--
  forgetLaunch(state, launch)
  return launch
}

function endLaunch(state: State, run: Run, item: Item): void {
  if (item.launch === undefined) return
  toClean(state, ended(state, run, item.launch))
  item.launch = undefined
}

function freeSlot(state: State, item: Item): void {
  const queue = state.queues.get(item.spec.queue)
  if (queue !== undefined && item.phase === 'running') queue.running--
}

function holdsLocks(state: State, run: string, item: Item): boolean {
  return item.spec.locks.length === 0 || state.locks.has(ownerOf(run, item.index))
}

// Payloads are committed to by their header, were checked against it when they were read, and were
// written by this engine: the guards tell the two shapes apart, no more.
function parsePayload<T>(record: AnyRecord, payload: Uint8Array, guard: (value: unknown) => value is T): T {
  const value = parseJson(payload)
  if (!guard(value)) {
    throw new SeamError('INTEGRITY', `The payload of record ${record.seq} (${record.kind}) is of another shape.`, {
      remedy: 'Restore the journal from a backup.',
    })
  }
  return value
}

export function isRunPayload(value: unknown): value is RunPayload {
  return typeof value === 'object' && value !== null && 'spec' in value && 'layers' in value
}

function isQuestion(value: unknown): value is Question {
  return typeof value === 'object' && value !== null && 'id' in value && 'text' in value
}

export function isItems(value: unknown): value is readonly ItemSpec[] {
  return Array.isArray(value)
}
