import type { ItemOutcome, ItemSpec } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { heap } from './heap.ts'
import type { Item, Launch, Layer, Place, Queue, Run, State, Touch } from './state.ts'
import { lockScope, ownerOf, refusedGate } from './state.ts'

/** A step of priority is worth this many places in line, so an item waits for a bounded number of later ones. */
export const PLACES_PER_PRIORITY = 1000
// What has begun goes before all that has not: it has waited in this line before, so it passes nobody twice.
const PLACES_OF_BEGUN = 2 ** 40

const NONE: never[] = []
const NO_ENV = {}

/** An item as it is before anything happened to it. */
export function newItem(index: number, id: string, spec: ItemSpec): Item {
  return {
    index,
    id,
    spec,
    phase: 'pending',
    outcome: undefined,
    reason: undefined,
    detail: undefined,
    unmet: 0,
    dependents: NONE,
    children: NONE,
    attempt: 0,
    failures: 0,
    limited: 0,
    refused: undefined,
    ticket: 0,
    rank: 0,
    launch: undefined,
    parked: undefined,
    resumeFrom: undefined,
    continued: undefined,
    conversing: false,
    canceling: false,
    product: undefined,
    left: undefined,
    refusedWrites: undefined,
    refusedRequests: undefined,
    activity: undefined,
    summaries: undefined,
    startedAt: undefined,
    endedAt: undefined,
  }
}

/** The same spec, sharing what is empty or as in the item before it: most of the memory of a large plan. */
function lean(spec: ItemSpec, before: ItemSpec | undefined): ItemSpec {
  const { minDelayMs, maxDelayMs, max } = spec.retries
  const like = before?.retries
  const same = like?.max === max && like.minDelayMs === minDelayMs && like.maxDelayMs === maxDelayMs
  return {
    ...spec,
    needs: spec.needs.length === 0 ? NONE : spec.needs,
    locks: spec.locks.length === 0 ? NONE : spec.locks,
    gates: spec.gates.length === 0 ? NONE : spec.gates,
    outputs: spec.outputs.length === 0 ? NONE : spec.outputs,
    env: Object.keys(spec.env).length === 0 ? NO_ENV : spec.env,
    retries: same ? like : spec.retries,
  }
}

/** Adds items to the graph; when all announced ones are there, those without open needs get in line. */
export function admit(
  state: State,
  run: Run,
  added: readonly (readonly [number, string, readonly number[]])[],
  specs: readonly ItemSpec[],
  touch: Touch,
): void {
  for (const [offset, [index, id]] of added.entries()) {
    const spec = specs[offset]
    if (spec === undefined)
      throw new SeamError('INTEGRITY', `Item ${id} of run ${run.id} has no specification in its payload.`, {
        remedy: 'Restore the journal from a backup.',
      })
    const item = newItem(index, id, lean(spec, run.items.at(-1)?.spec))
    run.items.push(item)
    run.byId.set(id, index)
    const parent = run.items[spec.parent?.item ?? -1]
    if (parent !== undefined) parent.children = [...parent.children, index]
    touch(run, item)
  }
  if (run.items.length < run.announced) return
  // Needs may point forward within a submission, so edges are made once all of it is there.
  const first = run.items.length === run.announced ? 0 : (added[0]?.[0] ?? 0)
  const ready: Item[] = []
  for (const item of run.items.slice(first)) {
    for (const { from } of item.spec.needs) {
      const needed = run.items[from]
      if (needed === undefined || needed.outcome === 'succeeded') continue
      item.unmet++
      if (needed.phase === 'settled') state.todo.cascade.push([run.id, needed.index])
      if (needed.dependents.length === 0) needed.dependents = [item.index]
      else needed.dependents.push(item.index)
    }
    if (item.unmet === 0) ready.push(item)
  }
  readyAll(state, run, ready, touch)
}

/** Items whose needs are met, several at once: they get in line by priority, then by index. */
export function readyAll(state: State, run: Run, items: Item[], touch: Touch): void {
  items.sort((a, b) => b.spec.priority - a.spec.priority || a.index - b.index)
  for (const item of items) {
    const layer = run.layers[item.spec.executor]
    if (layer === undefined || layer.ready || state.layers.get(layer.digest)?.ready === true) {
      toLine(state, run.id, item, touch)
      continue
    }
    item.phase = 'setup'
    const wanted = layerOf(state, run, layer.digest, item.spec.executor)
    wanted.waiting.push([run.id, item.index])
    if (wanted.launch === undefined && run.paused === undefined) state.unbuilt.add(layer.digest)
  }
}

