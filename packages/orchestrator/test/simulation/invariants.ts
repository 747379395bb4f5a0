import type { AnyRecord, ItemSpec, LockSpec, Submission } from '@seamark/core'
import { runFold } from '@seamark/evidence'
import { hasCode } from '@seamark/kit'
import { emptyFrontier, leafHash, parseHeader, toHex } from '@seamark/log'
import { pauseViolations } from './pausing.ts'

export interface Stored {
  readonly header: AnyRecord
  readonly bytes: Uint8Array
  readonly leaf: Uint8Array
}

/** What must hold of the records alone, whatever happened. Empty where all holds. */
export function violationsOf(
  log: readonly Stored[],
  submissions: ReadonlyMap<string, Submission>,
  concurrency: number,
): string[] {
  return [
    ...chains(log),
    ...evidence(log),
    ...life(log, submissions),
    ...layers(log, submissions),
    ...exclusion(log, submissions, concurrency),
    ...pauseViolations(log),
  ]
}

/** The log verifies: leaves, chains of runs, seals, checkpoints. */
function* chains(log: readonly Stored[]): Iterable<string> {
  const tree = emptyFrontier()
  const roots = [toHex(tree.root())]
  const tails = new Map<string, { seq: number; leaf: string }>()
  const segments = new Map<string, { from: number; leaves: Uint8Array[] }>()
  let at = 0
  let epoch = 0
  for (const [seq, { header, bytes, leaf }] of log.entries()) {
    if (header.seq !== seq) yield `record ${seq} says it is ${header.seq}`
    if (toHex(leafHash(bytes)) !== toHex(leaf)) yield `the leaf of record ${seq} is wrong`
    if (header.at < at) yield `time goes back at record ${seq}`
    if (header.epoch < epoch) yield `the epoch goes back at record ${seq}`
    at = header.at
    epoch = header.epoch
    if (header.kind === 'checkpoint.committed' && roots[header.data.size] !== header.data.root)
      yield `checkpoint at record ${seq} does not fit the tree`
    tree.append(leaf)
    roots.push(toHex(tree.root()))
    if (header.run === undefined) continue
    const tail = tails.get(header.run)
    if (header.runSeq !== (tail?.seq ?? -1) + 1) yield `record ${seq}: runSeq ${header.runSeq} follows ${tail?.seq}`
    if (header.prevInRun !== tail?.leaf) yield `record ${seq} is not chained to its run's last`
    tails.set(header.run, { seq: header.runSeq ?? -1, leaf: toHex(leaf) })
    const segment = segments.get(header.run) ?? { from: 0, leaves: [] }
    segments.set(header.run, segment)
    if (header.kind !== 'run.sealed') {
      segment.leaves.push(leaf)
      continue
    }
    const whole = emptyFrontier()
    for (const each of segment.leaves) whole.append(each)
    const { from, count, root } = header.data
    if (from !== segment.from || count !== segment.leaves.length || root !== toHex(whole.root()))
      yield `the seal at record ${seq} does not cover its segment`
    segments.set(header.run, { from: (header.runSeq ?? 0) + 1, leaves: [] })
  }
  for (const [run, { leaves }] of segments)
    if (leaves.length > 0) yield `run ${run} has ${leaves.length} records after its last seal`
}

/** What the verifier of bundles says: each record is of its schema, and legal after those before it. */
function* evidence(log: readonly Stored[]): Iterable<string> {
  const folds = new Map<string, ReturnType<typeof runFold>>()
  for (const { header, bytes } of log) {
    try {
      parseHeader(bytes)
    } catch (error) {
      if (!hasCode(error, 'INVALID_INPUT')) throw error
      yield `record ${header.seq} is not of its schema: ${JSON.stringify(error.problems)}`
    }
    if (header.run === undefined) continue
    const fold = folds.get(header.run) ?? runFold()
    folds.set(header.run, fold)
    const illegal = fold.add(header)
    if (illegal !== undefined) yield `record ${header.seq} (${header.kind}) is not legal: ${illegal.code}`
    const gaveUp = (header.kind === 'gate.ended' || header.kind === 'layer.ended') && header.data.reason === 'capacity'
    if (gaveUp) yield `record ${header.seq}: a gate or layer failed because there was no room for it`
  }
}

