import { SeamError, sha256Hex } from '@seamark/kit'
import type { Pause, StateSnapshot } from '@seamark/core'
import { agentKey } from './agents.ts'
import type { AgentVersion } from './state-agents.ts'
import type { GivenUp, Hold, StorageState } from './state-storage.ts'
import { FOLD_VERSION } from './fold.ts'
import type { Ledger, LedgerState } from './ledger.ts'
import { ledger } from './ledger.ts'
import { queueOf, toLender } from './fold-items.ts'
import type { SavedBudgets } from './fold-budgets.ts'
import { loadBudgets, saveBudgets } from './fold-budgets.ts'
import type { SavedItem } from './saved-items.ts'
import { loadItems, saveItems } from './saved-items.ts'
import type { Item, Launch, Layer, Run, State } from './state.ts'
import { parseJson } from './records.ts'
import { emptyState, lockScope, ownerOf } from './state.ts'
import { deadlineOf, retryOf, timersOf } from './timers.ts'

interface SavedRun extends Omit<Run, 'items' | 'byId'> {
  readonly items: readonly SavedItem[]
}

/** Who names a layer follows from the runs; who was cancelled while waiting for it is left out. */
type SavedLayer = Omit<Layer, 'runs'>

interface SavedStorage extends Pick<StorageState, 'collection' | 'givenUp' | 'removalsFrom'> {
  readonly holds: readonly Hold[]
  readonly spared: readonly (readonly [string, GivenUp?])[]
}

interface Saved {
  readonly size: number
  readonly at: number
  readonly epoch: number
  readonly fence: number
  readonly turn: number
  readonly checkpoint: number
  readonly unsigned: boolean
  readonly paused?: Pause
  readonly runs: readonly SavedRun[]
  readonly layers: readonly SavedLayer[]
  readonly layerLaunches: readonly Launch[]
  readonly reapable: readonly Launch[]
  readonly locksHeld: readonly (readonly [string, number])[]
  readonly budgets: SavedBudgets
  readonly agents: readonly AgentVersion[]
  readonly storage: SavedStorage
  readonly ledger: LedgerState
}

/**
 * The state between two batches as bytes. Lines, heaps and edges are not saved: they follow from
 * tickets, ranks and needs.
 */
export function saveState(state: State, chains: Ledger): StateSnapshot {
  const runs = [...state.runs.values()]
  const saved: Saved = {
    size: state.size,
    at: state.at,
    epoch: state.epoch,
    fence: state.fence,
    turn: state.turn,
    checkpoint: state.checkpoint,
    unsigned: state.unsigned,
    ...(state.paused && { paused: state.paused }),
    runs: runs.map(({ byId: _, ...run }) => ({ ...run, items: saveItems(run.items) })),
    layers: [...state.layers.values()].map(({ runs: _, ...layer }) => ({
      ...layer,
      waiting: layer.waiting.filter(([run, index]) => state.runs.get(run)?.items[index]?.phase === 'setup'),
    })),
    layerLaunches: [...state.launches.values()].filter((launch) => launch.index === undefined),
    reapable: [...state.reapable.values()],
    locksHeld: runs.flatMap((run) =>
      run.items
        .filter((item) => state.locks.has(ownerOf(run.id, item.index)))
        .map((item) => [run.id, item.index] as const),
    ),
    budgets: saveBudgets(state.budgets),
    agents: [...state.agents.values()],
    storage: {
      ...state.storage,
      holds: [...state.storage.holds.values()],
      spared: [...state.storage.spared].map(([run, before]) => (before === undefined ? [run] : [run, before])),
    },
    ledger: chains.state(),
  }
  const bytes = Buffer.from(JSON.stringify(saved))
  return { size: state.size, foldVersion: FOLD_VERSION, sha256: sha256Hex(bytes), bytes }
}

