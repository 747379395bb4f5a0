import type { ItemView, RunView, ServiceEvent, ServiceView } from '@seamark/protocol'
import type { SeamarkClient } from '@seamark/sdk'

/** A run that goes on, with those of its items that run or wait: at most `askedItems` of each kind. */
export interface WatchedRun {
  readonly view: RunView
  readonly items: readonly ItemView[]
}

/** A service as it is watched. */
export interface Watched {
  service: ServiceView
  /** Newest first. */
  readonly runs: Map<string, WatchedRun>
  /** Runs that ended since, newest first. */
  readonly ended: RunView[]
}

// No terminal shows more.
const askedItems = 200
const askedRuns = 200
const endedKept = 5

/** What a service does now. */
export async function firstLook(client: SeamarkClient, signal: AbortSignal): Promise<Watched> {
  const watched: Watched = { service: await client.service({ signal }), runs: new Map(), ended: [] }
  const found: RunView[] = []
  for (const status of ['running', 'canceling'] as const) {
    let seen = 0
    for await (const run of client.runs({ status }, { signal })) {
      found.push(run)
      if (++seen === askedRuns) break
    }
  }
  found.sort((a, b) => b.seq - a.seq)
  for (const view of found) watched.runs.set(view.run, { view, items: await openItems(client, view.run, signal) })
  return watched
}

/** Looks again at the runs that something happened to. */
export async function lookAgain(
  client: SeamarkClient,
  watched: Watched,
  changed: Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  watched.service = await client.service({ signal })
  for (const run of changed) {
    const view = await client.run(run, { signal })
    const known = watched.runs.has(run)
    if (view.sealedAt === undefined) {
      if (!known && watched.runs.size >= askedRuns) continue
      watched.runs.set(run, { view, items: await openItems(client, run, signal) })
    } else if (known) {
      watched.runs.delete(run)
      watched.ended.unshift(view)
      watched.ended.splice(endedKept)
    }
  }
  const sorted = [...watched.runs.values()].toSorted((a, b) => b.view.seq - a.view.seq)
  watched.runs.clear()
  for (const run of sorted) watched.runs.set(run.view.run, run)
}

async function openItems(client: SeamarkClient, run: string, signal: AbortSignal): Promise<ItemView[]> {
  const items: ItemView[] = []
  for (const status of ['running', 'parked', 'waiting'] as const) {
    let seen = 0
    for await (const item of client.items(run, { status, limit: askedItems }, { signal })) {
      items.push(item)
      if (++seen === askedItems) break
    }
  }
  return items
}

/** The run that an event may have changed the picture of. */
export function runOf(event: ServiceEvent): string | undefined {
  return event.type === 'record' ? event.run : undefined
}