/** Nothing is lost, nothing settles twice, nothing has an effect under an old fence, statuses are borne out. */
function* life(log: readonly Stored[], submissions: ReadonlyMap<string, Submission>): Iterable<string> {
  interface Seen {
    fence: number
    attempts: number
    open: boolean
    /** Of the newest launch. */
    step: string
    failures: number
    settled: string | undefined
    /** It waits for an answer. */
    asks: boolean
    /** Its conversation is gone. */
    startsOver: boolean
  }
  const items = new Map<string, Seen>()
  const runs = new Map<string, Submission>()
  const sealed = new Map<string, string>()
  const canceled = new Map<string, string>()
  let fence = 0
  for (const { header } of log) {
    const { run, item } = header
    if (run === undefined) continue
    const submission = submissions.get(run)
    if (header.kind === 'run.submitted' && submission !== undefined) {
      if (runs.has(run)) yield `run ${run} was submitted twice`
      runs.set(run, submission)
      for (const { id } of submission.items)
        items.set(`${run}/${id}`, {
          fence: 0,
          attempts: 0,
          open: false,
          step: '',
          failures: 0,
          settled: undefined,
          asks: false,
          startsOver: false,
        })
    }
    if (header.kind === 'cancel.requested' && item === undefined) canceled.set(run, header.data.reason)
    if (header.kind === 'items.settled') {
      for (const [from, to] of header.data.ranges)
        for (let index = from; index <= to; index++) {
          const seen = items.get(`${run}/${submission?.items[index]?.id}`)
          if (seen === undefined || seen.settled !== undefined || seen.open)
            yield `record ${header.seq} settles item ${index} of ${run}, which it can not`
          else seen.settled = header.data.outcome
        }
    }
    if (header.kind === 'run.sealed' && !sealed.has(run)) {
      sealed.set(run, header.data.status)
      const outcomes = (submission?.items ?? []).map(({ id }) => items.get(`${run}/${id}`)?.settled)
      if (outcomes.some((outcome) => outcome === undefined)) yield `run ${run} was sealed before its items had settled`
      const status = outcomes.every((outcome) => outcome === 'succeeded')
        ? 'succeeded'
        : canceled.get(run) === 'requested'
          ? 'canceled'
          : 'failed'
      if (status !== header.data.status) yield `run ${run} says ${header.data.status}, its records say ${status}`
    }
    const seen = item === undefined ? undefined : items.get(`${run}/${item}`)
    if (seen === undefined) continue
    if (header.kind === 'item.launched') {
      if (canceled.has(run)) yield `item ${item} was launched after its run was cancelled`
      if (seen.settled !== undefined) yield `item ${item} was launched after it settled`
      if (seen.startsOver && header.data.resumes !== undefined) yield `item ${item} goes on with what is gone`
      if (seen.asks) yield `item ${item} was launched before its question was answered`
      if (header.data.step === 'main' && seen.open) yield `item ${item} was launched while an attempt was open`
      if ((header.fence ?? 0) <= fence) yield `the fence of record ${header.seq} did not grow`
      seen.fence = fence = header.fence ?? 0
      seen.open = true
      seen.step = header.data.step
      if (header.data.step === 'main' && header.attempt !== seen.attempts) {
        if (header.attempt !== seen.attempts + 1)
          yield `item ${item} has attempt ${header.attempt} after ${seen.attempts}`
        seen.attempts = header.attempt ?? 0
      }
      const spec = submission?.items.find(({ id }) => id === item)
      for (const need of spec?.needs ?? []) {
        const needed = items.get(`${run}/${submission?.items[need.from]?.id}`)
        if (needed?.settled !== 'succeeded') yield `item ${item} was launched before what it needs succeeded`
      }
    }
    if (header.kind === 'attempt.ended' || header.kind === 'item.captured' || header.kind === 'gate.ended') {
      if (header.fence !== seen.fence || !seen.open) yield `record ${header.seq} has an effect under an old fence`
    }
    if (header.kind === 'attempt.ended') {
      seen.open = false
      if (['failed', 'timed-out', 'lost'].includes(header.data.outcome)) seen.failures++
      const max = submission?.items.find(({ id }) => id === item)?.retries.max ?? 0
      if (seen.failures > max + 1) yield `item ${item} failed ${seen.failures} times with ${max} retries`
    }
    if (header.kind === 'item.parked') {
      seen.asks = header.data.reason === 'input'
      seen.startsOver = header.data.startsOver === true
    }
    if (header.kind === 'item.resumed' && header.data.by === 'answer') seen.asks = false
    // Where a gate was refused, the attempt goes on.
    if (header.kind === 'item.parked' && header.data.reason === 'capacity' && seen.step === 'main') seen.open = false
    if (header.kind === 'item.settled') {
      if (seen.settled !== undefined) yield `item ${item} of ${run} settled twice`
      if (seen.open) yield `item ${item} settled while an attempt was open`
      seen.settled = header.data.outcome
    }
  }
  for (const run of runs.keys()) if (!sealed.has(run)) yield `run ${run} was never sealed`
}

