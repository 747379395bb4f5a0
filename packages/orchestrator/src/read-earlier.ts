import type { ItemSpec, Journal, Product, RerunOf, RunRow, RunSpec, SummarizedOutput } from '@seamark/core'
import { meant, SeamError } from '@seamark/kit'
import { jcsText } from '@seamark/log'
import type { TakenResult } from './commands.ts'
import { isItems, isRunPayload } from './fold.ts'
import { ENGINE_LIMITS } from './limits.ts'
import { parseJson, parsePlaced } from './records.ts'

// Of a plan with more, the first are looked through for what was meant.
const LOOKED = 1_000

/** A run that is over, as its records have it. */
export interface EarlierSubmission {
  readonly spec: RunSpec
  /** Of its plan; children are those of their attempts. */
  readonly items: readonly ItemSpec[]
  /** What those that succeeded left, by their ids. */
  readonly results: ReadonlyMap<string, TakenResult>
}

interface Made {
  readonly product?: Product
  readonly summaries?: readonly SummarizedOutput[]
}

/**
 * Reads what a sealed run was submitted with, and what its items left. Errors: `CONFLICT` where its payloads were purged, those
 * of the journal.
 */
export async function readEarlier(ns: string, journal: Journal, { run, seq }: RunRow): Promise<EarlierSubmission> {
  let spec: RunSpec | undefined
  const items: ItemSpec[] = []
  const products = new Map<string, TakenResult>()
  const results = new Map<string, TakenResult>()
  const made = (item: string, { leaf, at }: { leaf: Uint8Array; at: number }, { product, summaries }: Made) => {
    if (product === undefined) return
    const data = { run, seq: at, leaf: Buffer.from(leaf).toString('hex'), product, ...(summaries && { summaries }) }
    products.set(item, { item, data })
  }
  for await (const { header, leaf, payload } of journal.read(ns, seq, { run, payloads: true })) {
    const record = parsePlaced(header)
    const { item } = record
    const place = { leaf, at: record.seq }
    if (record.kind === 'run.submitted' || (record.kind === 'items.added' && item === undefined)) {
      const value = payload === undefined ? undefined : parseJson(payload.bytes)
      if (record.kind === 'run.submitted' && isRunPayload(value)) ({ spec } = value)
      else if (record.kind === 'items.added' && isItems(value)) items.push(...value)
      else throw purged(run)
    } else if (record.kind === 'item.captured' || record.kind === 'item.taken' || record.kind === 'attempt.ended')
      made(item ?? '', place, record.data)
    else if (record.kind === 'item.settled' && record.data.outcome === 'succeeded' && item !== undefined) {
      const result = products.get(item)
      if (result !== undefined) results.set(item, result)
    }
  }
  if (spec === undefined) throw purged(run)
  return { spec, items, results }
}

/** What a run was submitted to work on; `undefined` where its payloads were purged. Errors: those of the journal. */
export async function readWorkspace(
  ns: string,
  journal: Journal,
  { seq }: Pick<RunRow, 'seq'>,
): Promise<RunSpec['workspace'] | undefined> {
  for await (const { payload } of journal.read(ns, seq, { to: seq + 1, payloads: true })) {
    const value = payload === undefined ? undefined : parseJson(payload.bytes)
    if (isRunPayload(value)) return value.spec.workspace
  }
  return undefined
}

/**
 * What of an earlier run a run takes, in the order of the plan. Errors: `NOT_FOUND` for an item that its plan does not have,
 * `LIMIT_EXCEEDED`.
 */
export function takenOf({ items, results }: EarlierSubmission, { of, take, from }: RerunOf): readonly TakenResult[] {
  const start = items.findIndex(({ id }) => id === from)
  if (from !== undefined && start === -1) {
    const guess = meant(
      from,
      items.slice(0, LOOKED).map(({ id }) => id),
    )
    throw new SeamError('NOT_FOUND', `The plan of run ${of} has no item ${from}.`, {
      remedy: `${guess === undefined ? '' : `Did you mean ${guess}? `}\`seamark status ${of}\` lists its items.`,
      place: { pointer: '/from' },
    })
  }
  if (take === undefined) return []
  const again = start === -1 ? new Set<number>() : withDependents(items, start)
  const taken = items.flatMap(({ id }, index) => (again.has(index) ? [] : (results.get(id) ?? [])))
  const { takenItems, takenBytes } = ENGINE_LIMITS
  const tooMuch = (why: string) =>
    new SeamError('LIMIT_EXCEEDED', why, {
      remedy: `Run all of it again: \`seamark rerun ${of}\`, or name an earlier item with --from.`,
    })
  if (taken.length > takenItems)
    throw tooMuch(`A run takes at most ${takenItems} results, and ${taken.length} of run ${of} would be taken.`)
  let bytes = 0
  for (const result of taken) {
    bytes += Buffer.byteLength(jcsText(result))
    if (bytes > takenBytes)
      throw tooMuch(
        `The results that a run takes have at most ${takenBytes} bytes on record; those of run ${of} have more.`,
      )
  }
  return taken
}

/** Whether two runs do the same again. */
export function sameRerun(a: RerunOf | undefined, b: RerunOf | undefined): boolean {
  return a?.of === b?.of && a?.take === b?.take && a?.from === b?.from
}

function withDependents(items: readonly ItemSpec[], start: number): ReadonlySet<number> {
  const dependents: number[][] = items.map(() => [])
  for (const [index, { needs }] of items.entries()) for (const { from } of needs) dependents[from]?.push(index)
  const found = new Set([start])
  // A set yields what is added while it is gone through.
  for (const index of found) for (const dependent of dependents[index] ?? []) found.add(dependent)
  return found
}

function purged(run: string): SeamError {
  return new SeamError('CONFLICT', `What run ${run} was submitted with was purged.`, {
    remedy: 'Submit its plan anew.',
  })
}