/** The layer of a digest, made on first sight, with this run among those that name it. */
export function layerOf(state: State, run: Run, digest: string, executor: string): Layer {
  let layer = state.layers.get(digest)
  if (layer === undefined) {
    layer = { digest, executor, ready: false, waiting: [], runs: new Set() }
    state.layers.set(digest, layer)
  }
  layer.runs.add(run.id)
  return layer
}

/** Gets in line for the item's locks, all at once. Of a paused run it waits outside, where it holds up no other. */
export function toLine(state: State, run: string, item: Item, touch: Touch): void {
  if (state.runs.get(run)?.paused !== undefined) {
    item.phase = 'held'
    return unlock(state, run, item, touch)
  }
  item.phase = 'lined'
  item.ticket = ++state.turn
  if (item.spec.locks.length === 0) return toQueue(state, run, item, touch)
  const of = state.runs.get(run)
  if (of !== undefined)
    granted(state, state.locks.request(ownerOf(run, item.index), item.ticket, lockScope(of), item.spec.locks), touch)
}

/** Gets in line for a slot. */
export function toQueue(state: State, run: string, item: Item, touch: Touch): void {
  item.phase = 'queued'
  const begun = refusedGate(item) === undefined ? 0 : PLACES_OF_BEGUN
  item.rank = ++state.turn - item.spec.priority * PLACES_PER_PRIORITY - begun
  queueOf(state, item.spec.queue).line.push([item.rank, run, item.index])
  toLender(state, run, item)
  const of = state.runs.get(run)
  if (of !== undefined) touch(of, item)
}

/** Takes note that a parent may lend its slot. */
export function toLender(state: State, run: string, { spec: { parent } }: Item): void {
  if (parent !== undefined) state.lenders.add(ownerOf(run, parent.item))
}

/** Takes note that an attempt leaves children behind, where they are not to go on. */
export function orphan(state: State, run: Run, item: Item, succeeded: boolean): void {
  if (item.children.length > 0 && !(succeeded && item.spec.children?.end === 'finish'))
    state.todo.orphaned.push([run.id, item.index])
}

/** Gives the item's locks back, or leaves their line. */
export function unlock(state: State, run: string, item: Item, touch: Touch): void {
  if (item.spec.locks.length > 0) granted(state, state.locks.release(ownerOf(run, item.index)), touch)
}

/** The end of an item: once, whatever it was doing. */
export function settle(state: State, run: Run, item: Item, outcome: ItemOutcome, reason: string, touch: Touch): void {
  if (item.phase === 'settled') return
  item.phase = 'settled'
  item.outcome = outcome
  if (item.reason !== reason) item.detail = undefined
  item.reason = reason
  item.parked = undefined
  item.resumeFrom = undefined
  item.continued = undefined
  if (item.refused !== undefined) {
    toClean(state, item.refused)
    item.refused = undefined
  }
  run.settled[outcome]++
  orphan(state, run, item, outcome === 'succeeded')
  touch(run, item)
  unlock(state, run.id, item, touch)
  if (outcome === 'succeeded') {
    const ready: Item[] = []
    for (const index of item.dependents) {
      const dependent = run.items[index]
      if (dependent?.phase === 'pending' && --dependent.unmet === 0) ready.push(dependent)
    }
    readyAll(state, run, ready, touch)
  } else if (item.dependents.length > 0) {
    state.todo.cascade.push([run.id, item.index])
  }
  const { succeeded, failed, canceled, skipped } = run.settled
  if (succeeded + failed + canceled + skipped === run.items.length && run.items.length >= run.announced)
    state.todo.seal.add(run.id)
}

/** The queue of a name, made on first sight. */
export function queueOf(state: State, name: string): Queue {
  let queue = state.queues.get(name)
  if (queue === undefined) {
    queue = { line: heap(before), running: 0 }
    state.queues.set(name, queue)
  }
  return queue
}

/** Takes note that a launch is over and may have left something. */
export function toClean(state: State, launch: Launch): void {
  state.reapable.set(launch.launchId, launch)
  state.todo.clean.push(launch)
}

// Ranks of different priorities can meet; the order must not depend on who was pushed first.
function before(a: Place, b: Place): boolean {
  if (a[0] !== b[0]) return a[0] < b[0]
  return a[1] === b[1] ? a[2] < b[2] : a[1] < b[1]
}

function granted(state: State, owners: readonly string[], touch: Touch): void {
  for (const owner of owners) {
    const at = owner.indexOf('@')
    const run = owner.slice(at + 1)
    const item = state.runs.get(run)?.items[Number(owner.slice(0, at))]
    if (item?.phase === 'lined') toQueue(state, run, item, touch)
  }
}