/** A layer that could not be built is built again, after its delay, as often as an item that needs it may be retried. */
function* layers(log: readonly Stored[], submissions: ReadonlyMap<string, Submission>): Iterable<string> {
  // By run, which has one layer. Another run knows nothing of the delay once this one is sealed.
  const retryAt = new Map<string, number>()
  const failures = new Map<string, number>()
  for (const { header } of log) {
    const { run = '' } = header
    const items = submissions.get(run)?.items ?? []
    const failed = failures.get(run) ?? 0
    if (header.kind === 'layer.launched') {
      if (header.at < (retryAt.get(run) ?? 0)) yield `the layer of record ${header.seq} was built too soon`
      retryAt.delete(run)
      if (failed > Math.max(...items.map(({ retries }) => retries.max)))
        yield `the layer of ${run} was built again after ${failed} failures`
    }
    if (header.kind === 'layer.ended') {
      if (header.data.outcome === 'failed') failures.set(run, failed + 1)
      if (header.data.retryAt !== undefined) retryAt.set(run, header.data.retryAt)
    }
    if (header.kind === 'items.settled' && header.data.reason === 'setup')
      for (const [from, to] of header.data.ranges)
        for (const { id, retries } of items.slice(from, to + 1))
          if (failed <= retries.max) yield `item ${id} of ${run} was skipped although its layer could be tried again`
  }
}

/** No two items that overlap hold their locks at once; no queue runs more than it may. */
function* exclusion(
  log: readonly Stored[],
  submissions: ReadonlyMap<string, Submission>,
  concurrency: number,
): Iterable<string> {
  const holding = new Map<string, readonly LockSpec[]>()
  const slots = new Set<string>()
  /** Items whose gate was refused: what they made is not decided yet. */
  const undecided = new Set<string>()
  const parked = new Set<string>()
  const paused = new Set<string>()
  for (const { header } of log) {
    const { run, item } = header
    const submission = submissions.get(run ?? '')
    if (header.kind === 'items.settled')
      for (const [from, to] of header.data.ranges)
        for (let index = from; index <= to; index++) holding.delete(`${run}/${submission?.items[index]?.id}`)
    // What is not under way holds up nobody while its run is paused.
    if (header.kind === 'run.paused') {
      paused.add(run ?? '')
      for (const key of holding.keys())
        if (key.startsWith(`${run}/`) && !slots.has(key) && !parked.has(key) && !undecided.has(key)) holding.delete(key)
    }
    if (header.kind === 'run.resumed') paused.delete(run ?? '')
    const key = `${run}/${item}`
    const spec = submission?.items.find(({ id }) => id === item)
    if (spec === undefined) continue
    if (header.kind === 'item.parked') parked.add(key)
    if (header.kind === 'item.resumed') {
      parked.delete(key)
      if (paused.has(run ?? '') && !undecided.has(key)) holding.delete(key)
    }
    if (header.kind === 'item.launched') {
      slots.add(key)
      if (slots.size > concurrency) yield `${slots.size} items run at record ${header.seq}`
      if (header.data.step === 'main') undecided.delete(key)
      else undecided.add(key)
      for (const [other, held] of holding)
        if (other !== key && clash(scoped(run, spec, submissions), held))
          yield `${key} and ${other} hold overlapping locks at record ${header.seq}`
      holding.set(key, scoped(run, spec, submissions))
    }
    if (header.kind === 'attempt.ended' || header.kind === 'item.parked' || header.kind === 'item.settled')
      slots.delete(key)
    if (header.kind === 'item.settled' || header.kind === 'locks.released') holding.delete(key)
    if (header.kind === 'attempt.ended') undecided.delete(key)
    if (header.kind === 'item.parked' && header.data.locksUntil <= header.at) {
      if (undecided.has(key)) yield `${key} gave its locks back at record ${header.seq} while it is judged`
      holding.delete(key)
    }
  }
}

/** Path locks are scoped to a repository, and in a run without one to the run. */
function scoped(
  run: string | undefined,
  { locks }: ItemSpec,
  submissions: ReadonlyMap<string, Submission>,
): LockSpec[] {
  const workspace = submissions.get(run ?? '')?.spec.workspace
  const scope = workspace?.type === 'git' ? workspace.repository : `:${run}`
  return locks.map((lock) =>
    lock.type === 'name' ? lock : { ...lock, path: lock.path === '' ? scope : `${scope}/${lock.path}` },
  )
}

function clash(a: readonly LockSpec[], b: readonly LockSpec[]): boolean {
  return a.some((one) => b.some((other) => overlap(one, other)))
}

/** Whether some path or name is covered by both: by definition, not by the engine's table. */
export function overlap(a: LockSpec, b: LockSpec): boolean {
  if (a.type === 'name' || b.type === 'name') return a.type === 'name' && b.type === 'name' && a.name === b.name
  const under = (path: string, tree: string) => tree === '' || path === tree || path.startsWith(`${tree}/`)
  if (a.type === 'tree' && under(b.path, a.path)) return true
  if (b.type === 'tree' && under(a.path, b.path)) return true
  return a.path === b.path
}
