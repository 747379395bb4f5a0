import type { AnyRecord, BlobRef, ItemRow, Product, TrustFile } from '@seamark/core'
import { examine, readTar } from '@seamark/evidence'
import { hasCode, isSeamError, orAbort, throwIfAborted, toSeamError } from '@seamark/kit'
import { parseHeader } from '@seamark/log'
import { transcriptText } from '@seamark/protocol'
import { CONTENT_SECURITY_POLICY, productIn, renderIsolated, REPORT_LIMITS, shareOf } from '@seamark/report'
import type { Excerpt, ItemTexts, ReportEvidence } from '@seamark/report'
import type { AskOptions } from './anchored.ts'
import type { Deployment } from './deployment.ts'
import { exportEvidence } from './evidence.ts'
import { exportKeys } from './keys.ts'
import { readBlob } from './patch.ts'
import { runRow } from './questions.ts'
import { transcript } from './transcript.ts'
import { VERSION } from './version.ts'

type Options = AskOptions & { readonly signal: AbortSignal }

/** Of an answer that is a page: what a browser lets it do. */
export const REPORT_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
}

/**
 * A run as one page of HTML, also of a run that is not over. Its evidence is verified with the keys of this log where it can be
 * exported; where it can not, the page says why. Errors: `NOT_FOUND`, `INTEGRITY` where a patch or a log is gone or another,
 * `TIMEOUT` and `LIMIT_EXCEEDED` where it takes too much.
 */
export async function* runReport(deployment: Deployment, id: string, options: Options): AsyncIterable<Uint8Array> {
  // Nobody waits for a turn to hear that there is no such run.
  await runRow(deployment, id)
  yield await inTurn(() => pageOf(deployment, id, options), options.signal)
}

// A report takes a processor and the memory of all its run: a process makes one at a time, however many ask.
let turn: Promise<void> = Promise.resolve()

function inTurn<T>(make: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const mine = turn.then(() => {
    throwIfAborted(signal)
    return make()
  })
  // Who asked is told by `mine`; whoever is next only waits for the end.
  const over = (): void => undefined
  turn = mine.then(over, over)
  return orAbort(mine, signal)
}

async function pageOf(deployment: Deployment, id: string, options: Options): Promise<Uint8Array> {
  const { ns, journal } = deployment
  const { signal } = options
  const { tail: _tail, ...run } = await runRow(deployment, id)
  const records: AnyRecord[] = []
  const products = new Map<string, Product>()
  for await (const { header } of journal.read(ns, run.seq, { run: id, signal })) {
    const record = parseHeader(header)
    records.push(record)
    const product = productIn(record)
    if (record.item !== undefined && product !== undefined) products.set(record.item, product)
  }
  const items = await itemsOf(deployment, id)
  const share = shareOf(Math.min(products.size, items.length))
  const texts = new Map<string, ItemTexts>()
  const read = { signal, run: id }
  for (const { item } of items) {
    const product = products.get(item)
    if (product === undefined) continue
    const { patch, stdout, stderr, stdin } = product
    texts.set(item, {
      ...(patch !== undefined && {
        patch: await unlessRemoved(patch, beginning(deployment, patch, share.patch, read)),
      }),
      ...(stdin === undefined
        ? { stdout: await unlessRemoved(stdout, ending(deployment, stdout, share.stream, read)) }
        : {
            transcript: await unlessRemoved(stdout, endOfTranscript(deployment, { stdout, stdin }, share.stream, read)),
          }),
      stderr: await unlessRemoved(stderr, ending(deployment, stderr, share.stream, read)),
    })
  }
  const evidence = await evidenceOf(deployment, id, options)
  return renderIsolated({ version: VERSION, ns, now: Date.now(), run, items, records, texts, evidence }, { signal })
}

async function itemsOf({ ns, projections }: Deployment, run: string): Promise<readonly ItemRow[]> {
  const items: ItemRow[] = []
  let cursor: string | undefined
  do {
    const page = { limit: 1_000, ...(cursor !== undefined && { cursor }) }
    const found = await projections.query(ns, 'items', { run }, page)
    items.push(...found.rows)
    cursor = found.cursor
  } while (cursor !== undefined && items.length < REPORT_LIMITS.items)
  return items
}

interface Reading {
  readonly signal: AbortSignal
  readonly run: string
}

/** What was removed with its run is left out. */
async function unlessRemoved(blob: BlobRef, excerpt: Promise<Excerpt>): Promise<Excerpt> {
  try {
    return await excerpt
  } catch (error) {
    if (!hasCode(error, 'NOT_FOUND')) throw error
    return { text: '', leftOut: blob.size }
  }
}

async function beginning(deployment: Deployment, blob: BlobRef, most: number, read: Reading): Promise<Excerpt> {
  const chunks: Uint8Array[] = []
  let size = 0
  if (blob.size > 0)
    for await (const chunk of readBlob(deployment, blob.sha256, read)) {
      chunks.push(chunk)
      size += chunk.byteLength
      if (size >= most) break
    }
  const bytes = Buffer.concat(chunks)
  if (blob.size <= most) return { text: bytes.toString('utf8'), leftOut: 0 }
  // At a line's end: half a line would be another change.
  const end = bytes.subarray(0, most).lastIndexOf('\n') + 1
  return { text: bytes.subarray(0, end).toString('utf8'), leftOut: blob.size - end }
}

async function ending(deployment: Deployment, blob: BlobRef, most: number, read: Reading): Promise<Excerpt> {
  const from = Math.max(0, blob.size - most)
  const chunks: Uint8Array[] = []
  if (blob.size > 0) for await (const chunk of readBlob(deployment, blob.sha256, { ...read, from })) chunks.push(chunk)
  return { text: Buffer.concat(chunks).toString('utf8'), leftOut: from }
}

/** What was said last, and by whom. */
async function endOfTranscript(
  deployment: Deployment,
  said: Required<Pick<Product, 'stdout' | 'stdin'>>,
  most: number,
  read: Reading,
): Promise<Excerpt> {
  const fromByte = Math.max(0, said.stdout.size - most)
  let leftOut = fromByte
  let pieces: Uint8Array[] = []
  let size = 0
  let mark = ''
  const cut = () => {
    if (size <= most) return
    // What is left of a line says not who said it, and may not look as if it did.
    mark = '…'
    leftOut += size - most
    pieces = [Buffer.concat(pieces).subarray(size - most)]
    size = most
  }
  for await (const text of transcriptText(transcript(deployment, said, { ...read, fromByte }))) {
    const bytes = Buffer.from(text)
    pieces.push(bytes)
    size += bytes.byteLength
    if (size > 2 * most) cut()
  }
  cut()
  return { text: `${mark}${Buffer.concat(pieces).toString('utf8')}`, leftOut }
}

/** What verifying the bundle says, as whoever has it and the keys of this log would find. */
async function evidenceOf(deployment: Deployment, run: string, options: Options): Promise<ReportEvidence> {
  const trust: TrustFile = await exportKeys(deployment, options)
  let failure: unknown
  // To whoever verifies, an export that fails is a bundle that can not be read.
  async function* bundle(): AsyncIterable<Uint8Array> {
    try {
      yield* exportEvidence(deployment, run, options)
    } catch (error) {
      failure = error
      throw error
    }
  }
  const examined = await examine(readTar(bundle()), trust, { now: Date.now() })
  if (failure === undefined) return { verified: true, report: examined.report() }
  // Before the run is over, or before a head is signed that covers it, there is nothing to verify.
  if (isSeamError(failure) && failure.code === 'CONFLICT') return { verified: false, why: failure.message }
  throw toSeamError(failure)
}
