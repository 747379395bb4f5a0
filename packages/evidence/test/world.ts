import { createPrivateKey, sign } from 'node:crypto'
import type { AnyRecord, Checkpoint, KeyRole, RecordDraft, Signer, TrustFile } from '@seamark/core'
import {
  canonicalJson,
  emptyFrontier,
  leafHash,
  nodeHash,
  placeRecord,
  emptyBatch,
  runSegment,
  signCheckpoint,
  toBase64,
  toHex,
  verifierKey,
  type ReadHashes,
} from '@seamark/log'
import { composeBundle, readTar, verify, writeTar, type BundleFile, type BundleInput } from '../src/index.ts'

export const ORIGIN = `seamark.invalid/${'5e'.repeat(16)}`
export const NOW = Date.parse('2030-01-01T00:00:00Z')
export const RUN = 'run-1'

/** A signer with a key made from one byte: the same for every test. */
export function seededSigner(role: KeyRole, seed: number): Signer {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, seed)])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const raw = Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')
  return {
    spec: 'signer/v1',
    kind: 'seeded',
    name: `seeded-${seed}`,
    guarantees: { keyConfined: { value: false, proof: 'unproven' } },
    role,
    sign: async (data) => ({ signature: sign(null, data, key), algorithm: 'ed25519', keyId: String(seed) }),
    publicKey: async () => ({ algorithm: 'ed25519', bytes: raw, keyId: String(seed) }),
  }
}

export const logSigner: Signer = seededSigner('log', 1)
export const exportSigner: Signer = seededSigner('export', 2)
export const otherLogSigner: Signer = seededSigner('log', 3)

const logKey = (await logSigner.publicKey()).bytes
const exportKey = (await exportSigner.publicKey()).bytes

export const trust: TrustFile = {
  version: 1,
  keys: [
    { origin: ORIGIN, role: 'log', key: verifierKey(ORIGIN, logKey) },
    { origin: ORIGIN, role: 'export', key: toBase64(exportKey) },
  ],
  witnesses: [],
  tsaRoots: [],
  required: [],
}

/** The log as it is stored: headers in order. */
export type Log = AnyRecord[]

const start = Date.parse('2026-01-01T00:00:00Z')

/** Places drafts in a new log; `seal` stands for the seal of the run so far. */
export function makeLog(
  drafts: readonly (RecordDraft | { readonly seal: 'succeeded' | 'failed' | 'canceled' })[],
): Log {
  const cursor = { ns: 'default', epoch: 1, lastAt: 0, frontier: emptyFrontier(), tails: new Map() }
  const batch = emptyBatch()
  let segment = runSegment(0, 0)
  drafts.forEach((entry, i) => {
    const draft: RecordDraft =
      'seal' in entry ? { kind: 'run.sealed', actor: 'engine', run: RUN, data: segment.seal(entry.seal) } : entry
    const { header, leaf } = placeRecord(cursor, draft, start + i, batch)
    if ('seal' in entry) segment = runSegment(segment.segment + 1, (header.runSeq ?? 0) + 1)
    else if (header.run === RUN) segment.append(leaf)
  })
  return batch.records.map(({ header }) => header)
}

/** The same log after edits, with run chain and seals made right again: what an operator could do. */
export function rebuild(log: readonly AnyRecord[]): Log {
  let segment = runSegment(0, 0)
  let runSeq = 0
  let previous: string | undefined
  return log.map((record, seq): AnyRecord => {
    const { prevInRun: _, runSeq: __, ...rest } = record
    if (record.run !== RUN) return { ...record, seq }
    const chain = { seq, runSeq: runSeq++, ...(previous !== undefined && { prevInRun: previous }) }
    const header: AnyRecord =
      rest.kind === 'run.sealed' ? { ...rest, ...chain, data: segment.seal(rest.data.status) } : { ...rest, ...chain }
    const leaf = leafHash(canonicalJson(header))
    previous = toHex(leaf)
    if (header.kind === 'run.sealed') segment = runSegment(segment.segment + 1, runSeq)
    else segment.append(leaf)
    return header
  })
}

/** `Journal.hashes` of a log in memory. */
export function hashesOf(log: readonly AnyRecord[]): ReadHashes {
  const levels: Uint8Array[][] = [log.map((record) => leafHash(canonicalJson(record)))]
  for (let below = levels[0] ?? []; below.length > 1; below = levels.at(-1) ?? []) {
    const level: Uint8Array[] = []
    for (let i = 0; i + 1 < below.length; i += 2)
      level.push(nodeHash(below[i] ?? new Uint8Array(), below[i + 1] ?? new Uint8Array()))
    levels.push(level)
  }
  return async (level, from, count) => Buffer.concat((levels[level] ?? []).slice(from, from + count))
}

/** Signs the head of a log. */
export function headOf(log: readonly AnyRecord[], signer: Signer = logSigner, origin = ORIGIN): Promise<Checkpoint> {
  const frontier = emptyFrontier()
  for (const record of log) frontier.append(leafHash(canonicalJson(record)))
  return signCheckpoint({ origin, size: frontier.size, root: toHex(frontier.root()) }, signer)
}

/** Payloads by `seq`. */
export type PayloadMap = ReadonlyMap<number, { readonly salt: Uint8Array; readonly bytes: Uint8Array }>

/** A bundle in memory: paths and bytes, in order. */
export type Bundle = [path: string, bytes: Uint8Array][]

/** Exports the run of a log as the command would. */
export async function bundleOf(
  log: readonly AnyRecord[],
  options: Partial<BundleInput> & { readonly disclose?: PayloadMap; readonly unsigned?: boolean } = {},
): Promise<Bundle> {
  const { disclose, unsigned, ...input } = options
  const files = await composeBundle({
    ns: 'default',
    run: RUN,
    checkpoint: input.checkpoint ?? (await headOf(log)),
    hints: trust,
    async *records() {
      for (const record of log)
        if (record.run === RUN) {
          const payload = disclose?.get(record.seq)
          yield { seq: record.seq, header: canonicalJson(record), ...(payload && { payload }) }
        }
    },
    hashes: hashesOf(log),
    ...(unsigned !== true && { signer: exportSigner }),
    ...input,
  })
  return Promise.all(files.map(async (file): Promise<Bundle[number]> => [file.path, await bytesOf(file.body)]))
}

export async function* filesOf(bundle: Bundle): AsyncGenerator<BundleFile> {
  for (const [path, bytes] of bundle) yield { path, size: bytes.length, body: chunksOf(bytes) }
}

export async function* chunksOf(bytes: Uint8Array, size = 1_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

export function tarOf(bundle: Bundle): Promise<Uint8Array> {
  return bytesOf(writeTar(filesOf(bundle)))
}

export function verifyTar(tar: Uint8Array, by: TrustFile | undefined = trust): ReturnType<typeof verify> {
  return verify(readTar(chunksOf(tar)), by, { now: NOW })
}

export function verifyBundle(bundle: Bundle, by: TrustFile | undefined = trust): ReturnType<typeof verify> {
  return verify(filesOf(bundle), by, { now: NOW })
}

/** The failed checks of a report as `id: code`. */
export async function failures(report: ReturnType<typeof verify>): Promise<string[]> {
  return (await report).checks.filter(({ status }) => status === 'fail').map(({ id, code }) => `${id}: ${code ?? ''}`)
}
