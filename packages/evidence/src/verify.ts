import { createHash } from 'node:crypto'
import type { AnchorAnswer, AnchorReceipt, BundleManifest, Checkpoint, TrustFile, VerifyReport } from '@seamark/core'
import { isSeamError } from '@seamark/kit'
import { parseCanonical, parseCheckpoint, parseNote } from '@seamark/log'
import { checkAnchors } from './anchors.ts'
import { BUNDLE_LIMITS, compareFiles, fileRank, parseManifest, REQUIRED_FILES, type BundleFile } from './bundle.ts'
import { checkList, type CheckList } from './checks.ts'
import { reportOf, unreadable } from './report.ts'
import { digestOnly, wholeFile, type Sink } from './sinks.ts'
import { parseTrust } from './trust.ts'
import { checkReceipt, payloadsSink } from './verify-attached.ts'
import { checkCheckpointSignature, checkManifestSignature } from './verify-keys.ts'
import { recordsSink, type RecordsResult } from './verify-records.ts'

const signatureBytes = 64

export interface VerifyOptions {
  /** The verifier's clock, epoch milliseconds. */
  readonly now: number
  /** Names of the anchors that the verifier means to ask; receipts of no others are kept. Default none. */
  readonly anchors?: readonly string[]
}

/** A bundle that was read, before anyone was asked about it. */
export interface Examined {
  /** Receipts for the bundle's checkpoint by the name of their file, of the anchors that were named. */
  readonly receipts: ReadonlyMap<string, AnchorReceipt>
  /** The report, with what the anchors said where they were asked: one answer for each that was named. Pure. */
  report(answers?: readonly AnchorAnswer[]): VerifyReport
}

/** What the files read so far said. */
interface Findings {
  manifestBytes?: Uint8Array
  manifest?: BundleManifest
  signature?: Uint8Array
  checkpoint?: Checkpoint
  hints?: TrustFile
  proof?: Uint8Array
  records?: RecordsResult
  artifacts: number
  readonly receipts: Map<string, AnchorReceipt>
  /** Path of the first receipt of an anchor that will not be asked. */
  unasked?: string
}

/**
 * Verifies a bundle in one pass over its files. Nothing in the bundle is trusted: without `trust` the
 * strongest result is that it is internally consistent.
 *
 * Resolves with a report for any bytes; a source that fails to be read is `unreadable`.
 * Errors: `INVALID_INPUT` for a trust file that is none.
 */
export async function verify(
  files: AsyncIterable<BundleFile>,
  trust: TrustFile | undefined,
  options: Pick<VerifyOptions, 'now'>,
): Promise<VerifyReport> {
  return (await examine(files, trust, options)).report()
}

/**
 * As `verify`, in two steps: between them, whoever verifies asks his own anchors about the receipts, which come from
 * the bundle and may say anything. Errors: `INVALID_INPUT` for a trust file that is none.
 */
export async function examine(
  files: AsyncIterable<BundleFile>,
  trust: TrustFile | undefined,
  { now, anchors = [] }: VerifyOptions,
): Promise<Examined> {
  const trusted = trust === undefined ? undefined : parseTrust(trust)
  const checks = checkList()
  const findings: Findings = { artifacts: 0, receipts: new Map() }
  const none = (error: unknown): Examined => ({ receipts: new Map(), report: () => unreadable(error) })
  try {
    await readFiles(files, checks, findings, new Set(anchors))
  } catch (error) {
    // A tar that was changed says so; a source that can not be read says nothing about the bundle.
    if (!isSeamError(error) || error.code !== 'INTEGRITY') return none(error)
    checks.fail('bundle.layout', 'archive-damaged', error.message)
  }
  if (findings.manifestBytes === undefined) return none(undefined)
  checkSignatures(checks, findings, trusted, now)
  return {
    receipts: findings.receipts,
    report(answers) {
      const anchored = checkAnchors(findings, answers)
      const results = checks.results().map((check) => (check.id === anchored.id ? anchored : check))
      return reportOf(results, { ...findings, now, ...(answers && { answers }) }, trusted)
    },
  }
}

async function readFiles(
  files: AsyncIterable<BundleFile>,
  checks: CheckList,
  findings: Findings,
  asked: ReadonlySet<string>,
): Promise<void> {
  const seen = new Set<string>()
  let previous: string | undefined
  for await (const { path, body } of files) {
    if (previous === undefined && path !== 'manifest.json') return
    if (fileRank(path) < 0) checks.fail('bundle.layout', 'unknown-path', path)
    else if (previous !== undefined && compareFiles(previous, path) >= 0)
      checks.fail('bundle.layout', 'file-order', path)
    previous = path
    seen.add(path)
    if (!(await readFile(path, body, sinkFor(path, checks, findings, asked), checks, findings))) return
  }
  const listed = findings.manifest?.files.map((file) => file.path) ?? []
  for (const path of [...REQUIRED_FILES, ...listed])
    if (!seen.has(path)) checks.fail('bundle.layout', 'missing-file', path)
  checks.pass('bundle.layout')
  checks.pass('manifest.files')
}

/** `false` where the file goes on beyond what it may be: reading further would only take the verifier's time. */
async function readFile(
  path: string,
  body: AsyncIterable<Uint8Array>,
  sink: Sink,
  checks: CheckList,
  findings: Findings,
): Promise<boolean> {
  const listed = findFile(findings.manifest, path)
  const most = maxBytesOf(path) ?? listed?.size ?? 0
  const digest = createHash('sha256')
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    digest.update(chunk)
    sink.write(chunk)
    if (size > most) break
  }
  sink.end()
  if (maxBytesOf(path) !== undefined) return size <= most
  if (listed === undefined) checks.fail('bundle.layout', 'unlisted-file', path)
  else if (listed.size !== size) checks.fail('manifest.files', 'size-mismatch', path)
  else if (listed.sha256 !== digest.digest('hex')) checks.fail('manifest.files', 'digest-mismatch', path)
  if (path.startsWith('artifacts/')) checkArtifact(checks, path, size, listed?.sha256, findings)
  return size <= most
}