/** The state that a snapshot holds. Errors: `INTEGRITY` when its digest is wrong. */
export function loadState(ns: string, snapshot: StateSnapshot): { state: State; chains: Ledger } {
  if (sha256Hex(snapshot.bytes) !== snapshot.sha256) {
    throw new SeamError(
      'INTEGRITY',
      `The state snapshot at size ${snapshot.size} does not have the digest it was saved with.`,
    )
  }
  const saved = parseJson(snapshot.bytes)
  if (!isSaved(saved))
    throw new SeamError('INTEGRITY', `The state snapshot at size ${snapshot.size} is of another shape.`)
  const { size, at, epoch, fence, turn, checkpoint, unsigned, paused } = saved
  const own = { size, at, epoch, fence, turn, checkpoint, unsigned, ...(paused && { paused }) }
  const state: State = Object.assign(emptyState(ns), own)
  for (const { items, ...rest } of saved.runs) {
    const loaded = loadItems(items)
    const run: Run = { ...rest, items: loaded, byId: new Map(loaded.map(({ id, index }) => [id, index])) }
    state.runs.set(run.id, run)
    for (const item of run.items) {
      if (item.launch !== undefined) state.launches.set(item.launch.launchId, item.launch)
      if (item.phase === 'running') queueOf(state, item.spec.queue).running++
      if (item.phase !== 'queued') continue
      queueOf(state, item.spec.queue).line.push([item.rank, run.id, item.index])
      toLender(state, run.id, item)
    }
  }
  for (const launch of saved.layerLaunches) state.launches.set(launch.launchId, launch)
  for (const layer of saved.layers) {
    const launch = layer.launch === undefined ? undefined : state.launches.get(layer.launch.launchId)
    state.layers.set(layer.digest, { ...layer, runs: new Set(), ...(launch && { launch }) })
    if (layer.waiting.length > 0 && launch === undefined) state.unbuilt.add(layer.digest)
    for (const timer of retryOf(layer)) state.timers.push(timer)
  }
  for (const run of state.runs.values())
    for (const { digest, ready } of Object.values(run.layers)) if (!ready) state.layers.get(digest)?.runs.add(run.id)
  for (const launch of saved.reapable) state.reapable.set(launch.launchId, launch)
  state.budgets = loadBudgets(saved.budgets)
  for (const agent of saved.agents) state.agents.set(agentKey(agent), agent)
  for (const hold of saved.storage.holds) state.storage.holds.set(hold.run, hold)
  state.storage.collection = saved.storage.collection
  state.storage.removalsFrom = saved.storage.removalsFrom
  state.storage.givenUp = saved.storage.givenUp
  for (const [run, before] of saved.storage.spared) state.storage.spared.set(run, before)
  relock(state, saved.locksHeld)
  for (const run of state.runs.values()) rearm(state, run)
  return { state, chains: ledger(ns, saved.ledger) }
}

// What is granted is a function of who is in line with which ticket, so asking again in that order gives the same.
function relock(state: State, held: readonly (readonly [string, number])[]): void {
  const requests: { run: Run; item: Item }[] = []
  for (const [id, index] of held) {
    const run = state.runs.get(id)
    const item = run?.items[index]
    if (run !== undefined && item !== undefined) requests.push({ run, item })
  }
  requests.sort((a, b) => a.item.ticket - b.item.ticket)
  for (const { run, item } of requests) {
    state.locks.request(ownerOf(run.id, item.index), item.ticket, lockScope(run), item.spec.locks)
  }
}

function rearm(state: State, run: Run): void {
  for (const timer of deadlineOf(run)) state.timers.push(timer)
  for (const item of run.items) {
    if (item.parked === undefined) continue
    for (const timer of timersOf(state, run.id, item, item.parked)) state.timers.push(timer)
  }
}

// The digest has shown that this is what `saveState` of the same fold version wrote.
function isSaved(value: unknown): value is Saved {
  return typeof value === 'object' && value !== null && 'runs' in value && 'ledger' in value
}
