import type { AnyRecord, RecordDraft } from '@seamark/core'
import type { Command, Decision, Reply } from './commands.ts'
import { by, refuse } from './decide-resume.ts'
import type { State } from './state.ts'
import type { CollectionTerms, GivenUp, StorageState } from './state-storage.ts'

/** Runs that a namespace holds at a time. */
export const MOST_HOLDS = 10_000

type StorageRecord = Extract<AnyRecord, { readonly kind: `hold.${string}` | `collection.${string}` }>

export function isStorage(record: AnyRecord): record is StorageRecord {
  return record.kind.startsWith('hold.') || record.kind.startsWith('collection.')
}

export function foldStorage({ storage }: State, record: StorageRecord): void {
  const { kind, data, at, actor, seq } = record
  if (kind === 'hold.placed') storage.holds.set(data.run, { ...data, placedBy: actor, placedAt: at })
  else if (kind === 'hold.released') storage.holds.delete(data.run)
  else if (kind === 'collection.ended') storage.collection = undefined
  else {
    storage.collection = { ...data, seq, at }
    if (data.run !== undefined) storage.removalsFrom ??= seq
    // Nobody asks later for what else a collection gives up.
    if (data.runsBefore !== undefined) giveUp(storage, { at, runsBefore: data.runsBefore })
  }
}

function giveUp(storage: StorageState, begun: GivenUp): void {
  const { holds, spared, givenUp } = storage
  storage.givenUp = further(givenUp, begun)
  for (const run of holds.keys()) if (!spared.has(run)) spared.set(run, givenUp)
  for (const [run, before] of spared) {
    if (holds.has(run)) continue
    const now = further(before, begun)
    if (now.runsBefore === storage.givenUp.runsBefore) spared.delete(run)
    else spared.set(run, now)
  }
}

function further(before: GivenUp | undefined, begun: GivenUp): GivenUp {
  return before === undefined || begun.runsBefore >= before.runsBefore ? begun : before
}

/** Which collection gave a run up that was sealed at `sealedAt`, if any did. */
export function givenUpOf({ givenUp, spared }: StorageState, run: string, sealedAt: number): GivenUp | undefined {
  const found = spared.has(run) ? spared.get(run) : givenUp
  return found !== undefined && sealedAt < found.runsBefore ? found : undefined
}

function latest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)
}

/**
 * A collection that gives a run up has read what is held: a later hold would promise what may be gone already. Each also goes on with what
 * earlier collections of just one run left; which runs those were is not kept in mind, so any that is over may be one.
 */
export function decideHold(state: State, command: Command & { type: 'hold' }): Decision {
  const { run, reason, principal, earlier } = command
  const { holds, collection, removalsFrom } = state.storage
  const refused = (...why: Parameters<typeof refuse>): Decision => ({ drafts: [], reply: refuse(...why) })
  if (!state.runs.has(run) && earlier === undefined)
    return refused('NOT_FOUND', `There is no run ${run}.`, 'List the runs with `seamark list`.')
  if (holds.has(run)) return { drafts: [], reply: { ok: true, created: false } }
  const before = latest(collection?.runsBefore, collection?.snapshotsBefore)
  const aged = before !== undefined && earlier?.sealedAt !== undefined && earlier.sealedAt < before
  if (aged || collection?.run === run)
    return refused(
      'CONFLICT',
      `A collection that gives run ${run} up is under way.`,
      'Hold it before, or try after it.',
    )
  const over = (state.runs.get(run) ?? earlier)?.sealedAt !== undefined
  if (over && collection !== undefined && removalsFrom !== undefined && removalsFrom < collection.seq)
    return refused(
      'CONFLICT',
      `A collection is under way, which may give run ${run} up.`,
      'Hold it before, or try after it.',
    )
  if (holds.size >= MOST_HOLDS)
    return refused('LIMIT_EXCEEDED', `A namespace holds at most ${MOST_HOLDS} runs.`, 'Release some.')
  const placed: RecordDraft = {
    kind: 'hold.placed',
    ...by(principal),
    data: { run, ...(reason !== undefined && { reason }) },
  }
  return { drafts: [placed], reply: { ok: true, created: true } }
}

export function decideRelease(state: State, { run, principal }: Command & { type: 'release' }): Decision {
  if (!state.storage.holds.has(run)) return { drafts: [], reply: { ok: true, effective: false } }
  return { drafts: [{ kind: 'hold.released', ...by(principal), data: { run } }], reply: { ok: true, effective: true } }
}

/** One collection at a time. */
export function decideCollect(state: State, command: Command & { type: 'collect' }, now: number): Decision {
  const { principal, terms } = command
  const busy = underWay(state)
  if (busy !== undefined) return { drafts: [], reply: busy }
  return {
    drafts: [{ kind: 'collection.begun', ...by(principal), data: limitsOf(state, terms, now) }],
    reply: { ok: true },
  }
}

function underWay({ storage: { collection } }: State): Reply | undefined {
  if (collection === undefined) return undefined
  const began = new Date(collection.at).toISOString()
  return refuse('CONFLICT', `A collection is under way since ${began}.`, 'Wait until it has ended.')
}

/** A collection of what one run left: what was stored up to its seal, and before the oldest attempt began that is under way. */
export function decideRemoveRun(state: State, command: Command & { type: 'remove' }): Decision {
  const { run, principal, earlier, dryRun } = command
  const refused = (...why: Parameters<typeof refuse>): Decision => ({ drafts: [], reply: refuse(...why) })
  const known = state.runs.get(run) ?? earlier
  if (known === undefined) return refused('NOT_FOUND', `There is no run ${run}.`, 'List the runs with `seamark list`.')
  if (known.sealedAt === undefined)
    return refused('CONFLICT', `Run ${run} is not over.`, 'Wait until it has ended, or cancel it.')
  if (state.storage.holds.has(run))
    return refused('CONFLICT', `Run ${run} is held.`, `Release it first: \`seamark gc release ${run}\`.`)
  const busy = underWay(state)
  if (busy !== undefined) return { drafts: [], reply: busy }
  const { storedBefore } = limitsOf(state, { graceMs: 0 }, known.sealedAt + 1)
  const limits = { storedBefore, run }
  return {
    drafts: dryRun ? [] : [{ kind: 'collection.begun', ...by(principal), data: limits }],
    reply: { ok: true, limits },
  }
}

/**
 * What a collection at `now` would be held to. What an attempt stored is named only when it ends, however long that takes: the
 * grace is counted from the oldest one that is under way.
 */
export function limitsOf(
  { launches }: State,
  { graceMs, runsMs, snapshotsMs, keptBytes, mirrorBytes }: CollectionTerms,
  now: number,
): (AnyRecord & { kind: 'collection.begun' })['data'] {
  let oldest = now
  for (const { at } of launches.values()) oldest = Math.min(oldest, at)
  return {
    storedBefore: Math.max(0, oldest - graceMs),
    ...(runsMs !== undefined && { runsBefore: Math.max(0, now - runsMs) }),
    ...(snapshotsMs !== undefined && { snapshotsBefore: Math.max(0, now - snapshotsMs) }),
    ...(keptBytes !== undefined && { keptBytes }),
    ...(mirrorBytes !== undefined && { mirrorBytes }),
  }
}

export function decideCollected(state: State, { seq, data }: Command & { type: 'collected' }): Decision {
  if (state.storage.collection?.seq !== seq)
    return { drafts: [], reply: refuse('CONFLICT', 'This collection is over.', 'Nothing more is recorded of it.') }
  return { drafts: [{ kind: 'collection.ended', actor: 'engine', cause: seq, data }], reply: { ok: true } }
}