/** Of files that no manifest lists. */
function maxBytesOf(path: string): number | undefined {
  if (path === 'manifest.json') return BUNDLE_LIMITS.manifestBytes
  return path === 'manifest.sig' ? signatureBytes : undefined
}

function sinkFor(path: string, checks: CheckList, findings: Findings, asked: ReadonlySet<string>): Sink {
  const whole = (maxBytes: number, done: (bytes: Uint8Array) => void): Sink =>
    wholeFile(maxBytes, done, () => checks.fail('bundle.layout', 'file-too-large', path))
  switch (path) {
    case 'manifest.json':
      return whole(BUNDLE_LIMITS.manifestBytes, (bytes) => readManifest(bytes, checks, findings))
    case 'manifest.sig':
      return whole(signatureBytes, (bytes) => (findings.signature = bytes))
    case 'checkpoint':
      return whole(BUNDLE_LIMITS.noteBytes, (bytes) => readCheckpoint(bytes, checks, findings))
    case 'trust-hints.json':
      return whole(BUNDLE_LIMITS.hintsBytes, (bytes) => readHints(bytes, checks, findings))
    case 'proof.bin':
      return whole(BUNDLE_LIMITS.proofBytes, (bytes) => (findings.proof = bytes))
    case 'records.jsonl': {
      const { manifest, checkpoint, proof } = findings
      if (manifest === undefined) return digestOnly
      const tree = checkpoint && proof && { size: checkpoint.size, root: checkpoint.root, proof }
      const context = { ns: manifest.ns, run: manifest.run, ...(tree && { tree }) }
      return recordsSink(checks, context, (result) => (findings.records = result))
    }
    case 'payloads.jsonl':
      return findings.records === undefined ? digestOnly : payloadsSink(checks, findings.records.commitments)
    default:
      if (!path.startsWith('receipts/')) return digestOnly
      return whole(BUNDLE_LIMITS.receiptBytes, (bytes) => {
        const receipt = checkReceipt(checks, path, bytes, findings.checkpoint)
        const name = path.slice('receipts/'.length, -'.json'.length)
        if (!asked.has(name)) findings.unasked ??= path
        else if (receipt !== undefined) findings.receipts.set(name, receipt)
      })
  }
}

function readManifest(bytes: Uint8Array, checks: CheckList, findings: Findings): void {
  findings.manifestBytes = bytes
  attempt(checks, 'manifest.form', () => {
    findings.manifest = parseManifest(bytes)
  })
}

function readCheckpoint(bytes: Uint8Array, checks: CheckList, findings: Findings): void {
  attempt(checks, 'checkpoint.form', () => {
    const note = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const checkpoint = parseCheckpoint(note)
    findings.checkpoint = checkpoint
    if (checkpoint.origin !== findings.manifest?.origin) checks.fail('checkpoint.head', 'origin-mismatch')
    if (checkpoint.size !== findings.manifest?.size) checks.fail('checkpoint.head', 'size-mismatch')
    checks.pass('checkpoint.head')
  })
}

function readHints(bytes: Uint8Array, checks: CheckList, findings: Findings): void {
  attempt(checks, 'hints.form', () => {
    findings.hints = parseTrust(parseCanonical(bytes))
  })
}

/** Runs a parser; anything it refuses fails the check. */
function attempt(checks: CheckList, id: 'manifest.form' | 'checkpoint.form' | 'hints.form', parse: () => void): void {
  try {
    parse()
    checks.pass(id)
  } catch (error) {
    // The decoder throws a TypeError for bytes that are not UTF-8.
    if (!isSeamError(error) && !(error instanceof TypeError)) throw error
    checks.fail(id, 'not-canonical', error.message)
  }
}

function checkArtifact(
  checks: CheckList,
  path: string,
  size: number,
  sha256: string | undefined,
  findings: Findings,
): void {
  const name = path.slice('artifacts/'.length)
  findings.artifacts++
  if (findings.records === undefined) return
  // That the bytes have the manifest's digest is the manifest's check.
  if (sha256 !== name) checks.fail('artifacts.digest', 'digest-mismatch', path)
  else if (findings.records.blobs.get(name) !== size) checks.fail('artifacts.digest', 'unknown-artifact', path)
  else
    checks.pass('artifacts.digest', `${findings.artifacts} of ${findings.records.blobs.size} artifacts are included.`)
}

function checkSignatures(checks: CheckList, findings: Findings, trust: TrustFile | undefined, now: number): void {
  const { manifest, manifestBytes, checkpoint, records } = findings
  if (manifest === undefined || manifestBytes === undefined || checkpoint === undefined) return
  const newestRecordAt = records?.newestAt ?? Number.POSITIVE_INFINITY
  const context = { trust, hints: findings.hints, origin: checkpoint.origin, now, newestRecordAt }
  checkManifestSignature(checks, manifestBytes, findings.signature, context)
  checkCheckpointSignature(checks, parseNote(checkpoint.note), context)
}

function findFile(manifest: BundleManifest | undefined, path: string): BundleManifest['files'][number] | undefined {
  const files = manifest?.files ?? []
  let low = 0
  let high = files.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const file = files[middle]
    if (file === undefined || file.path === path) return file
    if (file.path < path) low = middle + 1
    else high = middle - 1
  }
  return undefined
}
