import { createHash } from 'node:crypto'
import type { AnchorReceipt, BlobRef, BundleManifest, Checkpoint, Signer, TrustFile } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { canonicalJson, canonicalText, multiProof, toBase64, type ReadHashes } from '@seamark/log'
import { compareFiles, fileRank, manifestMessage, type BundleFile } from './bundle.ts'
import { bundleReadme } from './readme.ts'

/** A record of the run as the journal yields it. */
export interface BundleRecord {
  readonly seq: number
  /** Canonical JSON of the header. */
  readonly header: Uint8Array
  /** Present where it is to be disclosed. */
  readonly payload?: { readonly salt: Uint8Array; readonly bytes: Uint8Array }
}

/** What a bundle is made of. I/O stays with the caller. */
export interface BundleInput {
  readonly ns: string
  readonly run: string
  /** A signed head that covers the run's newest seal, with the signature lines that are to be shown. */
  readonly checkpoint: Checkpoint
  /** The keys of the log and, where `signer` is given, of the export. */
  readonly hints: TrustFile
  /** The run's records below the checkpoint's size, ascending, the newest seal last. Read several times. */
  records(): AsyncIterable<BundleRecord>
  /** Hashes of the log's tree. */
  readonly hashes: ReadHashes
  /** Receipts for this checkpoint, by a name that is safe in a path. */
  readonly receipts?: Readonly<Record<string, AnchorReceipt>>
  /** Blobs to include. Read twice each. */
  readonly artifacts?: readonly (BlobRef & { readonly open: () => AsyncIterable<Uint8Array> })[]
  /** Blobs that the records name and that were removed since: the bundle says so. */
  readonly removed?: readonly BlobRef[]
  /** Signer of role `export`. */
  readonly signer?: Signer
}

interface Source {
  readonly path: string
  readonly open: () => AsyncIterable<Uint8Array>
}

const encoder = new TextEncoder()

/**
 * The files of a bundle, in their order; hand them to `writeTar` or write them into a folder.
 * The same input gives the same bytes.
 *
 * Errors: `INVALID_INPUT` (no records, an unfit name), `INTEGRITY` (missing hashes, an artifact that is
 * not what its digest says), those of the readers and of the signer.
 */
export async function composeBundle(input: BundleInput, signal?: AbortSignal): Promise<BundleFile[]> {
  const { ns, run, checkpoint } = input
  const { seqs, disclosed } = await survey(input)
  const proof = await multiProof(input.hashes, seqs, checkpoint.size)
  const sources: Source[] = [
    inMemory('checkpoint', encoder.encode(checkpoint.note)),
    inMemory('trust-hints.json', canonicalJson(input.hints)),
    inMemory('proof.bin', proof),
    { path: 'records.jsonl', open: () => recordLines(input.records()) },
    ...(disclosed ? [{ path: 'payloads.jsonl', open: () => payloadLines(input.records()) }] : []),
    ...Object.entries(input.receipts ?? {}).map(([name, receipt]) =>
      inMemory(`receipts/${name}.json`, canonicalJson(receipt)),
    ),
    ...(input.artifacts ?? []).map(({ sha256, open }) => ({ path: `artifacts/${sha256}`, open })),
    inMemory('README.md', encoder.encode(bundleReadme(run, checkpoint, input.removed))),
  ].sort((a, b) => compareFiles(a.path, b.path))

  const listed: { source: Source; size: number; sha256: string }[] = []
  for (const source of sources) {
    if (fileRank(source.path) < 0) throw new SeamError('INVALID_INPUT', `A bundle can not hold ${source.path}.`)
    listed.push({ source, ...(await digestOf(source)) })
  }
  const manifest: BundleManifest = {
    version: 1,
    ns,
    run,
    origin: checkpoint.origin,
    size: checkpoint.size,
    files: listed
      .map(({ source, size, sha256 }) => ({ path: source.path, size, sha256 }))
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
  }
  const manifestBytes = canonicalJson(manifest)
  const signature = input.signer && (await signManifest(input.signer, manifestBytes, signal))
  return [
    file(inMemory('manifest.json', manifestBytes), manifestBytes.length),
    ...(signature === undefined ? [] : [file(inMemory('manifest.sig', signature), signature.length)]),
    ...listed.map(({ source, size }) => file(source, size)),
  ]
}

async function survey(input: BundleInput): Promise<{ seqs: number[]; disclosed: boolean }> {
  const seqs: number[] = []
  let disclosed = false
  for await (const record of input.records()) {
    seqs.push(record.seq)
    disclosed ||= record.payload !== undefined
  }
  if (seqs.length === 0)
    throw new SeamError('INVALID_INPUT', `Run ${input.run} has no records below size ${input.checkpoint.size}.`)
  return { seqs, disclosed }
}

async function signManifest(signer: Signer, manifest: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
  if (signer.role !== 'export') throw new SeamError('INVALID_INPUT', 'A manifest is signed by the key of role export.')
  const { signature, algorithm } = await signer.sign(manifestMessage(manifest), signal === undefined ? {} : { signal })
  if (algorithm !== 'ed25519') throw new SeamError('INVALID_INPUT', 'A manifest is signed with Ed25519.')
  return signature
}

async function* recordLines(records: AsyncIterable<BundleRecord>): AsyncGenerator<Uint8Array> {
  for await (const { header } of records) yield Buffer.concat([header, Uint8Array.of(0x0a)])
}

async function* payloadLines(records: AsyncIterable<BundleRecord>): AsyncGenerator<Uint8Array> {
  for await (const { seq, payload } of records) {
    if (payload === undefined) continue
    const line = { bytes: toBase64(payload.bytes), salt: toBase64(payload.salt), seq }
    yield encoder.encode(canonicalText(line) + '\n')
  }
}

async function digestOf({ path, open }: Source): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of open()) {
    size += chunk.length
    hash.update(chunk)
  }
  const sha256 = hash.digest('hex')
  if (path.startsWith('artifacts/') && path !== `artifacts/${sha256}`)
    throw new SeamError('INTEGRITY', `The stored bytes of ${path} have another digest.`)
  return { size, sha256 }
}

function inMemory(path: string, bytes: Uint8Array): Source {
  return {
    path,
    async *open() {
      yield bytes
    },
  }
}

function file({ path, open }: Source, size: number): BundleFile {
  return { path, size, body: { [Symbol.asyncIterator]: () => open()[Symbol.asyncIterator]() } }
}
