import type { AnyRecord } from '@seamark/core'
import { isSeamError } from '@seamark/kit'
import {
  checkHeader,
  leafHash,
  LIMITS,
  multiProofVerifier,
  parseCanonical,
  runSegment,
  toHex,
  type MultiProofVerifier,
  type RunSegment,
} from '@seamark/log'
import { blobsOf } from './blobs.ts'
import type { CheckList } from './checks.ts'
import { runFold } from './fold.ts'
import { lines, type Sink } from './sinks.ts'

/** What the files before the records said. */
export interface RecordsContext {
  readonly ns: string
  readonly run: string
  /** Absent where checkpoint or proof could not be read. */
  readonly tree?: { readonly size: number; readonly root: string; readonly proof: Uint8Array }
}

/** What the records leave for the files after them and for the report. */
export interface RecordsResult {
  readonly records: number
  readonly items: number
  readonly status: string
  /** How many items were not run, and the run whose results they have. */
  readonly taken?: { readonly run: string; readonly items: number }
  /** Time of the newest record, epoch milliseconds. */
  readonly newestAt: number
  /** Commitments of payloads by `seq`. */
  readonly commitments: ReadonlyMap<number, { readonly hmac: string; readonly size: number }>
  /** Sizes of the blobs that records name, by digest. */
  readonly blobs: ReadonlyMap<string, number>
}

/** Reads `records.jsonl`: form, order, inclusion, chain, seals and the fold, one line at a time. */
export function recordsSink(checks: CheckList, context: RecordsContext, done: (result: RecordsResult) => void): Sink {
  const commitments = new Map<number, { hmac: string; size: number }>()
  const blobs = new Map<string, number>()
  const fold = runFold()
  const chain = chainCheck(checks)
  const tree = context.tree && multiProofVerifier(context.tree.size, context.tree.proof)
  let records = 0
  let last: AnyRecord | undefined
  let status = 'unknown'
  let taken: RecordsResult['taken']

  function note(record: AnyRecord): void {
    if (record.payload !== undefined) commitments.set(record.seq, record.payload)
    for (const { sha256, size } of blobsOf(record)) blobs.set(sha256, size)
  }

  function line(bytes: Uint8Array): boolean {
    const record = readRecord(checks, bytes, records)
    if (record === undefined) return false
    const where = `record ${record.seq}`
    if (record.ns !== context.ns) checks.fail('records.run', 'other-namespace', where)
    if (record.run !== context.run) checks.fail('records.run', 'other-run', where)
    if (last !== undefined) {
      if (record.seq <= last.seq) checks.fail('records.order', 'seq-order', where)
      if (record.epoch < last.epoch) checks.fail('records.order', 'epoch-decreased', where)
      if (record.at < last.at) checks.fail('records.order', 'at-decreased', where)
    }
    const leaf = leafHash(bytes)
    feed(checks, tree, record.seq, leaf)
    chain.add(record, leaf)
    const illegal = fold.add(record)
    if (illegal !== undefined) checks.fail(illegal.check, illegal.code, where)
    if (record.kind === 'run.sealed') status = record.data.status
    if (record.kind === 'item.taken') taken = { run: record.data.run, items: (taken?.items ?? 0) + 1 }
    note(record)
    records++
    last = record
    return true
  }

  return lines(LIMITS.headerBytes, {
    line,
    tooLong: () => checks.fail('records.form', 'header-too-large', `line ${records + 1}`),
    end(whole) {
      if (!whole) return checks.fail('records.form', 'not-canonical', 'The last line has no newline.')
      if (records === 0) return checks.fail('records.form', 'no-records')
      for (const id of ['records.form', 'records.run', 'records.order', 'items.legality', 'items.inputs'] as const)
        checks.pass(id)
      finishTree(checks, tree, context.tree?.root)
      chain.finish()
      if (last?.kind === 'run.sealed') checks.pass('run.status', status)
      const newestAt = last?.at ?? 0
      done({ records, items: fold.items, status, ...(taken && { taken }), newestAt, commitments, blobs })
    },
  })
}

function readRecord(checks: CheckList, bytes: Uint8Array, index: number): AnyRecord | undefined {
  const where = `line ${index + 1}`
  let code = 'not-canonical'
  try {
    const value = parseCanonical(bytes)
    code = 'invalid-header'
    return checkHeader(value)
  } catch (error) {
    if (!isSeamError(error)) throw error
    checks.fail('records.form', code, `${where}: ${error.message}`)
    return undefined
  }
}

function feed(checks: CheckList, tree: MultiProofVerifier | undefined, seq: number, leaf: Uint8Array): void {
  const failure = tree?.add(seq, leaf)
  if (failure !== undefined) checks.fail('log.inclusion', failure, `record ${seq}`)
}

function finishTree(checks: CheckList, tree: MultiProofVerifier | undefined, root: string | undefined): void {
  if (tree === undefined || root === undefined) return
  const result = tree.finish()
  if (typeof result === 'string') checks.fail('log.inclusion', result)
  else if (toHex(result) !== root) checks.fail('log.inclusion', 'root-mismatch')
  else checks.pass('log.inclusion')
}

interface ChainCheck {
  add(record: AnyRecord, leaf: Uint8Array): void
  finish(): void
}

/** The run's chain and seals. */
function chainCheck(checks: CheckList): ChainCheck {
  let segment: RunSegment = runSegment(0, 0)
  let next = 0
  let previous: string | undefined
  let sealed = false

  function seal(data: Extract<AnyRecord, { kind: 'run.sealed' }>['data'], where: string): void {
    const expected = segment.count === 0 ? undefined : segment.seal(data.status)
    const equal =
      expected !== undefined &&
      expected.segment === data.segment &&
      expected.from === data.from &&
      expected.count === data.count &&
      expected.last === data.last &&
      expected.root === data.root
    if (!equal) checks.fail('run.seal', 'seal-mismatch', where)
    segment = runSegment(segment.segment + 1, next)
  }

  return {
    add(record, leaf) {
      const where = `record ${record.seq}`
      if (record.runSeq !== next) checks.fail('run.chain', 'run-seq-gap', where)
      else if (record.prevInRun !== previous) checks.fail('run.chain', 'prev-mismatch', where)
      next = (record.runSeq ?? next) + 1
      previous = toHex(leaf)
      sealed = record.kind === 'run.sealed'
      if (record.kind === 'run.sealed') seal(record.data, where)
      else segment.append(leaf)
    },
    finish() {
      checks.pass('run.chain')
      if (sealed) checks.pass('run.seal')
      else checks.fail('run.seal', 'tail-missing', 'The last record is no seal: what came after it is cut off.')
    },
  }
}
